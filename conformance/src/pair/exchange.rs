//! One exchange as the relay saw it, and what went before it.

use std::collections::BTreeMap;
use std::time::Duration;

use restante_core::wire::RefusalCode;
use restante_core::wire::refusal::Retry;
use serde_json::Value;

use crate::line::render::{self, Outcome};
use crate::line::{Request, Response};

/// A request, and what came of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// When the request came, by the device's clock, since the relay began.
    pub at: Duration,
    /// When its answer was passed on.
    pub answered: Duration,
    /// The request as the device sent it.
    pub request: Request,
    /// The server's response; none if it sent none.
    pub response: Option<Response>,
    /// Whether another request waited for its answer when this one came.
    pub overlaps: bool,
}

impl Exchange {
    /// The conversation, if the request is at the place of one.
    #[must_use]
    pub fn conversation(&self) -> Option<&'static str> {
        let path = self.request.path.split('?').next().unwrap_or_default();
        render::conversation(&self.request.method, path)
    }

    /// The first header field of the request with this name, which is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.request.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The scheme and the credential that the request shows.
    #[must_use]
    pub fn credential(&self) -> Option<(&str, &str)> {
        self.header("authorization")?.split_once(' ')
    }

    /// The request's body as JSON.
    #[must_use]
    pub fn message(&self) -> Option<Value> {
        serde_json::from_slice(self.request.body.as_deref()?).ok()
    }

    /// The response's body as JSON.
    #[must_use]
    pub fn body(&self) -> Option<Value> {
        serde_json::from_slice(&self.response.as_ref()?.body).ok()
    }

    /// The members of the reply, if the server accepted.
    #[must_use]
    pub fn reply(&self) -> Option<Value> {
        let response = self.response.as_ref()?;
        match render::outcome(self.conversation()?, response) {
            Outcome::Reply(_, members) => Some(members),
            Outcome::Refusal(_) | Outcome::Neither(_) => None,
        }
    }

    /// The response, if it refuses.
    #[must_use]
    pub fn refusal(&self) -> Option<&Response> {
        self.response
            .as_ref()
            .filter(|response| response.status >= 400)
    }

    /// The word of the registry that the refusal names.
    #[must_use]
    pub fn word(&self) -> Option<RefusalCode> {
        self.refusal()?;
        let body = self.body()?;
        let word = body.get("code")?.as_str()?;
        RefusalCode::ALL
            .iter()
            .copied()
            .find(|code| code.word() == word)
    }

    /// What makes two messages the same: place, credential, body.
    fn sameness(&self) -> String {
        let request = &self.request;
        let body = String::from_utf8_lossy(request.body.as_deref().unwrap_or_default());
        let credential = self.header("authorization").unwrap_or_default();
        format!("{} {} {credential} {body}", request.method, request.path)
    }
}

/// What rules remember of the exchanges before.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// When the last poll was answered, and after how many seconds the next is due.
    pub due: Option<(Duration, u64)>,
    /// The interval that the server told last.
    interval: Option<u64>,
    /// A formal code that was handed out and not used yet.
    pub unused: Option<String>,
    /// The latest reading of each device: boot, seq, and all but its age.
    pub readings: BTreeMap<String, (u64, u64, Value)>,
    /// Accepted enrolments, by their sameness: registration and formal code.
    enrolled: BTreeMap<String, (Value, Value)>,
    /// Refused messages: until when each may not come again, for ever where that is nothing.
    refused: BTreeMap<String, Option<Duration>>,
}

impl Past {
    /// Until when the same message may not come; `Some(None)` if never again.
    #[must_use]
    pub fn refused(&self, exchange: &Exchange) -> Option<Option<Duration>> {
        self.refused.get(&exchange.sameness()).copied()
    }

    /// What the same enrolment was answered with before.
    #[must_use]
    pub fn enrolled(&self, exchange: &Exchange) -> Option<&(Value, Value)> {
        self.enrolled.get(&exchange.sameness())
    }

    /// Takes in an exchange at which all rules have looked.
    pub fn take(&mut self, exchange: &Exchange) {
        self.take_refusal(exchange);
        self.take_readings(exchange);
        let conversation = exchange.conversation();
        let reply = exchange.reply();
        let shown = exchange.credential().map(|(_, credential)| credential);
        if self.unused.is_some() && shown == self.unused.as_deref() {
            self.unused = None;
        }
        let told = reply.as_ref().and_then(interval);
        self.interval = told.or(self.interval);
        match (conversation, reply) {
            (Some("poll"), reply) => {
                let due = self.interval.filter(|_| reply.is_some());
                self.due = due.map(|seconds| (exchange.answered, seconds));
            }
            // A schedule that comes with another reply counts from the same poll.
            (_, Some(_)) => {
                let interval = self.interval;
                self.due = self
                    .due
                    .and_then(|(at, _)| interval.map(|seconds| (at, seconds)));
            }
            _ => {}
        }
        self.take_enrolled(exchange);
    }

    fn take_enrolled(&mut self, exchange: &Exchange) {
        let (Some("enrol"), Some(reply)) = (exchange.conversation(), exchange.reply()) else {
            return;
        };
        let member = |name: &str| reply.get(name).cloned().unwrap_or_default();
        let (registration, code) = (member("registration"), member("formalCode"));
        self.unused = code.as_str().map(str::to_owned);
        self.due = None;
        if self.enrolled.len() < REMEMBERED {
            self.enrolled
                .insert(exchange.sameness(), (registration, code));
        }
    }

    fn take_refusal(&mut self, exchange: &Exchange) {
        let Some(word) = exchange.word() else {
            self.refused.remove(&exchange.sameness());
            return;
        };
        let wait = exchange
            .body()
            .and_then(|body| body.get("retryAfter")?.as_u64());
        let until = match (word.retry(), wait) {
            (Retry::Never, _) => None,
            (_, Some(seconds)) => Some(exchange.answered + Duration::from_secs(seconds)),
            _ => return,
        };
        if self.refused.len() < REMEMBERED {
            self.refused.insert(exchange.sameness(), until);
        }
    }

    fn take_readings(&mut self, exchange: &Exchange) {
        for (device, boot, seq, reading) in readings(exchange) {
            if self.readings.len() < REMEMBERED {
                self.readings.insert(device, (boot, seq, reading));
            }
        }
    }
}

/// The readings of a report: device, boot, seq, and all but the age.
#[must_use]
pub(super) fn readings(exchange: &Exchange) -> Vec<(String, u64, u64, Value)> {
    let message = exchange
        .message()
        .filter(|_| exchange.conversation() == Some("reportStatus"));
    let reports = message
        .as_ref()
        .and_then(|message| message.get("reports")?.as_array());
    let read = |report: &Value| {
        let mut reading = report.as_object()?.clone();
        reading.remove("age");
        let device = report.get("device")?.as_str()?.to_owned();
        let number = |name: &str| report.get(name)?.as_u64();
        Some((
            device,
            number("boot")?,
            number("seq")?,
            Value::Object(reading),
        ))
    };
    reports.into_iter().flatten().filter_map(read).collect()
}

/// The seconds until the next poll that a reply tells.
fn interval(reply: &Value) -> Option<u64> {
    let unchanged = reply.get("unchanged");
    let schedule = reply.get("mailbox").unwrap_or(reply).get("schedule");
    let told = unchanged.or_else(|| schedule?.get("poll"));
    told.and_then(Value::as_u64)
}

/// More messages of one kind than a pair exchanges while somebody watches.
const REMEMBERED: usize = 10_000;
