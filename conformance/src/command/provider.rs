//! `provider`: the kit as the center that a provider's server dials, and as the devices that
//! register at the URL that it gives.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::case::{Case, Catalogue, Role};
use crate::line::Trust;
use crate::party::{Listener, RemoteProvider};
use crate::profile::Profile;
use crate::results::Results;
use crate::run::{Party, Plan, ServerTarget};
use crate::verdict::Exit;

use super::CommandError;
use super::against::{Asked, Stage, conclude, hooked, run_on};
use super::server::quoted;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    asked: Asked,
    /// Where the kit listens; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The authority that signed the provider's certificate, as PEM, unless its hook says so; the
    /// system's otherwise.
    #[arg(long)]
    ca: Option<PathBuf>,
}

pub(super) async fn run(arguments: Arguments) -> Result<Exit, CommandError> {
    let asked = &arguments.asked;
    let profile = Profile::load(&asked.profile, Role::Provider)?;
    let catalogue = Catalogue::embedded()?;
    let plan = asked.plan(&catalogue, &profile, "http, the kit listening".to_owned())?;
    let trust = match &arguments.ca {
        None => Trust::System,
        Some(path) => Trust::from_pem(path).map_err(CommandError::usage)?,
    };
    let ends = (arguments.listen, trust);
    let hook = asked.hook.as_deref();
    let results = dialled(&plan, ends, hook, &again(&arguments), asked.quiet).await?;
    conclude(&results, &asked.out)
}

/// The command line that tests the same provider again, up to what is tested.
fn again(arguments: &Arguments) -> String {
    let profile = quoted(&arguments.asked.profile.display().to_string());
    let listen = arguments.listen;
    let mut again = format!("restante-conformance provider --listen {listen} --profile {profile}");
    if let Some(ca) = &arguments.ca {
        again.push_str(&format!(" --ca {}", quoted(&ca.display().to_string())));
    }
    if let Some(hook) = &arguments.asked.hook {
        again.push_str(&format!(" --hook {}", quoted(hook)));
    }
    again
}

/// Runs a plan's cases against a provider that dials the kit there, and whose certificate this
/// authority signed.
///
/// # Errors
/// [`CommandError::Kit`] if the hook is none, [`CommandError::Usage`] if the kit cannot listen.
pub(super) async fn dialled(
    plan: &Plan<'_>,
    (listen, trust): (SocketAddr, Trust),
    hook: Option<&str>,
    again: &str,
    quiet: bool,
) -> Result<Results, CommandError> {
    let limits = plan.profile.limits;
    let hook = hooked(hook, limits).await?;
    let listener = Listener::bind(listen).await.map_err(CommandError::usage)?;
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    let clock = (plan.profile.control, seconds(limits.late));
    let door = (trust, seconds(limits.reply));
    let mut stage = ProviderStage(RemoteProvider::new(listener, hook, clock, door, plan.seed));
    let results = run_on(plan, &mut stage, again, quiet).await;
    stage.0.end().await;
    results
}

/// A provider, which each case starts as new.
struct ProviderStage(RemoteProvider);

impl Stage for ProviderStage {
    async fn set(&mut self, _: u64, _: &Case) -> Result<(ServerTarget, &mut dyn Party), String> {
        Ok((self.0.target(), &mut self.0))
    }
}
