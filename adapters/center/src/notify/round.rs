//! The round of what has to be told: what comes next, how long to wait after a failure, when to
//! give up.
//!
//! A receiver that does not answer makes the whole round wait, for a second and then for longer and
//! longer. One message that it refuses waits alone, so that it holds up no other.

use std::collections::BTreeMap;
use std::time::Duration;

use restante_core::center::Effect;
use restante_core::id::EffectId;
use restante_core::time::Seconds;
use restante_http::client::{TellError, Webhook};
use restante_store::{Clock, SystemClock};
use tokio::time::{Instant, sleep_until};

use super::letter;

/// What has to be told.
pub(super) struct Round {
    webhook: Webhook,
    center: Option<String>,
    waiting: BTreeMap<EffectId, Waiting>,
    /// Attempts in a row that nobody answered.
    silent: u32,
    /// Before this nothing is attempted.
    not_before: Instant,
}

struct Waiting {
    body: Vec<u8>,
    refused: u32,
    not_before: Instant,
}

impl Round {
    pub(super) fn new(webhook: Webhook, center: Option<String>) -> Self {
        Self {
            webhook,
            center,
            waiting: BTreeMap::new(),
            silent: 0,
            not_before: Instant::now(),
        }
    }

    /// One more thing to tell.
    pub(super) fn add(&mut self, effect: &Effect) {
        let waiting = Waiting {
            body: letter::body(effect, self.center.as_deref()),
            refused: 0,
            not_before: Instant::now(),
        };
        self.waiting.insert(effect.id, waiting);
    }

    /// Waits until there is something to attempt.
    pub(super) async fn is_due(&self) {
        match self.next() {
            Some((_, at)) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    /// What is attempted next, and when: the oldest of those that wait least.
    fn next(&self) -> Option<(EffectId, Instant)> {
        let at = |waiting: &Waiting| waiting.not_before.max(self.not_before);
        let all = self.waiting.iter().map(|(id, waiting)| (*id, at(waiting)));
        all.min_by_key(|(id, at)| (*at, *id))
    }

    /// Attempts one; which effect need not be told any more, if one need not.
    pub(super) async fn go(&mut self) -> Option<EffectId> {
        let (id, _) = self.next()?;
        let body = self.waiting.get(&id)?.body.clone();
        let now = SystemClock.now();
        let name = id.to_string();
        let told = self.webhook.tell(&name, now.as_millis() / 1_000, body);
        match told.await {
            Ok(()) if self.silent > 0 => {
                self.silent = 0;
                tracing::info!(effect = %id, "the webhook answers again");
            }
            Ok(()) => {}
            Err(error) if letter::time_of(id).after(GIVEN_UP) < now => self.gives_up(id, &error),
            Err(error) => {
                self.waits(id, &error);
                return None;
            }
        }
        self.waiting.remove(&id);
        Some(id)
    }

    /// It is attempted again later.
    fn waits(&mut self, id: EffectId, error: &TellError) {
        let wait = match (error, self.waiting.get_mut(&id)) {
            (TellError::Refused { .. }, Some(waiting)) => {
                let wait = pause(waiting.refused, AFTER_REFUSAL);
                waiting.refused = waiting.refused.saturating_add(1);
                waiting.not_before = Instant::now() + wait;
                wait
            }
            _ => {
                let wait = pause(self.silent, AFTER_SILENCE);
                self.silent = self.silent.saturating_add(1);
                self.not_before = Instant::now() + wait;
                wait
            }
        };
        let again_in = wait.as_secs();
        tracing::warn!(effect = %id, %error, again_in, "the webhook was not told");
    }

    /// The log has all of it, so that nothing is lost without a trace.
    fn gives_up(&self, id: EffectId, error: &TellError) {
        let body = self.waiting.get(&id).map(|waiting| waiting.body.as_slice());
        let body = String::from_utf8_lossy(body.unwrap_or_default());
        tracing::error!(effect = %id, %error, %body, "the webhook was never told this");
    }
}

/// How long to wait after so many failures before: twice as long each time, up to a bound.
fn pause(failures: u32, (least, most): (Duration, Duration)) -> Duration {
    let factor = 2_u32.saturating_pow(failures.min(16));
    least.saturating_mul(factor).min(most)
}

/// After nobody has answered: a restart takes seconds, a longer outage is looked at by a person.
const AFTER_SILENCE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));
/// After the receiver has refused a message: somebody has to mend the receiver first.
const AFTER_REFUSAL: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3_600));
/// What is older than this is not told any more: nobody acts on it.
const GIVEN_UP: Seconds = Seconds::new(30 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_bound() {
        let silent = |failures| pause(failures, AFTER_SILENCE).as_secs();
        assert_eq!([0, 1, 2, 8, 9, 99].map(silent), [1, 2, 4, 256, 300, 300]);
        let refused = |failures| pause(failures, AFTER_REFUSAL).as_secs();
        assert_eq!([0, 1, 6].map(refused), [60, 120, 3_600]);
    }
}
