//! Random bytes: drawn from a seed that is new at each start.
//!
//! A board with a random number generator reads it here. The emulated one has none, so that whoever
//! switches it on hands a seed over (`seed=` and 64 hexadecimal digits); each draw is the seed's
//! under the next number, so that knowing one tells nothing of another.

use restante_core::Seed;
use restante_core::crypto::Crypto as _;
use restante_crypto::RustCrypto;

/// A source of seeds.
pub struct Seeds {
    secret: [u8; 32],
    drawn: u64,
}

impl Seeds {
    /// One from what was handed over; `None` where that is no seed.
    pub fn handed_over(words: &[u8]) -> Option<Self> {
        let mut words = words.split(|byte| *byte == b' ');
        let digits = words.find_map(|word| word.strip_prefix(b"seed="))?;
        let (pairs, []) = digits.as_chunks::<2>() else {
            return None;
        };
        let mut secret = [0; 32];
        if pairs.len() != secret.len() {
            return None;
        }
        for (byte, pair) in secret.iter_mut().zip(pairs) {
            let pair = core::str::from_utf8(pair).ok()?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(Self { secret, drawn: 0 })
    }

    /// The next 32 bytes.
    pub fn draw(&mut self) -> Seed {
        self.drawn += 1;
        Seed::new(RustCrypto.hmac_sha256(&self.secret, &[&self.drawn.to_be_bytes()]))
    }
}
