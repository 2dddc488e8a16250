//! Readings as a file for other programs: a line for each, with every counter that there is.
//!
//! What a device does not count stays empty, never zero.

use std::path::PathBuf;

use restante_center::program::Failure;
use restante_center::program::lines::{Form, Lines};
use restante_core::wire::people::{DeviceRow, Reading};
use restante_core::wire::{Counted, Counter};
use serde::Serialize;

use super::holdings::state;

/// Writes readings, device by device.
pub(crate) struct Writer(Lines);

/// One line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    device: &'a DeviceRow,
    reading: &'a Reading,
}

impl Writer {
    /// Begins a file, or standard output.
    pub(crate) fn create(path: Option<PathBuf>, form: Form) -> Result<Self, Failure> {
        Ok(Self(Lines::create(path, form, &heading())?))
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
            let device = &device;
            let fields = || fields(device, reading);
            self.0.write(fields, &Line { device, reading })?;
        }
        Ok(())
    }

    /// Ends the file.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        self.0.finish()
    }
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

fn heading() -> Vec<String> {
    let counted = SERVICES.iter().flat_map(|service| {
        COUNTERS
            .iter()
            .map(move |counter| format!("{service}.{counter}"))
    });
    let facts = FACTS.iter().map(|fact| (*fact).to_owned());
    facts.chain(counted).collect()
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
    fn the_heading_names_every_field() {
        assert_eq!(heading().len(), 12 + 36);
        assert!(heading().contains(&"copy.mediaSheetsCompleted".to_owned()));
    }
}
