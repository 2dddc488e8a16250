//! A center that decides with a fault: the core's own decision, seen and altered from outside.

use restante_core::center::{Call, Center, Decide, Decision};
use restante_core::record::{Kind, Pause, Records, RegistrationLocator};
use restante_core::{Seed, Timestamp};
use restante_crypto::RingCrypto;

use super::scene::{Decided, Scene, altered};

/// The core's center behind a fault, or without one.
#[derive(Clone)]
pub struct Faulty {
    center: Center<RingCrypto>,
    defect: Option<fn(&Scene<'_>) -> Decided>,
}

impl Faulty {
    /// This center with this defect.
    #[must_use]
    pub const fn new(
        center: Center<RingCrypto>,
        defect: Option<fn(&Scene<'_>) -> Decided>,
    ) -> Self {
        Self { center, defect }
    }
}

impl Decide for Faulty {
    fn decide(
        &self,
        now: Timestamp,
        seed: &Seed,
        call: &Call,
        records: &Records,
    ) -> Result<Decision, Pause> {
        let Some(defect) = self.defect else {
            return self.center.decide(now, seed, call, records);
        };
        // A fault alters registrations. What their locators copy of them would hide it from polls.
        let kind = Kind::RegistrationLocator;
        let records = altered(records, kind, |locator: &mut RegistrationLocator| {
            locator.in_use = None;
        });
        defect(&Scene {
            center: &self.center,
            now,
            seed,
            call,
            records: &records,
        })
    }
}
