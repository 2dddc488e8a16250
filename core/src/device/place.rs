//! Where a device is on its own LAN, and what the center knows of it.
//!
//! Every report states the address, and one that the center has not been told is reported at once.
//! It lives in RAM only: after a power cut a report is due anyway. Serves spec chapter STA.

use crate::id::LanAddress;

/// An address, and how far it is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The address as it is, where one is known.
    now: Option<LanAddress>,
    /// What the report stated that waits for its answer, or waited for it last.
    said: Option<LanAddress>,
    /// What the last answered report stated.
    told: Option<LanAddress>,
}

impl Place {
    /// At this address, of which nobody was told.
    pub(super) fn at(now: Option<LanAddress>) -> Self {
        Self {
            now,
            ..Self::default()
        }
    }

    /// The address is another.
    pub(super) fn moved(&mut self, now: LanAddress) {
        self.now = Some(now);
    }

    /// What a report states that goes out now.
    pub(super) fn say(&mut self) -> Option<LanAddress> {
        self.said.clone_from(&self.now);
        self.now.clone()
    }

    /// The report was answered; one that was refused for good is not repeated for its address.
    pub(super) fn answered(&mut self) {
        self.told.clone_from(&self.said);
    }

    /// Whether the center is still to be told.
    pub(super) fn is_news(&self) -> bool {
        self.now.is_some() && self.now != self.told
    }
}
