//! The command line: which words there are, and what each leads to.

mod applications;
mod apply;
mod code;
mod entitlements;
mod export;
mod holdings;
mod init;
mod instruct;
mod keys;
mod poll_links;
mod reach;
mod readings_file;
mod serve;
mod service;
mod shell;
mod take_mail;
mod token;
mod watch;
mod whose;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use restante_center::Console;
use restante_center::program::{Failure, in_runtime, table};
use restante_core::wire::people::{AcceptClock, PeopleReply, PeopleRequest};

use reach::Reach;

/// Enrols, instructs and looks after devices that nobody can dial into.
///
/// Begin with `restante-center init`, then `restante-center serve`. Every other command works
/// whether the center runs or not.
#[derive(Parser)]
#[command(name = "restante-center", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    reach: Reach,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a new center: configuration, keys, and a certificate for trials
    #[command(
        after_help = "Examples:\n  restante-center init\n  restante-center init --dir /etc/restante --host center.example"
    )]
    Init(init::Init),
    /// Run the center until SIGTERM or SIGINT
    #[command(
        after_help = "Examples:\n  restante-center serve\n  restante-center serve --config /etc/restante/restante.toml --ready-file /run/restante.json"
    )]
    Serve(serve::Serve),
    /// Access tokens of people and programs
    #[command(subcommand)]
    Token(token::Command),
    /// Provisional access codes, which enrol devices
    #[command(subcommand)]
    Code(code::Command),
    /// Devices that a customer holds
    #[command(subcommand)]
    Devices(holdings::Devices),
    /// What devices have reported
    #[command(subcommand)]
    Readings(holdings::Readings),
    /// Have devices do something when they come next
    Instruct(instruct::Order),
    /// Show what a device was told and what became of it
    Instructions(instruct::List),
    /// Call an instruction off
    Cancel(instruct::Cancel),
    /// Services that devices can be applied for
    #[command(subcommand)]
    Service(service::Command),
    /// Have devices start services: on all, on models, on named ones, or on those chosen later
    Apply(apply::Order),
    /// What was applied for, and how far each device is
    #[command(subcommand)]
    Applications(applications::Command),
    /// Choose the devices of an application among its candidates
    Choose(apply::Choice),
    /// Call an application off, for some of its devices or for all
    #[command(alias = "calloff")]
    CallOff(apply::CallOff),
    /// Have devices poll at once: the links for it, and who calls whom
    PollLinks(poll_links::Order),
    /// Show which devices use a service, or did
    Entitlements(entitlements::List),
    /// Take a mail that a device has sent, as a mail server pipes it
    TakeMail(take_mail::TakeMail),
    /// Have devices use a service no longer
    StopUse(apply::Stop),
    /// The center's clock
    #[command(subcommand)]
    Clock(Clock),
    /// The key file
    #[command(subcommand)]
    Keys(keys::Command),
    /// Write all records to a new file, as JSON lines, also while the center runs
    #[command(after_help = "Example:\n  restante-center export backup.jsonl")]
    Export(export::Export),
    /// Read such a file into a store that is still empty, before its center is first served
    #[command(after_help = "Example:\n  restante-center import backup.jsonl")]
    Import(export::Import),
    /// Say that the center's store was put back from a copy, before the center serves again
    #[command(after_help = "Example:\n  restante-center restored")]
    Restored,
}

#[derive(Subcommand)]
enum Clock {
    /// Accept a clock that has jumped ahead by more than a day, so that expiry is judged again
    #[command(after_help = "Example:\n  restante-center clock accept")]
    Accept,
}

impl Arguments {
    /// Whether a program reads what is printed.
    pub(crate) const fn is_json(&self) -> bool {
        self.reach.json
    }
}

/// Reads the command line. Where it is wrong, mail servers are told so in a code of theirs.
pub(crate) fn read() -> Result<Arguments, ExitCode> {
    Arguments::try_parse().map_err(|error| {
        let is_wrong = error.use_stderr();
        let takes_mail = std::env::args().any(|word| word == "take-mail");
        // That nobody can be told changes nothing about the code.
        let _ = error.print();
        ExitCode::from(match (is_wrong, takes_mail) {
            (false, _) => 0,
            (true, true) => take_mail::KEEP,
            (true, false) => 2,
        })
    })
}

/// Does what the command line says.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let reach = arguments.reach;
    match arguments.command {
        Command::Init(init) => init.run(),
        Command::Keys(command) => command.run(&reach),
        Command::Serve(serve) => in_runtime(serve.run(&reach)),
        Command::Token(command) => in_runtime(command.run(&reach)),
        Command::Code(command) => in_runtime(command.run(&reach)),
        Command::Devices(command) => in_runtime(command.run(&reach)),
        Command::Readings(command) => in_runtime(command.run(&reach)),
        Command::Instruct(order) => in_runtime(order.run(&reach)),
        Command::Instructions(list) => in_runtime(list.run(&reach)),
        Command::Cancel(cancel) => in_runtime(cancel.run(&reach)),
        Command::Service(command) => in_runtime(command.run(&reach)),
        Command::Apply(order) => in_runtime(order.run(&reach)),
        Command::Applications(command) => in_runtime(command.run(&reach)),
        Command::Choose(choice) => in_runtime(choice.run(&reach)),
        Command::CallOff(call_off) => in_runtime(call_off.run(&reach)),
        Command::PollLinks(order) => in_runtime(order.run(&reach)),
        Command::Entitlements(list) => in_runtime(list.run(&reach)),
        Command::TakeMail(take) => in_runtime(take.run(&reach)).map_err(take_mail::kept),
        Command::StopUse(stop) => in_runtime(stop.run(&reach)),
        Command::Export(export) => export.run(&reach),
        Command::Import(import) => import.run(&reach),
        Command::Restored => in_runtime(restored(&reach)),
        Command::Clock(Clock::Accept) => in_runtime(accept_clock(&reach)),
    }
}

async fn accept_clock(reach: &Reach) -> Result<(), Failure> {
    let console = reach.console().await?;
    match console
        .ask(PeopleRequest::AcceptClock(AcceptClock {}))
        .await?
    {
        PeopleReply::ClockAccepted(accepted) if reach.json => table::json(&accepted),
        PeopleReply::ClockAccepted(accepted) => {
            println!(
                "accepted: expiry is judged by {} from now on",
                accepted.now.to_text()
            );
            Ok(())
        }
        _ => Err(Failure::other_reply()),
    }
}

async fn restored(reach: &Reach) -> Result<(), Failure> {
    if reach.is_elsewhere() {
        let text = "a store is put back on the center's own machine; leave --center out";
        return Err(Failure::given(text));
    }
    let generation = Console::restored(&reach.config()?).await?;
    if reach.json {
        return table::json(&serde_json::json!({ "generation": generation }));
    }
    println!(
        "noted: formal codes that were handed out before are not believed in sealed envelopes until \
         their devices have answered a challenge; devices ask for new ones by themselves"
    );
    Ok(())
}

/// Where the configuration is looked for unless it is named: here, then where `init` makes it.
const CONFIG_PLACES: [&str; 2] = ["restante.toml", "restante/restante.toml"];

/// The configuration's place.
fn config_place(named: Option<&PathBuf>) -> PathBuf {
    let mut places = CONFIG_PLACES.iter().map(PathBuf::from);
    named
        .cloned()
        .or_else(|| places.find(|place| place.exists()))
        .unwrap_or_else(|| CONFIG_PLACES[0].into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// Every command that does something shows how it is called.
    fn shows_examples(command: &clap::Command, path: &str) {
        for inner in command.get_subcommands() {
            shows_examples(inner, &format!("{path} {}", inner.get_name()));
        }
        if !command.has_subcommands() {
            let help = command.get_after_help().expect(path).to_string();
            assert!(help.contains(&format!("\n  {path}")), "{help}");
        }
    }

    #[test]
    fn every_command_shows_an_example() {
        shows_examples(&Arguments::command(), "restante-center");
    }
}
