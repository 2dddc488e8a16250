//! The pair record: the registration code that was made for a device and a service, as a keyed
//! hash, and whether it has had its effect.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{ApplicationId, CustomerId, DeviceId, ServiceId};
use crate::limits::SERVICES;
use crate::record::{Bytes, Key, Kind, Owner, Range, Record};
use crate::time::Timestamp;

/// A device and its registration code for a service. There is one for each device and service: that
/// of the latest application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pair {
    /// Whose device it is; nobody's at a provider's own server, which is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// By which application.
    pub application: ApplicationId,
    /// The keyed hash of the code; none where another server makes and collates it, so that no
    /// code is right here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Bytes<32>>,
    /// From when on the code opens nothing any more, unless it has been used.
    pub expires: Timestamp,
    /// Whether it has been used.
    pub state: PairState,
}

/// ```text
///            presented                      use stopped
///  open ─────────────────────────▶ entitled ─────────────▶ withdrawn
///    ├── said to fail ──▶ failed ─────▲                        ▲
///    └────────────────────── called off, run out ──────────────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PairState {
    /// The code has not been presented yet.
    Open,
    /// The device has said that it could not. The code still opens, and another application need
    /// not wait for it.
    Failed {
        /// When.
        at: Timestamp,
    },
    /// It has had its effect; presenting it again has none.
    Entitled {
        /// When.
        at: Timestamp,
    },
    /// It opens nothing any more.
    Withdrawn {
        /// Since when.
        at: Timestamp,
    },
}

impl Pair {
    /// Where it is.
    #[must_use]
    pub fn key(device: DeviceId, service: &ServiceId) -> Key {
        let service = service.as_str().as_bytes();
        Key::owned(Kind::Pair, Owner::device(device), service)
    }

    /// All of a device, one for each service that was ever applied for on it.
    #[must_use]
    pub fn all_of(device: DeviceId) -> Range {
        Range {
            kind: Kind::Pair,
            owner: Owner::device(device),
            after: Vec::new(),
            through: Vec::new(),
            limit: u32::try_from(SERVICES).unwrap_or(u32::MAX),
        }
    }

    /// Which service a key of [`Pair::key`] is about.
    #[must_use]
    pub fn service(key: &Key) -> Option<ServiceId> {
        core::str::from_utf8(&key.key).ok()?.parse().ok()
    }

    /// Which device and which service a key of [`Pair::key`] names.
    #[must_use]
    pub fn of(key: &Key) -> Option<(DeviceId, ServiceId)> {
        let device = DeviceId::from_bytes(key.owner.0);
        Some((device, Self::service(key)?))
    }

    /// Whether it can still have its effect, if its time is not over.
    #[must_use]
    pub const fn opens(&self) -> bool {
        matches!(self.state, PairState::Open | PairState::Failed { .. })
    }

    /// Whether it keeps another application waiting at `now`: nothing has become of it yet.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == PairState::Open && now < self.expires
    }
}

impl Record for Pair {}
