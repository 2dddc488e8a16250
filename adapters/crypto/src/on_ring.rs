//! The primitives on ring, for hosts.
//!
//! ring compares HMAC and Poly1305 tags in constant time itself. Its AEAD reports failure for a
//! plaintext beyond 256 GiB (RFC 8439); the core bounds every message to a fraction of that.

use restante_core::crypto::{Crypto, Digest, NONCE_LEN, OpenError, Tag};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::{digest, hmac};

/// SHA-256, HMAC-SHA-256 and ChaCha20-Poly1305 by ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingCrypto;

impl Crypto for RingCrypto {
    fn sha256(&self, parts: &[&[u8]]) -> Digest {
        let mut context = digest::Context::new(&digest::SHA256);
        parts.iter().for_each(|part| context.update(part));
        to_digest(context.finish().as_ref())
    }

    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> Digest {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
        parts.iter().for_each(|part| context.update(part));
        to_digest(context.sign().as_ref())
    }

    fn hmac_verify(&self, key: &[u8], parts: &[&[u8]], tag: &[u8]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::verify(&key, &parts.concat(), tag).is_ok()
    }

    fn seal_in_place(
        &self,
        key: &Digest,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &mut [u8],
    ) -> Tag {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let tag = aead_key(key).seal_in_place_separate_tag(nonce, Aad::from(aad), text);
        let tag = tag.expect("a message in memory is far below the 256 GiB that the cipher takes");
        tag.as_ref().try_into().expect("Poly1305 yields 16 bytes")
    }

    fn open_in_place(
        &self,
        key: &Digest,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &mut [u8],
        tag: &Tag,
    ) -> Result<(), OpenError> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        aead_key(key)
            .open_in_place_separate_tag(nonce, Aad::from(aad), (*tag).into(), text, 0..)
            .map(|_| ())
            .map_err(|_| OpenError)
    }
}

fn aead_key(key: &Digest) -> LessSafeKey {
    let unbound = UnboundKey::new(&CHACHA20_POLY1305, key);
    LessSafeKey::new(unbound.expect("the cipher's keys have the 32 bytes of a digest"))
}

fn to_digest(bytes: &[u8]) -> Digest {
    bytes.try_into().expect("SHA-256 yields 32 bytes")
}
