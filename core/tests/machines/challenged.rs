//! After a challenge the formal code is rotated before the next poll: by a device and by a gateway,
//! also after a boot, and however the challenge falls.

use restante_core::device::{Challenged, Input, Phase};
use restante_core::id::Epoch;
use restante_core::wire::RefusalCode;

use crate::scripted::{World, enrolled, formal, polled, reported, rotated, word};

fn challenge(epoch: u32) -> Input {
    Input::Challenged(Challenged {
        registration: formal(1).registration(),
        epoch: Epoch::new(epoch),
    })
}

/// What was said after the first `after` messages.
fn said(world: &World, after: usize) -> Vec<&'static str> {
    world.sent[after..]
        .iter()
        .map(|it| word(&it.request))
        .collect()
}

#[test]
fn a_device_rotates_before_its_next_poll_and_polls_under_the_new_code() {
    let mut world = World::in_use();
    let before = world.sent.len();
    world.sleep();
    world.give(challenge(1));
    assert_eq!(
        said(&world, before),
        ["report-status"],
        "one thing at a time"
    );
    world.reply(reported());
    world.reply(rotated(2));
    world.reply(polled());
    assert_eq!(said(&world, before), ["report-status", "rotate", "poll"]);
    assert_eq!(world.device.phase(), Phase::InUse);
    // The challenge was about the former code.
    world.give(challenge(1));
    assert_eq!(said(&world, before).len(), 3);
}

#[test]
fn a_device_that_was_challenged_rotates_after_a_power_cut_as_well() {
    let mut world = World::in_use();
    let kept = world
        .flash
        .as_deref()
        .map(restante_core::device::Kept::from_bytes);
    let kept = kept.transpose().expect("sound").map(Box::new);
    world.device = crate::scripted::new_device();
    world.now = restante_core::Uptime::BOOT;
    let before = world.sent.len();
    world.give(challenge(1));
    world.give(Input::Booted { kept });
    assert_eq!(world.device.phase(), Phase::Rotating);
    world.sleep();
    assert_eq!(said(&world, before), ["rotate"]);
}

#[test]
fn a_code_that_waits_for_its_first_use_has_it_first() {
    let mut world = World::with_code();
    world.reply(enrolled(1));
    world.give(challenge(1));
    world.lose();
    world.sleep();
    world.reply(polled());
    assert_eq!(said(&world, 0), ["enrol", "poll", "poll", "rotate"]);
}

#[test]
fn a_new_code_under_which_the_center_challenges_is_rotated_once_it_is_in_use() {
    let mut world = World::in_use();
    let before = world.sent.len();
    world.give(challenge(1));
    world.reply(rotated(2));
    world.give(challenge(2));
    world.reply(polled());
    assert_eq!(said(&world, before), ["rotate", "poll", "rotate"]);
}

#[test]
fn a_rotation_that_has_to_be_and_is_refused_is_tried_again_with_patience() {
    let mut world = World::in_use();
    let before = world.sent.len();
    world.give(challenge(1));
    world.refuse(RefusalCode::Malformed);
    assert_eq!(said(&world, before), ["rotate"]);
    assert_eq!(world.device.phase(), Phase::Rotating);
    world.sleep();
    assert_eq!(said(&world, before), ["rotate", "rotate"]);
}

#[test]
fn a_center_that_refuses_the_code_that_it_has_handed_out_is_not_asked_again_and_again() {
    let mut world = World::in_use();
    let before = world.sent.len();
    world.give(challenge(1));
    world.reply(rotated(2));
    world.refuse(RefusalCode::FormalCodeRefused);
    world.reply(polled());
    assert_eq!(world.device.phase(), Phase::InUse);
    assert_eq!(said(&world, before)[..3], ["rotate", "poll", "poll"]);
    assert!(!said(&world, before)[3..].contains(&"rotate"));
}

#[test]
fn another_registration_has_nothing_to_do_with_it() {
    let mut world = World::in_use();
    let before = world.sent.len();
    world.give(Input::Challenged(Challenged {
        registration: restante_core::id::RegistrationId::from_bytes([1; 16]),
        epoch: Epoch::new(1),
    }));
    assert!(said(&world, before).is_empty());
}
