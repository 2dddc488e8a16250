//! The device's machine: a copier, printer, scanner or fax that registers and reports itself.
//!
//! It is given what happens (a code was entered, a reply came, time passed) and answers with what
//! to keep, send and show, in that order; it never waits and never looks at a clock. The same code
//! runs in firmware, in the reference program and in the simulator. Serves spec chapters ENR, STA,
//! MBX, SVC and POL.

mod kept;
mod place;
mod work;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::code::{Presented, ProvisionalCode};
use crate::crypto::Crypto;
use crate::duty::{Duties, Duty};
use crate::entropy::Seed;
use crate::id::{CenterAddress, DeviceId, LanAddress};
use crate::machine::Machine;
use crate::registrant::{Event, KeptError, News, Ready, Registrant, Standing};
use crate::time::Uptime;
use crate::wire::enrol::{DeviceList, MaxMessage};
use crate::wire::{
    ActResult, DeviceEntry, DeviceReply, DeviceRequest, PollRequest, Refusal, ReportStatus, Status,
    StatusReport,
};

pub use crate::registrant::{
    Asked, Challenged, Errand, Exchange, InputError, Need, Notice, PeerCall, Phase, ServiceAnswer,
    Trouble,
};
pub use kept::Kept;
use place::Place;

/// A device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device<C> {
    me: DeviceEntry,
    registrant: Registrant<C>,
    boot: u32,
    seq: u32,
    reading: Option<Reading>,
    place: Place,
}

/// The latest readings, and when they were taken.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reading {
    status: Box<Status>,
    taken: Uptime,
}

/// What can happen to a device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// It was switched on. This comes first, but for [`Input::Challenged`], and once.
    Booted {
        /// What it kept, if it ever kept anything.
        kept: Option<Box<Kept>>,
    },
    /// A person has entered a code and the center's address.
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
    /// These are the readings now.
    StatusChanged(Box<Status>),
    /// Its address on its own LAN is this now.
    AddressChanged(LanAddress),
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
    /// The center has challenged an envelope. Where that is known when the power comes, it is said
    /// before anything else.
    Challenged(Challenged),
    /// A person wants a new formal code.
    RotateNow,
    /// A person wants the registration to end, or the enrolment to be given up.
    LeaveNow,
}

/// What a device wants done, to be carried out in order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// Write this to non-volatile memory, durably, before the outputs that follow.
    Keep(Box<Kept>),
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
    /// Present the device and its registration code to a service's server, and say what came of it
    /// with the same exchange number.
    Register(Box<Errand>),
    /// Ask this peer to poll, and say whether it answered with the same exchange number.
    CallPeer(Box<PeerCall>),
    /// Tell the people at the device.
    Show(Notice),
}

impl<C: Crypto> Device<C> {
    /// A device that is switched off. `max_message` is the largest message that it can take, if
    /// that is less than 64 KiB. Where `me` names no address, the center is told of none until one
    /// is [learned](Input::AddressChanged), and keeps what it has.
    #[must_use]
    pub fn new(crypto: C, me: DeviceEntry, max_message: Option<MaxMessage>) -> Self {
        Self {
            me,
            registrant: Registrant::new(crypto, max_message),
            boot: 0,
            seq: 0,
            reading: None,
            place: Place::default(),
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.registrant.phase()
    }

    /// What a person has to do, if it waits for one.
    #[must_use]
    pub const fn need(&self) -> Option<Need> {
        self.registrant.need()
    }

    /// What it would keep now.
    #[must_use]
    pub fn kept(&self) -> Kept {
        let me = self.me.identification.clone();
        Kept::new(me, self.boot, self.registrant.standing())
    }

    /// Its id at the center, while it is registered.
    #[must_use]
    pub fn id(&self) -> Option<DeviceId> {
        let held = self.registrant.holding()?;
        held.members.first().map(|member| member.device)
    }

    /// What its mailbox has asked for, and how far that is.
    #[must_use]
    pub fn duties(&self) -> &[Duty] {
        self.registrant.duties().map_or(&[], Duties::as_slice)
    }

    fn take(
        &mut self,
        now: Uptime,
        seed: &Seed,
        input: Input,
        news: &mut News,
    ) -> Result<(), InputError> {
        if !matches!(input, Input::Booted { .. } | Input::Challenged(_)) {
            self.registrant.on()?;
        }
        match input {
            Input::Booted { kept } => self.boot(now, seed, kept, news)?,
            Input::Challenged(challenged) => self.registrant.challenged(challenged),
            Input::TimePassed => {}
            Input::CodeEntered { code, center } => {
                let me = DeviceList::one(self.me.clone());
                self.registrant.enter(now, seed, (code, center), me, news);
            }
            Input::Replied { exchange, reply } => {
                let event = self.registrant.replied(now, exchange, reply, news);
                self.learn(now, event, news);
            }
            Input::Refused { exchange, refusal } => {
                let event = self.registrant.refused(now, seed, exchange, &refusal, news);
                self.learn(now, event, news);
            }
            Input::LinkFailed { exchange } => {
                self.registrant.link_failed(now, seed, exchange, news);
            }
            Input::StatusChanged(status) => self.reading = Some(Reading { status, taken: now }),
            Input::AddressChanged(address) => self.me.contacts.address = Some(address),
            Input::ServiceAnswered { exchange, answer } => {
                let services = &mut self.registrant;
                services.service_answered(now, seed, exchange, answer, news);
            }
            Input::PollRequested(request) => self.registrant.poll_requested(now, request),
            Input::PeerCalled { exchange, answered } => {
                self.registrant.peer_called(now, exchange, answered, news);
            }
            Input::RotateNow => self.registrant.rotate(news)?,
            Input::LeaveNow => self.registrant.leave(now, news)?,
        }
        self.registrant.pass(now, seed, news);
        Ok(())
    }

    /// The boot counter rises and is kept before the first report can be sent.
    // spec: STA-003
    fn boot(
        &mut self,
        now: Uptime,
        seed: &Seed,
        kept: Option<Box<Kept>>,
        news: &mut News,
    ) -> Result<(), InputError> {
        if self.registrant.on().is_ok() {
            return Err(InputError::On);
        }
        let (boot, standing) = match kept {
            None => (0, Standing::Blank {}),
            Some(kept) if !kept.device().is_same_device(&self.me.identification) => {
                return Err(KeptError::Foreign(kept.device().clone()).into());
            }
            Some(kept) => (kept.boot, kept.standing),
        };
        self.registrant.boot(now, seed, standing);
        self.boot = boot.saturating_add(1);
        news.keep = true;
        Ok(())
    }

    fn learn(&mut self, now: Uptime, event: Option<Event>, news: &mut News) {
        match event {
            Some(Event::Reported(reported)) => {
                self.registrant.report_over(now);
                self.place.answered();
                self.reported(&ActResult::DONE);
                news.notices.push(Notice::reported(&reported));
            }
            Some(Event::Refused(Asked::ReportStatus, need)) => {
                self.place.answered();
                self.not_reported(need);
            }
            Some(Event::NotCovered(_, _, need)) => {
                self.registrant.ask_person(need, None, news);
            }
            _ => {}
        }
    }

    /// A report goes when the schedule says so, and at once where an instruction asks for it or the
    /// address has changed.
    // spec: STA-019
    fn ready(&self) -> Ready {
        let due = match self.place.is_news(self.me.contacts.address.as_ref()) {
            true => self.registrant.report_early(),
            false => self.registrant.report().map(|due| due.at),
        };
        let due = self.is_told_to_report().then_some(Uptime::BOOT).or(due);
        Ready {
            report: self.reading.as_ref().and(due),
            ..Ready::default()
        }
    }

    /// Sends what is due, if the line is free.
    fn advance(&mut self, now: Uptime, out: &mut Vec<Output>) {
        let Some(slip) = self.registrant.begin(now, self.ready()) else {
            return;
        };
        let request = match self.registrant.message(slip.asked) {
            Some(request) => request,
            None => self.report(now),
        };
        out.push(Output::Send {
            exchange: slip.exchange,
            center: slip.center,
            presented: slip.presented,
            request,
        });
    }

    /// The latest readings and the address, under the next number of this boot.
    // spec: STA-004, STA-005, STA-018
    fn report(&mut self, now: Uptime) -> DeviceRequest {
        self.seq = self.seq.saturating_add(1);
        let number = (self.boot, self.seq);
        let address = &self.me.contacts.address;
        self.place.said(address.as_ref());
        let named = self.id().into_iter().zip(&self.reading);
        let report = named.map(|(device, reading)| {
            let age = now.since(reading.taken);
            StatusReport {
                address: address.clone(),
                ..reading.status.report(device, number, age)
            }
        });
        DeviceRequest::ReportStatus(ReportStatus {
            reports: report.collect(),
        })
    }
}

impl<C: Crypto> Machine for Device<C> {
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
        self.work(now, &mut news);
        if news.keep {
            out.push(Output::Keep(Box::new(self.kept())));
        }
        out.extend(news.notices.into_iter().map(Output::Show));
        self.advance(now, out);
        let errand = self.registrant.errand(now);
        out.extend(errand.map(|it| Output::Register(Box::new(it))));
        while let Some(call) = self.registrant.peer_call(now) {
            out.push(Output::CallPeer(Box::new(call)));
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Uptime> {
        self.registrant.deadline(self.ready())
    }
}
