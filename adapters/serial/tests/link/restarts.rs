//! Restarts and cut connections at any moment.

use fastrand::Rng;
use restante_serial::Failure;

use crate::line::histories;
use crate::world::{Fate, Noise, World};

/// A bad line for a while, with `disturb` at random moments, and then a good one.
fn disturbed(seed: u64, noise: Noise, disturb: impl Fn(&mut World, &mut Rng)) -> World {
    let mut rng = Rng::with_seed(!seed);
    let mut world = World::new(seed, 9_600, noise);
    world.send_some(0, 8, 2_000);
    world.send_some(1, 8, 2_000);
    for _ in 0..rng.usize(1..8) {
        for _ in 0..rng.usize(0..80) {
            world.step();
        }
        disturb(&mut world, &mut rng);
    }
    world.run();
    world.judge();
    world
}

#[test]
fn restarts_of_either_end_repeat_nothing_and_hide_nothing() {
    histories(100, |seed| {
        disturbed(seed, Noise::default(), |world, rng| {
            world.restart(rng.usize(0..2));
        });
    });
}

#[test]
fn restarts_on_a_bad_line_repeat_nothing_and_hide_nothing() {
    let noise = Noise {
        bit: 2_000,
        loss: 1_000,
        twice: 1_000,
        cut: 20,
        garbage: 30,
    };
    histories(40, |seed| {
        disturbed(seed, noise, |world, rng| world.restart(rng.usize(0..2)));
    });
}

#[test]
fn connections_cut_in_the_middle_of_a_frame_repeat_nothing_and_hide_nothing() {
    histories(100, |seed| {
        disturbed(seed, Noise::default(), |world, _| world.reconnect());
    });
}

#[test]
fn a_restarted_receiver_gets_the_whole_message_where_its_end_had_not_been_sent() {
    let mut world = World::new(11, 9_600, Noise::default());
    world.send(0, vec![1; 5_000]);
    while world.now < 1_000 {
        world.step();
    }
    world.restart(1);
    world.run();
    assert_eq!(world.ends[1].arrived, [vec![1; 5_000]]);
    assert_eq!(world.ends[0].fates[0].1, Fate::Delivered);
}

#[test]
fn a_sender_is_told_where_nobody_knows_whether_its_message_has_arrived() {
    let mut world = World::new(12, 9_600, Noise::default());
    world.send(0, vec![1; 50]);
    while world.ends[1].arrived.is_empty() {
        world.step();
    }
    // The acknowledgement is on the line, and gets lost with the restart.
    world.noise.loss = 1;
    world.reconnect();
    world.noise.loss = 0;
    let lost = Failure::LineLost {
        may_have_arrived: true,
    };
    assert_eq!(world.ends[0].fates, [(vec![1; 50], Fate::Failed(lost))]);
    let text = "the line was lost; the message may have arrived";
    assert_eq!(lost.to_string(), text);
    let text = "the other end of the line has restarted; the message may have arrived";
    assert_eq!(Failure::Restarted.to_string(), text);
}

#[test]
fn both_ends_may_restart_at_once_and_find_each_other_again() {
    let mut world = World::new(13, 9_600, Noise::default());
    world.send_some(0, 1, 500);
    world.run();
    world.restart(0);
    world.restart(1);
    world.send_some(0, 3, 500);
    world.send_some(1, 3, 500);
    world.run();
    world.judge();
    assert_eq!(world.ends[0].arrived.len(), 3);
}
