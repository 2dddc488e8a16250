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
pub struct Dice(Arc<Mutex<Rolled>>);

/// A generator for each party, and whose turn it is.
#[derive(Debug)]
struct Rolled {
    seed: u64,
    rngs: Vec<Rng>,
    party: usize,
}

impl Dice {
    /// Dice that always fall alike for one `seed`, for so many parties.
    #[must_use]
    pub fn new(seed: u64, parties: u32) -> Self {
        let rng = |party| Rng::with_seed(seed.rotate_left(8 * party));
        let rngs = (0..parties).map(rng).collect();
        let party = 0;
        Self(Arc::new(Mutex::new(Rolled { seed, rngs, party })))
    }

    /// For the letter with this number of whoever has its turn they fall as if nothing had been
    /// drawn before: how often a call draws depends on what the center has to write for itself.
    pub fn letter(&self, number: u64) {
        let mut rolled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (seed, party) = (rolled.seed, rolled.party);
        let of_party = seed.rotate_left(8 * u32::try_from(party).unwrap_or_default());
        rolled.rngs[party] = Rng::with_seed(of_party ^ number.wrapping_mul(SPREAD));
    }

    /// They fall for this party from now on.
    pub fn turn(&self, party: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).party = party;
    }
}

impl restante_store::Entropy for Dice {
    fn draw(&self) -> Result<[u8; 32], NoEntropy> {
        let mut bytes = [0; 32];
        let mut rolled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let party = rolled.party;
        rolled.rngs[party].fill(&mut bytes);
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

/// An odd number that spreads small ones over 64 bits.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
