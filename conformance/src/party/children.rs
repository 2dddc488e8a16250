//! Children as a case describes them: who they are, how they are, and how slow or silent.
//!
//! A child answers a general call after `answersAfter` milliseconds and `self` after `selfAfter`;
//! one that is `silent` answers neither, one that is `deaf` answers the call alone. What it says of
//! itself in `self` can be told apart from what it said to the call, as it is where an address
//! changed hands.

use restante_core::wire::site::{OwnStatus, SelfDescription};
use restante_core::wire::{Contacts, DeviceEntry, Identification};
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
