//! The clock record: the highest time that the center has seen, so that time never runs backwards
//! for a code.
//!
//! A tick writes it down, at most once a minute; so does any decision that calls something expired
//! by a time that is not written down yet, since what has once been judged expired stays so
//! whatever the clock does afterwards. A clock that is more than a day ahead of the record is not
//! believed: time stands still for expiry until an operator accepts it, or until the clock is right
//! again.

use serde::{Deserialize, Serialize};

use crate::limits::CLOCK_JUMP;
use crate::time::Timestamp;

use super::desk::Record;
use super::key::{Key, Kind};

/// What the center remembers of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Clock {
    /// The highest time by which anything has been judged.
    pub highest: Timestamp,
}

/// The time by which a decision judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The time: never below what has been written down.
    pub at: Timestamp,
    /// What has been written down; the beginning of time if nothing has.
    pub saved: Timestamp,
    /// Whether the clock is too far ahead to be believed, so that `at` stands still.
    pub suspended: bool,
}

impl Clock {
    /// Where it is.
    #[must_use]
    pub fn key() -> Key {
        Key::unowned(Kind::Clock, &[])
    }

    /// The time by which to judge when the clock on the wall shows `now`. Before the first tick
    /// there is no record, and the wall is believed.
    // spec: ENR-039, ENR-040
    #[must_use]
    pub fn judge(saved: Option<Self>, now: Timestamp) -> Judged {
        let Some(Self { highest }) = saved else {
            return Judged {
                at: now,
                saved: Timestamp::EPOCH,
                suspended: false,
            };
        };
        let suspended = now > highest.after(CLOCK_JUMP);
        Judged {
            at: if suspended { highest } else { now.max(highest) },
            saved: highest,
            suspended,
        }
    }
}

impl Record for Clock {}
