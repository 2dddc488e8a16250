//! How fast a line is, and so how long an answer may take.

use restante_core::limits::{FRAME_TRIES, LINE_BITS_MIN, LINE_TURNAROUND_MAX};

/// The speed of a line and its delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    bits_per_second: u32,
    turnaround: u32,
}

impl Pace {
    /// A line of so many bits per second whose answers are on their way for `turnaround`
    /// milliseconds besides the time that their bytes take. Both are brought within their bounds.
    #[must_use]
    pub fn new(bits_per_second: u32, turnaround: u32) -> Self {
        Self {
            bits_per_second: bits_per_second.max(LINE_BITS_MIN),
            turnaround: turnaround.min(LINE_TURNAROUND_MAX),
        }
    }

    /// A cable: an answer comes as soon as the other end has looked.
    #[must_use]
    pub fn cable(bits_per_second: u32) -> Self {
        Self::new(bits_per_second, 100)
    }

    /// A modem, which compresses, corrects errors, and takes its time over both.
    #[must_use]
    pub fn modem(bits_per_second: u32) -> Self {
        Self::new(bits_per_second, 700)
    }

    /// How long to wait for the answer to a frame of so many bytes, in milliseconds. The other end
    /// is perhaps sending as much at this very moment. After half the tries the line is given twice
    /// as long, should its turnaround be longer than was said.
    #[must_use]
    pub(super) fn wait(self, frame: usize, tries: u8) -> u64 {
        let both_ways = u64::try_from(frame).unwrap_or(u64::MAX).saturating_mul(2);
        let bytes = both_ways.saturating_add(ANSWER_BYTES);
        let bits = bytes.saturating_mul(BITS_PER_BYTE).saturating_mul(1_000);
        let on_line = bits.div_ceil(u64::from(self.bits_per_second));
        let wait = on_line.saturating_add(u64::from(self.turnaround));
        if tries > FRAME_TRIES / 2 {
            wait.saturating_mul(2)
        } else {
            wait
        }
    }
}

/// Bytes of the longest answer, a hello, on the line.
const ANSWER_BYTES: u64 = 22;
/// A byte with its start and stop bits.
const BITS_PER_BYTE: u64 = 10;
