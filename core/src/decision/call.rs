//! A call and its answer: one message that reached a server, where it came from, what was presented
//! with it, and what is said in return.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::code::{AccessToken, EnrolId, FormalCode, ProvisionalCode};
use crate::id::{CorrelationId, ServiceId};
use crate::wire::people::{PeopleReply, PeopleRequest};
use crate::wire::provider::{ProviderReply, ProviderRequest};
use crate::wire::{DeviceReply, DeviceRequest, Mailed, Refusal, Register, Registered};

use super::Reason;

/// One message that reached a server, whatever line it came by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Where it came from.
    pub source: Source,
    /// What was presented with it.
    pub presented: Credential,
    /// What it says.
    pub message: Message,
}

impl Call {
    /// What came in a mail: it presents nobody, and no address of its sender is known.
    // spec: MAIL-004
    #[must_use]
    pub const fn mailed(correlation: CorrelationId, message: Mailed) -> Self {
        Self::of_nobody(correlation, Message::Mailed(message))
    }

    /// An envelope has come by a line that has no addresses. It presents whoever has sealed it.
    #[must_use]
    pub const fn sealed(correlation: CorrelationId, envelope: Vec<u8>) -> Self {
        Self::of_nobody(correlation, Message::Sealed(envelope))
    }

    const fn of_nobody(correlation: CorrelationId, message: Message) -> Self {
        Self {
            source: Source {
                address: None,
                correlation,
            },
            presented: Credential::None,
            message,
        }
    }
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
    /// The enrol id of a provisional code whose enrol key has sealed the message. No transport
    /// makes this: whoever opens an enrolment does.
    EnrolId(EnrolId),
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
    /// The operator at the server's own console. No transport makes this.
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
    /// What a mail holds. Nobody hears what becomes of it but the operator.
    Mailed(Mailed),
    /// A sealed envelope, as the line has brought it. It presents whoever has sealed it.
    Sealed(Vec<u8>),
    /// What a provider's own program has heard of its center about a service. What follows from it
    /// is kept, and the answer is what to say to the center next. No transport makes this.
    Heard(ServiceId, Heard),
    /// The operator's word that the store was put back from a copy. No transport makes this.
    Restored,
    /// Time has passed: do what has become due.
    Tick,
}

/// What a provider's own program has heard of its center.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Heard {
    /// Nothing yet: a round begins.
    Nothing,
    /// This answer to what it had said.
    Answer(ProviderRequest, ProviderReply),
    /// That what it had said is refused as a whole.
    Refused(ProviderRequest, Refusal),
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// To a device or a gateway.
    Device(DeviceReply),
    /// To a person or a person's program.
    People(PeopleReply),
    /// To a device that registered for a service, unless it did so by mail.
    Registered(Registered),
    /// To a sealed envelope that opened.
    Sealed(Sealed),
    /// To a provider's own program.
    ToSay(ToSay),
    /// To the operator who says that the store was put back: the number of the new generation.
    Restored(u32),
    /// To a tick.
    Ticked(Ticked),
}

/// What is answered to a sealed envelope that opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// What to send, sealed: a reply, a refusal or a challenge. Nothing is said to a mail.
    pub envelope: Option<Vec<u8>>,
    /// Why the message inside came to nothing, for the operator, if it did not.
    pub reason: Option<Reason>,
}

/// What a provider's own program is to say to its center next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToSay {
    /// The messages, in this order.
    pub messages: Vec<ProviderRequest>,
    /// What was passed over because a record is damaged, for the operator; the rest was done.
    pub damage: Option<String>,
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
