//! The report as one HTML file: no network, no other file, light or dark as the reader's system is.
//!
//! askama escapes whatever a peer sent. The few lines of script only hide and show cases; without
//! them everything is there.

use std::collections::BTreeMap;

use askama::Template;

use crate::results::{CaseResult, FaultResult, Results};
use crate::transcript::{Line, LineKind};
use crate::verdict::{Exit, Verdict};

use super::coverage::{Covered, Flipped, astray, because, coverage, flipped};
use super::terminal::family_name;
use super::terminal_faults::family;
use super::{duration, sentence};

/// The report as HTML.
///
/// # Errors
/// A sentence, if the page cannot be written.
pub fn html(results: &Results) -> Result<String, String> {
    let exit = results.summary.as_ref().map(|summary| summary.exit);
    let page = Page {
        results,
        sentence: sentence(results),
        mood: match exit {
            Some(Exit::Conformant) => "good",
            Some(Exit::Untested) => "middling",
            _ => "bad",
        },
        took: duration(results.summary.as_ref().map_or(0, |summary| summary.millis)),
        checks: results.summary.as_ref().map_or(0, |summary| summary.checks),
        filters: filters(results),
        broken: broken(&results.cases),
        families: families(&results.cases),
        kinds: kinds(&results.faults),
        covered: coverage(results),
    };
    page.render().map_err(|why| why.to_string())
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    results: &'a Results,
    sentence: String,
    mood: &'static str,
    took: String,
    checks: u64,
    filters: Vec<Filter>,
    broken: Vec<&'a CaseResult>,
    families: Vec<Family<'a>>,
    kinds: Vec<Kind<'a>>,
    covered: Vec<Covered>,
}

/// The faults that break requirements of one family.
struct Kind<'a> {
    word: &'a str,
    name: &'static str,
    faults: Vec<&'a FaultResult>,
}

/// One verdict that occurs, and how often.
struct Filter {
    verdict: Verdict,
    count: usize,
}

struct Family<'a> {
    word: &'a str,
    name: &'static str,
    checks: u32,
    cases: Vec<&'a CaseResult>,
}

/// What has to be repaired, named at the top.
fn broken(cases: &[CaseResult]) -> Vec<&CaseResult> {
    let broken = cases.iter().filter(|case| class(&case.verdict) == "fail");
    broken.collect()
}

fn filters(results: &Results) -> Vec<Filter> {
    let count = |verdict| {
        results
            .cases
            .iter()
            .filter(|case| case.verdict == verdict)
            .count()
    };
    Verdict::ALL
        .into_iter()
        .map(|verdict| Filter {
            verdict,
            count: count(verdict),
        })
        .filter(|filter| filter.count > 0)
        .collect()
}

fn families(cases: &[CaseResult]) -> Vec<Family<'_>> {
    let mut families: BTreeMap<&str, Vec<&CaseResult>> = BTreeMap::new();
    for case in cases {
        families.entry(case.case.family()).or_default().push(case);
    }
    families
        .into_iter()
        .map(|(word, mut cases)| {
            cases.sort_by(|a, b| b.verdict.cmp(&a.verdict).then_with(|| a.case.cmp(&b.case)));
            Family {
                word,
                name: family_name(word),
                checks: cases.iter().map(|case| case.checks).sum(),
                cases,
            }
        })
        .collect()
}

fn kinds(faults: &[FaultResult]) -> Vec<Kind<'_>> {
    let mut kinds: BTreeMap<&str, Vec<&FaultResult>> = BTreeMap::new();
    for fault in faults {
        kinds.entry(family(fault)).or_default().push(fault);
    }
    let kinds = kinds.into_iter().map(|(word, mut faults)| {
        faults.sort_by_key(|fault| fault.killed);
        Kind {
            word,
            name: family_name(word),
            faults,
        }
    });
    kinds.collect()
}

/// A transcript, as far as the page shows it.
struct Talk<'a> {
    lines: Vec<&'a Line>,
    /// Before which of them lines are left out; past the end where none are.
    gap_at: usize,
    skipped: usize,
}

/// The beginning and the end of what was said: where a case repeats itself, the middle is alike.
fn talk(case: &CaseResult) -> Talk<'_> {
    let all = &case.transcript;
    let skipped = all.len().saturating_sub(TALK_HEAD + TALK_TAIL);
    let gap_at = if skipped == 0 { all.len() } else { TALK_HEAD };
    let (head, tail) = all.split_at(gap_at);
    Talk {
        lines: head.iter().chain(tail.iter().skip(skipped)).collect(),
        gap_at,
        skipped,
    }
}

/// What travelled, as far as the page shows it: a page of megabytes is opened by nobody twice.
fn shown(case: &CaseResult, line: &Line) -> Option<String> {
    let wire = line.wire.as_ref()?;
    let most = match class(&case.verdict) {
        "pass" => WIRE_OF_A_PASS,
        _ => WIRE,
    };
    let mut shown: String = wire.chars().take(most).collect();
    if shown.len() < wire.len() {
        shown.push_str("\n…");
    }
    Some(shown)
}

/// The class of a verdict on the page.
const fn class(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail | Verdict::UnexpectedPass | Verdict::Error => "fail",
        Verdict::Warn | Verdict::Untested | Verdict::ExpectedFail => "warn",
        Verdict::NotApplicable => "na",
    }
}

/// The mark before a line of a transcript.
const fn mark(kind: &LineKind) -> &'static str {
    match kind {
        LineKind::Sent => "→",
        LineKind::Received => "←",
        LineKind::Done => "⚙",
        LineKind::Held => "✓",
        LineKind::Broken => "✗",
        LineKind::Note => "¶",
    }
}

/// The class of a line of a transcript.
const fn line_class(kind: &LineKind) -> &'static str {
    match kind {
        LineKind::Sent => "sent",
        LineKind::Received => "received",
        LineKind::Done => "done",
        LineKind::Held => "held",
        LineKind::Broken => "broken",
        LineKind::Note => "note",
    }
}

/// How many characters of a message the page shows where all is well.
const WIRE_OF_A_PASS: usize = 900;
/// How many where it is not: a message of a whole site, nearly.
const WIRE: usize = 16_000;
/// Lines of a transcript that the page shows from its beginning.
const TALK_HEAD: usize = 60;
/// Lines of a transcript that the page shows from its end.
const TALK_TAIL: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Role;
    use crate::profile::Profile;
    use crate::run::Plan;

    fn results(transcript: Vec<Line>) -> Results {
        let profile = Profile::bundled(Role::Server);
        let plan = Plan {
            cases: Vec::new(),
            profile: &profile,
            seed: 1,
            partial: false,
            accept_untested: false,
            line: "inside".to_owned(),
        };
        let mut results = plan.begin(Role::Server).end();
        results.cases.push(CaseResult {
            case: "server/ENR/hostile".parse().expect("an id"),
            title: "A peer that writes <script>alert(1)</script>".to_owned(),
            requirements: vec!["ENR-001".to_owned()],
            verdict: Verdict::Pass,
            reason: String::new(),
            expected: String::new(),
            actual: String::new(),
            why: String::new(),
            checks: 1,
            millis: 1,
            transcript,
            again: String::new(),
        });
        results
    }

    fn line(text: String) -> Line {
        Line {
            kind: LineKind::Received,
            wire: Some(text.repeat(1_000)),
            text,
        }
    }

    #[test]
    fn what_a_peer_sent_stays_text() {
        let page = html(&results(vec![line("<img src=x>".to_owned())])).expect("a page");
        assert!(!page.contains("<img") && !page.contains("<script>alert"));
    }

    #[test]
    fn a_case_that_repeats_itself_is_shown_by_its_ends() {
        let lines = (0..1_000).map(|n| line(format!("message {n};")));
        let page = html(&results(lines.collect())).expect("a page");
        assert!(page.contains("message 0;") && page.contains("message 999;"));
        assert!(!page.contains("message 500;"));
        assert!(page.contains("910 lines more"), "the gap is named");
        assert!(page.len() < 200_000, "{} bytes", page.len());
    }
}
