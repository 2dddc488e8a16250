//! `self-test`: the bundled center, device and gateway against every case.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;
use restante_core::center::Decide;

use crate::bundled::{InsideCenter, core_center};
use crate::case::{Catalogue, Role, Selection};
use crate::profile::Profile;
use crate::report::{Progress, terminal};
use crate::results::{Results, write};
use crate::run::{Circumstances, Plan, run_case};
use crate::trace::Demands;
use crate::verdict::Exit;

use super::reports::write_reports;
use super::{CommandError, role};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only these cases or requirements; the run is then partial.
    patterns: Vec<String>,
    /// Only this role.
    #[arg(long, value_parser = role)]
    role: Option<Role>,
    /// The number that drawn values and the order of cases come from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Run so many times, each with the next seed and in another order.
    #[arg(long, default_value_t = 1)]
    seeds: u32,
    /// Where results and reports go.
    #[arg(long, default_value = "target/conformance")]
    out: PathBuf,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<Exit, CommandError> {
    let catalogue = Catalogue::embedded()?;
    let selection = Selection::new(arguments.patterns.clone());
    let roles: Vec<Role> = match arguments.role {
        Some(role) => vec![role],
        None => vec![Role::Server],
    };
    let mut worst = Exit::Conformant;
    for at in 0..arguments.seeds {
        let seed = arguments.seed.wrapping_add(u64::from(at));
        for role in &roles {
            let results = inside(&catalogue, &selection, *role, seed, arguments.quiet).await?;
            print!("{}", terminal(&results, std::io::stdout().is_terminal()));
            let folder = arguments.out.join(role.word());
            write(&results, &folder)?;
            write_reports(&results, &folder)?;
            println!(
                "  the whole story: {}\n",
                folder.join("report.html").display()
            );
            worst = worst.max(
                results
                    .summary
                    .map_or(Exit::KitError, |summary| summary.exit),
            );
        }
    }
    Ok(worst)
}

async fn inside(
    catalogue: &Catalogue,
    selection: &Selection,
    role: Role,
    seed: u64,
    quiet: bool,
) -> Result<Results, CommandError> {
    let profile = Profile::bundled(role);
    let plan = Plan {
        cases: selection.select(catalogue, role)?,
        profile: &profile,
        seed,
        partial: selection.is_partial(),
        accept_untested: true,
        line: "inside".to_owned(),
    }
    .shuffled();
    run_inside(&plan, role, quiet, core_center(seed)).await
}

/// Runs cases inside this process, each in a new world of a center that decides so.
///
/// # Errors
/// [`CommandError::Kit`] if a center cannot be set up.
pub async fn run_inside<D: Decide + 'static>(
    plan: &Plan<'_>,
    role: Role,
    quiet: bool,
    decide: D,
) -> Result<Results, CommandError> {
    let demands = Demands::of_this_specification();
    let center = InsideCenter::deciding(decide);
    let mut progress = Progress::new(plan.cases.len(), quiet);
    let mut run = plan.begin(role);
    let around = Circumstances {
        profile: plan.profile,
        seed: plan.seed,
        again: &format!("restante-conformance self-test --role {role}"),
    };
    for case in &plan.cases {
        progress.begins(case.id.as_str());
        let target = center.target(plan.seed, case.id.as_str()).await;
        let target = target.map_err(CommandError::kit)?;
        let result = run_case(case, &target, None, around).await;
        progress.ended(run.take(case, result, demands.is_must(case)));
    }
    progress.end();
    Ok(run.end())
}
