//! Every history of a few steps of a device, a center and a line that forgets nothing: sends,
//! losses, repeats, reorders, power cuts on the device, and copies of both memories that come back.
//!
//! A state is left once, however many histories lead to it. The laws are checked by the world.

use std::collections::HashSet;

use restante_core::seal::Lane;

use crate::world::{Step, World};

/// How many steps a history has at the most.
const DEPTH: usize = 10;
/// How many envelopes the device seals at the most.
const SENDS: usize = 3;
/// A past that both sides have forgotten: copies of both, then three blocks of counters, of which
/// the center saw the first and the last, then both copies come back. The line forgets nothing.
const PAST: [Step; 11] = [
    Step::CopyDevice,
    Step::CopyCenter,
    Step::Send,
    Step::Up(0),
    Step::Boot,
    Step::Send,
    Step::Boot,
    Step::Send,
    Step::Up(2),
    Step::RestoreDevice,
    Step::RestoreCenter,
];

/// What can happen next, without what would change nothing.
fn steps(world: &World, sends: usize) -> Vec<Step> {
    let (up, down) = world.line();
    let (device, center) = world.copies();
    let mut steps = vec![Step::GiveUp, Step::Boot];
    if up < sends {
        steps.push(Step::Send);
    }
    steps.push(if device {
        Step::RestoreDevice
    } else {
        Step::CopyDevice
    });
    steps.push(if center {
        Step::RestoreCenter
    } else {
        Step::CopyCenter
    });
    steps.extend((0..up).map(Step::Up));
    steps.extend((0..down).map(Step::Down));
    steps
}

fn explore(past: &[Step], lane: Lane, (depth, sends): (usize, usize)) -> usize {
    let mut seen = HashSet::new();
    let mut first = World::new(lane);
    past.iter().for_each(|step| first.take(*step));
    let mut edge = vec![first];
    let mut taken = 0;
    for _ in 0..depth {
        for world in std::mem::take(&mut edge) {
            for step in steps(&world, sends) {
                let mut after = world.clone();
                after.take(step);
                taken += 1;
                if seen.insert(after.fingerprint()) {
                    after.check_liveness();
                    edge.push(after);
                }
            }
        }
    }
    println!(
        "{lane:?}: {} states, {taken} steps, depth {depth}",
        seen.len()
    );
    seen.len()
}

#[test]
fn every_history_of_a_conversation_keeps_the_laws() {
    let states = explore(&[], Lane::Conversation, (DEPTH, SENDS));
    assert!(states > 20_000, "only {states} states");
}

#[test]
fn every_history_of_mails_keeps_the_laws() {
    let states = explore(&[], Lane::Mail, (DEPTH, SENDS));
    assert!(states > 5_000, "only {states} states");
}

#[test]
fn every_history_after_a_past_that_is_forgotten_keeps_the_laws() {
    for (lane, least) in [(Lane::Conversation, 20_000), (Lane::Mail, 100)] {
        let states = explore(&PAST, lane, (7, 6));
        assert!(states > least, "only {states} states");
    }
}
