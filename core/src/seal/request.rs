//! A request as a center has opened it, and what it seals in return (chapters 14.4 and 14.6).
//!
//! A [`Request`] exists only where a tag was right, so that no counter is looked at before.
//! Whatever is sealed in return is bound to the request's own tag: a device takes it for this one
//! message and no other, however alike two of them are.

use alloc::vec::Vec;

use crate::crypto::{Crypto, Tag};
use crate::entropy::Seed;

use super::envelope::{Envelope, SealError, check, seal};
use super::header::{Header, Kind, Lane};
use super::key::{OpenError, SealingKey};

/// Bytes of a challenge's nonce.
pub(super) const NONCE_LEN: usize = 16;
/// Bytes that are sealed in a challenge.
pub(super) const CHALLENGE_LEN: usize = NONCE_LEN + 8;

/// What only somebody who has just been challenged can repeat.
pub type Nonce = [u8; NONCE_LEN];

/// A request whose tag was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    key: SealingKey,
    header: Header,
    tag: Tag,
    nonce: Option<Nonce>,
    message: Vec<u8>,
}

/// "Say it again, with this, and above that."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// What the answer has to repeat.
    pub nonce: Nonce,
    /// The highest counter that has been accepted in this lane.
    pub floor: u64,
}

impl Request {
    /// Opens a request or the answer to a challenge.
    ///
    /// # Errors
    /// [`OpenError`] if it is neither, another's, or does not open.
    pub fn open(
        crypto: &impl Crypto,
        key: &SealingKey,
        envelope: &Envelope<'_>,
    ) -> Result<Self, OpenError> {
        let header = *envelope.header();
        let answers = match header.kind {
            Kind::Request => false,
            Kind::Answer => true,
            _ => return Err(OpenError::Unexpected),
        };
        let mut message = envelope.open(crypto, key, &[])?;
        let mut nonce = None;
        if answers {
            let (first, rest) = message.split_first_chunk().ok_or(OpenError::Content)?;
            nonce = Some(*first);
            message = rest.to_vec();
        }
        Ok(Self {
            key: key.clone(),
            header,
            tag: *envelope.tag(),
            nonce,
            message,
        })
    }

    /// What it says.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// The lane that it came in.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        self.header.lane
    }

    /// Its place in the lane.
    #[must_use]
    pub const fn counter(&self) -> u64 {
        self.header.counter
    }

    /// Its tag, by which it is told from any other request.
    #[must_use]
    pub const fn tag(&self) -> &Tag {
        &self.tag
    }

    /// The nonce that it repeats, where it answers a challenge.
    #[must_use]
    pub const fn nonce(&self) -> Option<&Nonce> {
        self.nonce.as_ref()
    }

    pub(super) const fn header(&self) -> &Header {
        &self.header
    }

    /// Seals the reply to it.
    ///
    /// # Errors
    /// [`SealError`] if the reply is too long.
    pub fn reply(
        &self,
        crypto: &impl Crypto,
        seed: &Seed,
        message: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        check(Kind::Reply, message.len())?;
        Ok(self.respond(crypto, seed, Kind::Reply, &[message]))
    }

    /// Seals a challenge in place of a reply.
    #[must_use]
    pub fn challenge(&self, crypto: &impl Crypto, seed: &Seed, challenge: &Challenge) -> Vec<u8> {
        let parts: [&[u8]; 2] = [&challenge.nonce, &challenge.floor.to_be_bytes()];
        self.respond(crypto, seed, Kind::Challenge, &parts)
    }

    fn respond(&self, crypto: &impl Crypto, seed: &Seed, kind: Kind, parts: &[&[u8]]) -> Vec<u8> {
        let header = Header {
            kind,
            ..self.header
        };
        respond(crypto, seed, &self.key, (header, &self.tag), parts)
    }
}

impl Challenge {
    /// Reads what is sealed in a challenge.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (nonce, floor) = bytes.split_first_chunk()?;
        Some(Self {
            nonce: *nonce,
            floor: u64::from_be_bytes(floor.try_into().ok()?),
        })
    }
}

/// Seals what goes down, bound to the tag of what came up.
pub(super) fn respond(
    crypto: &impl Crypto,
    seed: &Seed,
    key: &SealingKey,
    (header, tag): (Header, &Tag),
    parts: &[&[u8]],
) -> Vec<u8> {
    let fresh = seed.draw(crypto, FRESH, 0);
    seal(crypto, key, (header, tag), &fresh, parts).0
}

/// What the fresh part of a salt is drawn for.
pub(super) const FRESH: &str = "sealed";
