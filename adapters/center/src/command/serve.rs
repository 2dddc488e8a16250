//! `restante-center serve`: runs the center until it is told to stop.
//!
//! What can be wrong is found before anything is served. When all listens, one line with the
//! addresses goes to standard output, and the same facts to the ready file, for scripts that start
//! a center on port 0 and need to know when and where it is.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use restante_center::program::{Stop, log_as, write_ready};
use restante_center::{Address, prepare};
use serde::Serialize;

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
        let mut stop = Stop::new().map_err(Failure::ran)?;
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
            Some(path) => write_ready(path, &ready).map_err(Failure::ran),
        }
    }
}
