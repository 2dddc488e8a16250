//! The center's store in the world: memory that outlives crashes, with faults in front of it.
//!
//! ```text
//! driver ─▶ Gate: waits once before each operation, so that calls interleave
//!             └▶ Flaky: loses, delays, fails and crashes as the plan says
//!                  └▶ Ledger: notes each commit that was applied ─▶ MemoryStore
//! ```
//!
//! One poll of a call carries out one store operation at the most. The world thus steps from
//! operation to operation and looks at the durable state in between.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use restante_core::id::AttemptId;
use restante_core::record::{Loaded, Need, Write, Written};
use restante_store::crash::{Fate, Flaky, Operation};
use restante_store::memory::Held;
use restante_store::{Committed, MemoryStore, Store, StoreError};

/// What outlives every crash.
#[derive(Clone, Debug)]
pub struct Disk {
    ledger: Arc<Mutex<Arc<Ledger>>>,
}

/// A store that notes what was applied to it.
#[derive(Debug, Default)]
pub struct Ledger {
    store: MemoryStore,
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    attempts: HashSet<AttemptId>,
    fresh: Vec<Vec<Write>>,
}

/// A fault that waits for its moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process ends before it has loaded what it needs.
    CrashAtLoad,
    /// The process ends before its commit is applied.
    CrashBefore,
    /// The process ends after its commit was applied and before anybody hears of it.
    CrashAfter,
    /// The commit is applied, and nobody hears whether it was.
    AppliedUnknown,
    /// The commit is lost, and nobody hears whether it was applied.
    LostUnknown,
    /// The commit arrives later, and nobody hears whether it was applied.
    DelayedUnknown,
    /// The store fails.
    Failure,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::CrashAtLoad,
        Self::CrashBefore,
        Self::CrashAfter,
        Self::AppliedUnknown,
        Self::LostUnknown,
        Self::DelayedUnknown,
        Self::Failure,
    ];

    /// The word under which it is counted.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::CrashAtLoad => "store: crash at load",
            Self::CrashBefore => "store: crash before commit",
            Self::CrashAfter => "store: crash after commit",
            Self::AppliedUnknown => "store: applied, answer unknown",
            Self::LostUnknown => "store: lost, answer unknown",
            Self::DelayedUnknown => "store: delayed, answer unknown",
            Self::Failure => "store: failure",
        }
    }

    const fn meets(self, operation: Operation<'_>) -> bool {
        match operation {
            Operation::Load(_) => matches!(self, Self::CrashAtLoad | Self::Failure),
            Operation::Commit(..) => !matches!(self, Self::CrashAtLoad),
        }
    }

    fn fate(self) -> Fate {
        match self {
            Self::CrashAtLoad | Self::CrashBefore => Fate::CrashBefore,
            Self::CrashAfter => Fate::CrashAfter,
            Self::AppliedUnknown => Fate::ReplyLost,
            Self::LostUnknown => Fate::Lost,
            Self::DelayedUnknown => Fate::Delayed,
            Self::Failure => Fate::Failed(StoreError::Failed {
                why: "the history says so".into(),
            }),
        }
    }
}

/// What is to go wrong with one node's store operations.
#[derive(Debug, Default)]
struct Plan {
    waiting: Option<(u32, Fault)>,
    struck: Option<Fault>,
}

/// One node's way to the disk.
pub struct Gate {
    flaky: Flaky<Arc<Ledger>, Decider>,
    plan: Arc<Mutex<Plan>>,
}

type Decider = Box<dyn Fn(Operation<'_>) -> Fate + Send + Sync>;

impl Disk {
    /// An empty disk.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            ledger: Arc::default(),
        }
    }

    /// What lies on it.
    #[must_use]
    pub fn held(&self) -> Held {
        self.ledger().store.held()
    }

    /// Replaces what lies on it, as after damage. Nodes that are up go on with the former content.
    pub fn replace(&self, held: Held) {
        let store = MemoryStore::with(held);
        *lock(&self.ledger) = Arc::new(Ledger {
            store,
            noted: Mutex::default(),
        });
    }

    /// What has been applied since this was last asked, in order.
    #[must_use]
    pub fn fresh(&self) -> Vec<Vec<Write>> {
        std::mem::take(&mut lock(&self.ledger().noted).fresh)
    }

    /// A node's way to it.
    #[must_use]
    pub fn gate(&self) -> Gate {
        let plan: Arc<Mutex<Plan>> = Arc::default();
        let decides = Arc::clone(&plan);
        let decider: Decider = Box::new(move |operation| lock(&decides).decide(operation));
        Gate {
            flaky: Flaky::new(self.ledger(), decider),
            plan,
        }
    }

    fn ledger(&self) -> Arc<Ledger> {
        Arc::clone(&lock(&self.ledger))
    }
}

impl Plan {
    fn decide(&mut self, operation: Operation<'_>) -> Fate {
        match self.waiting {
            Some((0, fault)) if fault.meets(operation) => {
                self.waiting = None;
                self.struck = Some(fault);
                fault.fate()
            }
            Some((more, fault)) if fault.meets(operation) => {
                self.waiting = Some((more - 1, fault));
                Fate::Done
            }
            _ => Fate::Done,
        }
    }
}

impl Gate {
    /// Has this happen at the operation after so many that it could happen at.
    pub fn expect(&self, after: u32, fault: Fault) {
        lock(&self.plan).waiting = Some((after, fault));
    }

    /// Nothing goes wrong any more.
    pub fn calm(&self) {
        lock(&self.plan).waiting = None;
    }

    /// What has gone wrong since this was last asked.
    #[must_use]
    pub fn struck(&self) -> Option<Fault> {
        lock(&self.plan).struck.take()
    }

    /// Lets the oldest commit that is on its way arrive, if there is one.
    pub async fn deliver(&self) -> Option<Committed> {
        self.flaky.deliver(0).await.ok().flatten()
    }
}

impl Store for Gate {
    async fn load(&self, needs: &[Need]) -> Result<Vec<Loaded>, StoreError> {
        Wait::default().await;
        self.flaky.load(needs).await
    }

    async fn commit(&self, attempt: AttemptId, written: Written) -> Result<Committed, StoreError> {
        Wait::default().await;
        self.flaky.commit(attempt, written).await
    }
}

impl Store for Ledger {
    async fn load(&self, needs: &[Need]) -> Result<Vec<Loaded>, StoreError> {
        Ok(self.store.load_now(needs))
    }

    async fn commit(&self, attempt: AttemptId, written: Written) -> Result<Committed, StoreError> {
        let writes = written.writes.clone();
        let committed = self.store.commit_now(attempt, written);
        let mut noted = lock(&self.noted);
        if committed == Committed::Applied && noted.attempts.insert(attempt) {
            noted.fresh.push(writes);
        }
        Ok(committed)
    }
}

/// Lets others go first, once.
#[derive(Default)]
struct Wait {
    waited: bool,
}

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.waited {
            return Poll::Ready(());
        }
        self.waited = true;
        Poll::Pending
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
