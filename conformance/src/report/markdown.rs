//! The report as Markdown, for a pull request or a release page, and as a badge.

use std::fmt::Write as _;

use crate::results::Results;
use crate::verdict::{Exit, Verdict};

use super::coverage::{astray, because, coverage, flipped};
use super::sentence;

/// The report as Markdown.
#[must_use]
pub fn markdown(results: &Results) -> String {
    let header = &results.header;
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _written = writeln!(out, "## Restante conformance: {}\n", header.role);
    let _written = writeln!(out, "**{}**\n", sentence(results));
    let _written = writeln!(
        out,
        "Specification {}, kit {}, line `{}`, profile `{}`, control {}, seed {}.\n",
        header.spec,
        header.kit,
        header.line,
        header.profile,
        header.control.word(),
        header.seed
    );
    let _written = writeln!(out, "| verdict | case | reason |\n|---|---|---|");
    for case in results
        .cases
        .iter()
        .filter(|case| case.verdict != Verdict::Pass)
    {
        let reason = case.reason.replace('|', "\\|").replace('\n', " ");
        let _written = writeln!(out, "| {} | `{}` | {reason} |", case.verdict, case.case);
    }
    let passed = results
        .cases
        .iter()
        .filter(|case| case.verdict == Verdict::Pass)
        .count();
    let _written = writeln!(out, "| pass | {passed} cases | |");
    faults(results, &mut out);
    out
}

/// The faults, and what they leave uncovered.
fn faults(results: &Results, out: &mut String) {
    if results.faults.is_empty() {
        return;
    }
    let _written = writeln!(
        out,
        "\n| | fault | killed by | because |\n|---|---|---|---|"
    );
    for fault in &results.faults {
        let mark = if fault.killed { "✓" } else { "✗" };
        let killers: Vec<String> = fault
            .kills
            .iter()
            .map(|it| format!("`{}`", it.case))
            .collect();
        let why = match fault.killed {
            true => because(fault).to_owned(),
            false => astray(fault).join("; "),
        };
        let why = why.replace('|', "\\|").replace('\n', " ");
        let killers = killers.join(", ");
        let _written = writeln!(out, "| {mark} | {} | {killers} | {why} |", fault.says);
    }
    let covered = coverage(results);
    let (by, all) = (flipped(&covered), covered.len());
    let _written = writeln!(out, "\nA fault turns over {by} of {all} requirements.");
}

/// A badge in the form that badge servers read (an "endpoint" of shields.io).
#[must_use]
pub fn badge(results: &Results) -> String {
    let exit = results.summary.as_ref().map(|summary| summary.exit);
    let untested = results
        .summary
        .as_ref()
        .map_or(0, |summary| summary.untested_musts);
    let (message, colour) = match exit {
        Some(Exit::Conformant) if results.header.partial => ("partial run".to_owned(), "grey"),
        Some(Exit::Conformant) if untested > 0 => (
            format!("conforms, {untested} MUSTs untested"),
            "yellowgreen",
        ),
        Some(Exit::Conformant) => ("conforms".to_owned(), "brightgreen"),
        Some(Exit::NotConformant) => ("does not conform".to_owned(), "red"),
        Some(Exit::Untested) => ("untested".to_owned(), "yellow"),
        Some(Exit::Usage | Exit::KitError) | None => ("no verdict".to_owned(), "lightgrey"),
    };
    let label = format!("Restante {} {}", results.header.spec, results.header.role);
    serde_json::json!({
        "schemaVersion": 1,
        "label": label,
        "message": message,
        "color": colour,
    })
    .to_string()
}
