//! `restante-center serve`: runs the center until it is told to stop.
//!
//! What can be wrong is found before anything is served.

use std::path::PathBuf;

use clap::Args;
use restante_center::prepare;
use restante_center::program::{Failure, Ready, Stop, log_as};

use super::reach::Reach;

/// Runs the center.
#[derive(Args)]
pub(crate) struct Serve {
    /// Write the addresses to this file, as JSON, once the center is ready
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

impl Serve {
    pub(crate) async fn run(&self, reach: &Reach) -> Result<(), Failure> {
        let config = reach.config()?;
        log_as(&config.log);
        let mut stop = Stop::new().map_err(Failure::ran)?;
        let running = prepare(&config)?.start().await?;
        Ready::at(running.addresses(), running.metrics())
            .and_sealed(running.sealed())
            .tell("restante-center", self.ready_file.as_deref())
            .map_err(Failure::ran)?;
        let signal = stop.wait().await;
        tracing::info!(signal, "stopping");
        let drained = running.stop().await;
        tracing::info!(cut = drained.cut, "stopped");
        Ok(())
    }
}
