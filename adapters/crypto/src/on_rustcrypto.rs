//! The primitives on RustCrypto: pure Rust, without `std`, for microcontrollers.
//!
//! `verify_slice` compares in constant time and refuses a tag of another length; opening verifies
//! the Poly1305 tag before it decrypts.

use alloc::vec::Vec;

use chacha20poly1305::{AeadInOut, ChaCha20Poly1305};
use hmac::{Hmac, KeyInit, Mac};
use restante_core::crypto::{Crypto, Digest, NONCE_LEN, OpenError};
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

    fn seal(&self, key: &Digest, nonce: &[u8; NONCE_LEN], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let mut sealed = plaintext.to_vec();
        ChaCha20Poly1305::new(key.into())
            .encrypt_in_place(nonce.into(), aad, &mut sealed)
            .expect("a message in memory is far below the 256 GiB that the cipher takes");
        sealed
    }

    fn open(
        &self,
        key: &Digest,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        let mut opened = sealed.to_vec();
        ChaCha20Poly1305::new(key.into())
            .decrypt_in_place(nonce.into(), aad, &mut opened)
            .map_err(|_| OpenError)?;
        Ok(opened)
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac
}
