//! The target record: one device of an application, and what has become of it.

use serde::{Deserialize, Serialize};

use crate::id::{ApplicationId, CustomerId, DeviceId, InstructionId, Note};
use crate::time::Timestamp;
use crate::wire::people::DateTime;
use crate::wire::services::{TargetRow, TargetState};

use super::bytes::Bytes;
use super::desk::Record;
use super::key::{Key, Kind, Owner, Range};

/// One device of an application.
///
/// ```text
///            taken            collated
///  waiting ────────▶ taken ────────────▶ entitled          handed-over ── given ──▶ waiting
///     │  └──────── collated ────────────────▲
///     ├─────────────┴── failed, rejected ──▶ failed ── collated ──▶ entitled
///     └─────────────┴── called off, run out ▶ withdrawn
///
///  not-applicable, already-entitled, already-applied, mailbox-full: left out from the beginning
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// How far it is.
    pub state: TargetState,
    /// Since when.
    pub since: Timestamp,
    /// Its instruction, if one was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<InstructionId>,
    /// What the device said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Note>,
    /// The keyed hash of the code that the service's provider gave, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Bytes<32>>,
}

impl Target {
    /// Where it is.
    #[must_use]
    pub fn key(customer: CustomerId, application: ApplicationId, device: DeviceId) -> Key {
        let key = [&application.as_bytes()[..], device.as_bytes()].concat();
        Key::owned(Kind::Target, Owner::customer(customer), &key)
    }

    /// Which device a key of [`Target::key`] is about.
    #[must_use]
    pub fn device(key: &Key) -> Option<DeviceId> {
        let (_, id) = key.key.split_last_chunk::<16>()?;
        Some(DeviceId::from_bytes(*id))
    }

    /// Whose application a key of [`Target::key`] belongs to, and which.
    #[must_use]
    pub fn application(key: &Key) -> Option<(CustomerId, ApplicationId)> {
        let (id, _) = key.key.split_first_chunk::<16>()?;
        let customer = CustomerId::from_bytes(key.owner.0);
        Some((customer, ApplicationId::from_bytes(*id)))
    }

    /// The targets of an application behind `after`, at most `limit`.
    #[must_use]
    pub fn of(
        customer: CustomerId,
        application: ApplicationId,
        after: Option<DeviceId>,
        limit: u32,
    ) -> Range {
        let with = |device: &[u8]| [&application.as_bytes()[..], device].concat();
        Range {
            kind: Kind::Target,
            owner: Owner::customer(customer),
            after: with(after.as_ref().map_or(&[], |device| device.as_bytes())),
            through: with(&[u8::MAX; 16]),
            limit,
        }
    }

    /// The target in another state, if it may still change. A pair that is right entitles whatever
    /// the device has said before.
    // spec: SVC-035, SVC-038, SVC-040
    #[must_use]
    pub fn moved(
        &self,
        state: TargetState,
        since: Timestamp,
        detail: Option<Note>,
    ) -> Option<Self> {
        let after_all = (self.state, state) == (TargetState::Failed, TargetState::Entitled);
        let goes_on = self.state.is_open() && self.state != state;
        (goes_on || after_all).then_some(Self {
            state,
            since,
            instruction: self.instruction,
            detail,
            given: self.given,
        })
    }

    /// What people are shown of it.
    #[must_use]
    pub fn row(self, device: DeviceId) -> TargetRow {
        TargetRow {
            device,
            state: self.state,
            since: Some(DateTime(self.since)),
            detail: self.detail,
        }
    }
}

impl Record for Target {}
