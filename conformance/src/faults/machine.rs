//! Faults at the seams of a device or a gateway: what happens to its machine, what that wants done
//! and when, and what its senses make of people and replies, altered on the way.
//!
//! The core's machine stands behind the fault and knows nothing of it. It is made anew whenever the
//! power comes on, and what the fault remembers goes with the power.

use std::sync::Arc;

use restante_core::machine::Machine;
use restante_core::registrant::InputError;
use restante_core::wire::{DeviceRequest, StatusReport};
use restante_core::{Seed, Uptime};

use crate::line::Line;
use crate::party::{Boxed, Kind, MachineParty, Make, Senses};
use crate::run::{Party, Time};

use super::memo::{Memo, Seam};

/// What a fault makes of the things that a machine wants done.
pub type Wants<K> = fn(&mut Memo<K>, Vec<<K as Kind>::Output>) -> Vec<<K as Kind>::Output>;

/// What a fault does to a device or a gateway.
pub struct Wiring<K: Seam> {
    /// Alters what happens to it: nothing, or something else, or more.
    pub hears: fn(&mut Memo<K>, K::Input) -> Vec<K::Input>,
    /// Alters what it wants done.
    pub wants: Wants<K>,
    /// Alters each report that it sends.
    pub reports: fn(&mut Memo<K>, &mut StatusReport),
    /// Alters when it wants to be told that time has passed; never, where there is no time.
    pub due: fn(&Memo<K>, Uptime) -> Option<Uptime>,
    /// What stands between it and the world.
    pub senses: Senses,
}

// Derived, these would ask the same of what a machine hears and wants.
impl<K: Seam> Clone for Wiring<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: Seam> Copy for Wiring<K> {}

impl<K: Seam> core::fmt::Debug for Wiring<K> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Wiring").finish_non_exhaustive()
    }
}

impl<K: Seam> Wiring<K> {
    /// Nothing altered.
    pub const RIGHT: Self = Self {
        hears: |_, input| vec![input],
        wants: |_, outputs| outputs,
        reports: |_, _| {},
        due: |_, at| Some(at),
        senses: Senses::RIGHT,
    };

    /// Alters what the machine hears.
    #[must_use]
    pub const fn hearing(hears: fn(&mut Memo<K>, K::Input) -> Vec<K::Input>) -> Self {
        Self {
            hears,
            ..Self::RIGHT
        }
    }

    /// Alters what the machine wants.
    #[must_use]
    pub const fn wanting(wants: Wants<K>) -> Self {
        Self {
            wants,
            ..Self::RIGHT
        }
    }

    /// Alters each report that the machine sends.
    #[must_use]
    pub const fn reporting(reports: fn(&mut Memo<K>, &mut StatusReport)) -> Self {
        Self {
            reports,
            ..Self::RIGHT
        }
    }

    /// Alters when the machine acts by itself.
    #[must_use]
    pub const fn waking(due: fn(&Memo<K>, Uptime) -> Option<Uptime>) -> Self {
        Self { due, ..Self::RIGHT }
    }

    /// Alters what stands around the machine.
    #[must_use]
    pub const fn sensing(senses: Senses) -> Self {
        Self {
            senses,
            ..Self::RIGHT
        }
    }
}

/// A device or a gateway with a fault, as a party under test.
pub(crate) fn faulty<K: Seam>(
    wiring: Wiring<K>,
    line: Box<dyn Line>,
    time: Box<dyn Time>,
    seed: u64,
    case: &str,
) -> Box<dyn Party> {
    let make: Make<K> = Arc::new(move |seat| {
        Box::new(Wired {
            inner: K::machine(seat),
            wiring,
            memo: Memo::new(),
        })
    });
    let party = MachineParty::<K>::new(make, line, time, seed, case);
    Box::new(party.sensing(wiring.senses))
}

struct Wired<K: Seam> {
    inner: Boxed<K>,
    wiring: Wiring<K>,
    memo: Memo<K>,
}

impl<K: Seam> Machine for Wired<K> {
    type Input = <K as Kind>::Input;
    type Output = <K as Kind>::Output;
    type Error = InputError;

    fn handle(
        &mut self,
        now: Uptime,
        seed: &Seed,
        input: Self::Input,
        out: &mut Vec<Self::Output>,
    ) -> Result<(), InputError> {
        self.memo.hear(now, &input);
        let mut wanted = Vec::new();
        for input in (self.wiring.hears)(&mut self.memo, input) {
            self.inner.handle(now, seed, input, &mut wanted)?;
        }
        let meant = wanted.clone();
        let mut wanted = (self.wiring.wants)(&mut self.memo, wanted);
        for (_, request) in wanted.iter_mut().filter_map(K::sent) {
            if let DeviceRequest::ReportStatus(message) = request {
                let reports = message.reports.iter_mut();
                reports.for_each(|report| (self.wiring.reports)(&mut self.memo, report));
            }
        }
        out.append(&mut wanted);
        self.memo.note(&meant);
        Ok(())
    }

    fn deadline(&self) -> Option<Uptime> {
        let at = self.inner.deadline()?;
        (self.wiring.due)(&self.memo, at)
    }
}
