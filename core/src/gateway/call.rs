//! The general call: who is there on this network?
//!
//! A call collects answers for a fixed time. What answered is enrolled where a code waits for it,
//! and otherwise compared with the children that are known already.

use alloc::vec::Vec;

use crate::limits::{CALL_TIME, CHILDREN};
use crate::time::Uptime;
use crate::wire::DeviceEntry;

/// What the general call is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Nobody is called before `next`, if ever.
    Quiet { next: Option<Uptime> },
    /// Answers are collected until `until`.
    Calling {
        until: Uptime,
        answered: Vec<DeviceEntry>,
    },
}

impl Call {
    /// A call that begins now.
    // spec: SITE-002
    pub(super) fn begun(now: Uptime) -> Self {
        Self::Calling {
            until: now.after(CALL_TIME),
            answered: Vec::new(),
        }
    }

    /// When the next thing happens by itself.
    pub(super) const fn deadline(&self) -> Option<Uptime> {
        match self {
            Self::Quiet { next } => *next,
            Self::Calling { until, .. } => Some(*until),
        }
    }

    /// Takes an answer while a call is under way. Answers of one device count once, with the
    /// address that came last. `Err` if there are too many.
    // spec: SITE-004
    pub(super) fn answer(&mut self, child: DeviceEntry) -> Result<(), TooMany> {
        let Self::Calling { answered, .. } = self else {
            return Ok(());
        };
        let same = |it: &DeviceEntry| it.identification.is_same_device(&child.identification);
        answered.retain(|it| !same(it));
        if answered.len() >= CHILDREN {
            return Err(TooMany);
        }
        answered.push(child);
        Ok(())
    }
}

/// More devices answered than a gateway can know.
pub(super) struct TooMany;
