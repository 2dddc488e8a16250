//! One attempt at one call: the desk, the time by which it judges, and the two ways out of it.
//!
//! Every conversation is a method of [`Work`] in a file of its own and reads straight down. It ends
//! with a reply, with a refusal or with a pause; `?` carries the last two out. All refusals leave
//! through [`Work::refused`], which throws away whatever the conversation had wanted to write.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::entropy::Seed;
use crate::id::EffectId;
use crate::limits::WRITES_PER_DECISION;
use crate::record::{Clock, Desk, Judged, Key, Kind, Outbox, Pause, Records};
use crate::time::Timestamp;
use crate::wire::{Refusal, RefusalCode, Schedule};

use super::{Call, Center, Decision, Effect, EffectKind, Message, Reason, Refused, Reply};

/// One attempt at one call.
pub(super) struct Work<'a, C> {
    pub(super) center: &'a Center<C>,
    /// What the clock on the wall shows. Only throttles go by it.
    pub(super) wall: Timestamp,
    pub(super) seed: &'a Seed,
    pub(super) call: &'a Call,
    pub(super) desk: Desk<'a>,
    effects: Vec<Effect>,
    time: Option<Judged>,
}

/// Why a conversation does not go on to a reply.
#[derive(Debug)]
pub(super) enum Stop {
    Pause(Pause),
    Refused(Box<Refused>),
}

impl From<Pause> for Stop {
    fn from(pause: Pause) -> Self {
        Self::Pause(pause)
    }
}

impl Stop {
    /// A refusal, and what the operator's log says of it.
    pub(super) fn refusal(refusal: Refusal, word: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let reason = Reason { word, detail };
        Self::Refused(Box::new(Refused { refusal, reason }))
    }

    /// A refusal in the registry's own words.
    pub(super) fn plain(code: RefusalCode, word: &'static str, detail: impl Into<String>) -> Self {
        Self::refusal(Refusal::plain(code), word, detail)
    }

    /// A refusal that tells the sender and the operator the same.
    pub(super) fn openly(code: RefusalCode, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::refusal(Refusal::new(code, detail.clone()), code.word(), detail)
    }

    /// A message that can be read and breaks a rule; `detail` says which, and what would be right.
    pub(super) fn invalid(detail: impl Into<String>) -> Self {
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
            effects: Vec::new(),
            time: None,
        }
    }

    /// Decides the call, to the end or to the next pause. Each conversation judges in the order of
    /// the specification's stages: who speaks, does it apply, is there room.
    // spec: ERR-002
    pub(super) fn decide(mut self) -> Result<Decision, Pause> {
        let outcome = match &self.call.message {
            Message::Device(request) => self.device(request).map(Reply::Device),
            Message::People(request) => self.people(request).map(Reply::People),
            Message::Register(service, message) => self
                .register_for_service(service, message)
                .map(Reply::Registered),
            Message::Tick => self.tick().map(Reply::Ticked),
        };
        match outcome {
            Ok(reply) => self.granted(reply),
            Err(Stop::Pause(pause)) => Err(pause),
            Err(Stop::Refused(refused)) => Ok(self.refused(*refused)),
        }
    }

    fn granted(self, reply: Reply) -> Result<Decision, Pause> {
        if self.desk.changes() > WRITES_PER_DECISION {
            return Err(Pause::TooMuch);
        }
        Ok(Decision {
            outcome: Ok(reply),
            written: self.desk.into_written(),
            effects: self.effects,
        })
    }

    /// The one way out of every refusal. What it leaves behind is a counted wrong code, and the
    /// time by which something was judged to have run out; nothing else that was wanted is written.
    // spec: MSG-007, ERR-008
    fn refused(mut self, mut refused: Refused) -> Decision {
        self.desk
            .retain_changes(|key| matches!(key.kind, Kind::Throttle | Kind::Clock));
        refused.refusal.correlation = Some(self.call.source.correlation);
        Decision {
            outcome: Err(refused),
            written: self.desk.into_written(),
            effects: Vec::new(),
        }
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
        if let Some(time) = self.time {
            return Ok(time);
        }
        let saved = self.desk.peek::<Clock>(&Clock::key())?;
        let time = Clock::judge(saved, self.wall);
        self.time = Some(time);
        Ok(time)
    }

    /// Whether `deadline` has passed. Where that is so by a time that is not written down yet, the
    /// time is written down with the decision: what has run out once never comes back.
    // spec: ENR-039, COD-017
    pub(super) fn has_passed(&mut self, deadline: Timestamp) -> Result<bool, Pause> {
        let time = self.judged()?;
        if time.at < deadline {
            return Ok(false);
        }
        if time.saved < deadline {
            self.desk.get::<Clock>(&Clock::key())?;
            self.desk.put(Clock::key(), &Clock { highest: time.at });
        }
        Ok(true)
    }

    /// Sixteen bytes that begin with the time, so that what bears them as its id is found in order
    /// of age; the rest is random.
    pub(super) fn dated_id(&mut self, purpose: &str) -> Result<[u8; 16], Pause> {
        let at = self.time()?.as_millis().to_be_bytes();
        let mut id = self.seed.draw_id(&self.center.crypto, purpose);
        for (to, from) in id.iter_mut().zip(at.into_iter().skip(2)) {
            *to = from;
        }
        Ok(id)
    }

    /// Puts something to tell into the outbox.
    pub(super) fn tell(&mut self, what: EffectKind) -> Result<(), Pause> {
        let at = self.time()?;
        let purpose = alloc::format!("effect {}", self.effects.len());
        let id = EffectId::from_bytes(self.dated_id(&purpose)?);
        let what_again = what.clone();
        self.desk
            .put(Outbox::<EffectKind>::key(id), &Outbox { at, what });
        self.hand_over(Effect {
            id,
            what: what_again,
        });
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
