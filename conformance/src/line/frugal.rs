//! A line that is sparing with wrong codes, for a target that sees the kit under one address.
//!
//! On loopback each case has addresses of its own. Anywhere else all wrong codes of a run count
//! against the one that the kit has, and after ten in an hour a center must not even look at right
//! ones (spec: COD-021): every later case would fail for the wrong reason. Before it comes to that,
//! this line carries no code that the center has not issued, and the case goes untested.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Ahead, Line, LineError, Pending, Request, Response};

/// Carries what another line carries, except too many wrong codes.
#[derive(Debug)]
pub struct FrugalLine<L> {
    line: L,
    codes: Mutex<Codes>,
}

/// What has become of the codes that went over the line.
#[derive(Debug, Default)]
struct Codes {
    issued: BTreeSet<String>,
    refused: BTreeMap<String, Instant>,
}

impl<L: Line> FrugalLine<L> {
    /// A sparing line.
    pub fn new(line: L) -> Self {
        Self {
            line,
            codes: Mutex::default(),
        }
    }

    fn codes(&self) -> MutexGuard<'_, Codes> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sparing(
        &self,
        request: &Request,
        source: Option<IpAddr>,
    ) -> Result<Response, LineError> {
        let code = provisional(request);
        if code.is_some_and(|code| !self.codes().may_go(code, Instant::now())) {
            return Err(LineError::Unable(SPENT));
        }
        let response = self.line.carry(request, source).await?;
        self.codes().learn(code, &response, Instant::now());
        Ok(response)
    }
}

impl Codes {
    /// Whether this code may be shown: it was refused already and counts no more, the center has
    /// issued it, or there is room for another wrong one.
    fn may_go(&mut self, code: &str, now: Instant) -> bool {
        self.refused
            .retain(|_, at| now.duration_since(*at) < WINDOW);
        let room = match self.issued.contains(code) {
            true => LIMIT,
            false => BUDGET,
        };
        self.refused.contains_key(code) || self.refused.len() < room
    }

    fn learn(&mut self, shown: Option<&str>, response: &Response, now: Instant) {
        let Ok(Value::Object(body)) = serde_json::from_slice(&response.body) else {
            return;
        };
        let said = body.get("code").and_then(Value::as_str);
        match (shown, said) {
            (Some(code), Some("code-refused")) => {
                self.refused.entry(code.to_owned()).or_insert(now);
            }
            (None, Some(code)) if response.status == 201 => {
                self.issued.insert(code.to_owned());
            }
            _ => {}
        }
    }
}

impl<L: Line> Ahead for FrugalLine<L> {
    fn behind(&self) -> &dyn Line {
        &self.line
    }

    fn carried<'a>(
        &'a self,
        request: &'a Request,
        source: Option<IpAddr>,
    ) -> Pending<'a, Result<Response, LineError>> {
        Box::pin(self.sparing(request, source))
    }
}

/// The provisional code that a request shows.
fn provisional(request: &Request) -> Option<&str> {
    let mut headers = request.headers.iter();
    let (_, value) = headers.find(|(name, _)| name == "authorization")?;
    value.strip_prefix("Restante-Provisional ")
}

/// What a case is told whose code may not be shown.
const SPENT: &str = "show another wrong code: the center counts them by address, and nearly ten \
                     have been shown within the hour; run this case alone later";
/// So many distinct wrong codes may come from one address within the window.
const LIMIT: usize = 10;
/// So many are shown on purpose; the rest is for issued codes that a case has worn out.
const BUDGET: usize = 7;
/// How long a center counts a wrong code.
const WINDOW: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> Response {
        let body = br#"{"code":"code-refused"}"#.to_vec();
        Response {
            status: 403,
            body,
            ..Response::default()
        }
    }

    #[test]
    fn wrong_codes_run_out_and_come_back_after_the_hour() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        for wrong in 0..BUDGET {
            let code = format!("wrong {wrong}");
            assert!(codes.may_go(&code, now));
            codes.learn(Some(&code), &refused(), now);
        }
        assert!(codes.may_go("wrong 0", now), "a known one counts once");
        assert!(!codes.may_go("another", now));
        assert!(codes.may_go("another", now + WINDOW));
    }

    #[test]
    fn a_code_that_was_issued_may_go_up_to_the_limit() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        let issued = Response {
            status: 201,
            body: br#"{"code":"7K3MQ"}"#.to_vec(),
            ..Response::default()
        };
        codes.learn(None, &issued, now);
        for wrong in 0..LIMIT {
            assert!(codes.may_go("7K3MQ", now));
            codes.learn(Some(&format!("wrong {wrong}")), &refused(), now);
        }
        assert!(!codes.may_go("7K3MQ", now));
    }
}
