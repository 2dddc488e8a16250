//! The clear part of an envelope: 47 bytes that say who sealed what kind of message, and when in
//! the order of its lane (chapter 14.2).
//!
//! All of it goes into the key and is authenticated besides. A header has one form alone: fields
//! that mean nothing for a kind are zero, and anything else is refused before a key is looked for.

use crate::id::Epoch;
use crate::limits::MESSAGE_BYTES;

use super::envelope::EnvelopeError;
use super::request::{CHALLENGE_LEN, NONCE_LEN};

/// The version of the envelope that this is.
pub const VERSION: u8 = 1;
/// Bytes of a header.
pub const HEADER_LEN: usize = 47;
/// Bytes of a header before its salt.
pub(super) const FIELDS_LEN: usize = 31;

/// What is in an envelope, and with it the direction that it travels in: odd up, even down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// What a device asks.
    Request = 1,
    /// What the center answers it.
    Reply = 2,
    /// A request once more, with the nonce of a challenge.
    Answer = 3,
    /// What the center sends instead of a reply to whom it cannot tell from a recording.
    Challenge = 4,
    /// An initial communication, under the enrol key.
    Enrolment = 5,
    /// What the center answers it.
    Enrolled = 6,
}

/// What keeps the counters of one line apart from those of another that is slower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Lane {
    /// Requests that are answered, one after the other, whatever line they take.
    Conversation = 1,
    /// Mails, which are not answered and overtake one another.
    Mail = 2,
}

/// The clear part of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What is in the envelope.
    pub kind: Kind,
    /// Which generation of the secret it is sealed under; 0 for an enrolment.
    pub epoch: Epoch,
    /// Which order it belongs to.
    pub lane: Lane,
    /// A registration's id, or the enrol id for an enrolment.
    pub sender: [u8; 16],
    /// Its place in the order, from 1; 0 for an enrolment. A reply bears its request's.
    pub counter: u64,
    /// What makes its key differ from that of any other with the same fields.
    pub salt: [u8; 16],
}

impl Kind {
    /// The bytes that are sealed in one, at the most.
    pub(super) const fn most(self) -> usize {
        match self {
            Self::Challenge => CHALLENGE_LEN,
            Self::Answer => NONCE_LEN + MESSAGE_BYTES,
            _ => MESSAGE_BYTES,
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Request,
            2 => Self::Reply,
            3 => Self::Answer,
            4 => Self::Challenge,
            5 => Self::Enrolment,
            6 => Self::Enrolled,
            _ => return None,
        })
    }
}

impl Lane {
    const fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Conversation),
            2 => Some(Self::Mail),
            _ => None,
        }
    }
}

impl Header {
    /// Its 47 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        let [k0, k1, k2, k3] = self.epoch.get().to_be_bytes();
        let start = [VERSION, self.kind as u8, k0, k1, k2, k3, self.lane as u8];
        let fields = start.iter().chain(&self.sender);
        let counter = self.counter.to_be_bytes();
        let fields = fields.chain(&counter).chain(&self.salt);
        for (to, from) in bytes.iter_mut().zip(fields) {
            *to = *from;
        }
        bytes
    }

    /// Reads a header.
    ///
    /// # Errors
    /// [`EnvelopeError`] if it is of another version, or says what no sender says.
    pub fn parse(bytes: &[u8; HEADER_LEN]) -> Result<Self, EnvelopeError> {
        let [version, kind, k0, k1, k2, k3, lane, rest @ ..] = *bytes;
        if version != VERSION {
            return Err(EnvelopeError::Version { version });
        }
        let kind = Kind::of(kind).ok_or(EnvelopeError::Kind { kind })?;
        let lane = Lane::of(lane).ok_or(EnvelopeError::Lane { lane })?;
        let (sender, rest) = take(&rest);
        let (counter, rest) = take(rest);
        let (salt, _) = take(rest);
        let header = Self {
            kind,
            epoch: Epoch::new(u32::from_be_bytes([k0, k1, k2, k3])),
            lane,
            sender,
            counter: u64::from_be_bytes(counter),
            salt,
        };
        if header.is_possible() {
            Ok(header)
        } else {
            Err(EnvelopeError::Fields)
        }
    }

    /// Whether its fields go together. Only requests travel in the lane of mails.
    fn is_possible(&self) -> bool {
        let numbered = self.epoch.get() > 0 && self.counter > 0;
        match (self.kind, self.lane) {
            (Kind::Enrolment | Kind::Enrolled, Lane::Conversation) => {
                self.epoch.get() == 0 && self.counter == 0
            }
            (Kind::Request, Lane::Mail) => numbered,
            (_, Lane::Mail) => false,
            (_, Lane::Conversation) => numbered,
        }
    }
}

/// The first `N` bytes and the rest; zeros for what is missing, which is nothing here.
fn take<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    match bytes.split_first_chunk() {
        Some((first, rest)) => (*first, rest),
        None => ([0; N], &[]),
    }
}
