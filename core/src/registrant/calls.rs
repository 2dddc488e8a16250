//! Calling peers: whom the reply to a requested poll names, each at its time.
//!
//! A device calls nobody but those whom the center names in the reply to the very poll that a
//! request caused, and of them only those that the request leaves it. It sees to its own
//! instructions first. What keeps it from the first call keeps it from the others for as long, so
//! that calls never bunch up; those below a peer that is silent are called in its place. Serves
//! spec chapter POL.

use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::LanAddress;
use crate::limits::{CALLS_PER_DEVICE, OWN_DUTIES_FIRST, PEER_WAIT, POLL_REQUEST_AFTER};
use crate::time::{Seconds, Uptime};
use crate::wire::{Below, PollCall, PollRequest};

use super::{Exchange, News, Notice, Registrant};

/// A poll request for a peer, to be sent to its address.
///
/// It goes as a link does, to exactly this address, without any credential; no redirection is
/// followed, and of the answer only that it came matters.
// spec: POL-063
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCall {
    /// The number that the answer has to bear. It is counted apart from those to the center.
    pub exchange: Exchange,
    /// Whom to call.
    pub address: LanAddress,
    /// What to ask.
    pub request: PollRequest,
}

/// The calls of all plans that are under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Calls {
    plans: Vec<Plan>,
    last: Exchange,
}

/// What is left of the calls of one reply.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Plan {
    /// What peers are asked.
    passed_on: PollRequest,
    /// The request as it came, which says who may be called.
    asked: PollRequest,
    received: Uptime,
    /// By how many milliseconds the calls are late; none before they may begin.
    late: Option<u64>,
    calls: Vec<Call>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Call {
    /// Whom; nobody where the center knows no address, or the request leaves this one out.
    address: Option<LanAddress>,
    at: Uptime,
    below: Vec<Below>,
    /// Under which number it goes on, and when it counts as unanswered.
    under_way: Option<(Exchange, Uptime)>,
}

impl<C: Crypto> Registrant<C> {
    /// Begins the calls of plans for which nothing of this device's own is to be done any more.
    // spec: POL-060
    pub(crate) fn begin_calls(&mut self, now: Uptime, news: &mut News) {
        if let Some(diary) = self.stage.diary_mut() {
            let at_rest = diary.duties.as_slice().is_empty();
            diary.asking.calls.begin(now, at_rest, news);
        }
    }

    /// The next peer to call, if one has its time.
    pub(crate) fn peer_call(&mut self, now: Uptime) -> Option<PeerCall> {
        self.stage.diary_mut()?.asking.calls.next(now)
    }

    /// A peer has answered, or will not. What nobody waits for any more changes nothing.
    pub(crate) fn peer_called(
        &mut self,
        now: Uptime,
        exchange: Exchange,
        answered: bool,
        news: &mut News,
    ) {
        if let Some(diary) = self.stage.diary_mut() {
            diary.asking.calls.over(now, exchange, answered, news);
        }
    }
}

impl Calls {
    /// Plans that have calls left.
    pub(super) const fn plans(&self) -> usize {
        self.plans.len()
    }

    /// Takes over whom the reply to this request's poll names.
    // spec: POL-056, POL-057, POL-058, POL-062
    pub(super) fn plan(&mut self, now: Uptime, asked: PollRequest, named: Vec<PollCall>) {
        if asked.tag.is_none() || named.is_empty() {
            return;
        }
        let called = named.iter().filter_map(|it| it.address.as_ref());
        let passed_on = asked.passed_on(called);
        let call = |it: PollCall| Call {
            address: it.address.filter(|it| asked.names(it)),
            at: after(now, it.after),
            below: it.below,
            under_way: None,
        };
        let calls = named.into_iter().take(CALLS_PER_DEVICE).map(call).collect();
        self.plans.push(Plan {
            passed_on,
            asked,
            received: now,
            late: None,
            calls,
        });
    }

    fn begin(&mut self, now: Uptime, at_rest: bool, news: &mut News) {
        for plan in &mut self.plans {
            let over = plan.received.after(OWN_DUTIES_FIRST) <= now;
            if plan.late.is_none() && (at_rest || over) {
                plan.begin(now);
                news.tell(Notice::CallsPeers(plan.calls.len()));
            }
        }
    }

    /// Time has passed: whoever has not answered in time is silent.
    pub(super) fn pass(&mut self, now: Uptime, news: &mut News) {
        while let Some(exchange) = self.overdue(now) {
            self.over(now, exchange, false, news);
        }
    }

    fn overdue(&self, now: Uptime) -> Option<Exchange> {
        let calls = self.plans.iter().flat_map(|plan| &plan.calls);
        let mut under_way = calls.filter_map(|it| it.under_way);
        under_way
            .find(|(_, until)| *until <= now)
            .map(|(exchange, _)| exchange)
    }

    /// The next call that has its time. One to nobody is over at once.
    // spec: POL-059
    fn next(&mut self, now: Uptime) -> Option<PeerCall> {
        let under_way = self.under_way();
        for plan in &mut self.plans {
            while let Some(at) = plan.due(now) {
                let call = plan.calls.get_mut(at)?;
                let Some(address) = call.address.clone() else {
                    plan.step_over(now, at);
                    continue;
                };
                if under_way >= CALLS_PER_DEVICE {
                    return None;
                }
                self.last = self.last.next();
                call.under_way = Some((self.last, now.after(PEER_WAIT)));
                return Some(PeerCall {
                    exchange: self.last,
                    address,
                    request: plan.passed_on.clone(),
                });
            }
        }
        self.plans.retain(|plan| !plan.calls.is_empty());
        None
    }

    fn under_way(&self) -> usize {
        let calls = self.plans.iter().flat_map(|plan| &plan.calls);
        calls.filter(|it| it.under_way.is_some()).count()
    }

    // spec: POL-061
    fn over(&mut self, now: Uptime, exchange: Exchange, answered: bool, news: &mut News) {
        let waits = |it: &Call| it.under_way.is_some_and(|(it, _)| it == exchange);
        for plan in &mut self.plans {
            let Some(at) = plan.calls.iter().position(waits) else {
                continue;
            };
            if answered {
                plan.calls.remove(at);
            } else {
                let others = plan.calls.len().saturating_sub(1);
                let call = plan.step_over(now, at);
                let instead = plan.calls.len().saturating_sub(others);
                let address = call.and_then(|it| it.address);
                let silent = address.map(|address| Notice::PeerSilent { address, instead });
                news.notices.extend(silent);
            }
        }
        self.plans.retain(|plan| !plan.calls.is_empty());
    }

    /// When something is to be done by itself.
    pub(super) fn deadline(&self) -> Option<Uptime> {
        let free = self.under_way() < CALLS_PER_DEVICE;
        let next = |plan: &Plan| match plan.late {
            None => Some(plan.received.after(OWN_DUTIES_FIRST)),
            Some(_) => {
                let times = plan.calls.iter().filter_map(|it| match it.under_way {
                    Some((_, until)) => Some(until),
                    None => free.then_some(it.at),
                });
                times.min()
            }
        };
        self.plans.iter().filter_map(next).min()
    }
}

impl Plan {
    /// The calls may begin. If the first should have gone already, it and all others are as late.
    fn begin(&mut self, now: Uptime) {
        let first = self.calls.iter().map(|it| it.at).min();
        let late = lateness(now, first);
        self.late = Some(late);
        for call in &mut self.calls {
            call.at = call.at.after_millis(late);
        }
    }

    /// The place of a call that has its time, the earliest first.
    fn due(&self, now: Uptime) -> Option<usize> {
        self.late?;
        let calls = self.calls.iter().enumerate();
        let due = calls.filter(|(_, it)| it.under_way.is_none() && it.at <= now);
        due.min_by_key(|(_, it)| it.at).map(|(at, _)| at)
    }

    /// Those below this one take its place, each at its own time.
    fn step_over(&mut self, now: Uptime, at: usize) -> Option<Call> {
        let silent = (at < self.calls.len()).then(|| self.calls.remove(at))?;
        let named = silent.below.iter().take(CALLS_PER_DEVICE);
        let late = self.late.unwrap_or_default();
        let mut instead: Vec<Call> = named
            .filter(|it| self.asked.names(&it.address))
            .map(|it| Call {
                address: Some(it.address.clone()),
                at: after(self.received, it.after).after_millis(late),
                below: Vec::new(),
                under_way: None,
            })
            .collect();
        let late = lateness(now, instead.iter().map(|it| it.at).min());
        for call in &mut instead {
            call.at = call.at.after_millis(late);
        }
        let called = instead.iter().filter_map(|it| it.address.as_ref());
        self.passed_on = self.passed_on.passed_on(called);
        self.calls.extend(instead);
        Some(silent)
    }
}

/// So many seconds after an answer was received.
fn after(received: Uptime, after: Seconds) -> Uptime {
    received.after(after.min(POLL_REQUEST_AFTER))
}

/// By how many milliseconds what should have begun then is late.
fn lateness(now: Uptime, first: Option<Uptime>) -> u64 {
    let first = first.unwrap_or(now);
    now.as_millis().saturating_sub(first.as_millis())
}
