//! What a lane makes of the next request, and what a sender does after a boot or a challenge.

use restante_core::seal::{
    Answer, Kept, Lane, Present, Received, Request, SealingKey, Sender, SenderError, Verdict,
};
use restante_crypto::RingCrypto;

use crate::{code, open, parse, seed, sender};

const PRESENT: Present = Present {
    generation: 1,
    secret: [9; 32],
};

/// A center's lane that acts on what it accepts.
struct Center {
    received: Received,
    present: Present,
}

impl Center {
    fn new() -> Self {
        Self {
            received: Received::nothing(1),
            present: PRESENT,
        }
    }

    fn take(&mut self, sealed: &[u8]) -> Verdict {
        let verdict = self
            .received
            .judge(&RingCrypto, &open(sealed), &self.present);
        if let Verdict::Accept(after) = verdict {
            self.received = after;
        }
        verdict
    }

    fn accepts(&mut self, sealed: &[u8]) -> bool {
        matches!(self.take(sealed), Verdict::Accept(_))
    }
}

/// Seals, with whatever has to be reserved.
fn say(sender: &mut Sender, message: &[u8]) -> Vec<u8> {
    sender.give_up();
    say_at_once(sender, message)
}

fn say_at_once(sender: &mut Sender, message: &[u8]) -> Vec<u8> {
    if let Err(error) = sender.clone().seal(&RingCrypto, &seed(1), message) {
        assert_eq!(error, SenderError::Unreserved);
        sender.reserved(sender.reserve().expect("counters"));
    }
    let sealed = sender.seal(&RingCrypto, &seed(1), message);
    sealed.expect("counters are reserved")
}

/// Has the center challenge, and the device hear of it.
fn challenge(center: &Center, device: &mut Sender, sealed: &[u8]) {
    let request = open(sealed);
    let verdict = center
        .received
        .judge(&RingCrypto, &request, &center.present);
    let Verdict::Challenge(challenge) = verdict else {
        panic!("{verdict:?}");
    };
    let challenge = request.challenge(&RingCrypto, &seed(2), &challenge);
    let answer = device.open(&RingCrypto, &parse(&challenge));
    assert_eq!(answer, Ok(Answer::Challenged));
}

#[test]
fn a_lane_accepts_each_counter_once_and_knows_a_repeat_from_a_clone() {
    let (mut center, mut device) = (Center::new(), sender(Lane::Conversation));
    let mut clone = device.clone();
    let first = say(&mut device, b"first");
    assert!(center.accepts(&first));
    assert_eq!(center.take(&first), Verdict::Repeated);
    assert_eq!(center.take(&say(&mut clone, b"other")), Verdict::Clone);
    assert!(center.accepts(&say(&mut device, b"second")));
    assert!(matches!(center.take(&first), Verdict::Challenge(_)));
}

#[test]
fn a_device_uses_no_counter_that_it_has_not_reserved() {
    let mut device = Sender::new(&code(1), Lane::Conversation);
    let unreserved = device.seal(&RingCrypto, &seed(1), b"x");
    assert_eq!(unreserved, Err(SenderError::Unreserved));
    let kept = device.reserve().expect("counters");
    assert_eq!((kept.until, kept.challenged), (65, None));
    device.reserved(kept);
    for counter in 1..=64 {
        let sealed = device.seal(&RingCrypto, &seed(1), b"x").expect("reserved");
        assert_eq!(open(&sealed).counter(), counter);
        device.give_up();
    }
    let unreserved = device.seal(&RingCrypto, &seed(1), b"x");
    assert_eq!(unreserved, Err(SenderError::Unreserved));
    let mut booted = Sender::restore(&code(1), Lane::Conversation, kept);
    assert_eq!(open(&say(&mut booted, b"x")).counter(), 65);
}

#[test]
fn a_boot_leaves_the_rest_of_a_block_alone() {
    let mut device = Sender::new(&code(1), Lane::Conversation);
    let kept = device.reserve().expect("counters");
    device.reserved(kept);
    assert_eq!(open(&say(&mut device, b"x")).counter(), 1);
    let mut booted = Sender::restore(&code(1), Lane::Conversation, kept);
    let unreserved = booted.seal(&RingCrypto, &seed(1), b"x");
    assert_eq!(unreserved, Err(SenderError::Unreserved));
    assert_eq!(open(&say(&mut booted, b"x")).counter(), 65);
}

#[test]
fn one_request_waits_at_a_time_and_none_in_the_lane_of_mails() {
    let mut device = sender(Lane::Conversation);
    say(&mut device, b"x");
    let second = device.seal(&RingCrypto, &seed(1), b"y");
    assert_eq!(second, Err(SenderError::Waiting));
    let mut mails = sender(Lane::Mail);
    for counter in 1..=3 {
        assert_eq!(open(&say_at_once(&mut mails, b"x")).counter(), counter);
    }
}

#[test]
fn the_counters_end_before_they_begin_anew() {
    let kept = Kept {
        until: u64::MAX - 10,
        challenged: None,
    };
    let device = Sender::restore(&code(1), Lane::Conversation, kept);
    assert_eq!(device.reserve(), Err(SenderError::Exhausted));
    let mails = Sender::restore(&code(1), Lane::Mail, kept);
    let reserved = mails.reserve().expect("eight are left");
    assert_eq!(reserved.until, u64::MAX - 2);
}

#[test]
fn a_restored_device_is_challenged_and_goes_on_above_what_was_used() {
    let (mut center, mut device) = (Center::new(), sender(Lane::Conversation));
    for _ in 0..10 {
        assert!(center.accepts(&say(&mut device, b"x")));
    }
    let mut restored = sender(Lane::Conversation);
    assert!(!restored.has_to_rotate());
    let low = say(&mut restored, b"here again");
    challenge(&center, &mut restored, &low);
    assert!(restored.has_to_rotate());
    let unreserved = restored.seal(&RingCrypto, &seed(1), b"here again");
    assert_eq!(
        unreserved,
        Err(SenderError::Unreserved),
        "kept before it is used"
    );
    let kept = restored.reserve().expect("counters");
    assert_eq!(kept.challenged, Some(code(1).epoch()));
    let answer = say_at_once(&mut restored, b"here again");
    assert_eq!(open(&answer).message(), b"here again");
    assert!(open(&answer).nonce().is_some() && open(&answer).counter() > 10);
    assert!(center.accepts(&answer));
    assert_eq!(center.take(&answer), Verdict::Repeated);
    let mut booted = Sender::restore(&code(1), Lane::Conversation, kept);
    assert!(booted.has_to_rotate(), "a boot forgets no challenge");
    booted.go_on_with(&code(2));
    assert!(!booted.has_to_rotate());
}

#[test]
fn a_restored_center_believes_no_recording_and_every_device_that_answers() {
    let (mut center, mut device) = (Center::new(), sender(Lane::Conversation));
    assert!(center.accepts(&say(&mut device, b"before the copy")));
    let copy = center.received;
    let recorded: Vec<_> = (0..3).map(|_| say(&mut device, b"after it")).collect();
    assert!(recorded.iter().all(|sealed| center.accepts(sealed)));
    let mut restored = Center {
        received: copy,
        present: Present {
            generation: 2,
            ..PRESENT
        },
    };
    let now = say(&mut device, b"now");
    challenge(&restored, &mut device, &now);
    let answer = say_at_once(&mut device, b"now");
    for sealed in recorded.iter().chain([&now]) {
        assert!(matches!(restored.take(sealed), Verdict::Challenge(_)));
    }
    assert!(restored.accepts(&answer));
    assert_eq!(restored.take(&answer), Verdict::Repeated);
    // Nothing but answers is believed in this epoch, however often one has been.
    device.give_up();
    let plain = say(&mut device, b"and more");
    challenge(&restored, &mut device, &plain);
    assert!(restored.accepts(&say_at_once(&mut device, b"and more")));
    // Restored once more to the same copy: the answer is a recording now.
    restored.received = copy;
    restored.present.generation = 3;
    assert!(matches!(restored.take(&answer), Verdict::Challenge(_)));
}

#[test]
fn a_challenge_of_a_recording_is_nothing_to_a_device_that_waits() {
    let (mut center, mut device) = (Center::new(), sender(Lane::Conversation));
    let old = say(&mut device, b"old");
    assert!(center.accepts(&old));
    assert!(center.accepts(&say(&mut device, b"newer")));
    let waiting = say(&mut device, b"waiting");
    let request = open(&old);
    let verdict = center.received.judge(&RingCrypto, &request, &PRESENT);
    let Verdict::Challenge(demand) = verdict else {
        panic!("{verdict:?}");
    };
    let challenge = request.challenge(&RingCrypto, &seed(2), &demand);
    let before = device.clone();
    assert!(device.open(&RingCrypto, &parse(&challenge)).is_err());
    assert_eq!(device, before);
    assert!(center.accepts(&waiting));
}

#[test]
fn mails_overtake_one_another_within_a_window_and_come_once() {
    let (mut center, mut mails) = (Center::new(), sender(Lane::Mail));
    let sent: Vec<_> = (0..70).map(|_| say(&mut mails, b"mail")).collect();
    for place in [1, 0, 63, 62, 69] {
        assert!(center.accepts(&sent[place]), "{place}");
        assert_eq!(center.take(&sent[place]), Verdict::Repeated, "{place}");
    }
    // The last is 70, so that the window reaches back to 7.
    assert_eq!(center.take(&sent[5]), Verdict::Late);
    assert!(center.accepts(&sent[6]));
    assert_eq!(center.take(&sent[6]), Verdict::Repeated);
    assert_eq!(center.take(&sent[63]), Verdict::Repeated);
    assert!(center.accepts(&sent[64]));
}

#[test]
fn a_mail_waits_through_several_restarts_of_its_device() {
    let (mut center, mut mails) = (Center::new(), Sender::new(&code(1), Lane::Mail));
    let slow = say(&mut mails, b"slow");
    for _ in 0..7 {
        mails = Sender::restore(&code(1), Lane::Mail, mails.kept());
        assert!(center.accepts(&say(&mut mails, b"fast")));
    }
    assert!(center.accepts(&slow));
}

#[test]
fn a_restored_center_takes_no_mail_before_the_next_epoch() {
    let (mut center, mut mails) = (Center::new(), sender(Lane::Mail));
    assert!(center.accepts(&say(&mut mails, b"before")));
    center.present.generation = 2;
    assert_eq!(center.take(&say(&mut mails, b"after")), Verdict::Late);
    mails.go_on_with(&code(2));
    let sealed = say(&mut mails, b"after");
    let key = SealingKey::formal(&code(2));
    let request = Request::open(&RingCrypto, &key, &parse(&sealed)).expect("opens");
    let verdict = Received::nothing(2).judge(&RingCrypto, &request, &center.present);
    assert!(matches!(verdict, Verdict::Accept(_)));
}
