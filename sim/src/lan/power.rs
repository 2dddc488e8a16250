//! Power on the LAN: it fails between two steps of a device or at a write, and comes back.
//!
//! What the device has kept it has kept; whom it was about to call, and for what it has polled, it
//! has forgotten (chapter 11.5).

use crate::clock::draw_seed;

use super::{Event, Lan};

/// How the power fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// At once.
    Now,
    /// At the write after so many others, right before it or right after it.
    AtWrite { skip: u32, after: bool },
}

impl Lan {
    /// Somebody is switched on, if it is not.
    pub(super) fn switch_on(&mut self, peer: usize) {
        if self.peers[peer].unit.is_on() {
            return;
        }
        let seed = draw_seed(&mut self.rng);
        let on = &mut self.peers[peer];
        on.rested = self.now;
        let deeds = on.unit.switch_on(self.now, &seed);
        self.carry_out(peer, deeds);
    }

    /// The power fails, or will at a write.
    pub(super) fn power_fails(&mut self, peer: usize, failure: Failure) {
        let unit = &mut self.peers[peer].unit;
        match failure {
            Failure::Now if unit.is_on() => {
                unit.switch_off();
                self.coverage.note("lan: the power fails");
                self.comes_back(peer);
            }
            Failure::Now => {}
            Failure::AtWrite { skip, after } => unit.cut_at_write(skip, after),
        }
    }

    /// The power comes back after a while.
    pub(super) fn comes_back(&mut self, peer: usize) {
        self.soon(10..120_000, Event::PowerOn { peer });
    }
}
