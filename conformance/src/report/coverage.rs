//! Coverage: per requirement, which checks were really made and which fault turned them over.
//!
//! A citation proves nothing. A requirement counts as covered where a case that cites it made
//! checks and passed, and failed as soon as a fault broke that requirement.

use crate::results::{CaseResult, FaultResult, Results};
use crate::trace::{Demands, is_strict};

/// What a run shows of one requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// The requirement's id.
    pub id: String,
    /// What it demands.
    pub text: String,
    /// How many checks the cases made that cite it.
    pub checks: u32,
    /// How it stands.
    pub flipped: Flipped,
}

/// Whether a fault turns the checks of a requirement over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flipped {
    /// These do.
    By(Vec<String>),
    /// No fault breaks it.
    Never,
}

/// Coverage of the requirements that the run's cases cite, in the order of their ids. A SHOULD that
/// no fault breaks is left out.
#[must_use]
pub fn coverage(results: &Results) -> Vec<Covered> {
    let demands = Demands::of_this_specification();
    let cites = |case: &&CaseResult, id: &str| case.requirements.iter().any(|it| it == id);
    let covered = |demand: &restante_spec::Requirement| {
        let id = demand.id.as_str();
        let citing = results.cases.iter().filter(|case| cites(case, id));
        let counted: Vec<&CaseResult> = citing.collect();
        if counted.is_empty() {
            return None;
        }
        let checks = counted.iter().map(|case| case.checks).sum();
        let faults: Vec<String> = results
            .faults
            .iter()
            .filter(|it| it.killed && it.breaks.iter().any(|broken| broken == id))
            .map(|it| it.fault.clone())
            .collect();
        let flipped = match faults.is_empty() {
            false => Flipped::By(faults),
            true if is_strict(demand) => Flipped::Never,
            true => return None,
        };
        Some(Covered {
            id: id.to_owned(),
            text: demand.text.clone(),
            checks,
            flipped,
        })
    };
    demands.iter().filter_map(covered).collect()
}

/// How many of these a fault turns over.
#[must_use]
pub(super) fn flipped(covered: &[Covered]) -> usize {
    let by = |it: &&Covered| matches!(it.flipped, Flipped::By(_));
    covered.iter().filter(by).count()
}

/// What a fault that was killed says of why, in the words of the first case that killed it.
#[must_use]
pub(super) fn because(fault: &FaultResult) -> &str {
    let first = fault.kills.iter().find(|kill| kill.killed);
    first.map_or("", |kill| kill.reason.as_str())
}

/// What did not go as a fault says, a sentence each.
#[must_use]
pub(super) fn astray(fault: &FaultResult) -> Vec<String> {
    let alive = fault.kills.iter().filter(|kill| !kill.killed);
    let alive = alive.map(|kill| match kill.reason.as_str() {
        "" => format!("{} does not notice it ({})", kill.case, kill.verdict),
        why => format!("{} ends otherwise ({}): {why}", kill.case, kill.verdict),
    });
    let hurt = fault.collateral.iter();
    let hurt = hurt.map(|hurt| {
        let (case, verdict) = (&hurt.case, hurt.verdict);
        format!("{case} should be as it was ({verdict}): {}", hurt.reason)
    });
    alive.chain(hurt).collect()
}
