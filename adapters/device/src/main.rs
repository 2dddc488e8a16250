//! The program `restante-device`; see the library.
#![forbid(unsafe_code)]

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use restante_device::cli::Cli;
use restante_device::command;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    // The one provider of TLS; a second installation cannot happen here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match command::run(Cli::parse()).await {
        Ok(outcome) => outcome.status().into(),
        Err(error) => {
            // If even the terminal is gone, the exit status still tells.
            let _ = writeln!(std::io::stderr(), "restante-device: {error}");
            ExitCode::from(2)
        }
    }
}
