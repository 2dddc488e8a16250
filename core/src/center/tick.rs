//! Time passes: the highest time is written down, and what has become due is done.
//!
//! A tick takes a bounded number of due records and says whether there are more. It also hands over
//! once more what lies in the outbox: a crash may have come between the commit and the telling. A
//! damaged record keeps nothing back but itself: it is named for the operator at each tick.

use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::decision::Damage;
use crate::id::{CustomerId, EffectId, GrantId, RegistrationId};
use crate::limits::{CLOCK_SAVE, DUE_PER_TICK, PENDING_GRACE, SWEEP_STRETCHES};
use crate::record::{
    Application, Due, Ended, Found, Grant, GrantLocator, Judged, Key, Kind, Outbox, Owner, Plan,
    Range, Registration, State, Why,
};
use crate::time::{Seconds, Timestamp};
use crate::wire::people::{ClockAccepted, DateTime, Role};

use super::collate::miscounted;
use super::work::{Stop, Work};
use super::{Effect, EffectKind, Ticked};

impl<C: Crypto> Work<'_, C> {
    /// Does what has become due.
    // spec: ENR-039
    pub(super) fn tick(&mut self) -> Result<Ticked, Stop> {
        let judged = self.pass()?;
        let mut damage = Damage::default();
        let more = self.sweep(judged.at, &mut damage)?;
        self.hand_over_again(judged, &mut damage)?;
        Ok(Ticked {
            more,
            suspended: judged.suspended,
            damage: damage.told(),
        })
    }

    /// Does a bounded part of what is due; whether there is more. What is damaged stays where it is
    /// and is passed over: only what could be done counts as a reason to go on at once.
    fn sweep(&mut self, now: Timestamp, damage: &mut Damage) -> Result<bool, Stop> {
        let limit = u32::try_from(DUE_PER_TICK).unwrap_or(u32::MAX);
        let mut after = Vec::new();
        for _ in 0..SWEEP_STRETCHES {
            let due = self.desk.each::<Due>(&Due::by(now, after, limit))?;
            let Some((last, _)) = due.last() else { break };
            after = last.key.clone();
            let is_full = due.len() >= DUE_PER_TICK;
            let settled = self.settle(due, damage)?;
            if settled.has_done || !is_full {
                return Ok(settled.has_more || (settled.has_done && is_full));
            }
        }
        Ok(false)
    }

    /// Does what these records say. Of jobs that go on in chunks it does one chunk of one: a chunk
    /// is as much as a decision should read and write.
    fn settle(&mut self, due: Vec<Found<Due>>, damage: &mut Damage) -> Result<Settled, Stop> {
        let readable = due.iter().filter_map(|(_, due)| due.as_ref().ok());
        let involved: Vec<Key> = readable.map(leads_to).collect();
        self.load(&involved)?;
        let mut settled = Settled::default();
        for (key, due) in due {
            let is_job = due.as_ref().is_ok_and(Due::is_job);
            if is_job && settled.has_job {
                settled.has_more = true;
                continue;
            }
            let done = match due {
                Ok(due) => self.carry_out(due),
                Err(unreadable) => Err(unreadable.into()),
            };
            if let Some(part) = damage.pass_over(done)? {
                settled.has_done = true;
                settled.has_job |= is_job;
                match part {
                    Part::Last => self.desk.delete(key),
                    Part::More => settled.has_more = true,
                }
            }
        }
        Ok(settled)
    }

    /// Does one thing that is due, wholly or, where a record is damaged, not at all.
    fn carry_out(&mut self, due: Due) -> Result<Part, Stop> {
        let last = |()| Part::Last;
        match due {
            Due::GiveBack {
                customer,
                registration,
            } => self.give_back(customer, registration).map(last),
            Due::Forget { owner, grant } => self.forget(Owner(owner.0), grant, due).map(last),
            Due::Fill {
                customer,
                application,
            } => self.fill(customer, application),
            Due::Count {
                customer,
                application,
            } => self.count_targets(customer, application),
            Due::EndPlan { tag } => self.end_plan(&tag.0).map(last),
        }
    }

    /// A registration whose formal code was never used ends, and its slots are free again.
    // spec: ENR-016, ENR-017
    pub(super) fn give_back(
        &mut self,
        customer: CustomerId,
        id: RegistrationId,
    ) -> Result<(), Stop> {
        let key = Registration::key(customer, id);
        let Some(Registration { facts, state }) = self.desk.get(&key)? else {
            return Ok(());
        };
        let State::Pending(pending) = state else {
            return Ok(());
        };
        let center = self.center;
        let owner = center.keys.account(&center.crypto, &facts.account);
        let grant_key = Grant::key(owner, facts.grant);
        if let Some(mut grant) = self.desk.get::<Grant>(&grant_key)? {
            grant.slots = grant
                .slots
                .give_back(pending.slots())
                .ok_or_else(|| miscounted(&grant_key))?;
            self.desk.put(grant_key, &grant);
        }
        let state = State::Ended(Ended {
            at: self.time()?,
            why: Why::NeverUsed,
        });
        self.put_registration(id, &Registration { facts, state });
        Ok(())
    }

    /// A grant that has run out goes, with the user's name in it and the way from the code to it;
    /// while registrations of it are pending it waits until they have given their slots back.
    // spec: COD-018
    fn forget(&mut self, owner: Owner, id: GrantId, due: Due) -> Result<(), Stop> {
        let key = Grant::key(owner, id);
        let Some(grant) = self.desk.get::<Grant>(&key)? else {
            return Ok(());
        };
        if grant.slots.pending() > 0 {
            let at = grant.expires.after(PENDING_GRACE);
            let soon = self.time()?.after(Seconds::HOUR);
            let again = if at > self.time()? { at } else { soon };
            self.desk.put(due.key(again), &due);
            return Ok(());
        }
        self.desk.delete(GrantLocator::key(&grant.located.0));
        self.desk.delete(GrantLocator::key_by_id(id));
        self.desk.delete(key);
        Ok(())
    }

    /// Hands over what has lain in the outbox for a while. Where time stands still nothing in there
    /// grows older, and all of it is handed over: twice is harmless, never is not.
    fn hand_over_again(&mut self, judged: Judged, damage: &mut Damage) -> Result<(), Stop> {
        let is_passing = judged.at == self.wall;
        let age = if is_passing {
            CLOCK_SAVE
        } else {
            Seconds::ZERO
        };
        let old = judged.at.as_millis().saturating_sub(age.as_millis());
        let mut through: Vec<u8> = old.to_be_bytes().into_iter().skip(2).collect();
        if !is_passing {
            through.extend([u8::MAX; 10]);
        }
        let range = Range {
            kind: Kind::Outbox,
            owner: Owner::NONE,
            after: Vec::new(),
            through,
            limit: u32::try_from(DUE_PER_TICK).unwrap_or(u32::MAX),
        };
        for (key, outbox) in self.desk.each::<Outbox<EffectKind>>(&range)? {
            let id = Outbox::<EffectKind>::id(&key);
            let found = outbox.map(|outbox| self.hand_over_one(id, outbox.what));
            damage.pass_over(found.map_err(Stop::from))?;
        }
        Ok(())
    }

    fn hand_over_one(&mut self, id: Option<EffectId>, what: EffectKind) {
        if let Some(id) = id {
            self.hand_over(Effect { id, what });
        }
    }

    /// An operator says that the clock is right: expiry is judged by it again.
    // spec: ENR-040
    pub(super) fn accept_clock(&mut self) -> Result<ClockAccepted, Stop> {
        self.person(&[Role::Operator])?;
        let highest = self.judge.accept(&mut self.desk)?;
        Ok(ClockAccepted {
            now: DateTime(highest),
        })
    }
}

/// Where what a due record is about lies.
fn leads_to(due: &Due) -> Key {
    match due {
        Due::GiveBack {
            customer,
            registration,
        } => Registration::key(*customer, *registration),
        Due::Forget { owner, grant } => Grant::key(Owner(owner.0), *grant),
        Due::Fill {
            customer,
            application,
        }
        | Due::Count {
            customer,
            application,
        } => Application::key(*customer, *application),
        Due::EndPlan { tag } => Plan::at(&tag.0),
    }
}

/// How much of something that is due has been done.
pub(super) enum Part {
    /// All of it, or the last of it.
    Last,
    /// A chunk; the next one is due already.
    More,
}

/// What a stretch of due records came to.
#[derive(Default)]
struct Settled {
    has_done: bool,
    has_job: bool,
    has_more: bool,
}
