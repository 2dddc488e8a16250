//! Hostile bytes as sealed envelopes.
//!
//! The keys are those of `spec/vectors/sealed.json`, so that the corpus opens.

use std::sync::LazyLock;

use restante_core::Seed;
use restante_core::code::{EnrolId, FormalCode};
use restante_core::id::{Epoch, RegistrationId};
use restante_core::limits::SEALED_BYTES;
use restante_core::seal::{
    EnrolmentRequest, Envelope, Present, Received, Request, SealingKey, Verdict, Waiting,
};
use restante_crypto::RingCrypto;
use serde_json::Value;

/// What the vectors are sealed under, and the request that waits in them.
struct Known {
    formal: SealingKey,
    enrolment: SealingKey,
    /// The envelopes that open: whatever else does was made by nobody.
    genuine: Vec<Vec<u8>>,
    request: Vec<u8>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let text = include_str!("../../../spec/vectors/sealed.json");
    let suite: Value = serde_json::from_str(text).expect("the vectors are JSON");
    let cases = suite["cases"].as_array().expect("a list").iter();
    let opens: Vec<&Value> = cases
        .filter(|case| case["flags"][0] == "Opens")
        .map(|case| &case["input"]["open"])
        .collect();
    let key = |initial: bool| {
        let mut keys = opens.iter().map(|open| &open["key"]);
        let of = |key: &&Value| (key["epoch"] == 0) == initial;
        keys.find(of).expect("a key")
    };
    let (formal, enrolment) = (key(false), key(true));
    let registration = RegistrationId::from_bytes(array(&formal["sender"]));
    let code = FormalCode::new(registration, Epoch::FIRST, array(&formal["secret"]));
    let id = EnrolId::from_bytes(array(&enrolment["sender"]));
    Known {
        formal: SealingKey::formal(&code),
        enrolment: SealingKey::enrolment(id, array(&enrolment["secret"])),
        genuine: opens.iter().map(|open| hex(&open["envelope"])).collect(),
        request: hex(&opens[0]["envelope"]),
    }
});

/// Reads the bytes as an envelope and opens it as a center and as a device does. What reads well is
/// read back the same; what opens was sealed by somebody with the secret; what a center accepts it
/// does not accept again.
///
/// # Panics
/// If one of these laws is broken.
pub fn sealed(data: &[u8]) {
    let Ok(envelope) = Envelope::parse(data) else {
        return;
    };
    assert!(data.len() <= SEALED_BYTES, "read beyond the bound");
    let header = envelope.header().to_bytes();
    assert_eq!(header[..], data[..header.len()], "read back");
    let genuine = || KNOWN.genuine.iter().any(|known| known == data);
    if let Ok(request) = Request::open(&RingCrypto, &KNOWN.formal, &envelope) {
        assert!(genuine(), "nobody sealed this request");
        judged(&request);
    }
    if let Ok(request) = EnrolmentRequest::open(&RingCrypto, &KNOWN.enrolment, &envelope) {
        assert!(genuine(), "nobody sealed this enrolment");
        let reply = request.reply(&RingCrypto, &Seed::new([0; 32]), b"{}");
        assert!(Envelope::parse(&reply.expect("short")).is_ok());
    }
    let request = Envelope::parse(&KNOWN.request).expect("an envelope");
    let opened = Waiting::of(&request).open(&RingCrypto, &KNOWN.formal, &envelope);
    assert!(opened.is_err() || genuine(), "nobody sealed this reply");
}

fn judged(request: &Request) {
    let present = Present {
        generation: 0,
        secret: [0; 32],
    };
    let judge = |lane: &Received| lane.judge(&RingCrypto, request, &present);
    if let Verdict::Accept(after) = judge(&Received::nothing(0)) {
        assert_eq!(judge(&after), Verdict::Repeated, "accepted twice");
    }
}

fn hex(text: &Value) -> Vec<u8> {
    let digits = text.as_str().expect("a text").as_bytes();
    let pair = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).expect("digits");
        u8::from_str_radix(text, 16).expect("digits")
    };
    digits.chunks(2).map(pair).collect()
}

fn array<const N: usize>(text: &Value) -> [u8; N] {
    hex(text).try_into().expect("the right number of bytes")
}
