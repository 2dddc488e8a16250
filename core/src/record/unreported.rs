//! The unreported record: a device that a provider has entitled, while its center has not taken it.
//!
//! It is owned by the service and keyed by application, then device, so that what is to be reported
//! is a range, in the order in which messages name it. It is gone once the center has answered.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{ApplicationId, DeviceId};
use crate::time::Timestamp;

use super::desk::Record;
use super::key::{Key, Kind, Owner, Range};

/// A device that a center has to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unreported {
    /// When the device was entitled.
    pub at: Timestamp,
}

impl Unreported {
    /// Where it is, at this service's owner.
    #[must_use]
    pub fn key(service: Owner, application: ApplicationId, device: DeviceId) -> Key {
        let key = [*application.as_bytes(), *device.as_bytes()].concat();
        Key::owned(Kind::Unreported, service, &key)
    }

    /// What is to be reported of a service after this one, so many of them at the most.
    #[must_use]
    pub fn after(service: Owner, last: Option<(ApplicationId, DeviceId)>, limit: u32) -> Range {
        Range {
            kind: Kind::Unreported,
            owner: service,
            after: last.map_or(Vec::new(), |(of, device)| {
                Self::key(service, of, device).key
            }),
            through: Vec::new(),
            limit,
        }
    }

    /// Which device of which application a key of [`Unreported::key`] names.
    #[must_use]
    pub fn of(key: &Key) -> Option<(ApplicationId, DeviceId)> {
        let (application, device) = key.key.split_first_chunk::<16>()?;
        let device: [u8; 16] = device.try_into().ok()?;
        let application = ApplicationId::from_bytes(*application);
        Some((application, DeviceId::from_bytes(device)))
    }
}

// spec: PRV-033
impl Record for Unreported {}
