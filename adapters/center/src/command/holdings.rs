//! `restante-center devices` and `restante-center readings`: what customers hold, and what it has
//! counted.
//!
//! A reading is kept with its time for each report, so that supplies and charges can be worked out
//! elsewhere: `readings export` writes all that is kept, one line each, for a spreadsheet or a
//! program.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Subcommand;
use restante_center::program::Failure;
use restante_center::program::lines::Form;
use restante_center::{Console, ConsoleError};
use restante_core::id::{CustomerId, DeviceId};
use restante_core::wire::people::{
    DeviceRow, ListDevices, ListReadings, PeopleReply, PeopleRequest, Reading,
};
use restante_core::wire::{Counter, DeviceState, RefusalCode};

use super::reach::Reach;
use super::readings_file;
use super::table;
use super::whose::{self, Whose};

#[derive(Subcommand)]
pub(crate) enum Devices {
    /// Show a customer's devices, each with its latest counters
    #[command(after_help = "Example:\n  restante-center devices list --user C001")]
    List {
        #[command(flatten)]
        whose: Whose,
    },
}

#[derive(Subcommand)]
pub(crate) enum Readings {
    /// Show what one device has reported, newest first
    #[command(
        after_help = "Example:\n  restante-center readings list dev-3p7zc89q416mpf5d8e7wdnwrw6 --user C001"
    )]
    List {
        /// The device's id, as `devices list` shows it
        device: DeviceId,
        #[command(flatten)]
        whose: Whose,
    },
    /// Write all readings of a customer's devices, for supplies and charging
    #[command(
        after_help = "Examples:\n  restante-center readings export --user C001 --output readings.csv\n  restante-center readings export --user C001 --format jsonl"
    )]
    Export {
        /// The form of the lines
        #[arg(long, value_enum, default_value_t = Form::Csv)]
        format: Form,
        /// Only this device
        #[arg(long, value_name = "ID")]
        device: Option<DeviceId>,
        /// Write to this file instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        whose: Whose,
    },
}

impl Devices {
    pub(crate) async fn run(self, reach: &Reach) -> Result<(), Failure> {
        let Self::List { whose } = self;
        let console = reach.console().await?;
        let rows = devices(&console, &whose).await?;
        if reach.json {
            return table::json(&rows);
        }
        let mut heads = vec![
            "DEVICE",
            "VENDOR",
            "MODEL",
            "SERIAL",
            "STATE",
            "SHEETS",
            "LAST REPORT (UTC)",
        ];
        let mut lines: Vec<Vec<String>> = rows.iter().map(device).collect();
        if rows.iter().any(|row| row.address.is_some()) {
            heads.push("ADDRESS");
            for (line, row) in lines.iter_mut().zip(&rows) {
                line.push(
                    row.address
                        .as_ref()
                        .map(ToString::to_string)
                        .unwrap_or_default(),
                );
            }
        }
        table::table(&heads, lines, "There are no devices yet.")
    }
}

impl Readings {
    pub(crate) async fn run(self, reach: &Reach) -> Result<(), Failure> {
        let console = reach.console().await?;
        match self {
            Self::List { device, whose } => {
                let devices = devices(&console, &whose).await?;
                let row = devices.iter().find(|row| row.device == device);
                let row =
                    row.ok_or_else(|| Failure::ran(format!("the customer holds no {device}")))?;
                let rows = readings(&console, device, row.customer).await?;
                if reach.json {
                    return table::json(&rows);
                }
                let heads = [
                    "TAKEN (UTC)",
                    "STATE",
                    "IMPRESSIONS",
                    "SHEETS",
                    "COPY SHEETS",
                    "REASONS",
                ];
                let rows = rows.iter().map(reading).collect();
                table::table(&heads, rows, "The device has not reported yet.")
            }
            Self::Export {
                format,
                device,
                output,
                whose,
            } => {
                let mut devices = devices(&console, &whose).await?;
                devices.retain(|row| device.is_none_or(|wanted| wanted == row.device));
                if let (Some(wanted), []) = (device, devices.as_slice()) {
                    return Err(Failure::ran(format!("the customer holds no {wanted}")));
                }
                let mut file = readings_file::Writer::create(output, format)?;
                for device in devices {
                    let rows = readings(&console, device.device, device.customer).await?;
                    file.write(&device, &rows)?;
                }
                file.finish()
            }
        }
    }
}

/// All devices.
pub(crate) async fn devices(console: &Console, whose: &Whose) -> Result<Vec<DeviceRow>, Failure> {
    let asked = |after| {
        PeopleRequest::ListDevices(ListDevices {
            customer: whose.customer,
            user: whose.user.clone(),
            after,
        })
    };
    let page = |reply| match reply {
        PeopleReply::Devices(page) => Some(page),
        _ => None,
    };
    match (console.all_pages(asked, page).await, &whose.user) {
        (Err(ConsoleError::Refused(refusal)), Some(user))
            if refusal.code == RefusalCode::NotFound =>
        {
            Err(Failure::refused(
                refusal,
                whose::unknown(console, user).await,
            ))
        }
        (rows, _) => rows.map_err(|error| {
            Failure::unless_missing(error, || match whose.customer {
                Some(customer) => format!("there is no customer {customer} for you"),
                None => "there is no such customer".to_owned(),
            })
        }),
    }
}

/// The model and the serial number of each device that the customer holds.
pub(crate) async fn names(
    console: &Console,
    whose: &Whose,
) -> Result<HashMap<DeviceId, (String, String)>, Failure> {
    let devices = devices(console, whose).await?;
    let named = |row: DeviceRow| (row.device, (row.model.to_string(), row.serial.to_string()));
    Ok(devices.into_iter().map(named).collect())
}

/// The readings of one device, newest first.
async fn readings(
    console: &Console,
    device: DeviceId,
    customer: CustomerId,
) -> Result<Vec<Reading>, ConsoleError> {
    let asked = |after| {
        PeopleRequest::ListReadings(ListReadings {
            device,
            customer: Some(customer),
            after,
        })
    };
    let page = |reply| match reply {
        PeopleReply::Readings(page) => Some(page),
        _ => None,
    };
    console.all_pages(asked, page).await
}

fn device(row: &DeviceRow) -> Vec<String> {
    let latest = row.latest.as_ref();
    let sheets = latest.and_then(|it| it.counters.total.media_sheets_completed);
    vec![
        row.device.to_string(),
        row.vendor.to_string(),
        row.model.to_string(),
        row.serial.to_string(),
        latest.map_or("no report yet".into(), |it| state(it.state).into()),
        count(sheets),
        latest.map_or(String::new(), |it| table::minute(it.received)),
    ]
}

fn reading(row: &Reading) -> Vec<String> {
    let copy = row.counters.services.copy.as_ref();
    let reasons: Vec<&str> = row.reasons.iter().map(|reason| reason.as_str()).collect();
    vec![
        table::minute(row.taken),
        state(row.state).into(),
        count(row.counters.total.impressions_completed),
        count(row.counters.total.media_sheets_completed),
        count(copy.and_then(|copy| copy.media_sheets_completed)),
        reasons.join(", "),
    ]
}

fn count(counter: Option<Counter>) -> String {
    counter.map_or(String::new(), |counter| counter.get().to_string())
}

pub(crate) const fn state(state: DeviceState) -> &'static str {
    match state {
        DeviceState::Idle => "idle",
        DeviceState::Processing => "processing",
        DeviceState::Stopped => "stopped",
        _ => "of a later version",
    }
}
