//! One step of the gateway: what an input, the passing of time or an answer does to it.

use alloc::vec::Vec;

use crate::code::ProvisionalCode;
use crate::crypto::Crypto;
use crate::entropy::Seed;
use crate::id::{CenterAddress, DeviceId};
use crate::limits::{CALL_AGAIN, CALL_EVERY, DEVICES_PER_MESSAGE};
use crate::registrant::{Asked, Event, Exchange, InputError, Member, Need, Phase, Standing};
use crate::time::Uptime;
use crate::wire::enrol::DeviceList;
use crate::wire::site::SelfDescription;
use crate::wire::{
    ActResult, DeviceEntry, DeviceReply, DevicesAdded, DevicesRemoved, Identification, Outcome,
};

use super::call::Call;
use super::kept::{Entered, Ledger};
use super::round::{Round, Turn};
use super::say::fitting;
use super::{Ask, Gateway, Input, Kept, News, Notice, Output, Said, registrant};

impl<C: Crypto> Gateway<C> {
    pub(super) fn take(
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
            Input::Booted { kept } => self.boot(now, seed, kept.map(|kept| *kept), news)?,
            Input::Challenged(challenged) => self.registrant.challenged(challenged),
            Input::TimePassed => {}
            Input::CodeEntered { code, center } => self.enter(now, seed, code, center, news),
            Input::Replied { exchange, reply } => self.replied(now, seed, exchange, reply, news),
            Input::Refused { exchange, refusal } => {
                let news_of_center = &mut news.center;
                let event = self
                    .registrant
                    .refused(now, seed, exchange, &refusal, news_of_center);
                self.learn(now, event, news);
            }
            Input::ServiceAnswered { exchange, answer } => {
                let news = &mut news.center;
                self.registrant
                    .service_answered(now, seed, exchange, answer, news);
            }
            Input::PollRequested(request) => self.registrant.poll_requested(now, request),
            Input::PeerCalled { exchange, answered } => {
                let news = &mut news.center;
                self.registrant.peer_called(now, exchange, answered, news);
            }
            Input::LinkFailed { exchange } => {
                self.registrant
                    .link_failed(now, seed, exchange, &mut news.center);
            }
            Input::CallNow => self.begin_call(now, news),
            Input::CallAnswered(child) => self.call_answered(*child, news),
            Input::CallEnded => self.end_call(now, seed, news),
            Input::ChildAnswered { device, own } => self.child_answered(now, device, *own, news),
            Input::ChildSilent { device } => self.child_silent(now, device, news),
            Input::CarriedOut { device, done } => self.carried_out(device, &done),
            Input::RemoveChild(child) => self.remove(&child, news)?,
            Input::RotateNow => self.registrant.rotate(&mut news.center)?,
            Input::LeaveNow => self.leave(now, news)?,
        }
        Ok(())
    }

    fn boot(
        &mut self,
        now: Uptime,
        seed: &Seed,
        kept: Option<Kept>,
        news: &mut News,
    ) -> Result<(), InputError> {
        if self.registrant.on().is_ok() {
            return Err(InputError::On);
        }
        let (standing, ledger) = match kept {
            None => (Standing::Blank {}, Ledger::default()),
            Some(kept) => (kept.standing, kept.ledger),
        };
        self.registrant.boot(now, seed, standing);
        self.ledger = ledger;
        self.call = Call::Quiet {
            next: self.wants_calls().then_some(now),
        };
        news.keep = true;
        Ok(())
    }

    /// Whether calling the devices of the network serves anything.
    fn wants_calls(&self) -> bool {
        let idle = [Phase::Off, Phase::Blank, Phase::NeedsPerson, Phase::Leaving];
        self.ledger.entered.is_some() || !idle.contains(&self.registrant.phase())
    }

    /// A person has entered a code: for the enrolment that is under way, for children to be added,
    /// or for a new enrolment of all that answer the call which begins now.
    // spec: GWY-001, GWY-003
    fn enter(
        &mut self,
        now: Uptime,
        seed: &Seed,
        code: ProvisionalCode,
        center: CenterAddress,
        news: &mut News,
    ) {
        self.ledger.held_up = None;
        self.ledger.gone.retain(|gone| gone.untold.is_some());
        news.keep = true;
        if let Some(attempt) = self.registrant.attempt()
            && attempt.code == code
            && attempt.center == center
        {
            let devices = attempt.devices.clone();
            let entered = (code, center);
            self.registrant
                .enter(now, seed, entered, devices, &mut news.center);
            return;
        }
        let registered = [Phase::Enrolled, Phase::InUse, Phase::Rotating];
        let held = self.registrant.holding();
        let same_center = held.is_some_and(|holding| holding.center == center);
        if same_center && registered.contains(&self.registrant.phase()) {
            self.ledger.pays = Some(code);
        } else {
            self.ledger.entered = Some(Entered { code, center });
        }
        self.begin_call(now, news);
    }

    fn begin_call(&mut self, now: Uptime, news: &mut News) {
        self.call = Call::begun(now);
        news.tell(Notice::Calling);
        news.acts.push(Output::GeneralCall);
    }

    /// An answer to the call, or a device that announces itself in between.
    fn call_answered(&mut self, child: DeviceEntry, news: &mut News) {
        if matches!(self.call, Call::Calling { .. }) {
            if self.call.answer(child).is_err() {
                news.tell(Notice::TooMany);
            }
        } else if self.wants_calls() {
            self.meet([child].into(), news);
        }
    }

    fn end_call(&mut self, now: Uptime, seed: &Seed, news: &mut News) {
        let next = self.wants_calls().then(|| now.after(CALL_EVERY));
        let quiet = Call::Quiet { next };
        let Call::Calling { answered, .. } = core::mem::replace(&mut self.call, quiet) else {
            return;
        };
        match self.ledger.entered.take() {
            None => self.compare(answered, news),
            // spec: GWY-004
            Some(entered) if answered.is_empty() => {
                self.ledger.entered = Some(entered);
                self.call = Call::Quiet {
                    next: Some(now.after(CALL_AGAIN)),
                };
                news.tell(Notice::NobodyAnswered);
            }
            Some(entered) => self.enrol(now, seed, entered, answered, news),
        }
    }

    fn compare(&mut self, answered: Vec<DeviceEntry>, news: &mut News) {
        let count = answered.len();
        let new = self.meet(answered, news);
        news.tell(Notice::Called {
            answered: count,
            new,
        });
        let waiting = self.unregistered().count();
        if waiting == 0 && self.ledger.pays.take().is_some() {
            news.keep = true;
        }
        if let Some(need) = self.ledger.held_up
            && waiting > 0
        {
            news.tell(Notice::NotAdded {
                children: waiting,
                need,
            });
        }
    }

    /// All that answered are enrolled in one communication; what one message cannot hold follows as
    /// soon as the formal code is in use.
    // spec: GWY-001, GWY-002
    fn enrol(
        &mut self,
        now: Uptime,
        seed: &Seed,
        entered: Entered,
        answered: Vec<DeviceEntry>,
        news: &mut News,
    ) {
        let count = answered.len();
        let mut first: Vec<DeviceEntry> =
            answered.iter().take(DEVICES_PER_MESSAGE).cloned().collect();
        first.truncate(fitting(&first));
        self.ledger.found = answered;
        self.ledger.gone.clear();
        news.keep = true;
        news.tell(Notice::Called {
            answered: count,
            new: count,
        });
        // A call counts every device once and the message holds at least one: this never fails.
        if let Ok(devices) = DeviceList::new(first) {
            let entered = (entered.code, entered.center);
            self.registrant
                .enter(now, seed, entered, devices, &mut news.center);
        }
    }

    /// Takes a reply; one with another number of results than devices were named is no answer.
    // spec: MSG-011
    fn replied(
        &mut self,
        now: Uptime,
        seed: &Seed,
        exchange: Exchange,
        reply: DeviceReply,
        news: &mut News,
    ) {
        let whole = match (&self.said, &reply) {
            (Said::Add(named), DeviceReply::DevicesAdded(added)) => {
                added.devices.len() == named.len()
            }
            (Said::Report(named), DeviceReply::StatusReported(reported)) => {
                reported.results.len() == named.len()
            }
            _ => true,
        };
        if whole {
            let event = self
                .registrant
                .replied(now, exchange, reply, &mut news.center);
            self.learn(now, event, news);
        } else {
            self.registrant
                .link_failed(now, seed, exchange, &mut news.center);
        }
    }

    fn learn(&mut self, now: Uptime, event: Option<Event>, news: &mut News) {
        let Some(event) = event else {
            return;
        };
        let said = core::mem::replace(&mut self.said, Said::Nothing);
        match (event, said) {
            (Event::Enrolled, _) => {
                self.ledger.change = 0;
                self.part_with_removed();
                self.forget_found();
                self.round = Round::Idle;
            }
            (Event::Reported(reported), Said::Report(devices)) => {
                if self.round.is_whole() {
                    self.registrant.report_over(now);
                }
                self.reported(&devices, &ActResult::DONE);
                self.round.told(|device| devices.contains(&device));
                let notice = registrant::Notice::reported(&reported);
                news.tell(Notice::Center(notice));
            }
            (Event::Added(added), Said::Add(entries)) => self.added(&entries, &added, news),
            (Event::Removed(removed), Said::Remove(devices)) => {
                self.removed(now, &devices, &removed, news);
            }
            (Event::NotCovered(asked, devices, need), _) => {
                self.not_covered(now, asked, &devices, need, news);
            }
            (Event::ChangeSuperseded(highest), _) => {
                self.ledger.change = self.ledger.change.max(highest);
                news.keep = true;
            }
            (Event::Refused(Asked::AddDevices, need), _) => self.not_added(need, news),
            (Event::Refused(Asked::RemoveDevices, _), Said::Remove(devices)) => {
                self.tell_no_more(&devices, news);
            }
            (Event::Refused(Asked::ReportStatus, need), _) => {
                self.round = Round::Idle;
                self.not_reported(need.code.title());
            }
            (Event::Ended(members), _) => self.ended(members, news),
            _ => {}
        }
    }

    fn added(&mut self, entries: &[DeviceEntry], added: &DevicesAdded, news: &mut News) {
        self.joined(entries, &added.devices);
        if self.unregistered().next().is_none() {
            self.ledger.pays = None;
        }
        news.keep = true;
        news.tell(Notice::Added {
            children: entries.len(),
        });
    }

    fn not_added(&mut self, need: Need, news: &mut News) {
        self.ledger.held_up = Some(need);
        self.ledger.pays = None;
        news.keep = true;
        news.tell(Notice::NotAdded {
            children: self.unregistered().count(),
            need,
        });
    }

    fn removed(
        &mut self,
        now: Uptime,
        devices: &[DeviceId],
        removed: &DevicesRemoved,
        news: &mut News,
    ) {
        self.tell_no_more(devices, news);
        news.tell(Notice::Removed);
        if removed.remaining == 0 {
            let event = self.registrant.left(&mut news.center);
            self.learn(now, Some(event), news);
        }
    }

    fn tell_no_more(&mut self, devices: &[DeviceId], news: &mut News) {
        for gone in &mut self.ledger.gone {
            gone.untold = gone.untold.filter(|device| !devices.contains(device));
        }
        news.keep = true;
    }

    /// The center names children that are registered elsewhere: the others are reported at once.
    // spec: GWY-007
    fn not_covered(
        &mut self,
        now: Uptime,
        asked: Asked,
        devices: &[DeviceId],
        need: Need,
        news: &mut News,
    ) {
        let mut parted = false;
        for device in devices {
            if let Some(child) = self.part_with(*device, false) {
                parted = true;
                news.tell(Notice::NotCovered(child));
            }
        }
        news.keep |= parted;
        if !parted {
            if asked == Asked::ReportStatus {
                self.round = Round::Idle;
                self.registrant.report_over(now);
                self.not_reported(need.code.title());
            }
            let notice = registrant::Notice::Refused { asked, need };
            news.tell(Notice::Center(notice));
        }
    }

    /// The registration is gone. What it named is only found now, unless a person wished the end.
    fn ended(&mut self, members: Vec<Member>, news: &mut News) {
        let entered = self.ledger.entered.take();
        if self.registrant.phase() == Phase::Blank {
            self.ledger = Ledger::default();
        } else {
            let entry = |member: Member| DeviceEntry {
                identification: member.identification,
                contacts: member.contacts,
            };
            self.meet(members.into_iter().map(entry).collect(), news);
            for gone in &mut self.ledger.gone {
                gone.untold = None;
            }
        }
        self.ledger.entered = entered;
        self.round = Round::Idle;
        if !self.wants_calls() {
            self.call = Call::Quiet { next: None };
        }
    }

    fn child_answered(
        &mut self,
        now: Uptime,
        device: DeviceId,
        own: SelfDescription,
        news: &mut News,
    ) {
        let child = self.member(device);
        // spec: SITE-008
        let same = child.is_some_and(|it| it.identification.is_same_device(&own.identification));
        if !same {
            return self.child_silent(now, device, news);
        }
        self.round.heard(now, device, Some(own.status));
        self.turn(now, news);
    }

    // spec: GWY-006
    fn child_silent(&mut self, now: Uptime, device: DeviceId, news: &mut News) {
        if !self.round.asks(device) {
            return;
        }
        let child = self.member(device).map(|it| it.identification.clone());
        if let Some(child) = child {
            news.tell(Notice::Silent(child));
        }
        self.reported(&[device], &ActResult::new(Outcome::Failed, SILENT));
        self.round.heard(now, device, None);
        self.turn(now, news);
    }

    fn turn(&mut self, now: Uptime, news: &mut News) {
        let every = self.registrant.report().map(|due| due.every);
        let turn = self.round.turn(now, every.unwrap_or_default());
        self.follow(now, turn, news);
    }

    pub(super) fn follow(&mut self, now: Uptime, turn: Turn, news: &mut News) {
        match turn {
            Turn::Wait => {}
            Turn::Nothing => self.registrant.report_over(now),
            Turn::Ask(devices) => {
                let children = devices.into_iter().map(|it| self.reach(it)).collect();
                news.acts.push(Output::AskChildren(children));
            }
        }
    }

    /// Where a child is to be reached.
    pub(super) fn reach(&self, device: DeviceId) -> Ask {
        let member = self.member(device);
        Ask {
            device,
            address: member.and_then(|it| it.contacts.address.clone()),
        }
    }

    fn remove(&mut self, child: &Identification, news: &mut News) -> Result<(), InputError> {
        let same = |it: &Identification| it.is_same_device(child);
        let member = self.members().iter().find(|it| same(&it.identification));
        let found = self.ledger.found.iter();
        let found = found.filter(|it| same(&it.identification)).count();
        let parted = member
            .map(|it| it.device)
            .and_then(|device| self.part_with(device, true));
        let withdrawn = self.withdraw(child);
        if parted.is_none() && found == 0 && !withdrawn {
            return Err(InputError::NoSuchDevice);
        }
        self.ledger.found.retain(|it| !same(&it.identification));
        news.keep = true;
        Ok(())
    }

    fn leave(&mut self, now: Uptime, news: &mut News) -> Result<(), InputError> {
        if self.ledger.entered.take().is_some() {
            news.keep = true;
        } else {
            self.registrant.leave(now, &mut news.center)?;
        }
        if !self.wants_calls() {
            self.call = Call::Quiet { next: None };
        }
        Ok(())
    }

    /// What the passing of time alone brings about.
    // spec: GWY-005, GWY-009
    pub(super) fn pass(&mut self, now: Uptime, seed: &Seed, news: &mut News) {
        self.registrant.pass(now, seed, &mut news.center);
        match self.call.deadline() {
            Some(at) if at > now => {}
            Some(_) if matches!(self.call, Call::Calling { .. }) => self.end_call(now, seed, news),
            Some(_) => self.begin_call(now, news),
            None if self.wants_calls() => {
                self.call = Call::Quiet {
                    next: Some(now.after(CALL_EVERY)),
                };
            }
            None => {}
        }
        for device in self.round.overdue(now) {
            self.child_silent(now, device, news);
        }
        // Children are asked where the call has found them: a round waits until the call has ended.
        if let Some(due) = self.registrant.report()
            && due.at <= now
            && self.round.may_begin(now)
            && !self.members().is_empty()
            && !self.calling()
        {
            let members = self.members().iter().map(|it| it.device).collect();
            let turn = self.round.begin(now, due.every, members);
            self.follow(now, turn, news);
        }
    }

    /// When the next round begins.
    pub(super) fn round_due(&self) -> Option<Uptime> {
        let due = self.registrant.report()?;
        let idle = self.round == Round::Idle && !self.members().is_empty();
        (idle && !self.calling()).then_some(due.at)
    }
}

/// What a center is told of a report that a silent child kept from being made.
const SILENT: &str = "the device does not answer";
