//! Polling: what waits for the devices of a registration, and when to come again.
//!
//! A poll reads one row for each device, which mostly is not there, and writes nothing unless it
//! shows an instruction whose delivery begins with that, or is the first use of its formal code.

use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::{DeviceId, InstructionId};
use crate::limits::{DELIVERIES, MESSAGE_BYTES, MESSAGE_BYTES_MIN};
use crate::record::{self, Event, Key, Pause};
use crate::time::{Seconds, Timestamp};
use crate::wire::{ETag, Instruction, Mailbox, Poll, PollReply, Schedule, json};

use super::calls;
use super::work::{Stop, Work};

/// One device's open instructions as a poll finds them.
struct Found {
    device: DeviceId,
    mailbox: record::Mailbox,
    /// As it was read.
    read: record::Mailbox,
}

impl<C: Crypto> Work<'_, C> {
    /// The mailbox's present state, or that it is unchanged.
    // spec: MBX-001, MBX-002, MBX-005, MBX-011, MBX-015, MBX-017, POL-020, POL-026
    pub(super) fn poll(&mut self, poll: &Poll) -> Result<PollReply, Stop> {
        let devices = match self.in_use()? {
            Some(devices) => devices,
            None => self.speaker(&[])?.active.devices,
        };
        let center = self.center;
        let mut found = self.found(&devices)?;
        let have = poll.have.as_ref().filter(|_| poll.tag.is_none());
        if found.is_empty() && have == Some(&center.etag) {
            return Ok(PollReply::Unchanged(center.policy.next_poll(self.wall)));
        }
        let calls = match &poll.tag {
            Some(tag) => self.calls(tag, &devices)?,
            None => Vec::new(),
        };
        let most = poll.max_message.map_or(MESSAGE_BYTES, |most| {
            usize::try_from(most.get()).unwrap_or(MESSAGE_BYTES)
        });
        let most = most.saturating_sub(self.frame);
        if found.is_empty() {
            let mut mailbox = empty(center.etag.clone(), self.schedule());
            calls::put(calls, &mut mailbox, most);
            return Ok(PollReply::Mailbox(mailbox));
        }
        self.hold_in_use()?;
        let now = self.time()?;
        let unchanged = || Ok(PollReply::Unchanged(center.policy.next_poll(self.wall)));
        let shown = shown(&found, now);
        let (crypto, timetable) = (&center.crypto, &center.timetable);
        // Where all have room, the tag is known before any of them is written out.
        let early = surely_fit(shown.len(), most).then(|| {
            let tagged = shown.iter().map(|(_, _, it)| (it.id, is_called_off(it)));
            etag(crypto, timetable, tagged)
        });
        if have.is_some() && have == early.as_ref() {
            return unchanged();
        }
        let widest = shown.iter().map(|(_, device, it)| self.widest(*device, it));
        let widest: Vec<Instruction> = widest.collect();
        let mut mailbox = empty(center.etag.clone(), self.schedule());
        show(widest, &mut mailbox, most);
        mailbox.etag = early.unwrap_or_else(|| {
            let tagged = mailbox.instructions.iter().map(|it| (it.id, it.cancel));
            etag(crypto, timetable, tagged)
        });
        if have == Some(&mailbox.etag) {
            return unchanged();
        }
        calls::put(calls, &mut mailbox, most);
        for instruction in &mut mailbox.instructions {
            deliver(&mut found, instruction, now);
        }
        self.keep_moved(found)?;
        Ok(PollReply::Mailbox(mailbox))
    }

    /// The mailboxes of these devices in which something is open, loaded in one round.
    fn found(&mut self, devices: &[DeviceId]) -> Result<Vec<Found>, Pause> {
        let keys: Vec<Key> = devices.iter().map(|it| record::Mailbox::key(*it)).collect();
        // One row is read below in a single step; to collect it first would cost nearly every poll.
        if keys.len() > 1 {
            self.load(&keys)?;
        }
        let mut found = Vec::new();
        for (device, key) in devices.iter().zip(&keys) {
            if let Some(mailbox) = self.desk.peek::<record::Mailbox>(key)? {
                found.push(Found {
                    device: *device,
                    read: mailbox.clone(),
                    mailbox,
                });
            }
        }
        if !found.is_empty() {
            let now = self.time()?;
            found.iter_mut().for_each(|it| it.mailbox.pass(now));
        }
        Ok(found)
    }

    /// What is shown of an instruction, as it takes the most room.
    fn widest(&self, device: DeviceId, kept: &record::Instruction) -> Instruction {
        Instruction {
            id: kept.id,
            device,
            attempt: DELIVERIES,
            expires: Seconds::new(u32::MAX),
            cancel: is_called_off(kept),
            acts: self.shown_acts(device, kept),
        }
    }

    /// Keeps the mailboxes in which something has moved.
    fn keep_moved(&mut self, found: Vec<Found>) -> Result<(), Pause> {
        let moved: Vec<Found> = found
            .into_iter()
            .filter(|it| it.mailbox != it.read)
            .collect();
        let devices: Vec<DeviceId> = moved.iter().map(|it| it.device).collect();
        for (mut held, found) in self.mailboxes(&devices)?.into_iter().zip(moved) {
            held.open = found.mailbox;
            self.keep_mailbox(held);
        }
        Ok(())
    }
}

/// What is to be shown of these mailboxes, oldest first, and to which device each is.
// spec: MBX-012, MBX-014
fn shown(found: &[Found], now: Timestamp) -> Vec<(Timestamp, DeviceId, &record::Instruction)> {
    let mut shown = Vec::new();
    for it in found {
        let mut made = Timestamp::EPOCH;
        for kept in &it.mailbox.instructions {
            made = made.max(kept.made);
            if kept.is_shown(now) {
                shown.push((made, it.device, kept));
            }
        }
    }
    shown.sort_by_key(|(made, _, _)| *made);
    shown
}

fn is_called_off(kept: &record::Instruction) -> bool {
    kept.state.delivery().is_some_and(|it| it.cancel)
}

/// Whether so many instructions have room in a reply of `most` bytes, whatever they say: each of
/// them with the rest of a reply fits into the smallest message that a device may declare.
fn surely_fit(count: usize, most: usize) -> bool {
    let one = usize::try_from(MESSAGE_BYTES_MIN).unwrap_or(usize::MAX);
    count.saturating_mul(one) <= most
}

/// What of an instruction is in the tag: which it is, and whether it is called off.
type Tagged = (InstructionId, bool);

/// Puts into the reply what is to be shown, oldest first, as far as there is room. The room that an
/// instruction takes does not depend on its delivery, so that the same ones fit the next time.
// spec: MBX-016
fn show(shown: Vec<Instruction>, mailbox: &mut Mailbox, most: usize) {
    mailbox.more = true;
    let mut room = most.saturating_sub(json::to_bytes(&PollReply::Mailbox(mailbox.clone())).len());
    mailbox.more = false;
    for instruction in shown {
        let bytes = json::to_bytes(&instruction).len().saturating_add(1);
        match room.checked_sub(bytes) {
            Some(left) => {
                room = left;
                mailbox.instructions.push(instruction);
            }
            None => {
                mailbox.more = true;
                return;
            }
        }
    }
}

/// Has the delivery of a shown instruction begin, unless it is under way, and says in the reply
/// which one it is.
// spec: MBX-018, MBX-019, MBX-037
fn deliver(found: &mut [Found], shown: &mut Instruction, now: Timestamp) {
    let kept = found
        .iter_mut()
        .find(|it| it.device == shown.device)
        .and_then(|it| it.mailbox.get_mut(shown.id));
    if let Some(kept) = kept {
        kept.apply(Event::Shown, now);
        shown.attempt = kept.state.attempt();
        shown.expires = kept.expires.since(now);
    }
}

fn empty(etag: ETag, schedule: Schedule) -> Mailbox {
    Mailbox {
        etag,
        instructions: Vec::new(),
        more: false,
        schedule,
        calls: Vec::new(),
    }
}

/// The tag of a mailbox: a hash of the timetable and of what is shown. Where nothing waits it is
/// the same for every device, so that it is made once.
// spec: MBX-010
pub(super) fn etag(
    crypto: &impl Crypto,
    timetable: &[u8],
    shown: impl Iterator<Item = Tagged>,
) -> ETag {
    let mut hashed = Vec::new();
    for (id, called_off) in shown {
        hashed.extend_from_slice(id.as_bytes());
        hashed.push(u8::from(called_off));
    }
    let hash = crypto.sha256(&[b"restante mailbox 1", timetable, &hashed]);
    let mut tag = [0; 16];
    for (to, from) in tag.iter_mut().zip(hash) {
        *to = from;
    }
    ETag::from_bytes(&tag)
}
