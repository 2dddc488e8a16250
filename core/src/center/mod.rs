//! The center's decisions: a pure function of the time, a seed, a call and the records.
//!
//! ```text
//! decide(now, seed, call, records) ─┬─▶ Pause::Read(needs)   load these and ask me again
//!                                   └─▶ Decision             reply or refusal, writes, effects
//! ```
//!
//! A decision authenticates first, inside. The driver asks with the same `now` and `seed` again
//! after each load, so that one attempt gives one answer. A refusal writes nothing but counted
//! wrong codes and the time by which something was judged to have run out. Nothing here knows a
//! store, a transport or a clock.

mod acknowledge;
mod apply;
mod authenticate;
mod calls;
mod codes;
mod collate;
mod count;
mod decide;
mod devices;
mod enrol;
mod fill;
mod first_use;
mod handovers;
mod holdings;
mod instruct;
mod instructions;
mod invitations;
mod keys;
mod mailboxes;
mod membership;
mod plan;
mod policy;
mod poll;
mod poll_links;
mod progress;
mod register;
mod report;
mod rotate;
mod services;
mod tick;
mod tokens;
mod work;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::code::{AccessToken, FormalCode, ProvisionalCode};
use crate::entropy::Seed;
use crate::id::{ApplicationId, CorrelationId, CustomerId, EffectId, ServiceId};
use crate::record::{Pause, Records, Written};
use crate::time::Timestamp;
use crate::wire::people::{PeopleReply, PeopleRequest};
use crate::wire::services::Tally;
use crate::wire::{DeviceReply, DeviceRequest, Refusal, Register, Registered};

pub use decide::Center;
pub use keys::{Keys, KeysError};
pub use policy::{Daily, Policy};

/// Something that decides calls: the center, or a fault that stands before it in a test.
pub trait Decide: Send + Sync {
    /// Decides one call. The same arguments always give the same result.
    ///
    /// # Errors
    /// [`Pause`] says what has to be loaded first, or which stored record is damaged.
    fn decide(
        &self,
        now: Timestamp,
        seed: &Seed,
        call: &Call,
        records: &Records,
    ) -> Result<Decision, Pause>;
}

impl<D: Decide + ?Sized> Decide for Arc<D> {
    fn decide(
        &self,
        now: Timestamp,
        seed: &Seed,
        call: &Call,
        records: &Records,
    ) -> Result<Decision, Pause> {
        (**self).decide(now, seed, call, records)
    }
}

/// One message that reached the center, whatever line it came by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Where it came from.
    pub source: Source,
    /// What was presented with it.
    pub presented: Credential,
    /// What it says.
    pub message: Message,
}

/// Where a call came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// The peer's address, where the line has such a thing; wrong codes are counted by it.
    pub address: Option<IpAddr>,
    /// Joins what the peer is told to what the operator's log says.
    pub correlation: CorrelationId,
}

/// What a caller presents.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential {
    /// Nothing.
    None,
    /// A provisional access code that reads right.
    Provisional(ProvisionalCode),
    /// A formal access code that reads right.
    Formal(FormalCode),
    /// An access token that reads right.
    Token(AccessToken),
    /// Something meant as a provisional code that does not read right.
    BadProvisional,
    /// Something meant as a formal code that does not read right.
    BadFormal,
    /// Something meant as a token that does not read right.
    BadToken,
    /// The operator at the center's own console. No transport makes this.
    Console,
}

/// What a call says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// A device or a gateway.
    Device(DeviceRequest),
    /// A person or a person's program.
    People(PeopleRequest),
    /// A device that registers for a service, at the service's URL.
    Register(ServiceId, Register),
    /// Time has passed: do what has become due.
    Tick,
}

/// What the center has decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What the caller is told.
    pub outcome: Result<Reply, Refused>,
    /// What the store has to keep before the caller is told.
    pub written: Written,
    /// What to tell others once that is kept. Each is in the outbox too, among the writes.
    pub effects: Vec<Effect>,
}

/// What the center answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// To a device or a gateway.
    Device(DeviceReply),
    /// To a person or a person's program.
    People(PeopleReply),
    /// To a device that registered for a service.
    Registered(Registered),
    /// To a tick.
    Ticked(Ticked),
}

/// What a tick did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// More is due already: tick again at once.
    pub more: bool,
    /// Whether expiry is suspended because the clock jumped ahead.
    pub suspended: bool,
    /// What was passed over because a record is damaged, for the operator; the rest was done.
    pub damage: Option<String>,
}

/// A refusal: what the outsider is told, and what the operator's log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// For the outsider.
    pub refusal: Refusal,
    /// For the operator: the true reason, without secrets.
    pub reason: Reason,
}

/// The true reason for a refusal, as the operator's log and metrics name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// A fixed word, such as `code-expired`; the label of a metric.
    pub word: &'static str,
    /// What the operator needs to know: ids, times, counts.
    pub detail: String,
}

/// Something to tell somebody, at least once; `id` makes repeating it harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Which one it is.
    pub id: EffectId,
    /// What to tell whom.
    pub what: EffectKind,
}

/// What to tell whom.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum EffectKind {
    /// The operator should look at this.
    Alarm {
        /// A fixed word, such as `device-at-two-customers`.
        word: String,
        /// A sentence for the operator.
        detail: String,
    },
    /// The instructions of an application are in the mailboxes: devices can be told to poll.
    InstructionsWaiting {
        /// Whose application it is.
        customer: CustomerId,
        /// Which one.
        application: ApplicationId,
        /// For which service.
        service: ServiceId,
        /// How many instructions wait.
        devices: u32,
    },
    /// Something has become of every device of an application.
    ApplicationComplete {
        /// Whose application it is.
        customer: CustomerId,
        /// Which one.
        application: ApplicationId,
        /// For which service.
        service: ServiceId,
        /// What has become of how many.
        tally: Tally,
    },
}
