//! `device` and `gateway`: the kit as a center that a device or a gateway dials.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

use crate::bundled::{InsideCenter, core_center};
use crate::case::{Catalogue, Role};
use crate::hook::ChildHook;
use crate::party::{Backstage, Listener, RemoteParty};
use crate::profile::Profile;
use crate::report::Progress;
use crate::results::Results;
use crate::run::{Circumstances, Plan, ServerTarget, run_case};
use crate::trace::Demands;
use crate::verdict::{Exit, Verdict};

use super::CommandError;
use super::against::{Asked, conclude};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    asked: Asked,
    /// Where the kit listens; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

pub(super) async fn run(role: Role, arguments: Arguments) -> Result<Exit, CommandError> {
    let asked = &arguments.asked;
    let profile = Profile::load(&asked.profile, role)?;
    let catalogue = Catalogue::embedded()?;
    let plan = asked.plan(&catalogue, &profile, "http, the kit listening".to_owned())?;
    let again = format!(
        "restante-conformance {role} --listen {} --profile {}",
        arguments.listen,
        asked.profile.display()
    );
    let hook = asked.hook.as_deref();
    let results = dialled(&plan, arguments.listen, hook, &again, asked.quiet).await?;
    conclude(&results, &asked.out)
}

/// Runs a plan's cases against a party that dials the kit.
///
/// # Errors
/// [`CommandError::Kit`] if the kit cannot listen or the hook is none.
pub(super) async fn dialled(
    plan: &Plan<'_>,
    listen: SocketAddr,
    hook: Option<&str>,
    again: &str,
    quiet: bool,
) -> Result<Results, CommandError> {
    let limits = plan.profile.limits;
    let hook = match hook {
        None => None,
        Some(command) => {
            let patience = Duration::from_secs(limits.boot.into());
            Some(ChildHook::start(command, patience).await?)
        }
    };
    let listener = Listener::bind(listen).await.map_err(CommandError::usage)?;
    if hook.is_none() {
        println!("  the party is to dial {}", listener.center);
    }
    let center = InsideCenter::deciding(core_center(plan.seed));
    let stage = || Box::new(Backstage(center.line()));
    let late = Duration::from_secs(limits.late.into());
    let control = plan.profile.control;
    let mut party = RemoteParty::new(listener, hook, (stage(), center.time()), control, late);
    let demands = Demands::of_this_specification();
    let mut progress = Progress::new(plan.cases.len(), quiet);
    let mut run = plan.begin(plan.profile.role);
    let around = Circumstances {
        profile: plan.profile,
        seed: plan.seed,
        again,
    };
    for case in &plan.cases {
        progress.begins(case.id.as_str());
        let target = center.target(plan.seed, case.id.as_str()).await;
        let target = target.map_err(CommandError::kit)?;
        let target = ServerTarget {
            line: stage(),
            ..target
        };
        party.begin_again(stage(), center.time());
        let result = run_case(case, &target, Some(&mut party), around).await;
        progress.ended(run.take(case, result, demands.is_must(case)));
        if run.tally().of(Verdict::Error) >= GIVE_UP {
            break;
        }
    }
    progress.end();
    party.end().await;
    Ok(run.end())
}

/// After so many errors the hook is gone.
const GIVE_UP: usize = 3;
