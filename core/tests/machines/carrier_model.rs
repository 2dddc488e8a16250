//! Every history of a few steps of a carrier, a center and a line that forgets nothing: messages
//! and their repetitions under several codes, losses, repeats, reorders, and power cuts between any
//! two outputs, so that the last write may be there or not.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use proptest::prelude::*;
use restante_core::Crypto;
use restante_core::Seed;
use restante_core::carrier::{Carrier, Input, Kept, Output};
use restante_core::code::FormalCode;
use restante_core::crypto::Tag;
use restante_core::id::{Epoch, RegistrationId};
use restante_core::seal::{Envelope, Present, Received, Request, SealingKey, Verdict};
use restante_core::wire::{Answer, json};
use restante_crypto::RingCrypto;

use crate::carrier::{give, poll, polled, say};

/// How many steps a short history has at the most, and how many envelopes are sealed in it.
const DEPTH: usize = 4;
const SENDS: usize = 3;

/// Two epochs of a registration, and another registration.
const CODES: [(u8, u32); 3] = [(1, 1), (1, 2), (2, 1)];

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The machine says something new, or what it said last, under one of the codes; the power
    /// fails after so many outputs.
    Say(bool, usize, Option<usize>),
    Up(usize),
    /// The power fails after so many outputs.
    Down(usize, Option<usize>),
    Boot,
}

/// What a center keeps of one epoch of one registration.
#[derive(Clone, Debug)]
struct Lane {
    received: Received,
    reply: Option<Rc<[u8]>>,
}

#[derive(Clone)]
struct World {
    carrier: Carrier<RingCrypto>,
    flash: Option<Vec<u8>>,
    lanes: BTreeMap<([u8; 16], u32), Lane>,
    up: Vec<Rc<[u8]>>,
    down: Vec<Rc<[u8]>>,
    said: u8,
    waits: Option<u8>,
    /// Every request by its place: law 1.
    places: BTreeMap<([u8; 16], u32, u64), Rc<[u8]>>,
    acted: BTreeSet<Tag>,
    replies: u32,
}

fn code(place: usize) -> FormalCode {
    let (registration, epoch) = CODES[place];
    let id = RegistrationId::from_bytes([registration; 16]);
    FormalCode::new(id, Epoch::new(epoch), [registration * 16 + epoch as u8; 32])
}

impl World {
    fn new() -> Self {
        Self {
            carrier: Carrier::new(RingCrypto, None),
            flash: None,
            lanes: BTreeMap::new(),
            up: Vec::new(),
            down: Vec::new(),
            said: 0,
            waits: None,
            places: BTreeMap::new(),
            acted: BTreeSet::new(),
            replies: 0,
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Say(anew, place, cut) => {
                self.said += u8::from(anew || self.said == 0);
                self.waits = Some(self.said);
                let out = say(&mut self.carrier, &code(place), self.said).expect("it is sealed");
                self.carry_out(out, cut);
            }
            Step::Up(place) => self.reach_center(&self.up[place].clone()),
            Step::Down(place, cut) => {
                let envelope = self.down[place].to_vec();
                if let Ok(out) = give(&mut self.carrier, Input::Received(envelope)) {
                    self.carry_out(out, cut);
                }
            }
            Step::Boot => self.boot(),
        }
    }

    fn carry_out(&mut self, out: Vec<Output>, cut: Option<usize>) {
        for output in out.into_iter().take(cut.unwrap_or(usize::MAX)) {
            match output {
                Output::Keep(kept) => self.flash = Some(kept.to_bytes()),
                Output::Transmit { envelope, .. } => self.seen(&envelope),
                Output::Replied { reply, .. } => {
                    let waits = self.waits.take().expect("something waits");
                    assert_eq!(reply, polled(waits), "another request's reply");
                    self.replies += 1;
                }
                other => panic!("there is no cause for {other:?}"),
            }
        }
        if cut.is_some() {
            self.boot();
        }
    }

    /// Law 1: a place in a lane belongs to one envelope. Whoever loses all memory but the flash
    /// begins above it.
    fn seen(&mut self, envelope: &[u8]) {
        let envelope: Rc<[u8]> = envelope.into();
        let header = *Envelope::parse(&envelope).expect("an envelope").header();
        let place = (header.sender, header.epoch.get(), header.counter);
        let first = self.places.entry(place).or_insert_with(|| envelope.clone());
        assert_eq!(*first, envelope, "law 1: two messages at one place");
        if !self.up.contains(&envelope) {
            self.up.push(envelope);
        }
    }

    fn boot(&mut self) {
        let kept = self.flash.as_deref().map(Kept::from_bytes);
        self.carrier = Carrier::new(RingCrypto, kept.transpose().expect("sound"));
        self.waits = None;
    }

    fn reach_center(&mut self, bytes: &[u8]) {
        let envelope = Envelope::parse(bytes).expect("an envelope");
        let header = *envelope.header();
        let epoch = header.epoch.get();
        let is_it =
            |(registration, of): &(u8, u32)| [*registration; 16] == header.sender && *of == epoch;
        let place = CODES.iter().position(is_it).expect("one of the codes");
        let key = SealingKey::formal(&code(place));
        let request = Request::open(&RingCrypto, &key, &envelope).expect("it opens");
        let lane = self.lanes.entry((header.sender, epoch)).or_insert(Lane {
            received: Received::nothing(0),
            reply: None,
        });
        let present = Present {
            generation: 0,
            secret: [5; 32],
        };
        let answer: Rc<[u8]> = match lane.received.judge(&RingCrypto, &request, &present) {
            Verdict::Accept(after) => {
                assert!(self.acted.insert(*request.tag()), "law 2: it acts twice");
                let number =
                    (0..=self.said).find(|it| json::to_bytes(&poll(*it)) == request.message());
                let answer = Answer::Reply(polled(number.expect("it was said")));
                let dead = Seed::new([0; 32]);
                let reply = request.reply(&RingCrypto, &dead, &json::to_bytes(&answer));
                let reply: Rc<[u8]> = reply.expect("short").into();
                lane.received = after;
                lane.reply = Some(reply.clone());
                reply
            }
            Verdict::Repeated => lane.reply.clone().expect("it was answered"),
            Verdict::Challenge(challenge) => {
                let dead = Seed::new([0; 32]);
                request.challenge(&RingCrypto, &dead, &challenge).into()
            }
            other => panic!("no memory was restored: {other:?}"),
        };
        if !self.down.contains(&answer) {
            self.down.push(answer);
        }
    }

    fn steps(&self, sends: usize) -> Vec<Step> {
        let mut steps = vec![Step::Boot];
        for place in 0..CODES.len() {
            for cut in [None, Some(0), Some(1)] {
                steps.push(Step::Say(false, place, cut));
                if self.places.len() < sends {
                    steps.push(Step::Say(true, place, cut));
                }
            }
        }
        steps.extend((0..self.up.len()).map(Step::Up));
        for place in 0..self.down.len() {
            steps.extend([None, Some(0)].map(|cut| Step::Down(place, cut)));
        }
        steps
    }

    fn fingerprint(&self) -> [u8; 32] {
        let text = format!(
            "{:?} {:?} {:?} {:?} {:?} {} {:?}",
            self.carrier, self.flash, self.lanes, self.up, self.down, self.said, self.waits
        );
        RingCrypto.sha256(&[text.as_bytes()])
    }

    /// Law 3: once the line is good, one exchange brings a new message through under any code.
    fn check_liveness(&self) {
        for place in 0..CODES.len() {
            let mut world = self.clone();
            let before = world.replies;
            world.take(Step::Say(true, place, None));
            let up = world.up.len() - 1;
            world.take(Step::Up(up));
            let down = world.down.len() - 1;
            world.take(Step::Down(down, None));
            assert_eq!(world.replies, before + 1, "law 3: no reply");
        }
    }
}

#[test]
fn no_place_in_a_lane_is_sealed_twice_in_any_short_history() {
    let mut seen = HashSet::new();
    let mut edge = vec![World::new()];
    for _ in 0..DEPTH {
        for world in std::mem::take(&mut edge) {
            for step in world.steps(SENDS) {
                let mut after = world.clone();
                after.take(step);
                if seen.insert(after.fingerprint()) {
                    after.check_liveness();
                    edge.push(after);
                }
            }
        }
    }
    println!("{} states, depth {DEPTH}", seen.len());
    assert!(seen.len() > 1_000, "only {} states", seen.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn nor_in_a_long_one(choices in prop::collection::vec(any::<prop::sample::Index>(), 0..80)) {
        let mut world = World::new();
        for choice in choices {
            let steps = world.steps(usize::MAX);
            world.take(*choice.get(&steps));
        }
        world.check_liveness();
    }
}
