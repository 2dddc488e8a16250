//! A store that loses replies, loses commits, delays them, fails and crashes, as it is told.
//!
//! It stands in front of another store and asks an injected function what becomes of each
//! operation, so that a simulator decides by its seed and can replay any history. The store behind
//! it stays what it is.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Mutex, PoisonError};

use restante_core::id::AttemptId;
use restante_core::record::{Loaded, Need, Written};

use crate::port::{Committed, Store, StoreError};

/// One operation, before it is done.
#[derive(Clone, Copy, Debug)]
pub enum Operation<'a> {
    /// Something is to be loaded.
    Load(&'a [Need]),
    /// Something is to be committed.
    Commit(AttemptId, &'a Written),
}

/// What becomes of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is done.
    Done,
    /// A commit is done, and its reply is lost: [`Committed::Unknown`]. A load is done.
    ReplyLost,
    /// A commit gets lost on its way: [`Committed::Unknown`]. A load is done.
    Lost,
    /// A commit is on its way until [`Flaky::deliver`]; meanwhile [`Committed::Unknown`]. A load is
    /// done.
    Delayed,
    /// It fails with this error, and nothing is done.
    Failed(StoreError),
    /// The process ends here, before it is done: it never answers. Drop the future.
    CrashBefore,
    /// The process ends here, right after it was done: it never answers. Drop the future.
    CrashAfter,
}

/// A store with faults in front of it. `F` says what becomes of each operation.
#[derive(Debug)]
pub struct Flaky<S, F> {
    store: S,
    fate: F,
    delayed: Mutex<VecDeque<(AttemptId, Written)>>,
}

impl<S: Store, F: Fn(Operation<'_>) -> Fate + Send + Sync> Flaky<S, F> {
    /// Puts faults in front of `store`.
    pub const fn new(store: S, fate: F) -> Self {
        Self {
            store,
            fate,
            delayed: Mutex::new(VecDeque::new()),
        }
    }

    /// The store behind the faults.
    pub const fn behind(&self) -> &S {
        &self.store
    }

    /// How many commits are on their way.
    pub fn on_their_way(&self) -> usize {
        self.queue(|queue| queue.len())
    }

    /// Lets the `index`-th commit that is on its way arrive; says how it ended, which nobody else
    /// hears. `None` if there is no such commit.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub async fn deliver(&self, index: usize) -> Result<Option<Committed>, StoreError> {
        match self.queue(|queue| queue.remove(index)) {
            None => Ok(None),
            Some((attempt, written)) => self.store.commit(attempt, written).await.map(Some),
        }
    }

    fn queue<T>(&self, work: impl FnOnce(&mut VecDeque<(AttemptId, Written)>) -> T) -> T {
        work(&mut self.delayed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Store, F: Fn(Operation<'_>) -> Fate + Send + Sync> Store for Flaky<S, F> {
    async fn load(&self, needs: &[Need]) -> Result<Vec<Loaded>, StoreError> {
        match (self.fate)(Operation::Load(needs)) {
            Fate::Failed(error) => Err(error),
            Fate::CrashBefore | Fate::CrashAfter => pending().await,
            Fate::Done | Fate::ReplyLost | Fate::Lost | Fate::Delayed => {
                self.store.load(needs).await
            }
        }
    }

    async fn commit(&self, attempt: AttemptId, written: Written) -> Result<Committed, StoreError> {
        match (self.fate)(Operation::Commit(attempt, &written)) {
            Fate::Done => self.store.commit(attempt, written).await,
            Fate::Failed(error) => Err(error),
            Fate::Lost => Ok(Committed::Unknown),
            Fate::CrashBefore => pending().await,
            Fate::Delayed => {
                self.queue(|queue| queue.push_back((attempt, written)));
                Ok(Committed::Unknown)
            }
            Fate::ReplyLost => {
                self.store.commit(attempt, written).await?;
                Ok(Committed::Unknown)
            }
            Fate::CrashAfter => {
                self.store.commit(attempt, written).await?;
                pending().await
            }
        }
    }
}
