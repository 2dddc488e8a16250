//! How a frame's bytes become bytes on the line, and back.
//!
//! Three layers, each for one reason. A CRC-32 tells damage. Consistent overhead byte stuffing
//! (COBS) leaves no zero byte inside, so that a receiver finds the next frame after whatever it has
//! missed. A byte after each `++` leaves no `+++`, by which a modem would hang up. Serves spec
//! section 15.2. COBS is written here: there is one form that senders use, to the byte.

use alloc::vec::Vec;

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

/// The check number of frames, without its table of a kilobyte: lines are slow.
pub(super) const CHECK: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);
/// What delimits frames.
pub(super) const DELIMITER: u8 = 0;
/// Bytes of the check number.
const CHECK_BYTES: usize = 4;
/// What a modem takes for the wish to give it commands, if it comes three times.
const ESCAPE: u8 = b'+';
/// What is put in after two of them.
const STUFFING: u8 = b'-';
/// The longest run of a block, and the code of a block that no zero follows.
const RUN: usize = 254;
const FULL: u8 = 0xff;

/// The frame as it goes to the line, with a delimiter before and behind it: the first one ends
/// whatever noise there was before.
#[must_use]
pub fn encode(content: &[u8]) -> Vec<u8> {
    let mut checked = content.to_vec();
    checked.extend(CHECK.checksum(content).to_be_bytes());
    let stuffed = without_escape(&without_zero(&checked));
    let mut line = Vec::with_capacity(stuffed.len().saturating_add(2));
    line.push(DELIMITER);
    line.extend(stuffed);
    line.push(DELIMITER);
    line
}

/// What stood between two delimiters, if it is whole.
#[must_use]
pub fn decode(line: &[u8]) -> Option<Vec<u8>> {
    let mut checked = with_zero(&with_escape(line)?)?;
    let content = checked.len().checked_sub(CHECK_BYTES)?;
    let (said, check) = checked.split_at_checked(content)?;
    let whole = CHECK.checksum(said).to_be_bytes() == check;
    checked.truncate(content);
    whole.then_some(checked)
}

/// COBS: each run between zeros, led by its length and one. A run of 254 or more goes in blocks of
/// 254 under a code of their own; nothing follows one that ends the frame.
fn without_zero(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut runs = bytes.split(|byte| *byte == DELIMITER).peekable();
    while let Some(run) = runs.next() {
        let mut blocks = run.chunks_exact(RUN);
        for block in blocks.by_ref() {
            out.push(FULL);
            out.extend_from_slice(block);
        }
        let rest = blocks.remainder();
        let is_last = runs.peek().is_none();
        if !(rest.is_empty() && is_last && !run.is_empty()) {
            // Fewer than 254, so that it fits.
            out.push(u8::try_from(rest.len()).map_or(FULL, |length| length.saturating_add(1)));
            out.extend_from_slice(rest);
        }
    }
    out
}

fn with_zero(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    while let Some((code, rest)) = bytes.split_first() {
        let length = usize::from(*code).checked_sub(1)?;
        let (run, rest) = rest.split_at_checked(length)?;
        out.extend_from_slice(run);
        if *code != FULL && !rest.is_empty() {
            out.push(DELIMITER);
        }
        bytes = rest;
    }
    Some(out)
}

fn without_escape(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut row = 0_u8;
    for byte in bytes {
        out.push(*byte);
        row = if *byte == ESCAPE {
            row.saturating_add(1)
        } else {
            0
        };
        if row == 2 {
            out.push(STUFFING);
            row = 0;
        }
    }
    out
}

fn with_escape(line: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(line.len());
    let mut row = 0_u8;
    for byte in line {
        if row == 2 {
            if *byte != STUFFING {
                return None;
            }
            row = 0;
            continue;
        }
        out.push(*byte);
        row = if *byte == ESCAPE {
            row.saturating_add(1)
        } else {
            0
        };
    }
    (row < 2).then_some(out)
}
