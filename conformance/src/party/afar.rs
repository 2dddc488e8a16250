//! A party in a process of its own, as far as all of them are alike: it dials the kit's listener, a
//! hook does to it what the protocol does not, and its clock is the hook's or its own.
//!
//! Where the hook moves the clock, time passes only when the kit says so; the hook may stop early
//! when the party has sent something. Where it does not, the kit waits by its own clock.

use std::time::Duration;

use serde_json::{Value, json};

use crate::case::Control;
use crate::hook::{ChildHook, Outcome, Verb};
use crate::run::{PartyError, Time};

use super::listener::{Held, Listener};

/// A party that dials this listener and obeys this hook.
pub(super) struct Afar {
    /// Where it dials.
    pub(super) listener: Listener,
    /// What has come and nobody has looked at.
    pub(super) arrived: Option<Held>,
    /// What moves along with the party's clock, where the kit's own center stands behind it.
    pub(super) time: Option<Box<dyn Time>>,
    hook: Option<ChildHook>,
    pub(super) control: Control,
    late: Duration,
    /// What has passed of a second by the kit's own clock and is not counted yet.
    begun: Duration,
}

/// What became of moving the party's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved {
    pub(super) passed: u32,
    /// Whether an exchange is under way, where the hook says so.
    busy: Option<bool>,
}

impl Afar {
    /// What is due comes at most `late` after that.
    pub(super) fn new(
        listener: Listener,
        hook: Option<ChildHook>,
        control: Control,
        late: Duration,
    ) -> Self {
        Self {
            listener,
            arrived: None,
            time: None,
            hook,
            control,
            late,
            begun: Duration::ZERO,
        }
    }

    /// Ends the hook.
    pub(super) async fn end(self) {
        if let Some(hook) = self.hook {
            hook.end().await;
        }
    }

    /// Asks the hook.
    pub(super) async fn ask(&mut self, verb: Verb, with: Value) -> Result<Outcome, PartyError> {
        match self.hook.as_mut() {
            Some(hook) => Ok(hook.ask(verb, with).await?),
            None => Ok(Outcome::Unsupported("the kit was given no hook".into())),
        }
    }

    /// Has the hook move the clock, as a step of a case asks for it.
    pub(super) async fn moved(&mut self, with: &Value) -> Result<Outcome, PartyError> {
        let seconds = with.get("seconds").and_then(Value::as_u64).unwrap_or(0);
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        Ok(match self.advance(seconds).await? {
            Some(moved) => Outcome::Ok(json!({ "passed": moved.passed })),
            None => Outcome::Unsupported("the hook cannot move the party's clock".into()),
        })
    }

    /// What was sent until now is nobody's any more.
    pub(super) fn forget_requests(&mut self) {
        self.arrived = None;
        while self.listener.next_now().is_some() {}
    }

    /// Waits until the party has taken in what was answered last, so that what is done to it next
    /// comes after that.
    pub(super) async fn settle(&mut self) -> Result<(), PartyError> {
        let mut waited = Duration::ZERO;
        while waited < self.late && self.arrived.is_none() {
            match self.advance(0).await? {
                Some(Moved {
                    busy: Some(true), ..
                }) => {
                    self.arrived = self.listener.next(RETRY).await;
                    waited += RETRY;
                }
                Some(Moved {
                    busy: Some(false), ..
                }) => return Ok(()),
                _ => {
                    self.arrived = self.listener.next(SETTLE).await;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The next request within so many seconds, and after how many of them it came.
    pub(super) async fn next(&mut self, within: u32) -> Result<Option<(Held, u32)>, PartyError> {
        let mut left = within;
        let mut waited = Duration::ZERO;
        loop {
            if let Some(held) = self.next_held(RETRY).await {
                return Ok(Some((held, within - left)));
            }
            let Some(moved) = self.advance(left).await? else {
                return Ok(self.by_own_clock(left).await);
            };
            left -= moved.passed;
            if moved.passed > 0 {
                // The exchange that was waited for is over.
                waited = Duration::ZERO;
            }
            match moved.busy {
                // No time passes while an exchange is under way: its request is about to come.
                Some(true) if waited < self.late => waited += RETRY,
                Some(false) if left > 0 => waited = Duration::ZERO,
                Some(_) => return Ok(None),
                None => {
                    let held = self.next_held(SETTLE).await;
                    if held.is_some() || left == 0 {
                        return Ok(held.map(|held| (held, within - left)));
                    }
                }
            }
        }
    }

    /// Moves the party's clock, as far as it goes without a request. `None` where nothing moves it.
    async fn advance(&mut self, seconds: u32) -> Result<Option<Moved>, PartyError> {
        if self.control < Control::C2 {
            return Ok(None);
        }
        let given = match self
            .ask(Verb::Advance, json!({ "seconds": seconds }))
            .await?
        {
            Outcome::Ok(given) => given,
            Outcome::Unsupported(_) => return Ok(None),
            Outcome::Error(why) => return Err(PartyError::Broke(why)),
        };
        let passed = given.get("passed").and_then(Value::as_u64);
        let passed = passed.and_then(|it| u32::try_from(it).ok());
        let passed = passed.unwrap_or(seconds).min(seconds);
        if let Some(time) = &self.time {
            let moved = time.advance(passed.into()).await;
            moved.map_err(|why| PartyError::Center(why.to_string()))?;
        }
        let busy = given.get("busy").and_then(Value::as_bool);
        Ok(Some(Moved { passed, busy }))
    }

    async fn next_held(&mut self, within: Duration) -> Option<Held> {
        match self.arrived.take() {
            Some(held) => Some(held),
            None => self.listener.next(within).await,
        }
    }

    /// Parts of a second are counted with those of the next wait: a party that comes every half
    /// second does not stop the time.
    async fn by_own_clock(&mut self, within: u32) -> Option<(Held, u32)> {
        let began = tokio::time::Instant::now();
        let patience = Duration::from_secs(within.into()).saturating_sub(self.begun);
        let held = self.next_held(patience).await;
        self.begun = match held {
            None => Duration::ZERO,
            Some(_) => self.begun.saturating_add(began.elapsed()),
        };
        let after = self.begun.as_secs();
        self.begun = self.begun.saturating_sub(Duration::from_secs(after));
        let after = u32::try_from(after).unwrap_or(u32::MAX).min(within);
        held.map(|held| (held, after))
    }
}

/// How long a request may be on its way before the party's clock is moved.
const SETTLE: Duration = Duration::from_millis(120);
/// How soon the kit looks again while an exchange is under way.
const RETRY: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use tokio::sync::mpsc;

    use super::*;

    /// A hook whose party is in an exchange whenever it is asked, another one each minute. It
    /// counts the seconds that pass.
    fn hook(passed: Arc<AtomicU64>) -> ChildHook {
        let (asks, mut asked) = mpsc::channel::<String>(1);
        let (says, answers) = mpsc::channel(1);
        tokio::spawn(async move {
            while let Some(line) = asked.recv().await {
                let asked: Value = serde_json::from_str(&line).expect("a line");
                let seconds = asked["with"]["seconds"].as_u64().expect("seconds");
                let seconds = seconds.min(60);
                passed.fetch_add(seconds, Ordering::Relaxed);
                let moved = json!({ "passed": seconds, "busy": true });
                let answer = json!({ "id": asked["id"], "ok": moved });
                says.send(answer.to_string()).await.expect("a listener");
            }
        });
        ChildHook::inside(asks, answers, Duration::from_secs(60))
    }

    #[tokio::test]
    async fn exchanges_that_the_kit_does_not_see_use_no_patience_up_together() {
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = Listener::bind(here).await.expect("a listener");
        let passed = Arc::new(AtomicU64::new(0));
        let hook = hook(Arc::clone(&passed));
        let mut afar = Afar::new(listener, Some(hook), Control::C2, 2 * RETRY);
        let next = afar.next(600).await.expect("no error");
        assert!(next.is_none());
        assert_eq!(passed.load(Ordering::Relaxed), 600);
    }
}
