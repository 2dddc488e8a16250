//! `diff` and `replay`: what has changed between two runs, and what was said in one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::case::CaseId;
use crate::results::{CaseResult, Results, read};
use crate::transcript::LineKind;
use crate::verdict::{Exit, Verdict};

use super::CommandError;

#[derive(Debug, Args)]
pub(super) struct ReplayArguments {
    /// The folder or results.jsonl of the run.
    run: PathBuf,
    /// Only this case; all that did not pass otherwise.
    case: Option<CaseId>,
    /// Also what travelled, in the binding's own terms.
    #[arg(long)]
    wire: bool,
}

/// Exit 1 where a case is worse than before, or is missing.
pub(super) fn diff(before: &Path, after: &Path) -> Result<Exit, CommandError> {
    let (before, after) = (read(before)?, read(after)?);
    let (old, new) = (verdicts(&before), verdicts(&after));
    let (mut worse, mut changed) = (0, 0);
    for (case, was) in &old {
        match new.get(case) {
            None => {
                println!("{was:<9} -> missing   {case}");
                worse += 1;
            }
            Some(is) if is != was => {
                println!("{was:<9} -> {is:<9} {case}");
                changed += 1;
                worse += usize::from(is > was);
            }
            Some(_) => {}
        }
    }
    for (case, is) in new.iter().filter(|(case, _)| !old.contains_key(*case)) {
        println!("new       -> {is:<9} {case}");
        changed += 1;
    }
    println!("{changed} changed, {worse} worse or missing");
    Ok(if worse > 0 {
        Exit::NotConformant
    } else {
        Exit::Conformant
    })
}

pub(super) fn replay(arguments: &ReplayArguments) -> Result<Exit, CommandError> {
    let results = read(&arguments.run)?;
    let wanted = |case: &&CaseResult| match &arguments.case {
        Some(id) => case.case == *id,
        None => case.verdict != Verdict::Pass,
    };
    let cases: Vec<&CaseResult> = results.cases.iter().filter(wanted).collect();
    if let (Some(id), true) = (&arguments.case, cases.is_empty()) {
        return Err(CommandError::usage(format!("the run has no case {id}")));
    }
    for case in &cases {
        show(case, arguments.wire);
    }
    println!("{} of {} cases shown", cases.len(), results.cases.len());
    Ok(Exit::Conformant)
}

fn verdicts(results: &Results) -> BTreeMap<&CaseId, Verdict> {
    results
        .cases
        .iter()
        .map(|case| (&case.case, case.verdict))
        .collect()
}

fn show(case: &CaseResult, wire: bool) {
    println!("{} {}: {}", case.verdict.symbol(), case.case, case.title);
    for line in &case.transcript {
        let mark = match line.kind {
            LineKind::Sent => "->",
            LineKind::Received => "<-",
            LineKind::Done => "**",
            LineKind::Held => "ok",
            LineKind::Broken => "NO",
            LineKind::Note => "  ",
        };
        println!("  {mark} {}", line.text);
        if let (true, Some(text)) = (wire, &line.wire) {
            text.lines().for_each(|line| println!("       | {line}"));
        }
    }
    if !case.reason.is_empty() {
        println!("  {}", case.reason);
    }
    println!();
}
