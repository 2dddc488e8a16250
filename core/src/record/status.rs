//! The status records: the latest reading of a device, and a ring of the readings before it.
//!
//! The reports of one registration are ordered by (boot, seq), both of which only rise. One that is
//! not above what is held changes nothing, so that a report that comes twice or late is harmless.
//! In another registration the device may count from the beginning: it has a new controller board,
//! or somebody has reset it. How far each registration had come is remembered, so that a device
//! which goes to another one and comes back finds its older reports superseded.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, RegistrationId};
use crate::limits::{READINGS_PER_DEVICE, REGISTRATIONS_PER_READING};
use crate::time::{Seconds, Timestamp};
use crate::wire::people::{self, DateTime};
use crate::wire::{Counters, DeviceState, StateReason, StatusReport};

use super::desk::Record;
use super::key::{Key, Kind, Owner};

/// What a device reported. It lies in two places: as the latest, and in its slot, where nothing is
/// said of other registrations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reading {
    /// Which one of the device's readings it is, counted from 0.
    pub number: u32,
    /// When it was taken.
    pub taken: Timestamp,
    /// When it was received.
    pub received: Timestamp,
    /// In which registration it was reported: `boot` and `seq` are comparable within one.
    pub registration: RegistrationId,
    /// The device's boot number.
    pub boot: u32,
    /// The report's number within the boot.
    pub seq: u32,
    /// Whether the device worked.
    pub state: DeviceState,
    /// Why it was in that state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<StateReason>,
    /// What it had done so far.
    pub counters: Counters,
    /// How far other registrations had come that reported the device before, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Reached>,
}

/// The last report of a device in one registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reached {
    /// In which registration.
    pub registration: RegistrationId,
    /// Its boot number.
    pub boot: u32,
    /// Its number within the boot.
    pub seq: u32,
}

impl Reading {
    /// Where the latest reading of a device is.
    #[must_use]
    pub fn latest_key(device: DeviceId) -> Key {
        Key::owned(Kind::Status, Owner::device(device), &[])
    }

    /// Where the reading with this number is, until a later one takes its slot.
    #[must_use]
    pub fn key(device: DeviceId, number: u32) -> Key {
        let slot = number.checked_rem(READINGS_PER_DEVICE).unwrap_or(0);
        let slot = u16::try_from(slot).unwrap_or(u16::MAX);
        Key::owned(Kind::Reading, Owner::device(device), &slot.to_be_bytes())
    }

    /// The reading that `report` makes on top of the `latest` one; `None` if it is superseded.
    // spec: STA-012, STA-014, STA-017
    #[must_use]
    pub fn on_top_of(
        latest: Option<&Self>,
        registration: RegistrationId,
        report: &StatusReport,
        received: Timestamp,
    ) -> Option<Self> {
        let reached = latest.and_then(|held| held.reached(registration));
        if reached.is_some_and(|it| (it.boot, it.seq) >= (report.boot, report.seq)) {
            return None;
        }
        Some(Self {
            number: latest.map_or(0, |held| held.number.saturating_add(1)),
            taken: before(received, report.age),
            received,
            registration,
            boot: report.boot,
            seq: report.seq,
            state: report.state,
            reasons: report.reasons.clone(),
            counters: report.counters.clone(),
            earlier: latest.map_or_else(Vec::new, |held| held.earlier_than(registration)),
        })
    }

    /// As it lies in its slot.
    #[must_use]
    pub fn without_others(mut self) -> Self {
        self.earlier = Vec::new();
        self
    }

    /// How far a registration has come with its reports of the device.
    #[must_use]
    pub fn reached(&self, registration: RegistrationId) -> Option<Reached> {
        let mut all = self.earlier.iter().copied().chain([self.mark()]);
        all.find(|it| it.registration == registration)
    }

    /// How far the others have come, once this registration reports.
    fn earlier_than(&self, registration: RegistrationId) -> Vec<Reached> {
        let all = self.earlier.iter().copied().chain([self.mark()]);
        let mut others: Vec<Reached> = all.filter(|it| it.registration != registration).collect();
        let too_many = others.len().saturating_sub(REGISTRATIONS_PER_READING);
        others.drain(..too_many);
        others
    }

    const fn mark(&self) -> Reached {
        Reached {
            registration: self.registration,
            boot: self.boot,
            seq: self.seq,
        }
    }

    /// What people are shown of it.
    #[must_use]
    pub fn row(self) -> people::Reading {
        people::Reading {
            taken: DateTime(self.taken),
            received: DateTime(self.received),
            boot: self.boot,
            seq: self.seq,
            state: self.state,
            reasons: self.reasons,
            counters: self.counters,
        }
    }
}

impl Record for Reading {}

/// The point `age` before `at`.
fn before(at: Timestamp, age: Seconds) -> Timestamp {
    Timestamp::from_millis(at.as_millis().saturating_sub(age.as_millis()))
}
