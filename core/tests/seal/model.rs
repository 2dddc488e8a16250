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

/// What can happen next, without what would change nothing.
fn steps(world: &World) -> Vec<Step> {
    let (up, down) = world.line();
    let (device, center) = world.copies();
    let mut steps = vec![Step::GiveUp, Step::Boot];
    if up < SENDS {
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

fn explore(lane: Lane, depth: usize) -> usize {
    let mut seen = HashSet::new();
    let mut edge = vec![World::new(lane)];
    let mut taken = 0;
    for _ in 0..depth {
        for world in std::mem::take(&mut edge) {
            for step in steps(&world) {
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
    let states = explore(Lane::Conversation, DEPTH);
    assert!(states > 20_000, "only {states} states");
}

#[test]
fn every_history_of_mails_keeps_the_laws() {
    let states = explore(Lane::Mail, DEPTH);
    assert!(states > 5_000, "only {states} states");
}
