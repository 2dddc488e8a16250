//! Cuts what a line brings into frames.
//!
//! A zero byte ends a frame and begins the next one. Whatever stands between two of them and is no
//! frame is counted and forgotten; so is what goes on for longer than a frame may be, up to the
//! next zero. Serves spec section 15.2.

use alloc::vec::Vec;

use restante_core::limits::FRAME_BYTES;

use super::Frame;
use super::coding::{DELIMITER, decode};

/// Bytes of a frame without its two delimiters.
const BETWEEN_DELIMITERS: usize = FRAME_BYTES - 2;

/// The bytes of the frame that is coming, and how many came in vain.
#[derive(Clone, Debug, Default)]
pub struct Cutter {
    part: Vec<u8>,
    is_too_long: bool,
    damaged: u64,
}

impl Cutter {
    /// Takes one byte; yields the frame that it completes.
    pub fn take(&mut self, byte: u8) -> Option<Frame> {
        if byte != DELIMITER {
            if self.part.len() < BETWEEN_DELIMITERS {
                self.part.push(byte);
            } else {
                self.is_too_long = true;
            }
            return None;
        }
        let is_whole = !core::mem::take(&mut self.is_too_long);
        let frame = decode(&self.part).filter(|_| is_whole);
        if frame.is_none() && !self.part.is_empty() {
            self.damaged = self.damaged.saturating_add(1);
        }
        self.part.clear();
        Frame::parse(&frame?)
    }

    /// Forgets the frame that is coming: the line was interrupted.
    pub fn clear(&mut self) {
        self.part.clear();
        self.is_too_long = false;
    }

    /// How many frames came damaged, noise between frames included.
    #[must_use]
    pub const fn damaged(&self) -> u64 {
        self.damaged
    }
}
