//! When to come again, and what to do by then.
//!
//! The center sets every interval; devices are told durations, never dates. A schedule is whole: it
//! replaces the one before. What it does not name is not due.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::time::Seconds;

use super::hosts::Hosts;

/// A device's timetable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// Poll again so many seconds after the last poll, and at that interval from then on.
    pub poll: Seconds,
    /// Poll next while this window is open instead, and in the one after it an interval later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<PollWindow>,
    /// What else to do, each action at most once.
    #[serde(default)]
    pub entries: Vec<ScheduleEntry>,
    /// At which hosts the device may register for services. It goes to no other.
    #[serde(default, skip_serializing_if = "Hosts::is_empty")]
    pub hosts: Hosts,
}

/// When devices are to poll: a time of day, told as a duration. Every registration has a place of
/// its own in the window, the same each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PollWindow {
    /// So many seconds after this message it opens.
    pub opens_in: Seconds,
    /// For so many seconds it is open.
    pub lasts: Seconds,
}

impl Schedule {
    /// Polling at this interval and nothing else.
    #[must_use]
    pub fn every(poll: Seconds) -> Self {
        Self {
            poll,
            window: None,
            entries: Vec::new(),
            hosts: Hosts::default(),
        }
    }

    /// How often `action` is due, if it is.
    #[must_use]
    pub fn interval(&self, action: Action) -> Option<Seconds> {
        self.entries
            .iter()
            .find(|entry| entry.action == action)
            .map(|entry| entry.every)
    }
}

/// One action and how often it is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ScheduleEntry {
    /// What to do.
    pub action: Action,
    /// First after so many seconds, then at that interval. The first time is at once where the
    /// center holds no report of the device yet.
    pub every: Seconds,
}

/// What a schedule can ask for. A device passes over a word that it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Action {
    /// Report running status.
    ReportStatus,
    /// A word of a later version; it is written `unknown`, which is nobody's word.
    #[serde(other)]
    Unknown,
}

// Derived, the schema would list the words of today and refuse those of tomorrow.
#[cfg(feature = "schema")]
impl schemars::JsonSchema for Action {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "Action".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "what to do: report-status; a device passes over any other word",
            "pattern": "^[a-z]+(-[a-z]+)*$",
        })
    }
}
