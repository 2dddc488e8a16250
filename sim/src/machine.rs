//! The real machines of devices and gateways in one shape, so that a unit need not care which it
//! has.

use restante_core::code::{Presented, ProvisionalCode};
use restante_core::id::{CenterAddress, DeviceId};
use restante_core::machine::Machine as _;
use restante_core::registrant::{
    Errand, Exchange, Notice, PeerCall, Phase, ServiceAnswer, Standing,
};
use restante_core::wire::site::{CarriedOut, CarryOut, SelfDescription};
use restante_core::wire::{
    DeviceEntry, DeviceReply, DeviceRequest, Identification, PollRequest, Refusal, Status,
};
use restante_core::{Seed, Uptime, device, gateway};
use restante_crypto::RingCrypto;

/// A machine that is switched on.
pub enum Machine {
    /// A device's.
    Device(Box<device::Device<RingCrypto>>),
    /// A gateway's.
    Gateway(Box<gateway::Gateway<RingCrypto>>),
}

/// What happens to a machine.
#[derive(Clone, Debug)]
pub enum Event {
    /// A person has entered a code.
    CodeEntered(ProvisionalCode),
    /// A reply has come.
    Replied(Exchange, DeviceReply),
    /// A refusal has come.
    Refused(Exchange, Refusal),
    /// No answer will come.
    LinkFailed(Exchange),
    /// This came of a registration for a service.
    ServiceAnswered(Exchange, ServiceAnswer),
    /// Somebody on the LAN asks for a poll.
    PollRequested(PollRequest),
    /// A peer has answered this call.
    PeerCalled(Exchange),
    /// The deadline has passed.
    TimePassed,
    /// A device's readings are these now; a gateway is told to call its children.
    Worked(Box<Status>),
    /// A child has answered the general call, or announces itself.
    ChildThere(Box<DeviceEntry>),
    /// A child says how it is.
    ChildSays(DeviceId, Box<SelfDescription>),
    /// A child does not answer.
    ChildSilent(DeviceId),
    /// A child has done what it was handed.
    ChildDone(DeviceId, Box<CarriedOut>),
    /// A person wants this child removed.
    RemoveChild(Identification),
    /// A person wants a new formal code.
    Rotate,
    /// A person wants the registration to end.
    Leave,
}

/// What a machine wants done.
#[derive(Debug)]
pub enum Wish {
    /// Write this to non-volatile memory.
    Keep(Vec<u8>),
    /// Send this.
    Send(Send),
    /// Present a device at a service's URL.
    Register(Box<Errand>),
    /// Call this peer.
    CallPeer(Box<PeerCall>),
    /// Show this.
    Show(String),
    /// Show this, which an instruction holds.
    Message(String),
    /// Call the children.
    Call,
    /// Ask these children how they are.
    Ask(Vec<DeviceId>),
    /// Hand this to a child.
    Hand(DeviceId, Box<CarryOut>),
}

/// One request of a machine.
#[derive(Debug)]
pub struct Send {
    /// Its number.
    pub exchange: Exchange,
    /// What opens the communication.
    pub presented: Presented,
    /// What it says.
    pub request: DeviceRequest,
}

impl Machine {
    /// A device's machine with what its memory holds.
    ///
    /// # Panics
    /// If the memory cannot be read: it is written whole or not at all, so that the machine itself
    /// has written what it cannot read.
    #[must_use]
    pub fn device(me: DeviceEntry, memory: Option<&[u8]>, seed: &Seed) -> (Self, Vec<Wish>) {
        let kept = memory.map(|bytes| device::Kept::from_bytes(bytes).expect("its own writing"));
        let kept = kept.map(Box::new);
        let mut machine = Box::new(device::Device::new(RingCrypto, me, None));
        let mut out = Vec::new();
        let booted = device::Input::Booted { kept };
        machine
            .handle(Uptime::BOOT, seed, booted, &mut out)
            .expect("its own memory");
        (
            Self::Device(machine),
            out.into_iter().filter_map(of_device).collect(),
        )
    }

    /// A gateway's machine with what its memory holds.
    ///
    /// # Panics
    /// As [`Machine::device`].
    #[must_use]
    pub fn gateway(memory: Option<&[u8]>, seed: &Seed) -> (Self, Vec<Wish>) {
        let kept = memory.map(|bytes| gateway::Kept::from_bytes(bytes).expect("its own writing"));
        let kept = kept.map(Box::new);
        let mut machine = Box::new(gateway::Gateway::new(RingCrypto, None));
        let mut out = Vec::new();
        let booted = gateway::Input::Booted { kept };
        machine
            .handle(Uptime::BOOT, seed, booted, &mut out)
            .expect("its own memory");
        (
            Self::Gateway(machine),
            out.into_iter().filter_map(of_gateway).collect(),
        )
    }

    /// Tells it what happens; nothing if it does not take that.
    pub fn handle(&mut self, now: Uptime, seed: &Seed, event: Event) -> Option<Vec<Wish>> {
        match self {
            Self::Device(machine) => {
                let mut out = Vec::new();
                machine
                    .handle(now, seed, for_device(event)?, &mut out)
                    .ok()?;
                Some(out.into_iter().filter_map(of_device).collect())
            }
            Self::Gateway(machine) => {
                let mut out = Vec::new();
                machine
                    .handle(now, seed, for_gateway(event), &mut out)
                    .ok()?;
                Some(out.into_iter().filter_map(of_gateway).collect())
            }
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self {
            Self::Device(machine) => machine.phase(),
            Self::Gateway(machine) => machine.phase(),
        }
    }

    /// Where it stands, with everything that belongs to it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self {
            Self::Device(machine) => machine.kept().standing().clone(),
            Self::Gateway(machine) => machine.kept().standing().clone(),
        }
    }

    /// When it wants to be told that time has passed.
    #[must_use]
    pub fn deadline(&self) -> Option<Uptime> {
        match self {
            Self::Device(machine) => machine.deadline(),
            Self::Gateway(machine) => machine.deadline(),
        }
    }
}

fn for_device(event: Event) -> Option<device::Input> {
    Some(match event {
        Event::CodeEntered(code) => device::Input::CodeEntered {
            code,
            center: center(),
        },
        Event::Replied(exchange, reply) => device::Input::Replied { exchange, reply },
        Event::Refused(exchange, refusal) => device::Input::Refused { exchange, refusal },
        Event::LinkFailed(exchange) => device::Input::LinkFailed { exchange },
        Event::ServiceAnswered(exchange, answer) => {
            device::Input::ServiceAnswered { exchange, answer }
        }
        Event::PollRequested(request) => device::Input::PollRequested(request),
        Event::PeerCalled(exchange) => device::Input::PeerCalled {
            exchange,
            answered: true,
        },
        Event::TimePassed => device::Input::TimePassed,
        Event::Worked(status) => device::Input::StatusChanged(status),
        Event::Rotate => device::Input::RotateNow,
        Event::Leave => device::Input::LeaveNow,
        Event::ChildThere(_)
        | Event::ChildSays(..)
        | Event::ChildSilent(_)
        | Event::ChildDone(..)
        | Event::RemoveChild(_) => return None,
    })
}

fn for_gateway(event: Event) -> gateway::Input {
    match event {
        Event::CodeEntered(code) => gateway::Input::CodeEntered {
            code,
            center: center(),
        },
        Event::Replied(exchange, reply) => gateway::Input::Replied { exchange, reply },
        Event::Refused(exchange, refusal) => gateway::Input::Refused { exchange, refusal },
        Event::LinkFailed(exchange) => gateway::Input::LinkFailed { exchange },
        Event::ServiceAnswered(exchange, answer) => {
            gateway::Input::ServiceAnswered { exchange, answer }
        }
        Event::PollRequested(request) => gateway::Input::PollRequested(request),
        Event::PeerCalled(exchange) => gateway::Input::PeerCalled {
            exchange,
            answered: true,
        },
        Event::TimePassed => gateway::Input::TimePassed,
        Event::Worked(_) => gateway::Input::CallNow,
        Event::ChildThere(child) => gateway::Input::CallAnswered(child),
        Event::ChildSays(device, own) => gateway::Input::ChildAnswered { device, own },
        Event::ChildSilent(device) => gateway::Input::ChildSilent { device },
        Event::ChildDone(device, done) => gateway::Input::CarriedOut { device, done },
        Event::RemoveChild(child) => gateway::Input::RemoveChild(child),
        Event::Rotate => gateway::Input::RotateNow,
        Event::Leave => gateway::Input::LeaveNow,
    }
}

fn of_device(output: device::Output) -> Option<Wish> {
    Some(match output {
        device::Output::Keep(kept) => Wish::Keep(kept.to_bytes()),
        device::Output::Send {
            exchange,
            presented,
            request,
            ..
        } => Wish::Send(Send {
            exchange,
            presented,
            request,
        }),
        device::Output::Register(errand) => Wish::Register(errand),
        device::Output::CallPeer(call) => Wish::CallPeer(call),
        device::Output::Show(Notice::Message { text }) => Wish::Message(text.as_str().to_owned()),
        device::Output::Show(notice) => Wish::Show(notice.to_string()),
        _ => return None,
    })
}

fn of_gateway(output: gateway::Output) -> Option<Wish> {
    Some(match output {
        gateway::Output::Keep(kept) => Wish::Keep(kept.to_bytes()),
        gateway::Output::Send {
            exchange,
            presented,
            request,
            ..
        } => Wish::Send(Send {
            exchange,
            presented,
            request,
        }),
        gateway::Output::Register(errand) => Wish::Register(errand),
        gateway::Output::CallPeer(call) => Wish::CallPeer(call),
        gateway::Output::Show(notice) => Wish::Show(notice.to_string()),
        gateway::Output::GeneralCall => Wish::Call,
        gateway::Output::AskChildren(asks) => {
            Wish::Ask(asks.into_iter().map(|ask| ask.device).collect())
        }
        gateway::Output::CarryOut { child, order } => Wish::Hand(child.device, order),
        _ => return None,
    })
}

fn center() -> CenterAddress {
    CenterAddress::new("https://center.example").expect("an address")
}
