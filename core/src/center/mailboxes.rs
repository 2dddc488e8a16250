//! Mailboxes at the desk: both rows of each, as they are by the center's time, and what of them has
//! to be kept.

use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::{DeviceId, InstructionId};
use crate::record::{Clock, Instruction, Key, Mailbox, Pause};

use super::work::Work;

/// A device's mailbox: what is open, and what is finished.
pub(super) struct Held {
    device: DeviceId,
    pub(super) open: Mailbox,
    finished: Mailbox,
    /// Both as they were read.
    read: (Mailbox, Mailbox),
}

impl Held {
    /// The instruction with this id.
    pub(super) fn get(&self, id: InstructionId) -> Option<&Instruction> {
        self.open.get(id).or_else(|| self.finished.get(id))
    }

    /// The instruction with this id.
    pub(super) fn get_mut(&mut self, id: InstructionId) -> Option<&mut Instruction> {
        let open = self.open.get_mut(id);
        open.or_else(|| self.finished.get_mut(id))
    }

    /// All of its instructions, oldest first. What was made at the same time stands in the order in
    /// which it was finished, and before what is open.
    // spec: MBX-043
    pub(super) fn all(&self) -> Vec<&Instruction> {
        let (finished, open) = (&self.finished.instructions, &self.open.instructions);
        let mut all: Vec<&Instruction> = finished.iter().chain(open).collect();
        all.sort_by_key(|it| it.made);
        all
    }
}

impl<C: Crypto> Work<'_, C> {
    /// The mailboxes of these devices as they are now, loaded in one round.
    pub(super) fn mailboxes(&mut self, devices: &[DeviceId]) -> Result<Vec<Held>, Pause> {
        let rows = |device: &DeviceId| [Mailbox::key(*device), Mailbox::finished_key(*device)];
        let keys: Vec<Key> = devices.iter().flat_map(rows).collect();
        self.load(keys.iter().chain([&Clock::key()]))?;
        devices.iter().map(|device| self.mailbox(*device)).collect()
    }

    /// The mailbox of this device as it is now.
    pub(super) fn mailbox(&mut self, device: DeviceId) -> Result<Held, Pause> {
        let now = self.time()?;
        let open: Option<Mailbox> = self.desk.get(&Mailbox::key(device))?;
        let finished: Option<Mailbox> = self.desk.get(&Mailbox::finished_key(device))?;
        let read = (open.unwrap_or_default(), finished.unwrap_or_default());
        let (mut open, finished) = read.clone();
        open.pass(now);
        Ok(Held {
            device,
            open,
            finished,
            read,
        })
    }

    /// Keeps what of the mailbox is other than it was read. Where nothing is open, there is no row
    /// for what is open.
    pub(super) fn keep_mailbox(&mut self, mut held: Held) {
        held.open.clear_into(&mut held.finished);
        let (open, finished) = held.read;
        let key = Mailbox::key(held.device);
        if held.open.instructions.is_empty() && !open.instructions.is_empty() {
            self.desk.delete(key);
        } else if held.open != open {
            self.desk.put(key, &held.open);
        }
        if held.finished != finished {
            let key = Mailbox::finished_key(held.device);
            self.desk.put(key, &held.finished);
        }
    }
}
