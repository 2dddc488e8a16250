//! Parties under test that dial the center: a device, a gateway or a provider's server, inside this
//! process or outside it.
//!
//! Behind each stands the kit's own center, and each request is held until the case says what
//! becomes of it. A *unit* is a machine of the core with a memory, a power switch, a clock that
//! only cases move, and, behind a gateway, children that do as they are told. The kit drives a unit
//! directly, without a socket; the bundled hook drives one in a process of its own, over real
//! connections.

mod afar;
mod behind;
mod children;
mod kind;
mod lan;
mod listener;
mod machine;
mod mail_server;
mod outside;
mod peer;
mod played;
mod provider;
mod reading;
mod remote;
mod sealed;
mod senses;
mod served;
mod service;
mod unit;

pub use behind::Behind;
pub(crate) use behind::unreadable;
pub use children::Child;
pub use kind::{Deed, DeviceKind, GatewayKind, Happening, Kind, Outgoing};
pub use lan::{Announced, AnnouncedLan, Hears, heard};
pub use listener::{Backstage, Held, Listener, ListenerError};
pub(crate) use machine::asked;
pub use machine::{MachineParty, bundled, new_seat};
pub use outside::{ByMail, Carry, Dial, Outside, Post, PostOffice, Street, dial, post};
pub use played::Played;
pub use provider::{Lapses, ProviderParty, Reach, RemoteProvider, serve_provider};
pub(crate) use provider::{reach, read_refusal, read_reply, said_to_center};
pub use reading::{Read, read};
pub use remote::RemoteParty;
pub use senses::Senses;
pub use served::{Stuck, serve};
pub use unit::{Boxed, Make, Seat, Unit, UnitError};
