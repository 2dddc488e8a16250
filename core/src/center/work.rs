//! One attempt at one call: the desk, the time by which it judges, and the two ways out of it.
//!
//! Every conversation is a method of [`Work`] in a file of its own and reads straight down. It ends
//! with a reply, with a refusal or with a pause; `?` carries the last two out. All refusals leave
//! through [`Decision::refused`], which throws away whatever the conversation had wanted to write.

use alloc::string::String;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::decision::Judge;
use crate::entropy::Seed;
use crate::record::{Desk, Judged, Key, Pause, Records};
use crate::time::Timestamp;
use crate::wire::{Refusal, RefusalCode, Schedule};

use super::{Call, Center, Decision, Effect, EffectKind, Message, Refused, Reply};

pub(super) use crate::decision::Stop;

/// One attempt at one call.
pub(super) struct Work<'a, C> {
    pub(super) center: &'a Center<C>,
    /// What the clock on the wall shows. Only throttles go by it.
    pub(super) wall: Timestamp,
    pub(super) seed: &'a Seed,
    pub(super) call: &'a Call,
    pub(super) desk: Desk<'a>,
    records: &'a Records<'a>,
    effects: Vec<Effect>,
    pub(super) judge: Judge,
    /// Bytes that the line puts around a reply, which whoever takes it has to have room for.
    pub(super) frame: usize,
}

impl Stop {
    /// A refusal that tells the sender and the operator the same.
    pub(in crate::center) fn openly(code: RefusalCode, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::refusal(Refusal::new(code, detail.clone()), code.word(), detail)
    }

    /// A message that can be read and breaks a rule; `detail` says which, and what would be right.
    pub(in crate::center) fn invalid(detail: impl Into<String>) -> Self {
        Self::openly(RefusalCode::Invalid, detail)
    }
}

impl<'a, C: Crypto> Work<'a, C> {
    pub(super) fn new(
        center: &'a Center<C>,
        wall: Timestamp,
        seed: &'a Seed,
        call: &'a Call,
        records: &'a Records,
    ) -> Self {
        Self {
            center,
            wall,
            seed,
            call,
            desk: Desk::new(records),
            records,
            effects: Vec::new(),
            judge: Judge::new(wall),
            frame: 0,
        }
    }

    /// Decides the call, to the end or to the next pause. Each conversation judges in the order of
    /// the specification's stages: who speaks, does it apply, is there room.
    // spec: ERR-002
    pub(super) fn decide(mut self) -> Result<Decision, Pause> {
        let outcome = match &self.call.message {
            Message::Sealed(bytes) => return self.decide_sealed(bytes),
            Message::Device(request) => self.device(request).map(Reply::Device),
            Message::People(request) => self.people(request).map(Reply::People),
            Message::Register(service, message) => self
                .register_for_service(service, message)
                .map(Reply::Registered),
            Message::Mailed(mailed) => self.mailed(mailed).map(Reply::Registered),
            Message::Heard(..) => Err(Stop::elsewhere()),
            Message::Restored => self.restored().map(|it| Reply::Restored(it.number)),
            Message::Tick => self.tick().map(Reply::Ticked),
        };
        match outcome {
            Ok(reply) => self.granted(reply),
            Err(Stop::Pause(pause)) => Err(pause),
            Err(Stop::Refused(refused)) => Ok(self.refused(*refused)),
        }
    }

    /// One attempt at another call, at the same time and with the same records and randomness.
    pub(super) fn again<'b>(&'b self, call: &'b Call) -> Work<'b, C> {
        Work::new(self.center, self.wall, self.seed, call, self.records)
    }

    /// What was asked for is done.
    pub(super) fn granted(self, reply: Reply) -> Result<Decision, Pause> {
        Decision::granted(self.desk, reply, self.effects)
    }

    /// It is refused.
    pub(super) fn refused(self, refused: Refused) -> Decision {
        Decision::refused(self.desk, self.call, refused)
    }

    /// What the sender is told about when to come again.
    pub(super) fn schedule(&self) -> Schedule {
        self.center.policy.schedule(self.wall)
    }

    /// The time by which this call is judged.
    pub(super) fn time(&mut self) -> Result<Timestamp, Pause> {
        Ok(self.judged()?.at)
    }

    /// The time by which this call is judged, with what is known of it.
    pub(super) fn judged(&mut self) -> Result<Judged, Pause> {
        self.judge.judged(&mut self.desk)
    }

    /// Whether `deadline` has passed; if so, that is written down.
    // spec: ENR-039, COD-017
    pub(super) fn has_passed(&mut self, deadline: Timestamp) -> Result<bool, Pause> {
        self.judge.has_passed(&mut self.desk, deadline)
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self) -> Result<Judged, Pause> {
        self.judge.pass(&mut self.desk)
    }

    /// Sixteen bytes that begin with the time, so that what bears them as its id is found in order
    /// of age; the rest is random.
    pub(super) fn dated_id(&mut self, purpose: &str) -> Result<[u8; 16], Pause> {
        let at = self.time()?;
        Ok(self.seed.draw_dated_id(&self.center.crypto, at, purpose))
    }

    /// Puts something to tell into the outbox.
    pub(super) fn tell(&mut self, what: EffectKind) -> Result<(), Pause> {
        let at = self.time()?;
        let random = (&self.center.crypto, self.seed);
        let number = self.effects.len();
        let effect = Effect::put(&mut self.desk, random, (at, number), what);
        self.hand_over(effect);
        Ok(())
    }

    /// Has the driver hand over something that is in the outbox.
    pub(super) fn hand_over(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Loads these at once, whatever is missing of them.
    pub(super) fn load<'k>(
        &mut self,
        keys: impl IntoIterator<Item = &'k Key>,
    ) -> Result<(), Pause> {
        self.desk.all(keys)
    }
}
