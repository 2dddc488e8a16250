//! Readings as a file for other programs: comma-separated values (RFC 4180) or JSON lines.
//!
//! What a device does not count stays empty, never zero. A text that a spreadsheet would take for a
//! formula gets an apostrophe in front: names come from people and devices, and a file that is
//! opened by a click must not compute anything of theirs.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use restante_center::program::Failure;
use restante_core::wire::people::{DeviceRow, Reading};
use restante_core::wire::{Counted, Counter};
use serde::Serialize;

use super::holdings::state;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Csv,
    Jsonl,
}

/// Writes readings, device by device.
pub(crate) struct Writer {
    to: Box<dyn Write>,
    name: String,
    form: Form,
}

/// One line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    device: &'a DeviceRow,
    reading: &'a Reading,
}

impl Writer {
    /// Begins a file, or standard output.
    pub(crate) fn create(path: Option<PathBuf>, form: Form) -> Result<Self, Failure> {
        let name = path
            .as_ref()
            .map_or("standard output".into(), |path| path.display().to_string());
        let to: Box<dyn Write> = match path {
            None => Box::new(BufWriter::new(io::stdout().lock())),
            Some(path) => {
                let file = File::create_new(&path).map_err(|error| failed(&name, &error))?;
                Box::new(BufWriter::new(file))
            }
        };
        let mut writer = Self { to, name, form };
        if form == Form::Csv {
            writer.line(&heading())?;
        }
        Ok(writer)
    }

    /// Writes one device's readings, oldest first.
    pub(crate) fn write(
        &mut self,
        device: &DeviceRow,
        newest_first: &[Reading],
    ) -> Result<(), Failure> {
        // Every line names the device; its latest reading has a line of its own.
        let device = DeviceRow {
            latest: None,
            ..device.clone()
        };
        for reading in newest_first.iter().rev() {
            let text = match self.form {
                Form::Csv => csv_line(&fields(&device, reading)),
                Form::Jsonl => json_line(&device, reading)?,
            };
            self.line(&text)?;
        }
        Ok(())
    }

    /// Ends the file.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.to.flush().map_err(|error| failed(&self.name, &error))
    }

    fn line(&mut self, text: &str) -> Result<(), Failure> {
        let end = if self.form == Form::Csv { "\r\n" } else { "\n" };
        write!(self.to, "{text}{end}").map_err(|error| failed(&self.name, &error))
    }
}

fn json_line(device: &DeviceRow, reading: &Reading) -> Result<String, Failure> {
    let line = Line { device, reading };
    serde_json::to_string(&line)
        .map_err(|error| Failure::ran(format!("cannot be written as JSON: {error}")))
}

/// The fields of one line, in the order of [`heading`].
fn fields(device: &DeviceRow, reading: &Reading) -> Vec<String> {
    let reasons: Vec<&str> = reading
        .reasons
        .iter()
        .map(|reason| reason.as_str())
        .collect();
    let mut fields = vec![
        device.device.to_string(),
        device.vendor.to_string(),
        device.model.to_string(),
        device.serial.to_string(),
        device.user.to_string(),
        reading.taken.to_text(),
        reading.received.to_text(),
        reading.boot.to_string(),
        reading.seq.to_string(),
        state(reading.state).to_owned(),
        reasons.join(" "),
        reading.counters.epoch.to_string(),
    ];
    let services = &reading.counters.services;
    let none = Counted::default();
    for counted in [
        Some(&reading.counters.total),
        services.print.as_ref(),
        services.copy.as_ref(),
        services.scan.as_ref(),
        services.fax_in.as_ref(),
        services.fax_out.as_ref(),
    ] {
        let counters = counters(counted.unwrap_or(&none));
        let text = |counter: Option<Counter>| counter.map(|it| it.get().to_string());
        fields.extend(counters.map(|counter| text(counter).unwrap_or_default()));
    }
    fields
}

const fn counters(counted: &Counted) -> [Option<Counter>; 6] {
    [
        counted.impressions_completed,
        counted.media_sheets_completed,
        counted.pages_completed,
        counted.impressions_completed_col,
        counted.media_sheets_completed_col,
        counted.pages_completed_col,
    ]
}

fn heading() -> String {
    let counted = SERVICES.iter().flat_map(|service| {
        COUNTERS
            .iter()
            .map(move |counter| format!("{service}.{counter}"))
    });
    let facts = FACTS.iter().map(|fact| (*fact).to_owned());
    csv_line(&facts.chain(counted).collect::<Vec<_>>())
}

fn csv_line(fields: &[String]) -> String {
    let quoted: Vec<String> = fields.iter().map(|field| csv_field(field)).collect();
    quoted.join(",")
}

fn csv_field(field: &str) -> String {
    let safe = if field.starts_with(['=', '+', '-', '@']) {
        format!("'{field}")
    } else {
        field.to_owned()
    };
    if safe.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

fn failed(name: &str, error: &io::Error) -> Failure {
    Failure::ran(format!("{name} cannot be written: {error}"))
}

const FACTS: [&str; 12] = [
    "device", "vendor", "model", "serial", "user", "taken", "received", "boot", "seq", "state",
    "reasons", "epoch",
];
const SERVICES: [&str; 6] = ["total", "print", "copy", "scan", "faxIn", "faxOut"];
const COUNTERS: [&str; 6] = [
    "impressionsCompleted",
    "mediaSheetsCompleted",
    "pagesCompleted",
    "impressionsCompletedCol",
    "mediaSheetsCompletedCol",
    "pagesCompletedCol",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_a_spreadsheet_would_compute_is_disarmed() {
        assert_eq!(csv_field("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(csv_field("@sum,1"), "\"'@sum,1\"");
        assert_eq!(csv_field("Müller \"&\" Sohn"), "\"Müller \"\"&\"\" Sohn\"");
        assert_eq!(csv_field("plain"), "plain");
    }

    #[test]
    fn the_heading_names_every_field() {
        assert_eq!(heading().split(',').count(), 12 + 36);
        assert!(heading().contains("copy.mediaSheetsCompleted"));
    }
}
