//! Who was told what: a plain book of the answers that the center gave, kept from outside.
//!
//! It knows no rule of the protocol. It notes each answer at the step in which the center gave it,
//! whether or not the line then lost it, and the checks ask it what had been said by when. A call
//! that began after an answer was given has to agree with it.

use std::collections::{BTreeMap, BTreeSet};

use restante_core::Timestamp;
use restante_core::center::{Credential, Message, Reply};
use restante_core::code::FormalCode;
use restante_core::id::{DeviceId, Epoch, GrantId, RegistrationId, RequestId, TokenId};
use restante_core::record::Kind;
use restante_core::wire::people::{CodeState, PeopleReply, PeopleRequest};
use restante_core::wire::{
    DeviceReply, DeviceRequest, Enrol, Enrolled, Identification, ReportResult, ReportStatus,
    StatusReported,
};

use crate::check::devices_of;
use crate::parcel::{Desk, Header};
use crate::posted::Posted;
use crate::state::{Entry, Kept, State, registration_id};
use crate::step::Step;

/// The book.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    /// The codes that were handed out.
    pub codes: BTreeMap<String, Issued>,
    /// What each code and request id was answered with.
    pub enrolments: BTreeMap<(String, RequestId), Told>,
    /// Which code and request id made a registration.
    pub made_by: BTreeMap<RegistrationId, (String, RequestId)>,
    /// The secret of each formal code that was handed out.
    pub handed_out: BTreeMap<(RegistrationId, Epoch), [u8; 32]>,
    /// To what each secret belongs.
    pub secrets: BTreeMap<[u8; 32], (RegistrationId, Epoch)>,
    /// The first step at which the use of a formal code was answered.
    pub used: BTreeMap<RegistrationId, BTreeMap<Epoch, u64>>,
    /// Registrations of which it was said that they have ended, and when.
    pub ended: BTreeMap<RegistrationId, u64>,
    /// Codes of which it was said that they are revoked, and when.
    pub revoked: BTreeMap<GrantId, u64>,
    /// Codes that were refused because their time was over, and when first.
    pub expired: BTreeMap<GrantId, u64>,
    /// Tokens of which it was said that they are revoked, and when.
    pub revoked_tokens: BTreeMap<TokenId, u64>,
    /// Tokens that were handed out.
    pub tokens: BTreeSet<TokenId>,
    /// The highest report of a device in each registration that was acknowledged as accepted, its
    /// (boot, seq), and when.
    pub reported: BTreeMap<(DeviceId, RegistrationId), ((u32, u32), u64)>,
    /// Devices that a registration was said to speak for.
    pub holdings: BTreeSet<DeviceId>,
    /// The time that an operator was told to be accepted.
    pub accepted_clock: Option<Timestamp>,
    /// Messages that were answered with a reply, and when first.
    handled: BTreeMap<(Header, Vec<u8>), u64>,
    /// What was posted to devices, and what came of it.
    pub posted: Posted,
    /// The highest time that the wall clock has ever shown.
    pub highest_wall: Timestamp,
}

/// A code that was handed out.
#[derive(Clone, Debug)]
pub struct Issued {
    /// What it is revoked by.
    pub grant: GrantId,
    /// For how many devices.
    pub limit: u32,
    /// Until when.
    pub expires: Timestamp,
}

/// What an enrolment was answered with.
#[derive(Clone, Debug)]
pub struct Told {
    /// When, first.
    pub step: u64,
    /// The registration.
    pub registration: RegistrationId,
    /// The formal code.
    pub formal: FormalCode,
    /// The devices' ids, in their own order.
    pub devices: BTreeSet<DeviceId>,
    /// What was asked for, in order.
    pub content: Vec<Identification>,
}

impl Witness {
    /// The wall clock shows this.
    pub fn saw_wall(&mut self, at: Timestamp) {
        self.highest_wall = self.highest_wall.max(at);
    }

    /// The code and request id of an enrolment that was answered.
    #[must_use]
    pub fn enrolment(&self, choice: usize) -> Option<(String, RequestId)> {
        let number = choice.checked_rem(self.enrolments.len())?;
        self.enrolments.keys().nth(number).cloned()
    }

    /// A formal code that was handed out.
    #[must_use]
    pub fn formal(&self, choice: usize) -> Option<FormalCode> {
        let number = choice.checked_rem(self.handed_out.len())?;
        let ((registration, epoch), secret) = self.handed_out.iter().nth(number)?;
        Some(FormalCode::new(*registration, *epoch, *secret))
    }

    /// A formal code that was in use and is no longer.
    #[must_use]
    pub fn former(&self, choice: usize) -> Option<FormalCode> {
        let is_former = |(registration, epoch): &(RegistrationId, Epoch)| {
            let latest = self
                .used
                .get(registration)
                .and_then(|it| it.keys().next_back());
            latest.is_some_and(|latest| latest > epoch) || self.ended.contains_key(registration)
        };
        let former: Vec<_> = self
            .handed_out
            .iter()
            .filter(|(key, _)| is_former(key))
            .collect();
        let ((registration, epoch), secret) = *former.get(choice.checked_rem(former.len())?)?;
        Some(FormalCode::new(*registration, *epoch, *secret))
    }

    /// When this message was first answered with a reply, if that was before `step`.
    #[must_use]
    pub fn handled(&self, header: &Header, body: &[u8], step: u64) -> Option<u64> {
        let key = (header.clone(), body.to_vec());
        let handled = self.handled.get(&key).copied();
        handled.filter(|handled| *handled < step)
    }

    /// Notes what a step has brought.
    pub fn absorb(&mut self, step: &Step<'_>, state: &State) {
        self.note_memberships(step);
        self.posted.absorb(step, state);
        if let Some(refused) = step.refused()
            && refused.reason.word == "code-expired"
            && let Some(grant) = self.grant_of(step, state)
        {
            self.expired.entry(grant).or_insert(step.number);
        }
        let Some(reply) = step.reply() else { return };
        let Some(by) = &step.by else { return };
        let call = &by.running.call;
        if let (Message::Device(request), Reply::Device(reply)) = (&call.message, reply) {
            self.device_told(step.number, &call.presented, request, reply);
            self.note_handled(step);
        }
        if let (Message::People(request), Reply::People(reply)) = (&call.message, reply) {
            self.person_told(step.number, request, reply);
        }
    }

    /// The grant that the call was about.
    #[must_use]
    pub fn grant_of(&self, step: &Step<'_>, state: &State) -> Option<GrantId> {
        match &step.by.as_ref()?.running.call.presented {
            Credential::Provisional(code) => Some(self.codes.get(&code.to_text())?.grant),
            Credential::Formal(code) => match step.request()? {
                DeviceRequest::AddDevices(add) if add.code.is_some() => {
                    Some(self.codes.get(add.code.as_ref()?)?.grant)
                }
                _ => Some(state.registration(code.registration())?.facts.grant),
            },
            _ => None,
        }
    }

    fn note_memberships(&mut self, step: &Step<'_>) {
        for changed in step.changed(Kind::Registration) {
            let devices = |kept: Option<&Kept>| match kept.map(|kept| &kept.entry) {
                Some(Entry::Registration(it)) => devices_of(&it.state).to_vec(),
                _ => Vec::new(),
            };
            if devices(changed.before.as_ref()) != devices(changed.after.as_ref())
                && let Some(id) = registration_id(&changed.key)
            {
                self.posted.spoken_for.insert(id, step.number);
            }
        }
    }

    fn note_handled(&mut self, step: &Step<'_>) {
        let Some(by) = &step.by else { return };
        let Some(parcel) = by.parcel.filter(|it| it.desk == Desk::Devices) else {
            return;
        };
        let key = (parcel.header.clone(), parcel.body.clone());
        self.handled.entry(key).or_insert(step.number);
    }

    fn device_told(
        &mut self,
        step: u64,
        presented: &Credential,
        request: &DeviceRequest,
        reply: &DeviceReply,
    ) {
        if let Credential::Formal(code) = presented {
            let epochs = self.used.entry(code.registration()).or_default();
            epochs.entry(code.epoch()).or_insert(step);
        }
        match (request, reply, presented) {
            (
                DeviceRequest::Enrol(enrol),
                DeviceReply::Enrolled(told),
                Credential::Provisional(code),
            ) => self.enrolled(step, code.to_text(), enrol, told),
            (_, DeviceReply::Rotated(rotated), _) => self.hand_out(&rotated.formal_code),
            (_, DeviceReply::DevicesAdded(added), _) => {
                self.holdings
                    .extend(added.devices.iter().map(|it| it.device));
            }
            (_, DeviceReply::DevicesRemoved(removed), Credential::Formal(code))
                if removed.remaining == 0 =>
            {
                self.ended.entry(code.registration()).or_insert(step);
            }
            (_, DeviceReply::Left(_), Credential::Formal(code)) => {
                self.ended.entry(code.registration()).or_insert(step);
            }
            (
                DeviceRequest::ReportStatus(asked),
                DeviceReply::StatusReported(told),
                Credential::Formal(code),
            ) => self.status_reported(step, code.registration(), asked, told),
            _ => {}
        }
    }

    fn enrolled(&mut self, step: u64, code: String, enrol: &Enrol, told: &Enrolled) {
        self.hand_out(&told.formal_code);
        let key = (code, enrol.request);
        self.made_by
            .entry(told.registration)
            .or_insert_with(|| key.clone());
        self.enrolments.entry(key).or_insert_with(|| Told {
            step,
            registration: told.registration,
            formal: told.formal_code.clone(),
            devices: told.devices.iter().map(|it| it.device).collect(),
            content: content(enrol),
        });
    }

    fn hand_out(&mut self, code: &FormalCode) {
        let which = (code.registration(), code.epoch());
        self.handed_out.entry(which).or_insert(*code.secret());
        self.secrets.entry(*code.secret()).or_insert(which);
    }

    fn status_reported(
        &mut self,
        step: u64,
        registration: RegistrationId,
        asked: &ReportStatus,
        told: &StatusReported,
    ) {
        for (report, told) in asked.reports.iter().zip(&told.results) {
            if told.result != ReportResult::Accepted {
                continue;
            }
            let number = (report.boot, report.seq);
            let key = (told.device, registration);
            let held = self.reported.entry(key).or_insert((number, step));
            if held.0 < number {
                *held = (number, step);
            }
        }
    }

    fn person_told(&mut self, step: u64, request: &PeopleRequest, reply: &PeopleReply) {
        match (request, reply) {
            (_, PeopleReply::CodeIssued(issued)) => {
                let row = &issued.row;
                let kept = Issued {
                    grant: row.grant,
                    limit: row.limit,
                    expires: row.expires.0,
                };
                self.codes.insert(issued.code.clone(), kept);
            }
            (_, PeopleReply::CodeRevoked(row)) if row.state == CodeState::Revoked => {
                self.revoked.entry(row.grant).or_insert(step);
            }
            (_, PeopleReply::TokenIssued(issued)) => {
                self.tokens.insert(issued.row.token);
            }
            (PeopleRequest::RevokeToken(_), PeopleReply::TokenRevoked(row)) => {
                self.revoked_tokens.entry(row.token).or_insert(step);
            }
            (_, PeopleReply::ClockAccepted(accepted)) => {
                self.accepted_clock = self.accepted_clock.max(Some(accepted.now.0));
            }
            _ => {}
        }
    }
}

/// What an enrolment asks for, whatever the order in which it names it.
#[must_use]
pub fn content(enrol: &Enrol) -> Vec<Identification> {
    let devices = enrol.devices.as_slice().iter();
    let mut content: Vec<Identification> = devices.map(|it| it.identification.clone()).collect();
    content.sort_unstable();
    content
}
