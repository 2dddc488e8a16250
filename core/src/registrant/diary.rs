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
use crate::limits::{INTERVAL, INTERVAL_MAX, INTERVAL_MIN, REPORT_REST, SPREAD_MAX, SPREAD_PART};
use crate::time::{Seconds, Uptime};
use crate::wire::{Action, ETag, Hosts, PollTag, Schedule};

use super::asking::Asking;

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
    /// Where devices may register for services.
    pub(crate) hosts: Hosts,
    /// The poll requests that wait, and whom to call for those that were answered.
    pub(super) asking: Asking,
    poll_every: Seconds,
    /// How long the window is in which to poll, where the schedule names one.
    window: Option<Seconds>,
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
            hosts: Hosts::default(),
            asking: Asking::default(),
            poll_every: INTERVAL,
            window: None,
            polled: None,
            reported: None,
        }
    }

    /// Takes over a schedule.
    // spec: STA-007, MBX-008, SVC-050
    pub(crate) fn scheduled(&mut self, now: Uptime, schedule: &Schedule) {
        self.hosts.clone_from(&schedule.hosts);
        self.window = schedule.window.map(|window| window.lasts);
        match schedule.window {
            None => self.poll_every(now, schedule.poll),
            Some(window) => {
                self.poll_every = schedule.poll;
                self.window_opens(now, window.opens_in);
            }
        }
        self.report = schedule
            .interval(Action::ReportStatus)
            .map(|every| self.due(now, self.reported, every));
    }

    /// Nothing has changed: the next poll is so many seconds away, or its window is.
    // spec: MBX-007, MBX-062
    pub(crate) fn unchanged(&mut self, now: Uptime, next: Seconds) {
        match self.window {
            None => self.poll_every(now, next),
            Some(_) => self.window_opens(now, next),
        }
    }

    fn poll_every(&mut self, now: Uptime, every: Seconds) {
        self.poll_every = every;
        self.poll_at = self.due(now, self.polled, every).at;
    }

    /// The next poll is at this registration's own place in the window, which opens so many seconds
    /// from now. What has never been done since switching on is due at once all the same.
    // spec: MBX-062, MBX-063, MBX-064
    fn window_opens(&mut self, now: Uptime, opens_in: Seconds) {
        let lasts = self.window.unwrap_or_default().min(INTERVAL_MAX);
        let opens = now.after(opens_in.min(INTERVAL_MAX));
        let place = opens.after_millis(self.late(lasts.as_millis()));
        self.poll_at = if self.polled.is_some() { place } else { now };
    }

    /// When to poll, whether the timetable or a poll request says so.
    // spec: MBX-007, POL-052
    pub(crate) fn poll_due(&self) -> Uptime {
        match self.asking.wants_poll() {
            true => Uptime::BOOT,
            false => self.poll_at,
        }
    }

    /// A poll goes out: what it says of the state seen last, and of the poll request that it is
    /// for.
    // spec: POL-052
    pub(crate) fn poll(&mut self) -> (Option<ETag>, Option<PollTag>) {
        match self.asking.begin() {
            None => (self.have.clone(), None),
            tag => (None, tag),
        }
    }

    /// A poll has been answered.
    pub(crate) fn polled(&mut self, now: Uptime) {
        self.polled = Some(now);
    }

    /// A report has been answered.
    pub(crate) fn reported(&mut self, now: Uptime) {
        self.reported = Some(now);
    }

    /// When to report at the earliest, where there is something to say before the schedule's time.
    // spec: STA-019
    pub(crate) fn report_early(&self) -> Option<Uptime> {
        let due = self.report?.at;
        let rested = self.reported.map(|last| last.after(REPORT_REST));
        Some(rested.map_or(due, |at| at.min(due)))
    }

    /// This poll is passed over: the next is an interval later, and in a window at the same place.
    pub(crate) fn skip_poll(&mut self, now: Uptime) {
        let same_place = self.poll_at.after(self.poll_every);
        self.polled(now);
        self.poll_every(now, self.poll_every);
        if self.window.is_some() && same_place > now {
            self.poll_at = same_place;
        }
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
        let at = last.after(every).after_millis(self.late(spread));
        Due { at, every }
    }

    /// This registration's place in a spread of so many milliseconds, which are below 2^32 as the
    /// place is, so that the product fits.
    const fn late(&self, spread: u64) -> u64 {
        self.place.saturating_mul(spread) >> 32
    }
}
