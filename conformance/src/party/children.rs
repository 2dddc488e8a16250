//! Children as a case describes them: who they are, how they are, and how slow or silent.
//!
//! A child answers a general call after `answersAfter` milliseconds and `self` after `selfAfter`;
//! one that is `silent` answers neither, one that is `deaf` answers the call alone. What it says of
//! itself in `self` can be told apart from what it said to the call, as it is where an address
//! changed hands. What it is handed it answers after `carryOutAfter` milliseconds, with an outcome
//! for each kind of act.

use std::collections::BTreeMap;

use restante_core::wire::site::{CarriedOut, CarryOut, OwnStatus, SelfDescription};
use restante_core::wire::{Act, ActResult, Contacts, DeviceEntry, Identification};
use serde::Deserialize;

/// A child.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Child {
    /// Who it is.
    pub identification: Identification,
    /// Where it is.
    #[serde(default)]
    pub contacts: Contacts,
    /// How it is.
    #[serde(default)]
    status: Option<OwnStatus>,
    /// After how many milliseconds it answers a general call.
    #[serde(default)]
    pub answers_after: u64,
    /// After how many milliseconds it says how it is.
    #[serde(default)]
    pub self_after: u64,
    /// After how many milliseconds it says what became of what it was handed.
    #[serde(default)]
    pub carry_out_after: u64,
    /// What becomes of an act of each kind; one that is not named is done if it is `notify`, and
    /// rejected otherwise.
    #[serde(default)]
    outcomes: BTreeMap<String, ActResult>,
    /// It answers nothing at all.
    #[serde(default)]
    pub silent: bool,
    /// It answers the general call, and not `self`.
    #[serde(default)]
    pub deaf: bool,
    /// Who it says that it is in `self`, where that is somebody else.
    #[serde(default)]
    pub poses_as: Option<Identification>,
}

impl Child {
    /// What it answers to the general call.
    #[must_use]
    pub fn entry(&self) -> DeviceEntry {
        DeviceEntry {
            identification: self.identification.clone(),
            contacts: self.contacts.clone(),
        }
    }

    /// What it answers when it was handed this, if it does.
    #[must_use]
    pub fn carried_out(&self, order: CarryOut) -> Option<CarriedOut> {
        let result = |act: &Act| match (self.outcomes.get(act.kind()), act) {
            (Some(result), _) => result.clone(),
            (None, Act::Notify(_)) => ActResult::DONE,
            (None, other) => ActResult::unknown_kind(other),
        };
        let results = order.acts.as_slice().iter().map(result).collect();
        let answers = !self.silent && !self.deaf;
        answers.then_some(CarriedOut {
            id: order.id,
            results,
        })
    }

    /// What it answers to `self`, if it does.
    #[must_use]
    pub fn own(&self) -> Option<SelfDescription> {
        let identification = self.poses_as.as_ref().unwrap_or(&self.identification);
        let says = !self.silent && !self.deaf;
        let status = self.status.clone().filter(|_| says)?;
        Some(SelfDescription {
            identification: identification.clone(),
            status,
        })
    }
}
