//! Bad lines: everything arrives once and in order, or there is a clear error.

use crate::world::{Fate, Noise, World};

/// Runs histories with many seeds. A failing one prints its seed; `SERIAL_SEED=n` plays it alone.
pub(crate) fn histories(count: u64, history: impl Fn(u64)) {
    let alone = std::env::var("SERIAL_SEED").ok();
    let seeds = match alone {
        Some(seed) => {
            let seed: u64 = seed.parse().expect("SERIAL_SEED is a number");
            seed..seed + 1
        }
        None => 0..count,
    };
    for seed in seeds {
        let played = std::panic::AssertUnwindSafe(|| history(seed));
        if std::panic::catch_unwind(played).is_err() {
            panic!(
                "seed {seed} fails; again: SERIAL_SEED={seed} cargo test -p restante-serial --test link"
            );
        }
    }
}

fn all_delivered(world: &World) -> bool {
    let mut fates = world.ends.iter().flat_map(|end| &end.fates);
    fates.all(|(_, fate)| *fate == Fate::Delivered)
}

fn both_speak(seed: u64, noise: Noise) -> World {
    let mut world = World::new(seed, 9_600, noise);
    world.send_some(0, 6, 2_500);
    world.send_some(1, 6, 2_500);
    world.run();
    world.judge();
    world
}

#[test]
fn on_a_good_line_everything_arrives_and_nothing_is_sent_again() {
    histories(50, |seed| {
        let mut world = World::new(seed, 9_600, Noise::default());
        world.send_some(0, 6, 2_500);
        world.run();
        world.judge();
        assert!(all_delivered(&world));
        assert_eq!(world.ends[0].link.figures().again, 0);
        assert_eq!(world.ends[1].link.figures().damaged, 0);
    });
}

#[test]
fn one_wrong_bit_in_a_thousand_delays_and_loses_nothing() {
    histories(40, |seed| {
        let noise = Noise {
            bit: 1_000,
            ..Noise::default()
        };
        let world = both_speak(seed, noise);
        assert!(all_delivered(&world));
        assert!(world.ends[0].link.figures().damaged > 0, "noise was made");
    });
}

#[test]
fn lost_and_repeated_bytes_delay_and_lose_nothing() {
    histories(40, |seed| {
        let noise = Noise {
            loss: 300,
            twice: 300,
            ..Noise::default()
        };
        assert!(all_delivered(&both_speak(seed, noise)));
    });
}

#[test]
fn cut_frames_and_garbage_between_frames_delay_and_lose_nothing() {
    histories(40, |seed| {
        let noise = Noise {
            cut: 4,
            garbage: 10,
            ..Noise::default()
        };
        assert!(all_delivered(&both_speak(seed, noise)));
    });
}

#[test]
fn a_dead_line_is_an_error_in_bounded_time_and_works_again_afterwards() {
    let dead = Noise {
        loss: 1,
        ..Noise::default()
    };
    let mut world = World::new(1, 2_400, dead);
    world.send_some(0, 1, 1_000);
    world.run();
    let text = match world.ends[0].fates[..] {
        [(_, Fate::Failed(failure))] => failure.to_string(),
        ref other => panic!("{other:?}"),
    };
    assert_eq!(text, "the other end of the line does not answer");
    assert!(world.now < 60_000, "{} ms", world.now);
    world.noise.loss = 0;
    world.send_some(0, 2, 1_000);
    world.send_some(1, 2, 1_000);
    world.run();
    assert_eq!(world.ends[1].arrived.len(), 2);
    assert_eq!(world.ends[0].arrived.len(), 2);
}

#[test]
fn a_message_of_the_greatest_length_crosses_a_slow_line() {
    let mut world = World::new(7, 2_400, Noise::default());
    let longest = restante_core::limits::SEALED_BYTES;
    world.send(0, vec![0; longest]);
    world.send(1, vec![b'+'; longest]);
    world.run();
    world.judge();
    assert!(all_delivered(&world));
}

#[test]
fn a_modem_never_sees_the_characters_by_which_it_would_hang_up() {
    let mut world = World::new(3, 9_600, Noise::default());
    for count in (2..100).chain(600..700) {
        world.send(0, vec![b'+'; count]);
    }
    world.run();
    world.judge();
    assert!(all_delivered(&world));
    assert!(!world.written.windows(3).any(|three| three == b"+++"));
    assert!(world.written.windows(3).any(|three| three == b"++-"));
}

#[test]
fn a_good_line_gets_larger_frames_and_a_bad_one_smaller() {
    let frames = |noise| {
        let mut world = World::new(5, 9_600, noise);
        world.send(0, vec![7; 20_000]);
        world.run();
        world.judge();
        world.ends[0].link.figures().sent
    };
    let (good, bad) = (
        frames(Noise::default()),
        frames(Noise {
            bit: 1_000,
            ..Noise::default()
        }),
    );
    assert!(good < 40, "{good} frames for 20,000 bytes");
    assert!(bad > 200, "{bad} frames for 20,000 bytes");
}
