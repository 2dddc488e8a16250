//! The commands: each a file, each ending in an exit code that a CI server can rely on.

mod against;
mod benign;
mod bundled_hook;
mod cases;
mod compare;
mod device;
mod explain;
mod faults;
mod hook_check;
mod init;
mod pair;
mod provider;
mod reports;
mod self_test;
mod server;
mod tracing_thread;
mod vectors;

use std::io::Write;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::case::{CatalogueError, Role, SelectionError};
use crate::hook::HookError;
use crate::line::LineError;
use crate::profile::ProfileError;
use crate::results::ResultsError;
use crate::verdict::Exit;

pub use reports::Format;
pub use self_test::run_inside;

/// Tests a center, a device, a gateway or a provider's server against the Restante specification.
#[derive(Debug, Parser)]
#[command(name = "restante-conformance", version, arg_required_else_help = true)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run all cases against the bundled center, device, gateway and provider.
    #[command(
        after_help = "Examples:\n  restante-conformance self-test\n  restante-conformance self-test server/ENR\n  restante-conformance self-test --inside --faults"
    )]
    SelfTest(self_test::Arguments),
    /// Test a center: the kit is dealer, operator, device and gateway.
    #[command(
        after_help = "Example:\n  restante-conformance server --target https://center.example --profile restante-profile.toml --hook ./hook"
    )]
    Server(server::Arguments),
    /// Test a device: the kit is the center that it dials.
    #[command(
        after_help = "Example:\n  restante-conformance device --profile restante-profile.toml --hook ./hook"
    )]
    Device(device::Arguments),
    /// Test a gateway: the kit is the center that it dials.
    #[command(
        after_help = "Example:\n  restante-conformance gateway --profile restante-profile.toml --hook ./hook"
    )]
    Gateway(device::Arguments),
    /// Test a provider's own server: the kit is the center that it dials, and its devices.
    #[command(
        after_help = "Examples:\n  restante-conformance provider --profile restante-profile.toml --hook ./hook\n  restante-conformance provider --profile restante-profile.toml --hook ./hook --ca ca.pem PRV-033"
    )]
    Provider(provider::Arguments),
    /// Watch a device and a server that are not the kit's, from between them.
    Pair(pair::Arguments),
    /// The hook of the bundled device, gateway or provider.
    #[command(hide = true)]
    BundledHook(bundled_hook::Arguments),
    /// Write a profile to begin with.
    #[command(
        after_help = "Examples:\n  restante-conformance init server\n  restante-conformance init device device.toml\n  restante-conformance init provider"
    )]
    Init(init::Arguments),
    /// List the cases.
    #[command(after_help = "Example:\n  restante-conformance list --role device")]
    List(cases::ListArguments),
    /// Write the cases or their schema to files.
    #[command(after_help = "Example:\n  restante-conformance cases cases/")]
    Cases(cases::ExportArguments),
    /// Explain a case, a requirement or a refusal.
    #[command(
        after_help = "Examples:\n  restante-conformance explain ENR-009\n  restante-conformance explain code-refused"
    )]
    Explain {
        /// A case (server/ENR/…), a requirement (ENR-009) or a refusal (code-refused).
        what: String,
    },
    /// The specification's vectors, as files or asked of a program.
    #[command(subcommand)]
    Vectors(vectors::Arguments),
    /// See whether a hook speaks the kit's language.
    #[command(after_help = "Example:\n  restante-conformance hook-check ./hook")]
    HookCheck(hook_check::Arguments),
    /// Compare two runs.
    #[command(
        after_help = "Example:\n  restante-conformance diff before/results.jsonl after/results.jsonl"
    )]
    Diff {
        /// The folder or results.jsonl of the run before.
        before: PathBuf,
        /// The folder or results.jsonl of the run after.
        after: PathBuf,
    },
    /// Show the transcripts of a run.
    #[command(after_help = "Example:\n  restante-conformance replay conformance-results")]
    Replay(compare::ReplayArguments),
    /// Write a run's report in another form.
    #[command(
        after_help = "Example:\n  restante-conformance report conformance-results --format md"
    )]
    Report(reports::Arguments),
    /// Write the statement that a whole run that passed allows.
    #[command(after_help = "Example:\n  restante-conformance claim conformance-results")]
    Claim {
        /// The folder or results.jsonl of the run.
        run: PathBuf,
    },
    /// Check that requirements, cases and code belong together.
    #[command(after_help = "Example:\n  restante-conformance trace --check")]
    Trace(tracing_thread::Arguments),
}

/// Why a command ended before it had a verdict.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The command line or a file that the user gave is wrong.
    #[error("{0}")]
    Usage(String),
    /// The kit cannot do its work.
    #[error("{0}")]
    Kit(String),
}

impl CommandError {
    /// What the user gave is wrong.
    pub fn usage(why: impl ToString) -> Self {
        Self::Usage(why.to_string())
    }

    /// The kit cannot do its work.
    pub fn kit(why: impl ToString) -> Self {
        Self::Kit(why.to_string())
    }

    /// What the process tells its caller.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Kit(_) => Exit::KitError,
        }
    }
}

/// Carries out a command.
///
/// # Errors
/// [`CommandError`] where there is no verdict.
pub async fn run(line: CommandLine) -> Result<Exit, CommandError> {
    match line.command {
        Command::SelfTest(arguments) => self_test::run(arguments).await,
        Command::Server(arguments) => server::run(arguments).await,
        Command::Device(arguments) => device::run(Role::Device, arguments).await,
        Command::Gateway(arguments) => device::run(Role::Gateway, arguments).await,
        Command::Provider(arguments) => provider::run(arguments).await,
        Command::Pair(arguments) => pair::run(arguments).await,
        Command::BundledHook(arguments) => bundled_hook::run(&arguments).await,
        Command::Init(arguments) => init::run(&arguments),
        Command::List(arguments) => cases::list(&arguments),
        Command::Cases(arguments) => cases::export(&arguments),
        Command::Explain { what } => explain::run(&what),
        Command::Vectors(arguments) => vectors::run(arguments).await,
        Command::HookCheck(arguments) => hook_check::run(arguments).await,
        Command::Diff { before, after } => compare::diff(&before, &after),
        Command::Replay(arguments) => compare::replay(&arguments),
        Command::Report(arguments) => reports::run(&arguments),
        Command::Claim { run } => reports::claim(&run),
        Command::Trace(arguments) => tracing_thread::run(&arguments),
    }
}

/// Prints a whole text. Whoever reads it may have seen enough and gone; the exit code tells the
/// rest.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Reads a role from a command line.
fn role(text: &str) -> Result<Role, String> {
    let known = Role::ALL.into_iter().find(|role| role.word() == text);
    known.ok_or_else(|| {
        format!("{text:?} is no role; the roles are server, device, gateway and provider")
    })
}

impl From<CatalogueError> for CommandError {
    fn from(error: CatalogueError) -> Self {
        Self::kit(error)
    }
}

impl From<SelectionError> for CommandError {
    fn from(error: SelectionError) -> Self {
        Self::usage(error)
    }
}

impl From<ProfileError> for CommandError {
    fn from(error: ProfileError) -> Self {
        Self::usage(error)
    }
}

impl From<ResultsError> for CommandError {
    fn from(error: ResultsError) -> Self {
        Self::usage(error)
    }
}

impl From<HookError> for CommandError {
    fn from(error: HookError) -> Self {
        Self::kit(error)
    }
}

impl From<LineError> for CommandError {
    fn from(error: LineError) -> Self {
        Self::kit(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// Every command that does something shows how it is called.
    fn shows_examples(command: &clap::Command, path: &str) {
        for inner in command.get_subcommands().filter(|it| !it.is_hide_set()) {
            shows_examples(inner, &format!("{path} {}", inner.get_name()));
        }
        if !command.has_subcommands() {
            let help = command.get_after_help().expect(path).to_string();
            assert!(help.contains(&format!("  {path}")), "{help}");
        }
    }

    #[test]
    fn every_command_shows_an_example() {
        shows_examples(&CommandLine::command(), "restante-conformance");
    }
}
