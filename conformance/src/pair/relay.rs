//! The relay: requests of a device to a server, and what comes back.

use std::collections::VecDeque;
use std::pin::pin;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::hook::{ChildHook, HookError, Outcome, Verb};
use crate::line::{Line, LineError, Request};
use crate::party::{Held, Listener};

use super::exchange::Exchange;
use super::watch::Watch;

/// Whose clock counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The device's runs by itself.
    Runs,
    /// The hook moves the device's, and nothing else does.
    Moved,
}

/// A device on one side, a server on the other.
pub struct Relay {
    listener: Listener,
    line: Box<dyn Line>,
    hook: Option<ChildHook>,
    clock: Clock,
    began: Instant,
    moved: Duration,
    /// Requests that came while another waited, and whether that was still so.
    waiting: VecDeque<(Held, bool)>,
}

/// Why the relay cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The server is gone.
    #[error(transparent)]
    Server(#[from] LineError),
    /// The hook does not work.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// The hook did not do what it was asked.
    #[error("the hook could not {0}: {1}")]
    Undone(&'static str, String),
}

impl Relay {
    /// A relay from this listener to the server at the end of this line.
    #[must_use]
    pub fn new(
        listener: Listener,
        line: Box<dyn Line>,
        hook: Option<ChildHook>,
        clock: Clock,
    ) -> Self {
        Self {
            listener,
            line,
            hook,
            clock,
            began: Instant::now(),
            moved: Duration::ZERO,
            waiting: VecDeque::new(),
        }
    }

    /// Switches the device on, as new, and types a code, where a hook does that.
    ///
    /// # Errors
    /// [`RelayError`] if the hook does not.
    pub async fn begin(&mut self, code: Option<&str>) -> Result<(), RelayError> {
        let Some(hook) = &mut self.hook else {
            return Ok(());
        };
        let center = self.listener.center.as_str();
        let told = json!({ "center": center, "certificates": self.listener.certificates });
        done(Verb::Start, hook.ask(Verb::Start, told).await?)?;
        if let Some(code) = code {
            let typed = json!({ "code": code, "center": center });
            done(Verb::EnterCode, hook.ask(Verb::EnterCode, typed).await?)?;
        }
        Ok(())
    }

    /// Carries and watches for so long. How much of the device's time has passed.
    ///
    /// # Errors
    /// [`RelayError`] if the server or the hook is gone.
    pub async fn run(&mut self, watch: &mut Watch, time: Duration) -> Result<Duration, RelayError> {
        while let Some((held, overlaps)) = self.next(time).await? {
            self.exchange(held, overlaps, watch).await?;
        }
        Ok(self.now())
    }

    /// Switches the device off and ends the hook.
    pub async fn end(self) {
        if let Some(mut hook) = self.hook {
            // What does not stop is ended with its hook.
            let _stopped = hook.ask(Verb::Stop, json!({})).await;
            hook.end().await;
        }
    }

    fn now(&self) -> Duration {
        match self.clock {
            Clock::Runs => self.began.elapsed(),
            Clock::Moved => self.moved,
        }
    }

    /// The next request, unless time is over before it.
    async fn next(&mut self, time: Duration) -> Result<Option<(Held, bool)>, RelayError> {
        let mut quiet = Duration::ZERO;
        loop {
            if let Some(waiting) = self.waiting.pop_front() {
                return Ok(Some(waiting));
            }
            let left = time.saturating_sub(self.now());
            let wait = match self.clock {
                Clock::Runs => left,
                Clock::Moved => RETRY,
            };
            if let Some(held) = self.listener.next(wait).await {
                return Ok(Some((held, false)));
            }
            quiet += wait;
            if left.is_zero() || self.clock == Clock::Runs || quiet > QUIET {
                return Ok(None);
            }
            if self.advance(left).await? {
                quiet = Duration::ZERO;
            }
        }
    }

    /// Moves the device's clock by so much at the most. Whether it moved.
    async fn advance(&mut self, left: Duration) -> Result<bool, RelayError> {
        let Some(hook) = &mut self.hook else {
            return Ok(false);
        };
        let seconds = left.as_secs().max(1);
        let answer = hook
            .ask(Verb::Advance, json!({ "seconds": seconds }))
            .await?;
        let given = done(Verb::Advance, answer)?;
        let passed = given
            .get("passed")
            .and_then(Value::as_u64)
            .unwrap_or(seconds);
        self.moved += Duration::from_secs(passed.min(seconds));
        Ok(passed > 0)
    }

    async fn exchange(
        &mut self,
        held: Held,
        overlaps: bool,
        watch: &mut Watch,
    ) -> Result<(), RelayError> {
        let at = self.now();
        let onward = onward(&held.request);
        let carried = {
            let mut carry = pin!(self.line.carry(&onward, None));
            loop {
                tokio::select! {
                    carried = carry.as_mut() => break carried,
                    Some(second) = self.listener.next(QUIET) => {
                        let still_waits = !held.reply.is_closed();
                        if self.waiting.len() < WAITING {
                            self.waiting.push_back((second, still_waits));
                        }
                    }
                }
            }
        };
        let response = match carried {
            Ok(response) => Some(response),
            Err(LineError::Late(_) | LineError::Broken(_)) => None,
            Err(gone) => return Err(gone.into()),
        };
        watch.take(&Exchange {
            at,
            answered: self.now(),
            request: held.request,
            response: response.clone(),
            overlaps,
        });
        // A device that has hung up meanwhile gets no answer.
        let _gone = held.reply.send(response);
        Ok(())
    }
}

fn done(verb: Verb, outcome: Outcome) -> Result<Value, RelayError> {
    match outcome {
        Outcome::Ok(given) => Ok(given),
        Outcome::Unsupported(why) | Outcome::Error(why) => {
            Err(RelayError::Undone(verb.word(), why))
        }
    }
}

/// The request without what belongs to the device's own connection.
fn onward(request: &Request) -> Request {
    let mut onward = request.clone();
    let own = |name: &str| CONNECTION.iter().any(|own| own.eq_ignore_ascii_case(name));
    onward.headers.retain(|(name, _)| !own(name));
    onward
}

/// Header fields that end with a connection (RFC 9110, 7.6.1), and what the next one says itself.
const CONNECTION: [&str; 8] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// How soon the kit looks again where it moves the clock.
const RETRY: Duration = Duration::from_millis(20);
/// How long a device may be busy without sending anything while its clock stands.
const QUIET: Duration = Duration::from_secs(10);
/// More requests than a device may have under way.
const WAITING: usize = 64;
