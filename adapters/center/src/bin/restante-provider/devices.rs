//! `restante-provider devices` and `restante-provider export`: which devices use which service, or
//! are about to, read from the store while the server runs or not.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use restante_center::program::lines::{Form, Lines};
use restante_center::program::{Failure, table};
use restante_center::provider::{DeviceRow, Ledger, LedgerError, ProviderConfig, devices};
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
        let ledger = which.ledger()?;
        if json {
            table::json(&ledger.devices)?;
            return whole(&ledger);
        }
        let rows = ledger.devices.iter().map(|row| {
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
        table::table(&HEADS, rows.collect(), "No code was made yet.")?;
        whole(&ledger)
    }
}

impl Export {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let ledger = self.which.ledger()?;
        let heading = FIELDS.map(str::to_owned);
        let mut file = Lines::create(self.output, self.format, &heading)?;
        for row in &ledger.devices {
            file.write(|| values(row), row)?;
        }
        file.finish()?;
        whole(&ledger)
    }
}

impl Which {
    fn ledger(&self) -> Result<Ledger, Failure> {
        let config = ProviderConfig::read(&super::place(self.config.clone()))?;
        devices(&config, self.service.as_ref(), SystemClock.now()).map_err(|error| match error {
            LedgerError::NoService(_) => Failure::given(error.to_string()),
            other => Failure::ran(other.to_string()),
        })
    }
}

/// Complains if what was shown is not all there is.
fn whole(ledger: &Ledger) -> Result<(), Failure> {
    let (count, store) = (ledger.damaged.len(), ledger.store.display());
    if count == 0 {
        return Ok(());
    }
    let mut which = ledger.damaged[..count.min(NAMED)].join("; ");
    if count > NAMED {
        which.push_str(&format!("; and {} more", count - NAMED));
    }
    Err(Failure::ran(format!(
        "{count} damaged in {store}, and left out: {which}; stop the server and restore that file \
         from a backup"
    )))
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

/// Damaged records that one complaint names: where there are more, they have one cause.
const NAMED: usize = 10;
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
