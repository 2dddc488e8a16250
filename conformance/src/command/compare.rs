//! `diff` and `replay`: what has changed between two runs, and what was said in one, or is said
//! when its cases run once more.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

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
    /// Run these cases once more, each with the seed that it had, instead of showing what was said.
    #[arg(long)]
    again: bool,
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
    if arguments.again {
        return run_again(&cases, &arguments.run);
    }
    for case in &cases {
        show(case, arguments.wire);
    }
    println!("{} of {} cases shown", cases.len(), results.cases.len());
    Ok(Exit::Conformant)
}

/// Runs the cases by the command lines that their results hold. The worst exit sticks.
fn run_again(cases: &[&CaseResult], run: &Path) -> Result<Exit, CommandError> {
    let kit = std::env::current_exe().map_err(CommandError::kit)?;
    let folder = if run.is_dir() {
        run
    } else {
        run.parent().unwrap_or(run)
    };
    let mut worst = None;
    for case in cases {
        let words = words(&case.again);
        let foreign = || {
            CommandError::usage(format!(
                "{} is not run from here, since its results may be somebody else's and name a \
                 program; run it yourself: {}",
                case.case, case.again
            ))
        };
        let [first, arguments @ ..] = words.as_slice() else {
            return Err(foreign());
        };
        if first != "restante-conformance" || words.iter().any(|word| word.starts_with("--hook")) {
            return Err(foreign());
        }
        println!("{} was {}; again:", case.case, case.verdict);
        let status = Command::new(&kit)
            .args(arguments)
            .args(["--quiet", "--out"])
            .arg(folder.join("again"))
            .status()
            .map_err(CommandError::kit)?;
        let exit = Exit::of_code(status.code());
        worst = Some(worst.map_or(exit, |worst: Exit| worst.worst(exit)));
    }
    worst.ok_or_else(|| CommandError::usage("there is nothing to run again: every case passed"))
}

/// A command line as words. Nothing but quotes has a meaning: no shell ever sees it.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    let mut symbols = line.chars();
    while let Some(symbol) = symbols.next() {
        match symbol {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            '\\' if !quoted => word.get_or_insert_default().extend(symbols.next()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
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

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(
            words("kit  --ca 'my ca.pem' x"),
            ["kit", "--ca", "my ca.pem", "x"]
        );
        assert_eq!(words(r"'it'\''s' ''"), ["it's", ""]);
        assert_eq!(words("a;b $(c)"), ["a;b", "$(c)"]);
    }
}
