//! Time and chance in the world, both of which somebody decides.
//!
//! The world has one true time, in milliseconds since it began. The center looks at a wall clock
//! that shows it plus a skew, and the skew jumps when a history says so. Devices count from when
//! they were switched on. Randomness for the center comes from one generator, so that a history is
//! the same every time it is run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fastrand::Rng;
use restante_core::{Seed, Timestamp};
use restante_store::system::NoEntropy;

/// Milliseconds since the world began.
pub type Moment = u64;

/// What the wall clock shows when the world begins: 2026-01-01T00:00:00Z.
pub const BEGINNING: u64 = 1_767_225_600_000;

/// The clock at which the center looks.
#[derive(Clone, Debug, Default)]
pub struct Wall(Arc<AtomicU64>);

impl Wall {
    /// Sets what it shows.
    pub fn show(&self, at: Timestamp) {
        self.0.store(at.as_millis(), Ordering::Relaxed);
    }

    /// What it shows.
    #[must_use]
    pub fn read(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

impl restante_store::Clock for Wall {
    fn now(&self) -> Timestamp {
        self.read()
    }
}

/// Where the center's randomness comes from.
#[derive(Clone, Debug)]
pub struct Dice(Arc<Mutex<Rng>>);

impl Dice {
    /// Dice that always fall alike for one `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Rng::with_seed(seed))))
    }
}

impl restante_store::Entropy for Dice {
    fn draw(&self) -> Result<[u8; 32], NoEntropy> {
        let mut bytes = [0; 32];
        let mut rng = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rng.fill(&mut bytes);
        Ok(bytes)
    }
}

/// Thirty-two bytes for one step of a machine.
#[must_use]
pub fn draw_seed(rng: &mut Rng) -> Seed {
    let mut bytes = [0; 32];
    rng.fill(&mut bytes);
    Seed::new(bytes)
}
