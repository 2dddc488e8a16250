//! Time as values: points on the center's clock, points on a device's clock, and durations.
//!
//! Only the center's clock judges (validity, expiry), and devices are told durations, never dates.
//! Two types keep the two clocks from being compared by accident. Arithmetic saturates: a time that
//! does not fit is the end of time, which never makes an expired thing valid again.

use serde::{Deserialize, Serialize};

/// A point on the center's clock, in whole milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The beginning of Unix time.
    pub const EPOCH: Self = Self(0);

    /// The point `millis` milliseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The point `span` later, or the end of time.
    #[must_use]
    pub const fn after(self, span: Seconds) -> Self {
        Self(self.0.saturating_add(span.as_millis()))
    }

    /// How long after `earlier` this point is, rounded up to whole seconds; zero if it is not
    /// after.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Seconds {
        Seconds::covering(self.0.saturating_sub(earlier.0))
    }
}

/// A point on a device's own clock: whole milliseconds since it was switched on.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Uptime(u64);

impl Uptime {
    /// The moment of switching on.
    pub const BOOT: Self = Self(0);

    /// The point `millis` milliseconds after switching on.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since switching on.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The point `span` later, or the end of time.
    #[must_use]
    pub const fn after(self, span: Seconds) -> Self {
        self.after_millis(span.as_millis())
    }

    /// The point `millis` milliseconds later, or the end of time.
    #[must_use]
    pub const fn after_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// How long after `earlier` this point is, rounded up to whole seconds; zero if it is not
    /// after.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Seconds {
        Seconds::covering(self.0.saturating_sub(earlier.0))
    }
}

/// A duration in whole seconds, up to 136 years. The only duration on the wire.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Seconds(u32);

impl Seconds {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Sixty seconds.
    pub const MINUTE: Self = Self(60);
    /// Sixty minutes.
    pub const HOUR: Self = Self(3_600);
    /// Twenty-four hours.
    pub const DAY: Self = Self(86_400);
    /// Seven days.
    pub const WEEK: Self = Self(604_800);

    /// A duration of `seconds` seconds.
    #[must_use]
    pub const fn new(seconds: u32) -> Self {
        Self(seconds)
    }

    /// The number of seconds.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The same duration in milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        // A u32 of seconds times 1,000 always fits a u64.
        (self.0 as u64).saturating_mul(1_000)
    }

    /// The shortest whole number of seconds that covers `millis` milliseconds.
    #[must_use]
    pub const fn covering(millis: u64) -> Self {
        let seconds = millis.div_ceil(1_000);
        if seconds > u32::MAX as u64 {
            Self(u32::MAX)
        } else {
            Self(seconds as u32)
        }
    }

    /// The sum of both, or the longest duration there is.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_past_the_end_of_time_stays_there() {
        let end = Timestamp::from_millis(u64::MAX);
        assert_eq!(end.after(Seconds::WEEK), end);
        assert_eq!(
            Uptime::from_millis(u64::MAX).after_millis(1),
            Uptime::from_millis(u64::MAX)
        );
    }

    #[test]
    fn waiting_times_round_up_so_that_nobody_comes_too_early() {
        assert_eq!(Seconds::covering(0), Seconds::ZERO);
        assert_eq!(Seconds::covering(1), Seconds::new(1));
        assert_eq!(Seconds::covering(1_000), Seconds::new(1));
        assert_eq!(Seconds::covering(1_001), Seconds::new(2));
        assert_eq!(Seconds::covering(u64::MAX), Seconds::new(u32::MAX));
    }
}
