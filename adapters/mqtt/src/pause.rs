//! Pauses between attempts at a broker that is away: longer with each, up to a bound.
//!
//! A broker that comes back meets all its clients at once; the programs of one site are few, and
//! those of a fleet have pauses of different lengths behind them. Serves spec section 16.4.

use std::time::Duration;

/// How long to wait between attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    least: Duration,
    most: Duration,
    next: Duration,
}

impl Pause {
    /// Pauses that begin with `least` and double up to `most`.
    #[must_use]
    pub fn new(least: Duration, most: Duration) -> Self {
        let next = least;
        Self { least, most, next }
    }

    /// The pause before the next attempt, after one more that failed.
    pub fn failed(&mut self) -> Duration {
        let pause = self.next.min(self.most);
        self.next = pause.saturating_mul(2).min(self.most);
        pause
    }

    /// An attempt has succeeded: the next failure begins anew.
    pub fn succeeded(&mut self) {
        self.next = self.least;
    }
}

impl Default for Pause {
    /// A restart of a broker takes seconds; a longer outage is looked at by a person, who does not
    /// want to wait for longer than a minute afterwards.
    fn default() -> Self {
        Self::new(Duration::from_secs(1), Duration::from_secs(60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_bound_and_begin_anew() {
        let mut pause = Pause::default();
        let mut pauses = || -> Vec<u64> { (0..8).map(|_| pause.failed().as_secs()).collect() };
        assert_eq!(pauses(), [1, 2, 4, 8, 16, 32, 60, 60]);
        pause.succeeded();
        assert_eq!(pause.failed().as_secs(), 1);
    }
}
