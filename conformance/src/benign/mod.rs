//! Benign variants: oddities that the specification allows, under which every case has to stay
//! green.
//!
//! A variant changes how messages travel and nothing of what they mean, in the kit's requests, in
//! the center's responses, or in both. A case that fails under one asks for more than the
//! specification does. What is no JSON of an ordinary size is left as it is: cases about bytes mean
//! the bytes that they send.

mod json;
mod variants;

use crate::bundled::{InsideCenter, core_center};
use crate::case::{CaseId, Catalogue, Role};
use crate::faults::{FaultyLine, Wire};
use crate::profile::Profile;
use crate::run::{Circumstances, run_case};
use crate::verdict::Verdict;

pub use variants::VARIANTS;

/// One oddity.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// What it is called.
    pub name: &'static str,
    /// What is odd, in a sentence.
    pub says: &'static str,
    /// What it does.
    pub oddity: Oddity,
}

/// What is odd.
#[derive(Clone, Copy, Debug)]
pub enum Oddity {
    /// How messages are written.
    Wire(Wire),
    /// Each poll comes twice, and the second answer counts.
    PollsTwice,
    /// Time passes in uneven steps.
    UnevenTime,
}

/// What became of the cases under one variant.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The variant.
    pub variant: &'static Variant,
    /// How many cases passed.
    pub passed: usize,
    /// Cases that did not, with their reasons.
    pub red: Vec<(CaseId, Verdict, String)>,
}

impl Outcome {
    /// Whether all cases that were tried passed.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.passed > 0 && self.red.is_empty()
    }
}

/// Runs all server cases under a variant, inside this process.
///
/// # Errors
/// A sentence, if the kit's own center fails.
pub async fn try_out(
    variant: &'static Variant,
    catalogue: &Catalogue,
    seed: u64,
) -> Result<Outcome, String> {
    let center = InsideCenter::deciding(core_center(seed));
    let profile = Profile::bundled(Role::Server);
    let around = Circumstances {
        profile: &profile,
        seed,
        again: "restante-conformance self-test --benign",
    };
    let mut outcome = Outcome {
        variant,
        passed: 0,
        red: Vec::new(),
    };
    for case in catalogue.of_role(Role::Server) {
        let mut target = center.target(seed, case.id.as_str()).await?;
        match variant.oddity {
            Oddity::Wire(wire) => target.line = Box::new(FaultyLine::new(target.line, wire)),
            Oddity::PollsTwice => target.line = Box::new(variants::Twice(target.line)),
            Oddity::UnevenTime => {
                target.time = target
                    .time
                    .map(|time| Box::new(variants::Uneven(time)) as _);
            }
        }
        let result = run_case(case, &target, None, around).await;
        match result.verdict {
            Verdict::Pass => outcome.passed += 1,
            Verdict::Untested => {}
            verdict => outcome.red.push((result.case, verdict, result.reason)),
        }
    }
    Ok(outcome)
}
