//! Polling: what is in the mailbox, and when to come again. A poll writes nothing, unless it is the
//! first use of its formal code.

use crate::crypto::Crypto;
use crate::wire::{ETag, Mailbox, Poll, PollReply, Schedule, json};

use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// The mailbox's present state, or that it is unchanged. An empty mailbox fits the smallest
    /// `maxMessage` that a device may state.
    // spec: MBX-001, MBX-002, MBX-004, MBX-005
    pub(super) fn poll(&mut self, poll: &Poll) -> Result<PollReply, Stop> {
        self.speaker(&[])?;
        let center = self.center;
        if poll.have.as_ref() == Some(&center.etag) {
            return Ok(PollReply::Unchanged(center.schedule.poll));
        }
        Ok(PollReply::Mailbox(Mailbox {
            etag: center.etag.clone(),
            instructions: alloc::vec::Vec::new(),
            more: false,
            schedule: center.schedule.clone(),
        }))
    }
}

/// The tag of a mailbox in which nothing waits: a hash of the schedule. It is the same for every
/// device, so that it is made once.
// spec: MBX-003
pub(super) fn etag(crypto: &impl Crypto, schedule: &Schedule) -> ETag {
    let hash = crypto.sha256(&[b"restante mailbox 1", &json::to_bytes(schedule)]);
    let mut tag = [0; 16];
    for (to, from) in tag.iter_mut().zip(hash) {
        *to = from;
    }
    ETag::from_bytes(&tag)
}
