//! Restante's figures, each as a ratio to a baseline that is measured in the same run.
//!
//! Machines are noisy and differ, ratios less so: the subject and its baselines take turns in short
//! rounds over the same sockets with the same client, and the medians are compared. Nothing here is
//! a test; a figure below its target is printed as such and changes no exit code.

mod apply;
mod baseline;
mod center;
mod client;
mod collations;
mod enrolments;
mod facts;
mod mailboxes;
mod memory;
mod polls;
mod rounds;
mod services;

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// The same allocator as the center's program has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What every part of the program may fail with: it ends the run with a sentence.
type Failure = Box<dyn Error + Send + Sync>;

#[derive(Parser)]
#[command(
    version,
    about = "Prints Restante's figures as ratios to baselines measured in the same run",
    after_help = "Examples:\n  \
        cargo run --profile dist -p restante-bench             everything, with 100,000 devices\n  \
        cargo run --profile dist -p restante-bench -- polls --devices 10000\n  \
        cargo run --profile dist -p restante-bench -- enrolments --clients 64 --rounds 9\n  \
        cargo run --profile dist -p restante-bench -- apply --devices 10000 --rounds 3\n  \
        cargo run --profile dist -p restante-bench -- memory --devices 1000000"
)]
struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// Rounds of each contestant; the medians are compared.
    #[arg(long, global = true, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each round.
    #[arg(long, global = true, default_value_t = 2)]
    seconds: u64,
    /// Connections that ask at the same time.
    #[arg(long, global = true, default_value_t = 64)]
    clients: usize,
    /// Devices that are enrolled before it is measured; 100,000 unless given, for `apply` 10,000
    /// and for `collations` 50,000.
    #[arg(long, global = true)]
    devices: Option<usize>,
}

#[derive(Subcommand)]
enum What {
    /// Unchanged polls over HTTP, against a handler that only verifies the credential.
    Polls,
    /// Durable enrolments over HTTP, against a handler that inserts as many rows.
    Enrolments,
    /// Time until the instructions of an application are in all mailboxes, and memory, against
    /// inserting as many rows.
    Apply,
    /// Polls of devices for which an instruction waits, shown and unchanged, against handlers that
    /// only verify the credential.
    Mailboxes,
    /// Devices that present their pair and are entitled, against a handler that inserts as many
    /// rows.
    Collations,
    /// What the center's own process has resident while every device polls.
    Memory,
    /// The center whose memory is measured; started by `memory`.
    #[command(hide = true)]
    Center {
        /// Where its store is.
        folder: PathBuf,
    },
}

/// How long and how hard to measure.
#[derive(Clone, Copy)]
struct Effort {
    rounds: usize,
    round: Duration,
    clients: usize,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let effort = Effort {
        rounds: arguments.rounds.max(1),
        round: Duration::from_secs(arguments.seconds.max(1)),
        clients: arguments.clients.max(1),
    };
    let what = arguments.what;
    let devices = |unless_given: usize| arguments.devices.unwrap_or(unless_given).max(1);
    if let Some(What::Center { folder }) = what {
        return memory::be_the_center(&folder).await;
    }
    println!("{}", facts::machine());
    if matches!(what, None | Some(What::Polls)) {
        println!("{}", polls::measure(devices(FLEET), effort).await?);
    }
    if matches!(what, None | Some(What::Enrolments)) {
        println!("{}", enrolments::measure(effort).await?);
    }
    if matches!(what, None | Some(What::Apply)) {
        println!("{}", apply::measure(devices(10_000), effort).await?);
    }
    if matches!(what, None | Some(What::Mailboxes)) {
        println!("{}", mailboxes::measure(devices(FLEET), effort).await?);
    }
    if matches!(what, None | Some(What::Collations)) {
        println!("{}", collations::measure(devices(50_000), effort).await?);
    }
    if matches!(what, None | Some(What::Memory)) {
        println!("{}", memory::measure(devices(FLEET), effort).await?);
    }
    Ok(())
}

/// Devices of a large fleet.
const FLEET: usize = 100_000;
