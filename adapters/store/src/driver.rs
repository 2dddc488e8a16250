//! The driver: carries out what decisions ask for, the same for every transport and every store.
//!
//! ```text
//! ask ─▶ Pause ─▶ load ─▶ ask again …
//!  └───▶ Decision ─▶ nothing to keep ───────────────────────────▶ answer
//!                └─▶ commit ─┬─ applied ─▶ hand over the effects ─▶ answer
//!                            ├─ conflict ─▶ a new attempt, in line with others that conflict there
//!                            └─ unknown ─▶ the same attempt again
//! ```
//!
//! One attempt has one time, one seed and one set of records, however often it is asked.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::AtomicU64;

use tokio::sync::{Mutex, Notify};

use restante_core::Timestamp;
use restante_core::decision::{Call, Decide, Decision, Effect, Reason, Refused, Reply};
use restante_core::id::{AttemptId, EffectId};
use restante_core::limits::THROTTLE_SOURCES;
use restante_core::record::{
    Change, Due, Expect, Key, Kind, Need, Pause, Records, Write, Written, delivered,
};
use restante_core::wire::{Refusal, RefusalCode};

use crate::port::{Committed, Store, StoreError};
use crate::system::{
    Clock, Effects, Entropy, LoggedEffects, NoEntropy, SystemClock, SystemEntropy, Taken,
};
use crate::volatile::Volatile;

/// What the center answers to a call, and what it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What the caller is told.
    pub outcome: Result<Reply, Refused>,
    /// What it took, for metrics.
    pub effort: Effort,
}

/// What a call took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Loads from the store.
    pub loads: u32,
    /// Attempts; more than one where others had moved what this one had read.
    pub attempts: u32,
    /// Commits whose end was unknown and that were repeated.
    pub unknown: u32,
}

/// Why a call has no answer. The caller is told `internal` or `busy`, and may try again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DriverError {
    /// The store could not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record cannot be read.
    #[error(
        "the stored record {key:?} cannot be read: {why}; restore it from an export or a backup"
    )]
    Damaged {
        /// Where it is.
        key: Key,
        /// What is wrong with it.
        why: String,
    },
    /// The store did not say in time whether a commit was kept. It may be.
    #[error("the store did not say whether the commit was kept, asked {UNKNOWNS} times")]
    Unknown,
    /// No randomness, no decision.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// A decision asked for too much, or for the same again and again: a defect.
    #[error("a decision cannot be reached: {why}")]
    Defect {
        /// What it did.
        why: String,
    },
}

/// Carries out decisions on a store.
pub struct Driver<D, S> {
    decide: D,
    store: S,
    clock: Box<dyn Clock>,
    entropy: Box<dyn Entropy>,
    effects: Box<dyn Effects>,
    volatile: Volatile,
    lanes: Lanes,
    work: Notify,
    pub(crate) waiting: AtomicU64,
}

impl<D: Decide, S: Store> Driver<D, S> {
    /// A driver with the system's clock and randomness, and effects that go to the log.
    pub fn new(decide: D, store: S) -> Self {
        Self {
            decide,
            store,
            clock: Box::new(SystemClock),
            entropy: Box::new(SystemEntropy::new()),
            effects: Box::new(LoggedEffects),
            volatile: Volatile::new(THROTTLE_SOURCES),
            lanes: Lanes::default(),
            work: Notify::new(),
            waiting: AtomicU64::new(0),
        }
    }

    /// The same driver with another clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// The same driver with other randomness.
    #[must_use]
    pub fn entropy(mut self, entropy: impl Entropy + 'static) -> Self {
        self.entropy = Box::new(entropy);
        self
    }

    /// The same driver with effects that go elsewhere.
    #[must_use]
    pub fn effects(mut self, effects: impl Effects + 'static) -> Self {
        self.effects = Box::new(effects);
        self
    }

    /// The store behind the driver.
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// What decides.
    pub const fn decides(&self) -> &D {
        &self.decide
    }

    /// Where the driver's randomness comes from; correlation ids are drawn from it too.
    pub fn random(&self) -> &dyn Entropy {
        &*self.entropy
    }

    /// The time, by the driver's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Waits until a call has made something that is due already: a tick at once saves its askers
    /// the wait for the next one. What becomes due later is found by ticks.
    pub async fn has_work(&self) {
        self.work.notified().await;
    }

    /// Decides one call and keeps what was decided before it answers.
    ///
    /// # Errors
    /// [`DriverError`] if there is no answer; whether anything was kept is known only by asking
    /// again, which every conversation allows.
    pub async fn call(&self, call: Call) -> Result<Answer, DriverError> {
        let mut effort = Effort::default();
        let mut turn = None;
        while effort.attempts < ATTEMPTS {
            effort.attempts += 1;
            let Decision {
                outcome,
                written,
                effects,
            } = self.decide(&call, &mut effort).await?;
            // Nearly every call ends here, and need not carry about the state of what follows.
            if written.is_empty() && effects.is_empty() {
                return Ok(Answer { outcome, effort });
            }
            let lane = Lanes::of(&written);
            if Box::pin(self.carry_out(written, effects, &mut effort)).await? {
                return Ok(Answer { outcome, effort });
            }
            // The turn is given back before another one is awaited: nobody waits while holding.
            drop(turn.take());
            turn = Some(self.lanes.0[lane].lock().await);
        }
        Ok(Answer {
            outcome: Err(busy(&call)),
            effort,
        })
    }

    /// One attempt: asks, loads and asks again until there is a decision.
    async fn decide(&self, call: &Call, effort: &mut Effort) -> Result<Decision, DriverError> {
        let now = self.clock.now();
        let seed = self.entropy.seed()?;
        let mut records = Records::with(self.store.at_hand());
        loop {
            let needs = match self.decide.decide(now, &seed, call, &records) {
                Ok(decision) => return Ok(decision),
                Err(Pause::Read(needs)) => needs,
                Err(Pause::Damaged { key, why }) => return Err(DriverError::Damaged { key, why }),
                Err(other) => return Err(defect(other.to_string())),
            };
            let before = records.len();
            self.load(needs, &mut records, effort).await?;
            if records.len() == before {
                return Err(defect("it asks for what it was given".to_owned()));
            }
        }
    }

    async fn load(
        &self,
        needs: Vec<Need>,
        records: &mut Records<'_>,
        effort: &mut Effort,
    ) -> Result<(), DriverError> {
        let mut durable = needs;
        for need in durable.extract_if(.., |need| need_is_volatile(need)) {
            let found = self.volatile.load(&need);
            records.add(need, found);
        }
        if !durable.is_empty() {
            effort.loads += 1;
            let found = self.store.load(&durable).await?;
            for (need, found) in durable.into_iter().zip(found) {
                records.add(need, found);
            }
        }
        Ok(())
    }

    /// Keeps what was decided, then hands over what is to be told; whether nothing that had been
    /// read has moved.
    async fn carry_out(
        &self,
        written: Written,
        effects: Vec<Effect>,
        effort: &mut Effort,
    ) -> Result<bool, DriverError> {
        let makes_work = self.makes_work(&written);
        let kept = self.keep(written, effort).await?;
        if kept {
            if makes_work {
                self.work.notify_one();
            }
            self.hand_over(effects, effort).await;
        }
        Ok(kept)
    }

    /// Whether something that is due by now is among what is written.
    fn makes_work(&self, written: &Written) -> bool {
        let mut put = written.writes.iter().filter(|write| {
            let is_put = matches!(write.change, Change::Put { .. });
            is_put && write.key.kind == Kind::Due
        });
        put.any(|write| Due::at(&write.key).is_some_and(|at| at <= self.clock.now()))
    }

    /// Hands over what is to be told, and takes what was told out of the outbox. What was not told,
    /// a tick hands over again.
    pub(crate) async fn hand_over(&self, effects: Vec<Effect>, effort: &mut Effort) {
        let mut told = Vec::new();
        for effect in effects {
            let id = effect.id;
            if self.effects.take(effect) == Taken::Told {
                told.push(id);
            }
        }
        if told.is_empty() {
            return;
        }
        if let Err(error) = self.commit(delivered(&told), effort).await {
            tracing::warn!(%error, "what was told stays in the outbox for now");
        }
    }

    /// Takes effects that were taken for later out of the outbox, now that they have been told.
    ///
    /// # Errors
    /// [`DriverError`] if the store cannot do it; ticks hand them over again then.
    pub async fn told(&self, effects: &[EffectId]) -> Result<(), DriverError> {
        let mut effort = Effort::default();
        self.commit(delivered(effects), &mut effort).await?;
        Ok(())
    }

    /// Keeps what a decision wrote; whether nothing that it had read has moved.
    async fn keep(&self, written: Written, effort: &mut Effort) -> Result<bool, DriverError> {
        if written.is_empty() {
            return Ok(true);
        }
        let (volatile, durable) = split(written);
        if durable.is_empty() {
            return Ok(self.volatile.commit(&volatile.expects, volatile.writes));
        }
        if !self.volatile.holds(&volatile.expects) || !self.commit(durable, effort).await? {
            return Ok(false);
        }
        // What is durable cannot be taken back, so that a counter that has moved meanwhile is
        // written over.
        self.volatile.commit(&[], volatile.writes);
        Ok(true)
    }

    // spec: MSG-008
    async fn commit(&self, written: Written, effort: &mut Effort) -> Result<bool, DriverError> {
        let attempt = AttemptId::from_bytes(self.entropy.id()?);
        for _ in 0..UNKNOWNS {
            match self.store.commit(attempt, written.clone()).await? {
                Committed::Applied => return Ok(true),
                Committed::Conflict => return Ok(false),
                Committed::Unknown => effort.unknown += 1,
            }
        }
        Err(DriverError::Unknown)
    }
}

/// Lines in which attempts wait that have met others at the same record. Whoever loses a race for a
/// record (a code that five hundred panels enter at once, say) goes on in turn, so that the number
/// of attempts stays small however many there are. A wrong line costs time, never correctness.
struct Lanes([Mutex<()>; LANES]);

impl Default for Lanes {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(())))
    }
}

impl Lanes {
    /// The line for the first record that is both read and written; the others mostly follow it.
    fn of(written: &Written) -> usize {
        let first = written
            .expects
            .iter()
            .map(|expect| &expect.key)
            .filter(|key| written.writes.iter().any(|write| write.key == **key))
            .min();
        // Without a random key, so that a simulated history can be replayed.
        let mut hasher = DefaultHasher::new();
        first.hash(&mut hasher);
        usize::try_from(hasher.finish() % LANES as u64).unwrap_or(0)
    }
}

fn need_is_volatile(need: &Need) -> bool {
    match need {
        Need::Record(key) => key.kind.is_volatile(),
        Need::Range(range) => range.kind.is_volatile(),
    }
}

/// The volatile part and the durable part.
fn split(written: Written) -> (Written, Written) {
    let (volatile_expects, expects): (Vec<Expect>, Vec<Expect>) = written
        .expects
        .into_iter()
        .partition(|expect| expect.key.kind.is_volatile());
    let (volatile_writes, writes): (Vec<Write>, Vec<Write>) = written
        .writes
        .into_iter()
        .partition(|write| write.key.kind.is_volatile());
    let volatile = Written {
        expects: volatile_expects,
        writes: volatile_writes,
    };
    (volatile, Written { expects, writes })
}

fn busy(call: &Call) -> Refused {
    let mut refusal = Refusal::plain(RefusalCode::Busy);
    refusal.correlation = Some(call.source.correlation);
    Refused {
        refusal,
        reason: Reason {
            word: "busy",
            detail: format!("others moved what it had read, {ATTEMPTS} times in a row"),
        },
    }
}

pub(crate) fn defect(why: String) -> DriverError {
    DriverError::Defect { why }
}

/// Attempts at one call before the caller is told to come again later.
const ATTEMPTS: u32 = 64;
/// How often a commit is repeated whose end is unknown.
const UNKNOWNS: u32 = 16;
/// Lines for conflicting attempts: enough that two records rarely share one.
const LANES: usize = 256;
