//! Results: `results.jsonl`, the canonical record of a run, from which every report derives.
//!
//! The first line says what was run against what, then one line per case in the order in which they
//! ran, then one line per fault where faults were put in, then one line that sums up. A file
//! without its last line is a run that did not end, and no report calls it conformant.

mod fault;
mod file;

use serde::{Deserialize, Serialize};

use crate::case::{CaseId, Control, Role};
use crate::profile::Product;
use crate::transcript::Line;
use crate::verdict::{Exit, Tally, Verdict};

pub use fault::{CollateralResult, FaultResult, KillResult};
pub use file::{ResultsError, read, write};

/// What was run against what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// The version of this file's form.
    pub format: u32,
    /// The kit's version.
    pub kit: String,
    /// The version of the specification.
    pub spec: u32,
    /// Who was under test.
    pub role: Role,
    /// What it is.
    pub product: Product,
    /// Which profile: the hash of what it says.
    pub profile: String,
    /// How much control the kit had.
    pub control: Control,
    /// Over which line: `http https://…`, or `inside` for a run within the kit's own process.
    pub line: String,
    /// The number that every drawn value and the order of the cases come from.
    pub seed: u64,
    /// Whether cases were left out by a filter; such a run makes no claim.
    pub partial: bool,
    /// When it began, RFC 3339.
    pub began: String,
}

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseResult {
    /// Which case.
    pub case: CaseId,
    /// What holds where the party under test conforms.
    pub title: String,
    /// Which requirements it cites.
    pub requirements: Vec<String>,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, in one sentence; empty for a pass.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// For a failure: what was expected.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub expected: String,
    /// For a failure: what came instead.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub actual: String,
    /// What to look at, from the case.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// How many checks were really made.
    pub checks: u32,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// What was said. Empty for a case that was not tried.
    pub transcript: Vec<Line>,
    /// A command that runs it again.
    pub again: String,
}

/// What the run amounts to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// What the process told its caller.
    pub exit: Exit,
    /// How many cases got each verdict, in the order of [`Verdict::ALL`].
    pub counts: Vec<(Verdict, usize)>,
    /// How many checks were made.
    pub checks: u64,
    /// How many MUSTs went untested.
    pub untested_musts: usize,
    /// Expected failures that fit nothing any more, in a sentence each.
    pub stale: Vec<String>,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

impl Summary {
    /// Sums up a tally.
    #[must_use]
    pub fn new(tally: &Tally, exit: Exit, checks: u64, stale: Vec<String>, millis: u64) -> Self {
        Self {
            exit,
            counts: Verdict::ALL
                .into_iter()
                .map(|verdict| (verdict, tally.of(verdict)))
                .collect(),
            checks,
            untested_musts: tally.untested_musts,
            stale,
            millis,
        }
    }

    /// How many cases got this verdict.
    #[must_use]
    pub fn of(&self, verdict: Verdict) -> usize {
        let found = self.counts.iter().find(|(counted, _)| *counted == verdict);
        found.map_or(0, |(_, count)| *count)
    }

    /// How many cases there are.
    #[must_use]
    pub fn total(&self) -> usize {
        self.counts.iter().map(|(_, count)| count).sum()
    }
}

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// What was run against what.
    pub header: Header,
    /// What became of each case, in the order in which they ran.
    pub cases: Vec<CaseResult>,
    /// What became of each fault, where faults were put in to prove the cases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultResult>,
    /// What it amounts to; absent where the run did not end.
    pub summary: Option<Summary>,
}

/// The version of the file's form.
pub const FORMAT: u32 = 1;
