//! Running status: reports of one device or of many in one communication, all or nothing.

use alloc::format;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::{CustomerId, DeviceId, RegistrationId};
use crate::limits::EARLY_READS;
use crate::record::{Clock, Device, Key, Pause, Reading};
use crate::time::Timestamp;
use crate::wire::{
    Refusal, RefusalCode, ReportResult, ReportStatus, Reported, StatusReport, StatusReported,
};

use super::authenticate::Speaker;
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Registers the reports, unless one is about a device that the sender does not speak for.
    // spec: STA-011
    pub(super) fn report(&mut self, message: &ReportStatus) -> Result<StatusReported, Stop> {
        let latest = |report: &StatusReport| Reading::latest_key(report.device);
        let keys: Vec<Key> = message.reports.iter().map(latest).collect();
        let mut early = Vec::with_capacity(EARLY_READS.saturating_add(1));
        early.push(Clock::key());
        if keys.len() <= EARLY_READS {
            early.extend(keys.iter().cloned());
        }
        let speaker = self.speaker(&early)?;
        covered(&speaker, message.reports.iter().map(|report| report.device))?;
        let customer = speaker.facts.customer;
        let stated = message.reports.iter().filter(|it| it.address.is_some());
        let places = stated.map(|report| Device::key(customer, report.device));
        let places: Vec<Key> = places.collect();
        self.load(keys.iter().chain(&places))?;
        let now = self.time()?;
        let mut results = Vec::with_capacity(message.reports.len());
        for (report, key) in message.reports.iter().zip(keys) {
            let result = self.register_reading(speaker.id, key, report, now)?;
            if result == ReportResult::Accepted {
                self.relocate(customer, report)?;
            }
            results.push(Reported {
                device: report.device,
                result,
            });
        }
        Ok(StatusReported {
            results,
            schedule: self.schedule(),
        })
    }

    /// Keeps one report if it is newer than what this registration has reported.
    // spec: STA-012, STA-013
    fn register_reading(
        &mut self,
        registration: RegistrationId,
        key: Key,
        report: &StatusReport,
        now: Timestamp,
    ) -> Result<ReportResult, Pause> {
        let latest = self.desk.get::<Reading>(&key)?;
        let Some(reading) = Reading::on_top_of(latest.as_ref(), registration, report, now) else {
            return Ok(ReportResult::Superseded);
        };
        let number = reading.number;
        self.desk.put(key, &reading);
        let past = reading.without_others();
        self.desk.put(Reading::key(report.device, number), &past);
        Ok(ReportResult::Accepted)
    }

    /// Takes the address that a report states, if it is another than the one that is held.
    // spec: STA-020
    fn relocate(&mut self, customer: CustomerId, report: &StatusReport) -> Result<(), Pause> {
        let Some(address) = &report.address else {
            return Ok(());
        };
        let key = Device::key(customer, report.device);
        let held = self.desk.peek::<Device>(&key)?;
        if held.is_none_or(|it| it.contacts.address.as_ref() == Some(address)) {
            return Ok(());
        }
        if let Some(mut device) = self.desk.get::<Device>(&key)? {
            device.contacts.address = Some(address.clone());
            self.desk.put(key, &device);
        }
        Ok(())
    }
}

/// Refuses a message that names devices for which the sender does not speak.
// spec: STA-010
pub(super) fn covered(
    speaker: &Speaker,
    named: impl Iterator<Item = DeviceId>,
) -> Result<(), Stop> {
    let foreign: Vec<DeviceId> = named
        .filter(|device| !speaker.active.covers(*device))
        .collect();
    let Some(first) = foreign.first() else {
        return Ok(());
    };
    let detail = format!(
        "{} names {} devices that it does not speak for, the first being {first}",
        speaker.id,
        foreign.len()
    );
    let mut refusal = Refusal::plain(RefusalCode::DeviceNotCovered);
    refusal.devices = foreign;
    Err(Stop::refusal(refusal, "device-not-covered", detail))
}
