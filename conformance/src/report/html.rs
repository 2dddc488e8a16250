//! The report as one HTML file: no network, no other file, light or dark as the reader's system is.
//!
//! askama escapes whatever a peer sent. The few lines of script only hide and show cases; without
//! them everything is there.

use std::collections::BTreeMap;

use askama::Template;

use crate::results::{CaseResult, Results};
use crate::transcript::LineKind;
use crate::verdict::{Exit, Verdict};

use super::terminal::family_name;
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
        families: families(&results.cases),
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
    families: Vec<Family<'a>>,
}

/// One verdict that occurs, and how often.
struct Filter {
    verdict: Verdict,
    count: usize,
}

struct Family<'a> {
    word: &'a str,
    name: &'static str,
    cases: Vec<&'a CaseResult>,
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
            let name = family_name(word);
            Family { word, name, cases }
        })
        .collect()
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
