//! The program's commands: each builds a machine from its state file, drives it to an end, and says
//! how it went.

mod call;
mod child;
mod device;
mod fleet;
mod gateway;
mod place;
mod polling;

use std::path::Path;
use std::time::Duration;

use restante_core::code::ProvisionalCodeError;
use restante_core::device::InputError;
use restante_http::client::{ClientError, Trust, TrustError};

use crate::cli::{Act, ByMail, Cli, Command};
use crate::driver::{DriverError, Ended};
use crate::fleet::FleetError;
use crate::line::HttpLine;
use crate::memory::{MemoryError, StateFile};
use crate::say;
use crate::sealing::Sealing;
use crate::site::LanError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The state file cannot be used.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The machine cannot go on.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The fleet cannot go on.
    #[error(transparent)]
    Fleet(#[from] FleetError),
    /// The LAN cannot be reached.
    #[error(transparent)]
    Lan(#[from] LanError),
    /// The center's address or certificates cannot be used.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The mail server cannot be used.
    #[error(transparent)]
    Mail(#[from] restante_mail::sending::SettingsError),
    /// The code was mistyped. Nothing was sent.
    #[error("{0}")]
    Code(#[from] ProvisionalCodeError),
    /// A file cannot be read.
    #[error("{path}: it cannot be read: {why}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        #[source]
        why: std::io::Error,
    },
    /// The certificates to trust cannot be used.
    #[error("{path}: {why}")]
    Trust {
        /// The file.
        path: String,
        /// What is wrong with it.
        #[source]
        why: TrustError,
    },
    /// No socket, no multicast.
    #[error("{doing}: {why}")]
    Network {
        /// What was tried.
        doing: String,
        /// What the system says.
        why: String,
    },
    /// A value that cannot be.
    #[error("{0}")]
    Value(String),
}

/// How a command went, as an exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 0: done, or stopped as it was told to.
    Done,
    /// 1: refused, or a person is needed.
    Refused,
    /// 3: not done in the time given.
    OutOfTime,
}

impl Outcome {
    /// The exit status.
    #[must_use]
    pub const fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::OutOfTime => 3,
        }
    }
}

impl From<Ended> for Outcome {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Reached | Ended::Stopped => Self::Done,
            Ended::NeedsPerson | Ended::Refused => Self::Refused,
            Ended::OutOfTime => Self::OutOfTime,
        }
    }
}

/// Runs what the command line says.
///
/// # Errors
/// [`CommandError`] says what is wrong and what would be right.
pub async fn run(cli: Cli) -> Result<Outcome, CommandError> {
    match cli.command {
        Command::Enrol(args) => device::enrol(args).await,
        Command::Run(args) => device::run(args).await,
        Command::Status(args) => device::status(&args.state),
        Command::Rotate(args) => device::rotate(&args).await,
        Command::Leave(args) => device::leave(&args).await,
        Command::Gateway(command) => gateway::run(command).await,
        Command::Child(args) => child::run(args).await,
        Command::Call(args) => call::run(args).await,
        Command::Fleet(args) => fleet::run(args).await,
    }
}

/// The line to the center, trusting what the command line says.
fn line(act: &Act) -> Result<HttpLine, CommandError> {
    trusting(act.trust.as_deref())
}

/// The line to the center, by which registrations go by mail where the command line says so.
fn line_by(act: &Act, by_mail: &ByMail) -> Result<HttpLine, CommandError> {
    let trust = by_mail.smtp_ca.as_deref().map(|path| {
        let path_shown = path.display().to_string();
        std::fs::read(path).map_err(|why| CommandError::File {
            path: path_shown,
            why,
        })
    });
    let line = line(act)?;
    Ok(match by_mail.server(trust.transpose()?)? {
        Some(server) => line.registering_by_mail(server),
        None => line,
    })
}

/// The line to the center, trusting the certificates in this file as well.
fn trusting(file: Option<&Path>) -> Result<HttpLine, CommandError> {
    let Some(path) = file else {
        return Ok(HttpLine::new(Trust::system()));
    };
    let shown = || path.display().to_string();
    let pem = std::fs::read(path).map_err(|why| CommandError::File { path: shown(), why })?;
    let trust = Trust::system()
        .and(&pem)
        .map_err(|why| CommandError::Trust { path: shown(), why })?;
    Ok(HttpLine::new(trust))
}

/// The line, on which messages to the center are sealed where the command line says so.
fn sealed_if(act: &Act, line: HttpLine, file: &StateFile) -> Result<HttpLine, CommandError> {
    Ok(match act.sealed {
        true => line.sealed(Sealing::new(file.carrier())?),
        false => line,
    })
}

fn patience(act: &Act) -> Option<Duration> {
    act.patience.map(Duration::from_secs)
}

/// An input that a person caused and that does not fit is an answer, not a failure of the program.
fn refused(error: DriverError) -> Result<Outcome, CommandError> {
    match error {
        DriverError::Input(error @ (InputError::NotEnrolled | InputError::NoSuchDevice)) => {
            say::line(error);
            Ok(Outcome::Refused)
        }
        other => Err(other.into()),
    }
}

fn missing(path: &Path) -> CommandError {
    MemoryError::missing(path).into()
}

/// The signals by which people and service managers end a program.
async fn stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let kind = tokio::signal::unix::SignalKind::terminate();
        if let Ok(mut terminate) = tokio::signal::unix::signal(kind) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without signals the program ends when it is killed.
    let _ = interrupt.await;
}
