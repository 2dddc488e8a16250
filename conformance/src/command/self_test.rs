//! `self-test`: the bundled center, device, gateway and provider against every case.
//!
//! The center runs on loopback as it would anywhere: TLS, listener, SQLite; a device, a gateway or
//! a provider runs in a process of its own and dials the kit. With `--inside` it runs without
//! sockets and with a new world for each case, which takes seconds.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use restante_core::center::Decide;
use restante_core::provider::Provider;
use restante_crypto::RingCrypto;

use crate::bundled::{InsideCenter, LoopbackCenter, bounds, core_center, core_provider};
use crate::case::{Binding, Case, Catalogue, Role, Selection};
use crate::line::Trust;
use crate::party::{Lapses, ProviderParty, bundled};
use crate::profile::Profile;
use crate::report::{Progress, sentence};
use crate::results::Results;
use crate::run::{Circumstances, Party, Plan, ServerTarget, run_case};
use crate::trace::Demands;
use crate::verdict::Exit;

use super::against::{Stage, conclude, exit, keep, run_against, run_on};
use super::device::{dialled, transport};
use super::{CommandError, benign, faults, provider, role};

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
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    seeds: u32,
    /// Without sockets: the center inside this process, a new world for each case.
    #[arg(long)]
    inside: bool,
    /// By which transport devices and gateways dial the kit: http, or http-sealed.
    #[arg(long, value_parser = transport, conflicts_with = "inside")]
    transport: Option<Binding>,
    /// Where results and reports go.
    #[arg(long, default_value = "target/conformance")]
    out: PathBuf,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
    /// Prove the cases instead: put every fault in (or only those that are named), and see it
    /// killed by the cases that it names and by no others.
    #[arg(long)]
    faults: bool,
    /// Prove the cases instead: try all of them under oddities that the specification allows.
    #[arg(long)]
    benign: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<Exit, CommandError> {
    let catalogue = Catalogue::embedded()?;
    if arguments.faults || arguments.benign {
        return prove(&catalogue, &arguments).await;
    }
    let selection = Selection::new(arguments.patterns.clone());
    let roles = roles(&arguments, &catalogue, &selection)?;
    let mut worst = Exit::Conformant;
    for at in 0..arguments.seeds {
        let seed = arguments.seed.wrapping_add(u64::from(at));
        for role in &roles {
            let results = one(&arguments, &catalogue, &selection, *role, seed).await?;
            worst = worst.worst(tell(&arguments, &results, seed)?);
        }
    }
    Ok(worst)
}

/// What shows that the cases fail when they should, and only then; with each seed.
async fn prove(catalogue: &Catalogue, arguments: &Arguments) -> Result<Exit, CommandError> {
    let mut worst = Exit::Conformant;
    for at in 0..arguments.seeds {
        let seed = arguments.seed.wrapping_add(u64::from(at));
        let mut out = arguments.out.clone();
        if arguments.seeds > 1 {
            println!("seed {seed}");
            out = seed_folder(&arguments.out, seed);
        }
        if arguments.faults {
            let asked = faults::Asked {
                names: &arguments.patterns,
                role: arguments.role,
                seed,
                out: &out,
                quiet: arguments.quiet,
            };
            worst = worst.worst(faults::run(catalogue, &asked).await?);
        }
        if arguments.benign {
            worst = worst.worst(benign::run(catalogue, seed).await?);
        }
    }
    Ok(worst)
}

/// The roles that are asked for. A pattern has to match a case of one of them.
fn roles(
    arguments: &Arguments,
    catalogue: &Catalogue,
    selection: &Selection,
) -> Result<Vec<Role>, CommandError> {
    if let Some(role) = arguments.role {
        return Ok(vec![role]);
    }
    selection.each_matches_something(catalogue)?;
    let concerned = |role: &Role| selection.concerns(catalogue, *role);
    Ok(BUNDLED.into_iter().filter(concerned).collect())
}

/// One role, whatever it takes to run it.
async fn one(
    arguments: &Arguments,
    catalogue: &Catalogue,
    selection: &Selection,
    role: Role,
    seed: u64,
) -> Result<Results, CommandError> {
    let mut profile = Profile::bundled(role);
    if let (Role::Device | Role::Gateway, Some(transport)) = (role, arguments.transport) {
        profile.transports = vec![transport];
    }
    let plan = Plan {
        cases: selection.of_role(catalogue, role)?,
        profile: &profile,
        seed,
        partial: selection.is_partial(),
        accept_untested: false,
        line: "inside".to_owned(),
    }
    .shuffled();
    match role {
        Role::Server if !arguments.inside => on_loopback(plan, arguments.quiet).await,
        _ if !arguments.inside => in_its_own_process(plan, role, arguments.quiet).await,
        _ => run_inside(&plan, role, arguments.quiet, core_center(seed)).await,
    }
}

/// The whole report for one seed; a line each where there are many.
fn tell(arguments: &Arguments, results: &Results, seed: u64) -> Result<Exit, CommandError> {
    let role = results.header.role;
    if arguments.seeds == 1 {
        return conclude(results, &arguments.out.join(role.word()));
    }
    let folder = seed_folder(&arguments.out, seed).join(role.word());
    keep(results, &folder)?;
    println!("  seed {seed}: {}", sentence(results));
    if exit(results) != Exit::Conformant {
        return conclude(results, &folder);
    }
    Ok(Exit::Conformant)
}

fn seed_folder(out: &Path, seed: u64) -> PathBuf {
    out.join(format!("seed-{seed}"))
}

/// The center's cases over HTTPS, against the reference library on a port of this machine.
async fn on_loopback(mut plan: Plan<'_>, quiet: bool) -> Result<Results, CommandError> {
    let limits = plan.profile.limits;
    let center = LoopbackCenter::start(core_center(plan.seed), plan.seed, bounds(limits));
    let center = center.await.map_err(CommandError::kit)?;
    let patience = Duration::from_secs(limits.reply.into());
    let target = center.target(patience).map_err(CommandError::kit)?;
    plan.line = target.line.name();
    let again = "restante-conformance self-test --role server";
    let results = run_against(&plan, &target, again, quiet).await;
    center.stop().await;
    Ok(results)
}

/// The cases of a device, a gateway or a provider over HTTPS, against the bundled one in a process
/// of its own.
async fn in_its_own_process(
    mut plan: Plan<'_>,
    role: Role,
    quiet: bool,
) -> Result<Results, CommandError> {
    let kit = std::env::current_exe().map_err(CommandError::kit)?;
    let hook = format!("'{}' bundled-hook {role}", kit.display());
    let by = plan
        .profile
        .transports
        .first()
        .map_or("http", |it| it.word());
    plan.line = format!("{by}, the kit listening on loopback");
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let again = match by {
        "http" => format!("restante-conformance self-test --role {role}"),
        other => format!("restante-conformance self-test --role {role} --transport {other}"),
    };
    match role {
        Role::Provider => {
            // Its hook says with which certificate it is reached.
            let ends = (listen, Trust::Authorities(Vec::new()));
            provider::dialled(&plan, ends, Some(&hook), &again, quiet).await
        }
        _ => dialled(&plan, listen, Some(&hook), &again, quiet).await,
    }
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
    if role == Role::Provider {
        // What it dials is played by the cases alone: no center stands behind it.
        return run_provider(plan, quiet).await;
    }
    let demands = Demands::of_this_specification();
    let center = InsideCenter::deciding(decide);
    let mut progress = Progress::new(plan.cases.len(), quiet);
    let mut run = plan.begin(role);
    let around = Circumstances {
        profile: plan.profile,
        seed: plan.seed,
        again: &format!("restante-conformance self-test --inside --role {role}"),
    };
    for case in &plan.cases {
        progress.begins(case.id.as_str());
        let target = center.target(plan.seed, case.id.as_str()).await;
        let target = target.map_err(CommandError::kit)?;
        let mut party = (role != Role::Server).then(|| {
            let line = Box::new(center.line());
            bundled(role, line, center.time(), plan.seed, case.id.as_str())
        });
        let party = party.as_deref_mut().map(|party| party as &mut dyn Party);
        let result = run_case(case, &target, party, around).await;
        progress.ended(run.take(case, result, demands.is_must(case)));
    }
    progress.end();
    Ok(run.end())
}

/// A provider's cases, each in a new world inside this process.
async fn run_provider(plan: &Plan<'_>, quiet: bool) -> Result<Results, CommandError> {
    let provider = InsideCenter::collating(core_provider(plan.seed));
    let party = ProviderParty::new(&provider, Lapses::default());
    let again = "restante-conformance self-test --inside --role provider";
    run_on(plan, &mut ProviderInside { provider, party }, again, quiet).await
}

/// A provider inside this process.
struct ProviderInside {
    provider: InsideCenter<Provider<RingCrypto>>,
    party: ProviderParty<Provider<RingCrypto>>,
}

impl Stage for ProviderInside {
    async fn set(
        &mut self,
        seed: u64,
        case: &Case,
    ) -> Result<(ServerTarget, &mut dyn Party), String> {
        let target = self.provider.bare_target(seed, case.id.as_str()).await?;
        self.party = ProviderParty::new(&self.provider, Lapses::default());
        Ok((target, &mut self.party))
    }
}

/// The roles of which this kit has an implementation and cases.
const BUNDLED: [Role; 4] = Role::ALL;
