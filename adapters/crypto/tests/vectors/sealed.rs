//! Sealed envelopes (chapter 14): what is sealed byte for byte, and what opens.

use restante_core::Crypto;
use restante_core::Seed;
use restante_core::code::{EnrolId, FormalCode};
use restante_core::id::{Epoch, RegistrationId};
use restante_core::seal::{
    Challenge, Enrolment, EnrolmentRequest, Envelope, Kept, Kind, Lane, Request, Response,
    SealingKey, Sender, Waiting,
};
use serde::Deserialize;

use crate::suite::{Hex, run};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
enum Given {
    Seal(Sealing),
    Open(Opening),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealing {
    kind: Word,
    key: Key,
    lane: LaneWord,
    counter: u64,
    message: Hex,
    seed: Hex,
    fresh: Hex,
    request: Option<Hex>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    by: Side,
    key: Key,
    request: Option<Hex>,
    envelope: Hex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    sender: Hex,
    epoch: u32,
    secret: Hex,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Side {
    Center,
    Device,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Request,
    Reply,
    Answer,
    Challenge,
    Enrolment,
    Enrolled,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum LaneWord {
    Conversation,
    Mail,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Yield {
    Sealed(SealedYield),
    Opened(Opened),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedYield {
    envelope: Hex,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    kind: Word,
    lane: u8,
    counter: u64,
    nonce: Option<Hex>,
    floor: Option<u64>,
    message: Option<Hex>,
}

impl Key {
    fn code(&self) -> FormalCode {
        let registration = RegistrationId::from_bytes(self.sender.array());
        FormalCode::new(registration, Epoch::new(self.epoch), self.secret.array())
    }

    /// Epoch 0 belongs to enrolments alone.
    pub(crate) fn sealing(&self) -> SealingKey {
        match self.epoch {
            0 => SealingKey::enrolment(
                EnrolId::from_bytes(self.sender.array()),
                self.secret.array(),
            ),
            _ => SealingKey::formal(&self.code()),
        }
    }
}

#[test]
fn an_envelope_is_sealed_byte_for_byte_and_opens_where_it_belongs() {
    run("sealed", 78, |crypto, case: &_| {
        let given: &Given = &case.input;
        match (given, case.expected_if_valid()) {
            (Given::Seal(sealing), Some(Yield::Sealed(made))) => {
                assert_eq!(seal(crypto, sealing), made.envelope.0);
            }
            (Given::Open(opening), Some(Yield::Opened(expected))) => {
                assert_eq!(open(crypto, opening).as_ref(), Some(expected));
            }
            (Given::Open(opening), None) => assert_eq!(open(crypto, opening), None),
            _ => panic!("a sealing yields an envelope, an opening what is in one"),
        }
    });
}

fn seal(crypto: &dyn Crypto, sealing: &Sealing) -> Vec<u8> {
    let seed = Seed::new(sealing.seed.array());
    let message = &sealing.message.0;
    if !sealing.fresh.0.is_empty() {
        assert_eq!(seed.draw(&crypto, "sealed", 0)[..], sealing.fresh.0);
    }
    let request = sealing.request.as_ref();
    let request = request.map(|request| Envelope::parse(&request.0).expect("an envelope"));
    let key = sealing.key.sealing();
    let asked = || Request::open(&crypto, &key, &request.expect("a request")).expect("opens");
    match sealing.kind {
        Word::Request => {
            let lane = match sealing.lane {
                LaneWord::Conversation => Lane::Conversation,
                LaneWord::Mail => Lane::Mail,
            };
            let kept = Kept {
                until: sealing.counter,
                challenged: None,
            };
            let mut sender = Sender::restore(&sealing.key.code(), lane, kept);
            sender.reserved(sender.reserve().expect("counters"));
            sender.seal(&crypto, &seed, message).expect("seals")
        }
        Word::Reply => asked().reply(&crypto, &seed, message).expect("seals"),
        Word::Challenge => {
            let (nonce, floor) = message.split_first_chunk().expect("a nonce");
            let challenge = Challenge {
                nonce: *nonce,
                floor: u64::from_be_bytes(floor.try_into().expect("eight bytes")),
            };
            asked().challenge(&crypto, &seed, &challenge)
        }
        Word::Enrolment => {
            let sealed = Enrolment::seal(&crypto, key, message);
            sealed.expect("seals").1
        }
        Word::Enrolled => {
            let opened = EnrolmentRequest::open(&crypto, &key, &request.expect("a request"));
            let sealed = opened.expect("opens").reply(&crypto, &seed, message);
            sealed.expect("seals")
        }
        Word::Answer => panic!("a sender draws no nonce; answers are opened alone"),
    }
}

fn open(crypto: &dyn Crypto, opening: &Opening) -> Option<Opened> {
    let key = opening.key.sealing();
    let envelope = Envelope::parse(&opening.envelope.0).ok()?;
    let header = envelope.header();
    let yielded = |message: Option<&[u8]>, nonce: Option<&[u8]>, floor| Opened {
        kind: word(header.kind),
        lane: header.lane as u8,
        counter: header.counter,
        nonce: nonce.map(|nonce| Hex(nonce.to_vec())),
        floor,
        message: message.map(|message| Hex(message.to_vec())),
    };
    match (opening.by, header.kind) {
        (Side::Center, Kind::Enrolment) => {
            let opened = EnrolmentRequest::open(&crypto, &key, &envelope).ok()?;
            Some(yielded(Some(opened.message()), None, None))
        }
        (Side::Center, _) => {
            let opened = Request::open(&crypto, &key, &envelope).ok()?;
            let nonce = opened.nonce().map(|nonce| &nonce[..]);
            Some(yielded(Some(opened.message()), nonce, None))
        }
        (Side::Device, _) => {
            let request = opening.request.as_ref().expect("a device has asked");
            let request = Envelope::parse(&request.0).expect("an envelope");
            match Waiting::of(&request).open(&crypto, &key, &envelope).ok()? {
                Response::Reply(message) => Some(yielded(Some(&message), None, None)),
                Response::Challenge(Challenge { nonce, floor }) => {
                    Some(yielded(None, Some(&nonce), Some(floor)))
                }
            }
        }
    }
}

const fn word(kind: Kind) -> Word {
    match kind {
        Kind::Request => Word::Request,
        Kind::Reply => Word::Reply,
        Kind::Answer => Word::Answer,
        Kind::Challenge => Word::Challenge,
        Kind::Enrolment => Word::Enrolment,
        Kind::Enrolled => Word::Enrolled,
    }
}
