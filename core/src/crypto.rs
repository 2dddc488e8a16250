//! The cryptography that the protocol needs, as a trait that each platform provides.
//!
//! Hosts use ring, microcontrollers use RustCrypto (ring does not build for them); both live in the
//! crypto adapter and answer the same vectors. HKDF is built here from HMAC, so that a provider has
//! only three primitives to get right. All keys are 32 bytes, all tags are whole: nothing in the
//! protocol truncates a MAC that is compared as a secret.

use alloc::vec::Vec;

/// Length of a SHA-256 digest, an HMAC-SHA-256 tag and every key, in bytes.
pub const DIGEST_LEN: usize = 32;
/// Length of a ChaCha20-Poly1305 nonce in bytes (RFC 8439).
pub const NONCE_LEN: usize = 12;
/// Length of a Poly1305 tag in bytes (RFC 8439).
pub const TAG_LEN: usize = 16;

/// A 32-byte digest or key.
pub type Digest = [u8; DIGEST_LEN];

/// A Poly1305 tag.
pub type Tag = [u8; TAG_LEN];

/// An AEAD message that does not open: altered, cut, or sealed under another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed message does not open under this key")]
pub struct OpenError;

/// The primitives: SHA-256, HMAC-SHA-256 and ChaCha20-Poly1305.
pub trait Crypto {
    /// SHA-256 over the concatenation of `parts` (FIPS 180-4).
    fn sha256(&self, parts: &[&[u8]]) -> Digest;

    /// HMAC-SHA-256 under `key` over the concatenation of `parts` (RFC 2104, RFC 4231).
    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> Digest;

    /// Whether `tag` is the HMAC-SHA-256 of `parts` under `key`, compared in constant time.
    fn hmac_verify(&self, key: &[u8], parts: &[&[u8]], tag: &[u8]) -> bool;

    /// Seals what is in `text` where it is, with ChaCha20-Poly1305 (RFC 8439); answers the tag.
    ///
    /// A key and a nonce seal one message and never another.
    fn seal_in_place(
        &self,
        key: &Digest,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &mut [u8],
    ) -> Tag;

    /// Opens what [`Crypto::seal_in_place`] sealed, where it is.
    ///
    /// # Errors
    /// [`OpenError`] if the tag does not fit. What is then in `text` means nothing: throw it away.
    fn open_in_place(
        &self,
        key: &Digest,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &mut [u8],
        tag: &Tag,
    ) -> Result<(), OpenError>;

    /// [`Crypto::seal_in_place`] with a copy: ciphertext followed by the 16-byte tag.
    fn seal(&self, key: &Digest, nonce: &[u8; NONCE_LEN], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let mut sealed = plaintext.to_vec();
        let tag = self.seal_in_place(key, nonce, aad, &mut sealed);
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// Opens what [`Crypto::seal`] made.
    ///
    /// # Errors
    /// [`OpenError`] if the tag does not fit; nothing is revealed of the plaintext.
    fn open(
        &self,
        key: &Digest,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        let (text, tag) = sealed.split_last_chunk().ok_or(OpenError)?;
        let mut opened = text.to_vec();
        self.open_in_place(key, nonce, aad, &mut opened, tag)?;
        Ok(opened)
    }

    /// HKDF-SHA-256, extract then expand to 32 bytes (RFC 5869, one block of output).
    fn hkdf(&self, salt: &[u8], ikm: &[u8], info: &[&[u8]]) -> Digest {
        let prk = self.hmac_sha256(salt, &[ikm]);
        let mut parts: Vec<&[u8]> = info.to_vec();
        parts.push(&[1]);
        self.hmac_sha256(&prk, &parts)
    }

    /// Whether two secrets are equal, compared in constant time through a MAC keyed by one of them.
    fn same_secret(&self, ours: &[u8], theirs: &[u8]) -> bool {
        let tag = self.hmac_sha256(ours, &[b"restante same secret"]);
        self.hmac_verify(theirs, &[b"restante same secret"], &tag)
    }
}

impl<C: Crypto + ?Sized> Crypto for &C {
    fn sha256(&self, parts: &[&[u8]]) -> Digest {
        (**self).sha256(parts)
    }
    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> Digest {
        (**self).hmac_sha256(key, parts)
    }
    fn hmac_verify(&self, key: &[u8], parts: &[&[u8]], tag: &[u8]) -> bool {
        (**self).hmac_verify(key, parts, tag)
    }
    fn seal_in_place(
        &self,
        key: &Digest,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &mut [u8],
    ) -> Tag {
        (**self).seal_in_place(key, nonce, aad, text)
    }
    fn open_in_place(
        &self,
        key: &Digest,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &mut [u8],
        tag: &Tag,
    ) -> Result<(), OpenError> {
        (**self).open_in_place(key, nonce, aad, text, tag)
    }
}
