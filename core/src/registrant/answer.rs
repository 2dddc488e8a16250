//! What an answer of the center, or its absence, does to a registrant.
//!
//! Escalation is ordered and counted: a failure is retried after a wait whose window doubles; a
//! formal code that is refused at its first use is asked for again with the same request id, at
//! most twice; only then is a person asked. Nothing here draws a new request id: a lost packet
//! never leads to a new enrolment.

use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::entropy::Seed;
use crate::limits::ENROL_AGAIN;
use crate::time::{Seconds, Uptime};
use crate::wire::refusal::Retry;
use crate::wire::{
    Act, ActResult, DeviceReply, EnrolDeviceResult, Enrolled, Mailbox, Outcome, PollReply, Refusal,
    RefusalCode, Rotated, Schedule,
};

use super::line::LONGEST_WAIT;
use super::{
    Asked, Attempt, Diary, Event, Exchange, Holding, Member, Need, News, Next, Notice, Registrant,
    Stage, Trouble,
};

impl<C: Crypto> Registrant<C> {
    /// Takes a reply. One that does not fit the outstanding request is as if it had never come.
    // spec: MSG-011
    pub(crate) fn replied(
        &mut self,
        now: Uptime,
        exchange: Exchange,
        reply: DeviceReply,
        news: &mut News,
    ) -> Option<Event> {
        let asked = self.line.outstanding(exchange)?;
        if !self.fits(asked, &reply) {
            return None;
        }
        self.line.answered(now);
        match reply {
            DeviceReply::Enrolled(enrolled) => self.enrolled(now, enrolled, news),
            DeviceReply::Rotated(rotated) => self.rotated(now, rotated, news),
            DeviceReply::Left(_) => Some(self.left(news)),
            DeviceReply::Polled(polled) => {
                self.accepted(news);
                self.polled(now, polled);
                None
            }
            DeviceReply::Acknowledged(acknowledged) => {
                self.accepted(news);
                self.scheduled(now, &acknowledged.schedule);
                self.with_diary(|diary| {
                    if diary.duties.answered(&acknowledged) {
                        diary.poll_at = now;
                    }
                });
                None
            }
            DeviceReply::StatusReported(reported) => {
                self.accepted(news);
                self.scheduled(now, &reported.schedule);
                Some(Event::Reported(reported))
            }
            DeviceReply::DevicesAdded(added) => {
                self.accepted(news);
                self.scheduled(now, &added.schedule);
                Some(Event::Added(added))
            }
            DeviceReply::DevicesRemoved(removed) => {
                self.accepted(news);
                self.scheduled(now, &removed.schedule);
                Some(Event::Removed(removed))
            }
        }
    }

    fn fits(&self, asked: Asked, reply: &DeviceReply) -> bool {
        match (asked, reply) {
            (Asked::Enrol, DeviceReply::Enrolled(enrolled)) => {
                let named = |attempt: &Attempt| attempt.devices.as_slice().len();
                self.attempt().map(named) == Some(enrolled.devices.len())
                    && enrolled.formal_code.registration() == enrolled.registration
            }
            (Asked::Rotate, DeviceReply::Rotated(rotated)) => self.holding().is_some_and(|held| {
                rotated.formal_code.registration() == held.code.registration()
                    && rotated.formal_code.epoch() > held.code.epoch()
            }),
            (Asked::Acknowledge, DeviceReply::Acknowledged(acknowledged)) => {
                let duties = self.duties();
                duties.is_some_and(|duties| duties.is_answered_by(acknowledged))
            }
            (Asked::Poll, DeviceReply::Polled(_))
            | (Asked::ReportStatus, DeviceReply::StatusReported(_))
            | (Asked::AddDevices, DeviceReply::DevicesAdded(_))
            | (Asked::RemoveDevices, DeviceReply::DevicesRemoved(_))
            | (Asked::Leave, DeviceReply::Left(_)) => true,
            _ => false,
        }
    }

    /// The formal code has come: it is kept before it is used.
    // spec: ENR-004
    fn enrolled(&mut self, now: Uptime, reply: Enrolled, news: &mut News) -> Option<Event> {
        let attempt = self.attempt()?.clone();
        news.keep = true;
        news.tell(Notice::Enrolled {
            registration: reply.registration,
            devices: reply.devices.len(),
        });
        let holding = Holding {
            center: attempt.center.clone(),
            code: reply.formal_code,
            members: members(&attempt, &reply.devices),
            unused: Some(attempt),
        };
        self.stage = self.resumed(now, holding);
        self.scheduled(now, &reply.schedule);
        Some(Event::Enrolled)
    }

    fn rotated(&mut self, now: Uptime, reply: Rotated, news: &mut News) -> Option<Event> {
        if let Stage::Rotating { next, .. } = &mut self.stage {
            *next = Next::Trying(reply.formal_code);
            news.keep = true;
        }
        self.scheduled(now, &reply.schedule);
        self.with_diary(|diary| diary.poll_at = now);
        None
    }

    fn polled(&mut self, now: Uptime, reply: PollReply) {
        self.with_diary(|diary| diary.polled(now));
        match reply {
            PollReply::Unchanged(next) => self.with_diary(|diary| {
                diary.unchanged(now, next);
                diary.asking.polled();
            }),
            PollReply::Mailbox(mut mailbox) => {
                let named = core::mem::take(&mut mailbox.calls);
                self.scheduled(now, &mailbox.schedule);
                self.take_in(now, mailbox);
                self.with_diary(|diary| {
                    if let Some(request) = diary.asking.polled() {
                        diary.asking.calls.plan(now, request, named);
                    }
                });
            }
        }
    }

    /// The mailbox counts as seen once all of it has been taken in.
    fn take_in(&mut self, now: Uptime, mailbox: Mailbox) {
        let (holding, diary) = match &mut self.stage {
            Stage::Enrolled { holding, diary } | Stage::Rotating { holding, diary, .. } => {
                (holding, diary)
            }
            _ => return,
        };
        let speaks_for = |device| holding.members.iter().any(|it| it.device == device);
        let (shown, more) = (mailbox.instructions, mailbox.more);
        let whole = diary.duties.take_in(now, shown, more, &speaks_for);
        diary.have = whole.then_some(mailbox.etag);
    }

    /// The code that was presented has been accepted: it is in use from now on.
    fn accepted(&mut self, news: &mut News) {
        match &mut self.stage {
            Stage::Enrolled { holding, .. } if holding.unused.is_some() => {
                holding.unused = None;
                news.keep = true;
                news.tell(Notice::InUse);
            }
            Stage::Rotating {
                holding,
                next,
                diary,
            } => {
                let told = match next {
                    Next::Trying(code) => {
                        holding.code = code.clone();
                        Notice::Rotated
                    }
                    Next::Refused(_) => {
                        self.challenged = None;
                        Notice::RotationFailed
                    }
                    Next::Wanted => return,
                };
                // spec: MBX-059
                let result = match told {
                    Notice::Rotated => ActResult::DONE,
                    _ => ActResult::new(Outcome::Failed, NOT_ACCEPTED),
                };
                let (holding, mut diary) = (holding.clone(), diary.clone());
                diary.duties.here_over(&Act::RotateCode, &|_| true, &result);
                self.stage = Stage::Enrolled { holding, diary };
                news.keep = true;
                news.tell(told);
            }
            _ => {}
        }
    }

    /// The registration has ended, by this side's wish.
    pub(crate) fn left(&mut self, news: &mut News) -> Event {
        news.tell(Notice::Left);
        self.end(Stage::Blank, news)
    }

    /// Takes a refusal.
    pub(crate) fn refused(
        &mut self,
        now: Uptime,
        seed: &Seed,
        exchange: Exchange,
        refusal: &Refusal,
        news: &mut News,
    ) -> Option<Event> {
        let asked = self.line.outstanding(exchange)?;
        let need = Need::of(refusal);
        if refusal.code.retry() == Retry::Later {
            let at_least = refusal.retry_after.unwrap_or_default();
            self.wait(
                now,
                seed,
                asked,
                Trouble::Refused(refusal.code),
                at_least,
                news,
            );
            return None;
        }
        match (asked, refusal.code) {
            (Asked::Enrol, _) => self.enrol_refused(now, need, news),
            // spec: ENR-037
            (Asked::Leave, RefusalCode::FormalCodeRefused) => {
                self.line.answered(now);
                Some(self.left(news))
            }
            // spec: GWY-010
            (Asked::RemoveDevices, RefusalCode::FormalCodeRefused) if self.speaks_for_nobody() => {
                self.line.answered(now);
                Some(self.left(news))
            }
            (_, RefusalCode::FormalCodeRefused) => self.code_refused(now, need, news),
            (Asked::ReportStatus | Asked::Acknowledge, RefusalCode::DeviceNotCovered) => {
                self.line.answered(now);
                if asked == Asked::Acknowledge {
                    self.with_diary(|diary| {
                        diary.duties.not_covered(&refusal.devices);
                        diary.have = None;
                    });
                }
                Some(Event::NotCovered(asked, refusal.devices.clone(), need))
            }
            // spec: GWY-017
            (Asked::AddDevices | Asked::RemoveDevices, RefusalCode::ChangeSuperseded)
                if refusal.change.is_some_and(|it| it < u32::MAX) =>
            {
                let why = Trouble::Refused(refusal.code);
                self.wait(now, seed, asked, why, Seconds::ZERO, news);
                refusal.change.map(Event::ChangeSuperseded)
            }
            (Asked::Rotate, code) if self.has_to_rotate() => {
                let why = Trouble::Refused(code);
                self.wait(now, seed, asked, why, Seconds::ZERO, news);
                None
            }
            _ => self.act_refused(now, asked, need, news),
        }
    }

    /// The transport says that no answer will come.
    pub(crate) fn link_failed(
        &mut self,
        now: Uptime,
        seed: &Seed,
        exchange: Exchange,
        news: &mut News,
    ) {
        if let Some(asked) = self.line.outstanding(exchange) {
            self.wait(now, seed, asked, Trouble::NoAnswer, Seconds::ZERO, news);
        }
    }

    /// Time has passed: an answer that is overdue does not come any more.
    pub(crate) fn pass(&mut self, now: Uptime, seed: &Seed, news: &mut News) {
        if self.line.waits_until().is_some_and(|until| until <= now) {
            let exchange = self.line.last();
            self.link_failed(now, seed, exchange, news);
        }
        self.pass_services(now, seed, news);
        self.end_registrations(now);
        self.pass_asking(now, news);
        self.rotate_out(news);
    }

    // spec: ENR-022, ENR-023, ERR-005
    fn wait(
        &mut self,
        now: Uptime,
        seed: &Seed,
        asked: Asked,
        why: Trouble,
        at_least: Seconds,
        news: &mut News,
    ) {
        let at_least = at_least.min(LONGEST_WAIT);
        let wait = self.line.failed(now, seed, &self.crypto, at_least);
        news.tell(Notice::Waiting { asked, why, wait });
    }

    // spec: ENR-021
    /// The enrolment is refused: an older registration goes on, or a person is asked.
    fn enrol_refused(&mut self, now: Uptime, need: Need, news: &mut News) -> Option<Event> {
        self.line.answered(now);
        let Stage::Enrolling { attempt, fallback } = &self.stage else {
            return None;
        };
        news.keep = true;
        let came_of_this = |held: &Holding| {
            let unused = held.unused.as_ref();
            unused.is_some_and(|unused| unused.request == attempt.request)
        };
        match fallback {
            Some(older) if !came_of_this(older) => {
                let older = older.clone();
                self.stage = self.resumed(now, older);
                let asked = Asked::Enrol;
                news.tell(Notice::Refused { asked, need });
                None
            }
            // The center says that this very enrolment's code is in use: then so it is.
            Some(held) if need.code == RefusalCode::RequestRedeemed => {
                let mut held = held.clone();
                held.unused = None;
                self.stage = self.resumed(now, held);
                news.tell(Notice::InUse);
                None
            }
            _ => {
                let anew = [RefusalCode::RequestMismatch, RefusalCode::RequestRedeemed];
                let attempt = (!anew.contains(&need.code)).then(|| attempt.clone());
                Some(self.ask_person(need, attempt, news))
            }
        }
    }

    // spec: ENR-024, ENR-047
    /// The formal code is refused: the other one of a rotation, the enrolment once more, or a
    /// person.
    fn code_refused(&mut self, now: Uptime, need: Need, news: &mut News) -> Option<Event> {
        self.line.answered(now);
        match &mut self.stage {
            Stage::Rotating { next, .. } if matches!(next, Next::Trying(_)) => {
                if let Next::Trying(code) = next {
                    *next = Next::Refused(code.clone());
                }
                None
            }
            Stage::Enrolled { holding, .. } => match &mut holding.unused {
                Some(attempt) if attempt.refused < ENROL_AGAIN => {
                    attempt.refused = attempt.refused.saturating_add(1);
                    let attempt = attempt.clone();
                    let fallback = Some(holding.clone());
                    self.stage = Stage::Enrolling { attempt, fallback };
                    news.keep = true;
                    news.tell(Notice::EnrolsAgain);
                    None
                }
                _ => Some(self.ask_person(need, None, news)),
            },
            _ => Some(self.ask_person(need, None, news)),
        }
    }

    /// Nothing goes on before a person has done something.
    pub(crate) fn ask_person(
        &mut self,
        need: Need,
        attempt: Option<Attempt>,
        news: &mut News,
    ) -> Event {
        news.tell(Notice::NeedsPerson(need));
        self.end(Stage::NeedsPerson { need, attempt }, news)
    }

    fn end(&mut self, stage: Stage, news: &mut News) -> Event {
        let members = self.holding().map(|holding| holding.members.clone());
        self.stage = stage;
        news.keep = true;
        Event::Ended(members.unwrap_or_default())
    }

    /// One act is refused for good. What the schedule asks for is passed over this time, what a
    /// person asked for is given up; everything else goes on.
    // spec: ERR-003
    fn act_refused(
        &mut self,
        now: Uptime,
        asked: Asked,
        need: Need,
        news: &mut News,
    ) -> Option<Event> {
        self.line.answered(now);
        match asked {
            Asked::Poll => self.with_diary(|diary| {
                diary.skip_poll(now);
                diary.asking.polled();
            }),
            Asked::ReportStatus => self.with_diary(|diary| diary.report_over(now)),
            // What was dropped is only shown again to a sender that does not claim to have seen it.
            Asked::Acknowledge => self.with_diary(|diary| {
                diary.duties.drop_said();
                diary.have = None;
            }),
            Asked::Rotate | Asked::Leave => self.give_up(now, need, news),
            Asked::Enrol | Asked::AddDevices | Asked::RemoveDevices | Asked::RegisterService => {}
        }
        news.tell(Notice::Refused { asked, need });
        Some(Event::Refused(asked, need))
    }

    /// What a person asked for cannot be had: the registration goes on as it was.
    fn give_up(&mut self, now: Uptime, need: Need, news: &mut News) {
        self.stage = match core::mem::replace(&mut self.stage, Stage::Blank) {
            Stage::Rotating {
                holding, mut diary, ..
            } => {
                let result = ActResult::new(Outcome::Failed, need.code.title());
                diary.duties.here_over(&Act::RotateCode, &|_| true, &result);
                Stage::Enrolled { holding, diary }
            }
            Stage::Leaving { holding } => self.resumed(now, holding),
            other => other,
        };
        news.keep = true;
    }

    /// Whether nothing is left of the registration: removing the last device ends it.
    fn speaks_for_nobody(&self) -> bool {
        self.holding().is_some_and(|held| held.members.is_empty())
    }

    fn scheduled(&mut self, now: Uptime, schedule: &Schedule) {
        self.with_diary(|diary| diary.scheduled(now, schedule));
    }

    fn with_diary(&mut self, change: impl FnOnce(&mut Diary)) {
        if let Some(diary) = self.stage.diary_mut() {
            change(diary);
        }
    }
}

/// The devices of an enrolment with the ids that the center gave them.
fn members(attempt: &Attempt, results: &[EnrolDeviceResult]) -> Vec<Member> {
    let named = attempt.devices.as_slice().iter().zip(results);
    named
        .map(|(entry, result)| Member {
            device: result.device,
            identification: entry.identification.clone(),
            contacts: entry.contacts.clone(),
        })
        .collect()
}

/// What a center is told of a rotation whose new code it did not accept.
const NOT_ACCEPTED: &str = "the new formal access code is not accepted; the former one is used";
