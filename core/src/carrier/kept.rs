//! What a carrier keeps: how far its counters are reserved, and where it was challenged.
//!
//! There is one row of counters for all registrations that a device ever has. A device can go back
//! to an older registration, where a newer one comes to nothing, and must not count there again
//! what it has counted before.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::code::FormalCode;
use crate::id::RegistrationId;
use crate::limits::KEPT_CARRIER_BYTES;
use crate::registrant::{Challenged, FORMAT, KeptError, read, write};
use crate::seal::{self, SealingKey};

/// What has to be in non-volatile memory before an envelope that rests on it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kept {
    format: u32,
    /// The first counter that is not reserved: none from here on has been used.
    until: u64,
    /// The formal code under which the center has challenged last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) challenged: Option<Challenged>,
}

impl Kept {
    /// Reads what [`Kept::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`KeptError`] if a byte of it is wrong, or a later version wrote it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeptError> {
        read(bytes, KEPT_CARRIER_BYTES)
    }

    /// The bytes to keep.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write(self)
    }

    /// The lane of somebody who seals under this code.
    pub(super) fn under(&self, code: &FormalCode) -> seal::Kept {
        let here = self
            .challenged
            .filter(|it| it.registration == code.registration());
        seal::Kept {
            until: self.until,
            challenged: here.map(|it| it.epoch),
        }
    }

    /// This, once the sender under `key` has reserved so many counters.
    pub(super) fn with(&self, key: &SealingKey, reserved: seal::Kept) -> Self {
        let registration = RegistrationId::from_bytes(*key.sender());
        let here = reserved.challenged.map(|epoch| Challenged {
            registration,
            epoch,
        });
        Self {
            format: FORMAT,
            until: reserved.until,
            challenged: here.or(self.challenged),
        }
    }
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            format: FORMAT,
            until: 1,
            challenged: None,
        }
    }
}
