//! `self-test --faults`: every fault of the catalogue is put in, and has to be killed by the cases
//! that it names, in the words that it names, and by no others.
//!
//! For each role the cases run first without any fault, then with each; both stand in one
//! `results.jsonl`, and the reports derive from it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::bundled::core_center;
use crate::case::{Case, Catalogue, Role};
use crate::faults::{self, Fault, LEFT_OUT, Proof};
use crate::profile::Profile;
use crate::results::{CaseResult, CollateralResult, FaultResult, KillResult, Results};
use crate::run::Plan;
use crate::verdict::{Exit, Verdict};

use super::against::conclude;
use super::self_test::run_inside;
use super::{CommandError, say};

/// What is proven, and where the results go.
pub(super) struct Asked<'a> {
    /// Only the faults with these names; all where there is none.
    pub(super) names: &'a [String],
    /// Only the faults of this role.
    pub(super) role: Option<Role>,
    pub(super) seed: u64,
    pub(super) out: &'a Path,
    pub(super) quiet: bool,
}

/// Proves the faults and tells what became of them.
pub(super) async fn run(catalogue: &Catalogue, asked: &Asked<'_>) -> Result<Exit, CommandError> {
    let chosen = chosen(asked)?;
    let done = AtomicUsize::new(0);
    let told = |proof: &Proof| {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if !asked.quiet {
            let word = if proof.holds() { "killed" } else { "SURVIVES" };
            eprintln!("{done:>4}/{} {word:<8} {}", chosen.len(), proof.fault.name);
        }
    };
    let mut worst = Exit::Conformant;
    for role in Role::ALL {
        let of_role = |fault: &&&Fault| fault.defect.role() == role;
        let faults: Vec<&'static Fault> = chosen.iter().filter(of_role).copied().collect();
        if faults.is_empty() {
            continue;
        }
        let mut results = without_faults(catalogue, asked, role, &faults).await?;
        let proven = faults::prove_all(&faults, catalogue, asked.seed, told);
        take(&mut results, &proven.proofs, catalogue);
        let folder = asked.out.join("faults").join(role.word());
        worst = worst.worst(conclude(&results, &folder)?);
    }
    say(&foot(&chosen, catalogue, asked));
    Ok(worst)
}

fn chosen(asked: &Asked<'_>) -> Result<Vec<&'static Fault>, CommandError> {
    let of_role = |fault: &&Fault| asked.role.is_none_or(|role| fault.defect.role() == role);
    if asked.names.is_empty() {
        return Ok(faults::all().filter(of_role).collect());
    }
    let find = |name: &String| {
        let unknown = || CommandError::usage(format!("there is no fault {name:?}"));
        faults::named(name).filter(of_role).ok_or_else(unknown)
    };
    asked.names.iter().map(find).collect()
}

/// The role's cases as they are without any fault; of a few faults, the cases that they name. Where
/// these need sockets and so are not tried inside, all of the role's, so that something is.
async fn without_faults(
    catalogue: &Catalogue,
    asked: &Asked<'_>,
    role: Role,
    faults: &[&'static Fault],
) -> Result<Results, CommandError> {
    let killed: BTreeSet<&str> = killed_by(faults.iter().copied());
    let profile = Profile::bundled(role);
    let plan = |partial: bool| Plan {
        cases: catalogue
            .of_role(role)
            .filter(|case| !partial || killed.contains(case.id.as_str()))
            .collect(),
        profile: &profile,
        seed: asked.seed,
        partial,
        accept_untested: true,
        line: "inside".to_owned(),
    };
    let partial = !asked.names.is_empty();
    let results = run_inside(&plan(partial), role, true, core_center(asked.seed)).await?;
    let untested = |it: &CaseResult| it.verdict == Verdict::Untested;
    if partial && results.cases.iter().all(untested) {
        return run_inside(&plan(false), role, true, core_center(asked.seed)).await;
    }
    Ok(results)
}

/// Puts what became of the faults beside what the cases came to without them.
fn take(results: &mut Results, proofs: &[Proof], catalogue: &Catalogue) {
    let right = |proof: &Proof| {
        let named = |(case, _): &(&str, &str)| {
            let result = results.cases.iter().find(|it| it.case.as_str() == *case);
            result.is_none_or(|it| matches!(it.verdict, Verdict::Pass | Verdict::Untested))
        };
        proof.fault.kills.iter().all(named)
    };
    let faults: Vec<FaultResult> = proofs
        .iter()
        .map(|proof| result(proof, right(proof), catalogue))
        .collect();
    let alive = faults.iter().any(|fault| !fault.killed);
    results.faults = faults;
    if let Some(summary) = &mut results.summary
        && alive
    {
        summary.exit = summary.exit.worst(Exit::NotConformant);
    }
}

/// What became of one fault. A case that fails without it kills nothing.
fn result(proof: &Proof, right: bool, catalogue: &Catalogue) -> FaultResult {
    let fault = proof.fault;
    let kills = proof.kills.iter().map(|kill| KillResult {
        case: kill.case.clone(),
        wanted: kill.wanted.to_owned(),
        killed: kill.holds() && right,
        verdict: kill.result.verdict,
        reason: kill.result.reason.clone(),
    });
    let collateral = proof.collateral.iter().map(|hurt| CollateralResult {
        case: hurt.case.clone(),
        verdict: hurt.verdict,
        reason: hurt.reason.clone(),
    });
    FaultResult {
        fault: fault.name.to_owned(),
        says: fault.says.to_owned(),
        seam: fault.defect.seam().to_owned(),
        breaks: fault.broken(catalogue).into_iter().collect(),
        killed: proof.holds() && right,
        kills: kills.collect(),
        collateral: collateral.collect(),
        allowed: fault.also.iter().map(|&case| case.to_owned()).collect(),
    }
}

/// What no fault speaks of.
fn foot(chosen: &[&'static Fault], catalogue: &Catalogue, asked: &Asked<'_>) -> String {
    let mut out = format!("  left out of collateral: {}\n", LEFT_OUT.join(", "));
    if asked.names.is_empty() {
        let named = killed_by(chosen.iter().copied());
        let of_role = |case: &&Case| asked.role.is_none_or(|role| case.role == role);
        let cases = catalogue.iter().filter(of_role);
        let ids = cases.map(|case| case.id.as_str());
        let candidates: Vec<&str> = ids.filter(|case| !named.contains(case)).collect();
        let list = match candidates.is_empty() {
            true => "none".to_owned(),
            false => candidates.join(", "),
        };
        out.push_str("  candidates, not scored (no fault kills them): ");
        out.push_str(&list);
        out.push('\n');
    }
    out
}

fn killed_by(faults: impl Iterator<Item = &'static Fault>) -> BTreeSet<&'static str> {
    faults
        .flat_map(|fault| fault.kills.iter().map(|(case, _)| *case))
        .collect()
}
