//! An envelope as bytes: its header, the sealed text and the tag (chapter 14.2), read before
//! anything is known of whoever sealed it.
//!
//! Sizes are judged first and fields next, so that bytes that cannot be an envelope cost no
//! cryptography. What reads well proves nothing yet: only opening it does.

use alloc::vec::Vec;

use crate::crypto::{Crypto, TAG_LEN, Tag};
use crate::limits::SEALED_BYTES;

use super::header::{HEADER_LEN, Header, Kind};
use super::key::{OpenError, SealingKey};

/// Bytes that sealing adds to a message.
pub const OVERHEAD: usize = HEADER_LEN + TAG_LEN;

/// An envelope that reads well, unopened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    header: Header,
    text: &'a [u8],
    tag: &'a Tag,
}

/// Why bytes are no envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Fewer bytes than a header and a tag have.
    #[error("an envelope has at least {OVERHEAD} bytes; these are {bytes}")]
    TooShort {
        /// How many there are.
        bytes: usize,
    },
    /// More bytes than the largest message has when it is sealed.
    #[error("an envelope of this kind has at most {most} bytes; these are {bytes}")]
    TooLong {
        /// How many there are.
        bytes: usize,
        /// How many there can be.
        most: usize,
    },
    /// A version that is not known here.
    #[error("envelopes of version {version} are not known here")]
    Version {
        /// Which.
        version: u8,
    },
    /// A kind that there is not.
    #[error("there is no kind {kind} of envelope")]
    Kind {
        /// Which.
        kind: u8,
    },
    /// A lane that there is not.
    #[error("there is no lane {lane}")]
    Lane {
        /// Which.
        lane: u8,
    },
    /// Kind, lane, epoch and counter do not go together.
    #[error("kind, lane, epoch and counter of this envelope do not go together")]
    Fields,
}

/// Why a message is not sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message of {bytes} bytes is too long to be sealed")]
pub struct SealError {
    /// How many bytes it has.
    pub bytes: usize,
}

impl<'a> Envelope<'a> {
    /// Reads an envelope without opening it.
    ///
    /// # Errors
    /// [`EnvelopeError`] says why it is none.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, EnvelopeError> {
        let too_long = |most| EnvelopeError::TooLong {
            bytes: bytes.len(),
            most,
        };
        if bytes.len() > SEALED_BYTES {
            return Err(too_long(SEALED_BYTES));
        }
        let parts = bytes.split_first_chunk::<HEADER_LEN>();
        let parts = parts.and_then(|(header, rest)| Some((header, rest.split_last_chunk()?)));
        let Some((header, (text, tag))) = parts else {
            let bytes = bytes.len();
            return Err(EnvelopeError::TooShort { bytes });
        };
        let header = Header::parse(header)?;
        if text.len() > header.kind.most() {
            return Err(too_long(header.kind.most().saturating_add(OVERHEAD)));
        }
        Ok(Self { header, text, tag })
    }

    /// What it says in the clear. Nobody vouches for it before the envelope has been opened.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Its tag.
    #[must_use]
    pub const fn tag(&self) -> &Tag {
        self.tag
    }

    /// Opens it under this key, where it is bound to `bound`.
    pub(super) fn open(
        &self,
        crypto: &impl Crypto,
        key: &SealingKey,
        bound: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        let mut text = self.text.to_vec();
        key.open(crypto, &self.header, bound, &mut text, self.tag)?;
        Ok(text)
    }
}

/// Whether a message of so many bytes is sealed in an envelope of this kind.
pub(super) const fn check(kind: Kind, bytes: usize) -> Result<(), SealError> {
    if bytes > kind.most() {
        Err(SealError { bytes })
    } else {
        Ok(())
    }
}

/// Seals a message, whose pieces are `parts`: the envelope and its tag. The salt of `fields` is not
/// looked at: the key makes it, from `fresh` among other things.
pub(super) fn seal(
    crypto: &impl Crypto,
    key: &SealingKey,
    (fields, bound): (Header, &[u8]),
    fresh: &[u8],
    parts: &[&[u8]],
) -> (Vec<u8>, Tag) {
    let bytes: usize = parts.iter().map(|part| part.len()).sum();
    let header = Header {
        salt: key.salt(crypto, &fields, (bound, fresh), parts),
        ..fields
    };
    let mut envelope = Vec::with_capacity(bytes.saturating_add(OVERHEAD));
    envelope.extend_from_slice(&header.to_bytes());
    for part in parts {
        envelope.extend_from_slice(part);
    }
    let text = envelope.get_mut(HEADER_LEN..).unwrap_or_default();
    let tag = key.seal(crypto, &header, bound, text);
    envelope.extend_from_slice(&tag);
    (envelope, tag)
}
