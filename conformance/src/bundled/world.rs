//! Time and randomness of a center that the kit runs itself: both are values, and a run repeats.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use restante_core::{Crypto, Timestamp};
use restante_crypto::RingCrypto;
use restante_store::system::NoEntropy;
use restante_store::{Clock, Entropy};

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct MovedClock {
    now: AtomicU64,
}

impl MovedClock {
    /// A clock that says `start`.
    #[must_use]
    pub const fn new(start: Timestamp) -> Self {
        Self {
            now: AtomicU64::new(start.as_millis()),
        }
    }

    /// Moves it by so many milliseconds, back where negative.
    pub fn move_by(&self, millis: i64) {
        let moved = self
            .now
            .load(Ordering::SeqCst)
            .saturating_add_signed(millis);
        self.now.store(moved, Ordering::SeqCst);
    }

    /// Begins again at `start`, as if it had never been moved.
    pub fn begin_again(&self, start: Timestamp) {
        self.now.store(start.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::SeqCst))
    }
}

/// Bytes that look random and follow from a seed and a purpose.
#[derive(Debug)]
pub struct DrawnEntropy(Mutex<Drawn>);

#[derive(Debug)]
struct Drawn {
    seed: [u8; 32],
    blocks: u64,
}

impl Drawn {
    fn new(seed: u64, purpose: &str) -> Self {
        let label: &[u8] = b"restante kit entropy";
        let seed = RingCrypto.sha256(&[label, &seed.to_be_bytes(), purpose.as_bytes()]);
        Self { seed, blocks: 0 }
    }
}

impl DrawnEntropy {
    /// What follows from this seed for this purpose.
    #[must_use]
    pub fn new(seed: u64, purpose: &str) -> Self {
        Self(Mutex::new(Drawn::new(seed, purpose)))
    }

    /// Begins again with another seed or purpose.
    pub fn begin_again(&self, seed: u64, purpose: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Drawn::new(seed, purpose);
    }
}

impl Entropy for DrawnEntropy {
    fn draw(&self) -> Result<[u8; 32], NoEntropy> {
        let mut drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.blocks += 1;
        Ok(RingCrypto.hmac_sha256(&drawn.seed, &[&drawn.blocks.to_be_bytes()]))
    }
}
