//! The mailbox record: what waits for one device, in the order in which it was made, and what it
//! has done with lately.
//!
//! The two lie in two rows, so that a poll reads only what is open, which mostly is nothing: a
//! mailbox without an open instruction has no row at all. A device's id is that of one customer's
//! device, so that the same thing at another customer has another mailbox, and a device that is
//! enrolled anew finds its own. Serves spec chapter MBX.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, InstructionId};
use crate::limits::{FINISHED_PER_MAILBOX, INSTRUCTIONS_PER_MAILBOX};
use crate::time::Timestamp;

use super::desk::Record;
use super::instruction::{Event, Instruction};
use super::key::{Key, Kind, Owner};

/// Instructions of one device: the open ones, or the finished ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mailbox {
    /// The instructions: open ones in the order in which they were made, at most
    /// [`INSTRUCTIONS_PER_MAILBOX`]; finished ones in the order in which they were finished, at
    /// most [`FINISHED_PER_MAILBOX`].
    pub instructions: Vec<Instruction>,
}

impl Mailbox {
    /// Where a device's open instructions are.
    #[must_use]
    pub fn key(device: DeviceId) -> Key {
        Key::owned(Kind::Mailbox, Owner::device(device), &[])
    }

    /// Where a device's finished instructions are.
    #[must_use]
    pub fn finished_key(device: DeviceId) -> Key {
        Key::owned(Kind::Mailbox, Owner::device(device), b"finished")
    }

    /// The instruction with this id.
    pub fn get_mut(&mut self, id: InstructionId) -> Option<&mut Instruction> {
        self.instructions.iter_mut().find(|it| it.id == id)
    }

    /// The instruction with this id.
    #[must_use]
    pub fn get(&self, id: InstructionId) -> Option<&Instruction> {
        self.instructions.iter().find(|it| it.id == id)
    }

    /// Puts an instruction behind all others; whether there was room.
    // spec: MBX-012, MBX-041
    #[must_use]
    pub fn add(&mut self, instruction: Instruction) -> bool {
        let open = |it: &&Instruction| !it.is_finished();
        let has_room = self.instructions.iter().filter(open).count() < INSTRUCTIONS_PER_MAILBOX;
        if has_room {
            self.instructions.push(instruction);
        }
        has_room
    }

    /// Has time pass for all of them.
    pub fn pass(&mut self, now: Timestamp) {
        for instruction in &mut self.instructions {
            instruction.apply(Event::Time, now);
        }
    }

    /// Moves what is finished to the finished ones, of which the oldest make room.
    // spec: MBX-043
    pub fn clear_into(&mut self, finished: &mut Self) {
        let (done, open): (Vec<_>, Vec<_>) = core::mem::take(&mut self.instructions)
            .into_iter()
            .partition(Instruction::is_finished);
        self.instructions = open;
        finished.instructions.extend(done);
        let kept = finished.instructions.len();
        let surplus = kept.saturating_sub(FINISHED_PER_MAILBOX);
        finished.instructions.drain(..surplus);
    }
}

impl Record for Mailbox {}
