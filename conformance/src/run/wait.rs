//! Waiting for what a center does in its own time: a question is asked again until the answer fits.

use std::time::Duration;

use crate::case::Await;
use crate::transcript::LineKind;

use super::check::describe;
use super::player::Player;
use super::steps::Ended;
use super::target::Unmoved;

impl Player<'_> {
    /// Sends a message until what comes back fits, with a pause after each try that is longer than
    /// the one before. The transcript shows the first try and the last.
    pub(super) async fn wait(&mut self, wait: &Await) -> Result<(), Ended> {
        let wanted = describe(&wait.expect);
        self.checks += 1;
        let within = Duration::from_secs(wait.within.into());
        let (mut passed, mut tries) = (Duration::ZERO, 0_u32);
        loop {
            let before = self.transcript.clone();
            self.send(&wait.send).await?;
            let names = self.scope.clone();
            let Some(actual) = self.judge(&wait.expect).await? else {
                let text = format!("{wanted}, after {passed:?}");
                self.transcript.add(LineKind::Held, &text);
                return Ok(());
            };
            let left = within.saturating_sub(passed);
            if left.is_zero() {
                let wanted = format!("{wanted} within {} s", wait.within);
                let text = format!("expected {wanted}; {actual}");
                self.transcript.add(LineKind::Broken, &text);
                return Err(Ended::broken(wanted, actual));
            }
            self.scope = names;
            if tries > 0 {
                self.transcript = before;
            }
            tries = tries.saturating_add(1);
            passed = passed.saturating_add(self.pause(tries, left).await?);
        }
    }

    /// The pause after so many tries, of at most so long: whole seconds by the center's clock or,
    /// where nobody moves that, shorter ones in truth.
    async fn pause(&mut self, tries: u32, left: Duration) -> Result<Duration, Ended> {
        if let Some(time) = &self.target.time {
            let seconds = u64::from(tries).min(left.as_secs()).max(1);
            match time.advance(seconds).await {
                Ok(()) => {
                    self.clock
                        .moved_by(i64::try_from(seconds).unwrap_or_default());
                    return Ok(Duration::from_secs(seconds));
                }
                Err(Unmoved::Unable(_)) => {}
                Err(failed @ Unmoved::Failed(_)) => return Err(failed.into()),
            }
        }
        let pause = FIRST_PAUSE.saturating_mul(tries).min(left);
        tokio::time::sleep(pause).await;
        Ok(pause)
    }
}

/// The first pause where time passes in truth.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
