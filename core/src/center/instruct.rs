//! Instructing devices: one instruction for each device that is named, or none at all.
//!
//! The ids are derived from the customer, the request and the device, so that an order that is
//! given twice makes nothing twice and needs no index.

use alloc::format;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::{CustomerId, DeviceId, InstructionId};
use crate::limits::{ACTS_BYTES, INSTRUCTION_TIME, INSTRUCTION_TIME_MAX, INSTRUCTION_TIME_MIN};
use crate::record::{Instruction, InstructionState, Key, Mailbox};
use crate::time::{Seconds, Timestamp};
use crate::wire::instruct::{Instruct, Instructed, InstructedDevice};
use crate::wire::people::Role;
use crate::wire::{Act, Acts, Refusal, RefusalCode, json};

use super::authenticate::{Person, forbidden};
use super::mailboxes::Held;
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Puts an instruction into the mailbox of every device that is named.
    // spec: MBX-038, MBX-042
    pub(super) fn instruct(&mut self, message: &Instruct) -> Result<Instructed, Stop> {
        let person = self.person(&INSTRUCTORS)?;
        let times = Times::of(message)?;
        may_instruct(&person, &message.acts)?;
        let customer = self.readable(&person, message.customer)?;
        self.held_by(customer, &message.devices)?;
        let mut held = self.mailboxes(&message.devices)?;
        let now = self.time()?;
        let mut rows = Vec::with_capacity(held.len());
        let (mut other, mut full) = (Vec::new(), Vec::new());
        for (device, held) in message.devices.iter().zip(&mut held) {
            let id = self.instruction_id(customer, message, *device);
            let made = times.instruction(id, &message.acts, now);
            match put(held, made) {
                Ok(()) => rows.push(InstructedDevice {
                    device: *device,
                    instruction: id,
                }),
                Err(RefusalCode::MailboxFull) => full.push(*device),
                Err(_) => other.push(*device),
            }
        }
        refuse(RefusalCode::RequestMismatch, other)?;
        refuse(RefusalCode::MailboxFull, full)?;
        held.into_iter().for_each(|held| self.keep_mailbox(held));
        Ok(Instructed { rows })
    }

    fn instruction_id(
        &self,
        customer: CustomerId,
        message: &Instruct,
        device: DeviceId,
    ) -> InstructionId {
        let center = self.center;
        let keys = &center.keys;
        keys.instruction(&center.crypto, customer, message.request, device)
    }

    /// Refuses what names a device that is not the customer's; loads the mailboxes on the way.
    pub(super) fn held_by(
        &mut self,
        customer: CustomerId,
        devices: &[DeviceId],
    ) -> Result<(), Stop> {
        let boxes = |device: &DeviceId| [Mailbox::key(*device), Mailbox::finished_key(*device)];
        let boxes: Vec<Key> = devices.iter().flat_map(boxes).collect();
        self.all_held(customer, devices, &boxes).map(drop)
    }
}

/// From when on and until when an instruction may be begun, from its making on.
struct Times {
    not_before: Option<Seconds>,
    expires: Seconds,
}

impl Times {
    fn of(message: &Instruct) -> Result<Self, Stop> {
        let expires = message.expires.unwrap_or(INSTRUCTION_TIME);
        let (least, most) = (INSTRUCTION_TIME_MIN, INSTRUCTION_TIME_MAX);
        if !(least..=most).contains(&expires) {
            return Err(Stop::invalid(format!(
                "expires is {} seconds; it is {} at least and {} at most",
                expires.get(),
                least.get(),
                most.get()
            )));
        }
        if message.not_before.is_some_and(|at| at >= expires) {
            return Err(Stop::invalid("notBefore has to be earlier than expires"));
        }
        Ok(Self {
            not_before: message.not_before,
            expires,
        })
    }

    fn instruction(&self, id: InstructionId, acts: &Acts, now: Timestamp) -> Instruction {
        Instruction {
            id,
            acts: acts.clone(),
            made: now,
            not_before: self.not_before.map(|at| now.after(at)),
            expires: now.after(self.expires),
            state: InstructionState::Waiting,
            taken: None,
            invitation: None,
        }
    }
}

/// Puts an instruction into a mailbox, unless it is in it already.
// spec: MBX-039, MBX-041
fn put(held: &mut Held, made: Instruction) -> Result<(), RefusalCode> {
    if let Some(there) = held.get(made.id) {
        let same = there.is_same_order(&made);
        return same.then_some(()).ok_or(RefusalCode::RequestMismatch);
    }
    let has_room = held.open.add(made);
    has_room.then_some(()).ok_or(RefusalCode::MailboxFull)
}

/// Refuses acts that this center does not give, or not for this person.
// spec: MBX-042, MBX-044
fn may_instruct(person: &Person, acts: &Acts) -> Result<(), Stop> {
    let bytes = json::to_bytes(acts).len();
    if bytes > ACTS_BYTES {
        return Err(Stop::invalid(format!(
            "the acts have {bytes} bytes; at most {ACTS_BYTES} are allowed"
        )));
    }
    for act in acts.as_slice() {
        match act {
            Act::ReportStatus | Act::Notify(_) => {}
            Act::RotateCode if person.is_operator() => {}
            Act::RotateCode => {
                return Err(forbidden(format!("{}, {}", person.account, act.kind())));
            }
            Act::RegisterService(_) => {
                return Err(Stop::invalid(
                    "register-service comes with an application; it cannot be instructed",
                ));
            }
            Act::Unknown(kind) => {
                return Err(Stop::invalid(format!(
                    "this center knows no act of the kind {}",
                    kind.as_str()
                )));
            }
        }
    }
    Ok(())
}

/// Refuses, naming these devices, if there are any.
pub(super) fn refuse(code: RefusalCode, devices: Vec<DeviceId>) -> Result<(), Stop> {
    let Some(first) = devices.first() else {
        return Ok(());
    };
    let detail = format!("{} devices, the first being {first}", devices.len());
    let mut refusal = Refusal::plain(code);
    refusal.devices = devices;
    Err(Stop::refusal(refusal, code.word(), detail))
}

/// Who may have devices do something.
pub(super) const INSTRUCTORS: [Role; 2] = [Role::Administrator, Role::Operator];
