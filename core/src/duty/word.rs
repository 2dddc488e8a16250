//! What the center is told of the duties, and what its answer does to them.
//!
//! One message says the latest word of every duty that has one unsaid. It is lost or answered as a
//! whole; until then nothing is forgotten, and saying it again does no harm. Serves spec chapter
//! MBX.

use alloc::vec::Vec;

use crate::id::DeviceId;
use crate::limits::{ACKNOWLEDGEMENTS_PER_MESSAGE, MESSAGE_BYTES, MESSAGE_FRAME};
use crate::wire::{Acknowledge, Acknowledged, Acknowledgement, ActResult, NoteResult};

use super::{Duties, Duty, Said};

impl Duties {
    /// Whether the center is to be told something.
    // spec: MBX-052, MBX-056
    pub(crate) fn unsaid(&self) -> bool {
        self.list.iter().any(Duty::is_unsaid)
    }

    /// The latest word of every duty that has one unsaid, as many as one message holds.
    // spec: MBX-055
    pub(crate) fn say(&mut self) -> Acknowledge {
        let mut room = MESSAGE_BYTES.saturating_sub(MESSAGE_FRAME);
        let mut acknowledgements = Vec::new();
        self.said.clear();
        for duty in self.list.iter().filter(|it| it.is_unsaid()) {
            let word = duty.acknowledgement();
            let size = size(&word);
            let full = acknowledgements.len() >= ACKNOWLEDGEMENTS_PER_MESSAGE || size > room;
            if full && !acknowledgements.is_empty() {
                break;
            }
            room = room.saturating_sub(size);
            self.said.push(Said {
                key: duty.key,
                last: word.progress.is_final(),
            });
            acknowledgements.push(word);
        }
        Acknowledge { acknowledgements }
    }

    /// Whether this answers what was said.
    // spec: MSG-011
    pub(crate) fn is_answered_by(&self, reply: &Acknowledged) -> bool {
        let noted = reply.acknowledgements.iter().map(|it| it.instruction);
        noted.eq(self.said.iter().map(|it| it.key.instruction))
    }

    /// The center has answered: it holds what was said, or something else for good. Whether the
    /// mailbox is to be looked into again at once, because it held more. A center that noted
    /// nothing of all this is not asked again before its time, lest the two go round in a circle.
    // spec: MBX-061
    pub(crate) fn answered(&mut self, reply: &Acknowledged) -> bool {
        self.drop_said();
        let noted = |it: &crate::wire::Noted| it.result == NoteResult::Recorded;
        let again = self.more && self.list.is_empty();
        if again {
            self.more = false;
        }
        again && reply.acknowledgements.iter().any(noted)
    }

    /// The center refuses for good what was said: saying it again would change nothing.
    pub(crate) fn drop_said(&mut self) {
        for said in core::mem::take(&mut self.said) {
            if said.last {
                self.list.retain(|it| it.key != said.key);
            } else if let Some(duty) = self.list.iter_mut().find(|it| it.key == said.key) {
                duty.told = true;
            }
        }
    }

    /// The center says that these devices are not spoken for. Where none of them is among those of
    /// which something was said, all of it is dropped.
    pub(crate) fn not_covered(&mut self, devices: &[DeviceId]) {
        let named = |it: &Said| devices.contains(&it.key.device);
        if !self.said.iter().any(named) {
            self.drop_said();
        }
        self.forget(devices);
    }
}

impl Duty {
    const fn is_unsaid(&self) -> bool {
        !self.told || self.course.is_over()
    }

    fn acknowledgement(&self) -> Acknowledgement {
        let (progress, results) = self.course.word();
        Acknowledgement {
            instruction: self.key.instruction,
            device: self.key.device,
            attempt: self.attempt,
            progress,
            results: results.to_vec(),
        }
    }
}

/// Bytes that an acknowledgement takes at the most: its names and ids, and a detail in which every
/// byte has to be escaped.
fn size(word: &Acknowledgement) -> usize {
    let detail = |it: &ActResult| it.detail.as_ref().map_or(0, |it| it.as_str().len());
    let result = |it| detail(it).saturating_mul(2).saturating_add(RESULT_FRAME);
    let results = word.results.iter().map(result);
    results.fold(WORD_FRAME, usize::saturating_add)
}

/// Bytes of an acknowledgement without its results.
const WORD_FRAME: usize = 192;
/// Bytes of a result without its detail.
const RESULT_FRAME: usize = 48;
