//! The entitlement record: that a device may use a service, or did until its use was stopped.
//!
//! It comes into being by collation and by nothing else. Stopping keeps the record, so that people
//! see that the service was used; applying again and registering again renews it. Those in force
//! have a mark besides, so that whether a service is used at all is told by one row, however many
//! uses were stopped.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{ApplicationId, CustomerId, DeviceId, ServiceId};
use crate::limits::PAGE_READ;
use crate::time::Timestamp;
use crate::wire::people::DateTime;
use crate::wire::services::EntitlementRow;

use super::desk::Record;
use super::key::{Key, Kind, Owner, Range};

/// One device's use of one service.
///
/// ```text
///            collated               stopped
///  (none) ────────────▶ entitled ─────────────▶ stopped
///                          ▲                       │
///                          └───────────────────────┘ collated with another application's code
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entitlement {
    /// The application by which it came.
    pub application: ApplicationId,
    /// Since when the device may use the service.
    pub since: Timestamp,
    /// Since when it may not any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Timestamp>,
}

impl Entitlement {
    /// Where it is.
    #[must_use]
    pub fn key(customer: CustomerId, service: &ServiceId, device: DeviceId) -> Key {
        let key = of_device(service, device);
        Key::owned(Kind::Entitlement, Owner::customer(customer), &key)
    }

    /// Which device a key of [`Entitlement::key`] is about.
    #[must_use]
    pub fn device(key: &Key) -> Option<DeviceId> {
        let (_, id) = key.key.split_last_chunk::<16>()?;
        Some(DeviceId::from_bytes(*id))
    }

    /// The customer's devices that use this service or did, behind `after`: a page and one more.
    #[must_use]
    pub fn of(customer: CustomerId, service: &ServiceId, after: Option<DeviceId>) -> Range {
        Range {
            kind: Kind::Entitlement,
            owner: Owner::customer(customer),
            after: after.map_or_else(|| of_service(service), |it| of_device(service, it)),
            through: of_device(service, LAST),
            limit: PAGE_READ,
        }
    }

    /// Whether the device may use the service.
    #[must_use]
    pub const fn is_in_force(&self) -> bool {
        self.stopped.is_none()
    }

    /// What people are shown of it.
    #[must_use]
    pub fn row(&self, device: DeviceId) -> EntitlementRow {
        EntitlementRow {
            device,
            since: DateTime(self.since),
            stopped: self.stopped.map(DateTime),
        }
    }
}

/// The mark of an entitlement that is in force: there while it is, and gone once it is stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {}

impl InForce {
    /// Where it is.
    #[must_use]
    pub fn key(customer: CustomerId, service: &ServiceId, device: DeviceId) -> Key {
        let key = of_device(service, device);
        Key::owned(Kind::InForce, Owner::customer(customer), &key)
    }

    /// The first of the customer's marks for this service, which is there if it is used at all.
    #[must_use]
    pub fn first(customer: CustomerId, service: &ServiceId) -> Range {
        Range {
            kind: Kind::InForce,
            owner: Owner::customer(customer),
            after: of_service(service),
            through: of_device(service, LAST),
            limit: 1,
        }
    }
}

fn of_device(service: &ServiceId, device: DeviceId) -> Vec<u8> {
    let mut key = of_service(service);
    key.extend_from_slice(device.as_bytes());
    key
}

/// The beginning of all keys of one service. The zero byte ends the id, in which there is none, so
/// that no service's range holds another's rows.
fn of_service(service: &ServiceId) -> Vec<u8> {
    let mut key = service.as_str().as_bytes().to_vec();
    key.push(0);
    key
}

/// Behind every device that there can be.
const LAST: DeviceId = DeviceId::from_bytes([u8::MAX; 16]);

impl Record for Entitlement {}

impl Record for InForce {}
