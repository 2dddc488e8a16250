//! `bundled-hook`: the hook of the bundled device, gateway and provider, each in this process.
//!
//! It dials the kit over real connections, by the same client as the reference program; its clock
//! is moved by the kit alone.

use std::io::Write as _;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use tokio::sync::mpsc;

use crate::party::{DeviceKind, GatewayKind, Outside, reach, serve, serve_provider};
use crate::verdict::Exit;

use super::CommandError;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What it is the hook of.
    what: What,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    Device,
    Gateway,
    Provider,
}

pub(super) async fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let (asks, answers) = (lines(), printed());
    let served = match arguments.what {
        What::Device => serve::<DeviceKind>(asks, answers, Outside::right()).await,
        What::Gateway => serve::<GatewayKind>(asks, answers, Outside::right()).await,
        What::Provider => serve_provider(asks, answers, Arc::new(reach)).await,
    };
    served.map_err(CommandError::kit)?;
    Ok(Exit::Conformant)
}

/// The lines of standard input. They are read by a thread, for reading one waits for its end.
fn lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// What is put in here goes to standard output, a line each.
fn printed() -> mpsc::Sender<String> {
    let (answers, mut written) = mpsc::channel::<String>(1);
    std::thread::spawn(move || {
        while let Some(line) = written.blocking_recv() {
            let mut output = std::io::stdout().lock();
            // Where nobody reads any more, nobody asks any more either.
            if writeln!(output, "{line}")
                .and_then(|()| output.flush())
                .is_err()
            {
                return;
            }
        }
    });
    answers
}
