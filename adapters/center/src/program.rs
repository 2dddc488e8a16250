//! What the programs have in common: the log, the signals that stop them, and the file by which a
//! script learns that they are ready.

use std::io::IsTerminal;
use std::path::Path;

use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Writes what a ready program says of itself: beside the file's place, and moved there, so that
/// nobody reads half of it.
///
/// # Errors
/// A line that says what cannot be done.
pub fn write_ready(path: &Path, ready: &impl Serialize) -> Result<(), String> {
    let failed =
        |why: std::io::Error| format!("the ready file {} cannot be written: {why}", path.display());
    let text = serde_json::to_string(ready).map_err(|error| failed(error.into()))?;
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)
}

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
