//! Waiting for what a center does in its own time: a question is asked again until the answer fits.

use std::time::Duration;

use crate::case::Await;
use crate::transcript::LineKind;

use super::check::describe;
use super::player::Player;
use super::steps::Ended;
use super::target::Unmoved;

impl Player<'_> {
    /// Sends a message until what comes back fits, with pauses of one second, two, three and so on.
    /// The transcript shows the first try and the last.
    pub(super) async fn wait(&mut self, wait: &Await) -> Result<(), Ended> {
        let wanted = describe(&wait.expect);
        self.checks += 1;
        let (mut passed, mut pause) = (0_u32, 1_u32);
        loop {
            let before = self.transcript.clone();
            self.send(&wait.send).await?;
            let names = self.scope.clone();
            let Some(actual) = self.judge(&wait.expect).await? else {
                let text = format!("{wanted}, after {passed} s");
                self.transcript.add(LineKind::Held, &text);
                return Ok(());
            };
            let left = wait.within.saturating_sub(passed);
            if left == 0 {
                let wanted = format!("{wanted} within {} s", wait.within);
                let text = format!("expected {wanted}; {actual}");
                self.transcript.add(LineKind::Broken, &text);
                return Err(Ended::broken(wanted, actual));
            }
            self.scope = names;
            if passed > 0 {
                self.transcript = before;
            }
            let seconds = pause.min(left);
            self.let_pass(seconds).await?;
            passed = passed.saturating_add(seconds);
            pause = pause.saturating_add(1);
        }
    }

    /// Lets so many seconds pass at the center: by its clock, or in truth where nobody moves that.
    async fn let_pass(&mut self, seconds: u32) -> Result<(), Ended> {
        let moved = match &self.target.time {
            Some(time) => time.advance(seconds.into()).await,
            None => Err(Unmoved::Unable(String::new())),
        };
        match moved {
            Ok(()) => self.clock.moved_by(seconds.into()),
            Err(Unmoved::Unable(_)) => {
                tokio::time::sleep(Duration::from_secs(seconds.into())).await;
            }
            Err(failed @ Unmoved::Failed(_)) => return Err(failed.into()),
        }
        Ok(())
    }
}
