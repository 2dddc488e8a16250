//! What a gateway keeps: where it stands, and the children that no registration names yet or any
//! more.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::code::ProvisionalCode;
use crate::id::{CenterAddress, DeviceId};
use crate::limits::KEPT_GATEWAY_BYTES;
use crate::registrant::{FORMAT, KeptError, Need, Standing, read, write};
use crate::wire::{DeviceEntry, Identification};

/// What has to be in non-volatile memory before anything that depends on it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kept {
    pub(super) format: u32,
    pub(super) standing: Standing,
    pub(super) ledger: Ledger,
}

/// A gateway's children beside those that its registration names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Ledger {
    /// They answered a general call and are not registered.
    pub(super) found: Vec<DeviceEntry>,
    /// They were registered and are not to be any more, until a person enters a code.
    pub(super) gone: Vec<Gone>,
    /// A code that waits for the general call to end.
    pub(super) entered: Option<Entered>,
    /// Pays for children that are added, where the registration's own grant has run out.
    pub(super) pays: Option<ProvisionalCode>,
    /// Why children are not added before a person has entered a code.
    pub(super) held_up: Option<Need>,
}

/// A child that the gateway does not speak for any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Gone {
    pub(super) identification: Identification,
    /// Its id, until the center has been told.
    pub(super) untold: Option<DeviceId>,
}

/// What a person has typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Entered {
    pub(super) code: ProvisionalCode,
    pub(super) center: CenterAddress,
}

impl Kept {
    pub(super) const fn new(standing: Standing, ledger: Ledger) -> Self {
        Self {
            format: FORMAT,
            standing,
            ledger,
        }
    }

    /// Reads what [`Kept::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`KeptError`] if a byte of it is wrong, a later version wrote it, or a device kept it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeptError> {
        read(bytes, KEPT_GATEWAY_BYTES)
    }

    /// The bytes to keep.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write(self)
    }

    /// Where the gateway stood.
    #[must_use]
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }
}
