//! Instructions as people see them afterwards: listed, and called off.

use alloc::format;

use crate::crypto::Crypto;
use crate::id::{CustomerId, DeviceId, InstructionId};
use crate::record::Event;
use crate::wire::instruct::{CancelInstruction, InstructionRow, ListInstructions};
use crate::wire::people::Page;

use super::codes::page;
use super::devices::not_found;
use super::instruct::INSTRUCTORS;
use super::mailboxes::Held;
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// A page of what a device has been told, oldest first. What has run out is written down as
    /// such: what people have been shown as expired is never delivered.
    // spec: MBX-031, MBX-042, MBX-043
    pub(super) fn list_instructions(
        &mut self,
        message: &ListInstructions,
    ) -> Result<Page<InstructionRow, InstructionId>, Stop> {
        let (customer, held) = self.instructed(message.customer, message.device)?;
        let all = held.all();
        let passed = match message.after {
            None => 0,
            Some(after) => all
                .iter()
                .position(|it| it.id == after)
                .map_or(all.len(), |place| place.saturating_add(1)),
        };
        let rows = all.iter().skip(passed);
        let page = page(rows.map(|it| (it.id, it.row(customer, message.device))));
        self.keep_mailbox(held);
        Ok(page)
    }

    /// Calls an instruction off: at once if it has not been delivered, otherwise once the device
    /// agrees.
    // spec: MBX-032, MBX-033, MBX-035
    pub(super) fn cancel_instruction(
        &mut self,
        message: &CancelInstruction,
    ) -> Result<InstructionRow, Stop> {
        let (customer, mut held) = self.instructed(message.customer, message.device)?;
        let now = self.time()?;
        let Some(instruction) = held.get_mut(message.instruction) else {
            let detail = format!("{} has no {}", message.device, message.instruction);
            return Err(not_found(detail));
        };
        instruction.apply(Event::Cancel, now);
        let row = instruction.row(customer, message.device);
        let called_off = instruction.clone();
        self.invitation_noted(message.device, &called_off)?;
        self.keep_mailbox(held);
        Ok(row)
    }

    /// The mailbox of a device of the customer that this person may instruct.
    fn instructed(
        &mut self,
        customer: Option<CustomerId>,
        device: DeviceId,
    ) -> Result<(CustomerId, Held), Stop> {
        let person = self.person(&INSTRUCTORS)?;
        let customer = self.readable(&person, customer)?;
        self.held_by(customer, &[device])?;
        Ok((customer, self.mailbox(device)?))
    }
}
