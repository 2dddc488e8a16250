//! What carries a machine's messages over a line without TLS: what it keeps and sends, and what it
//! takes from the line.

use restante_core::Seed;
use restante_core::Uptime;
use restante_core::carrier::{Carrier, CarrierError, Input, Kept, Output};
use restante_core::code::{FormalCode, Presented};
use restante_core::device::{Challenged, Exchange};
use restante_core::id::{Epoch, RegistrationId};
use restante_core::machine::Machine;
use restante_core::registrant::KeptError;
use restante_core::seal::{
    Challenge, EnrolmentRequest, Envelope, Kind, OpenError, Request, SealingKey, SenderError,
};
use restante_core::wire::poll::{Mailbox, Poll, PollReply};
use restante_core::wire::{Answer, DeviceReply, DeviceRequest, ETag, Refusal, RefusalCode, json};
use restante_crypto::RingCrypto;

use crate::scripted::{code, formal, schedule};

/// The same random numbers at every step, so that nothing rests on them.
const DEAD: Seed = Seed::new([0; 32]);

pub(crate) fn give(
    carrier: &mut Carrier<RingCrypto>,
    input: Input,
) -> Result<Vec<Output>, CarrierError> {
    let before = carrier.clone();
    let mut out = Vec::new();
    let result = carrier.handle(Uptime::BOOT, &DEAD, input, &mut out);
    if result.is_err() {
        assert_eq!(*carrier, before, "an error changes nothing");
        assert!(out.is_empty(), "an error emits nothing");
    }
    result.map(|()| out)
}

pub(crate) fn poll(number: u8) -> DeviceRequest {
    DeviceRequest::Poll(Poll {
        have: Some(ETag::from_bytes(&[number; 16])),
        ..Poll::default()
    })
}

/// What a center says to the poll with this number.
pub(crate) fn polled(number: u8) -> DeviceReply {
    DeviceReply::Polled(PollReply::Mailbox(Mailbox {
        etag: ETag::from_bytes(&[number; 16]),
        instructions: Vec::new(),
        more: false,
        schedule: schedule(),
        calls: Vec::new(),
    }))
}

pub(crate) fn say(
    carrier: &mut Carrier<RingCrypto>,
    code: &FormalCode,
    number: u8,
) -> Result<Vec<Output>, CarrierError> {
    let exchange = Exchange::default();
    let presented = Presented::Formal(code.clone());
    let request = poll(number);
    give(
        carrier,
        Input::Send {
            exchange,
            presented,
            request,
        },
    )
}

fn enrol(carrier: &mut Carrier<RingCrypto>) -> Vec<u8> {
    let input = Input::Send {
        exchange: Exchange::default(),
        presented: Presented::Provisional(code(1)),
        request: poll(1),
    };
    let out = give(carrier, input).expect("it is short");
    assert_eq!(words(&out), ["transmit"], "nothing has to be kept");
    transmitted(&out)
}

fn words(out: &[Output]) -> Vec<&'static str> {
    let word = |it: &Output| match it {
        Output::Keep(_) => "keep",
        Output::Transmit { .. } => "transmit",
        Output::Challenged(_) => "challenged",
        Output::Replied { .. } => "replied",
        Output::Refused { .. } => "refused",
        Output::LinkFailed { .. } => "link failed",
        other => panic!("an output that this test does not know: {other:?}"),
    };
    out.iter().map(word).collect()
}

fn transmitted(out: &[Output]) -> Vec<u8> {
    match out.last() {
        Some(Output::Transmit { envelope, .. }) => envelope.clone(),
        other => panic!("nothing is sent: {other:?}"),
    }
}

fn counter(envelope: &[u8]) -> u64 {
    header(envelope).counter
}

fn header(envelope: &[u8]) -> restante_core::seal::Header {
    *Envelope::parse(envelope).expect("an envelope").header()
}

fn open(code: &FormalCode, envelope: &[u8]) -> Request {
    let envelope = Envelope::parse(envelope).expect("an envelope");
    Request::open(&RingCrypto, &SealingKey::formal(code), &envelope).expect("it opens")
}

fn reply(code: &FormalCode, envelope: &[u8], text: &[u8]) -> Vec<u8> {
    let request = open(code, envelope);
    request.reply(&RingCrypto, &DEAD, text).expect("short")
}

fn answer(code: &FormalCode, envelope: &[u8], number: u8) -> Vec<u8> {
    reply(
        code,
        envelope,
        &json::to_bytes(&Answer::Reply(polled(number))),
    )
}

fn challenge(code: &FormalCode, envelope: &[u8], floor: u64) -> Vec<u8> {
    let nonce = [7; 16];
    open(code, envelope).challenge(&RingCrypto, &DEAD, &Challenge { nonce, floor })
}

fn fresh() -> Carrier<RingCrypto> {
    Carrier::new(RingCrypto, None)
}

/// The power fails and comes back.
fn boot(carrier: &Carrier<RingCrypto>) -> Carrier<RingCrypto> {
    let kept = Kept::from_bytes(&carrier.kept().to_bytes()).expect("sound");
    Carrier::new(RingCrypto, Some(kept))
}

#[test]
fn an_enrolment_is_the_same_envelope_however_often_it_is_said() {
    let mut carrier = fresh();
    let first = enrol(&mut carrier);
    assert_eq!(header(&first).kind, Kind::Enrolment);
    assert_eq!(enrol(&mut carrier), first);
    let mut carrier = boot(&carrier);
    assert_eq!(enrol(&mut carrier), first);
    let key = SealingKey::enrolment(
        code(1).enrol_id(&RingCrypto),
        code(1).enrol_key(&RingCrypto),
    );
    let envelope = Envelope::parse(&first).expect("an envelope");
    let opened = EnrolmentRequest::open(&RingCrypto, &key, &envelope).expect("it opens");
    assert_eq!(opened.message(), json::to_bytes(&poll(1)));
    let answer = json::to_bytes(&Answer::Reply(polled(1)));
    let down = opened.reply(&RingCrypto, &DEAD, &answer).expect("short");
    let out = give(&mut carrier, Input::Received(down.clone())).expect("its reply");
    assert_eq!(words(&out), ["replied"]);
    let again = give(&mut carrier, Input::Received(down));
    assert_eq!(again, Err(CarrierError::Open(OpenError::Unexpected)));
}

#[test]
fn counters_are_kept_in_blocks_before_they_are_used() {
    let mut carrier = fresh();
    let mut keeps = Vec::new();
    for number in 0..130 {
        let out = say(&mut carrier, &formal(1), number).expect("sealed");
        assert_eq!(counter(&transmitted(&out)), u64::from(number) + 1);
        match words(&out)[..] {
            ["keep", "transmit"] => keeps.push(number),
            ["transmit"] => {}
            ref other => panic!("{other:?}"),
        }
    }
    assert_eq!(keeps, [0, 64, 128]);
}

#[test]
fn a_boot_leaves_the_rest_of_a_block_unused() {
    let mut carrier = fresh();
    say(&mut carrier, &formal(1), 1).expect("sealed");
    let mut carrier = boot(&carrier);
    let out = say(&mut carrier, &formal(1), 1).expect("sealed");
    assert_eq!(words(&out), ["keep", "transmit"]);
    assert_eq!(counter(&transmitted(&out)), 65);
}

#[test]
fn the_same_message_once_more_is_the_same_envelope_until_it_is_answered() {
    let mut carrier = fresh();
    let first = transmitted(&say(&mut carrier, &formal(1), 1).expect("sealed"));
    let again = say(&mut carrier, &formal(1), 1).expect("sealed");
    assert_eq!(words(&again), ["transmit"]);
    assert_eq!(transmitted(&again), first);
    let down = answer(&formal(1), &first, 1);
    let out = give(&mut carrier, Input::Received(down.clone())).expect("its reply");
    assert_eq!(
        out,
        [Output::Replied {
            exchange: Exchange::default(),
            reply: polled(1)
        }]
    );
    let late = give(&mut carrier, Input::Received(down));
    assert_eq!(late, Err(CarrierError::Open(OpenError::Unexpected)));
    let next = transmitted(&say(&mut carrier, &formal(1), 1).expect("sealed"));
    assert_eq!(counter(&next), 2);
}

#[test]
fn another_message_gives_up_the_one_before_it() {
    let mut carrier = fresh();
    let first = transmitted(&say(&mut carrier, &formal(1), 1).expect("sealed"));
    let second = transmitted(&say(&mut carrier, &formal(1), 2).expect("sealed"));
    assert_eq!((counter(&first), counter(&second)), (1, 2));
    let late = give(&mut carrier, Input::Received(answer(&formal(1), &first, 1)));
    assert_eq!(late, Err(CarrierError::Open(OpenError::Unexpected)));
    let right = give(
        &mut carrier,
        Input::Received(answer(&formal(1), &second, 2)),
    );
    assert_eq!(words(&right.expect("its reply")), ["replied"]);
}

#[test]
fn what_does_not_open_changes_nothing() {
    let mut carrier = fresh();
    let up = transmitted(&say(&mut carrier, &formal(1), 1).expect("sealed"));
    let right = answer(&formal(1), &up, 1);
    for bit in 0..right.len() * 8 {
        let mut wrong = right.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        let taken = give(&mut carrier, Input::Received(wrong));
        assert!(taken.is_err(), "bit {bit}");
    }
    for wrong in [Vec::new(), up.clone(), right[..40].to_vec()] {
        assert!(give(&mut carrier, Input::Received(wrong)).is_err());
    }
    assert!(give(&mut carrier, Input::Received(right)).is_ok());
}

#[test]
fn a_refusal_is_handed_on_and_what_nobody_understands_is_no_answer() {
    let mut carrier = fresh();
    let up = transmitted(&say(&mut carrier, &formal(1), 1).expect("sealed"));
    let refusal = Answer::Refusal(Refusal::plain(RefusalCode::FormalCodeRefused));
    let down = reply(&formal(1), &up, &json::to_bytes(&refusal));
    let out = give(&mut carrier, Input::Received(down)).expect("its reply");
    assert_eq!(words(&out), ["refused"]);
    let up = transmitted(&say(&mut carrier, &formal(1), 1).expect("sealed"));
    let out = give(&mut carrier, Input::Received(reply(&formal(1), &up, b"{}")));
    assert_eq!(words(&out.expect("its reply")), ["link failed"]);
    let next = transmitted(&say(&mut carrier, &formal(1), 1).expect("sealed"));
    assert_eq!(counter(&next), 3, "the same envelope would bring the same");
}

#[test]
fn a_challenge_is_answered_above_its_floor_and_outlives_the_power() {
    for (floor, above) in [(0, 65), (64, 65), (1_000_000, 1_000_001)] {
        let mut carrier = fresh();
        let up = transmitted(&say(&mut carrier, &formal(1), 1).expect("sealed"));
        let down = challenge(&formal(1), &up, floor);
        let out = give(&mut carrier, Input::Received(down)).expect("its challenge");
        assert_eq!(words(&out), ["keep", "challenged", "transmit"]);
        let answered = transmitted(&out);
        assert_eq!(counter(&answered), above);
        let request = open(&formal(1), &answered);
        assert_eq!(request.nonce(), Some(&[7; 16]));
        assert_eq!(request.message(), json::to_bytes(&poll(1)));
        let challenged = Challenged {
            registration: formal(1).registration(),
            epoch: Epoch::new(1),
        };
        assert_eq!(out[1], Output::Challenged(challenged));
        assert_eq!(boot(&carrier).challenged(), Some(challenged));
        // Saying it once more is saying the answer once more.
        let again = say(&mut carrier, &formal(1), 1).expect("sealed");
        assert_eq!(again, [out[2].clone()]);
        let down = answer(&formal(1), &answered, 1);
        let out = give(&mut carrier, Input::Received(down)).expect("its reply");
        assert_eq!(words(&out), ["replied"]);
    }
}

#[test]
fn a_center_that_only_challenges_is_given_up() {
    let mut carrier = fresh();
    let mut up = transmitted(&say(&mut carrier, &formal(1), 1).expect("sealed"));
    for _ in 0..restante_core::limits::CHALLENGES {
        let down = challenge(&formal(1), &up, counter(&up));
        up = transmitted(&give(&mut carrier, Input::Received(down)).expect("its challenge"));
    }
    let down = challenge(&formal(1), &up, counter(&up));
    let out = give(&mut carrier, Input::Received(down)).expect("its challenge");
    assert_eq!(words(&out), ["link failed"]);
}

#[test]
fn a_floor_above_which_nothing_is_left_changes_nothing() {
    let mut carrier = fresh();
    let up = transmitted(&say(&mut carrier, &formal(1), 1).expect("sealed"));
    let down = challenge(&formal(1), &up, u64::MAX);
    let out = give(&mut carrier, Input::Received(down));
    assert_eq!(out, Err(CarrierError::Seal(SenderError::Exhausted)));
}

#[test]
fn counters_go_on_under_every_code_and_registration() {
    let other = FormalCode::new(RegistrationId::from_bytes([8; 16]), Epoch::FIRST, [8; 32]);
    let mut carrier = fresh();
    let mut last = 0;
    for code in [
        formal(1),
        formal(2),
        formal(1),
        other.clone(),
        formal(1),
        other,
    ] {
        let up = transmitted(&say(&mut carrier, &code, 1).expect("sealed"));
        assert_eq!(open(&code, &up).message(), json::to_bytes(&poll(1)));
        assert!(counter(&up) > last, "{} after {last}", counter(&up));
        last = counter(&up);
    }
}

#[test]
fn a_challenge_under_an_older_registration_is_not_forgotten() {
    let other = FormalCode::new(RegistrationId::from_bytes([8; 16]), Epoch::FIRST, [8; 32]);
    let mut carrier = fresh();
    let up = transmitted(&say(&mut carrier, &formal(1), 1).expect("sealed"));
    let down = challenge(&formal(1), &up, 1);
    give(&mut carrier, Input::Received(down)).expect("its challenge");
    let challenged = carrier.challenged();
    assert!(challenged.is_some());
    say(&mut carrier, &other, 1).expect("sealed");
    assert_eq!(boot(&carrier).challenged(), challenged);
}

#[test]
fn what_was_kept_is_read_back_or_refused_whole() {
    let mut carrier = fresh();
    let up = transmitted(&say(&mut carrier, &formal(1), 1).expect("sealed"));
    let down = challenge(&formal(1), &up, u64::MAX - 100);
    give(&mut carrier, Input::Received(down)).expect("its challenge");
    let bytes = carrier.kept().to_bytes();
    assert_eq!(Kept::from_bytes(&bytes), Ok(carrier.kept()));
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        let why = Kept::from_bytes(&damaged);
        assert!(matches!(why, Err(KeptError::Damaged { .. })), "byte {at}");
    }
}
