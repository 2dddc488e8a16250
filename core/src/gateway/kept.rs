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
    /// The number of the last addition or removal that this registration sent; 0 before the first.
    #[serde(default)]
    pub(super) change: u32,
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    use crate::code::FormalCode;
    use crate::id::{
        Epoch, LanAddress, MailAddress, Model, RegistrationId, RequestId, Serial, Vendor,
    };
    use crate::limits::{CENTER_CHARS, CHILDREN, DEVICES_PER_MESSAGE, HOST_CHARS, MAIL_CHARS};
    use crate::limits::{DEVICES_PER_REGISTRATION, NAME_CHARS};
    use crate::registrant::{Attempt, Holding, Member};
    use crate::wire::devices::Function;
    use crate::wire::enrol::DeviceList;
    use crate::wire::{Contacts, FunctionSet};

    fn long(n: usize, chars: usize) -> std::string::String {
        format!("{n:04}{}", "\u{1F5A8}".repeat(chars - 4))
    }

    fn children(count: usize) -> Vec<DeviceEntry> {
        let child = |n| DeviceEntry {
            identification: Identification {
                vendor: Vendor::new(long(n, NAME_CHARS)).expect("a vendor"),
                model: Model::new(long(n, NAME_CHARS)).expect("a model"),
                serial: Serial::new(long(n, NAME_CHARS)).expect("a serial number"),
                functions: FunctionSet::new(Function::ALL).expect("functions"),
            },
            contacts: Contacts {
                address: Some(LanAddress::new("a".repeat(HOST_CHARS)).expect("an address")),
                manager_mail: Some(
                    MailAddress::new(format!("a@{}", long(n, MAIL_CHARS - 2))).expect("mail"),
                ),
            },
        };
        (0..count).map(child).collect()
    }

    #[test]
    fn the_largest_book_that_there_can_be_reads_back() {
        let center = CenterAddress::new(long(0, CENTER_CHARS)).expect("an address");
        let member = |it: DeviceEntry| Member {
            device: DeviceId::from_bytes([7; 16]),
            identification: it.identification,
            contacts: it.contacts,
        };
        let fallback = Holding {
            center: center.clone(),
            code: FormalCode::new(RegistrationId::from_bytes([1; 16]), Epoch::FIRST, [2; 32]),
            unused: None,
            members: children(DEVICES_PER_REGISTRATION)
                .into_iter()
                .map(member)
                .collect(),
        };
        let code = "0BVF3-H1RWM-HXR5V-JP4HM-DB8A6";
        let attempt = Attempt {
            center,
            code: code.parse().expect("a code"),
            request: RequestId::from_bytes([3; 16]),
            devices: DeviceList::new(children(DEVICES_PER_MESSAGE)).expect("no device twice"),
            refused: 0,
        };
        let ledger = Ledger {
            found: children(CHILDREN),
            ..Ledger::default()
        };
        let fallback = Some(fallback);
        let kept = Kept::new(Standing::Enrolling { attempt, fallback }, ledger);
        assert_eq!(Kept::from_bytes(&kept.to_bytes()), Ok(kept));
    }
}
