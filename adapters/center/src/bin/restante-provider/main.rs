//! `restante-provider`: a provider's own server, which makes registration codes, collates them at
//! its services' URLs, and tells the center which devices can use a service.
//!
//! Exit codes: 0 done, 1 it failed while it ran, 2 it did not begin (command line, configuration,
//! keys, token, certificate or store are not as they should be). Complaints are one line on
//! standard error; nothing is overwritten.
#![forbid(unsafe_code)]

mod devices;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use restante_center::program::{Failure, Ready, Stop, in_runtime, log_as};
use restante_center::provider::{CONFIG_NAME, ProviderConfig, init, prepare};
use restante_store::{Clock, SystemClock};

use devices::{Devices, Export};

/// Runs services on a server of their own, beside a Restante center.
///
/// Begin with `restante-provider init`, put the center's access token where its settings say, then
/// `restante-provider serve`.
#[derive(Parser)]
#[command(
    name = "restante-provider",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  restante-provider init --host services.example
  restante-provider serve --config restante-provider/restante-provider.toml
  restante-provider devices list"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a new server: configuration, keys, and a certificate for trials
    #[command(after_help = "\
Examples:
  restante-provider init
  restante-provider init --dir /etc/restante-provider --host services.example")]
    Init {
        /// The folder to make it in
        #[arg(long, value_name = "DIR", default_value = "restante-provider")]
        dir: PathBuf,
        /// The name under which devices reach this machine; they go to no address
        #[arg(long, value_name = "NAME", default_value = "localhost")]
        host: String,
    },
    /// Run the server until SIGTERM or SIGINT
    #[command(after_help = "\
Examples:
  restante-provider serve
  restante-provider serve --config /etc/restante-provider/restante-provider.toml
  restante-provider serve --ready-file /run/restante-provider.json")]
    Serve {
        /// The configuration; by default ./restante-provider.toml, else
        /// ./restante-provider/restante-provider.toml
        #[arg(long, value_name = "FILE", env = "RESTANTE_PROVIDER_CONFIG")]
        config: Option<PathBuf>,
        /// Write the addresses to this file, as JSON, once the server is ready
        #[arg(long, value_name = "FILE")]
        ready_file: Option<PathBuf>,
        /// Accept a clock that is more than a day ahead of the last time that was seen here, so
        /// that codes expire by it again
        #[arg(long)]
        accept_clock: bool,
    },
    /// The devices that use the services, or are about to
    #[command(subcommand)]
    Devices(Devices),
    /// Write them as a file for other programs, also while the server runs
    #[command(after_help = "\
Examples:
  restante-provider export --output devices.csv
  restante-provider export --service scan-cloud --format jsonl")]
    Export(Export),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Init { dir, host } => make(&dir, &host),
        Command::Serve {
            config,
            ready_file,
            accept_clock,
        } => in_runtime(serve(config, ready_file, accept_clock)),
        Command::Devices(command) => command.run(),
        Command::Export(export) => export.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("restante-provider: {}", failure.text);
            ExitCode::from(failure.code)
        }
    }
}

fn make(dir: &Path, host: &str) -> Result<(), Failure> {
    let made = init(dir, host, SystemClock.now())?;
    let (config, keys) = (made.config.display(), made.keys.display());
    let certificate = made.certificate.display();
    println!(
        "\
Made a provider's server

  {config}
      its settings, each explained: the center, the services and their URLs
  {keys}
      its keys. Copy this file to a safe place, apart from copies of the database
  {certificate}
      a certificate for trials, signed by nobody; give devices this file to trust

Next:
  at the center: restante-center token issue --role provider --account NAME
      put the token alone into the file center-token beside the settings (chmod 600)
  with that token: restante-center service define ID --by-provider --url URL
      --center CENTER --token-file center-token
  restante-provider serve --config {config}"
    );
    Ok(())
}

async fn serve(
    config: Option<PathBuf>,
    ready_file: Option<PathBuf>,
    accept_clock: bool,
) -> Result<(), Failure> {
    let config = ProviderConfig::read(&place(config))?;
    log_as(&config.log);
    let mut stop = Stop::new().map_err(Failure::ran)?;
    let serving = prepare(&config)?.start().await?;
    if accept_clock {
        let accepted = serving.accept_clock().await;
        accepted.map_err(|error| Failure::ran(error.to_string()))?;
    }
    Ready::at(serving.addresses(), serving.metrics())
        .tell("restante-provider", ready_file.as_deref())
        .map_err(Failure::ran)?;
    let signal = stop.wait().await;
    tracing::info!(signal, "stopping");
    let drained = serving.stop().await;
    tracing::info!(cut = drained.cut, "stopped");
    Ok(())
}

/// The configuration's place: the named one, here, or where `init` makes it.
fn place(named: Option<PathBuf>) -> PathBuf {
    let made = Path::new("restante-provider").join(CONFIG_NAME);
    let by_default = || Some(made).filter(|made| made.exists() && !Path::new(CONFIG_NAME).exists());
    named
        .or_else(by_default)
        .unwrap_or_else(|| CONFIG_NAME.into())
}
