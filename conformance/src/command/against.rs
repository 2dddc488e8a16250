//! Running a plan against a center, and telling a person and a CI server what came of it.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::case::{Case, Catalogue, Selection};
use crate::hook::ChildHook;
use crate::profile::{Limits, Profile};
use crate::report::{Progress, terminal};
use crate::results::{CaseResult, Results, write};
use crate::run::{Circumstances, Party, Plan, Run, ServerTarget, run_case};
use crate::trace::Demands;
use crate::verdict::{Exit, Verdict};

use super::reports::write_reports;
use super::{CommandError, say};

/// What is asked of every run against a party that a vendor has.
#[derive(Debug, Args)]
pub(super) struct Asked {
    /// Only these cases or requirements; the run is then partial and makes no claim.
    pub(super) patterns: Vec<String>,
    /// What is tested and what it can do; `init` writes one.
    #[arg(long)]
    pub(super) profile: PathBuf,
    /// A program that does what the protocol does not: switches power, moves time, types codes.
    #[arg(long)]
    pub(super) hook: Option<String>,
    /// The number that drawn values and the order of cases come from.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Accept that MUSTs go untested; the report says so.
    #[arg(long)]
    pub(super) accept_untested: bool,
    /// Where results and reports go.
    #[arg(long, default_value = "conformance-results")]
    pub(super) out: PathBuf,
    /// Show no progress.
    #[arg(long)]
    pub(super) quiet: bool,
}

impl Asked {
    /// The cases of this role that are asked for, in an order of the seed's.
    pub(super) fn plan<'a>(
        &self,
        catalogue: &'a Catalogue,
        profile: &'a Profile,
        line: String,
    ) -> Result<Plan<'a>, CommandError> {
        let selection = Selection::new(self.patterns.clone());
        let plan = Plan {
            cases: selection.select(catalogue, profile.role)?,
            profile,
            seed: self.seed,
            partial: selection.is_partial(),
            accept_untested: self.accept_untested,
            line,
        };
        Ok(plan.shuffled())
    }
}

/// Runs a plan's cases against one center, in the plan's order.
///
/// A target that is gone ends the run, and so does one that takes the kit's people for strangers:
/// what is left would only say so again, and none of it may look as if it had been tried.
pub(super) async fn run_against(
    plan: &Plan<'_>,
    target: &ServerTarget,
    again: &str,
    quiet: bool,
) -> Results {
    let mut course = Course::begin(plan, again, quiet);
    for case in &plan.cases {
        course.begins(case);
        let result = run_case(case, target, None, course.around).await;
        if course.is_over_after(case, result) || target.tokens.operator.is_dead() {
            break;
        }
    }
    course.end()
}

/// What stands behind each case of a run against a party that dials the kit.
pub(super) trait Stage {
    /// Begins a new world for the next case: what carries the kit's messages, and the party.
    async fn set(
        &mut self,
        seed: u64,
        case: &Case,
    ) -> Result<(ServerTarget, &mut dyn Party), String>;
}

/// Runs a plan's cases on this stage, in the plan's order. A hook that is gone ends the run.
pub(super) async fn run_on(
    plan: &Plan<'_>,
    stage: &mut impl Stage,
    again: &str,
    quiet: bool,
) -> Result<Results, CommandError> {
    let mut course = Course::begin(plan, again, quiet);
    for case in &plan.cases {
        course.begins(case);
        let set = stage.set(plan.seed, case).await;
        let (target, party) = set.map_err(CommandError::kit)?;
        let result = run_case(case, &target, Some(party), course.around).await;
        if course.is_over_after(case, result) {
            break;
        }
    }
    Ok(course.end())
}

/// A run of a plan on its way: what has come of its cases, and what a person sees of it.
struct Course<'a> {
    demands: Demands,
    progress: Progress,
    run: Run<'a>,
    around: Circumstances<'a>,
}

impl<'a> Course<'a> {
    fn begin(plan: &Plan<'a>, again: &'a str, quiet: bool) -> Self {
        Self {
            demands: Demands::of_this_specification(),
            progress: Progress::new(plan.cases.len(), quiet),
            run: plan.begin(plan.profile.role),
            around: Circumstances {
                profile: plan.profile,
                seed: plan.seed,
                again,
            },
        }
    }

    fn begins(&self, case: &Case) {
        self.progress.begins(case.id.as_str());
    }

    /// Takes what came of a case; whether so many went wrong that the rest would tell nothing.
    fn is_over_after(&mut self, case: &Case, result: CaseResult) -> bool {
        let is_must = self.demands.is_must(case);
        self.progress.ended(self.run.take(case, result, is_must));
        self.run.tally().of(Verdict::Error) >= GIVE_UP
    }

    fn end(self) -> Results {
        self.progress.end();
        self.run.end()
    }
}

/// The hook that this command starts, if any.
pub(super) async fn hooked(
    command: Option<&str>,
    limits: Limits,
) -> Result<Option<ChildHook>, CommandError> {
    let Some(command) = command else {
        return Ok(None);
    };
    let patience = Duration::from_secs(limits.boot.into());
    Ok(Some(ChildHook::start(command, patience).await?))
}

/// Prints the report and leaves results and reports in the folder. What the run amounts to.
pub(super) fn conclude(results: &Results, folder: &Path) -> Result<Exit, CommandError> {
    keep(results, folder)?;
    let report = terminal(results, std::io::stdout().is_terminal());
    let page = folder.join("report.html");
    say(&format!("{report}  the whole story: {}\n", page.display()));
    Ok(exit(results))
}

/// Leaves results and reports in the folder.
pub(super) fn keep(results: &Results, folder: &Path) -> Result<(), CommandError> {
    write(results, folder)?;
    write_reports(results, folder)
}

/// What a run amounts to; one that did not end is no verdict.
pub(super) fn exit(results: &Results) -> Exit {
    let summary = results.summary.as_ref();
    summary.map_or(Exit::KitError, |summary| summary.exit)
}

/// After so many errors the target, or its hook, is gone.
const GIVE_UP: usize = 3;
