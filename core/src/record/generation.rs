//! The generation record: when the center's store was restored last, as a number.
//!
//! A store that was put back has forgotten what was said since the copy was made, and which epochs
//! of formal codes were handed out since. The number is the minute in which an operator said so,
//! and above any before it; two restores of one copy get different ones if a minute lies between
//! them. Epochs begin at 1 and rise by one at each rotation, so that no device comes near such a
//! number by rotating. An epoch is handed out at or above it, and so the epoch itself tells in
//! which generation it was. Serves spec chapter 14.

use serde::{Deserialize, Serialize};

use crate::id::Epoch;
use crate::time::Timestamp;

use super::desk::Record;
use super::key::{Key, Kind};

/// In which of its lives a center is; 0 in the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Generation {
    /// The minute since 1970 in which it was raised, or one above the last.
    pub number: u32,
}

impl Generation {
    /// Where it is. Before the first restore there is no record.
    #[must_use]
    pub fn key() -> Key {
        Key::unowned(Kind::Generation, &[])
    }

    /// The next one, raised now; `None` if there can be none above this.
    #[must_use]
    pub fn raised(self, now: Timestamp) -> Option<Self> {
        let minute = u32::try_from(now.as_millis() / MINUTE).unwrap_or(u32::MAX);
        let number = self.number.checked_add(1)?.max(minute);
        Some(Self { number })
    }

    /// The generation in which this epoch was handed out: this one, or 0 for whichever before.
    #[must_use]
    pub const fn of(self, epoch: Epoch) -> u32 {
        if epoch.get() >= self.number {
            self.number
        } else {
            0
        }
    }

    /// The epoch to hand out where it would be this one, had the center never been restored.
    // spec: SEA-023
    #[must_use]
    pub fn hands_out(self, epoch: Epoch) -> Epoch {
        Epoch::new(epoch.get().max(self.number))
    }
}

impl Record for Generation {}

/// Milliseconds of a minute.
const MINUTE: u64 = 60_000;
