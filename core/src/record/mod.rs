//! What the center remembers: keys, rows, and one file per noun.
//!
//! A record is a row of an ordered key-value store: `(kind, owner, key, revision, format, body)`,
//! the body being JSON. Decisions see them through a [`Desk`]: it yields what has been loaded,
//! pauses for what has not, collects what is to be written, and remembers at which revision each
//! record was read, so that the store can refuse the writes if anything has moved since.

mod application;
mod bytes;
mod clock;
mod customer;
mod desk;
mod device;
mod due;
mod entitlement;
#[cfg(feature = "center")]
mod generation;
mod grant;
mod handover;
mod instruction;
mod key;
#[cfg(feature = "center")]
mod lane;
mod locator;
mod mailbox;
mod outbox;
mod plan;
mod registration;
mod row;
mod service;
mod sighting;
mod status;
mod target;
mod throttle;
mod token;
mod unreported;

pub use application::{Application, Counting, Phase};
pub use bytes::Bytes;
pub use clock::{Clock, Judged};
pub use customer::Customer;
pub use desk::{Desk, Found, Pause, Record};
pub use device::Device;
pub use due::Due;
pub use entitlement::{Entitlement, InForce};
#[cfg(feature = "center")]
pub use generation::Generation;
pub use grant::{Grant, GrantLocator, GrantState, Slots};
pub use handover::{ApplicationLocator, Handover};
pub use instruction::{
    Delivery, End, Event, Finished, Instruction, InstructionState, Invitation, Verdict, Word,
};
pub use key::{Key, Kind, Owner, Range};
#[cfg(feature = "center")]
pub use lane::{Lane, LaneRecord};
pub use locator::{InUse, RegistrationLocator};
pub use mailbox::Mailbox;
pub use outbox::{Outbox, delivered};
pub use plan::{LeftOut, Plan, PlanPart};
pub use registration::{
    Active, Ended, Facts, Pending, PendingDevice, Registration, Secret, State, Use, Why,
};
pub use row::{AtHand, Change, Expect, Loaded, Need, Records, Revision, Row, Write, Written};
pub use service::Service;
pub use sighting::Sighting;
pub use status::{Reached, Reading};
pub use target::Target;
pub use throttle::{Throttle, WrongCode};
pub use token::Token;
pub use unreported::Unreported;
