//! Redeeming, explored exhaustively: two devices with one code of two slots, and an attacker who
//! knows the code, wants a device of the first, replays whatever was sent, and forges.
//!
//! Every interleaving up to a depth is tried: enrolments and rotations whose replies arrive or get
//! lost, uses of every code that anybody ever held, the code's expiry, the end of the grace, a
//! clock that jumps back, a revocation, and sweeps that come or do not. Invariants 1 to 4, 7 and 11
//! of the protocol's security design are checked in each state; states that look alike are visited
//! once.

use std::collections::{BTreeSet, HashSet};

use restante_core::center::Credential;
use restante_core::code::FormalCode;
use restante_core::record::{Kind, Registration, State as Standing};
use restante_core::wire::people::PeopleRequest;
use restante_core::wire::{DeviceReply, DeviceRequest, RefusalCode, Rotate};
use restante_core::{Seconds, Timestamp};

use crate::world::{Code, World, formal, poll};

/// How many steps a history has at the most.
const DEPTH: usize = 5;
/// Who enrols: the two devices, and the attacker, who claims the first one's serial number.
const SERIALS: [&str; 3] = ["A", "B", "A"];

/// One step of a history.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Somebody enrols with their own request id; the reply arrives or is lost.
    Enrol { who: usize },
    /// Somebody uses a formal code that they hold, or held once.
    Use { who: usize, code: usize },
    /// Somebody rotates with the latest code that they hold; the reply arrives or is lost.
    Rotate { who: usize },
    /// The attacker uses a device's request id with other content.
    Mismatch,
    /// The attacker makes up formal codes for every registration there is.
    Forge,
    /// The code's time runs out.
    Expire,
    /// The day after that runs out.
    EndGrace,
    /// The center's clock jumps back to the beginning.
    ClockBack,
    /// The dealer revokes the code.
    Revoke,
    /// A sweep comes by.
    Sweep,
}

/// One requester, as the world and as they themselves know it.
#[derive(Clone, Debug, Default)]
struct Party {
    /// Formal codes that the center has handed out to them, in order, arrived or not.
    handed: Vec<FormalCode>,
    /// Which of those have arrived.
    held: BTreeSet<usize>,
    /// Which of those have been refused once.
    dead: BTreeSet<usize>,
    /// Their registration has been active.
    redeemed: bool,
    /// Their enrolment was refused because of the code.
    refused: bool,
}

/// One state, and what has been seen on the way to it.
#[derive(Clone)]
struct Node {
    world: World,
    parties: [Party; 3],
    jumped_back: bool,
    revoked: bool,
}

struct Model {
    code: Code,
    start: Timestamp,
}

impl Model {
    fn new() -> (Self, Node) {
        let mut world = World::new();
        world.source = None;
        let start = world.now;
        let code = world.issue_for("Miller", Some(2), Some(Seconds::MINUTE));
        let node = Node {
            world,
            parties: Default::default(),
            jumped_back: false,
            revoked: false,
        };
        (Self { code, start }, node)
    }

    /// What can happen next.
    fn steps(&self, node: &Node) -> Vec<Step> {
        let mut steps = vec![Step::Mismatch, Step::Forge, Step::Sweep];
        for (who, party) in node.parties.iter().enumerate() {
            steps.push(Step::Enrol { who });
            let held = party.held.iter();
            steps.extend(held.map(|code| Step::Use { who, code: *code }));
            if !party.held.is_empty() && party.handed.len() < 3 {
                steps.push(Step::Rotate { who });
            }
        }
        if node.world.now == self.start {
            steps.push(Step::Expire);
        } else if node.world.now == self.expiry() {
            steps.push(Step::EndGrace);
        }
        if node.world.now > self.start && !node.jumped_back {
            steps.push(Step::ClockBack);
        }
        if !node.revoked && node.world.grant(&self.code).is_some() {
            steps.push(Step::Revoke);
        }
        steps
    }

    fn expiry(&self) -> Timestamp {
        self.start.after(Seconds::MINUTE)
    }

    /// Takes a step. What is answered is the party, and which of its codes is in the reply, if one
    /// is: the reply may arrive or not.
    fn take(&self, node: &mut Node, step: Step) -> Option<(usize, usize)> {
        match step {
            Step::Enrol { who } => return self.enrol(node, who),
            Step::Rotate { who } => return self.rotate(node, who),
            Step::Use { who, code } => {
                self.present(node, who, code, poll());
            }
            Step::Mismatch => self.mismatch(node),
            Step::Forge => self.forge(node),
            Step::Expire => node.world.now = self.expiry(),
            Step::EndGrace => self.end_grace(node),
            Step::ClockBack => {
                node.world.now = self.start;
                node.jumped_back = true;
            }
            Step::Revoke => {
                node.world.revoke(&self.code);
                node.revoked = true;
            }
            Step::Sweep => {
                node.world.tick();
            }
        }
        None
    }

    fn enrol(&self, node: &mut Node, who: usize) -> Option<(usize, usize)> {
        let result = node.world.enrol(&self.code, number(who), &[SERIALS[who]]);
        let party = &mut node.parties[who];
        match result {
            Ok(enrolled) => {
                assert!(!party.redeemed, "invariant 4: answered after the first use");
                assert!(!party.refused, "invariant 11: accepted after a refusal");
                assert!(!node.revoked, "invariant 11: a revoked code was accepted");
                match party.handed.first() {
                    Some(first) => {
                        assert_eq!(&enrolled.formal_code, first, "invariant 4: another answer");
                    }
                    None => party.handed.push(enrolled.formal_code),
                }
                return Some((who, 0));
            }
            Err(RefusalCode::CodeRefused) => party.refused = true,
            Err(RefusalCode::RequestRedeemed) => assert!(party.redeemed, "redeemed by whom?"),
            Err(RefusalCode::RequestMismatch) => assert!(party.refused, "the same content"),
            Err(other) => panic!("an enrolment is not refused as {other}"),
        }
        None
    }

    fn rotate(&self, node: &mut Node, who: usize) -> Option<(usize, usize)> {
        let latest = *node.parties[who].held.last().expect("a code is held");
        let request = DeviceRequest::Rotate(Rotate {});
        let DeviceReply::Rotated(rotated) = self.present(node, who, latest, request)? else {
            panic!("a rotation is answered by a code");
        };
        let party = &mut node.parties[who];
        let code = rotated.formal_code;
        let place = match party.handed.iter().position(|handed| *handed == code) {
            Some(place) => place,
            None => {
                party.handed.push(code);
                party.handed.len() - 1
            }
        };
        assert_eq!(place, latest + 1, "invariant 1: the next code and no other");
        Some((who, place))
    }

    /// Presents a formal code that was handed out to `who`.
    fn present(
        &self,
        node: &mut Node,
        who: usize,
        code: usize,
        request: DeviceRequest,
    ) -> Option<DeviceReply> {
        let party = &mut node.parties[who];
        match node.world.device(formal(&party.handed[code]), request) {
            Ok(reply) => {
                assert!(!party.dead.contains(&code), "invariant 1: accepted again");
                assert!(
                    party.redeemed || !node.revoked,
                    "invariant 11: a first use after the revocation"
                );
                party.redeemed = true;
                Some(reply)
            }
            Err(RefusalCode::FormalCodeRefused) => {
                party.dead.insert(code);
                None
            }
            Err(other) => panic!("a formal code is not refused as {other}"),
        }
    }

    /// The first device's request id, with other content.
    fn mismatch(&self, node: &mut Node) {
        let accepted = node.world.enrol(&self.code, number(0), &["Z"]).is_ok();
        let party = &mut node.parties[0];
        assert!(
            !accepted || party.handed.is_empty(),
            "a request id was taken over with other content"
        );
        // Where the attacker comes first with this request id, it is of no use to the device.
        party.refused |= accepted;
    }

    /// What the attacker can make up: the right registration and epoch, and a secret of their own.
    fn forge(&self, node: &mut Node) {
        let own = node.parties[2].handed.first();
        let secret = own.map_or([0; 32], |code| *code.secret());
        for victim in 0..2 {
            let Some(code) = node.parties[victim].handed.last() else {
                continue;
            };
            let forged = FormalCode::new(code.registration(), code.epoch(), secret);
            assert_eq!(
                node.world.poll(&forged),
                Err(RefusalCode::FormalCodeRefused),
                "a forged code was accepted"
            );
        }
    }

    /// A day passes, in two halves that the center notices without sweeping.
    fn end_grace(&self, node: &mut Node) {
        for _ in 0..2 {
            node.world.pass_unnoticed(Seconds::new(43_200));
            let accept = PeopleRequest::AcceptClock(Default::default());
            let accepted = node.world.people(Credential::Console, accept);
            accepted.expect("the operator accepts the time");
        }
    }

    /// What has to hold in every state.
    fn check(&self, node: &Node) {
        self.check_slots(node);
        self.check_secrets(node);
        self.check_active_codes(node);
        self.check_liveness(node);
    }

    /// Invariant 2: free, pending and ever-active slots add up, pending ones belong to pending
    /// registrations, and a grant is not forgotten before they have ended.
    fn check_slots(&self, node: &Node) {
        let keys = node.world.rows.keys();
        let waiting = keys
            .filter(|key| key.kind == Kind::Registration)
            .filter_map(|key| node.world.stored::<Registration>(key))
            .filter(|registration| matches!(registration.state, Standing::Pending(_)))
            .count();
        if node.world.grant(&self.code).is_none() {
            assert_eq!(waiting, 0, "invariant 2: pending without a grant");
            return;
        }
        let (_, pending, used) = node.world.slots(&self.code);
        assert_eq!(pending as usize, waiting, "invariant 2: pending slots");
        let redeemed = node.parties.iter().filter(|party| party.redeemed).count();
        assert_eq!(used as usize, redeemed, "invariant 2: ever-active slots");
    }

    /// Invariant 3: no two requests share a registration or a secret.
    fn check_secrets(&self, node: &Node) {
        let mut secrets = BTreeSet::new();
        let mut registrations = BTreeSet::new();
        for party in &node.parties {
            if let Some(first) = party.handed.first() {
                let new = registrations.insert(first.registration());
                assert!(new, "invariant 3: two requests, one registration");
            }
            for code in &party.handed {
                let new = secrets.insert(*code.secret());
                assert!(new, "invariant 3: two codes share a secret");
            }
        }
    }

    /// Invariant 1: of one registration at most two codes open anything, and they are neighbours.
    fn check_active_codes(&self, node: &Node) {
        for party in &node.parties {
            let open = |code: &&FormalCode| node.world.clone().poll(code).is_ok();
            let open = party.handed.iter().filter(open);
            let open: Vec<u32> = open.map(|code| code.epoch().get()).collect();
            match open[..] {
                [] | [_] => {}
                [one, next] => assert_eq!(next, one + 1, "invariant 1: not neighbours"),
                _ => panic!("invariant 1: {} codes are open", open.len()),
            }
        }
    }

    /// Invariant 7: once faults end, a device with a valid code and a free slot is active within
    /// three exchanges. The two it takes are an enrolment and a use.
    fn check_liveness(&self, node: &Node) {
        let expired = node.world.now >= self.expiry() || node.jumped_back;
        let Some(grant) = node
            .world
            .grant(&self.code)
            .filter(|_| !expired && !node.revoked)
        else {
            return;
        };
        for (who, party) in node.parties.iter().enumerate().take(2) {
            let waits = !party.handed.is_empty();
            if party.redeemed || party.refused || !(waits || grant.slots.free() > 0) {
                continue;
            }
            let mut world = node.world.clone();
            let enrolled = world
                .enrol(&self.code, number(who), &[SERIALS[who]])
                .expect("invariant 7: enrolled by the first exchange");
            world
                .poll(&enrolled.formal_code)
                .expect("invariant 7: active by the second");
        }
    }
}

/// The byte that a party's request id is made of.
fn number(who: usize) -> u8 {
    u8::try_from(who).expect("three parties")
}

/// What tells two states apart: everything but revisions and the number of random draws.
fn fingerprint(node: &Node) -> Vec<u8> {
    let mut bytes = node.world.now.as_millis().to_be_bytes().to_vec();
    bytes.extend([u8::from(node.jumped_back), u8::from(node.revoked)]);
    for party in &node.parties {
        let places = |set: &BTreeSet<usize>| set.iter().fold(0_u8, |bits, place| bits | 1 << place);
        bytes.push(party.handed.len() as u8);
        bytes.extend([places(&party.held), places(&party.dead)]);
        bytes.extend([u8::from(party.redeemed), u8::from(party.refused)]);
    }
    for row in node.world.rows.values() {
        bytes.push(row.key.kind.number());
        bytes.extend_from_slice(&row.key.owner.0);
        bytes.extend_from_slice(&row.key.key);
        bytes.extend_from_slice(&row.body);
    }
    bytes
}

/// The states that have been seen, and those among them that have not been left yet.
struct Frontier<'m> {
    model: &'m Model,
    seen: HashSet<Vec<u8>>,
    edge: Vec<Node>,
}

impl Frontier<'_> {
    fn reach(&mut self, node: Node) {
        if self.seen.insert(fingerprint(&node)) {
            self.model.check(&node);
            self.edge.push(node);
        }
    }
}

#[test]
fn every_history_of_redeeming_keeps_the_invariants() {
    let (model, first) = Model::new();
    let mut frontier = Frontier {
        model: &model,
        seen: HashSet::new(),
        edge: Vec::new(),
    };
    frontier.reach(first);
    let mut taken = 0_usize;
    for _ in 0..DEPTH {
        for node in std::mem::take(&mut frontier.edge) {
            for step in model.steps(&node) {
                let mut after = node.clone();
                taken += 1;
                if let Some((who, code)) = model.take(&mut after, step) {
                    let mut arrived = after.clone();
                    arrived.parties[who].held.insert(code);
                    frontier.reach(arrived);
                }
                frontier.reach(after);
            }
        }
    }
    let states = frontier.seen.len();
    println!("{states} states, {taken} steps, depth {DEPTH}");
    assert!(states > 4_000, "only {states} states");
}
