//! Faults at the seam of a machine: what happens to it and what it wants done, altered on the way.
//!
//! The core's device or gateway stands behind the fault and knows nothing of it.

use std::sync::Arc;

use restante_core::code::Presented;
use restante_core::device::{Device, Input, Output};
use restante_core::machine::Machine;
use restante_core::registrant::InputError;
use restante_core::wire::DeviceRequest;
use restante_core::{Seed, Uptime};
use restante_crypto::RingCrypto;

use crate::line::Line;
use crate::party::{DeviceKind, MachineParty, Make};
use crate::run::{Party, Time};

/// What a fault does to a device.
#[derive(Clone, Copy, Debug)]
pub struct Wiring {
    /// Alters what happens to it; `None` where the machine never hears of it.
    pub hears: fn(Input) -> Option<Input>,
    /// Alters what it wants done; `None` where that is not carried out.
    pub wants: fn(Output) -> Option<Output>,
    /// Alters when it wants to be told that time has passed.
    pub due: fn(Uptime) -> Uptime,
}

impl Wiring {
    /// Nothing altered.
    pub const RIGHT: Self = Self {
        hears: Some,
        wants: Some,
        due: |at| at,
    };

    /// Alters what the device hears.
    #[must_use]
    pub const fn hearing(hears: fn(Input) -> Option<Input>) -> Self {
        Self {
            hears,
            ..Self::RIGHT
        }
    }

    /// Alters what the device wants.
    #[must_use]
    pub const fn wanting(wants: fn(Output) -> Option<Output>) -> Self {
        Self {
            wants,
            ..Self::RIGHT
        }
    }
}

/// A device with a fault, as a party under test.
pub(super) fn faulty_device(
    wiring: Wiring,
    line: Box<dyn Line>,
    time: Box<dyn Time>,
    seed: u64,
    case: &str,
) -> Box<dyn Party> {
    let make: Make<DeviceKind> = Arc::new(move |seat| {
        let inner = Device::new(RingCrypto, seat.entry.clone(), seat.max_message);
        Box::new(Wired { inner, wiring })
    });
    Box::new(MachineParty::<DeviceKind>::new(
        make, line, time, seed, case,
    ))
}

struct Wired {
    inner: Device<RingCrypto>,
    wiring: Wiring,
}

impl Machine for Wired {
    type Input = Input;
    type Output = Output;
    type Error = InputError;

    fn handle(
        &mut self,
        now: Uptime,
        seed: &Seed,
        input: Input,
        out: &mut Vec<Output>,
    ) -> Result<(), InputError> {
        let Some(input) = (self.wiring.hears)(input) else {
            return Ok(());
        };
        let mut wanted = Vec::new();
        self.inner.handle(now, seed, input, &mut wanted)?;
        out.extend(wanted.into_iter().filter_map(self.wiring.wants));
        Ok(())
    }

    fn deadline(&self) -> Option<Uptime> {
        self.inner.deadline().map(self.wiring.due)
    }
}

/// What a device wants, with the message altered that it sends.
pub(super) fn sending(
    mut output: Output,
    change: impl FnOnce(&mut Presented, &mut DeviceRequest),
) -> Option<Output> {
    if let Output::Send {
        presented, request, ..
    } = &mut output
    {
        change(presented, request);
    }
    Some(output)
}
