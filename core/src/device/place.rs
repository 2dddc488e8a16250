//! What the center knows of where a device is on its own LAN.
//!
//! Every report states the address, and one that the center has not been told is reported at once.
//! It lives in RAM only: after a power cut a report is due anyway. Serves spec chapter STA.

use crate::id::LanAddress;

/// How far the device's address is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// What the report stated that waits for its answer, or waited for it last.
    said: Option<LanAddress>,
    /// What the last answered report stated.
    told: Option<LanAddress>,
}

impl Place {
    /// A report goes out that states this.
    pub(super) fn said(&mut self, now: Option<&LanAddress>) {
        self.said = now.cloned();
    }

    /// The report was answered; one that was refused for good is not repeated for its address.
    pub(super) fn answered(&mut self) {
        self.told.clone_from(&self.said);
    }

    /// Whether the center is still to be told this.
    pub(super) fn is_news(&self, now: Option<&LanAddress>) -> bool {
        now.is_some() && now != self.told.as_ref()
    }
}
