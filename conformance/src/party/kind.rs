//! What devices and gateways have in common for whoever drives them: what happens to them, and what
//! they want done.
//!
//! The two machines have inputs and outputs of their own. A kind translates, so that one unit
//! drives both, and a fault wraps either where it stands.

use restante_core::code::{Presented, ProvisionalCode};
use restante_core::gateway::Ask;
use restante_core::id::{CenterAddress, DeviceId, LanAddress};
use restante_core::registrant::{Errand, Exchange, KeptError, PeerCall, ServiceAnswer, Standing};
use restante_core::wire::site::{CarriedOut, CarryOut, SelfDescription};
use restante_core::wire::{
    DeviceEntry, DeviceReply, DeviceRequest, Identification, PollRequest, Refusal, Status,
};
use restante_core::{device, gateway};
use restante_crypto::RingCrypto;

use crate::case::Role;

use super::unit::{Boxed, Seat};

/// A kind of machine.
pub trait Kind: Sized + Send + Sync + 'static {
    /// What can happen to it.
    type Input: Send;
    /// What it wants done.
    type Output: Send;
    /// Which role it plays.
    const ROLE: Role;

    /// The core's own machine at this seat, switched off.
    fn machine(seat: &Seat) -> Boxed<Self>;

    /// That it was switched on, with what its memory holds.
    ///
    /// # Errors
    /// [`KeptError`] if that cannot be used.
    fn booted(memory: Option<&[u8]>) -> Result<Self::Input, KeptError>;

    /// The input for what happened; `None` where it cannot happen to this kind.
    fn input(happening: Happening) -> Option<Self::Input>;

    /// What an output wants.
    fn deed(output: Self::Output) -> Deed;

    /// Where it stands and how often it was switched on, as its memory says.
    fn memory(bytes: &[u8]) -> Option<(Standing, Option<u32>)>;
}

/// What can happen to either.
#[derive(Clone, Debug)]
pub enum Happening {
    /// A person has entered a code.
    CodeEntered(ProvisionalCode, CenterAddress),
    /// A reply has come.
    Replied(Exchange, DeviceReply),
    /// A refusal has come.
    Refused(Exchange, Refusal),
    /// No answer will come.
    LinkFailed(Exchange),
    /// The deadline has passed.
    TimePassed,
    /// The readings of a device.
    Status(Box<Status>),
    /// The address of a device.
    Address(LanAddress),
    /// A person wants a new formal code.
    Rotate,
    /// A person wants the registration to end.
    Leave,
    /// A person wants the devices of the network called.
    Call,
    /// A child has answered the general call.
    CallAnswered(Box<DeviceEntry>),
    /// A child has said how it is.
    ChildAnswered(DeviceId, Box<SelfDescription>),
    /// A child has said what became of what it was handed.
    ChildDone(DeviceId, Box<CarriedOut>),
    /// A service's server has answered, or has not.
    ServiceAnswered(Exchange, ServiceAnswer),
    /// Somebody on the LAN asks for a poll.
    PollRequested(PollRequest),
    /// A peer has answered, or has not.
    PeerCalled(Exchange, bool),
    /// A person wants this child removed.
    RemoveChild(Identification),
}

/// What either wants done.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Keep these bytes.
    Keep(Vec<u8>),
    /// Send this.
    Send(Box<Outgoing>),
    /// Call all devices of the network.
    Call,
    /// Ask these children how they are.
    Ask(Vec<Ask>),
    /// Hand this to a child.
    Hand(Ask, Box<CarryOut>),
    /// Present a device to a service's server.
    Register(Box<Errand>),
    /// Ask a peer to poll.
    CallPeer(Box<PeerCall>),
    /// Tell people.
    Show(String),
}

/// A message on its way to the center.
#[derive(Clone, Debug)]
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

/// Devices: copiers, printers, scanners and faxes.
#[derive(Clone, Copy, Debug)]
pub struct DeviceKind;

/// Gateways: on-site servers.
#[derive(Clone, Copy, Debug)]
pub struct GatewayKind;

impl Kind for DeviceKind {
    type Input = device::Input;
    type Output = device::Output;
    const ROLE: Role = Role::Device;

    fn machine(seat: &Seat) -> Boxed<Self> {
        let entry = seat.entry.clone();
        Box::new(device::Device::new(RingCrypto, entry, seat.max_message))
    }

    fn booted(memory: Option<&[u8]>) -> Result<Self::Input, KeptError> {
        let kept = memory.map(device::Kept::from_bytes).transpose()?;
        let kept = kept.map(Box::new);
        Ok(device::Input::Booted { kept })
    }

    fn input(happening: Happening) -> Option<Self::Input> {
        use device::Input;
        Some(match happening {
            Happening::CodeEntered(code, center) => Input::CodeEntered { code, center },
            Happening::Replied(exchange, reply) => Input::Replied { exchange, reply },
            Happening::Refused(exchange, refusal) => Input::Refused { exchange, refusal },
            Happening::LinkFailed(exchange) => Input::LinkFailed { exchange },
            Happening::ServiceAnswered(exchange, answer) => {
                Input::ServiceAnswered { exchange, answer }
            }
            Happening::PollRequested(request) => Input::PollRequested(request),
            Happening::PeerCalled(exchange, answered) => Input::PeerCalled { exchange, answered },
            Happening::TimePassed => Input::TimePassed,
            Happening::Status(status) => Input::StatusChanged(status),
            Happening::Address(address) => Input::AddressChanged(address),
            Happening::Rotate => Input::RotateNow,
            Happening::Leave => Input::LeaveNow,
            Happening::Call
            | Happening::CallAnswered(_)
            | Happening::ChildAnswered(..)
            | Happening::ChildDone(..)
            | Happening::RemoveChild(_) => return None,
        })
    }

    fn deed(output: Self::Output) -> Deed {
        use device::Output;
        match output {
            Output::Keep(kept) => Deed::Keep(kept.to_bytes()),
            Output::Send {
                exchange,
                center,
                presented,
                request,
            } => send(exchange, center, presented, request),
            Output::Register(errand) => Deed::Register(errand),
            Output::CallPeer(call) => Deed::CallPeer(call),
            Output::Show(notice) => Deed::Show(notice.to_string()),
            other => Deed::Show(format!("not carried out: {other:?}")),
        }
    }

    fn memory(bytes: &[u8]) -> Option<(Standing, Option<u32>)> {
        let kept = device::Kept::from_bytes(bytes).ok()?;
        Some((kept.standing().clone(), Some(kept.boot())))
    }
}

impl Kind for GatewayKind {
    type Input = gateway::Input;
    type Output = gateway::Output;
    const ROLE: Role = Role::Gateway;

    fn machine(seat: &Seat) -> Boxed<Self> {
        Box::new(gateway::Gateway::new(RingCrypto, seat.max_message))
    }

    fn booted(memory: Option<&[u8]>) -> Result<Self::Input, KeptError> {
        let kept = memory.map(gateway::Kept::from_bytes).transpose()?;
        let kept = kept.map(Box::new);
        Ok(gateway::Input::Booted { kept })
    }

    fn input(happening: Happening) -> Option<Self::Input> {
        use gateway::Input;
        Some(match happening {
            Happening::CodeEntered(code, center) => Input::CodeEntered { code, center },
            Happening::Replied(exchange, reply) => Input::Replied { exchange, reply },
            Happening::Refused(exchange, refusal) => Input::Refused { exchange, refusal },
            Happening::LinkFailed(exchange) => Input::LinkFailed { exchange },
            Happening::ServiceAnswered(exchange, answer) => {
                Input::ServiceAnswered { exchange, answer }
            }
            Happening::PollRequested(request) => Input::PollRequested(request),
            Happening::PeerCalled(exchange, answered) => Input::PeerCalled { exchange, answered },
            Happening::TimePassed => Input::TimePassed,
            Happening::Rotate => Input::RotateNow,
            Happening::Leave => Input::LeaveNow,
            Happening::Call => Input::CallNow,
            Happening::CallAnswered(child) => Input::CallAnswered(child),
            Happening::ChildAnswered(device, own) => Input::ChildAnswered { device, own },
            Happening::ChildDone(device, done) => Input::CarriedOut { device, done },
            Happening::RemoveChild(child) => Input::RemoveChild(child),
            Happening::Status(_) | Happening::Address(_) => return None,
        })
    }

    fn deed(output: Self::Output) -> Deed {
        use gateway::Output;
        match output {
            Output::Keep(kept) => Deed::Keep(kept.to_bytes()),
            Output::GeneralCall => Deed::Call,
            Output::AskChildren(children) => Deed::Ask(children),
            Output::CarryOut { child, order } => Deed::Hand(child, order),
            Output::Send {
                exchange,
                center,
                presented,
                request,
            } => send(exchange, center, presented, request),
            Output::Register(errand) => Deed::Register(errand),
            Output::CallPeer(call) => Deed::CallPeer(call),
            Output::Show(notice) => Deed::Show(notice.to_string()),
            other => Deed::Show(format!("not carried out: {other:?}")),
        }
    }

    fn memory(bytes: &[u8]) -> Option<(Standing, Option<u32>)> {
        let kept = gateway::Kept::from_bytes(bytes).ok()?;
        Some((kept.standing().clone(), None))
    }
}

fn send(
    exchange: Exchange,
    center: CenterAddress,
    presented: Presented,
    request: DeviceRequest,
) -> Deed {
    Deed::Send(Box::new(Outgoing {
        exchange,
        center,
        presented,
        request,
    }))
}
