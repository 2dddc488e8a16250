//! Frames: what travels on the line between two zero bytes.
//!
//! There are three kinds. A hello says which session an end is in, data carries a fragment of a
//! message, an acknowledgement says how much of the message has arrived. Places in a message are
//! offsets, not numbers of fragments, so that what is sent again can be cut differently. Serves
//! spec sections 15.2 and 15.3.

mod coding;
mod cutter;
mod session;

use alloc::vec::Vec;

pub use coding::{decode, encode};
pub use cutter::Cutter;
pub use session::{Direction, Session};

/// One frame, without what protects it on the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// An end says which session it is in, and whom it knows.
    Hello {
        /// The session of the end that speaks.
        from: Session,
        /// The session of the other end, if one has been heard of.
        to: Option<Session>,
        /// Bytes of the longest message that the end that speaks takes.
        takes: u32,
    },
    /// A fragment of a message.
    Data {
        /// From which session to which.
        link: Direction,
        /// The message's place among those of this direction, modulo 256.
        number: u8,
        /// Bytes of the whole message.
        length: u32,
        /// Where in the message the fragment begins.
        offset: u32,
        /// The fragment.
        bytes: Vec<u8>,
    },
    /// How much of a message has arrived.
    Acknowledgement {
        /// From which session to which.
        link: Direction,
        /// The message's number.
        number: u8,
        /// Bytes that have arrived, from the beginning of the message without a gap.
        arrived: u32,
    },
}

/// The version of the link layer that this is.
pub const VERSION: u8 = 1;
/// Bytes of a data frame besides its fragment, before it is coded.
pub const DATA_OVERHEAD: usize = 12;

const HELLO: u8 = 1;
const DATA: u8 = 2;
const ACKNOWLEDGEMENT: u8 = 3;

impl Frame {
    /// The frame as bytes, before it is coded for the line.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Hello { from, to, takes } => {
                out.extend([HELLO, VERSION]);
                out.extend(from.get().to_be_bytes());
                out.extend(to.map_or(0, Session::get).to_be_bytes());
                put_three(&mut out, *takes);
            }
            Self::Data {
                link,
                number,
                length,
                offset,
                bytes,
            } => {
                out.reserve_exact(bytes.len().saturating_add(DATA_OVERHEAD));
                out.push(DATA);
                out.extend(link.to_bytes());
                out.push(*number);
                put_three(&mut out, *length);
                put_three(&mut out, *offset);
                out.extend_from_slice(bytes);
            }
            Self::Acknowledgement {
                link,
                number,
                arrived,
            } => {
                out.push(ACKNOWLEDGEMENT);
                out.extend(link.to_bytes());
                out.push(*number);
                put_three(&mut out, *arrived);
            }
        }
        out
    }

    /// Reads a frame; `None` if the bytes are none, or one of a later version.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        match *kind {
            HELLO => parse_hello(rest),
            DATA => parse_data(rest),
            ACKNOWLEDGEMENT => parse_acknowledgement(rest),
            _ => None,
        }
    }
}

/// What follows the fields of a hello is for later versions to say, and passed over.
fn parse_hello(mut rest: &[u8]) -> Option<Frame> {
    let [version] = take(&mut rest)?;
    if version != VERSION {
        return None;
    }
    Some(Frame::Hello {
        from: Session::parse(take(&mut rest)?)?,
        to: Session::parse(take(&mut rest)?),
        takes: take_three(&mut rest)?,
    })
}

fn parse_data(mut rest: &[u8]) -> Option<Frame> {
    let link = Direction::from_bytes(take(&mut rest)?);
    let [number] = take(&mut rest)?;
    let length = take_three(&mut rest)?;
    let offset = take_three(&mut rest)?;
    let end = u32::try_from(rest.len()).ok()?.checked_add(offset)?;
    (!rest.is_empty() && end <= length).then(|| Frame::Data {
        link,
        number,
        length,
        offset,
        bytes: rest.to_vec(),
    })
}

fn parse_acknowledgement(mut rest: &[u8]) -> Option<Frame> {
    let link = Direction::from_bytes(take(&mut rest)?);
    let [number] = take(&mut rest)?;
    let arrived = take_three(&mut rest)?;
    rest.is_empty().then_some(Frame::Acknowledgement {
        link,
        number,
        arrived,
    })
}

/// The lower three bytes, the highest first. Every length on a line is below 2^24.
fn put_three(out: &mut Vec<u8>, value: u32) {
    let [_, high, middle, low] = value.to_be_bytes();
    out.extend([high, middle, low]);
}

fn take_three(rest: &mut &[u8]) -> Option<u32> {
    let [high, middle, low] = take(rest)?;
    Some(u32::from_be_bytes([0, high, middle, low]))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*taken)
}
