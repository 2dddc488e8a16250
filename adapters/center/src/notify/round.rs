//! The round of what has to be told: what comes next, how long to wait after a failure, when to
//! give up.
//!
//! A receiver that does not answer makes the whole round wait, for a second and then for longer and
//! longer. A message that it refuses leaves the round, so that it holds up no other.

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
    /// The bodies, oldest first.
    waiting: BTreeMap<EffectId, Vec<u8>>,
    /// Attempts in a row that nobody answered.
    silent: u32,
    /// Before this nothing is attempted.
    not_before: Instant,
}

/// What came of an attempt, where something did.
pub(super) enum Attempt {
    /// This effect need not be told any more.
    Over(EffectId),
    /// The receiver refused it; it has left the round.
    Refused(EffectId, TellError),
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
        let body = letter::body(effect, self.center.as_deref());
        self.waiting.insert(effect.id, body);
    }

    /// Waits until there is something to attempt.
    pub(super) async fn is_due(&self) {
        match self.waiting.is_empty() {
            true => std::future::pending().await,
            false => sleep_until(self.not_before).await,
        }
    }

    /// Attempts the oldest.
    pub(super) async fn go(&mut self) -> Option<Attempt> {
        let (id, body) = self.waiting.first_key_value()?;
        let (id, body) = (*id, body.clone());
        let now = SystemClock.now();
        let name = id.to_string();
        let told = self.webhook.tell(&name, now.as_millis() / 1_000, body);
        let is_too_old = letter::time_of(id).after(GIVEN_UP) < now;
        let attempt = match told.await {
            Ok(()) => {
                if self.silent > 0 {
                    self.silent = 0;
                    tracing::info!(effect = %id, "the webhook answers again");
                }
                Attempt::Over(id)
            }
            Err(error) if is_too_old => {
                self.gives_up(id, &error);
                Attempt::Over(id)
            }
            Err(error @ TellError::Refused { .. }) => Attempt::Refused(id, error),
            Err(error) => {
                self.waits(id, &error);
                return None;
            }
        };
        self.waiting.remove(&id);
        Some(attempt)
    }

    /// Nobody answers: everything is attempted again later.
    fn waits(&mut self, id: EffectId, error: &TellError) {
        let wait = pause(self.silent, AFTER_SILENCE);
        self.silent = self.silent.saturating_add(1);
        self.not_before = Instant::now() + wait;
        let again_in = wait.as_secs();
        tracing::warn!(effect = %id, %error, again_in, "the webhook was not told");
    }

    /// The log has all of it, so that nothing is lost without a trace.
    fn gives_up(&self, id: EffectId, error: &TellError) {
        let body = self.waiting.get(&id).map(Vec::as_slice);
        let body = String::from_utf8_lossy(body.unwrap_or_default());
        tracing::error!(effect = %id, %error, %body, "the webhook was never told this");
    }
}

/// How long to wait after so many failures before: twice as long each time, up to a bound.
pub(super) fn pause(failures: u32, (least, most): (Duration, Duration)) -> Duration {
    let factor = 2_u32.saturating_pow(failures.min(16));
    least.saturating_mul(factor).min(most)
}

/// After nobody has answered: a restart takes seconds, a longer outage is looked at by a person.
const AFTER_SILENCE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));
/// After the receiver has refused a message: somebody has to mend the receiver first.
pub(super) const AFTER_REFUSAL: (Duration, Duration) =
    (Duration::from_secs(60), Duration::from_secs(3_600));
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
