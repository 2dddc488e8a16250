//! `restante-center serve`: runs the center until it is told to stop.
//!
//! What can be wrong is found before anything is served. When all listens, one line with the
//! addresses goes to standard output, and the same facts to the ready file, for scripts that start
//! a center on port 0 and need to know when and where it is.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use restante_center::{Address, Log, LogFormat, prepare};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::failure::Failure;
use super::reach::Reach;

/// Runs the center.
#[derive(Args)]
pub(crate) struct Serve {
    /// Write the addresses to this file, as JSON, once the center is ready
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

/// What the ready file says.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<String>,
    process: u32,
}

impl Serve {
    pub(crate) async fn run(&self, reach: &Reach) -> Result<(), Failure> {
        let config = reach.config()?;
        log_as(&config.log);
        let mut stop = Stop::new()?;
        let running = prepare(&config)?.start().await?;
        let urls = running.addresses().iter().map(Address::url).collect();
        let metrics = running.metrics().map(|at| format!("http://{at}/metrics"));
        self.tell(Ready {
            urls,
            metrics,
            process: std::process::id(),
        })?;
        let signal = stop.wait().await;
        tracing::info!(signal, "stopping");
        let drained = running.stop().await;
        tracing::info!(cut = drained.cut, "stopped");
        Ok(())
    }

    fn tell(&self, ready: Ready) -> Result<(), Failure> {
        let metrics = ready.metrics.as_ref();
        let metrics = metrics.map_or(String::new(), |url| format!(", metrics at {url}"));
        let urls = ready.urls.join(" and ");
        tracing::info!(urls, "serving");
        let mut out = std::io::stdout().lock();
        // Whoever has closed our output does not want the line; the center serves all the same.
        let _ =
            writeln!(out, "restante-center is ready at {urls}{metrics}").and_then(|()| out.flush());
        match &self.ready_file {
            None => Ok(()),
            Some(path) => write_whole(path, &ready),
        }
    }
}

/// Writes the file beside its place and moves it there, so that nobody reads half of it.
fn write_whole(path: &Path, ready: &Ready) -> Result<(), Failure> {
    let failed = |why: std::io::Error| {
        Failure::ran(format!(
            "the ready file {} cannot be written: {why}",
            path.display()
        ))
    };
    let text = serde_json::to_string(ready).map_err(|error| failed(error.into()))?;
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)
}

/// The signals that stop a center.
struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> Result<Self, Failure> {
        let failed = |error| Failure::ran(format!("cannot listen for signals: {error}"));
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    async fn wait(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Sends the log to standard error.
fn log_as(log: &Log) {
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
