//! A provider's own server: its keys, its services and cryptography, and which message leads where.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::decision::{
    Call, Credential, Damage, Decide, Decision, Effect, EffectKind, Judge, Keys, Message, Reply,
    Stop, Ticked, ToSay,
};
use crate::entropy::Seed;
use crate::id::ServiceId;
use crate::record::{Desk, Pause, Records};
use crate::time::Timestamp;
use crate::wire::ServiceUrl;
use crate::wire::people::{ClockAccepted, DateTime, PeopleReply, PeopleRequest};

/// A provider: everything that a decision needs besides the records.
#[derive(Clone, Debug)]
pub struct Provider<C> {
    pub(super) crypto: C,
    pub(super) keys: Keys,
    pub(super) services: BTreeMap<ServiceId, ServiceUrl>,
}

impl<C: Crypto> Provider<C> {
    /// A provider with these keys, and the URL at which devices register for each of its services.
    #[must_use]
    pub const fn new(crypto: C, keys: Keys, services: BTreeMap<ServiceId, ServiceUrl>) -> Self {
        Self {
            crypto,
            keys,
            services,
        }
    }

    /// Its keys.
    #[must_use]
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Its services, and where devices register for them.
    #[must_use]
    pub const fn services(&self) -> &BTreeMap<ServiceId, ServiceUrl> {
        &self.services
    }
}

impl<C: Crypto + Send + Sync> Decide for Provider<C> {
    fn decide(
        &self,
        now: Timestamp,
        seed: &Seed,
        call: &Call,
        records: &Records,
    ) -> Result<Decision, Pause> {
        let work = Work {
            provider: self,
            call,
            desk: Desk::new(records),
            judge: Judge::new(now),
            seed,
            effects: Vec::new(),
            damage: Damage::default(),
        };
        work.decide()
    }
}

/// One attempt at one call.
pub(super) struct Work<'a, C> {
    pub(super) provider: &'a Provider<C>,
    pub(super) call: &'a Call,
    pub(super) desk: Desk<'a>,
    pub(super) judge: Judge,
    pub(super) seed: &'a Seed,
    effects: Vec<Effect>,
    /// What is passed over of what was heard.
    pub(super) damage: Damage,
}

impl<C: Crypto> Work<'_, C> {
    fn decide(mut self) -> Result<Decision, Pause> {
        let outcome = match &self.call.message {
            Message::Register(service, message) => {
                self.register(service, message).map(Reply::Registered)
            }
            Message::Heard(service, heard) => self.next(service, heard).map(|messages| {
                let damage = core::mem::take(&mut self.damage).told();
                Reply::ToSay(ToSay { messages, damage })
            }),
            Message::People(PeopleRequest::AcceptClock(_)) => self.accept_clock(),
            Message::Tick => self.tick().map(Reply::Ticked),
            _ => Err(Stop::elsewhere()),
        };
        match outcome {
            Ok(reply) => Decision::granted(self.desk, reply, self.effects),
            Err(Stop::Pause(pause)) => Err(pause),
            Err(Stop::Refused(refused)) => Ok(Decision::refused(self.desk, self.call, *refused)),
        }
    }

    /// Time passes. Nothing becomes due here: whatever has run out is judged where it is read.
    fn tick(&mut self) -> Result<Ticked, Stop> {
        let judged = self.judge.pass(&mut self.desk)?;
        Ok(Ticked {
            suspended: judged.suspended,
            ..Ticked::default()
        })
    }

    /// The operator of this very machine says that the clock is right; nobody else speaks to a
    /// provider as a person.
    fn accept_clock(&mut self) -> Result<Reply, Stop> {
        if self.call.presented != Credential::Console {
            return Err(Stop::elsewhere());
        }
        let now = DateTime(self.judge.accept(&mut self.desk)?);
        let accepted = PeopleReply::ClockAccepted(ClockAccepted { now });
        Ok(Reply::People(accepted))
    }

    /// Has somebody told of this.
    pub(super) fn tell(&mut self, what: EffectKind) -> Result<(), Pause> {
        let at = self.time()?;
        let random = (&self.provider.crypto, self.seed);
        let number = self.effects.len();
        let effect = Effect::put(&mut self.desk, random, (at, number), what);
        self.effects.push(effect);
        Ok(())
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, Pause> {
        Ok(self.judge.judged(&mut self.desk)?.at)
    }
}
