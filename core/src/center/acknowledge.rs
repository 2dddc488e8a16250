//! Acknowledgements: what became of instructions, as their devices say.

use alloc::string::String;

use crate::crypto::Crypto;
use crate::wire::{Acknowledge, Acknowledged, Acknowledgement, NoteResult, Noted};

use super::report::covered;
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Answers each acknowledgement. No mailbox of this center holds an instruction, so that it
    /// knows none of those that are named.
    pub(super) fn acknowledge(&mut self, message: &Acknowledge) -> Result<Acknowledged, Stop> {
        let speaker = self.speaker(&[])?;
        covered(
            &speaker,
            message.acknowledgements.iter().map(|word| word.device),
        )?;
        let unknown = |word: &Acknowledgement| Noted {
            instruction: word.instruction,
            result: NoteResult::Unknown,
            state: String::from("unknown"),
        };
        Ok(Acknowledged {
            acknowledgements: message.acknowledgements.iter().map(unknown).collect(),
            schedule: self.center.schedule.clone(),
        })
    }
}
