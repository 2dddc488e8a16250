//! The handover record: one device of an application that a provider's own server has to act upon.
//!
//! It lies there while something is asked of the provider and no longer, so that the list of what
//! is to be done is a range, however many devices there are. It is owned by the service: a list of
//! one service never meets another's.

use serde::{Deserialize, Serialize};

use crate::id::{ApplicationId, CustomerId, DeviceId, HandoverId};
use crate::time::Timestamp;
use crate::wire::people::DateTime;
use crate::wire::provider::{HandoverRow, HandoverState};

use super::desk::Record;
use super::key::{Key, Kind, Owner};

/// Something that a provider has to act upon.
///
/// ```text
///  wanted ── a code is given, called off, run out ──▶ (none)
///  (none) ── given, then called off, run out, stopped ──▶ ended ── settled ──▶ (none)
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Handover {
    /// In which application.
    pub application: ApplicationId,
    /// Which device.
    pub device: DeviceId,
    /// What it asks for.
    pub state: HandoverState,
    /// From when on a code of this application opens nothing any more.
    pub expires: Timestamp,
}

impl Handover {
    /// Where it is, at this service's owner.
    #[must_use]
    pub fn key(service: Owner, id: HandoverId) -> Key {
        Key::owned(Kind::Handover, service, id.as_bytes())
    }

    /// Which handover a key of [`Handover::key`] names.
    #[must_use]
    pub fn id(key: &Key) -> Option<HandoverId> {
        key.key
            .as_slice()
            .try_into()
            .ok()
            .map(HandoverId::from_bytes)
    }

    /// What the provider is shown of it.
    #[must_use]
    pub const fn row(&self, handover: HandoverId) -> HandoverRow {
        HandoverRow {
            handover,
            application: self.application,
            device: self.device,
            state: self.state,
            expires: DateTime(self.expires),
        }
    }
}

/// Whose application it is that a provider names; one row for each application of its services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationLocator {
    /// Whose it is.
    pub customer: CustomerId,
}

impl ApplicationLocator {
    /// Where it is, at this service's owner.
    #[must_use]
    pub fn key(service: Owner, application: ApplicationId) -> Key {
        Key::owned(Kind::ApplicationLocator, service, application.as_bytes())
    }
}

impl Record for Handover {}

impl Record for ApplicationLocator {}
