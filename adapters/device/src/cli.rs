//! The command line: what can be asked of the program, with examples.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use restante_core::code::{ProvisionalCode, ProvisionalCodeError};
use restante_core::id::{CenterAddress, LanAddress, Model, Serial, Vendor};
use restante_core::wire::{Function, FunctionSet, Identification};

use crate::site::function;

mod by_mail;
mod call;
mod fleet;
pub use by_mail::ByMail;
pub use call::Call;
pub use fleet::Fleet;

/// A reference device, a gateway for the devices of a LAN, and a trial device for one.
#[derive(Debug, Parser)]
#[command(name = "restante-device", version, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Enters a code at this device and registers it.
    #[command(
        after_help = "Example:\n  restante-device enrol --center https://center.example --code 7K2MN-… --serial D10010101 --state device.state\n  restante-device enrol --center https://center.example --code 7K2MN-… --serial D10010101 --state device.state --address 192.0.2.7:8443\n  restante-device enrol --sealed --center http://center.example:8080 --code 7K2MN-… --serial D10010101 --state device.state"
    )]
    Enrol(EnrolDevice),
    /// Polls and reports on schedule, and carries out what the center asks for.
    #[command(
        after_help = "Examples:\n  restante-device run --state device.state --copy-sheets 100\n  restante-device run --state device.state --copy-sheets 100 --until-reported\n  restante-device run --sealed --state device.state --copy-sheets 100\n  restante-device run --state device.state --polling 0.0.0.0:8443 --find-address\n  restante-device run --state device.state --register-by-mail services@center.example --mail-from copier@site.example --smtp mail.site.example:587"
    )]
    Run(RunDevice),
    /// Shows where this device stands, and what a running one is at.
    #[command(after_help = "Example:\n  restante-device status --state device.state")]
    Status(StatusOf),
    /// Asks the center for a new formal access code.
    #[command(after_help = "Example:\n  restante-device rotate --state device.state")]
    Rotate(Act),
    /// Ends this device's registration.
    #[command(after_help = "Example:\n  restante-device leave --state device.state")]
    Leave(Act),
    /// Speaks for all devices of this network.
    #[command(subcommand)]
    Gateway(Gateway),
    /// Is a trial device on this network, for a gateway to find; it shows the messages that it is
    /// handed.
    #[command(
        after_help = "Examples:\n  restante-device child --serial D10010101 --copy-sheets 100\n  restante-device child --serial D10010101 --listen 192.0.2.7:8080 --no-multicast"
    )]
    Child(Child),
    /// Has devices of this network poll now, by the links of a plan.
    #[command(after_help = call::EXAMPLES)]
    Call(Call),
    /// Is many simulated devices at once, for trials and for load.
    #[command(after_help = fleet::EXAMPLES)]
    Fleet(Fleet),
}

/// What a gateway can do.
#[derive(Debug, Subcommand)]
pub enum Gateway {
    /// Enters a code, calls the devices of this network and registers all that answer. At a gateway
    /// that is registered, the code pays for the devices that it finds new.
    #[command(
        after_help = "Examples:\n  restante-device gateway enrol --center https://center.example --code 7K2MN-… --state gateway.state\n  restante-device gateway enrol --center https://center.example --code 7K2MN-… --state gateway.state --no-multicast --child 192.0.2.7:8080"
    )]
    Enrol(EnrolGateway),
    /// Polls, looks for new devices and reports for all on schedule, and hands on what the center
    /// asks for.
    #[command(
        after_help = "Examples:\n  restante-device gateway run --state gateway.state\n  restante-device gateway run --state gateway.state --polling 0.0.0.0:8443"
    )]
    Run(RunGateway),
    /// Shows where the gateway stands, and what a running one is at.
    #[command(after_help = "Example:\n  restante-device gateway status --state gateway.state")]
    Status(StatusOf),
    /// Lists the devices that the gateway knows.
    #[command(after_help = "Example:\n  restante-device gateway children --state gateway.state")]
    Children(StatusOf),
    /// Removes a device from the registration.
    #[command(
        after_help = "Example:\n  restante-device gateway remove --serial D10010101 --state gateway.state"
    )]
    Remove(Remove),
    /// Asks the center for a new formal access code.
    #[command(after_help = "Example:\n  restante-device gateway rotate --state gateway.state")]
    Rotate(Act),
    /// Ends the gateway's registration.
    #[command(after_help = "Example:\n  restante-device gateway leave --state gateway.state")]
    Leave(Act),
}

/// Which file.
#[derive(Args, Debug)]
pub struct StatusOf {
    /// The file in which everything is kept that outlives a power cut.
    #[arg(long, value_name = "FILE", env = "RESTANTE_STATE")]
    pub state: PathBuf,
}

/// Which file, and how to reach the center.
#[derive(Args, Debug)]
pub struct Act {
    /// The file in which everything is kept that outlives a power cut.
    #[arg(long, value_name = "FILE", env = "RESTANTE_STATE")]
    pub state: PathBuf,
    /// Trust the certificates in this PEM file as well, such as a center's own for trials.
    #[arg(
        long,
        visible_alias = "ca",
        value_name = "FILE",
        env = "RESTANTE_TRUST"
    )]
    pub trust: Option<PathBuf>,
    /// Say everything to the center in sealed envelopes, for lines without TLS: the center's
    /// address may begin with http:// then, on whatever machine it is.
    #[arg(long, env = "RESTANTE_SEALED")]
    pub sealed: bool,
    /// Give up after so many seconds; what is under way goes on at the next start.
    #[arg(long, value_name = "SECONDS")]
    pub patience: Option<u64>,
}

/// A code and where it goes.
#[derive(Args, Debug)]
pub struct Code {
    /// The center's address, as the dealer gave it.
    #[arg(long, value_name = "URL")]
    pub center: CenterAddress,
    /// The provisional access code; case, spaces and hyphens do not matter.
    #[arg(
        long,
        value_name = "CODE",
        env = "RESTANTE_CODE",
        hide_env_values = true
    )]
    pub code: String,
}

impl Code {
    /// The code, if all of its checks fit. It is judged here and not by the parser of the command
    /// line, which would repeat in its message what was typed.
    ///
    /// # Errors
    /// [`ProvisionalCodeError`] names the group that is wrong.
    pub fn read(&self) -> Result<ProvisionalCode, ProvisionalCodeError> {
        self.code.parse()
    }
}

/// Which device it is.
#[derive(Args, Clone, Debug)]
pub struct Me {
    /// Who made it.
    #[arg(long, default_value = "ACME")]
    pub vendor: Vendor,
    /// What model it is.
    #[arg(long, default_value = "M1001")]
    pub model: Model,
    /// Its serial number.
    #[arg(long)]
    pub serial: Serial,
    /// What it can do: scanner, printer, fax.
    #[arg(long, value_delimiter = ',', value_parser = a_function,
        default_value = "scanner,printer")]
    pub function: Vec<Function>,
}

/// `enrol`.
#[derive(Args, Debug)]
pub struct EnrolDevice {
    /// The code.
    #[command(flatten)]
    pub code: Code,
    /// The device.
    #[command(flatten)]
    pub me: Me,
    /// Where it can be asked to poll on its network. The center makes links of it for the
    /// customer's administrators, and tells it to other devices that are to ask it.
    #[arg(long, value_name = "HOST[:PORT]")]
    pub address: Option<LanAddress>,
    /// State and center.
    #[command(flatten)]
    pub act: Act,
}

/// Where it can be asked to poll.
#[derive(Args, Debug)]
pub struct Polling {
    /// Let people and devices of this network ask for a poll here (/doPolling), with https or http;
    /// port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub polling: Option<SocketAddr>,
    /// The certificate to show there, as PEM. Without one, one that nobody knows is made at each
    /// start.
    #[arg(long, value_name = "FILE", requires_all = ["polling", "polling_key"])]
    pub polling_certificate: Option<PathBuf>,
    /// The private key of that certificate, as PEM.
    #[arg(long, value_name = "FILE", requires = "polling_certificate")]
    pub polling_key: Option<PathBuf>,
}

/// `run`.
#[derive(Args, Debug)]
pub struct RunDevice {
    /// State and center.
    #[command(flatten)]
    pub act: Act,
    /// Poll requests.
    #[command(flatten)]
    pub polling: Polling,
    /// Where it can be asked to poll on its network from now on; the center is told with the next
    /// report. Without this the center keeps the address that it has.
    #[arg(long, value_name = "HOST[:PORT]", conflicts_with = "find_address")]
    pub address: Option<LanAddress>,
    /// Find that address: the one from which this host reaches the center, with the port of
    /// --polling. It is looked for again every minute, and a change is reported.
    #[arg(long, requires = "polling")]
    pub find_address: bool,
    /// Registrations by mail.
    #[command(flatten)]
    pub by_mail: ByMail,
    /// The counter to report: sheets copied so far.
    #[arg(long, value_name = "SHEETS")]
    pub copy_sheets: Option<u64>,
    /// End as soon as the center has taken a report.
    #[arg(long)]
    pub until_reported: bool,
}

/// How a gateway reaches its children.
#[derive(Args, Debug)]
pub struct Site {
    /// A child's host and port, for networks without multicast; may be given several times.
    #[arg(long, value_name = "HOST:PORT")]
    pub child: Vec<LanAddress>,
    /// Do not call by multicast DNS.
    #[arg(long)]
    pub no_multicast: bool,
}

/// `gateway enrol`.
#[derive(Args, Debug)]
pub struct EnrolGateway {
    /// The code.
    #[command(flatten)]
    pub code: Code,
    /// State and center.
    #[command(flatten)]
    pub act: Act,
    /// The LAN.
    #[command(flatten)]
    pub site: Site,
}

/// `gateway run`.
#[derive(Args, Debug)]
pub struct RunGateway {
    /// State and center.
    #[command(flatten)]
    pub act: Act,
    /// The LAN.
    #[command(flatten)]
    pub site: Site,
    /// Poll requests.
    #[command(flatten)]
    pub polling: Polling,
    /// Registrations by mail.
    #[command(flatten)]
    pub by_mail: ByMail,
    /// End as soon as the center has taken a report.
    #[arg(long)]
    pub until_reported: bool,
}

/// `gateway remove`.
#[derive(Args, Debug)]
pub struct Remove {
    /// State and center.
    #[command(flatten)]
    pub act: Act,
    /// The serial number of the device to remove.
    #[arg(long)]
    pub serial: Serial,
}

/// `child`.
#[derive(Args, Debug)]
pub struct Child {
    /// The device.
    #[command(flatten)]
    pub me: Me,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:0")]
    pub listen: SocketAddr,
    /// Its counter: sheets copied so far.
    #[arg(long, value_name = "SHEETS")]
    pub copy_sheets: Option<u64>,
    /// Do not answer general calls by multicast DNS.
    #[arg(long)]
    pub no_multicast: bool,
    /// How often it was switched on; it must never go down. Without it, the present time counts.
    #[arg(long, value_name = "COUNT")]
    pub boot: Option<u32>,
}

impl Me {
    /// The identification; clap has seen to it that there is a function.
    #[must_use]
    pub fn identification(&self) -> Option<Identification> {
        Some(Identification {
            vendor: self.vendor.clone(),
            model: self.model.clone(),
            serial: self.serial.clone(),
            functions: FunctionSet::new(self.function.iter().copied()).ok()?,
        })
    }
}

fn a_function(word: &str) -> Result<Function, String> {
    function(word).ok_or_else(|| "a function is scanner, printer or fax".to_owned())
}

const EXAMPLES: &str = "\
Examples:
  A device registers itself, reports 100 copied sheets, and shows where it stands:
    restante-device enrol --center https://center.example --code 7K2MN-… --serial D10010101 \\
      --state device.state
    restante-device run --state device.state --copy-sheets 100 --until-reported
    restante-device status --state device.state

  It polls for ever and shows what the center asks it to do, act by act:
    restante-device run --state device.state

  It can be asked to poll now, by whoever is on its network:
    restante-device run --state device.state --polling 0.0.0.0:8443 &
    restante-device call https://192.0.2.7:8443/doPolling

  It has no TLS, and seals what it says; the center listens for envelopes ([sealed] there):
    restante-device enrol --sealed --center http://center.example:8080 --code 7K2MN-… \\
      --serial D10010101 --state device.state
    restante-device run --sealed --state device.state --copy-sheets 100

  Three trial devices on this network, and a gateway that registers and reports for all of them:
    restante-device child --serial D10010101 --copy-sheets 100 &
    restante-device child --serial D10020102 --copy-sheets 200 &
    restante-device child --serial D10020103 --copy-sheets 300 &
    restante-device gateway enrol --center https://center.example --code 7K2MN-… --state gw.state
    restante-device gateway run --state gw.state --until-reported
    restante-device gateway children --state gw.state

  Fifty simulated devices of three models in one process, which poll every five seconds:
    restante-device fleet --count 50 --models M1001,M1002,M1003 --poll-every 5s \\
      --center https://center.example --code 7K2MN-…

Exit status: 0 done; 1 refused, or a person is needed; 2 wrong use, or an unfit state file;
3 not done in the time given by --patience.";

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
        shows_examples(&Cli::command(), "restante-device");
    }
}
