//! A served gateway's side of its LAN: the children that the kit announces, asked for real.
//!
//! The kit tells where each child is and what its record says, and this stands for the multicast
//! in between: the record is read as an answer to the general call is. `self` and `carry-out` then
//! go over the LAN side of the reference gateway.

use std::collections::BTreeMap;

use restante_core::gateway::Input;
use restante_core::id::LanAddress;
use restante_core::wire::{Contacts, DeviceEntry, Identification};
use restante_device::act::Errand;
use restante_device::driver::Neighbours;
use restante_device::site::{Lan, recorded};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::kind::Happening;

/// A child as the kit announces it.
#[derive(Clone, Debug, Deserialize)]
pub struct Announced {
    /// Where it is.
    pub address: LanAddress,
    /// The text record of its answer to a general call.
    pub record: BTreeMap<String, String>,
}

/// What of these records a gateway takes for children.
pub type Hears = fn(&[Announced]) -> Vec<DeviceEntry>;

/// The LAN with the announced children.
#[derive(Debug)]
pub struct AnnouncedLan {
    lan: Lan,
    announced: Vec<Announced>,
    hears: Hears,
}

impl Announced {
    /// The child that this gateway takes it for.
    #[must_use]
    pub fn entry(&self, identification: Identification) -> DeviceEntry {
        DeviceEntry {
            identification,
            contacts: Contacts {
                address: Some(self.address.clone()),
                manager_mail: None,
            },
        }
    }

    /// The child, if its record says what it has to.
    #[must_use]
    pub fn child(&self) -> Option<DeviceEntry> {
        let text = |key: &str| self.record.get(key).map(String::as_str);
        Some(self.entry(recorded(text)?))
    }
}

impl AnnouncedLan {
    /// A LAN with these children, heard so.
    ///
    /// # Errors
    /// A sentence, where the host lacks what that needs.
    pub fn new(announced: Vec<Announced>, hears: Hears) -> Result<Self, String> {
        // Whoever came first has installed the same provider.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            lan: Lan::new(false, Vec::new()).map_err(|why| why.to_string())?,
            announced,
            hears,
        })
    }
}

impl Neighbours<Input> for AnnouncedLan {
    fn run(&mut self, errand: Errand, inbox: &mpsc::Sender<Input>) {
        if !matches!(errand, Errand::Call) {
            return self.lan.run(errand, inbox);
        }
        let (children, inbox) = ((self.hears)(&self.announced), inbox.clone());
        tokio::spawn(async move {
            for child in children {
                // Nobody listens any more when the gateway ends.
                let _gone = inbox.send(Input::CallAnswered(Box::new(child))).await;
            }
        });
    }
}

/// Each record by itself, as the reference gateway reads it.
#[must_use]
pub fn heard(announced: &[Announced]) -> Vec<DeviceEntry> {
    announced.iter().filter_map(Announced::child).collect()
}

/// What a LAN tells a gateway, in words for either kind of machine. That a child is silent the
/// machine finds by its own clock.
pub(super) fn happened(input: Input) -> Option<Happening> {
    match input {
        Input::CallAnswered(child) => Some(Happening::CallAnswered(child)),
        Input::ChildAnswered { device, own } => Some(Happening::ChildAnswered(device, own)),
        Input::CarriedOut { device, done } => Some(Happening::ChildDone(device, done)),
        _ => None,
    }
}
