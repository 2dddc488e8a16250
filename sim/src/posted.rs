//! What was posted to devices and what came of it: the part of the witness's book that is about
//! instructions and registration codes.
//!
//! It numbers instructions in the order in which they came to lie in a mailbox, remembers what each
//! poll was shown, what was recorded, and what was seen to happen at devices. It knows no rule.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use restante_core::center::{Credential, Message, Reply};
use restante_core::id::{ApplicationId, CustomerId, DeviceId, InstructionId, RegistrationId};
use restante_core::limits::DELIVERIES;
use restante_core::provider::PairState;
use restante_core::record::{Entitlement, Instruction, Key, Kind};
use restante_core::time::Timestamp;
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::services::{ApplicationState, ServicesReply, ServicesRequest};
use restante_core::wire::{
    Acknowledge, Acknowledged, Act, DeviceReply, DeviceRequest, ETag, Mailbox, NoteResult,
    PollReply,
};

use crate::catalogue;
use crate::state::{Entry, State};
use crate::step::Step;

/// The book.
#[derive(Clone, Debug, Default)]
pub struct Posted {
    /// Every instruction that ever lay in a mailbox.
    pub made: BTreeMap<InstructionId, Made>,
    /// What the poll was shown that an etag was told with.
    pub shown: HashMap<(RegistrationId, ETag), BTreeSet<InstructionId>>,
    /// Instructions of which a final word was answered as recorded.
    pub recorded: BTreeSet<InstructionId>,
    /// The texts that were seen at devices.
    pub effects: BTreeMap<(DeviceId, String), Seen>,
    /// Who was shown which registration code.
    pub pairs: BTreeMap<(DeviceId, usize, String), Offered>,
    /// Pairs that were answered with a registration, and when first.
    pub registered: BTreeMap<(DeviceId, usize, String), u64>,
    /// How often an application has let a device use its service.
    pub entitled: BTreeMap<(ApplicationId, DeviceId), u64>,
    /// Applications of which it was said that they are cancelled, and when.
    pub cancelled: BTreeMap<ApplicationId, u64>,
    /// When the devices of a registration have changed last.
    pub spoken_for: BTreeMap<RegistrationId, u64>,
}

/// An instruction.
#[derive(Clone, Debug)]
pub struct Made {
    /// For which device.
    pub device: DeviceId,
    /// Its place among all instructions, in the order in which they came to lie in a mailbox.
    pub number: u64,
    /// In which step that was.
    pub step: u64,
    /// In which step it was seen to be over, if it is.
    pub over: Option<u64>,
    /// As it was seen last.
    pub latest: Instruction,
}

/// A registration code that a device was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// For which device.
    pub device: DeviceId,
    /// For which service.
    pub service: usize,
    /// The code.
    pub code: String,
    /// Whose application it came with.
    pub customer: CustomerId,
    /// Which application.
    pub application: ApplicationId,
}

/// A text that was seen at a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// At which device.
    pub device: DeviceId,
    /// What.
    pub text: String,
    /// How often the device had forgotten what it was told, and by which registration it was told,
    /// where it holds one itself.
    pub own: Option<(u64, RegistrationId)>,
}

/// By whose word a text was seen last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// How often it had forgotten, and the registration.
    pub own: Option<(u64, RegistrationId)>,
}

impl Posted {
    /// A registration code that a device was shown.
    #[must_use]
    pub fn pair(&self, choice: usize) -> Option<&Offered> {
        self.pairs
            .values()
            .nth(choice.checked_rem(self.pairs.len())?)
    }

    /// The instruction of this device that holds this text.
    #[must_use]
    pub fn with_text(&self, device: DeviceId, text: &str) -> Option<&Made> {
        let holds =
            |made: &&Made| made.device == device && texts(&made.latest).any(|it| it == text);
        self.made.values().find(holds)
    }

    /// Notes that an instruction has had an effect.
    pub fn carried_out(&mut self, effect: Effect) {
        let seen = Seen { own: effect.own };
        self.effects.insert((effect.device, effect.text), seen);
    }

    /// Notes what a step has brought.
    pub fn absorb(&mut self, step: &Step<'_>, state: &State) {
        for changed in step.changed(Kind::Mailbox) {
            let device = DeviceId::from_bytes(changed.key.owner.0);
            self.look_into(device, step.number, state);
        }
        for changed in step.changed(Kind::Entitlement) {
            let begun = match (changed.before.as_ref(), changed.after.as_ref()) {
                (before, Some(after)) => begins(before.map(|it| &it.entry), &after.entry),
                _ => None,
            };
            if let (Some(begun), Some(device)) = (begun, Entitlement::device(&changed.key)) {
                *self
                    .entitled
                    .entry((begun.application, device))
                    .or_default() += 1;
            }
        }
        let (Some(reply), Some(by)) = (step.reply(), &step.by) else {
            return;
        };
        match (&by.running.call.message, reply) {
            (Message::Device(DeviceRequest::Poll(_)), Reply::Device(DeviceReply::Polled(told))) => {
                if let (PollReply::Mailbox(mailbox), Credential::Formal(code)) =
                    (told, &by.running.call.presented)
                {
                    self.polled(code.registration(), mailbox, state);
                }
            }
            (
                Message::Device(DeviceRequest::Acknowledge(said)),
                Reply::Device(DeviceReply::Acknowledged(told)),
            ) => self.acknowledged(said, told),
            (Message::Register(service, register), Reply::Registered(_)) => {
                let number =
                    (0..catalogue::SERVICES).find(|it| catalogue::service(*it) == *service);
                if let (Some(number), Some(code)) = (number, &register.code) {
                    let pair = (register.device, number, code.as_str().to_owned());
                    self.registered.entry(pair).or_insert(step.number);
                }
            }
            (
                Message::People(PeopleRequest::Services(ServicesRequest::CancelApplication(_))),
                Reply::People(PeopleReply::Services(ServicesReply::Application(row))),
            ) if row.state == ApplicationState::Cancelled => {
                self.cancelled.entry(row.application).or_insert(step.number);
            }
            _ => {}
        }
    }

    /// Notes how the instructions of a device stand now.
    fn look_into(&mut self, device: DeviceId, step: u64, state: &State) {
        let all = state.finished(device).iter().chain(state.open(device));
        for instruction in all {
            let number = self.made.len() as u64;
            let made = self.made.entry(instruction.id).or_insert_with(|| Made {
                device,
                number,
                step,
                over: None,
                latest: instruction.clone(),
            });
            made.latest = instruction.clone();
            if instruction.is_finished() {
                made.over.get_or_insert(step);
            }
        }
    }

    fn polled(&mut self, registration: RegistrationId, told: &Mailbox, state: &State) {
        let ids = told.instructions.iter().map(|it| it.id).collect();
        self.shown.insert((registration, told.etag.clone()), ids);
        for instruction in &told.instructions {
            for act in instruction.acts.as_slice() {
                if let Act::RegisterService(act) = act
                    && let Some(service) = catalogue::number_at(&act.url)
                    && let Some(kept) = self.made.get(&instruction.id)
                    && let Some(invitation) = kept.latest.invitation
                {
                    let device = instruction.device;
                    debug_assert!(state.holds(device), "it is shown to its holder");
                    let key = (device, service, act.code.clone());
                    self.pairs.entry(key).or_insert(Offered {
                        device,
                        service,
                        code: act.code.clone(),
                        customer: invitation.customer,
                        application: invitation.application,
                    });
                }
            }
        }
    }

    fn acknowledged(&mut self, said: &Acknowledge, told: &Acknowledged) {
        let words = said.acknowledgements.iter().zip(&told.acknowledgements);
        let last = words.filter(|(word, noted)| {
            word.progress.is_final() && noted.result == NoteResult::Recorded
        });
        let last: Vec<_> = last.map(|(word, _)| word.instruction).collect();
        self.recorded.extend(last);
    }
}

impl Made {
    /// Whether it is to be shown to whoever polls now, by whatever clock there is.
    #[must_use]
    pub fn is_due(&self, lowest: Timestamp, highest: Timestamp) -> bool {
        let begins = self.latest.not_before.is_none_or(|at| at <= lowest);
        let delivery = self.latest.state.delivery();
        let set_aside = delivery.is_some_and(|it| it.attempt >= DELIVERIES && it.until <= highest);
        begins && self.latest.expires > highest && !set_aside && !self.latest.is_finished()
    }
}

/// The texts of an instruction.
pub fn texts(instruction: &Instruction) -> impl Iterator<Item = &str> {
    let acts = instruction.acts.as_slice().iter();
    acts.filter_map(|act| match act {
        Act::Notify(notify) => Some(notify.text.as_str()),
        _ => None,
    })
}

/// The use of a service that begins where one record takes the place of another.
#[must_use]
pub fn begins<'a>(before: Option<&Entry>, after: &'a Entry) -> Option<&'a Entitlement> {
    let Entry::Entitlement(after) = after else {
        return None;
    };
    let same = match before {
        Some(Entry::Entitlement(before)) => {
            before.application == after.application
                && before.since == after.since
                && before.is_in_force()
        }
        _ => false,
    };
    (after.is_in_force() && !same).then_some(after)
}

/// The registration code of a device for a service, as the center keeps it now, if its use goes on.
#[must_use]
pub fn in_use(state: &State, offered: &Offered) -> bool {
    let service = catalogue::service(offered.service);
    let key: Key = restante_core::provider::Pair::key(offered.device, &service);
    match state.entry(&key) {
        Some(Entry::Pair(pair)) => {
            pair.application == offered.application
                && matches!(pair.state, PairState::Entitled { .. })
        }
        _ => false,
    }
}
