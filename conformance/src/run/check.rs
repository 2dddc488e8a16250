//! Checks: whether what was heard fits what a case expects, and the sentence if it does not.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::case::{Expect, HttpReply, single};
use crate::line::Response;
use crate::line::render::Outcome;
use crate::script::fit;
use crate::transcript::LineKind;

use super::player::{Heard, Player, outcome_text};
use super::steps::Ended;

/// Why something does not fit, in words that follow "got"; `None` where it fits.
type Judged = Result<Option<String>, Ended>;

impl Player<'_> {
    pub(super) async fn expect(&mut self, expect: &Expect) -> Result<(), Ended> {
        let wanted = describe(expect);
        self.checks += 1;
        match self.judge(expect).await? {
            None => {
                self.transcript.add(LineKind::Held, &wanted);
                Ok(())
            }
            Some(actual) => {
                let text = format!("expected {wanted}; {actual}");
                self.transcript.add(LineKind::Broken, &text);
                Err(Ended::broken(wanted, actual))
            }
        }
    }

    pub(super) async fn forbid(&mut self, expect: &Expect) -> Result<(), Ended> {
        let wanted = format!("not {}", describe(expect));
        self.checks += 1;
        let fits = match expect {
            Expect::Request(seen) => self.forbidden_request(seen).await?,
            other => self
                .judge(other)
                .await?
                .is_none()
                .then(|| "that is what came".to_owned()),
        };
        match fits {
            None => {
                self.transcript.add(LineKind::Held, &wanted);
                Ok(())
            }
            Some(actual) => {
                let text = format!("expected {wanted}; {actual}");
                self.transcript.add(LineKind::Broken, &text);
                Err(Ended::broken(wanted, actual))
            }
        }
    }

    pub(super) async fn judge(&mut self, expect: &Expect) -> Judged {
        match expect {
            Expect::Request(seen) => self.next_request(seen).await,
            Expect::State(pattern) => self.state(pattern).await,
            other => self.judge_heard(other),
        }
    }

    fn judge_heard(&mut self, expect: &Expect) -> Judged {
        let heard = self.last.clone();
        let heard = heard.ok_or_else(|| Ended::Error("nothing has been sent before".into()))?;
        if let Expect::OneOf(choices) = expect {
            let mut last = None;
            for choice in choices {
                last = self.judge_heard(choice)?;
                if last.is_none() {
                    break;
                }
            }
            return Ok(last);
        }
        match (expect, heard) {
            (Expect::Closed {}, Heard::Closed) => Ok(None),
            (Expect::Closed {}, Heard::Response(response, outcome)) => {
                Ok(Some(got(&outcome, response.status)))
            }
            (_, Heard::Closed) => Ok(Some("the connection ended without a response".into())),
            (Expect::Reply(pattern), Heard::Response(response, outcome)) => {
                self.judge_reply(pattern, &outcome, response.status)
            }
            (Expect::Refusal(pattern), Heard::Response(response, outcome)) => {
                self.judge_refusal(pattern, &outcome, response.status)
            }
            (Expect::Sealed(pattern), Heard::Response(response, outcome)) => {
                self.judge_sealed(pattern, &response, &outcome)
            }
            (Expect::Http(wanted), Heard::Response(response, _)) => {
                self.judge_http(wanted, &response)
            }
            _ => Err(Ended::Error(
                "this expectation is about another role".into(),
            )),
        }
    }

    fn judge_reply(
        &mut self,
        pattern: &BTreeMap<String, Value>,
        outcome: &Outcome,
        status: u16,
    ) -> Judged {
        let (wanted, members) = single(pattern)
            .ok_or_else(|| Ended::Error("`reply` has to name exactly one reply".into()))?;
        match outcome {
            Outcome::Reply(name, reply) if name == wanted => {
                let miss = fit(members, Some(reply), &mut self.scope)?;
                Ok(miss.map(|miss| format!("in the reply {name}, {miss}")))
            }
            other => Ok(Some(got(other, status))),
        }
    }

    fn judge_refusal(&mut self, pattern: &Value, outcome: &Outcome, status: u16) -> Judged {
        match outcome {
            Outcome::Refusal(refusal) => {
                let miss = fit(pattern, Some(refusal), &mut self.scope)?;
                let got = got(outcome, status);
                Ok(miss.map(|miss| match miss.path.as_str() {
                    "code" => got,
                    _ => format!("{got}, in which {miss}"),
                }))
            }
            other => Ok(Some(got(other, status))),
        }
    }

    fn judge_http(&mut self, wanted: &HttpReply, response: &Response) -> Judged {
        if !wanted.status.is_empty() && !wanted.status.contains(&response.status) {
            return Ok(Some(format!("got HTTP status {}", response.status)));
        }
        for (name, pattern) in &wanted.headers {
            let value = response.header(name).map(|value| json!(value));
            if let Some(miss) = fit(pattern, value.as_ref(), &mut self.scope)? {
                return Ok(Some(format!("in the header {name}, {}", miss.why)));
            }
        }
        if let Some(pattern) = &wanted.size {
            let size = json!(response.body.len());
            if let Some(miss) = fit(pattern, Some(&size), &mut self.scope)? {
                return Ok(Some(format!("in the body's size in bytes, {}", miss.why)));
            }
        }
        if let Some(pattern) = &wanted.body {
            let body: Value = serde_json::from_slice(&response.body)
                .unwrap_or_else(|_| String::from_utf8_lossy(&response.body).into());
            if let Some(miss) = fit(pattern, Some(&body), &mut self.scope)? {
                return Ok(Some(format!("in the body, {miss}")));
            }
        }
        Ok(None)
    }
}

fn got(outcome: &Outcome, status: u16) -> String {
    format!("got {}", outcome_text(outcome, status))
}

/// What is expected, in a few words.
pub(super) fn describe(expect: &Expect) -> String {
    match expect {
        Expect::Reply(reply) => match single(reply) {
            Some(("polled", members)) if members.get("unchanged").is_some() => {
                "the reply polled: unchanged".to_owned()
            }
            Some((name, _)) => format!("the reply {name}"),
            None => "a reply".to_owned(),
        },
        Expect::Refusal(pattern) => match pattern.get("code").and_then(Value::as_str) {
            Some(code) => format!("the refusal {code}"),
            None => "a refusal".to_owned(),
        },
        Expect::Sealed(pattern) => {
            let mut members = pattern.as_object().into_iter().flatten();
            let said = members.find(|(name, _)| *name != "bytes");
            let said = said.map_or("answer", |(name, _)| name);
            format!("a sealed {said}")
        }
        Expect::OneOf(choices) => {
            let each: Vec<String> = choices.iter().map(describe).collect();
            each.join(" or ")
        }
        Expect::Http(wanted) => describe_http(wanted),
        Expect::Closed {} => "the connection to end".to_owned(),
        Expect::Request(seen) => match single(&seen.say) {
            Some((name, _)) => format!("the request {name} within {} s", seen.within),
            None => format!("a request within {} s", seen.within),
        },
        Expect::State(_) => "another state of the party under test".to_owned(),
    }
}

fn describe_http(wanted: &HttpReply) -> String {
    let mut parts = Vec::new();
    if !wanted.status.is_empty() {
        let all: Vec<String> = wanted.status.iter().map(u16::to_string).collect();
        parts.push(format!("HTTP status {}", all.join(" or ")));
    }
    parts.extend(
        wanted
            .headers
            .keys()
            .map(|name| format!("a right header {name}")),
    );
    if wanted.size.is_some() {
        parts.push("a body of the right size".to_owned());
    }
    if wanted.body.is_some() {
        parts.push("a right body".to_owned());
    }
    parts.join(", ")
}
