//! A device's machine, its carrier and a center over a line that loses, repeats and reorders, with
//! power cuts between any two things that the device does: a whole life, and no message acts twice.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use restante_core::Uptime;
use restante_core::carrier::{self, Carrier};
use restante_core::center::{Credential, Message, Reply};
use restante_core::device::{Device, Input, Kept, Output, Phase};
use restante_core::id::CenterAddress;
use restante_core::machine::Machine;
use restante_core::record::Kind;
use restante_core::seal::Envelope;
use restante_core::wire::{Counters, DeviceRequest, DeviceState, StateReasons, Status};
use restante_crypto::RingCrypto;

use crate::world::{Code, World, entry};

/// What can happen.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The device's deadline passes.
    Wait,
    /// The line hands the center one of all envelopes, counted from the latest.
    Up(usize),
    /// The line hands the device one of all envelopes, counted from the latest.
    Down(usize),
    /// The power fails, after so many of the next outputs.
    Cut(usize),
    Rotate,
}

/// What a device does, whoever wanted it.
enum Act {
    Machine(Output),
    Carrier(carrier::Output),
}

struct Life {
    world: World,
    device: Device<RingCrypto>,
    carrier: Carrier<RingCrypto>,
    now: Uptime,
    /// What the machine and the carrier have kept.
    flash: (Option<Vec<u8>>, Option<Vec<u8>>),
    up: Vec<Vec<u8>>,
    down: Vec<Vec<u8>>,
    /// What the machine wanted said, by name.
    said: Vec<&'static str>,
    restored: bool,
    /// How much had been said when the first challenge came.
    challenged: Option<usize>,
    /// How many outputs are carried out before the power fails, if it is about to.
    power: Option<usize>,
    places: BTreeMap<([u8; 16], u32, u64), Vec<u8>>,
    acted: BTreeSet<Vec<u8>>,
}

fn device() -> Device<RingCrypto> {
    Device::new(RingCrypto, entry("A-1"), None)
}

impl Life {
    fn begin() -> Self {
        let mut world = World::new();
        let code = world.issue("kranz", None);
        let mut life = Self {
            world,
            device: device(),
            carrier: Carrier::new(RingCrypto, None),
            now: Uptime::BOOT,
            flash: (None, None),
            up: Vec::new(),
            down: Vec::new(),
            said: Vec::new(),
            restored: false,
            challenged: None,
            power: None,
            places: BTreeMap::new(),
            acted: BTreeSet::new(),
        };
        life.boot();
        life.enter(&code);
        life
    }

    fn enter(&mut self, code: &Code) {
        self.give(Input::CodeEntered {
            code: code.text.clone(),
            center: CenterAddress::new("http://center.example").expect("an address"),
        });
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Wait => self.wait(),
            Step::Up(back) => {
                if let Some(at) = self.up.len().checked_sub(back + 1) {
                    self.reach_center(&self.up[at].clone());
                }
            }
            Step::Down(back) => {
                if let Some(at) = self.down.len().checked_sub(back + 1) {
                    self.reach_device(self.down[at].clone());
                }
            }
            Step::Cut(after) => self.power = Some(after),
            Step::Rotate if self.device.phase() == Phase::InUse => self.give(Input::RotateNow),
            Step::Rotate => {}
        }
    }

    fn wait(&mut self) {
        if let Some(deadline) = self.device.deadline() {
            self.now = self.now.max(deadline);
            self.give(Input::TimePassed);
        }
    }

    fn give(&mut self, input: Input) {
        let seed = self.world.next_seed();
        let mut out = Vec::new();
        let taken = self.device.handle(self.now, &seed, input, &mut out);
        taken.expect("the input fits");
        self.carry_out(out.into_iter().map(Act::Machine).collect());
    }

    fn hand_over(&mut self, input: carrier::Input) {
        let seed = self.world.next_seed();
        let mut out = Vec::new();
        // What does not open is no more than noise.
        if self
            .carrier
            .handle(self.now, &seed, input, &mut out)
            .is_ok()
        {
            self.carry_out(out.into_iter().map(Act::Carrier).collect());
        }
    }

    fn carry_out(&mut self, acts: Vec<Act>) {
        for act in acts {
            match self.power {
                Some(0) => return self.boot(),
                Some(left) => self.power = Some(left - 1),
                None => {}
            }
            match act {
                Act::Machine(output) => self.machine_wants(output),
                Act::Carrier(output) => self.carrier_wants(output),
            }
        }
    }

    fn machine_wants(&mut self, output: Output) {
        match output {
            Output::Keep(kept) => self.flash.0 = Some(kept.to_bytes()),
            Output::Send {
                exchange,
                presented,
                request,
                ..
            } => {
                self.said.push(match &request {
                    DeviceRequest::Poll(_) => "poll",
                    DeviceRequest::Rotate(_) => "rotate",
                    _ => "another",
                });
                self.hand_over(carrier::Input::Send {
                    exchange,
                    presented,
                    request,
                });
            }
            _ => {}
        }
    }

    fn carrier_wants(&mut self, output: carrier::Output) {
        match output {
            carrier::Output::Keep(kept) => self.flash.1 = Some(kept.to_bytes()),
            carrier::Output::Transmit { envelope, .. } => self.transmit(envelope),
            carrier::Output::Replied { exchange, reply } => {
                self.give(Input::Replied { exchange, reply });
            }
            carrier::Output::Refused { exchange, refusal } => {
                self.give(Input::Refused { exchange, refusal });
            }
            carrier::Output::Challenged(challenged) => {
                assert!(self.restored, "no memory was restored");
                if self.challenged.is_none() {
                    // The power fails before the challenge is answered.
                    self.challenged = Some(self.said.len());
                    self.power = Some(0);
                }
                self.give(Input::Challenged(challenged));
            }
            other => panic!("there is no cause for {other:?}"),
        }
    }

    fn transmit(&mut self, envelope: Vec<u8>) {
        let header = *Envelope::parse(&envelope).expect("an envelope").header();
        if header.counter > 0 {
            let place = (header.sender, header.epoch.get(), header.counter);
            let first = self.places.entry(place).or_insert_with(|| envelope.clone());
            // Where a memory went back, the salts differ.
            assert!(
                *first == envelope || self.restored,
                "two messages at one place"
            );
        }
        self.up.push(envelope);
    }

    fn reach_center(&mut self, envelope: &[u8]) {
        let message = Message::Sealed(envelope.to_vec());
        let decided = self.world.decide(Credential::None, message);
        let Ok(Reply::Sealed(said)) = &decided.decision.outcome else {
            panic!("it opens: {:?}", decided.decision.outcome);
        };
        let word = said.reason.as_ref().map(|it| it.word);
        assert_ne!(word, Some("registration-cloned"), "there is no clone");
        let written = &decided.decision.written;
        if written
            .writes
            .iter()
            .any(|write| write.key.kind == Kind::Lane)
        {
            assert!(self.acted.insert(envelope.to_vec()), "it acts twice");
        }
        self.down.extend(said.envelope.clone());
        self.world.commit(written).expect("nobody else writes");
    }

    fn reach_device(&mut self, envelope: Vec<u8>) {
        self.hand_over(carrier::Input::Received(envelope));
    }

    /// The power comes back.
    fn boot(&mut self) {
        self.power = None;
        self.device = device();
        self.now = Uptime::BOOT;
        let kept = self.flash.1.as_deref().map(carrier::Kept::from_bytes);
        self.carrier = Carrier::new(RingCrypto, kept.transpose().expect("sound"));
        if let Some(challenged) = self.carrier.challenged() {
            self.give(Input::Challenged(challenged));
        }
        let kept = self.flash.0.as_deref().map(Kept::from_bytes);
        let kept = kept.transpose().expect("sound").map(Box::new);
        self.give(Input::Booted { kept });
        self.give(Input::StatusChanged(Box::new(Status {
            state: DeviceState::Idle,
            reasons: StateReasons::default(),
            counters: Counters::default(),
        })));
    }

    /// The line is good from now on, until the machine stands there.
    fn until(&mut self, wanted: impl Fn(&Self) -> bool) {
        for _ in 0..40 {
            if wanted(self) {
                return;
            }
            self.wait();
            for _ in 0..4 {
                self.take(Step::Up(0));
                self.take(Step::Down(0));
            }
        }
        panic!("it does not get there: {:?}", self.device.phase());
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Wait),
        6 => Just(Step::Up(0)),
        2 => (0..30_usize).prop_map(Step::Up),
        6 => Just(Step::Down(0)),
        2 => (0..30_usize).prop_map(Step::Down),
        1 => (0..5_usize).prop_map(Step::Cut),
        1 => Just(Step::Rotate),
    ]
}

#[test]
fn a_device_lives_a_whole_life_in_envelopes() {
    let mut life = Life::begin();
    life.until(|it| it.device.phase() == Phase::InUse);
    life.until(|it| it.world.count(Kind::Status) == 1);
    life.give(Input::RotateNow);
    life.until(|it| it.device.phase() == Phase::InUse);
    life.give(Input::LeaveNow);
    life.until(|it| it.device.phase() == Phase::Blank);
    let lanes = life.world.count(Kind::Lane);
    assert_eq!(lanes, 0, "they end with the registration");
}

#[test]
fn a_device_whose_memory_was_restored_is_believed_again_and_rotates_before_it_polls() {
    let mut life = Life::begin();
    life.until(|it| it.device.phase() == Phase::InUse);
    let copy = life.flash.clone();
    for _ in 0..80 {
        for step in [Step::Wait, Step::Up(0), Step::Down(0)] {
            life.take(step);
        }
    }
    assert!(life.acted.len() > 80, "the lane is in its second block");
    life.flash = copy;
    life.restored = true;
    life.boot();
    life.until(|it| it.challenged.is_some());
    let challenged = life.challenged.expect("it was challenged");
    life.until(|it| it.said[challenged..].contains(&"poll"));
    let said = life.said[challenged..].iter();
    let before: Vec<&str> = said.copied().take_while(|it| *it != "poll").collect();
    assert!(before.contains(&"rotate"), "it polls after {before:?}");
    life.until(|it| it.device.phase() == Phase::InUse);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_message_acts_twice_and_the_device_gets_there(
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let mut life = Life::begin();
        for step in steps {
            life.take(step);
        }
        life.power = None;
        life.until(|it| it.device.phase() == Phase::InUse);
        life.give(Input::LeaveNow);
        life.until(|it| it.device.phase() == Phase::Blank);
    }
}
