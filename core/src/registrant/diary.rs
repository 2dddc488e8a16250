//! When to poll and when to report: the center's schedule, counted from when each was last done.
//!
//! A poll counts from the last poll and a report from the last report, whatever else was said in
//! between; a thing never done since switching on is due at once. Each registration comes a little
//! later than the schedule says, always by the same amount, so that a fleet spreads itself and nobody
//! is ever early.

use crate::crypto::Crypto;
use crate::id::RegistrationId;
use crate::limits::{INTERVAL_MAX, INTERVAL_MIN, SPREAD_MAX, SPREAD_PART};
use crate::time::{Seconds, Uptime};
use crate::wire::{Action, ETag, Schedule};

/// What a registered sender remembers of its timetable. It lives in RAM only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diary {
    /// A number below 2^32 that belongs to the registration: where in the spread it comes.
    place: u64,
    /// The tag of the mailbox state seen last.
    // spec: MBX-009
    pub(crate) have: Option<ETag>,
    /// When to poll.
    pub(crate) poll_at: Uptime,
    /// When to report, where the schedule asks for it.
    pub(crate) report_at: Option<Uptime>,
    polled: Option<Uptime>,
    reported: Option<Uptime>,
}

impl Diary {
    /// A fresh one, with the first poll at `poll_at`.
    pub(crate) fn new(crypto: &impl Crypto, registration: RegistrationId, poll_at: Uptime) -> Self {
        let digest = crypto.sha256(&[b"restante place", registration.as_bytes()]);
        let [a, b, c, d, ..] = digest;
        Self {
            place: u64::from(u32::from_be_bytes([a, b, c, d])),
            have: None,
            poll_at,
            report_at: None,
            polled: None,
            reported: None,
        }
    }

    /// Takes over a schedule.
    // spec: STA-007, MBX-008
    pub(crate) fn scheduled(&mut self, now: Uptime, schedule: &Schedule) {
        self.poll_every(now, schedule.poll);
        self.report_at = schedule
            .interval(Action::ReportStatus)
            .map(|every| self.next(now, self.reported, every));
    }

    /// Takes over the poll's interval alone.
    // spec: MBX-007
    pub(crate) fn poll_every(&mut self, now: Uptime, every: Seconds) {
        self.poll_at = self.next(now, self.polled, every);
    }

    /// A poll has been answered.
    pub(crate) fn polled(&mut self, now: Uptime) {
        self.polled = Some(now);
    }

    /// A report has been answered.
    pub(crate) fn reported(&mut self, now: Uptime) {
        self.reported = Some(now);
    }

    /// This poll is passed over; the next one is due after `every`.
    pub(crate) fn skip_poll(&mut self, now: Uptime, every: Seconds) {
        self.polled(now);
        self.poll_every(now, every);
    }

    /// This report is passed over; the next one is due after `every`.
    pub(crate) fn skip_report(&mut self, now: Uptime, every: Seconds) {
        self.reported(now);
        self.report_at = Some(self.next(now, Some(now), every));
    }

    fn next(&self, now: Uptime, last: Option<Uptime>, every: Seconds) -> Uptime {
        let Some(last) = last else { return now };
        let every = every.max(INTERVAL_MIN).min(INTERVAL_MAX);
        let spread = (every.as_millis() / SPREAD_PART).min(SPREAD_MAX.as_millis());
        // `place` is below 2^32 and `spread` below 2^19, so that the product fits.
        let late = self.place.saturating_mul(spread) >> 32;
        last.after(every).after_millis(late)
    }
}
