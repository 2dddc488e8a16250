//! `device` and `gateway`: the kit as a center that a device or a gateway dials.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use restante_core::center::Center;
use restante_crypto::RingCrypto;

use crate::bundled::{InsideCenter, core_center};
use crate::case::{Binding, Case, Catalogue, Role};
use crate::line::Line;
use crate::party::{Backstage, Listener, RemoteParty};
use crate::profile::Profile;
use crate::results::Results;
use crate::run::{Party, Plan, ServerTarget};
use crate::verdict::Exit;

use super::CommandError;
use super::against::{Asked, Stage, conclude, hooked, run_on};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    asked: Asked,
    /// Where the kit listens; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// By which transport it dials the kit: http, or http-sealed (sealed envelopes over HTTP
    /// without TLS). Absent: the first that the profile names.
    #[arg(long, value_parser = transport)]
    transport: Option<Binding>,
}

/// A transport by its word.
pub(super) fn transport(word: &str) -> Result<Binding, String> {
    let known = [Binding::Http, Binding::HttpSealed];
    let found = known.into_iter().find(|binding| binding.word() == word);
    found.ok_or_else(|| "a transport is http or http-sealed".to_owned())
}

pub(super) async fn run(role: Role, arguments: Arguments) -> Result<Exit, CommandError> {
    let asked = &arguments.asked;
    let mut profile = Profile::load(&asked.profile, role)?;
    let declared = profile.transports.first().copied();
    let transport = arguments.transport.or(declared).unwrap_or(Binding::Http);
    profile.transports = vec![transport];
    let line = format!("{}, the kit listening", transport.word());
    let catalogue = Catalogue::embedded()?;
    let plan = asked.plan(&catalogue, &profile, line)?;
    let again = format!(
        "restante-conformance {role} --transport {} --listen {} --profile {}",
        transport.word(),
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
    let hook = hooked(hook, limits).await?;
    let listener = match plan.profile.transports.contains(&Binding::Http) {
        true => Listener::bind(listen).await,
        false => Listener::for_envelopes(listen).await,
    };
    let listener = listener.map_err(CommandError::usage)?;
    if hook.is_none() {
        println!("  the party is to dial {}", listener.center);
    }
    let center = InsideCenter::deciding(core_center(plan.seed));
    let late = Duration::from_secs(limits.late.into());
    let control = plan.profile.control;
    let behind = (backstage(&center), center.time());
    let party = RemoteParty::new(listener, hook, behind, control, late);
    let mut stage = DeviceStage { center, party };
    let results = run_on(plan, &mut stage, again, quiet).await;
    stage.party.end().await;
    results
}

/// The kit's own center, and a device or a gateway that dials it.
struct DeviceStage {
    center: InsideCenter<Center<RingCrypto>>,
    party: RemoteParty,
}

impl Stage for DeviceStage {
    async fn set(
        &mut self,
        seed: u64,
        case: &Case,
    ) -> Result<(ServerTarget, &mut dyn Party), String> {
        let target = self.center.target(seed, case.id.as_str()).await?;
        let target = ServerTarget {
            line: backstage(&self.center),
            ..target
        };
        let behind = backstage(&self.center);
        self.party.begin_again(behind, self.center.time());
        Ok((target, &mut self.party))
    }
}

fn backstage(center: &InsideCenter<Center<RingCrypto>>) -> Box<dyn Line> {
    Box::new(Backstage(center.line()))
}
