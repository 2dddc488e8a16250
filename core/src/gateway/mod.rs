//! The gateway's machine: an on-site server that registers and reports for all devices of its LAN.
//!
//! Toward the center it is one registrant, exactly as a device is. On top of that it calls the
//! devices of its network, enrols all that answer in one communication, adds those that it finds
//! later, reports for all of them at once, and hands them what their mailboxes ask for. Serves spec
//! chapters GWY, SITE, ENR, STA and MBX.

mod call;
mod children;
mod kept;
mod notice;
mod round;
mod say;
mod step;
mod work;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::code::{Presented, ProvisionalCode};
use crate::crypto::Crypto;
use crate::duty::{Duties, Duty};
use crate::entropy::Seed;
use crate::id::{CenterAddress, DeviceId, LanAddress};
use crate::machine::Machine;
use crate::registrant::{self, Registrant};
use crate::time::Uptime;
use crate::wire::enrol::MaxMessage;
use crate::wire::site::{CarriedOut, CarryOut, SelfDescription};
use crate::wire::{DeviceEntry, DeviceReply, DeviceRequest, Identification, PollRequest, Refusal};

use call::Call;
use kept::Ledger;
use round::Round;

pub use crate::registrant::{
    Challenged, Errand, Exchange, InputError, Need, PeerCall, Phase, ServiceAnswer, Trouble,
};
pub use children::{Child, ChildState};
pub use kept::Kept;
pub use notice::Notice;

/// A gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway<C> {
    registrant: Registrant<C>,
    ledger: Ledger,
    call: Call,
    round: Round,
    said: Said,
}

/// Which devices the outstanding message names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    /// None that matter when the reply comes.
    Nothing,
    /// These are to be added.
    Add(Vec<DeviceEntry>),
    /// These are to be removed.
    Remove(Vec<DeviceId>),
    /// These are reported.
    Report(Vec<DeviceId>),
}

/// What can happen to a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// It was switched on. This comes first, but for [`Input::Challenged`], and once.
    Booted {
        /// What it kept, if it ever kept anything.
        kept: Option<Box<Kept>>,
    },
    /// A person has entered a code and the center's address. Where the gateway is registered with
    /// that center already, the code pays for the children that it finds from now on.
    CodeEntered {
        /// The code, all of whose checks fit.
        code: ProvisionalCode,
        /// Where the center is.
        center: CenterAddress,
    },
    /// A reply has come.
    Replied {
        /// To which request.
        exchange: Exchange,
        /// What it says.
        reply: DeviceReply,
    },
    /// A refusal has come.
    Refused {
        /// Of which request.
        exchange: Exchange,
        /// What it says.
        refusal: Refusal,
    },
    /// No answer will come: the line failed, or what came was no answer.
    LinkFailed {
        /// To which request.
        exchange: Exchange,
    },
    /// The deadline has passed.
    TimePassed,
    /// A person wants the devices of the network called now.
    CallNow,
    /// A device has answered the general call, or has announced itself.
    CallAnswered(Box<DeviceEntry>),
    /// No more answers can come: the call need not go on.
    CallEnded,
    /// A child has said how it is.
    ChildAnswered {
        /// Which child was asked.
        device: DeviceId,
        /// What it said.
        own: Box<SelfDescription>,
    },
    /// A child does not answer, or not in a way that can be understood.
    ChildSilent {
        /// Which child was asked.
        device: DeviceId,
    },
    /// A child has said what became of what it was handed. What nobody waits for any more changes
    /// nothing.
    CarriedOut {
        /// Which child it was handed to.
        device: DeviceId,
        /// What it said.
        done: Box<CarriedOut>,
    },
    /// This came of an errand. What nobody waits for any more changes nothing.
    ServiceAnswered {
        /// Of which errand.
        exchange: Exchange,
        /// What came of it.
        answer: ServiceAnswer,
    },
    /// Somebody on the LAN asks for a poll. The empty answer has been given.
    PollRequested(PollRequest),
    /// A peer that was called has answered as a device does, or not. What nobody waits for any more
    /// changes nothing.
    PeerCalled {
        /// Of which call.
        exchange: Exchange,
        /// Whether it has answered.
        answered: bool,
    },
    /// A person wants this child removed.
    RemoveChild(Identification),
    /// The center has challenged an envelope. Where that is known when the power comes, it is said
    /// before anything else.
    Challenged(Challenged),
    /// A person wants a new formal code.
    RotateNow,
    /// A person wants the registration to end, or the enrolment to be given up.
    LeaveNow,
}

/// What a gateway wants done, to be carried out in order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// Write this to non-volatile memory, durably, before the outputs that follow.
    Keep(Box<Kept>),
    /// Call all devices of the network, and hand over each answer.
    GeneralCall,
    /// Ask these children how they are (`self`), and hand over each answer or silence.
    AskChildren(Vec<Ask>),
    /// Hand this to a child (`carry-out`), and hand over its answer. Without one the gateway hands
    /// it over again, and gives up in the end.
    CarryOut {
        /// To which child.
        child: Ask,
        /// What.
        order: Box<CarryOut>,
    },
    /// Send this, and say what came of it with the same exchange number.
    Send {
        /// The number of the request.
        exchange: Exchange,
        /// To whom.
        center: CenterAddress,
        /// The code that opens the communication.
        presented: Presented,
        /// The message.
        request: DeviceRequest,
    },
    /// Present a child and its registration code to a service's server, and say what came of it
    /// with the same exchange number.
    Register(Box<Errand>),
    /// Ask this peer to poll, and say whether it answered with the same exchange number.
    CallPeer(Box<PeerCall>),
    /// Tell the people at the gateway.
    Show(Notice),
}

/// A child to be asked, or handed something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Its id at the center, to be handed back with what it says.
    pub device: DeviceId,
    /// Where it answered from, if it said so.
    pub address: Option<LanAddress>,
}

/// What a step has brought forth besides messages to the center.
#[derive(Debug, Default)]
struct News {
    center: registrant::News,
    keep: bool,
    notices: Vec<Notice>,
    acts: Vec<Output>,
}

impl News {
    fn tell(&mut self, notice: Notice) {
        self.notices.push(notice);
    }
}

impl<C: Crypto> Gateway<C> {
    /// A gateway that is switched off. `max_message` is the largest message that it can take, if
    /// that is less than 64 KiB.
    #[must_use]
    pub fn new(crypto: C, max_message: Option<MaxMessage>) -> Self {
        Self {
            registrant: Registrant::new(crypto, max_message),
            ledger: Ledger::default(),
            call: Call::Quiet { next: None },
            round: Round::Idle,
            said: Said::Nothing,
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.registrant.phase()
    }

    /// What a person has to do before anything goes on.
    #[must_use]
    pub const fn need(&self) -> Option<Need> {
        self.registrant.need()
    }

    /// What a person has to do before further children are added.
    #[must_use]
    pub const fn held_up(&self) -> Option<Need> {
        self.ledger.held_up
    }

    /// What the mailboxes of its children have asked for, and how far that is.
    #[must_use]
    pub fn duties(&self) -> &[Duty] {
        self.registrant.duties().map_or(&[], Duties::as_slice)
    }

    /// What it would keep now.
    #[must_use]
    pub fn kept(&self) -> Kept {
        Kept::new(self.registrant.standing(), self.ledger.clone())
    }
}

impl<C: Crypto> Machine for Gateway<C> {
    type Input = Input;
    type Output = Output;
    type Error = InputError;

    fn handle(
        &mut self,
        now: Uptime,
        seed: &Seed,
        input: Input,
        out: &mut Vec<Output>,
    ) -> Result<(), InputError> {
        let mut news = News::default();
        self.take(now, seed, input, &mut news)?;
        self.pass(now, seed, &mut news);
        self.work(now, &mut news);
        let sends = self.advance(now, &mut news);
        if news.keep || news.center.keep {
            out.push(Output::Keep(Box::new(self.kept())));
        }
        let center = news.center.notices.into_iter().map(Notice::Center);
        out.extend(news.notices.into_iter().chain(center).map(Output::Show));
        out.extend(news.acts);
        out.extend(sends);
        let errand = self.registrant.errand(now);
        out.extend(errand.map(|it| Output::Register(Box::new(it))));
        while let Some(call) = self.registrant.peer_call(now) {
            out.push(Output::CallPeer(Box::new(call)));
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Uptime> {
        let parts = [
            self.registrant.deadline(self.ready()),
            self.call.deadline(),
            self.round.deadline(),
            self.round_due(),
        ];
        parts.into_iter().flatten().min()
    }
}
