//! The report at a terminal: a table of families, then what failed and why, then one sentence.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::results::{CaseResult, Results};
use crate::verdict::{Exit, Verdict};

use super::{duration, sentence};

/// The report as text; with colours where `colour` is set.
#[must_use]
pub fn terminal(results: &Results, colour: bool) -> String {
    let mut report = Terminal {
        out: String::new(),
        colour,
    };
    report.header(results);
    report.families(&results.cases);
    for verdict in [
        Verdict::Error,
        Verdict::Fail,
        Verdict::UnexpectedPass,
        Verdict::Warn,
    ] {
        let with = results.cases.iter().filter(|case| case.verdict == verdict);
        with.for_each(|case| report.case(case));
    }
    report.untested(&results.cases);
    report.faults(results);
    report.end(results);
    report.out
}

pub(super) struct Terminal {
    out: String,
    colour: bool,
}

impl Terminal {
    fn header(&mut self, results: &Results) {
        let header = &results.header;
        let title = self.bold(&format!("Restante conformance · {}", header.role));
        self.line(&format!("\n  {title}"));
        let product = [
            &header.product.vendor,
            &header.product.name,
            &header.product.version,
        ];
        let product: Vec<&str> = product
            .into_iter()
            .map(String::as_str)
            .filter(|text| !text.is_empty())
            .collect();
        let facts = [
            product.join(" "),
            format!("spec {}", header.spec),
            format!("kit {}", header.kit),
            header.line.clone(),
            format!("seed {}", header.seed),
        ];
        let facts: Vec<String> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
        let facts = self.dim(&facts.join(" · "));
        self.line(&format!("  {facts}\n"));
    }

    fn families(&mut self, cases: &[CaseResult]) {
        let mut families: BTreeMap<&str, Vec<&CaseResult>> = BTreeMap::new();
        for case in cases {
            families.entry(case.case.family()).or_default().push(case);
        }
        for (family, cases) in families {
            let dots: String = cases.iter().map(|case| self.dot(case.verdict)).collect();
            let checks: u32 = cases.iter().map(|case| case.checks).sum();
            let counts = self.dim(&format!("{:>3} cases {checks:>4} checks", cases.len()));
            self.line(&format!(
                "  {family:<5}{:<26}{counts}  {dots}",
                family_name(family)
            ));
        }
        self.line("");
    }

    fn case(&mut self, case: &CaseResult) {
        let symbol = self.dot(case.verdict);
        let id = self.bold(case.case.as_str());
        let cites = self.dim(&case.requirements.join(" "));
        self.line(&format!("  {symbol} {id}  {cites}"));
        self.line(&format!("    should hold   {}", case.title));
        self.line(&format!(
            "    but           {}",
            self.coloured(case.verdict, &case.reason)
        ));
        if !case.why.is_empty() {
            self.line(&format!("    look at       {}", case.why));
        }
        self.line(&format!("    run it again  {}\n", self.dim(&case.again)));
    }

    fn untested(&mut self, cases: &[CaseResult]) {
        let mut reasons: BTreeMap<&str, Vec<&CaseResult>> = BTreeMap::new();
        let untested = cases
            .iter()
            .filter(|case| case.verdict == Verdict::Untested);
        for case in untested {
            reasons.entry(case.reason.as_str()).or_default().push(case);
        }
        for (reason, cases) in reasons {
            let symbol = self.dot(Verdict::Untested);
            self.line(&format!("  {symbol} {} untested: {reason}", cases.len()));
            for case in cases.iter().take(UNTESTED_NAMED) {
                let id = self.dim(case.case.as_str());
                self.line(&format!("      {id}"));
            }
            if let Some(more) = cases.len().checked_sub(UNTESTED_NAMED).filter(|n| *n > 0) {
                self.line(&self.dim(&format!("      and {more} more, in the report")));
            }
        }
    }

    fn end(&mut self, results: &Results) {
        let verdict = match results.summary.as_ref().map(|summary| summary.exit) {
            Some(Exit::Conformant) => Verdict::Pass,
            Some(Exit::Untested) => Verdict::Untested,
            _ => Verdict::Fail,
        };
        let text = self.bold(&self.coloured(verdict, &sentence(results)));
        self.line(&format!("  {text}"));
        if let Some(summary) = &results.summary {
            for stale in &summary.stale {
                self.line(&format!("  {stale}"));
            }
            let facts = format!("{} checks in {}", summary.checks, duration(summary.millis));
            let facts = self.dim(&facts);
            self.line(&format!("  {facts}"));
        }
    }

    pub(super) fn dot(&self, verdict: Verdict) -> String {
        self.coloured(verdict, &verdict.symbol().to_string())
    }

    pub(super) fn coloured(&self, verdict: Verdict, text: &str) -> String {
        let code = match verdict {
            Verdict::Pass => "32",
            Verdict::Fail | Verdict::UnexpectedPass | Verdict::Error => "31",
            Verdict::Warn | Verdict::Untested | Verdict::ExpectedFail => "33",
            Verdict::NotApplicable => "2",
        };
        self.paint(code, text)
    }

    pub(super) fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(super) fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    pub(super) fn line(&mut self, text: &str) {
        // Writing to a String cannot fail.
        let _written = writeln!(self.out, "{text}");
    }
}

/// How many untested cases are named for each reason.
const UNTESTED_NAMED: usize = 5;

/// What a family of requirements is about.
pub(super) fn family_name(family: &str) -> &'static str {
    match family {
        "MSG" => "every message",
        "MOD" => "customers and devices",
        "COD" => "access codes",
        "ENR" => "enrolment",
        "STA" => "running status",
        "MBX" => "mailboxes",
        "SVC" => "services",
        "POL" => "poll requests",
        "PRV" => "provider's server",
        "MAIL" => "registering by mail",
        "ERR" => "refusals",
        "HTTP" => "HTTP binding",
        "SITE" => "the site",
        "GWY" => "gateway",
        "SEC" => "security",
        "SCN" => "scenarios",
        _ => "",
    }
}
