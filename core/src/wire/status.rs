//! Running status: state, reasons and operation counters of one device or of many.
//!
//! Words are the registered IPP keywords. A report carries (boot, seq): one that is older than what
//! the center holds is accepted, counted as superseded and changes nothing, so that sending it
//! twice or late is harmless. An impression is one side, blanks included; a sheet is paper: what
//! people call copy sheets is `mediaSheetsCompleted` of `copy`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::id::{DeviceId, LanAddress};
use crate::limits::{COUNTER_MAX, DEVICES_PER_MESSAGE, REASONS_PER_STATUS};
use crate::time::Seconds;

use super::schedule::Schedule;

/// "This is how my devices are." Presented with a formal code, in one communication for all of
/// them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReportStatus {
    /// One report per device, at most 500.
    #[serde(deserialize_with = "reports")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 500)))]
    pub reports: Vec<StatusReport>,
}

/// The status of one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StatusReport {
    /// Which device.
    pub device: DeviceId,
    /// How often the device had been switched on when it made the report; never goes down.
    pub boot: u32,
    /// Which report since then; never goes down within one boot.
    pub seq: u32,
    /// How many seconds ago the readings were taken.
    #[serde(default)]
    pub age: Seconds,
    /// Whether it works.
    pub state: DeviceState,
    /// Why it is in that state: registered keywords, a severity suffix included; at most 32.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "reasons"
    )]
    #[cfg_attr(feature = "schema", schemars(length(max = 32)))]
    pub reasons: Vec<StateReason>,
    /// What it has done so far.
    pub counters: Counters,
    /// Its address on its own LAN as it is now. Absent where it knows none: the center keeps the
    /// one that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<LanAddress>,
}

/// 1 to 500 reports, no two on one device.
// spec: MSG-003
fn reports<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<StatusReport>, D::Error> {
    let reports = Vec::<StatusReport>::deserialize(d)?;
    if !(1..=DEVICES_PER_MESSAGE).contains(&reports.len()) {
        return Err(de::Error::invalid_length(
            reports.len(),
            &"1 to 500 reports",
        ));
    }
    let mut devices: Vec<DeviceId> = reports.iter().map(|report| report.device).collect();
    devices.sort_unstable();
    let twice = devices.windows(2).find(|pair| pair.first() == pair.last());
    match twice.and_then(<[DeviceId]>::first) {
        Some(device) => Err(de::Error::custom(alloc::format!(
            "there are two reports on {device}"
        ))),
        None => Ok(reports),
    }
}

/// At most 32 state reasons.
fn reasons<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<StateReason>, D::Error> {
    StateReasons::deserialize(d).map(|reasons| reasons.0)
}

/// How a device is: what it says of itself, before anybody says which device at the center it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Whether it works.
    pub state: DeviceState,
    /// Why it is in that state.
    #[serde(default, skip_serializing_if = "StateReasons::is_empty")]
    pub reasons: StateReasons,
    /// What it has done so far.
    pub counters: Counters,
}

/// At most 32 state reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct StateReasons(
    #[cfg_attr(feature = "schema", schemars(length(max = 32)))] Vec<StateReason>,
);

/// More state reasons than a status may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a status has at most {max} state reasons, not {0}", max = REASONS_PER_STATUS)]
pub struct TooManyReasons(pub usize);

impl StateReasons {
    /// Takes the reasons in this order.
    ///
    /// # Errors
    /// [`TooManyReasons`] beyond 32.
    pub fn new(reasons: Vec<StateReason>) -> Result<Self, TooManyReasons> {
        if reasons.len() > REASONS_PER_STATUS {
            Err(TooManyReasons(reasons.len()))
        } else {
            Ok(Self(reasons))
        }
    }

    /// The reasons.
    #[must_use]
    pub fn as_slice(&self) -> &[StateReason] {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for StateReasons {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(d)?).map_err(|error| de::Error::custom(error.to_string()))
    }
}

impl Status {
    /// The report of this status for a device at the center, without an address.
    #[must_use]
    pub fn report(&self, device: DeviceId, (boot, seq): (u32, u32), age: Seconds) -> StatusReport {
        StatusReport {
            device,
            boot,
            seq,
            age,
            state: self.state,
            reasons: self.reasons.0.clone(),
            counters: self.counters.clone(),
            address: None,
        }
    }
}

/// Whether a device works (IPP `printer-state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum DeviceState {
    /// Ready for work.
    Idle,
    /// At work.
    Processing,
    /// It cannot work before somebody does something.
    Stopped,
}

/// A state reason: a keyword of lower-case letters, digits, `-`, `_` and `.`, at most 64
/// characters. Any such word is taken, whether this version knows it or not.
// spec: STA-016
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct StateReason(String);

/// A text that is no keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a state reason is a keyword of 1 to 64 lower-case letters, digits, hyphens, underscores and dots"
)]
pub struct NotAKeyword;

impl StateReason {
    /// Takes a keyword as it is.
    ///
    /// # Errors
    /// [`NotAKeyword`] if it is none.
    pub fn new(keyword: &str) -> Result<Self, NotAKeyword> {
        let symbol = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
        let good = !keyword.is_empty() && keyword.len() <= 64 && keyword.bytes().all(symbol);
        if good {
            Ok(Self(keyword.into()))
        } else {
            Err(NotAKeyword)
        }
    }

    /// The keyword.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for StateReason {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(d)?).map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for StateReason {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "StateReason".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "a registered state reason, such as toner-low or media-jam-error",
            "pattern": "^[a-z0-9._-]{1,64}$",
        })
    }
}

/// What a device has done since its counters' epoch began. Totals never go down within one epoch; a
/// reset begins the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Counters {
    /// Rises by one whenever the counters were reset.
    #[serde(default)]
    pub epoch: u32,
    /// All work together.
    pub total: Counted,
    /// The work of each service that counts for itself.
    #[serde(default)]
    pub services: ServiceCounters,
}

/// Counters per service; absent where the device does not have the service or does not count it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceCounters {
    /// Printing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub print: Option<Counted>,
    /// Copying.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy: Option<Counted>,
    /// Scanning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan: Option<Counted>,
    /// Facsimiles received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fax_in: Option<Counted>,
    /// Facsimiles sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fax_out: Option<Counted>,
}

/// Counted work. What a device does not count is absent, never zero and never negative.
// spec: STA-001, STA-002
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Counted {
    /// Sides, blanks included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impressions_completed: Option<Counter>,
    /// Sheets of paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_sheets_completed: Option<Counter>,
    /// Pages of documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages_completed: Option<Counter>,
    /// Sides with colour on them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impressions_completed_col: Option<Counter>,
    /// Sheets with colour on them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_sheets_completed_col: Option<Counter>,
    /// Pages with colour on them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages_completed_col: Option<Counter>,
}

/// A count that every JSON reader holds exactly: at most 2^53 − 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Counter(u64);

/// A number above 2^53 − 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a counter is at most {max}, not {0}", max = COUNTER_MAX)]
pub struct CounterTooLarge(pub u64);

impl Counter {
    /// The count `value`.
    ///
    /// # Errors
    /// [`CounterTooLarge`] above 2^53 − 1.
    pub const fn new(value: u64) -> Result<Self, CounterTooLarge> {
        if value > COUNTER_MAX {
            Err(CounterTooLarge(value))
        } else {
            Ok(Self(value))
        }
    }

    /// The value.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Counter {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(u64::deserialize(d)?).map_err(|error| de::Error::custom(error.to_string()))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Counter {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "Counter".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 0, "maximum": COUNTER_MAX })
    }
}

/// "I have them."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StatusReported {
    /// One result per report, in the order of the request.
    pub results: Vec<Reported>,
    /// When to come again and what to report.
    pub schedule: Schedule,
}

/// What became of one report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Reported {
    /// The device.
    pub device: DeviceId,
    /// Whether the report changed what the center holds.
    pub result: ReportResult,
}

/// Whether a report changed what the center holds. Neither needs sending again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ReportResult {
    /// It is what the center holds now.
    Accepted,
    /// The center holds this one or a later one already.
    Superseded,
}
