//! Poll requests: which of them are honoured, and which poll is made for which.
//!
//! Whoever speaks on the LAN can ask a device to poll. So it polls for such requests now and then
//! only, for the same tag once, and never before the center's own wishes for quiet are over. What
//! waits goes with the registration; the gate outlives it. Neither outlives a power cut. Serves
//! spec chapter POL.

use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::limits::{
    POLL_REQUEST_AFTER, POLL_REQUEST_BURST, POLL_REQUEST_EVERY, POLL_REQUEST_TIME, POLL_REQUESTS,
    POLL_TAGS,
};
use crate::time::Uptime;
use crate::wire::{PollRequest, PollTag};

use super::calls::Calls;
use super::{News, Notice, Registrant};

/// How much may still come of poll requests, and which tags have had their poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gate {
    /// From when on nothing is left to be felt of the polls so far.
    rested: Uptime,
    /// The tags, oldest first.
    honoured: Vec<PollTag>,
}

/// The poll requests that wait, and the calls that came of those that were answered.
///
/// ```text
///           its time, if the gate opens             the line is free
///  Later ───────────────────────────────▶ Ready ───────────────────────▶ Polling
///    │                                     │ ▲                            │   │
///    └── its time, and the gate is shut ─┐ │ └────────── no answer ───────┘   │
///        its tag has had its poll ──────┐│ │ 600 s have passed                │ answered
///                                       ▼▼ ▼                                  ▼
///                                     (nothing)                             Calls
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asking {
    later: Vec<(Uptime, PollRequest)>,
    ready: Vec<Ready>,
    /// The one whose poll is outstanding, or has not been answered.
    polling: Option<Ready>,
    /// Whom to call.
    pub(super) calls: Calls,
}

/// A request that is honoured, and until when its poll is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ready {
    request: PollRequest,
    until: Uptime,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            rested: Uptime::BOOT,
            honoured: Vec::new(),
        }
    }
}

impl Gate {
    // spec: POL-069, POL-055
    fn opens(&self, now: Uptime, tag: Option<&PollTag>) -> bool {
        let ahead = POLL_REQUEST_EVERY.as_millis();
        let ahead = ahead.saturating_mul(u64::from(POLL_REQUEST_BURST.saturating_sub(1)));
        self.rested <= now.after_millis(ahead) && !tag.is_some_and(|it| self.knows(it))
    }

    fn knows(&self, tag: &PollTag) -> bool {
        self.honoured.contains(tag)
    }

    fn pass(&mut self, now: Uptime, tag: Option<&PollTag>) {
        self.rested = self.rested.max(now).after(POLL_REQUEST_EVERY);
        if let Some(tag) = tag {
            if self.honoured.len() >= POLL_TAGS {
                self.honoured.remove(0);
            }
            self.honoured.push(tag.clone());
        }
    }
}

impl<C: Crypto> Registrant<C> {
    /// Somebody on the LAN asks for a poll. Where there is no registration, and where the tag has
    /// had its poll, nothing comes of it.
    // spec: POL-052, POL-055
    pub(crate) fn poll_requested(&mut self, now: Uptime, request: PollRequest) {
        let known = |tag| self.gate.knows(tag);
        if let Some(diary) = self.stage.diary_mut()
            && !request.tag.as_ref().is_some_and(known)
        {
            diary.asking.note(now, request);
        }
    }

    /// Time has passed: requests whose time has come are honoured or dropped, and those whose poll
    /// nobody has answered are given up.
    pub(super) fn pass_asking(&mut self, now: Uptime, news: &mut News) {
        let idle = self.line.free_from().is_some();
        let Some(diary) = self.stage.diary_mut() else {
            return;
        };
        let asking = &mut diary.asking;
        if idle {
            asking.give_up(now);
        }
        while let Some(request) = asking.come(now) {
            let tag = request.tag.as_ref();
            if asking.has_room_for(tag) && self.gate.opens(now, tag) {
                self.gate.pass(now, tag);
                let until = now.after(POLL_REQUEST_TIME);
                asking.ready.push(Ready { request, until });
                news.tell(Notice::AskedToPoll);
            }
        }
        asking.calls.pass(now, news);
    }
}

impl Asking {
    /// Notes a request until its time. Where too many wait, the one that comes last makes room:
    /// nobody can keep the next from being heard by asking for tomorrow.
    fn note(&mut self, now: Uptime, request: PollRequest) {
        let at = now.after(request.after.min(POLL_REQUEST_AFTER));
        if self.is_tried(request.tag.as_ref()) {
            return;
        }
        let same = |it: &(Uptime, PollRequest)| request.tag.is_some() && it.1.tag == request.tag;
        let place = match self.later.iter().position(same) {
            Some(earlier) => self.later.get_mut(earlier),
            None if self.later.len() < POLL_REQUESTS => {
                return self.later.push((at, request));
            }
            None => self.later.iter_mut().max_by_key(|it| it.0),
        };
        if let Some(place) = place.filter(|it| at < it.0) {
            *place = (at, request);
        }
    }

    /// Whether a poll for this tag is being tried.
    fn is_tried(&self, tag: Option<&PollTag>) -> bool {
        let mut tried = self.ready.iter().chain(&self.polling);
        tag.is_some() && tried.any(|it| it.request.tag.as_ref() == tag)
    }

    /// Whether another request may be honoured: a poll that is about to be made for nobody in
    /// particular serves the next such request as well, and calls of too many plans leave no room
    /// for those of another.
    fn has_room_for(&self, tag: Option<&PollTag>) -> bool {
        let served = tag.is_none() && self.ready.iter().any(|it| it.request.tag.is_none());
        let plans = tag.map_or(0, |_| self.calls.plans());
        !served && self.ready.len().saturating_add(plans) < POLL_REQUESTS
    }

    /// Takes out a request whose time has come, the earliest first.
    fn come(&mut self, now: Uptime) -> Option<PollRequest> {
        let numbered = self.later.iter().enumerate();
        let due = numbered.filter(|(_, it)| it.0 <= now);
        let (at, _) = due.min_by_key(|(_, it)| it.0)?;
        Some(self.later.remove(at).1)
    }

    fn give_up(&mut self, now: Uptime) {
        self.polling = self.polling.take().filter(|it| it.until > now);
        self.ready.retain(|it| it.until > now);
    }

    /// Whether a poll is wanted now.
    pub(super) fn wants_poll(&self) -> bool {
        self.polling.is_some() || !self.ready.is_empty()
    }

    /// A poll goes out: for the request whose poll was not answered, or for the one that has waited
    /// longest. Its tag, if it has one.
    pub(super) fn begin(&mut self) -> Option<PollTag> {
        if self.polling.is_none() && !self.ready.is_empty() {
            self.polling = Some(self.ready.remove(0));
        }
        self.polling.as_ref()?.request.tag.clone()
    }

    /// The outstanding poll is over: the request that it was made for.
    pub(super) fn polled(&mut self) -> Option<PollRequest> {
        self.polling.take().map(|it| it.request)
    }

    /// When something is to be done by itself. That a poll is wanted is the timetable's business.
    pub(super) fn deadline(&self) -> Option<Uptime> {
        let later = self.later.iter().map(|it| it.0).min();
        later.into_iter().chain(self.calls.deadline()).min()
    }
}
