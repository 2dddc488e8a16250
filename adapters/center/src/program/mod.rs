//! What the programs have in common: threads, the log, the signals that stop them, how they say
//! that they are ready, tables and files, and the line and exit code with which they fail.

mod failure;
pub mod lines;
mod ready;
pub mod table;

use std::io::IsTerminal;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

pub use failure::Failure;
pub use ready::Ready;

/// The signals that stop a program.
#[derive(Debug)]
pub struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    /// Listens for them.
    ///
    /// # Errors
    /// A line that says what the system does not give.
    pub fn new() -> Result<Self, String> {
        let failed = |error| format!("cannot listen for signals: {error}");
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    /// Waits for the first of them, and says which it was.
    pub async fn wait(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Does this work on threads of its own.
///
/// # Errors
/// As the work itself, and where the system gives no threads.
pub fn in_runtime(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::ran(format!("cannot start threads: {error}")))?
        .block_on(work)
}

/// Sends the log to standard error.
pub fn log_as(log: &Log) {
    let filter =
        EnvFilter::builder().parse_lossy(format!("{},h2=warn,hyper=warn,rustls=warn", log.level));
    let terminal = std::io::stderr().is_terminal();
    let pretty = match log.format {
        LogFormat::Pretty => true,
        LogFormat::Json => false,
        _ => terminal,
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(terminal);
    if pretty {
        builder.with_target(false).init();
    } else {
        builder.json().flatten_event(true).init();
    }
}
