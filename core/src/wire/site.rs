//! The site side: what a gateway and the devices of its LAN say to each other.
//!
//! A child answers and dials nobody. `self` is what it is and how it is; `carry-out` is one
//! instruction with a result for each of its acts. These lines carry no credential: what a gateway
//! passes on of them is unverified. Serves spec chapter SITE.

use alloc::format;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, InstructionId, Note};
use crate::time::Seconds;

use super::acknowledge::{ActResult, results};
use super::devices::Identification;
use super::instruction::{Act, Acts};
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

    /// The report of it, after it was `held` so long, without an address.
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
            address: None,
        }
    }
}

/// One instruction for a child, or as much of it as a child can do in one go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CarryOut {
    /// Which one: the instruction's id. Acts that follow upon something that the gateway itself did
    /// in between have an id of their own, the instruction's with a point and a number.
    pub id: Note,
    /// What to do, in this order.
    pub acts: Acts,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CarriedOut {
    /// Which one.
    pub id: Note,
    /// What became of each act, in their order.
    #[serde(deserialize_with = "results")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 8)))]
    pub results: Vec<ActResult>,
}

impl CarryOut {
    /// These acts of an instruction, of which so many are over already; nothing if there are none.
    #[must_use]
    pub fn of(instruction: InstructionId, over: usize, acts: Vec<Act>) -> Option<Self> {
        let id = match over {
            0 => format!("{instruction}"),
            more => format!("{instruction}.{more}"),
        };
        Some(Self {
            id: Note::new(id).ok()?,
            acts: Acts::new(acts)?,
        })
    }
}
