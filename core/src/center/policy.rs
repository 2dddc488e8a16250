//! What an operator can choose: when devices come, where they may register for services, and how
//! far a provisional code reaches.

use alloc::vec::Vec;

use crate::id::Model;
use crate::limits::{
    CODE_VALIDITY, CODE_VALIDITY_MAX, CODE_VALIDITY_MIN, DEVICES_PER_GRANT, INTERVAL, INTERVAL_MAX,
    INTERVAL_MIN, POLL_REQUESTS_PER_MINUTE, POLL_REQUESTS_PER_MINUTE_MAX, RANKED_MODELS,
    WINDOW_APART, WINDOW_MAX,
};
use crate::time::{Seconds, Timestamp};
use crate::wire::{Action, Hosts, PollWindow, Schedule, ScheduleEntry};

/// An operator's choices. What is outside the protocol's bounds counts as the nearest bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How often a device polls.
    pub poll: Seconds,
    /// When it polls once a day instead, if it is to be at a time of day.
    pub poll_daily: Option<Daily>,
    /// How often a device reports running status.
    pub report_status: Seconds,
    /// How many devices a provisional code may register, unless the dealer narrows it.
    pub devices_per_grant: u32,
    /// How long a provisional code is valid, unless the dealer says otherwise.
    pub code_validity: Seconds,
    /// At which hosts devices may register for services.
    pub service_hosts: Hosts,
    /// How many devices poll requests may bring to the center in a minute.
    pub poll_requests_per_minute: u32,
    /// Which models are to call others, the most capable first. Behind them come those that are not
    /// named here.
    pub capable_models: Vec<Model>,
}

/// A part of every day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Daily {
    /// How long after midnight, Coordinated Universal Time, it begins.
    pub at: Seconds,
    /// How long it lasts.
    pub lasts: Seconds,
}

impl Default for Policy {
    /// Once a day; a thousand devices; a week; twenty a second.
    fn default() -> Self {
        Self {
            poll: INTERVAL,
            poll_daily: None,
            report_status: INTERVAL,
            devices_per_grant: DEVICES_PER_GRANT,
            code_validity: CODE_VALIDITY,
            service_hosts: Hosts::default(),
            poll_requests_per_minute: POLL_REQUESTS_PER_MINUTE,
            capable_models: Vec::new(),
        }
    }
}

impl Policy {
    /// The same choices within the protocol's bounds.
    pub(super) fn bounded(mut self) -> Self {
        self.capable_models.truncate(RANKED_MODELS);
        Self {
            poll: match self.poll_daily {
                Some(_) => Seconds::DAY,
                None => self.poll.clamp(INTERVAL_MIN, INTERVAL_MAX),
            },
            poll_daily: self.poll_daily.map(Daily::bounded),
            report_status: self.report_status.clamp(INTERVAL_MIN, INTERVAL_MAX),
            devices_per_grant: self.devices_per_grant.clamp(1, DEVICES_PER_GRANT),
            code_validity: self
                .code_validity
                .clamp(CODE_VALIDITY_MIN, CODE_VALIDITY_MAX),
            service_hosts: self.service_hosts,
            poll_requests_per_minute: self
                .poll_requests_per_minute
                .clamp(1, POLL_REQUESTS_PER_MINUTE_MAX),
            capable_models: self.capable_models,
        }
    }

    /// Where a model stands among those that the operator has put in order, and behind all of them
    /// if it is not there.
    // spec: POL-031
    pub(super) fn place_of(&self, model: &Model) -> usize {
        let models = &self.capable_models;
        let place = models.iter().position(|it| it == model);
        place.unwrap_or(models.len())
    }

    /// The schedule that a device is given now.
    // spec: MBX-006, STA-006, SVC-080
    #[must_use]
    pub fn schedule(&self, now: Timestamp) -> Schedule {
        Schedule {
            poll: self.poll,
            window: self.poll_daily.map(|daily| daily.window(now)),
            entries: alloc::vec![ScheduleEntry {
                action: Action::ReportStatus,
                every: self.report_status,
            }],
            hosts: self.service_hosts.clone(),
        }
    }

    /// The seconds after which a device comes again that has nothing to be told.
    #[must_use]
    pub fn next_poll(&self, now: Timestamp) -> Seconds {
        self.poll_daily
            .map_or(self.poll, |daily| daily.window(now).opens_in)
    }
}

impl Daily {
    fn bounded(self) -> Self {
        let last = Seconds::new(Seconds::DAY.get().saturating_sub(1));
        Self {
            at: self.at.min(last),
            lasts: self.lasts.clamp(INTERVAL_MIN, WINDOW_MAX),
        }
    }

    /// When it begins next, seen from `now`; not within the hour, lest a device that has come a
    /// little early come twice.
    // spec: MBX-065
    fn window(self, now: Timestamp) -> PollWindow {
        let day = Seconds::DAY.as_millis();
        let earliest = now.after(WINDOW_APART).as_millis();
        let of_day = earliest.checked_rem(day).unwrap_or_default();
        let wait = match self.at.as_millis().checked_sub(of_day) {
            Some(wait) => wait,
            None => self
                .at
                .as_millis()
                .saturating_add(day)
                .saturating_sub(of_day),
        };
        PollWindow {
            opens_in: Seconds::covering(wait).plus(WINDOW_APART),
            lasts: self.lasts,
        }
    }
}
