//! Some hundreds of histories, as an ordinary test; the program plays twenty thousand.

use restante_sim::Scenario;
use restante_sim::history::{Play, play};
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

#[test]
fn a_history_is_the_same_every_time() {
    for seed in 0..12 {
        let [first, second] = [(); 2].map(|()| play(seed, Play::default()));
        assert_eq!(first.steps, second.steps, "seed {seed}");
        assert_eq!(first.coverage, second.coverage, "seed {seed}");
    }
}

#[test]
fn a_shorter_script_is_the_same_up_to_its_end() {
    let whole = Scenario::draw(3);
    let lines = Some(5);
    let short = play(
        3,
        Play {
            lines,
            ..Play::default()
        },
    );
    assert!(short.found.violations.is_empty());
    assert!(whole.script.len() > 5 && short.steps < play(3, Play::default()).steps);
}
