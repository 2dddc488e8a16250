//! The application record: a wish to start one service on many devices, and how far it has come.
//!
//! What is wished is large and the record is small: a job goes through the devices in chunks and
//! makes a [`Target`](super::Target) of each. How many devices are how far is counted by a job too,
//! from the targets, so that no two devices ever write to the same record.

use serde::{Deserialize, Serialize};

use crate::id::{AccountName, ApplicationId, CustomerId, DeviceId, ServiceId};
use crate::time::{Seconds, Timestamp};
use crate::wire::ServiceUrl;
use crate::wire::people::DateTime;
use crate::wire::services::{ApplicationRow, ApplicationState, Apply, Collator, Selection, Tally};

use super::desk::Record;
use super::key::{Key, Kind, Owner};

/// An administrator's application for a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// For which service.
    pub service: ServiceId,
    /// Where its devices register, as it was when the application was made.
    pub url: ServiceUrl,
    /// Who collates its devices, likewise.
    #[serde(default, skip_serializing_if = "Collator::is_center")]
    pub collator: Collator,
    /// Who made it.
    pub account: AccountName,
    /// On which devices, as it was applied for.
    pub on: Selection,
    /// Which devices were chosen, if that was left open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Selection>,
    /// When it was made.
    pub made: Timestamp,
    /// From when on its codes open nothing any more.
    pub expires: Timestamp,
    /// Where it stands.
    pub phase: Phase,
    /// How many devices are how far, as last counted.
    #[serde(default)]
    pub tally: Tally,
    /// The count that is under way, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counting: Option<Counting>,
}

/// ```text
///            chosen              all in the mailboxes        nothing open any more
///  Choosing ────────▶ Filling ─────────────────────▶ Open ─────────────────────▶ Complete
///      │                 │                             │
///      └─────────────────┴───────── cancelled ─────────┴──────────────────────▶ Cancelled
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// The administrator has not chosen yet.
    Choosing,
    /// A job puts the instructions into the mailboxes.
    Filling {
        /// The device that was looked at last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<DeviceId>,
        /// How many instructions have been made.
        made: u32,
    },
    /// All instructions are in the mailboxes.
    Open,
    /// Something has become of every device.
    Complete,
    /// It was called off.
    Cancelled,
}

/// A count that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counting {
    /// The device that was counted last.
    pub after: DeviceId,
    /// What has been counted so far.
    pub tally: Tally,
}

impl Application {
    /// Where it is.
    #[must_use]
    pub fn key(customer: CustomerId, id: ApplicationId) -> Key {
        Key::owned(Kind::Application, Owner::customer(customer), id.as_bytes())
    }

    /// Which application a key of [`Application::key`] names.
    #[must_use]
    pub fn id(key: &Key) -> Option<ApplicationId> {
        let id = key.key.as_slice().try_into().ok()?;
        Some(ApplicationId::from_bytes(id))
    }

    /// Whether this message asks for something else under the same request id.
    // spec: SVC-010
    #[must_use]
    pub fn is_other(&self, message: &Apply, validity: Seconds) -> bool {
        self.on != message.on || self.expires != self.made.after(validity)
    }

    /// Which devices it is about.
    #[must_use]
    pub fn about(&self) -> &Selection {
        self.chosen.as_ref().unwrap_or(&self.on)
    }

    /// What people are shown of it.
    #[must_use]
    pub fn row(&self, id: ApplicationId) -> ApplicationRow {
        ApplicationRow {
            application: id,
            service: self.service.clone(),
            state: self.phase.state(),
            made: DateTime(self.made),
            expires: DateTime(self.expires),
            tally: self.tally,
        }
    }
}

impl Phase {
    /// A job at its beginning.
    pub const FILLING: Self = Self::Filling {
        after: None,
        made: 0,
    };

    /// What people are told of it.
    #[must_use]
    pub const fn state(self) -> ApplicationState {
        match self {
            Self::Choosing => ApplicationState::Choosing,
            Self::Filling { .. } => ApplicationState::Filling,
            Self::Open => ApplicationState::Open,
            Self::Complete => ApplicationState::Complete,
            Self::Cancelled => ApplicationState::Cancelled,
        }
    }
}

impl Record for Application {}
