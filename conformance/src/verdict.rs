//! Verdicts, and what a run as a whole amounts to.
//!
//! The worst sticks. Nothing but checks that were really made can make a run pass: a run of no
//! case, a case of no check and a defect of the kit itself are errors, never a pass.

use serde::{Deserialize, Serialize};

/// What became of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// All checks held.
    #[serde(rename = "pass")]
    Pass,
    /// The case does not apply: the profile does not declare its feature.
    #[serde(rename = "n/a")]
    NotApplicable,
    /// It failed, as the profile says it would.
    #[serde(rename = "xfail")]
    ExpectedFail,
    /// A SHOULD does not hold.
    #[serde(rename = "warn")]
    Warn,
    /// The kit has too little control to try it.
    #[serde(rename = "untested")]
    Untested,
    /// It passed although the profile says it would fail.
    #[serde(rename = "xpass")]
    UnexpectedPass,
    /// A MUST does not hold.
    #[serde(rename = "fail")]
    Fail,
    /// The kit could not find out, through a fault of its own or because the target went away.
    #[serde(rename = "error")]
    Error,
}

impl Verdict {
    /// All of them, from the best to the worst.
    pub const ALL: [Self; 8] = [
        Self::Pass,
        Self::NotApplicable,
        Self::ExpectedFail,
        Self::Warn,
        Self::Untested,
        Self::UnexpectedPass,
        Self::Fail,
        Self::Error,
    ];

    /// The word in results and reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::NotApplicable => "n/a",
            Self::ExpectedFail => "xfail",
            Self::Warn => "warn",
            Self::Untested => "untested",
            Self::UnexpectedPass => "xpass",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }

    /// One symbol for a terminal.
    #[must_use]
    pub const fn symbol(self) -> char {
        match self {
            Self::Pass => '✓',
            Self::NotApplicable => '·',
            Self::ExpectedFail => '≈',
            Self::Warn => '!',
            Self::Untested => '?',
            Self::UnexpectedPass | Self::Fail => '✗',
            Self::Error => '‼',
        }
    }
}

impl core::fmt::Display for Verdict {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.word())
    }
}

/// What the process tells its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// The party under test conforms.
    Conformant,
    /// It does not, or an expected failure no longer is one.
    NotConformant,
    /// The command line, the profile or a pattern is wrong.
    Usage,
    /// The kit failed, or no case ran.
    KitError,
    /// Nothing failed, but a MUST could not be tested.
    Untested,
}

impl Exit {
    /// The exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Conformant => 0,
            Self::NotConformant => 1,
            Self::Usage => 2,
            Self::KitError => 3,
            Self::Untested => 4,
        }
    }

    /// What a process of the kit that ended so has told; one that was killed could not tell.
    #[must_use]
    pub const fn of_code(code: Option<i32>) -> Self {
        match code {
            Some(0) => Self::Conformant,
            Some(1) => Self::NotConformant,
            Some(2) => Self::Usage,
            Some(4) => Self::Untested,
            _ => Self::KitError,
        }
    }

    /// What several runs amount to together: the worst sticks. A kit that could not tell is worse
    /// than a party that fails, and that is worse than one that was not tested enough.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        let weight = |exit| match exit {
            Self::Conformant => 0,
            Self::Untested => 1,
            Self::NotConformant => 2,
            Self::KitError => 3,
            Self::Usage => 4,
        };
        std::cmp::max_by_key(self, other, |exit| weight(*exit))
    }
}

/// What decides about a whole run.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: [usize; Verdict::ALL.len()],
    /// Cases that could not be tried and carry a MUST.
    pub untested_musts: usize,
    /// Expected failures of the profile that no longer fit: unknown cases, or cases that pass.
    pub stale: usize,
}

impl Tally {
    /// Counts one verdict.
    pub fn add(&mut self, verdict: Verdict) {
        self.counts[verdict as usize] += 1;
    }

    /// How many cases got this verdict.
    #[must_use]
    pub fn of(&self, verdict: Verdict) -> usize {
        self.counts[verdict as usize]
    }

    /// How many cases there are.
    #[must_use]
    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    /// How many cases were really tried.
    #[must_use]
    pub fn tried(&self) -> usize {
        let tried = [
            Verdict::Pass,
            Verdict::ExpectedFail,
            Verdict::Warn,
            Verdict::UnexpectedPass,
            Verdict::Fail,
        ];
        tried.into_iter().map(|verdict| self.of(verdict)).sum()
    }

    /// What the run amounts to.
    #[must_use]
    pub fn exit(&self, accept_untested: bool) -> Exit {
        if self.of(Verdict::Error) > 0 || self.tried() == 0 {
            Exit::KitError
        } else if self.of(Verdict::Fail) + self.of(Verdict::UnexpectedPass) + self.stale > 0 {
            Exit::NotConformant
        } else if self.untested_musts > 0 && !accept_untested {
            Exit::Untested
        } else {
            Exit::Conformant
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(verdicts: &[Verdict]) -> Tally {
        let mut tally = Tally::default();
        verdicts.iter().for_each(|verdict| tally.add(*verdict));
        tally
    }

    #[test]
    fn verdicts_stand_at_their_own_places() {
        for (at, verdict) in Verdict::ALL.into_iter().enumerate() {
            assert_eq!(verdict as usize, at);
        }
    }

    #[test]
    fn a_run_of_nothing_is_an_error() {
        assert_eq!(tally(&[]).exit(true), Exit::KitError);
        let skipped = tally(&[Verdict::NotApplicable, Verdict::Untested]);
        assert_eq!(skipped.exit(true), Exit::KitError);
    }

    #[test]
    fn the_worst_sticks() {
        use Verdict::{Error, ExpectedFail, Fail, Pass, UnexpectedPass, Warn};
        assert_eq!(
            tally(&[Pass, Warn, ExpectedFail]).exit(false),
            Exit::Conformant
        );
        assert_eq!(
            tally(&[Pass, UnexpectedPass]).exit(false),
            Exit::NotConformant
        );
        assert_eq!(tally(&[Pass, Fail]).exit(false), Exit::NotConformant);
        assert_eq!(tally(&[Pass, Fail, Error]).exit(false), Exit::KitError);
    }

    #[test]
    fn an_untested_must_has_to_be_accepted_aloud() {
        let mut untested = tally(&[Verdict::Pass, Verdict::Untested]);
        untested.untested_musts = 1;
        assert_eq!(untested.exit(false), Exit::Untested);
        assert_eq!(untested.exit(true), Exit::Conformant);
    }

    #[test]
    fn of_several_runs_the_worst_sticks_whatever_its_number() {
        use Exit::{Conformant, KitError, NotConformant, Untested};
        assert_eq!(NotConformant.worst(Untested), NotConformant);
        assert_eq!(Untested.worst(KitError), KitError);
        assert_eq!(Conformant.worst(Untested), Untested);
    }

    #[test]
    fn a_stale_expectation_fails_the_run() {
        let mut stale = tally(&[Verdict::Pass]);
        stale.stale = 1;
        assert_eq!(stale.exit(true), Exit::NotConformant);
    }
}
