//! Many histories, on as many threads as one likes, and what came of all of them together.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::check::{Found, Violation};
use crate::coverage::Coverage;
use crate::history::{Outcome, Play, play};

/// Which histories to play.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The first seed.
    pub seed: u64,
    /// How many, one seed after the other.
    pub histories: u64,
    /// On how many threads.
    pub jobs: u64,
    /// How to play each of them.
    pub play: Play,
}

/// What came of all of them.
#[derive(Debug, Default)]
pub struct Report {
    /// How many were played.
    pub histories: u64,
    /// How many steps they took.
    pub steps: u64,
    /// What the checks have found, and how often each was put to the question.
    pub found: Found,
    /// What happened how often.
    pub coverage: Coverage,
    /// The failing history with the lowest seed that was seen.
    pub failed: Option<(u64, Violation)>,
}

/// Plays them, and tells `progress` how many are done. Stops early once one has failed.
#[must_use]
pub fn run(plan: &Plan, progress: impl Fn(u64) + Sync) -> Report {
    let (next, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let report = Mutex::new(Report::default());
    thread::scope(|scope| {
        for _ in 0..plan.jobs.max(1) {
            scope.spawn(|| {
                let mut own = Report::default();
                while !failed.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= plan.histories {
                        break;
                    }
                    own.add(plan.seed + number, &play(plan.seed + number, plan.play));
                    failed.fetch_or(own.failed.is_some(), Ordering::Relaxed);
                    progress(number + 1);
                }
                report
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .merge(own);
            });
        }
    });
    report.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl Report {
    fn add(&mut self, seed: u64, outcome: &Outcome) {
        self.histories += 1;
        self.steps += outcome.steps;
        self.found.merge(&outcome.found);
        self.coverage.merge(&outcome.coverage);
        if let Some(violation) = outcome.found.violations.first() {
            self.fail(seed, violation.clone());
        }
    }

    fn merge(&mut self, other: Self) {
        self.histories += other.histories;
        self.steps += other.steps;
        self.found.merge(&other.found);
        self.coverage.merge(&other.coverage);
        if let Some((seed, violation)) = other.failed {
            self.fail(seed, violation);
        }
    }

    fn fail(&mut self, seed: u64, violation: Violation) {
        if self.failed.as_ref().is_none_or(|(other, _)| seed < *other) {
            self.failed = Some((seed, violation));
        }
    }
}
