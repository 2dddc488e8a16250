//! The time by which one call is judged: that of the clock, never below what was written down.

use crate::limits::CLOCK_SAVE;
use crate::record::{Clock, Desk, Judged, Pause};
use crate::time::Timestamp;

/// What the clock on the wall shows, and the time by which this call is judged once that is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge {
    wall: Timestamp,
    judged: Option<Judged>,
}

impl Judge {
    pub(crate) const fn new(wall: Timestamp) -> Self {
        let judged = None;
        Self { wall, judged }
    }

    /// What the clock on the wall shows. Only throttles go by it.
    pub(crate) const fn wall(&self) -> Timestamp {
        self.wall
    }

    /// The time by which this call is judged, with what is known of it.
    pub(crate) fn judged(&mut self, desk: &mut Desk<'_>) -> Result<Judged, Pause> {
        if let Some(judged) = self.judged {
            return Ok(judged);
        }
        let saved = desk.peek::<Clock>(&Clock::key())?;
        let judged = Clock::judge(saved, self.wall);
        self.judged = Some(judged);
        Ok(judged)
    }

    /// Whether `deadline` has passed. Where that is so by a time that is not written down yet, the
    /// time is written down with the decision: what has run out once never comes back.
    // spec: ENR-039, COD-017
    pub(crate) fn has_passed(
        &mut self,
        desk: &mut Desk<'_>,
        deadline: Timestamp,
    ) -> Result<bool, Pause> {
        let time = self.judged(desk)?;
        if time.at < deadline {
            return Ok(false);
        }
        if time.saved < deadline {
            write_down(desk, time.at)?;
        }
        Ok(true)
    }

    /// Writes the time down if that was not done lately: what a tick does first.
    pub(crate) fn pass(&mut self, desk: &mut Desk<'_>) -> Result<Judged, Pause> {
        let is_new = desk.peek::<Clock>(&Clock::key())?.is_none();
        let judged = self.judged(desk)?;
        if is_new || judged.at > judged.saved.after(CLOCK_SAVE) {
            write_down(desk, judged.at)?;
        }
        Ok(judged)
    }

    /// An operator says that the clock is right: expiry is judged by it again.
    // spec: ENR-040
    pub(crate) fn accept(&self, desk: &mut Desk<'_>) -> Result<Timestamp, Pause> {
        let kept = desk.get::<Clock>(&Clock::key())?;
        let highest = kept.map_or(self.wall, |clock| clock.highest.max(self.wall));
        if kept != Some(Clock { highest }) {
            desk.put(Clock::key(), &Clock { highest });
        }
        Ok(highest)
    }
}

fn write_down(desk: &mut Desk<'_>, highest: Timestamp) -> Result<(), Pause> {
    desk.get::<Clock>(&Clock::key())?;
    desk.put(Clock::key(), &Clock { highest });
    Ok(())
}
