//! What a decision passes over because a record is damaged: that record keeps nothing back but
//! itself, and is named for the operator.

use alloc::format;
use alloc::string::String;

use crate::record::Pause;

use super::Stop;

/// What is passed over because a record is damaged.
#[derive(Default)]
pub(crate) struct Damage {
    count: usize,
    first: Option<String>,
}

impl Damage {
    /// What was done, if anything could be. Damage is noted and nothing more; only a pause for
    /// loading, and a defect, end the decision.
    pub(crate) fn pass_over<T>(&mut self, done: Result<T, Stop>) -> Result<Option<T>, Stop> {
        let why = match done {
            Ok(done) => return Ok(Some(done)),
            Err(Stop::Pause(damaged @ Pause::Damaged { .. })) => format!("{damaged}"),
            Err(Stop::Refused(refused)) => refused.reason.detail,
            Err(pause @ Stop::Pause(_)) => return Err(pause),
        };
        self.count = self.count.saturating_add(1);
        self.first.get_or_insert(why);
        Ok(None)
    }

    /// What the operator is told, if anything was passed over.
    pub(crate) fn told(self) -> Option<String> {
        let first = self.first?;
        Some(format!("{} passed over; the first: {first}", self.count))
    }
}
