//! Randomness as bytes that the caller hands in.
//!
//! One [`Seed`] accompanies each decision and each machine step. What the step needs is drawn from
//! it by purpose, so that the same seed always gives the same values, however often a decision is
//! asked again, and two purposes never share a byte.

use crate::crypto::Crypto;
use crate::time::Timestamp;

/// Thirty-two fresh random bytes, good for one decision or one machine step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl Seed {
    /// Wraps 32 bytes from the system's random number generator.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The `index`-th block of 32 random bytes for `purpose`.
    #[must_use]
    pub fn draw(&self, crypto: &impl Crypto, purpose: &str, index: u32) -> [u8; 32] {
        crypto.hmac_sha256(&self.0, &[purpose.as_bytes(), &[0], &index.to_be_bytes()])
    }

    /// Sixteen bytes for this purpose that begin with a time, so that what bears them as its id is
    /// found in order of age; the rest is random.
    #[must_use]
    pub fn draw_dated_id(&self, crypto: &impl Crypto, at: Timestamp, purpose: &str) -> [u8; 16] {
        let at = at.as_millis().to_be_bytes();
        let mut id = self.draw_id(crypto, purpose);
        for (to, from) in id.iter_mut().zip(at.into_iter().skip(2)) {
            *to = from;
        }
        id
    }

    /// Sixteen random bytes for `purpose`: the size of an identifier.
    #[must_use]
    pub fn draw_id(&self, crypto: &impl Crypto, purpose: &str) -> [u8; 16] {
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(self.draw(crypto, purpose, 0)) {
            *to = from;
        }
        id
    }

    /// A number below `bound` for `purpose`, without modulo bias worth speaking of (below 2^-64 for
    /// bounds under 2^64); zero if `bound` is zero. For jitter, never for secrets.
    #[must_use]
    pub fn draw_below(&self, crypto: &impl Crypto, purpose: &str, bound: u64) -> u64 {
        let block = self.draw(crypto, purpose, 0);
        let mut value = [0_u8; 16];
        for (to, from) in value.iter_mut().zip(block) {
            *to = from;
        }
        let reduced = u128::from_be_bytes(value).checked_rem(u128::from(bound));
        reduced
            .and_then(|value| u64::try_from(value).ok())
            .unwrap_or(0)
    }
}

impl core::fmt::Debug for Seed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Seed(…)")
    }
}
