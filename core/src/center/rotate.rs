//! Rotation: the next formal code is handed out, and the present one is valid until the next is
//! used. Whoever asks again gets the same next code.

use alloc::format;

use crate::crypto::Crypto;
use crate::record::{Generation, Secret};
use crate::wire::{RefusalCode, Rotated};

use super::authenticate::no_master_key;
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Hands out the next formal code.
    // spec: ENR-025, ENR-026
    pub(super) fn rotate(&mut self) -> Result<Rotated, Stop> {
        let mut speaker = self.speaker(&[Generation::key()])?;
        let center = self.center;
        let generation = self.generation()?;
        // A next code that was handed out before the store was put back is nobody's next any more.
        let is_present = |next: &Secret| generation.hands_out(next.epoch) == next.epoch;
        let next = match speaker.active.next.filter(is_present) {
            Some(next) => next,
            None => {
                let next = self.next_secret(generation, speaker.active.secret)?;
                speaker.active.next = Some(next);
                self.save(&speaker);
                next
            }
        };
        let formal_code = center
            .keys
            .formal_code(&center.crypto, speaker.id, next)
            .ok_or_else(|| no_master_key(speaker.id, next.master))?;
        Ok(Rotated {
            formal_code,
            schedule: self.schedule(),
        })
    }

    /// The next generation, from the current master key.
    fn next_secret(&self, generation: Generation, secret: Secret) -> Result<Secret, Stop> {
        let epoch = secret.epoch.next().ok_or_else(|| {
            let detail = format!("epoch {} was the last", secret.epoch.get());
            Stop::plain(RefusalCode::Internal, "epochs-used-up", detail)
        })?;
        let master = self.center.keys.current();
        let epoch = generation.hands_out(epoch);
        Ok(Secret { epoch, master })
    }
}
