//! What a machine wants done, in words that the driver shares between devices and gateways.
//!
//! The two machines have inputs and outputs of their own; the driver needs of them only what is
//! here.

use restante_core::code::Presented;
use restante_core::duty::Duty;
use restante_core::gateway::Ask;
use restante_core::id::CenterAddress;
use restante_core::registrant::{self, Challenged, Exchange, Notice, PeerCall, ServiceAnswer};
use restante_core::wire::site::CarryOut;
use restante_core::wire::{DeviceReply, DeviceRequest, PollRequest, Refusal};
use restante_core::{Crypto, device, gateway};

/// Something to be done.
#[derive(Debug)]
pub enum Act {
    /// Keep these bytes, durably, before anything else.
    Keep(Vec<u8>),
    /// Send this.
    Send(Box<Outgoing>),
    /// Run this errand to a service's server.
    Register(Box<registrant::Errand>),
    /// Ask this peer to poll.
    CallPeer(Box<PeerCall>),
    /// Tell people, and note how far things are.
    Show(String, Option<Milestone>),
    /// Have this done by what is around the machine.
    Errand(Errand),
}

/// A message to the center. What is logged of it is never the message itself.
// spec: SEC-004
#[derive(Debug)]
pub struct Outgoing {
    /// The number that the answer has to bear.
    pub exchange: Exchange,
    /// To whom.
    pub center: CenterAddress,
    /// The code that opens the communication.
    pub presented: Presented,
    /// The message.
    pub request: DeviceRequest,
}

/// What a gateway wants of the LAN around it.
#[derive(Debug)]
pub enum Errand {
    /// Call all devices.
    Call,
    /// Ask these children how they are.
    Ask(Vec<Ask>),
    /// Hand this to a child.
    Hand(Ask, Box<CarryOut>),
}

/// How far things are: what a program that was told to stop somewhere waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Milestone {
    /// The formal code is in use.
    InUse,
    /// A report was taken.
    Reported,
    /// A new formal code is in use, or the former one is again.
    Rotated,
    /// A general call is over.
    Called,
    /// Children were added or removed, or cannot be.
    Members,
    /// The registration has ended.
    Left,
    /// What a person asked for was refused.
    Refused,
    /// Nothing goes on without a person.
    NeedsPerson,
}

/// An output that the driver understands.
pub trait ToAct {
    /// What is to be done.
    fn act(self) -> Act;
}

/// A machine that carries out what its mailbox asks for.
pub trait Instructed {
    /// What it was told to do, and how far that is.
    fn duties(&self) -> &[Duty];
}

impl<C: Crypto> Instructed for device::Device<C> {
    fn duties(&self) -> &[Duty] {
        self.duties()
    }
}

impl<C: Crypto> Instructed for gateway::Gateway<C> {
    fn duties(&self) -> &[Duty] {
        self.duties()
    }
}

/// An input that the driver can make.
pub trait FromWorld: Send + 'static {
    /// Time has passed.
    fn time_passed() -> Self;
    /// A reply came.
    fn replied(exchange: Exchange, reply: DeviceReply) -> Self;
    /// A refusal came.
    fn refused(exchange: Exchange, refusal: Refusal) -> Self;
    /// Nothing came.
    fn link_failed(exchange: Exchange) -> Self;
    /// This came of an errand.
    fn service_answered(exchange: Exchange, answer: ServiceAnswer) -> Self;
    /// A peer has answered, or not.
    fn peer_called(exchange: Exchange, answered: bool) -> Self;
    /// The center has challenged.
    fn challenged(challenged: Challenged) -> Self;
    /// Somebody on the LAN asks for a poll.
    fn poll_requested(request: PollRequest) -> Self;
}

macro_rules! from_world {
    ($input:ty) => {
        impl FromWorld for $input {
            fn time_passed() -> Self {
                Self::TimePassed
            }
            fn replied(exchange: Exchange, reply: DeviceReply) -> Self {
                Self::Replied { exchange, reply }
            }
            fn refused(exchange: Exchange, refusal: Refusal) -> Self {
                Self::Refused { exchange, refusal }
            }
            fn link_failed(exchange: Exchange) -> Self {
                Self::LinkFailed { exchange }
            }
            fn service_answered(exchange: Exchange, answer: ServiceAnswer) -> Self {
                Self::ServiceAnswered { exchange, answer }
            }
            fn peer_called(exchange: Exchange, answered: bool) -> Self {
                Self::PeerCalled { exchange, answered }
            }
            fn challenged(challenged: Challenged) -> Self {
                Self::Challenged(challenged)
            }
            fn poll_requested(request: PollRequest) -> Self {
                Self::PollRequested(request)
            }
        }
    };
}

from_world!(device::Input);
from_world!(gateway::Input);

impl ToAct for device::Output {
    fn act(self) -> Act {
        match self {
            Self::Keep(kept) => Act::Keep(kept.to_bytes()),
            Self::Send {
                exchange,
                center,
                presented,
                request,
            } => send(exchange, center, presented, request),
            Self::Register(errand) => Act::Register(errand),
            Self::CallPeer(call) => Act::CallPeer(call),
            Self::Show(notice) => Act::Show(notice.to_string(), milestone(&notice)),
            _ => Act::Show(UNKNOWN.to_owned(), None),
        }
    }
}

impl ToAct for gateway::Output {
    fn act(self) -> Act {
        match self {
            Self::Keep(kept) => Act::Keep(kept.to_bytes()),
            Self::Send {
                exchange,
                center,
                presented,
                request,
            } => send(exchange, center, presented, request),
            Self::GeneralCall => Act::Errand(Errand::Call),
            Self::AskChildren(children) => Act::Errand(Errand::Ask(children)),
            Self::CarryOut { child, order } => Act::Errand(Errand::Hand(child, order)),
            Self::Register(errand) => Act::Register(errand),
            Self::CallPeer(call) => Act::CallPeer(call),
            Self::Show(notice) => Act::Show(notice.to_string(), milestone_of_gateway(&notice)),
            _ => Act::Show(UNKNOWN.to_owned(), None),
        }
    }
}

fn send(
    exchange: Exchange,
    center: CenterAddress,
    presented: Presented,
    request: DeviceRequest,
) -> Act {
    Act::Send(Box::new(Outgoing {
        exchange,
        center,
        presented,
        request,
    }))
}

fn milestone(notice: &Notice) -> Option<Milestone> {
    match notice {
        Notice::InUse => Some(Milestone::InUse),
        Notice::Reported { .. } => Some(Milestone::Reported),
        Notice::Rotated | Notice::RotationFailed => Some(Milestone::Rotated),
        Notice::Left => Some(Milestone::Left),
        Notice::Refused { .. } => Some(Milestone::Refused),
        Notice::NeedsPerson(_) => Some(Milestone::NeedsPerson),
        _ => None,
    }
}

fn milestone_of_gateway(notice: &gateway::Notice) -> Option<Milestone> {
    match notice {
        gateway::Notice::Center(notice) => milestone(notice),
        gateway::Notice::Called { .. } => Some(Milestone::Called),
        gateway::Notice::Added { .. }
        | gateway::Notice::NotAdded { .. }
        | gateway::Notice::Removed => Some(Milestone::Members),
        _ => None,
    }
}

/// A machine of a later version may want more than this driver can do.
const UNKNOWN: &str = "the machine wants something that this program does not know; update it";
