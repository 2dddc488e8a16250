//! The two providers against each other, on inputs that no vector has.
//!
//! What one makes the other must accept, and what one refuses the other must refuse: a device on
//! RustCrypto talks to a center on ring.

use proptest::prelude::*;
use restante_core::code::ProvisionalCode;
use restante_core::{Crypto, Seed};
use restante_crypto::{RingCrypto, RustCrypto};

fn parts() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..5)
}

proptest! {
    #[test]
    fn digests_and_macs_agree(key in prop::collection::vec(any::<u8>(), 0..200), parts in parts()) {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(RingCrypto.sha256(&parts), RustCrypto.sha256(&parts));
        let tag = RingCrypto.hmac_sha256(&key, &parts);
        prop_assert_eq!(tag, RustCrypto.hmac_sha256(&key, &parts));
        prop_assert_eq!(RingCrypto.hkdf(&key, &key, &parts), RustCrypto.hkdf(&key, &key, &parts));
        prop_assert!(RustCrypto.hmac_verify(&key, &parts, &tag));
        prop_assert!(RingCrypto.hmac_verify(&key, &parts, &tag));
    }

    #[test]
    fn an_altered_tag_convinces_neither(key: [u8; 32], message: Vec<u8>, bit in 0_usize..256) {
        let mut tag = RingCrypto.hmac_sha256(&key, &[&message]);
        tag[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!RingCrypto.hmac_verify(&key, &[&message], &tag));
        prop_assert!(!RustCrypto.hmac_verify(&key, &[&message], &tag));
    }

    #[test]
    fn one_opens_what_the_other_seals(
        key: [u8; 32],
        nonce: [u8; 12],
        aad in prop::collection::vec(any::<u8>(), 0..100),
        plaintext in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let by_ring = RingCrypto.seal(&key, &nonce, &aad, &plaintext);
        let by_rust = RustCrypto.seal(&key, &nonce, &aad, &plaintext);
        prop_assert_eq!(&by_ring, &by_rust);
        prop_assert_eq!(by_ring.len(), plaintext.len() + 16);
        prop_assert_eq!(RustCrypto.open(&key, &nonce, &aad, &by_ring), Ok(plaintext.clone()));
        prop_assert_eq!(RingCrypto.open(&key, &nonce, &aad, &by_rust), Ok(plaintext));
    }

    #[test]
    fn what_is_sealed_in_place_is_what_is_sealed_with_a_copy(
        key: [u8; 32],
        nonce: [u8; 12],
        plaintext in prop::collection::vec(any::<u8>(), 0..500),
    ) {
        for (name, crypto) in crate::PROVIDERS {
            let mut text = plaintext.clone();
            let tag = crypto.seal_in_place(&key, &nonce, b"header", &mut text);
            let sealed = crypto.seal(&key, &nonce, b"header", &plaintext);
            prop_assert_eq!(&[&text[..], &tag].concat(), &sealed, "{}", name);
            let opened = crypto.open_in_place(&key, &nonce, b"header", &mut text, &tag);
            prop_assert!(opened.is_ok(), "{}", name);
            prop_assert_eq!(&text, &plaintext, "{}", name);
        }
    }

    #[test]
    fn an_altered_message_opens_for_neither(
        key: [u8; 32],
        plaintext in prop::collection::vec(any::<u8>(), 0..100),
        at: prop::sample::Index,
        bit in 0_u32..8,
        kept: prop::sample::Index,
    ) {
        let sealed = RingCrypto.seal(&key, &[0; 12], b"header", &plaintext);
        let mut altered = sealed.clone();
        altered[at.index(sealed.len())] ^= 1 << bit;
        let cut = &sealed[..kept.index(sealed.len())];
        for message in [altered.as_slice(), cut] {
            prop_assert!(RingCrypto.open(&key, &[0; 12], b"header", message).is_err());
            prop_assert!(RustCrypto.open(&key, &[0; 12], b"header", message).is_err());
        }
    }

    #[test]
    fn codes_agree(seed: [u8; 32]) {
        let code = ProvisionalCode::draw(&RingCrypto, &Seed::new(seed));
        prop_assert_eq!(&code, &ProvisionalCode::draw(&RustCrypto, &Seed::new(seed)));
        prop_assert_eq!(code.enrol_id(&RingCrypto), code.enrol_id(&RustCrypto));
        prop_assert_eq!(code.enrol_key(&RingCrypto), code.enrol_key(&RustCrypto));
    }

    #[test]
    fn secrets_are_compared_alike(ours: [u8; 32], bit in 0_usize..256) {
        let mut theirs = ours;
        theirs[bit / 8] ^= 1 << (bit % 8);
        for (name, crypto) in crate::PROVIDERS {
            prop_assert!(crypto.same_secret(&ours, &ours), "{}", name);
            prop_assert!(!crypto.same_secret(&ours, &theirs), "{}", name);
        }
    }
}
