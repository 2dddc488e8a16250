//! The secret that envelopes are sealed under, and what is derived from it (chapter 14.3).
//!
//! Each header yields a key of its own, which seals one message with the nonce 0. Counters keep
//! headers apart as long as a device's memory goes forward only. Where it is restored, a counter
//! returns; then the salt keeps the headers apart, since it is made from the message itself besides
//! fresh randomness. Two messages that differ never get the same key, even from a device whose
//! random numbers repeat together with its counters.

use core::fmt;

use crate::code::{EnrolId, FormalCode};
use crate::crypto::{Crypto, Digest, NONCE_LEN, Tag};
use crate::id::Epoch;

use super::header::{FIELDS_LEN, HEADER_LEN, Header};

/// Who seals, and the secret that both sides have.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingKey {
    sender: [u8; 16],
    epoch: Epoch,
    secret: Digest,
}

/// Why an envelope does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It is another sender's, or of another generation of the secret.
    #[error("the envelope belongs to another sender or another epoch")]
    Foreign,
    /// It is of a kind or in a lane that is not expected here.
    #[error("an envelope of this kind is not expected here")]
    Unexpected,
    /// It was altered, cut, bound to something else, or sealed under another secret.
    #[error("the envelope does not open: altered, or sealed under another secret")]
    Tag,
    /// It opens and does not hold what its kind holds.
    #[error("the envelope opens and does not hold what its kind holds")]
    Content,
}

impl SealingKey {
    /// What a formal code's holder seals under: registration, epoch and K.
    #[must_use]
    pub const fn formal(code: &FormalCode) -> Self {
        Self {
            sender: *code.registration().as_bytes(),
            epoch: code.epoch(),
            secret: *code.secret(),
        }
    }

    /// What an enrolment is sealed under: the enrol id and the enrol key of a provisional code.
    #[must_use]
    pub const fn enrolment(id: EnrolId, key: Digest) -> Self {
        Self {
            sender: *id.as_bytes(),
            epoch: Epoch::new(0),
            secret: key,
        }
    }

    /// Who seals: a registration's id, or an enrol id.
    #[must_use]
    pub const fn sender(&self) -> &[u8; 16] {
        &self.sender
    }

    /// Which generation of the secret it is; 0 for an enrolment.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Seals `text` where it is.
    pub(super) fn seal(
        &self,
        crypto: &impl Crypto,
        header: &Header,
        bound: &[u8],
        text: &mut [u8],
    ) -> Tag {
        let bytes = header.to_bytes();
        let (aad, length) = associated(&bytes, bound);
        let aad = aad.get(..length).unwrap_or_default();
        crypto.seal_in_place(&self.derive(crypto, &bytes), &ONE_USE, aad, text)
    }

    /// Opens `text` where it is.
    pub(super) fn open(
        &self,
        crypto: &impl Crypto,
        header: &Header,
        bound: &[u8],
        text: &mut [u8],
        tag: &Tag,
    ) -> Result<(), OpenError> {
        if header.sender != self.sender || header.epoch != self.epoch {
            return Err(OpenError::Foreign);
        }
        let bytes = header.to_bytes();
        let (aad, length) = associated(&bytes, bound);
        let aad = aad.get(..length).unwrap_or_default();
        let key = self.derive(crypto, &bytes);
        let opened = crypto.open_in_place(&key, &ONE_USE, aad, text, tag);
        opened.map_err(|_| OpenError::Tag)
    }

    /// The salt of a message: it depends on all that is sealed, and on `fresh` bytes.
    pub(super) fn salt(
        &self,
        crypto: &impl Crypto,
        header: &Header,
        (bound, fresh): (&[u8], &[u8]),
        parts: &[&[u8]],
    ) -> [u8; 16] {
        let bytes = header.to_bytes();
        let fields = bytes.get(..FIELDS_LEN).unwrap_or_default();
        let text = crypto.sha256(parts);
        let digest = crypto.hkdf(SALT_LABEL, &self.secret, &[fields, bound, fresh, &text]);
        let mut salt = [0; 16];
        for (to, from) in salt.iter_mut().zip(digest) {
            *to = from;
        }
        salt
    }

    /// The key of the one message with this header.
    fn derive(&self, crypto: &impl Crypto, header: &[u8; HEADER_LEN]) -> Digest {
        crypto.hkdf(KEY_LABEL, &self.secret, &[header])
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey(epoch {}, …)", self.epoch.get())
    }
}

/// Header and binding, one after the other, and how many bytes they are.
fn associated(header: &[u8; HEADER_LEN], bound: &[u8]) -> ([u8; ASSOCIATED], usize) {
    let mut all = [0; ASSOCIATED];
    for (to, from) in all.iter_mut().zip(header.iter().chain(bound)) {
        *to = *from;
    }
    (all, HEADER_LEN.saturating_add(bound.len()).min(ASSOCIATED))
}

/// Keeps the keys of envelopes apart from every other use of HKDF.
const KEY_LABEL: &[u8] = b"restante sealed 1";
/// Keeps salts apart from keys.
const SALT_LABEL: &[u8] = b"restante salt 1";
/// The nonce of a key that seals one message.
const ONE_USE: [u8; NONCE_LEN] = [0; NONCE_LEN];
/// Bytes of associated data at the most: a header and a request's tag.
const ASSOCIATED: usize = HEADER_LEN + size_of::<Tag>();
