//! The site side: what a gateway and the devices of its LAN say to each other.
//!
//! A child answers and dials nobody. `self` is what it is and how it is; `carry-out` is one
//! instruction with one result. These lines carry no credential: what a gateway passes on of them
//! is unverified. Serves spec chapter SITE.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, Note};
use crate::time::Seconds;

use super::devices::Identification;
use super::status::{Counters, DeviceState, StateReasons, Status, StatusReport};

/// What a child answers to `self`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SelfDescription {
    /// Which device it is.
    pub identification: Identification,
    /// How it is.
    pub status: OwnStatus,
}

/// A child's running status: a report that does not say which device at the center it is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OwnStatus {
    /// How often the child had been switched on.
    pub boot: u32,
    /// Which reading since then.
    pub seq: u32,
    /// How many seconds ago the readings were taken.
    #[serde(default)]
    pub age: Seconds,
    /// Whether it works.
    pub state: DeviceState,
    /// Why it is in that state.
    #[serde(default, skip_serializing_if = "StateReasons::is_empty")]
    pub reasons: StateReasons,
    /// What it has done so far.
    pub counters: Counters,
}

impl OwnStatus {
    /// A status with its number.
    #[must_use]
    pub fn new(status: Status, boot: u32, seq: u32) -> Self {
        Self {
            boot,
            seq,
            age: Seconds::ZERO,
            state: status.state,
            reasons: status.reasons,
            counters: status.counters,
        }
    }

    /// The report of it, after it was `held` so long.
    // spec: GWY-008
    #[must_use]
    pub fn report(&self, device: DeviceId, held: Seconds) -> StatusReport {
        StatusReport {
            device,
            boot: self.boot,
            seq: self.seq,
            age: self.age.plus(held),
            state: self.state,
            reasons: self.reasons.as_slice().to_vec(),
            counters: self.counters.clone(),
        }
    }
}

/// One instruction for a child. Version 1 defines no kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CarryOut {
    /// Which instruction, in the gateway's words.
    pub id: Note,
    /// What to do.
    pub kind: Note,
}

/// What became of an instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CarriedOut {
    /// Which instruction.
    pub id: Note,
    /// Whether it was done.
    pub result: CarryResult,
    /// A sentence for a person.
    pub detail: String,
}

/// Whether an instruction was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum CarryResult {
    /// It was.
    Done,
    /// It was tried in vain.
    Failed,
    /// The child does not do such a thing.
    Rejected,
}

impl CarriedOut {
    /// The answer of a child that knows none of the kinds there are.
    // spec: SITE-006
    #[must_use]
    pub fn rejected(asked: &CarryOut) -> Self {
        Self {
            id: asked.id.clone(),
            result: CarryResult::Rejected,
            detail: alloc::format!(
                "this device carries out no instruction of kind {}",
                asked.kind
            ),
        }
    }
}
