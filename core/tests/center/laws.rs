//! Laws that hold for every sequence of messages: slots add up, a refusal changes nothing, and the
//! same arguments give the same decision.

use proptest::prelude::*;
use restante_core::center::{Call, Credential, Decide, Message, Source};
use restante_core::code::FormalCode;
use restante_core::id::{CorrelationId, RegistrationId};
use restante_core::record::{Kind, Need, Pause, Records, Registration, RegistrationLocator, State};
use restante_core::wire::{DeviceReply, DeviceRequest, Rotate};
use restante_core::{Seconds, Seed};

use crate::world::{Code, World, add, enrol, formal, leave, poll, remove, report, reports};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Enrol {
        code: usize,
        request: u8,
        devices: Vec<u8>,
    },
    Speak {
        with: usize,
        say: u8,
        devices: Vec<u8>,
        pay: Option<usize>,
    },
    Revoke(usize),
    Pass(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let devices = || prop::collection::btree_set(0_u8..6, 1..4).prop_map(Vec::from_iter);
    let step = prop_oneof![
        6 => (0..3_usize, 0..4_u8, devices())
            .prop_map(|(code, request, devices)| Step::Enrol { code, request, devices }),
        9 => (0..8_usize, 0..6_u8, devices(), prop::option::of(0..3_usize))
            .prop_map(|(with, say, devices, pay)| Step::Speak { with, say, devices, pay }),
        1 => (0..3_usize).prop_map(Step::Revoke),
        2 => (0..400_000_u32).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..40)
}

/// What has happened so far.
struct History {
    world: World,
    codes: [Code; 3],
    formal: Vec<FormalCode>,
}

impl History {
    fn new() -> Self {
        let mut world = World::new();
        let codes = [
            world.issue("Miller", Some(4)),
            world.issue("Miller", Some(7)),
            world.issue("Smith", Some(3)),
        ];
        Self {
            world,
            codes,
            formal: Vec::new(),
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Enrol {
                code,
                request,
                devices,
            } => {
                let shown = self.codes[*code].shown();
                self.say(shown, enrol(*request, &texts(devices)));
            }
            Step::Speak {
                with,
                say,
                devices,
                pay,
            } => {
                if let Some(code) = self.formal.get(*with).cloned() {
                    let request = self.request(*say, devices, *pay, &code);
                    self.say(formal(&code), request);
                }
            }
            Step::Revoke(code) => {
                if self.world.grant(&self.codes[*code]).is_some() {
                    let code = self.codes[*code].clone();
                    self.world.revoke(&code);
                }
            }
            Step::Pass(seconds) => self.world.pass(Seconds::new(*seconds)),
        }
    }

    fn request(
        &self,
        say: u8,
        devices: &[u8],
        pay: Option<usize>,
        code: &FormalCode,
    ) -> DeviceRequest {
        let customer = self.world.registration(code.registration()).facts.customer;
        let id = |serial: &&str| {
            let entry = crate::world::entry(serial);
            let crypto = &restante_crypto::RingCrypto;
            self.world
                .keys()
                .device(crypto, customer, &entry.identification)
        };
        let ids: Vec<_> = texts(devices).iter().map(id).collect();
        match say {
            0 => poll(),
            1 => reports(ids.iter().map(|id| report(*id, 1, 1, 1)).collect()),
            2 => DeviceRequest::Rotate(Rotate {}),
            3 => add(&texts(devices), pay.map(|pay| &self.codes[pay])),
            4 => remove(&ids),
            _ => leave(),
        }
    }

    /// Sends a message; a refusal changes nothing, an acceptance may hand out a formal code.
    fn say(&mut self, presented: Credential, request: DeviceRequest) {
        let before = self.world.durable();
        match self.world.device(presented, request) {
            Err(_) => assert_eq!(
                self.world.durable(),
                before,
                "a refusal has changed something"
            ),
            Ok(DeviceReply::Enrolled(enrolled)) => self.hold(enrolled.formal_code),
            Ok(DeviceReply::Rotated(rotated)) => self.hold(rotated.formal_code),
            Ok(_) => {}
        }
    }

    fn hold(&mut self, code: FormalCode) {
        if !self.formal.contains(&code) {
            self.formal.push(code);
        }
    }

    /// Free, pending and used slots add up, and each grant's pending ones are those of its pending
    /// registrations.
    fn check_slots(&self) {
        for code in &self.codes {
            let Some(grant) = self.world.grant(code) else {
                continue;
            };
            let slots = grant.slots;
            assert_eq!(slots.free() + slots.pending() + slots.used(), slots.limit());
            let pending: u32 = self
                .registrations()
                .filter(|it| it.facts.grant == code.grant)
                .map(|it| match it.state {
                    State::Pending(pending) => pending.slots(),
                    _ => 0,
                })
                .sum();
            assert_eq!(slots.pending(), pending);
        }
    }

    /// Each device is spoken for by the registration that its record names, and by no other.
    fn check_membership(&self) {
        use restante_core::record::Device;
        let mut named = std::collections::BTreeMap::new();
        for row in self.rows_of(Kind::Registration) {
            let registration: Registration = self.world.stored(&row).expect("there");
            if let State::Active(active) = registration.state {
                assert!(
                    !active.devices.is_empty(),
                    "an empty registration has ended"
                );
                for device in active.devices {
                    let again = named.insert(device, row.key.clone());
                    assert_eq!(again, None, "two registrations speak for {device}");
                }
            }
        }
        for row in self.rows_of(Kind::Device) {
            let device: Device = self.world.stored(&row).expect("there");
            let id = Device::id(&row).expect("an id");
            let by = device.registration.map(|by| by.as_bytes().to_vec());
            assert_eq!(named.get(&id).cloned(), by);
        }
    }

    /// The locator of each registration says what the registration says.
    fn check_locators(&self) {
        for row in self.rows_of(Kind::Registration) {
            let registration: Registration = self.world.stored(&row).expect("there");
            let id = row.key.as_slice().try_into().expect("an id");
            let key = RegistrationLocator::key(RegistrationId::from_bytes(id));
            assert_eq!(self.world.stored(&key), Some(registration.locator()));
        }
    }

    fn rows_of(&self, kind: Kind) -> impl Iterator<Item = restante_core::record::Key> {
        let keys = self.world.rows.keys().filter(move |key| key.kind == kind);
        keys.cloned().collect::<Vec<_>>().into_iter()
    }

    fn registrations(&self) -> impl Iterator<Item = Registration> {
        self.rows_of(Kind::Registration)
            .map(|key| self.world.stored(&key).expect("there"))
    }
}

fn texts(devices: &[u8]) -> Vec<&'static str> {
    const SERIALS: [&str; 6] = ["A", "B", "C", "D", "E", "F"];
    devices
        .iter()
        .map(|device| SERIALS[usize::from(*device)])
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn slots_add_up_and_refusals_change_nothing(steps in steps()) {
        let mut history = History::new();
        for step in &steps {
            history.take(step);
            history.check_slots();
            history.check_membership();
            history.check_locators();
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_same_arguments_give_the_same_decision(steps in steps(), seed in any::<[u8; 32]>()) {
        let mut history = History::new();
        for step in &steps {
            history.take(step);
        }
        let presented = match history.formal.last() {
            Some(code) => formal(code),
            None => history.codes[0].shown(),
        };
        let request = match presented {
            Credential::Formal(_) => poll(),
            _ => enrol(9, &["A"]),
        };
        let call = Call {
            source: Source { address: None, correlation: CorrelationId::from_bytes([0; 16]) },
            presented,
            message: Message::Device(request),
        };
        let seed = Seed::new(seed);
        let once = decide(&history.world, &call, &seed);
        let twice = decide(&history.world, &call, &seed);
        prop_assert_eq!(once, twice);
    }
}

fn decide(world: &World, call: &Call, seed: &Seed) -> restante_core::center::Decision {
    let mut records = Records::new();
    loop {
        match world.center.decide(world.now, seed, call, &records) {
            Ok(decision) => return decision,
            Err(Pause::Read(needs)) => needs.into_iter().for_each(|need| {
                let found = world.load(&need);
                records.add(need, found);
            }),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_decision_never_asks_twice_for_the_same_record() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let decided = world.decide(code.shown(), Message::Device(enrol(1, &["A", "B"])));
    let mut asked: Vec<&Need> = decided.rounds.iter().flatten().collect();
    let all = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), all);
}
