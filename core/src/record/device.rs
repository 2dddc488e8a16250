//! The device record: one of a customer's holdings. It is made when the formal code that names it
//! is first used, and it stays when its registration ends, with its history.

use serde::{Deserialize, Serialize};

use crate::id::{CustomerId, DeviceId, RegistrationId, UserName};
use crate::time::Timestamp;
use crate::wire::{Contacts, Identification};

use super::desk::Record;
use super::key::{Key, Kind, Owner};

/// A device that a customer holds.
///
/// ```text
///        first use, or added            removed, left
///  (none) ─────────────────▶ spoken for ─────────────▶ held by nobody's code
///                             │     ▲                        │
///                             └─────┘ ◀──────────────────────┘
///                     first use or addition by another registration of the customer
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Which device it is, as it said last.
    pub identification: Identification,
    /// Where it can be reached, as it said last.
    #[serde(default)]
    pub contacts: Contacts,
    /// The authorized user it was registered for.
    pub user: UserName,
    /// The registration that speaks for it, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<RegistrationId>,
    /// When the customer first held it.
    pub since: Timestamp,
}

impl Device {
    /// Where it is.
    #[must_use]
    pub fn key(customer: CustomerId, id: DeviceId) -> Key {
        Key::owned(Kind::Device, Owner::customer(customer), id.as_bytes())
    }

    /// Which device a key of [`Device::key`] names.
    #[must_use]
    pub fn id(key: &Key) -> Option<DeviceId> {
        key.key.as_slice().try_into().ok().map(DeviceId::from_bytes)
    }
}

impl Record for Device {}
