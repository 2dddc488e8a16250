//! Acknowledgements: what became of instructions, as their devices say. Each is answered with what
//! it did and with what the center holds now, so that none has to be repeated.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::DeviceId;
use crate::record::{Event, Instruction, Verdict, Word};
use crate::time::Timestamp;
use crate::wire::{Acknowledge, Acknowledged, Acknowledgement, NoteResult, Noted};

use super::mailboxes::Held;
use super::report::covered;
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Records the acknowledgements, in their order, or none of them if the message is refused.
    // spec: MBX-023, MBX-030
    pub(super) fn acknowledge(&mut self, message: &Acknowledge) -> Result<Acknowledged, Stop> {
        let speaker = self.speaker(&[])?;
        let words = &message.acknowledgements;
        covered(&speaker, words.iter().map(|word| word.device))?;
        let mut devices: Vec<DeviceId> = words.iter().map(|word| word.device).collect();
        devices.sort_unstable();
        devices.dedup();
        let mut held = self.mailboxes(&devices)?;
        let now = self.time()?;
        let mut noted = Vec::with_capacity(words.len());
        for word in words {
            let place = devices.binary_search(&word.device);
            let held = place.ok().and_then(|place| held.get_mut(place));
            noted.push(note(held, word, now)?);
        }
        self.note_invitations(words, &held)?;
        held.into_iter().for_each(|held| self.keep_mailbox(held));
        Ok(Acknowledged {
            acknowledgements: noted,
            schedule: self.schedule(),
        })
    }

    /// Notes with its application what was said of each invitation.
    fn note_invitations(&mut self, words: &[Acknowledgement], held: &[Held]) -> Result<(), Stop> {
        let said: Vec<(DeviceId, Instruction)> = words
            .iter()
            .filter_map(|word| {
                let kept = held.iter().find_map(|it| it.get(word.instruction))?;
                kept.invitation.map(|_| (word.device, kept.clone()))
            })
            .collect();
        for (device, kept) in said {
            self.invitation_noted(device, &kept)?;
        }
        Ok(())
    }
}

/// What one acknowledgement does to its instruction.
// spec: MBX-028, MBX-029
fn note(held: Option<&mut Held>, word: &Acknowledgement, now: Timestamp) -> Result<Noted, Stop> {
    let noted = |result, state: &str| Noted {
        instruction: word.instruction,
        result,
        state: String::from(state),
    };
    let Some(instruction) = held.and_then(|held| held.get_mut(word.instruction)) else {
        return Ok(noted(NoteResult::Unknown, "unknown"));
    };
    let event = Event::Word(Word {
        attempt: word.attempt,
        progress: word.progress,
        results: &word.results,
    });
    let result = match instruction.apply(event, now) {
        Verdict::Becomes(_) => NoteResult::Recorded,
        Verdict::Stays => NoteResult::Repeated,
        Verdict::Superseded => NoteResult::Superseded,
        Verdict::NeverDelivered => {
            let detail = format!(
                "{} names delivery {}; there have been {}",
                word.instruction,
                word.attempt,
                instruction.state.attempt()
            );
            return Err(Stop::invalid(detail));
        }
    };
    Ok(noted(result, instruction.state.shown().word()))
}
