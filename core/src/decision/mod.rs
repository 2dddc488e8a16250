//! What a decision is, whoever decides: a pure function of time, a seed, a call and the records.
//!
//! ```text
//! decide(now, seed, call, records) ─┬─▶ Pause::Read(needs)   load these and ask me again
//!                                   └─▶ Decision             reply or refusal, writes, effects
//! ```
//!
//! A center decides, and so does a provider's own server; the driver that carries decisions out
//! knows neither. What both go by in the same way stands here too: the keys, the time by which
//! something has run out, and how wrong codes are counted.

mod call;
mod damage;
mod effect;
mod judge;
mod keys;
mod stop;
mod wrong;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::entropy::Seed;
use crate::limits::WRITES_PER_DECISION;
use crate::record::{Desk, Kind, Pause, Records, Written};
#[cfg(feature = "center")]
use crate::record::{Expect, Write};
use crate::time::Timestamp;
use crate::wire::Refusal;

pub use call::{Call, Credential, Heard, Message, Reply, Sealed, Source, Ticked, ToSay};
pub use effect::{Effect, EffectKind};
pub use keys::{Keys, KeysError};

pub(crate) use damage::Damage;
pub(crate) use judge::Judge;
pub(crate) use stop::Stop;
pub(crate) use wrong::{Suspect, count_wrong, throttled};

/// Something that decides calls: a center, a provider, or a fault that stands before
/// either in a test.
pub trait Decide: Send + Sync {
    /// Decides one call. The same arguments always give the same result.
    ///
    /// # Errors
    /// [`Pause`] says what has to be loaded first, or which stored record is damaged.
    fn decide(
        &self,
        now: Timestamp,
        seed: &Seed,
        call: &Call,
        records: &Records,
    ) -> Result<Decision, Pause>;
}

impl<D: Decide + ?Sized> Decide for Arc<D> {
    fn decide(
        &self,
        now: Timestamp,
        seed: &Seed,
        call: &Call,
        records: &Records,
    ) -> Result<Decision, Pause> {
        (**self).decide(now, seed, call, records)
    }
}

/// What has been decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What the caller is told.
    pub outcome: Result<Reply, Refused>,
    /// What the store has to keep before the caller is told.
    pub written: Written,
    /// What to tell others once that is kept. Each is in the outbox too, among the writes.
    pub effects: Vec<Effect>,
}

impl Decision {
    /// What was asked for is done: the reply, and what the desk has of changes.
    pub(crate) fn granted(
        desk: Desk<'_>,
        reply: Reply,
        effects: Vec<Effect>,
    ) -> Result<Self, Pause> {
        if desk.changes() > WRITES_PER_DECISION {
            return Err(Pause::TooMuch);
        }
        Ok(Self {
            outcome: Ok(reply),
            written: desk.into_written(),
            effects,
        })
    }

    /// The same, and whatever another decision of the same call has decided besides: both are
    /// written together. Where they have read or written the same record, this one's word holds.
    #[cfg(feature = "center")]
    pub(crate) fn and(mut self, other: Self) -> Self {
        let Written { expects, writes } = other.written;
        let known = |expect: &Expect| self.written.expects.iter().any(|it| it.key == expect.key);
        let expects: Vec<Expect> = expects.into_iter().filter(|it| !known(it)).collect();
        self.written.expects.extend(expects);
        let changed = |write: &Write| self.written.writes.iter().any(|it| it.key == write.key);
        let writes: Vec<Write> = writes.into_iter().filter(|it| !changed(it)).collect();
        self.written.writes.extend(writes);
        self.effects.extend(other.effects);
        self
    }

    /// The one way out of every refusal. What it leaves behind is a counted wrong code, and the
    /// time by which something was judged to have run out; nothing else that was wanted is written.
    // spec: MSG-007, ERR-008
    pub(crate) fn refused(mut desk: Desk<'_>, call: &Call, mut refused: Refused) -> Self {
        desk.retain_changes(|key| matches!(key.kind, Kind::Throttle | Kind::Clock));
        refused.refusal.correlation = Some(call.source.correlation);
        Self {
            outcome: Err(refused),
            written: desk.into_written(),
            effects: Vec::new(),
        }
    }
}

/// A refusal: what the outsider is told, and what the operator's log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// For the outsider.
    pub refusal: Refusal,
    /// For the operator: the true reason, without secrets.
    pub reason: Reason,
}

/// The true reason for a refusal, as the operator's log and metrics name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// A fixed word, such as `code-expired`; the label of a metric.
    pub word: &'static str,
    /// What the operator needs to know: ids, times, counts.
    pub detail: String,
}
