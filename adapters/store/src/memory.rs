//! A store in memory, for tests and simulations.
//!
//! It follows the very rules of the durable stores. What it holds is one value, [`Held`], that can
//! be taken out, cloned and put into a new store: the disk that outlives a simulated crash.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use restante_core::id::AttemptId;
use restante_core::record::{Loaded, Need, Revision, Row, Written};

use crate::port::{Committed, Store, StoreError};
use crate::rows::Rows;

/// Attempts that a store remembers; older ones make room. A commit is repeated within seconds, so
/// that this many in between do not happen.
pub(crate) const ATTEMPTS: usize = 65_536;

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    held: Mutex<Held>,
}

/// All that a store in memory holds.
#[derive(Clone, Debug, Default)]
pub struct Held {
    rows: Rows,
    attempts: HashSet<AttemptId>,
    order: VecDeque<AttemptId>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store that holds what another one held.
    #[must_use]
    pub fn with(held: Held) -> Self {
        Self {
            held: Mutex::new(held),
        }
    }

    /// What the store holds at this moment.
    #[must_use]
    pub fn held(&self) -> Held {
        self.locked(|held| held.clone())
    }

    /// Loads without waiting; see [`Store::load`].
    #[must_use]
    pub fn load_now(&self, needs: &[Need]) -> Vec<Loaded> {
        self.locked(|held| needs.iter().map(|need| held.rows.load(need)).collect())
    }

    /// Commits without waiting; see [`Store::commit`].
    pub fn commit_now(&self, attempt: AttemptId, written: Written) -> Committed {
        self.locked(|held| held.commit(attempt, written))
    }

    fn locked<T>(&self, work: impl FnOnce(&mut Held) -> T) -> T {
        // A panic elsewhere cannot have left half a commit: nothing in `Held` unwinds midway.
        work(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Held {
    /// All rows in key order.
    pub fn rows(&self) -> impl Iterator<Item = &Arc<Row>> {
        self.rows.iter()
    }

    /// The highest revision that a deleted record had; what is inserted goes on above it.
    #[must_use]
    pub fn floor(&self) -> Revision {
        self.rows.floor()
    }

    /// Rows that were written down elsewhere, with their revisions.
    #[must_use]
    pub fn restored(rows: impl IntoIterator<Item = Row>, floor: Revision) -> Self {
        Self {
            rows: Rows::restored(rows, floor),
            ..Self::default()
        }
    }

    fn commit(&mut self, attempt: AttemptId, written: Written) -> Committed {
        if self.attempts.contains(&attempt) {
            return Committed::Applied;
        }
        if !self.rows.holds(&written.expects) {
            return Committed::Conflict;
        }
        self.rows.apply(written.writes);
        self.remember(attempt);
        Committed::Applied
    }

    fn remember(&mut self, attempt: AttemptId) {
        self.attempts.insert(attempt);
        self.order.push_back(attempt);
        if self.order.len() > ATTEMPTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.attempts.remove(&oldest);
        }
    }
}

impl Store for MemoryStore {
    async fn load(&self, needs: &[Need]) -> Result<Vec<Loaded>, StoreError> {
        Ok(self.load_now(needs))
    }

    async fn commit(&self, attempt: AttemptId, written: Written) -> Result<Committed, StoreError> {
        Ok(self.commit_now(attempt, written))
    }
}
