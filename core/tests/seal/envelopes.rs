//! What opens, and what does not: every bit, every length, every other place for an envelope.

use proptest::prelude::*;
use restante_core::limits::{MESSAGE_BYTES, SEALED_BYTES};
use restante_core::seal::{
    Answer, Challenge, Enrolment, EnrolmentRequest, Envelope, EnvelopeError, HEADER_LEN, Kind,
    Lane, OVERHEAD, OpenError, Request, SealError, SealingKey, Sender, SenderError,
};
use restante_crypto::RingCrypto;

use crate::{code, enrol_key, open, parse, seed, sender};

/// Whether somebody takes these bytes.
type Takes = Box<dyn Fn(&[u8]) -> bool>;
/// Whether somebody takes this envelope.
type Opens = Box<dyn Fn(Envelope<'_>) -> bool>;

/// One envelope of each kind, and whether whoever it is for takes these bytes instead.
struct Exchange {
    envelope: Vec<u8>,
    takes: Takes,
}

fn exchanges(message: &[u8]) -> Vec<Exchange> {
    let key = SealingKey::formal(&code(1));
    let mut device = sender(Lane::Conversation);
    let asked = device.seal(&RingCrypto, &seed(1), message).expect("seals");
    let request = open(&asked);
    let waiting = device.clone();
    let reply = request.reply(&RingCrypto, &seed(2), message);
    let demand = Challenge {
        nonce: [3; 16],
        floor: 9,
    };
    let challenge = request.challenge(&RingCrypto, &seed(3), &demand);
    let challenged = device.open(&RingCrypto, &parse(&challenge));
    assert_eq!(challenged, Ok(Answer::Challenged));
    device.reserved(device.reserve().expect("counters"));
    let answer = device.seal(&RingCrypto, &seed(4), message).expect("seals");
    let mailed = sender(Lane::Mail).seal(&RingCrypto, &seed(5), message);
    let initial = Enrolment::seal(&RingCrypto, enrol_key(1), message);
    let (enrolment, initially) = initial.expect("seals");
    let opened = EnrolmentRequest::open(&RingCrypto, &enrol_key(1), &parse(&initially));
    let enrolled = opened.expect("opens").reply(&RingCrypto, &seed(6), message);
    let mut all = Vec::new();
    let mut add = |envelope: Vec<u8>, takes: Opens| {
        let takes = Box::new(move |bytes: &[u8]| Envelope::parse(bytes).is_ok_and(&takes));
        all.push(Exchange { envelope, takes });
    };
    for up in [asked, answer, mailed.expect("seals")] {
        let key = key.clone();
        let takes = move |e: Envelope<'_>| Request::open(&RingCrypto, &key, &e).is_ok();
        add(up, Box::new(takes));
    }
    for down in [reply.expect("seals"), challenge] {
        let waiting = waiting.clone();
        let takes = move |e: Envelope<'_>| waiting.clone().open(&RingCrypto, &e).is_ok();
        add(down, Box::new(takes));
    }
    let takes = |e: Envelope<'_>| EnrolmentRequest::open(&RingCrypto, &enrol_key(1), &e).is_ok();
    add(initially, Box::new(takes));
    let takes = move |e: Envelope<'_>| enrolment.open(&RingCrypto, &e).is_ok();
    add(enrolled.expect("seals"), Box::new(takes));
    all
}

#[test]
fn no_flip_of_a_single_bit_is_accepted_in_any_kind() {
    for exchange in exchanges(b"{\"poll\":{}}") {
        assert!((exchange.takes)(&exchange.envelope), "as it was sealed");
        for bit in 0..exchange.envelope.len() * 8 {
            let mut altered = exchange.envelope.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(!(exchange.takes)(&altered), "bit {bit}");
        }
    }
}

#[test]
fn nothing_shorter_or_longer_is_accepted() {
    for exchange in exchanges(b"text") {
        for length in 0..exchange.envelope.len() {
            assert!(!(exchange.takes)(&exchange.envelope[..length]), "{length}");
        }
        for byte in [0, 255] {
            let longer = [&exchange.envelope[..], &[byte]].concat();
            assert!(!(exchange.takes)(&longer));
        }
    }
}

#[test]
fn an_envelope_is_taken_for_what_it_is_alone() {
    let all = exchanges(b"text");
    for (place, exchange) in all.iter().enumerate() {
        let kind = parse(&exchange.envelope).header().kind;
        for (other, stranger) in all.iter().enumerate() {
            // A center opens requests, answers and mails alike, and a device that waits takes a
            // reply or a challenge.
            let alike = |a: usize, b: usize| {
                a == b || (a < 3 && b < 3) || (3..5).contains(&a.min(b)) && a.max(b) < 5
            };
            let taken = (stranger.takes)(&exchange.envelope);
            assert_eq!(taken, alike(place, other), "{kind:?} by {other}");
        }
    }
}

#[test]
fn a_reply_is_taken_for_its_own_request_alone() {
    let mut one = sender(Lane::Conversation);
    let mut other = one.clone();
    let asked = one.seal(&RingCrypto, &seed(1), b"one").expect("seals");
    let also = other.seal(&RingCrypto, &seed(1), b"two").expect("seals");
    let reply = open(&asked).reply(&RingCrypto, &seed(2), b"reply");
    let reply = reply.expect("seals");
    // The counters are the same, so that the tags alone tell the requests apart.
    assert_eq!(open(&asked).counter(), open(&also).counter());
    let taken = other.open(&RingCrypto, &parse(&reply));
    assert_eq!(taken, Err(OpenError::Tag));
    let taken = one.open(&RingCrypto, &parse(&reply));
    assert_eq!(taken, Ok(Answer::Reply(b"reply".to_vec())));
    let again = one.open(&RingCrypto, &parse(&reply));
    assert_eq!(again, Err(OpenError::Unexpected), "nothing waits any more");
}

#[test]
fn a_request_of_another_epoch_or_sender_is_foreign() {
    let sealed = sender(Lane::Conversation).seal(&RingCrypto, &seed(1), b"x");
    let sealed = sealed.expect("seals");
    let opened = |key: SealingKey| Request::open(&RingCrypto, &key, &parse(&sealed));
    assert_eq!(
        opened(SealingKey::formal(&code(2))),
        Err(OpenError::Foreign)
    );
    assert_eq!(opened(enrol_key(1)), Err(OpenError::Foreign));
}

#[test]
fn the_same_enrolment_is_the_same_envelope_and_any_other_has_another_key() {
    let seal = |key: u8, message: &[u8]| {
        let sealed = Enrolment::seal(&RingCrypto, enrol_key(key), message);
        sealed.expect("seals").1
    };
    assert_eq!(seal(1, b"content"), seal(1, b"content"));
    let salt = |envelope: &[u8]| parse(envelope).header().salt;
    assert_ne!(salt(&seal(1, b"content")), salt(&seal(1, b"contenu")));
    assert_ne!(salt(&seal(1, b"content")), salt(&seal(2, b"content")));
}

#[test]
fn a_sender_whose_memory_and_random_numbers_repeat_shares_no_key() {
    let header = |message: &[u8]| {
        let sealed = sender(Lane::Conversation).seal(&RingCrypto, &seed(0), message);
        sealed.expect("seals")[..HEADER_LEN].to_vec()
    };
    assert_eq!(header(b"one"), header(b"one"), "nothing is told apart here");
    assert_ne!(header(b"one"), header(b"two"));
}

#[test]
fn replies_under_one_seed_to_one_request_share_no_key() {
    let mut device = sender(Lane::Conversation);
    let asked = device.seal(&RingCrypto, &seed(1), b"x").expect("seals");
    let reply = |text: &[u8]| open(&asked).reply(&RingCrypto, &seed(2), text);
    let headers = [b"a", b"b"].map(|text| reply(text).expect("seals")[..HEADER_LEN].to_vec());
    assert_ne!(headers[0], headers[1]);
}

#[test]
fn the_largest_message_is_sealed_and_a_larger_one_is_not() {
    let largest = vec![b'x'; MESSAGE_BYTES];
    let sealed = sender(Lane::Conversation).seal(&RingCrypto, &seed(1), &largest);
    let sealed = sealed.expect("seals");
    assert_eq!(sealed.len(), MESSAGE_BYTES + OVERHEAD);
    assert_eq!(open(&sealed).message(), largest);
    let larger = vec![b'x'; MESSAGE_BYTES + 1];
    let error = SealError {
        bytes: MESSAGE_BYTES + 1,
    };
    let refused = sender(Lane::Conversation).seal(&RingCrypto, &seed(1), &larger);
    assert_eq!(refused, Err(SenderError::TooLong(error)));
    let refused = Enrolment::seal(&RingCrypto, enrol_key(1), &larger);
    assert_eq!(refused, Err(error));
    assert_eq!(
        open(&sealed).reply(&RingCrypto, &seed(2), &larger),
        Err(error)
    );
}

#[test]
fn bytes_that_are_no_envelope_are_told_why() {
    let sealed = sender(Lane::Conversation).seal(&RingCrypto, &seed(1), b"");
    let sealed = sealed.expect("seals");
    assert_eq!(sealed.len(), OVERHEAD);
    let says = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = sealed.clone();
        change(&mut bytes);
        Envelope::parse(&bytes)
            .expect_err("no envelope")
            .to_string()
    };
    assert_eq!(
        says(&|bytes| bytes.truncate(62)),
        "an envelope has at least 63 bytes; these are 62"
    );
    assert_eq!(
        says(&|bytes| bytes.resize(SEALED_BYTES, 0)),
        "an envelope of this kind has at most 65599 bytes; these are 65615"
    );
    assert_eq!(
        says(&|bytes| bytes.resize(SEALED_BYTES + 1, 0)),
        "an envelope of this kind has at most 65615 bytes; these are 65616"
    );
    assert_eq!(
        says(&|bytes| bytes[0] = 2),
        "envelopes of version 2 are not known here"
    );
    assert_eq!(
        says(&|bytes| bytes[1] = 7),
        "there is no kind 7 of envelope"
    );
    assert_eq!(says(&|bytes| bytes[6] = 0), "there is no lane 0");
    let fields = "kind, lane, epoch and counter of this envelope do not go together";
    assert_eq!(says(&|bytes| bytes[5] = 0), fields, "epoch 0");
    assert_eq!(says(&|bytes| bytes[30] = 0), fields, "counter 0");
    assert_eq!(
        says(&|bytes| bytes[1] = 5),
        fields,
        "an enrolment in an order"
    );
    assert_eq!(
        says(&|bytes| (bytes[1], bytes[6]) = (2, 2)),
        fields,
        "a reply in the lane of mails"
    );
}

#[test]
fn a_log_line_never_shows_the_secret() {
    let shown = format!("{:?}", Sender::new(&code(1), Lane::Mail));
    assert!(shown.contains("SealingKey(epoch 1, …)"), "{shown}");
    assert!(!shown.contains("7, 7"), "{shown}");
}

proptest! {
    #[test]
    fn what_is_sealed_opens_and_is_what_was_said(
        message in prop::collection::vec(any::<u8>(), 0..3_000),
        random: [u8; 32],
    ) {
        let random = restante_core::Seed::new(random);
        for lane in [Lane::Conversation, Lane::Mail] {
            let sealed = sender(lane).seal(&RingCrypto, &random, &message).expect("seals");
            prop_assert_eq!(sealed.len(), message.len() + OVERHEAD);
            let request = open(&sealed);
            prop_assert_eq!(request.message(), &message[..]);
            prop_assert_eq!(request.lane(), lane);
        }
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        match Envelope::parse(&bytes) {
            Ok(envelope) => {
                let header = envelope.header();
                prop_assert_eq!(&header.to_bytes()[..], &bytes[..HEADER_LEN]);
                prop_assert!(header.kind != Kind::Enrolled || header.counter == 0);
            }
            Err(EnvelopeError::TooShort { bytes: told }) => {
                prop_assert_eq!(told, bytes.len());
                prop_assert!(bytes.len() < OVERHEAD);
            }
            Err(_) => prop_assert!(bytes.len() >= OVERHEAD),
        }
    }
}
