//! The line to the center: at most one request outstanding, and patience when it fails.
//!
//! Each request has a number, and only what bears the number of the outstanding one is listened to:
//! late, repeated and foreign replies change nothing. After a failure the sender waits a random
//! time within a window that doubles (full jitter), so that devices that failed together do not
//! come back together; what the center names as a minimum is added in front of it.

use crate::crypto::Crypto;
use crate::entropy::Seed;
use crate::limits::{BACKOFF_FIRST, BACKOFF_MAX, REPLY_WAIT};
use crate::time::{Seconds, Uptime};

use super::Asked;

/// The number of one request since the machine was switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exchange(u32);

impl Exchange {
    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number after this one.
    pub(super) const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// The line, and how often in a row it has failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    last: Exchange,
    failures: u32,
    state: State,
}

/// What the line is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// Free from `not_before` on; the center itself asked for quiet until `floor`.
    Free { not_before: Uptime, floor: Uptime },
    /// A request is outstanding; after `until` it counts as lost.
    Waiting { asked: Asked, until: Uptime },
}

impl Default for State {
    fn default() -> Self {
        Self::free_at(Uptime::BOOT)
    }
}

impl State {
    const fn free_at(at: Uptime) -> Self {
        Self::Free {
            not_before: at,
            floor: Uptime::BOOT,
        }
    }
}

impl Line {
    /// When a request may be sent, if none is outstanding.
    pub(crate) const fn free_from(&self) -> Option<Uptime> {
        match self.state {
            State::Free { not_before, .. } => Some(not_before),
            State::Waiting { .. } => None,
        }
    }

    /// When the outstanding request counts as lost.
    pub(crate) const fn waits_until(&self) -> Option<Uptime> {
        match self.state {
            State::Free { .. } => None,
            State::Waiting { until, .. } => Some(until),
        }
    }

    /// The number of the request that was sent last.
    pub(crate) const fn last(&self) -> Exchange {
        self.last
    }

    /// What is outstanding, if it bears this number.
    pub(crate) fn outstanding(&self, exchange: Exchange) -> Option<Asked> {
        match self.state {
            State::Waiting { asked, .. } if exchange == self.last => Some(asked),
            _ => None,
        }
    }

    /// Begins a request.
    pub(crate) fn ask(&mut self, now: Uptime, asked: Asked) -> Exchange {
        self.last = self.last.next();
        self.state = State::Waiting {
            asked,
            until: now.after(REPLY_WAIT),
        };
        self.last
    }

    /// The center answered: the line works.
    pub(crate) fn answered(&mut self, now: Uptime) {
        self.failures = 0;
        self.state = State::free_at(now);
    }

    /// The request failed, or the center wants it later: waits at least `at_least` and a random
    /// part of the present window. Returns how long.
    pub(crate) fn failed(
        &mut self,
        now: Uptime,
        seed: &Seed,
        crypto: &impl Crypto,
        at_least: Seconds,
    ) -> Seconds {
        let window = window(self.failures).as_millis().saturating_add(1);
        self.failures = self.failures.saturating_add(1);
        let floor = now.after(at_least);
        let not_before = floor.after_millis(seed.draw_below(crypto, "back-off", window));
        self.state = State::Free { not_before, floor };
        not_before.since(now)
    }

    /// Says nothing of its own accord before `at`.
    pub(crate) const fn rest_until(&mut self, at: Uptime) {
        self.state = State::free_at(at);
    }

    /// A person wants it done now: waits for nothing but what the center asked for.
    pub(crate) fn hurry(&mut self, now: Uptime) {
        if let State::Free { not_before, floor } = &mut self.state {
            *not_before = now.max(*floor);
        }
    }

    /// Drops whatever is outstanding; its reply will be ignored.
    pub(crate) fn drop_outstanding(&mut self, now: Uptime) {
        self.failures = 0;
        if matches!(self.state, State::Waiting { .. }) {
            self.state = State::free_at(now);
        }
    }

    /// Forgets all patience: another center is at the other end.
    pub(crate) fn reset(&mut self, now: Uptime) {
        self.failures = 0;
        self.state = State::free_at(now);
    }
}

/// The window after so many failures before this one: it doubles up to its bound.
// spec: ENR-022
fn window(failures: u32) -> Seconds {
    let factor = 1_u32.checked_shl(failures).unwrap_or(u32::MAX);
    let wide = BACKOFF_FIRST.get().saturating_mul(factor);
    Seconds::new(wide.min(BACKOFF_MAX.get()))
}

/// The wait that a refusal may ask for at most; more is an error of the center.
pub(super) const LONGEST_WAIT: Seconds = crate::limits::INTERVAL_MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_double_up_to_an_hour_and_stay_there() {
        let seconds: std::vec::Vec<u32> = (0..12).map(|n| window(n).get()).collect();
        assert_eq!(
            seconds,
            [4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]
        );
        assert_eq!(window(u32::MAX), BACKOFF_MAX);
    }
}
