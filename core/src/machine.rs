//! The one shape of every long-lived machine: input in, outputs out, and the next moment that
//! matters.
//!
//! A driver gives a machine what happened and carries out what it answers, in order. Between inputs
//! it sleeps until the deadline and then says that time has passed. `Err` means that nothing
//! changed and nothing was emitted, so that giving the same input again is always safe.

use alloc::vec::Vec;

use crate::entropy::Seed;
use crate::time::Uptime;

/// A state machine without a clock, a socket or a disk.
pub trait Machine {
    /// What can happen to it.
    type Input;
    /// What it wants done.
    type Output;
    /// Why it cannot take an input.
    type Error;

    /// Takes one input. `seed` is 32 fresh random bytes.
    ///
    /// # Errors
    /// The input does not fit the machine's state; nothing has changed and nothing was emitted.
    fn handle(
        &mut self,
        now: Uptime,
        seed: &Seed,
        input: Self::Input,
        out: &mut Vec<Self::Output>,
    ) -> Result<(), Self::Error>;

    /// When to say that time has passed, if ever.
    fn deadline(&self) -> Option<Uptime>;
}
