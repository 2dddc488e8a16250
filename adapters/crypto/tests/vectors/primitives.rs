//! SHA-256, HMAC, HKDF and ChaCha20-Poly1305 against their standards.

use serde::Deserialize;

use crate::suite::{Case, Hex, run};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    message: Hex,
    repeat: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hashed {
    digest: Hex,
}

#[test]
fn sha256_is_that_of_fips_180_4() {
    run("sha256", 12, |crypto, case: &_| {
        let (input, expected): (&Message, &Hashed) = (&case.input, case.expected());
        assert!(case.valid(), "there is no invalid message");
        let parts = vec![input.message.0.as_slice(); input.repeat];
        assert_eq!(crypto.sha256(&parts)[..], expected.digest.0);
        if input.repeat > 1 {
            return;
        }
        for cut in 0..=input.message.0.len() {
            let (head, tail) = input.message.0.split_at(cut);
            assert_eq!(crypto.sha256(&[head, &[], tail])[..], expected.digest.0);
        }
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tagged {
    key: Hex,
    message: Hex,
    tag: Hex,
}

#[test]
fn hmac_sha256_is_that_of_rfc_4231_and_takes_whole_tags_only() {
    run("hmac-sha256", 18, |crypto, case: &Case<Tagged, ()>| {
        let Tagged { key, message, tag } = &case.input;
        let made = crypto.hmac_sha256(&key.0, &[&message.0]);
        assert_eq!(made[..] == tag.0, case.valid());
        for cut in 0..=message.0.len() {
            let (head, tail) = message.0.split_at(cut);
            assert_eq!(crypto.hmac_sha256(&key.0, &[head, tail]), made);
            assert_eq!(
                crypto.hmac_verify(&key.0, &[head, tail], &tag.0),
                case.valid()
            );
        }
        if case.flagged("TruncatedTag") {
            assert!(made.starts_with(&tag.0) && tag.0.len() < made.len());
        }
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Derivation {
    salt: Hex,
    ikm: Hex,
    info: Hex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Derived {
    okm: Hex,
}

#[test]
fn hkdf_is_that_of_rfc_5869() {
    run("hkdf-sha256", 4, |crypto, case: &_| {
        let (input, expected): (&Derivation, &Derived) = (&case.input, case.expected());
        assert!(case.valid(), "there is no invalid derivation");
        let key = crypto.hkdf(&input.salt.0, &input.ikm.0, &[&input.info.0]);
        assert_eq!(key[..], expected.okm.0[..32]);
        let (head, tail) = input.info.0.split_at(input.info.0.len() / 2);
        assert_eq!(crypto.hkdf(&input.salt.0, &input.ikm.0, &[head, tail]), key);
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    key: Hex,
    nonce: Hex,
    aad: Hex,
    sealed: Hex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    plaintext: Hex,
}

#[test]
fn chacha20_poly1305_is_that_of_rfc_8439() {
    run("chacha20-poly1305", 21, |crypto, case: &_| {
        let (input, opened): (&Sealed, Option<&Opened>) = (&case.input, case.expected_if_valid());
        let (key, nonce) = (input.key.array(), input.nonce.array());
        let result = crypto.open(&key, &nonce, &input.aad.0, &input.sealed.0);
        let Some(Opened { plaintext }) = opened else {
            assert!(result.is_err());
            return;
        };
        assert_eq!(result.as_ref(), Ok(&plaintext.0));
        let sealed = crypto.seal(&key, &nonce, &input.aad.0, &plaintext.0);
        assert_eq!(sealed, input.sealed.0);
    });
}
