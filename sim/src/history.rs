//! One history: a world, its script, the quiet after it, and what was found; every now and then
//! twins besides, or a LAN.
//!
//! Everything follows from the seed and from how many lines of the script are played. A history
//! that fails is played again with fewer and fewer lines, as long as it still fails: the shorter
//! one is what a person wants to read.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use restante_core::center::Decide;

use crate::check::{Found, Invariant, Violation};
use crate::coverage::Coverage;
use crate::lan;
use crate::scenario::Scenario;
use crate::twin;
use crate::world::{World, center};

/// How a history is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Play {
    /// How many lines of the script; all of them if absent.
    pub lines: Option<usize>,
    /// Whether to print what happens.
    pub trace: bool,
}

/// What came of a history.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What the checks have found.
    pub found: Found,
    /// What happened how often.
    pub coverage: Coverage,
    /// How many steps it took.
    pub steps: u64,
}

impl Outcome {
    fn merge(&mut self, other: &Self) {
        self.found.merge(&other.found);
        self.coverage.merge(&other.coverage);
        self.steps += other.steps;
    }
}

/// Plays the history of a seed with the real center.
#[must_use]
pub fn play(seed: u64, how: Play) -> Outcome {
    play_with(seed, how, |scenario| Arc::new(center(scenario)))
}

/// Plays the history of a seed in which somebody else decides. A panic is a violation of invariant
/// 15.
#[must_use]
pub fn play_with(seed: u64, how: Play, decide: impl Fn(&Scenario) -> Arc<dyn Decide>) -> Outcome {
    let decider = &decide;
    let played = panic::catch_unwind(AssertUnwindSafe(|| {
        let mut scenario = Scenario::draw(seed);
        if let Some(lines) = how.lines {
            scenario.script.truncate(lines);
        }
        let decide = decider(&scenario);
        let is_fleet = scenario.is_fleet();
        let mut world = World::deciding(scenario, decide).traced(how.trace);
        if is_fleet {
            world.coverage.note("fleet: played");
        }
        world.run_script();
        world.quiet();
        let mut outcome = Outcome {
            steps: world.steps(),
            found: std::mem::take(&mut world.found),
            coverage: std::mem::take(&mut world.coverage),
        };
        if twin::is_due(seed) && outcome.found.violations.is_empty() {
            outcome.merge(&twin::play(seed, how, decider));
        }
        if lan::history::is_due(seed) && outcome.found.violations.is_empty() {
            outcome.merge(&lan::history::play(seed, how, decider));
        }
        outcome
    }));
    played.unwrap_or_else(|cause| panicked(&cause))
}

/// The fewest lines of the script with which the history still fails in the same way, if that are
/// fewer than it has.
#[must_use]
pub fn shorten(seed: u64, violation: &Violation) -> Option<usize> {
    let fails = |lines| {
        let lines = Some(lines);
        let outcome = play(
            seed,
            Play {
                lines,
                ..Play::default()
            },
        );
        let mut violations = outcome.found.violations.iter();
        violations.any(|it| it.invariant == violation.invariant)
    };
    let all = Scenario::draw(seed).script.len();
    (0..all).find(|lines| fails(*lines))
}

fn panicked(cause: &(dyn std::any::Any + Send)) -> Outcome {
    let text = cause.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| cause.downcast_ref::<&str>().copied());
    let mut outcome = Outcome::default();
    outcome.found.that(Invariant::Bounded, false, || {
        format!("it panicked: {}", text.unwrap_or("without a word"))
    });
    outcome
}
