//! The primitives on RustCrypto: pure Rust, without `std`, for microcontrollers.
//!
//! `verify_slice` compares in constant time and refuses a tag of another length; opening verifies
//! the Poly1305 tag before it decrypts.

use chacha20poly1305::{AeadInOut, ChaCha20Poly1305};
use hmac::{Hmac, KeyInit, Mac};
use restante_core::crypto::{Crypto, Digest, NONCE_LEN, OpenError, Tag};
use sha2::{Digest as _, Sha256};

/// SHA-256, HMAC-SHA-256 and ChaCha20-Poly1305 by RustCrypto.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RustCrypto;

impl Crypto for RustCrypto {
    fn sha256(&self, parts: &[&[u8]]) -> Digest {
        let mut hash = Sha256::new();
        parts.iter().for_each(|part| hash.update(part));
        hash.finalize().into()
    }

    fn hmac_sha256(&self, key: &[u8], parts: &[&[u8]]) -> Digest {
        mac(key, parts).finalize().into_bytes().into()
    }

    fn hmac_verify(&self, key: &[u8], parts: &[&[u8]], tag: &[u8]) -> bool {
        mac(key, parts).verify_slice(tag).is_ok()
    }

    fn seal_in_place(
        &self,
        key: &Digest,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &mut [u8],
    ) -> Tag {
        let sealed = ChaCha20Poly1305::new(key.into()).encrypt_inout_detached(
            nonce.into(),
            aad,
            text.into(),
        );
        let tag = sealed.expect("a message in memory is far below the 256 GiB of the cipher");
        tag.into()
    }

    fn open_in_place(
        &self,
        key: &Digest,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &mut [u8],
        tag: &Tag,
    ) -> Result<(), OpenError> {
        ChaCha20Poly1305::new(key.into())
            .decrypt_inout_detached(nonce.into(), aad, text.into(), tag.into())
            .map_err(|_| OpenError)
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac
}
