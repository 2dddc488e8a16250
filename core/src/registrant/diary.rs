//! When to poll and when to report: the center's schedule, counted from when each was last done.
//!
//! A poll counts from the last poll and a report from the last report, whatever else was said in
//! between; a thing never done since switching on is due at once. Each registration comes a little
//! later than the schedule says, always by the same amount, so that a fleet spreads itself and
//! nobody is ever early. What the mailbox asked for is remembered beside it, so that it goes when
//! the mailbox's tag goes.

use crate::crypto::Crypto;
use crate::duty::Duties;
use crate::id::RegistrationId;
use crate::limits::{INTERVAL, INTERVAL_MAX, INTERVAL_MIN, SPREAD_MAX, SPREAD_PART};
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
    /// What was taken in of the mailbox and is not answered finally.
    pub(crate) duties: Duties,
    /// When to poll.
    pub(crate) poll_at: Uptime,
    /// When to report and how often, where the schedule asks for it.
    pub(crate) report: Option<Due>,
    poll_every: Seconds,
    polled: Option<Uptime>,
    reported: Option<Uptime>,
}

/// Something that is due again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// When next.
    pub(crate) at: Uptime,
    /// How often.
    pub(crate) every: Seconds,
}

impl Diary {
    /// A fresh one, with the first poll at `poll_at`.
    pub(crate) fn new(crypto: &impl Crypto, registration: RegistrationId, poll_at: Uptime) -> Self {
        let digest = crypto.sha256(&[b"restante place", registration.as_bytes()]);
        let [a, b, c, d, ..] = digest;
        Self {
            place: u64::from(u32::from_be_bytes([a, b, c, d])),
            have: None,
            duties: Duties::default(),
            poll_at,
            report: None,
            poll_every: INTERVAL,
            polled: None,
            reported: None,
        }
    }

    /// Takes over a schedule.
    // spec: STA-007, MBX-008
    pub(crate) fn scheduled(&mut self, now: Uptime, schedule: &Schedule) {
        self.poll_every(now, schedule.poll);
        self.report = schedule
            .interval(Action::ReportStatus)
            .map(|every| self.due(now, self.reported, every));
    }

    /// Takes over the poll's interval alone.
    // spec: MBX-007
    pub(crate) fn poll_every(&mut self, now: Uptime, every: Seconds) {
        self.poll_every = every;
        self.poll_at = self.due(now, self.polled, every).at;
    }

    /// A poll has been answered.
    pub(crate) fn polled(&mut self, now: Uptime) {
        self.polled = Some(now);
    }

    /// A report has been answered.
    pub(crate) fn reported(&mut self, now: Uptime) {
        self.reported = Some(now);
    }

    /// This poll is passed over.
    pub(crate) fn skip_poll(&mut self, now: Uptime) {
        self.polled(now);
        self.poll_every(now, self.poll_every);
    }

    /// This report was taken, or is passed over.
    pub(crate) fn report_over(&mut self, now: Uptime) {
        self.reported(now);
        let due = |report: Due| self.due(now, Some(now), report.every);
        self.report = self.report.map(due);
    }

    fn due(&self, now: Uptime, last: Option<Uptime>, every: Seconds) -> Due {
        let Some(last) = last else {
            return Due { at: now, every };
        };
        let every = every.max(INTERVAL_MIN).min(INTERVAL_MAX);
        let spread = (every.as_millis() / SPREAD_PART).min(SPREAD_MAX.as_millis());
        // `place` is below 2^32 and `spread` below 2^19, so that the product fits.
        let late = self.place.saturating_mul(spread) >> 32;
        let at = last.after(every).after_millis(late);
        Due { at, every }
    }
}
