//! Faults: defects on purpose, by which the kit shows that its cases can fail.
//!
//! A fault stands between parts that are right, at one of the seams that the core's traits and the
//! lines leave open; the core, the adapters and the programs know nothing of it. It names the cases
//! that it kills and the words in which they have to say so: a case that fails in other words was
//! not killed. Every other case has to stay as it was, but for those that the fault names as well.

mod center;
mod client;
mod connected;
mod decision;
mod device;
pub(crate) mod dialling;
mod front;
mod gateway;
mod http;
mod lan;
mod machine;
mod mail;
mod mailing;
mod memo;
mod power;
mod prove;
mod provider;
mod scene;

pub use client::Manners;
pub use decision::Faulty;
pub use front::{Front, Oddness};
pub use http::{FaultyLine, Wire};
pub use lan::LanManners;
pub(crate) use machine::faulty;
pub use machine::{Wants, Wiring};
pub use mailing::Mailing;
pub(crate) use mailing::message;
pub use memo::{Heard, Memo, Seam, Site};
pub use prove::{Collateral, Kill, LEFT_OUT, Proof, Proven, allows, prove, prove_all};
pub use provider::Wrong;
pub use scene::{Decided, Scene};

use restante_http::server::Bounds;

use std::collections::BTreeSet;

use crate::case::{Catalogue, Role};
use crate::party::{DeviceKind, GatewayKind};

/// One defect.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// What it is called, as cases name it in `killedBy`.
    pub name: &'static str,
    /// What the party does wrong, in a sentence.
    pub says: &'static str,
    /// The requirements that it breaks; where none is named, all that the killed cases cite.
    pub breaks: &'static [&'static str],
    /// The cases that have to fail, each with words that its reason has to hold.
    pub kills: &'static [(&'static str, &'static str)],
    /// Other cases that may fail with it, since the same defect shows there too; all of a family or
    /// role where the name ends in `/`.
    pub also: &'static [&'static str],
    /// What it does, and where.
    pub defect: Defect,
}

/// What a fault does, by the seam at which it does it.
#[derive(Clone, Copy, Debug)]
pub enum Defect {
    /// Before and behind the center's decisions: calls, loaded records, outcomes, writes.
    Decision(fn(&Scene<'_>) -> Decided),
    /// Requests and responses as HTTP carries them.
    Wire(Wire),
    /// What is read in the place of a mail that is handed over.
    Mail(fn(&[u8]) -> Vec<u8>),
    /// Under the center: a power cut takes everything that was stored.
    Power,
    /// At the center's listener: how patient it is with its peers. On real connections.
    Patience(fn(&mut Bounds)),
    /// Before the center's listener: a proxy to which the kit connects instead.
    Front(Oddness),
    /// Before and behind a device: what happens to it, and what it wants done.
    Device(Wiring<DeviceKind>),
    /// In the place of a device's HTTP client. On real connections.
    Client(Manners),
    /// Between a device and its mail server. On real connections.
    Mailing(Mailing),
    /// Between a gateway and its children. On real connections.
    Lan(LanManners),
    /// Before and behind a gateway.
    Gateway(Wiring<GatewayKind>),
    /// Before and behind a provider's decisions, or under them.
    Provider(Wrong),
}

impl Defect {
    /// The seam's name, for people.
    #[must_use]
    pub const fn seam(self) -> &'static str {
        match self {
            Self::Decision(_) | Self::Provider(_) => "decision",
            Self::Wire(_) => "wire",
            Self::Mail(_) => "mail",
            Self::Power => "power",
            Self::Patience(_) => "listener",
            Self::Front(_) => "connection",
            Self::Client(_) => "client",
            Self::Mailing(_) => "mail server",
            Self::Lan(_) => "LAN",
            Self::Device(_) | Self::Gateway(_) => "machine",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            Self::Decision(_)
            | Self::Wire(_)
            | Self::Mail(_)
            | Self::Power
            | Self::Patience(_)
            | Self::Front(_) => Role::Server,
            Self::Device(_) | Self::Client(_) | Self::Mailing(_) => Role::Device,
            Self::Gateway(_) | Self::Lan(_) => Role::Gateway,
            Self::Provider(_) => Role::Provider,
        }
    }
}

impl Fault {
    /// The requirements that it breaks.
    #[must_use]
    pub fn broken(&self, catalogue: &Catalogue) -> BTreeSet<String> {
        if !self.breaks.is_empty() {
            return self.breaks.iter().map(|&id| id.to_owned()).collect();
        }
        let named = |case: &&crate::case::Case| {
            let id = case.id.as_str();
            self.kills.iter().any(|(killed, _)| *killed == id)
        };
        let cited = catalogue.iter().filter(named);
        let cited = cited.flat_map(|case| case.requirements.iter());
        cited.map(|cited| cited.id.clone()).collect()
    }
}

/// All faults.
pub fn all() -> impl Iterator<Item = &'static Fault> {
    let center = center::FAULTS.iter().copied().flatten();
    let device = device::FAULTS.iter().copied().flatten();
    let gateway = gateway::FAULTS.iter().copied().flatten();
    let provider = provider::FAULTS.iter().copied().flatten();
    center.chain(device).chain(gateway).chain(provider)
}

/// The fault with this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Fault> {
    all().find(|fault| fault.name == name)
}
