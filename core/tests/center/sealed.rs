//! Sealed envelopes through the center's decisions: a device that never sends a credential, and a
//! line that may do what it likes.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use restante_core::center::{Credential, Decision, EffectKind, Message, Reply};
use restante_core::code::FormalCode;
use restante_core::record::{Kind, LaneRecord, State};
use restante_core::seal::{Answer as Taken, Enrolment, Envelope, Kept, Lane, SealingKey, Sender};
use restante_core::wire::enrol::MaxMessage;
use restante_core::wire::{Answer, DeviceReply, DeviceRequest, PollReply, RefusalCode, json};
use restante_crypto::RingCrypto;

use crate::world::{Code, World, enrol, formal, poll, report, reports};

/// A device's conversation in envelopes.
pub(crate) struct Device {
    pub(crate) sender: Sender,
}

impl Device {
    pub(crate) fn new(code: &FormalCode) -> Self {
        Self::of(code, Lane::Conversation)
    }

    pub(crate) fn of(code: &FormalCode, lane: Lane) -> Self {
        let mut sender = Sender::new(code, lane);
        sender.reserved(sender.reserve().expect("counters"));
        Self { sender }
    }

    pub(crate) fn seal(&mut self, world: &mut World, request: &DeviceRequest) -> Vec<u8> {
        let message = json::to_bytes(request);
        let seed = world.next_seed();
        self.sender
            .seal(&RingCrypto, &seed, &message)
            .expect("nothing waits")
    }

    pub(crate) fn take(&mut self, envelope: &[u8]) -> Taken {
        let envelope = Envelope::parse(envelope).expect("an envelope");
        self.sender
            .open(&RingCrypto, &envelope)
            .expect("for this one")
    }

    pub(crate) fn answer(&mut self, envelope: &[u8]) -> Answer {
        match self.take(envelope) {
            Taken::Reply(message) => Answer::parse(&message).expect("an answer"),
            Taken::Challenged => panic!("the center challenges"),
        }
    }

    pub(crate) fn ask(&mut self, world: &mut World, request: &DeviceRequest) -> Answer {
        let envelope = self.seal(world, request);
        let answer = sealed(world, &envelope).expect("opens").expect("a reply");
        self.answer(&answer)
    }
}

/// Hands an envelope to the center: what it sends back.
pub(crate) fn sealed(world: &mut World, envelope: &[u8]) -> Result<Option<Vec<u8>>, RefusalCode> {
    match world.call(Credential::None, Message::Sealed(envelope.to_vec())) {
        Ok(Reply::Sealed(sealed)) => Ok(sealed.envelope),
        Ok(other) => panic!("an envelope was answered by {other:?}"),
        Err(refused) => Err(refused.refusal.code),
    }
}

fn refusal(answer: Answer) -> RefusalCode {
    match answer {
        Answer::Refusal(refusal) => refusal.code,
        Answer::Reply(reply) => panic!("accepted: {reply:?}"),
    }
}

fn enrolment(code: &Code, request: &DeviceRequest) -> (Enrolment, Vec<u8>) {
    let id = code.text.enrol_id(&RingCrypto);
    let key = SealingKey::enrolment(id, code.text.enrol_key(&RingCrypto));
    Enrolment::seal(&RingCrypto, key, &json::to_bytes(request)).expect("short enough")
}

fn opened(waiting: &Enrolment, envelope: &[u8]) -> Answer {
    let envelope = Envelope::parse(envelope).expect("an envelope");
    let message = waiting.open(&RingCrypto, &envelope).expect("its reply");
    Answer::parse(&message).expect("an answer")
}

/// A world with a device whose formal code is in use, and has only ever sealed.
pub(crate) fn in_use() -> (World, Device, FormalCode, Code) {
    let mut world = World::new();
    let code = world.issue("kranz", None);
    let (waiting, envelope) = enrolment(&code, &enrol(1, &["A-1"]));
    let reply = sealed(&mut world, &envelope).expect("opens");
    let Answer::Reply(DeviceReply::Enrolled(enrolled)) = opened(&waiting, &reply.expect("a reply"))
    else {
        panic!("not enrolled");
    };
    let mut device = Device::new(&enrolled.formal_code);
    let polled = device.ask(&mut world, &poll());
    assert!(matches!(
        polled,
        Answer::Reply(DeviceReply::Polled(PollReply::Mailbox(_)))
    ));
    (world, device, enrolled.formal_code, code)
}

fn moves_a_lane(decision: &Decision) -> bool {
    let mut writes = decision.written.writes.iter();
    writes.any(|write| write.key.kind == Kind::Lane)
}

#[test]
fn a_device_enrols_reports_and_rotates_without_ever_sending_a_credential() {
    let (mut world, mut device, first, _) = in_use();
    let state = world.registration(first.registration()).state;
    let State::Active(active) = state else {
        panic!("not active: {state:?}");
    };
    let seq = reports(vec![report(active.devices[0], 1, 1, 10)]);
    let reported = device.ask(&mut world, &seq);
    assert!(matches!(
        reported,
        Answer::Reply(DeviceReply::StatusReported(_))
    ));
    let rotated = device.ask(&mut world, &DeviceRequest::Rotate(Default::default()));
    let Answer::Reply(DeviceReply::Rotated(rotated)) = rotated else {
        panic!("not rotated: {rotated:?}");
    };
    device.sender.go_on_with(&rotated.formal_code);
    assert!(matches!(device.ask(&mut world, &poll()), Answer::Reply(_)));

    // The former code is over, and only the center can say so.
    device.sender.go_on_with(&first);
    let code = refusal(device.ask(&mut world, &poll()));
    assert_eq!(code, RefusalCode::FormalCodeRefused);
    assert_eq!(world.poll(&first), Err(RefusalCode::FormalCodeRefused));
}

#[test]
fn an_enrolment_whose_reply_was_lost_yields_the_same_code_until_it_is_used() {
    let mut world = World::new();
    let code = world.issue("kranz", None);
    let (waiting, envelope) = enrolment(&code, &enrol(1, &["A-1"]));
    let first = sealed(&mut world, &envelope).expect("opens");
    let again = sealed(&mut world, &envelope).expect("opens");
    let (first, again) = (first.expect("a reply"), again.expect("a reply"));
    assert_ne!(first, again, "each reply has a key of its own");
    let Answer::Reply(DeviceReply::Enrolled(enrolled)) = opened(&waiting, &first) else {
        panic!("not enrolled");
    };
    let same = Answer::Reply(DeviceReply::Enrolled(enrolled.clone()));
    assert_eq!(opened(&waiting, &again), same);
    let mut device = Device::new(&enrolled.formal_code);
    device.ask(&mut world, &poll());
    let late = sealed(&mut world, &envelope)
        .expect("opens")
        .expect("a reply");
    let code = refusal(opened(&waiting, &late));
    assert_eq!(code, RefusalCode::RequestRedeemed);
}

#[test]
fn an_enrolment_under_an_unknown_code_is_counted_like_a_wrong_code() {
    let mut world = World::new();
    for number in 0..10 {
        let mut other = World::new();
        for _ in 0..number {
            other.next_seed();
        }
        let code = other.issue("kranz", None);
        let (_, envelope) = enrolment(&code, &enrol(1, &["A-1"]));
        let refused = sealed(&mut world, &envelope);
        assert_eq!(refused, Err(RefusalCode::CodeRefused));
    }
    let right = world.issue("kranz", None);
    let (_, envelope) = enrolment(&right, &enrol(1, &["A-1"]));
    let refused = sealed(&mut world, &envelope);
    assert_eq!(refused, Err(RefusalCode::Throttled));
}

#[test]
fn an_envelope_with_any_bit_flipped_changes_nothing() {
    let (mut world, mut device, ..) = in_use();
    let right = device.seal(&mut world, &poll());
    let before = world.durable();
    for bit in 0..right.len() * 8 {
        let mut wrong = right.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        assert!(sealed(&mut world, &wrong).is_err(), "bit {bit}");
    }
    assert_eq!(world.durable(), before);
    let reply = sealed(&mut world, &right).expect("opens").expect("a reply");
    assert!(matches!(device.answer(&reply), Answer::Reply(_)));
}

#[test]
fn a_repeated_request_hears_the_same_bytes_and_does_not_act_again() {
    let (mut world, mut device, ..) = in_use();
    let envelope = device.seal(&mut world, &poll());
    let first = sealed(&mut world, &envelope).expect("opens");
    let before = world.durable();
    world.pass_unnoticed(restante_core::Seconds::HOUR);
    assert_eq!(sealed(&mut world, &envelope).expect("opens"), first);
    assert_eq!(world.durable(), before);
}

#[test]
fn a_refusal_is_an_answer_that_moves_the_lane_and_is_heard_again() {
    let (mut world, mut device, ..) = in_use();
    let envelope = device.seal(&mut world, &enrol(2, &["A-1"]));
    let first = sealed(&mut world, &envelope).expect("opens");
    assert_eq!(sealed(&mut world, &envelope).expect("opens"), first);
    let code = refusal(device.answer(&first.expect("a reply")));
    assert_eq!(code, RefusalCode::CredentialMissing);
    let message = device
        .sender
        .seal(&RingCrypto, &world.next_seed(), b"{")
        .expect("nothing waits");
    let unread = sealed(&mut world, &message).expect("opens");
    let code = refusal(device.answer(&unread.expect("a reply")));
    assert_eq!(code, RefusalCode::Malformed);
}

#[test]
fn an_old_request_is_challenged_and_the_one_that_waits_still_passes() {
    let (mut world, mut device, ..) = in_use();
    let old = device.seal(&mut world, &poll());
    device.sender.give_up();
    device.ask(&mut world, &poll());
    let before = world.durable();
    let challenge = sealed(&mut world, &old)
        .expect("opens")
        .expect("bound to it");
    assert_eq!(world.durable(), before);
    let waits = device.seal(&mut world, &poll());
    let challenge = Envelope::parse(&challenge).expect("an envelope");
    let taken = device.sender.open(&RingCrypto, &challenge);
    assert!(taken.is_err(), "it is bound to the old one");
    let reply = sealed(&mut world, &waits).expect("opens").expect("a reply");
    assert!(matches!(device.answer(&reply), Answer::Reply(_)));
}

#[test]
fn a_device_whose_memory_was_restored_is_challenged_and_its_answer_passes() {
    let (mut world, mut device, code, _) = in_use();
    device.ask(&mut world, &poll());
    device.ask(&mut world, &poll());
    let kept = Kept {
        until: 1,
        challenged: None,
    };
    device.sender = Sender::restore(&code, Lane::Conversation, kept);
    device
        .sender
        .reserved(device.sender.reserve().expect("counters"));
    let envelope = device.seal(&mut world, &poll());
    let challenge = sealed(&mut world, &envelope).expect("opens");
    assert_eq!(
        device.take(&challenge.expect("a challenge")),
        Taken::Challenged
    );
    assert!(device.sender.has_to_rotate());
    device
        .sender
        .reserved(device.sender.reserve().expect("counters"));
    assert!(matches!(device.ask(&mut world, &poll()), Answer::Reply(_)));
}

#[test]
fn a_clone_puts_the_registration_into_quarantine_until_a_code_is_entered_anew() {
    let (mut world, mut device, formal_code, code) = in_use();
    let kept = device.sender.kept();
    let mut double = Device {
        sender: device.sender.clone(),
    };
    device.ask(&mut world, &poll());
    let other = reports(Vec::new());
    let envelope = double.seal(&mut world, &other);
    let message = Message::Sealed(envelope.clone());
    let decided = world.decide(Credential::None, message);
    let alarms: Vec<&str> = decided
        .decision
        .effects
        .iter()
        .filter_map(|effect| match &effect.what {
            EffectKind::Alarm { word, .. } => Some(word.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(alarms, ["registration-cloned"]);
    let reply = sealed(&mut world, &envelope).expect("opens");
    let heard = refusal(double.answer(&reply.expect("a refusal")));
    assert_eq!(heard, RefusalCode::FormalCodeRefused);
    // One alarm is enough, and nobody is let in, by whatever line.
    let again = world.decide(Credential::None, Message::Sealed(envelope));
    assert!(again.decision.effects.is_empty());
    assert_eq!(
        world.poll(&formal_code),
        Err(RefusalCode::FormalCodeRefused)
    );
    device.sender = Sender::restore(&formal_code, Lane::Conversation, kept);
    device
        .sender
        .reserved(device.sender.reserve().expect("counters"));
    let heard = refusal(device.ask(&mut world, &poll()));
    assert_eq!(heard, RefusalCode::FormalCodeRefused);
    let anew = world.activate(&code, 2, &["A-1"]);
    assert!(world.device(formal(&anew.formal_code), poll()).is_ok());
}

#[test]
fn mails_are_accepted_once_each_within_the_window_and_nothing_is_said_to_them() {
    let (mut world, _, code, _) = in_use();
    let mut post = Device::of(&code, Lane::Mail);
    let mut mails = Vec::new();
    for _ in 0..70 {
        post.sender
            .reserved(post.sender.reserve().expect("counters"));
        mails.push(post.seal(&mut world, &poll()));
    }
    let mut acted = 0;
    let order = [69].into_iter().chain((0..69).rev()).chain(0..70);
    for at in order {
        let message = Message::Sealed(mails[at].clone());
        let decided = world.decide(Credential::None, message);
        acted += usize::from(moves_a_lane(&decided.decision));
        assert_eq!(sealed(&mut world, &mails[at]), Ok(None), "mail {at}");
    }
    assert_eq!(acted, 64, "the six oldest came too late");
}

#[test]
fn what_is_kept_of_a_lane_is_bounded_however_often_the_code_is_rotated() {
    let (mut world, mut device, code, _) = in_use();
    for _ in 0..4 {
        let rotated = device.ask(&mut world, &DeviceRequest::Rotate(Default::default()));
        let Answer::Reply(DeviceReply::Rotated(rotated)) = rotated else {
            panic!("not rotated: {rotated:?}");
        };
        device.sender.go_on_with(&rotated.formal_code);
        device.ask(&mut world, &poll());
        device.ask(&mut world, &poll());
    }
    let id = code.registration();
    let customer = world.registration(id).facts.customer;
    let key = LaneRecord::key(customer, id, Lane::Conversation);
    let kept: LaneRecord = world.stored(&key).expect("a record");
    assert_eq!(kept.epochs.len(), 1);
    assert_eq!(world.count(Kind::Lane), 1);
}

#[test]
fn the_lanes_of_a_registration_end_with_it_whoever_ends_it() {
    let (mut world, mut device, code, _) = in_use();
    let mut post = Device::of(&code, Lane::Mail);
    let mail = post.seal(&mut world, &poll());
    assert_eq!(sealed(&mut world, &mail), Ok(None));
    assert_eq!(world.count(Kind::Lane), 2);
    let left = device.ask(&mut world, &DeviceRequest::Leave(Default::default()));
    assert!(
        matches!(left, Answer::Reply(DeviceReply::Left(_))),
        "{left:?}"
    );
    assert_eq!(world.count(Kind::Lane), 0);

    // Another registration takes the device over.
    let (mut world, _, _, code) = in_use();
    assert_eq!(world.count(Kind::Lane), 1);
    world.activate(&code, 2, &["A-1"]);
    assert_eq!(world.count(Kind::Lane), 0);
}

#[test]
fn what_a_sealed_reply_has_around_it_counts_against_what_a_device_can_take() {
    let mut world = World::new();
    let code = world.issue("kranz", Some(60));
    let serials: Vec<String> = (0..60).map(|number| number.to_string()).collect();
    let serials: Vec<&str> = serials.iter().map(String::as_str).collect();
    let mut request = enrol(1, &serials);
    let answer = |world: &mut World, request: &DeviceRequest| {
        let (waiting, envelope) = enrolment(&code, request);
        let reply = sealed(world, &envelope).expect("opens");
        opened(&waiting, &reply.expect("a reply"))
    };
    let mut copy = world.clone();
    let bytes = json::to_bytes(&answer(&mut copy, &request)).len();
    for (most, fits) in [(bytes - 1, false), (bytes + 10, true)] {
        let DeviceRequest::Enrol(enrol) = &mut request else {
            panic!("an enrolment");
        };
        let most = u32::try_from(most).expect("small");
        enrol.max_message = Some(MaxMessage::new(most).expect("within the bounds"));
        let is_reply = matches!(answer(&mut world, &request), Answer::Reply(_));
        assert_eq!(is_reply, fits, "{most} of {bytes}");
    }
}

/// What can happen on the line and at the device.
#[derive(Clone, Copy, Debug)]
enum Step {
    Seal,
    GiveUp,
    Boot,
    /// The line hands over one of all envelopes, counted from the latest.
    Up(usize),
    Rotate,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Seal),
        2 => Just(Step::GiveUp),
        1 => Just(Step::Boot),
        8 => (0..3_usize).prop_map(Step::Up),
        4 => (0..40_usize).prop_map(Step::Up),
        1 => Just(Step::Rotate),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_envelope_acts_twice_whatever_is_lost_repeated_reordered_or_switched_off(
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let (mut world, mut device, mut code, _) = in_use();
        let mut kept = device.sender.kept();
        let mut line: Vec<Vec<u8>> = Vec::new();
        let mut acted: BTreeSet<Vec<u8>> = BTreeSet::new();
        let mut replies: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Seal => {
                    device.sender.give_up();
                    kept = device.sender.reserve().expect("counters");
                    device.sender.reserved(kept);
                    line.push(device.seal(&mut world, &poll()));
                }
                Step::GiveUp => device.sender.give_up(),
                Step::Boot => {
                    device.sender = Sender::restore(&code, Lane::Conversation, kept);
                }
                Step::Rotate => {
                    let next = world.rotate(&code).expect("rotates");
                    world.poll(&next).expect("first use");
                    device.sender.go_on_with(&next);
                    code = next;
                }
                Step::Up(back) => {
                    let Some(at) = line.len().checked_sub(back + 1) else { continue };
                    let envelope = line[at].clone();
                    let message = Message::Sealed(envelope.clone());
                    let decided = world.decide(Credential::None, message);
                    if moves_a_lane(&decided.decision) {
                        prop_assert!(acted.insert(envelope.clone()), "it acts twice");
                    }
                    let Ok(Reply::Sealed(said)) = &decided.decision.outcome else {
                        panic!("it opens: {:?}", decided.decision.outcome);
                    };
                    let cloned = said.reason.as_ref().is_some_and(|it| it.word == "registration-cloned");
                    prop_assert!(!cloned, "there is no clone");
                    if let Some(reply) = said.envelope.clone().filter(|_| said.reason.is_none()) {
                        let first = replies.entry(envelope).or_insert_with(|| reply.clone());
                        prop_assert_eq!(first, &reply, "another reply to the same request");
                    }
                    world.commit(&decided.decision.written).expect("nobody else writes");
                }
            }
        }
    }
}
