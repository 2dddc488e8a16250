//! Time passes: the highest time is written down, and what has become due is done.
//!
//! A tick takes a bounded number of due records and says whether there are more. It also hands over
//! once more what lies in the outbox: a crash may have come between the commit and the telling.

use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::{CustomerId, GrantId, RegistrationId};
use crate::limits::{CLOCK_SAVE, DUE_PER_TICK, PENDING_GRACE};
use crate::record::{
    Clock, Due, Ended, Grant, GrantLocator, Key, Kind, Outbox, Owner, Pause, Range, Registration,
    State, Why,
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
        let saved = self.desk.peek::<Clock>(&Clock::key())?;
        let judged = self.judged()?;
        if saved.is_none() || judged.at > judged.saved.after(CLOCK_SAVE) {
            self.desk.get::<Clock>(&Clock::key())?;
            let highest = judged.at;
            self.desk.put(Clock::key(), &Clock { highest });
        }
        let limit = u32::try_from(DUE_PER_TICK).unwrap_or(u32::MAX);
        let due = self.desk.range::<Due>(&Due::by(judged.at, limit))?;
        let more = due.len() >= DUE_PER_TICK;
        self.load(&self.involved(&due))?;
        for (key, due) in due {
            match due {
                Due::GiveBack {
                    customer,
                    registration,
                } => self.give_back(customer, registration)?,
                Due::Forget { owner, grant } => self.forget(Owner(owner.0), grant, due)?,
            }
            self.desk.delete(key);
        }
        self.hand_over_again(judged.at)?;
        Ok(Ticked {
            more,
            suspended: judged.suspended,
        })
    }

    /// The records that due ones lead to directly.
    fn involved(&self, due: &[(Key, Due)]) -> Vec<Key> {
        let leads_to = |due: &Due| match due {
            Due::GiveBack {
                customer,
                registration,
            } => Registration::key(*customer, *registration),
            Due::Forget { owner, grant } => Grant::key(Owner(owner.0), *grant),
        };
        due.iter().map(|(_, due)| leads_to(due)).collect()
    }

    /// A registration whose formal code was never used ends, and its slots are free again.
    // spec: ENR-016, ENR-017
    fn give_back(&mut self, customer: CustomerId, id: RegistrationId) -> Result<(), Stop> {
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
        self.desk.put(key, &Registration { facts, state });
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

    /// Hands over what has lain in the outbox for a while.
    fn hand_over_again(&mut self, now: Timestamp) -> Result<(), Pause> {
        let old = now.as_millis().saturating_sub(CLOCK_SAVE.as_millis());
        let through = old.to_be_bytes().into_iter().skip(2);
        let range = Range {
            kind: Kind::Outbox,
            owner: Owner::NONE,
            after: Vec::new(),
            through: through.collect(),
            limit: u32::try_from(DUE_PER_TICK).unwrap_or(u32::MAX),
        };
        for (key, outbox) in self.desk.range::<Outbox<EffectKind>>(&range)? {
            if let Some(id) = Outbox::<EffectKind>::id(&key) {
                self.hand_over(Effect {
                    id,
                    what: outbox.what,
                });
            }
        }
        Ok(())
    }

    /// An operator says that the clock is right: expiry is judged by it again.
    // spec: ENR-040
    pub(super) fn accept_clock(&mut self) -> Result<ClockAccepted, Stop> {
        self.person(&[Role::Operator])?;
        let kept = self.desk.get::<Clock>(&Clock::key())?;
        let highest = kept.map_or(self.wall, |clock| clock.highest.max(self.wall));
        if kept != Some(Clock { highest }) {
            self.desk.put(Clock::key(), &Clock { highest });
        }
        Ok(ClockAccepted {
            now: DateTime(highest),
        })
    }
}
