//! Long random histories, with rotations: what the exhaustive model is too shallow for.

use proptest::prelude::*;
use restante_core::seal::Lane;

use crate::world::{Step, World};

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Send),
        2 => Just(Step::GiveUp),
        // The latest envelopes count from the end, so that most of what is sent arrives.
        8 => (0..4_usize).prop_map(Step::Up),
        8 => (0..4_usize).prop_map(Step::Down),
        3 => (0..60_usize).prop_map(Step::Up),
        3 => (0..60_usize).prop_map(Step::Down),
        2 => Just(Step::Boot),
        1 => Just(Step::CopyDevice),
        1 => Just(Step::RestoreDevice),
        1 => Just(Step::CopyCenter),
        1 => Just(Step::RestoreCenter),
        1 => Just(Step::Rotate),
    ]
}

/// The same step, with places counted from the latest envelope backwards.
fn from_the_end(world: &World, step: Step) -> Step {
    let (up, down) = world.line();
    match step {
        Step::Up(back) => Step::Up(up.saturating_sub(back + 1)),
        Step::Down(back) => Step::Down(down.saturating_sub(back + 1)),
        other => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_history_seals_two_messages_under_one_key_or_acts_twice(
        steps in prop::collection::vec(step(), 0..120),
        mail: bool,
    ) {
        let lane = if mail { Lane::Mail } else { Lane::Conversation };
        let mut world = World::new(lane);
        for step in steps {
            world.take(from_the_end(&world, step));
        }
        world.check_liveness();
    }

    #[test]
    fn without_restored_memories_every_exchange_over_a_good_line_succeeds(
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut world = World::new(Lane::Conversation);
        let restored = |step: &Step| matches!(step, Step::RestoreDevice);
        for step in steps.into_iter().filter(|step| !restored(step)) {
            world.take(from_the_end(&world, step));
            world.check_liveness();
        }
        prop_assert_eq!(world.clones, 0);
    }
}
