//! Some hundreds of histories, as an ordinary test; the program plays twenty thousand.

use restante_sim::history::Play;
use restante_sim::run::{Plan, run};

#[test]
fn every_history_keeps_the_invariants() {
    let plan = Plan {
        seed: 0,
        histories: 200,
        jobs: 2,
        play: Play::default(),
    };
    let report = run(&plan, |_| {});
    if let Some((seed, violation)) = report.failed {
        panic!(
            "{violation}\nagain: cargo run --release -p restante-sim -- --seed {seed} \
             --histories 1 --trace"
        );
    }
    assert_eq!(report.histories, plan.histories);
}
