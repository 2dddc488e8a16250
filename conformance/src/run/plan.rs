//! A run: the order of its cases, what is expected to fail, and what it all amounts to.

use std::time::Instant;

use restante_core::Seed;
use restante_crypto::RingCrypto;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::case::{Case, Role};
use crate::profile::{ExpectedFailure, Profile};
use crate::results::{CaseResult, FORMAT, Header, Results, Summary};
use crate::verdict::{Tally, Verdict};

/// What is run, and how.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// The cases, in the order in which they run.
    pub cases: Vec<&'a Case>,
    /// What the vendor declares.
    pub profile: &'a Profile,
    /// From which the order and every drawn value come.
    pub seed: u64,
    /// Whether a filter left out cases.
    pub partial: bool,
    /// Whether untested MUSTs are accepted.
    pub accept_untested: bool,
    /// The line's name, for the report.
    pub line: String,
}

impl<'a> Plan<'a> {
    /// Shuffles the cases by the seed, so that none can lean on another.
    #[must_use]
    pub fn shuffled(mut self) -> Self {
        let mut bytes = [0; 32];
        bytes
            .iter_mut()
            .zip(self.seed.to_be_bytes())
            .for_each(|(to, from)| *to = from);
        let seed = Seed::new(bytes);
        for last in (1..self.cases.len()).rev() {
            let other = seed.draw_below(&RingCrypto, &format!("order {last}"), last as u64 + 1);
            self.cases
                .swap(last, usize::try_from(other).unwrap_or(last));
        }
        self
    }

    /// Begins a run.
    #[must_use]
    pub fn begin(&self, role: Role) -> Run<'a> {
        Run {
            header: Header {
                format: FORMAT,
                kit: env!("CARGO_PKG_VERSION").to_owned(),
                spec: self.profile.spec,
                role,
                product: self.profile.product.clone(),
                profile: self.profile.hash(),
                control: self.profile.control,
                line: self.line.clone(),
                seed: self.seed,
                partial: self.partial,
                began: OffsetDateTime::now_utc()
                    .truncate_to_second()
                    .format(&Rfc3339)
                    .unwrap_or_default(),
            },
            profile: self.profile,
            accept_untested: self.accept_untested,
            began: Instant::now(),
            cases: Vec::new(),
            tally: Tally::default(),
        }
    }
}

/// A run that has begun.
#[derive(Debug)]
pub struct Run<'a> {
    header: Header,
    profile: &'a Profile,
    accept_untested: bool,
    began: Instant,
    cases: Vec<CaseResult>,
    tally: Tally,
}

impl Run<'_> {
    /// Takes in what became of one case. The result as the report will show it.
    pub fn take(&mut self, case: &Case, mut result: CaseResult, is_must: bool) -> &CaseResult {
        if !is_must && result.verdict == Verdict::Fail {
            result.verdict = Verdict::Warn;
        }
        if let Some(expected) = self.expected(case) {
            let (verdict, reason) = (result.verdict, expected.reason.clone());
            match verdict {
                Verdict::Fail => {
                    result.verdict = Verdict::ExpectedFail;
                    result.reason = format!("known: {reason}; {}", result.reason);
                }
                Verdict::Pass => {
                    result.verdict = Verdict::UnexpectedPass;
                    result.reason =
                        format!("the profile expects it to fail ({reason}); take that out");
                }
                _ => {}
            }
        }
        self.tally.add(result.verdict);
        if result.verdict == Verdict::Untested && is_must {
            self.tally.untested_musts += 1;
        }
        self.cases.push(result);
        &self.cases[self.cases.len() - 1]
    }

    /// How the run stands.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Ends the run.
    #[must_use]
    pub fn end(mut self) -> Results {
        let stale = self.stale();
        self.tally.stale = stale.len();
        let exit = self.tally.exit(self.accept_untested);
        let checks = self.cases.iter().map(|case| u64::from(case.checks)).sum();
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let summary = Summary::new(&self.tally, exit, checks, stale, millis);
        Results {
            header: self.header,
            cases: self.cases,
            faults: Vec::new(),
            summary: Some(summary),
        }
    }

    fn expected(&self, case: &Case) -> Option<&ExpectedFailure> {
        let mut all = self.profile.expected_failure.iter();
        all.find(|expected| expected.case == case.id)
    }

    /// Expected failures of which a whole run has seen nothing.
    fn stale(&self) -> Vec<String> {
        if self.header.partial {
            return Vec::new();
        }
        let ran = |expected: &&ExpectedFailure| {
            !self.cases.iter().any(|result| result.case == expected.case)
        };
        let missing = self.profile.expected_failure.iter().filter(ran);
        missing
            .map(|expected| {
                format!(
                    "the profile expects {} to fail, and no such case ran",
                    expected.case
                )
            })
            .collect()
    }
}
