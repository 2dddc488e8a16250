//! `self-test --faults`: every fault of the catalogue is put in, and has to be killed by the cases
//! that it names, in the words that it names, and by no others.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};
use serde_json::{Value, json};

use crate::case::{Catalogue, Role};
use crate::faults::{self, Fault, LEFT_OUT, Proof, Proven};
use crate::verdict::Exit;

use super::CommandError;

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
pub(super) fn run(catalogue: &Catalogue, asked: &Asked<'_>) -> Result<Exit, CommandError> {
    let chosen = chosen(asked)?;
    let began = Instant::now();
    let done = AtomicUsize::new(0);
    let proven = faults::prove_all(&chosen, catalogue, asked.seed, |proof| {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if !asked.quiet {
            let word = if proof.holds() { "killed" } else { "SURVIVES" };
            eprintln!("{done:>4}/{} {word:<8} {}", chosen.len(), proof.fault.name);
        }
    });
    println!("{}", table(&proven));
    print!("{}", mistakes(&proven));
    print!(
        "{}",
        summary(
            &proven,
            catalogue,
            asked.names.is_empty() && asked.role.is_none()
        )
    );
    println!("  in {} s\n", began.elapsed().as_secs());
    keep(&proven, asked.out)?;
    Ok(match proven.holds() {
        true => Exit::Conformant,
        false => Exit::NotConformant,
    })
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

fn table(proven: &Proven) -> Table {
    let mut table = Table::new();
    table
        .load_preset(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(["", "fault", "killed by", "because", "collateral"]);
    for proof in &proven.proofs {
        let symbol = if proof.holds() { "✓" } else { "✗" };
        let cases: Vec<&str> = proof.kills.iter().map(|kill| kill.case.as_str()).collect();
        let words: Vec<&str> = proof
            .kills
            .iter()
            .map(|kill| kill.result.reason.as_str())
            .collect();
        let collateral = match proof.collateral.len() {
            0 => "none".to_owned(),
            more => format!("{more} cases"),
        };
        table.add_row([
            symbol,
            proof.fault.name,
            &cases.join("\n"),
            &words.join("\n"),
            &collateral,
        ]);
    }
    table
}

/// What does not hold, fault by fault.
fn mistakes(proven: &Proven) -> String {
    let mut out = String::new();
    for proof in proven.proofs.iter().filter(|proof| !proof.holds()) {
        let _infallible = writeln!(out, "\n  ✗ {}: {}", proof.fault.name, proof.fault.says);
        for kill in proof.kills.iter().filter(|kill| !kill.holds()) {
            let _infallible = writeln!(
                out,
                "    {} should fail with {:?}; it is {}: {}",
                kill.case, kill.wanted, kill.result.verdict, kill.result.reason
            );
        }
        for hurt in &proof.collateral {
            let _infallible = writeln!(
                out,
                "    {} should be as it was; it is {}: {}",
                hurt.case, hurt.verdict, hurt.reason
            );
        }
    }
    out
}

fn summary(proven: &Proven, catalogue: &Catalogue, whole: bool) -> String {
    let killed = proven.proofs.iter().filter(|proof| proof.holds()).count();
    let mut out = format!(
        "\n  {killed} of {} faults are killed as they say\n  left out of collateral: {}\n",
        proven.proofs.len(),
        LEFT_OUT.join(", ")
    );
    if whole {
        let scored: BTreeSet<&str> = proven
            .proofs
            .iter()
            .filter(|proof| proof.holds())
            .flat_map(|proof| proof.fault.kills.iter().map(|(case, _)| *case))
            .collect();
        let all = catalogue.iter().map(|case| case.id.as_str());
        let candidates: Vec<&str> = all.filter(|case| !scored.contains(case)).collect();
        let list = match candidates.is_empty() {
            true => "none".to_owned(),
            false => candidates.join(", "),
        };
        let _infallible = writeln!(
            out,
            "  candidates, not scored (no fault kills them): {list}"
        );
    }
    out
}

/// One line for each fault, as `faults.jsonl`.
fn keep(proven: &Proven, out: &Path) -> Result<(), CommandError> {
    let lines: Vec<String> = proven
        .proofs
        .iter()
        .map(|it| line(it).to_string())
        .collect();
    let written = fs::create_dir_all(out)
        .and_then(|()| fs::write(out.join("faults.jsonl"), lines.join("\n") + "\n"));
    written.map_err(|why| CommandError::kit(format!("cannot write the results: {why}")))
}

fn line(proof: &Proof) -> Value {
    let kills = proof.kills.iter().map(|kill| {
        json!({
            "case": kill.case,
            "requirements": kill.result.requirements,
            "verdict": kill.result.verdict,
            "expected": kill.wanted,
            "reason": kill.result.reason,
        })
    });
    let collateral = proof
        .collateral
        .iter()
        .map(|hurt| json!({ "case": hurt.case, "verdict": hurt.verdict, "reason": hurt.reason }));
    json!({
        "fault": proof.fault.name,
        "says": proof.fault.says,
        "seam": proof.fault.defect.seam(),
        "holds": proof.holds(),
        "kills": kills.collect::<Vec<_>>(),
        "collateral": collateral.collect::<Vec<_>>(),
        "allowed": proof.fault.also,
    })
}
