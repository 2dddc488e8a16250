//! One round of status: every child is asked, those that answer are reported in one communication.
//!
//! Children are asked a few at a time and have a bounded time each; a silent one is left out and
//! stays registered. The reports wait until the center has them, or until the next round is due. A
//! round is whole where the schedule asks for it; where instructions ask for it, only their
//! children are asked, and the schedule goes on as it was.

use alloc::vec::Vec;

use crate::id::{DeviceId, LanAddress};
use crate::limits::{ASK_WAIT, ASKED_AT_ONCE, DEVICES_PER_MESSAGE, INTERVAL};
use crate::time::{Seconds, Uptime};
use crate::wire::StatusReport;
use crate::wire::site::OwnStatus;

use super::say::fitting;

/// How far the round is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Round {
    /// None is under way.
    Idle,
    /// Children are being asked.
    Asking {
        /// Those asked now.
        asked: Vec<DeviceId>,
        /// When those count as silent.
        until: Uptime,
        /// Those asked next.
        left: Vec<DeviceId>,
        /// What came so far.
        heard: Vec<Heard>,
        /// Whether all children are asked.
        whole: bool,
    },
    /// All were asked; the center is to be told.
    Telling {
        /// What it does not have yet.
        heard: Vec<Heard>,
        /// When a new round takes this one's place.
        stale_at: Uptime,
        /// Whether all children were asked.
        whole: bool,
    },
}

/// A child's status, and when it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    device: DeviceId,
    status: OwnStatus,
    at: Uptime,
}

/// What is to be done after a step of the round.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing.
    Wait,
    /// Ask these children.
    Ask(Vec<DeviceId>),
    /// Nobody answered in a whole round: there is nothing to report this time.
    Nothing,
}

impl Round {
    /// Begins a round with all children.
    pub(super) fn begin(&mut self, now: Uptime, every: Seconds, members: Vec<DeviceId>) -> Turn {
        self.ask(now, every, members, true)
    }

    /// Begins a round with only these children, if none is under way.
    pub(super) fn begin_with(&mut self, now: Uptime, some: Vec<DeviceId>) -> Turn {
        if *self != Self::Idle || some.is_empty() {
            return Turn::Wait;
        }
        self.ask(now, INTERVAL, some, false)
    }

    fn ask(&mut self, now: Uptime, every: Seconds, left: Vec<DeviceId>, whole: bool) -> Turn {
        *self = Self::Asking {
            asked: Vec::new(),
            until: now,
            left,
            heard: Vec::new(),
            whole,
        };
        self.turn(now, every)
    }

    /// Whether the schedule asks for it.
    pub(super) const fn is_whole(&self) -> bool {
        match self {
            Self::Idle => false,
            Self::Asking { whole, .. } | Self::Telling { whole, .. } => *whole,
        }
    }

    /// Whether this child is being asked.
    pub(super) fn asks(&self, device: DeviceId) -> bool {
        matches!(self, Self::Asking { asked, .. } if asked.contains(&device))
    }

    /// A child that is being asked has answered, or will not.
    pub(super) fn heard(&mut self, now: Uptime, device: DeviceId, answer: Option<OwnStatus>) {
        if let Self::Asking { asked, heard, .. } = self {
            asked.retain(|it| *it != device);
            heard.extend(answer.map(|status| Heard {
                device,
                status,
                at: now,
            }));
        }
    }

    /// The children that have not answered in time.
    // spec: SITE-009
    pub(super) fn overdue(&self, now: Uptime) -> Vec<DeviceId> {
        match self {
            Self::Asking { asked, until, .. } if *until <= now => asked.clone(),
            _ => Vec::new(),
        }
    }

    /// Goes on once nobody is being asked.
    pub(super) fn turn(&mut self, now: Uptime, every: Seconds) -> Turn {
        let Self::Asking {
            asked,
            until,
            left,
            heard,
            whole,
        } = self
        else {
            return Turn::Wait;
        };
        if !asked.is_empty() {
            return Turn::Wait;
        }
        if !left.is_empty() {
            let batch = left.len().min(ASKED_AT_ONCE);
            *asked = left.drain(..batch).collect();
            *until = now.after(ASK_WAIT);
            return Turn::Ask(asked.clone());
        }
        let (heard, whole) = (core::mem::take(heard), *whole);
        if heard.is_empty() {
            *self = Self::Idle;
            return if whole { Turn::Nothing } else { Turn::Wait };
        }
        *self = Self::Telling {
            heard,
            stale_at: now.after(every),
            whole,
        };
        Turn::Wait
    }

    /// When the next thing happens by itself.
    pub(super) const fn deadline(&self) -> Option<Uptime> {
        match self {
            Self::Asking { until, .. } => Some(*until),
            Self::Idle | Self::Telling { .. } => None,
        }
    }

    /// Whether there is something to tell the center.
    pub(super) const fn tells(&self) -> bool {
        matches!(self, Self::Telling { .. })
    }

    // spec: STA-008
    /// Whether a new round may begin: none is under way, or what this one heard is too old.
    pub(super) fn may_begin(&self, now: Uptime) -> bool {
        match self {
            Self::Idle => true,
            Self::Asking { .. } => false,
            Self::Telling { stale_at, .. } => *stale_at <= now,
        }
    }

    /// As many reports as one message holds, each with the address `at` which the child is.
    // spec: GWY-005, GWY-018
    pub(super) fn reports(
        &self,
        now: Uptime,
        at: impl Fn(DeviceId) -> Option<LanAddress>,
    ) -> Vec<StatusReport> {
        let Self::Telling { heard, .. } = self else {
            return Vec::new();
        };
        let report = |it: &Heard| StatusReport {
            address: at(it.device),
            ..it.status.report(it.device, now.since(it.at))
        };
        let mut reports: Vec<StatusReport> =
            heard.iter().take(DEVICES_PER_MESSAGE).map(report).collect();
        reports.truncate(fitting(&reports));
        reports
    }

    /// The center has these, or will never take them.
    pub(super) fn told(&mut self, gone: impl Fn(DeviceId) -> bool) {
        if let Self::Telling { heard, .. } = self {
            heard.retain(|it| !gone(it.device));
            if heard.is_empty() {
                *self = Self::Idle;
            }
        }
    }
}
