//! What an operator can choose: how often devices come, and how far a provisional code reaches.

use crate::limits::{
    CODE_VALIDITY, CODE_VALIDITY_MAX, CODE_VALIDITY_MIN, DEVICES_PER_GRANT, INTERVAL, INTERVAL_MAX,
    INTERVAL_MIN,
};
use crate::time::Seconds;
use crate::wire::{Action, Schedule, ScheduleEntry};

/// An operator's choices. What is outside the protocol's bounds counts as the nearest bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How often a device polls.
    pub poll: Seconds,
    /// How often a device reports running status.
    pub report_status: Seconds,
    /// How many devices a provisional code may register, unless the dealer narrows it.
    pub devices_per_grant: u32,
    /// How long a provisional code is valid, unless the dealer says otherwise.
    pub code_validity: Seconds,
}

impl Default for Policy {
    /// Once a day; a thousand devices; a week.
    fn default() -> Self {
        Self {
            poll: INTERVAL,
            report_status: INTERVAL,
            devices_per_grant: DEVICES_PER_GRANT,
            code_validity: CODE_VALIDITY,
        }
    }
}

impl Policy {
    /// The same choices within the protocol's bounds.
    pub(super) fn bounded(self) -> Self {
        Self {
            poll: self.poll.clamp(INTERVAL_MIN, INTERVAL_MAX),
            report_status: self.report_status.clamp(INTERVAL_MIN, INTERVAL_MAX),
            devices_per_grant: self.devices_per_grant.clamp(1, DEVICES_PER_GRANT),
            code_validity: self
                .code_validity
                .clamp(CODE_VALIDITY_MIN, CODE_VALIDITY_MAX),
        }
    }

    /// The schedule that devices are given.
    // spec: MBX-006, STA-006
    pub(super) fn schedule(&self) -> Schedule {
        Schedule {
            poll: self.poll,
            entries: alloc::vec![ScheduleEntry {
                action: Action::ReportStatus,
                every: self.report_status,
            }],
        }
    }
}
