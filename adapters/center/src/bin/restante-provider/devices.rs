//! `restante-provider devices` and `restante-provider export`: which devices use which service, or
//! are about to, read from the store while the server runs or not.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use restante_center::program::lines::{Form, Lines};
use restante_center::program::{Failure, table};
use restante_center::provider::{DeviceRow, LedgerError, ProviderConfig, devices};
use restante_core::id::ServiceId;
use restante_store::{Clock, SystemClock};

#[derive(Subcommand)]
pub(crate) enum Devices {
    /// Show the devices for which a code was made, and how far each is
    #[command(after_help = "\
Examples:
  restante-provider devices list
  restante-provider devices list --service scan-cloud --json")]
    List {
        #[command(flatten)]
        which: Which,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Writes the same as a file for other programs.
#[derive(Args)]
pub(crate) struct Export {
    #[command(flatten)]
    which: Which,
    /// The form of the lines
    #[arg(long, value_enum, default_value_t = Form::Csv)]
    format: Form,
    /// Write to this file instead of standard output; one that exists is left alone
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Which devices of which server.
#[derive(Args)]
pub(crate) struct Which {
    /// Only those of this service
    #[arg(long, value_name = "ID")]
    service: Option<ServiceId>,
    /// The configuration; by default ./restante-provider.toml, else
    /// ./restante-provider/restante-provider.toml
    #[arg(long, value_name = "FILE", env = "RESTANTE_PROVIDER_CONFIG")]
    config: Option<PathBuf>,
}

impl Devices {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Self::List { which, json } = self;
        let rows = which.devices()?;
        if json {
            return table::json(&rows);
        }
        let rows = rows.iter().map(|row| {
            let since = row.since.map_or_else(String::new, table::minute);
            vec![
                row.device.to_string(),
                row.application.to_string(),
                row.service.to_string(),
                row.state.word().to_owned(),
                since,
                table::minute(row.until),
            ]
        });
        table::table(&HEADS, rows.collect(), "No code was made yet.")
    }
}

impl Export {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let rows = self.which.devices()?;
        let heading = FIELDS.map(str::to_owned);
        let mut file = Lines::create(self.output, self.format, &heading)?;
        for row in &rows {
            file.write(|| values(row), row)?;
        }
        file.finish()
    }
}

impl Which {
    fn devices(&self) -> Result<Vec<DeviceRow>, Failure> {
        let config = ProviderConfig::read(&super::place(self.config.clone()))?;
        devices(&config, self.service.as_ref(), SystemClock.now()).map_err(|error| match error {
            LedgerError::NoService(_) => Failure::given(error.to_string()),
            other => Failure::ran(other.to_string()),
        })
    }
}

/// What stands in a line, in the order of [`FIELDS`].
fn values(row: &DeviceRow) -> Vec<String> {
    vec![
        row.device.to_string(),
        row.application.to_string(),
        row.service.to_string(),
        row.state.word().to_owned(),
        row.since.map_or_else(String::new, |at| at.to_text()),
        row.until.to_text(),
    ]
}

const FIELDS: [&str; 6] = [
    "device",
    "application",
    "service",
    "state",
    "since",
    "until",
];
const HEADS: [&str; 6] = [
    "DEVICE",
    "APPLICATION",
    "SERVICE",
    "STATE",
    "SINCE (UTC)",
    "UNTIL (UTC)",
];
