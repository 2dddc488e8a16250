//! Steps about a device or a gateway: its requests, what becomes of them, and what the hook does.

use serde_json::{Value, json};

use crate::case::{Answer, HookStep, RawReply, RequestSeen, single};
use crate::hook::{self, Verb};
use crate::line::render::{self, Outcome};
use crate::line::{Request, Response};
use crate::script::{ScriptError, fit};
use crate::transcript::LineKind;

use super::party::{Asked, Party, PartyError, Reaction};
use super::player::Player;
use super::source::address;
use super::steps::Ended;

impl Player<'_> {
    /// Waits for the party's next request. Why it does not fit, or `None` where it does.
    pub(super) async fn next_request(
        &mut self,
        wanted: &RequestSeen,
    ) -> Result<Option<String>, Ended> {
        let mut left = wanted.within;
        let mut last = None;
        while let Some((asked, after)) = self.hear_timed(left).await? {
            let Some(why) = self.misfit(wanted, &asked)? else {
                return Ok(None);
            };
            last = Some(format!("got the request {}{why}", asked.conversation));
            if !wanted.after_others {
                return Ok(last);
            }
            left = left.saturating_sub(after);
        }
        let nothing = || format!("no request came within {} s", wanted.within);
        Ok(Some(last.unwrap_or_else(nothing)))
    }

    /// Lets the time pass and answers whatever comes rightly, unless it is what must not come.
    pub(super) async fn forbidden_request(
        &mut self,
        forbidden: &RequestSeen,
    ) -> Result<Option<String>, Ended> {
        let mut left = forbidden.within;
        while let Some((asked, after)) = self.hear_timed(left).await? {
            if self.misfit(forbidden, &asked)?.is_none() {
                return Ok(Some(format!(
                    "the request {} came after {after} s",
                    asked.conversation
                )));
            }
            left = left.saturating_sub(after);
        }
        Ok(None)
    }

    pub(super) async fn answer(&mut self, answer: &Answer) -> Result<(), Ended> {
        if self.asked.is_none() {
            return Err(Ended::Error("no request waits for an answer".into()));
        }
        let (reaction, text) = match answer {
            Answer::Rightly(_) => (Reaction::Deliver, "answers as a center should"),
            Answer::Lost(_) => (Reaction::Lose, "acts on it, and the reply gets lost"),
            Answer::Dropped {} => (Reaction::Drop, "never sees it"),
            Answer::Garbage {} => (Reaction::Garbage, "answers with bytes that are no message"),
            Answer::Http(raw) => (
                Reaction::Raw(Box::new(self.raw_reply(raw)?)),
                "answers in a way of its own",
            ),
            Answer::Smtp(status) => {
                let reply = Response {
                    status: *status,
                    ..Response::default()
                };
                (
                    Reaction::Raw(Box::new(reply)),
                    "answers as a mail server may",
                )
            }
            Answer::Refuse(refusal) => (Reaction::Refuse(self.scope.fill(refusal)?), "refuses it"),
            Answer::Reply(reply) => {
                let filled = reply.iter().map(|(name, value)| {
                    Ok::<_, ScriptError>((name.clone(), self.scope.fill(value)?))
                });
                (
                    Reaction::Reply(filled.collect::<Result<_, _>>()?),
                    "answers otherwise",
                )
            }
            Answer::Amended(members) => (
                Reaction::Amend(self.scope.fill(members)?),
                "answers with a change",
            ),
        };
        let decided = self.react(reaction, text).await?;
        let bind = match answer {
            Answer::Rightly(own) | Answer::Lost(own) => own.bind.as_ref(),
            _ => None,
        };
        let Some(pattern) = bind else {
            return Ok(());
        };
        match fit(pattern, decided.as_ref(), &mut self.scope)? {
            None => Ok(()),
            Some(miss) => Err(otherwise(decided.as_ref(), &miss.to_string())),
        }
    }

    fn raw_reply(&self, raw: &RawReply) -> Result<Response, Ended> {
        let mut body = match &raw.body {
            None => Vec::new(),
            Some(Value::String(text)) => self.scope.fill_str(text)?.into_bytes(),
            Some(json) => self.scope.fill(json)?.to_string().into_bytes(),
        };
        if raw.endless {
            body.resize(body.len() + TOO_LARGE, b' ');
        }
        let headers = raw.headers.iter();
        let headers = headers.map(|(name, value)| {
            Ok::<_, ScriptError>((name.to_lowercase(), self.scope.fill_str(value)?))
        });
        Ok(Response {
            status: raw.status,
            headers: headers.collect::<Result<_, _>>()?,
            body,
        })
    }

    pub(super) async fn hook(&mut self, step: &HookStep) -> Result<(), Ended> {
        let with = self.scope.fill(&step.with)?;
        let text = format!("hook: {}", step.verb.word());
        self.transcript
            .add_wire(LineKind::Done, &text, Some(&with.to_string()));
        if let (None, Verb::Reset) = (&self.party, step.verb) {
            return match with.get("factory") == Some(&json!(true)) {
                true => self.set_up_anew().await,
                false => self.restart().await,
            };
        }
        let outcome = self.party()?.act(step.verb, with).await?;
        let given = match outcome {
            hook::Outcome::Ok(given) => given,
            hook::Outcome::Unsupported(why) => {
                let why = format!("the hook does not support {}: {why}", step.verb.word());
                return Err(Ended::Untested(why));
            }
            hook::Outcome::Error(why) => {
                return Err(Ended::Error(format!(
                    "the hook could not {}: {why}",
                    step.verb.word()
                )));
            }
        };
        let Some(pattern) = &step.gives else {
            return Ok(());
        };
        self.checks += 1;
        match fit(pattern, Some(&given), &mut self.scope)? {
            None => Ok(()),
            Some(miss) => {
                let wanted = format!("another answer of {}", step.verb.word());
                self.transcript
                    .add(LineKind::Broken, &format!("expected {wanted}; {miss}"));
                Err(Ended::broken(wanted, miss.to_string()))
            }
        }
    }

    /// Whether the party's state, as the hook tells it, fits.
    pub(super) async fn state(&mut self, pattern: &Value) -> Result<Option<String>, Ended> {
        match self.party()?.act(Verb::State, Value::Null).await? {
            hook::Outcome::Ok(state) => {
                self.transcript
                    .add_wire(LineKind::Done, "hook: state", Some(&state.to_string()));
                let miss = fit(pattern, Some(&state), &mut self.scope)?;
                Ok(miss.map(|miss| format!("in its state, {miss}")))
            }
            hook::Outcome::Unsupported(why) => Err(Ended::Untested(format!(
                "the hook does not tell the state: {why}"
            ))),
            hook::Outcome::Error(why) => {
                Err(Ended::Error(format!("the hook could not tell: {why}")))
            }
        }
    }

    /// A power cut of the center.
    async fn restart(&mut self) -> Result<(), Ended> {
        match &self.target.time {
            Some(power) => {
                power.restart().await?;
                self.target.line.hang_up();
                Ok(())
            }
            None => Err(Ended::Untested(
                "the kit cannot switch the center off and on".into(),
            )),
        }
    }

    /// A center that holds nothing of what was before, for a case that begins with that. Nobody's
    /// token opens it but the one that comes with it.
    async fn set_up_anew(&mut self) -> Result<(), Ended> {
        let target = self.target;
        let given = &target.tokens;
        if given.dealer.is_some() || given.other_dealer.is_some() {
            let why = "the dealers' tokens that the kit was given would open nothing any more";
            return Err(Ended::Untested(why.into()));
        }
        let Some(center) = &target.time else {
            return Err(Ended::Untested(
                "the kit cannot set the center up anew".into(),
            ));
        };
        let operator = center.set_up_anew().await?;
        target.line.hang_up();
        match operator {
            Some(operator) => given.operator.renew(operator),
            None => self.try_operator().await?,
        }
        Ok(())
    }

    /// Whether the operator's token that the kit was given opens the center that was set up anew.
    /// Where it does not, nothing that follows could be told from a defect of the center.
    async fn try_operator(&mut self) -> Result<(), Ended> {
        let held = &self.target.tokens.operator;
        let operator = held.get();
        let request = render::request("listServices", &json!({}), operator.as_deref());
        let request = request.ok_or_else(|| Ended::Error("there is no listServices".into()))?;
        let source = Some(address(&self.scope, "people"));
        let response = self.target.line.carry(&request, source).await?;
        match render::outcome("listServices", &response) {
            Outcome::Reply(..) => Ok(()),
            _ => {
                held.bury();
                Err(Ended::Error(DEAD_TOKEN.into()))
            }
        }
    }

    /// The next request and after how many seconds it came. One that still waits is answered first.
    async fn hear_timed(&mut self, within: u32) -> Result<Option<(Asked, u32)>, Ended> {
        if self.asked.is_some() {
            self.react(Reaction::Deliver, "answers as a center should")
                .await?;
        }
        let heard = self.party()?.next(within).await?;
        if let Some((asked, after)) = &heard {
            let presented = match &asked.credential {
                Some(credential) => format!(", presenting {credential}"),
                None => ", presenting nothing".to_owned(),
            };
            let text = format!(
                "→ center: {}{presented} (after {after} s)",
                asked.conversation
            );
            let wire = serde_json::to_string_pretty(&asked.message).unwrap_or_default();
            self.transcript
                .add_wire(LineKind::Received, &text, Some(&wire));
            self.asked = Some(asked.clone());
        }
        Ok(heard)
    }

    async fn react(&mut self, reaction: Reaction, text: &str) -> Result<Option<Value>, Ended> {
        self.asked = None;
        let decided = self.party()?.answer(reaction).await?;
        let wire = decided.as_ref().map(|decided| format!("{decided:#}"));
        self.transcript
            .add_wire(LineKind::Sent, &format!("center {text}"), wire.as_deref());
        Ok(decided)
    }

    fn misfit(&mut self, wanted: &RequestSeen, asked: &Asked) -> Result<Option<String>, Ended> {
        let (name, pattern) = single(&wanted.say)
            .ok_or_else(|| Ended::Error("`say` has to name exactly one request".into()))?;
        if name != "any" && asked.conversation != name {
            return Ok(Some(String::new()));
        }
        if let Some(miss) = fit(pattern, Some(&asked.message), &mut self.scope)? {
            return Ok(Some(format!(", in which {miss}")));
        }
        if let Some(pattern) = &wanted.present {
            let presented = asked.credential.as_ref().map(|text| json!(text));
            if let Some(miss) = fit(pattern, presented.as_ref(), &mut self.scope)? {
                return Ok(Some(format!(" with another credential: {miss}")));
            }
        }
        if let (Some(pattern), Some(request)) = (&wanted.http, &asked.http) {
            let miss = fit(pattern, Some(&in_http(request)), &mut self.scope)?;
            return Ok(miss.map(|miss| format!(", as HTTP: {miss}")));
        }
        Ok(None)
    }

    fn party(&mut self) -> Result<&mut dyn Party, Ended> {
        match self.party.as_mut() {
            Some(party) => Ok(&mut **party),
            None => Err(Ended::Error(
                "this step is for a device or a gateway".into(),
            )),
        }
    }
}

/// Why a case ends where the kit's own center answers otherwise than the case has it. The bundled
/// party shows that it does so where the party is right: what this one asked is at fault.
fn otherwise(decided: Option<&Value>, miss: &str) -> Ended {
    let refused = decided.and_then(|it| it.get("code")?.as_str());
    let why = match refused {
        Some(word) => format!("it is refused as {word}"),
        None => format!("in the answer, {miss}"),
    };
    Ended::broken("a request that the kit's own center accepts", why)
}

/// A request in the terms of a pattern.
fn in_http(request: &Request) -> Value {
    let headers = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_lowercase(), json!(value)));
    json!({
        "method": request.method,
        "path": request.path,
        "headers": Value::Object(headers.collect()),
    })
}

/// What is said where a hook has set a center up anew and the kit cannot sign in there.
const DEAD_TOKEN: &str = "the hook has set the center up anew without naming a token of its operator \
    (`operator`), and the one that the kit was given is refused there: the run ends";
/// More bytes than any message may have.
const TOO_LARGE: usize = 70_000;

impl From<PartyError> for Ended {
    fn from(error: PartyError) -> Self {
        match error {
            PartyError::Broke(why) => Self::broken("a request that a center can read", why),
            other => Self::Error(other.to_string()),
        }
    }
}
