//! The writer: one thread, one connection, one sync for all commits that wait (group commit).
//!
//! ```text
//! commits ─▶ queue ─▶ take all that wait
//!                      ├─▶ each: attempt known? expectations hold? ─▶ apply in a savepoint
//!                      └─▶ COMMIT (one sync) ─▶ publish to the cache ─▶ answer all
//! ```
//!
//! While one group is being synced, the next one gathers: the more clients, the larger the groups.
//! Nothing is answered before it is durable. If the disk fails while something is made durable, the
//! writer stops for good: what the disk holds then is known only after the file is opened anew.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot};

use restante_core::id::AttemptId;
use restante_core::record::{Change, Key, Revision, Row, Write, Written};

use crate::memory::ATTEMPTS;
use crate::port::{Committed, StoreError};

use super::cache::{Cache, Known};
use super::columns::{delete_row, engine_error, read_revision, write_row};
use super::open::Lock;

/// A commit on its way to the writer.
pub(crate) struct Submitted {
    pub(crate) attempt: AttemptId,
    pub(crate) written: Written,
    pub(crate) answer: oneshot::Sender<Result<Committed, StoreError>>,
}

/// Commits and groups so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) commits: AtomicU64,
    pub(crate) groups: AtomicU64,
    pub(crate) stopped: AtomicBool,
}

/// All that the writing thread owns.
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) counters: Counters,
    pub(crate) attempts: Attempts,
    pub(crate) cache: Arc<Cache>,
    pub(crate) tally: Arc<Tally>,
    /// Held as long as anybody may write.
    pub(crate) lock: Lock,
}

/// The one row of counters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counters {
    /// The number of the last group.
    pub(crate) sequence: u64,
    /// The number of the last attempt.
    pub(crate) attempts: u64,
    /// The highest revision that a deleted record had.
    pub(crate) floor: Revision,
}

impl Writer {
    /// Writes until nobody can submit any more, or the disk fails.
    pub(crate) fn run(mut self, mut queue: mpsc::Receiver<Submitted>) {
        let mut stopped: Option<StoreError> = None;
        while let Some(first) = queue.blocking_recv() {
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(next) = queue.try_recv()
            {
                group.push(next);
            }
            if stopped.is_none() {
                stopped = self.write(&mut group);
            }
            // Whoever is left in the group has not been answered yet.
            if let Some(error) = &stopped {
                self.tally.stopped.store(true, Ordering::Relaxed);
                answer_all(group, error);
            }
        }
        drop(self.connection);
        drop(self.lock);
    }

    /// Writes one group and answers it; the error if nothing can be written any more.
    fn write(&mut self, group: &mut Vec<Submitted>) -> Option<StoreError> {
        let (pending, outcomes) = match self.apply(group) {
            Ok(applied) => applied,
            Err(error) => {
                self.roll_back();
                answer_all(group.drain(..), &engine_error(&error));
                return None;
            }
        };
        let wrote = pending.wrote;
        if wrote && let Err(error) = self.make_durable(pending) {
            self.roll_back();
            return match engine_error(&error) {
                StoreError::Full => {
                    answer_all(group.drain(..), &StoreError::Full);
                    None
                }
                other => Some(StoreError::Stopped {
                    why: other.to_string(),
                }),
            };
        }
        if !wrote {
            self.roll_back();
        }
        let commits = u64::try_from(group.len()).unwrap_or(u64::MAX);
        self.tally.commits.fetch_add(commits, Ordering::Relaxed);
        for (submitted, outcome) in group.drain(..).zip(outcomes) {
            // Whoever does not listen any more has given up waiting; the commit stands.
            let _ = submitted.answer.send(outcome);
        }
        None
    }

    /// Applies a group to the open transaction. An error concerns the whole group.
    fn apply(&self, group: &mut [Submitted]) -> rusqlite::Result<(Pending, Vec<Outcome>)> {
        self.connection
            .prepare_cached("BEGIN IMMEDIATE")?
            .execute([])?;
        let mut pending = Pending::new(self.counters);
        let mut outcomes = Vec::with_capacity(group.len());
        for submitted in group {
            let written = std::mem::take(&mut submitted.written);
            outcomes.push(self.apply_one(submitted.attempt, written, &mut pending)?);
        }
        Ok((pending, outcomes))
    }

    fn apply_one(
        &self,
        attempt: AttemptId,
        written: Written,
        pending: &mut Pending,
    ) -> rusqlite::Result<Outcome> {
        if self.attempts.holds(attempt) || pending.attempts.contains(&attempt) {
            return Ok(Ok(Committed::Applied));
        }
        let mut revisions = HashMap::with_capacity(written.expects.len());
        for expect in &written.expects {
            if read_revision(&self.connection, &expect.key)? != expect.revision {
                return Ok(Ok(Committed::Conflict));
            }
            revisions.insert(&expect.key, expect.revision);
        }
        self.connection
            .prepare_cached("SAVEPOINT one")?
            .execute([])?;
        let mut floor = pending.counters.floor;
        let mut changed = Vec::with_capacity(written.writes.len());
        for write in written.writes {
            let known = revisions.get(&write.key).copied();
            match self.apply_write(write, known, &mut floor) {
                Ok(change) => changed.push(change),
                // The engine has given up the whole transaction, as it does on a full disk.
                Err(error) if self.connection.is_autocommit() => return Err(error),
                Err(error) => {
                    self.connection
                        .execute_batch("ROLLBACK TO one; RELEASE one")?;
                    return Ok(Err(engine_error(&error)));
                }
            }
        }
        self.connection.prepare_cached("RELEASE one")?.execute([])?;
        pending.take(attempt, floor, changed);
        Ok(Ok(Committed::Applied))
    }

    fn apply_write(
        &self,
        write: Write,
        known: Option<Revision>,
        floor: &mut Revision,
    ) -> rusqlite::Result<(Key, Known)> {
        let Write { key, change } = write;
        let present = match known {
            Some(revision) => revision,
            None => read_revision(&self.connection, &key)?,
        };
        let Change::Put { format, body } = change else {
            delete_row(&self.connection, &key)?;
            *floor = present.max(*floor);
            return Ok((key, None));
        };
        let row = Row {
            revision: if present == Revision::ABSENT {
                floor.next()
            } else {
                present.next()
            },
            key: key.clone(),
            format,
            body,
        };
        write_row(&self.connection, &row)?;
        Ok((key, Some(Arc::new(row))))
    }

    /// Makes the open transaction durable, then visible.
    fn make_durable(&mut self, pending: Pending) -> rusqlite::Result<()> {
        let mut counters = pending.counters;
        counters.sequence += 1;
        for (number, attempt) in (self.counters.attempts + 1..).zip(&pending.attempts) {
            self.connection.prepare_cached(ATTEMPT)?.execute(params![
                slot(number).cast_signed(),
                number.cast_signed(),
                attempt.as_bytes(),
            ])?;
        }
        self.connection.prepare_cached(COUNTERS)?.execute(params![
            counters.sequence.cast_signed(),
            counters.attempts.cast_signed(),
            counters.floor.0.cast_signed(),
        ])?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        for (number, attempt) in (self.counters.attempts + 1..).zip(pending.attempts) {
            self.attempts.remember(number, attempt);
        }
        self.counters = counters;
        self.tally.groups.fetch_add(1, Ordering::Relaxed);
        self.cache.publish(counters.sequence, pending.changed);
        Ok(())
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }
}

type Outcome = Result<Committed, StoreError>;

/// What a group has done that is not durable yet.
struct Pending {
    counters: Counters,
    attempts: Vec<AttemptId>,
    changed: Vec<(Key, Known)>,
    wrote: bool,
}

impl Pending {
    const fn new(counters: Counters) -> Self {
        Self {
            counters,
            attempts: Vec::new(),
            changed: Vec::new(),
            wrote: false,
        }
    }

    fn take(&mut self, attempt: AttemptId, floor: Revision, changed: Vec<(Key, Known)>) {
        self.counters.floor = floor;
        self.counters.attempts += 1;
        self.attempts.push(attempt);
        self.changed.extend(changed);
        self.wrote = true;
    }
}

/// The latest attempts, by slot and by id, as they lie in the file.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    slots: HashMap<u64, AttemptId>,
    known: HashMap<AttemptId, u64>,
}

impl Attempts {
    fn holds(&self, attempt: AttemptId) -> bool {
        self.known.contains_key(&attempt)
    }

    /// Remembers the attempt with this number, which takes the place of a much older one.
    pub(crate) fn remember(&mut self, number: u64, attempt: AttemptId) {
        if let Some(oldest) = self.slots.insert(slot(number), attempt) {
            self.known.remove(&oldest);
        }
        self.known.insert(attempt, number);
    }
}

fn slot(number: u64) -> u64 {
    number % ATTEMPTS as u64
}

fn answer_all(group: impl IntoIterator<Item = Submitted>, error: &StoreError) {
    for submitted in group {
        // Whoever does not listen any more has given up waiting.
        let _ = submitted.answer.send(Err(error.clone()));
    }
}

/// Commits in one group: a sync is well paid for by so many, and none of them waits for long.
const GROUP: usize = 512;

const ATTEMPT: &str = "REPLACE INTO attempt(slot, number, id) VALUES(?1, ?2, ?3)";
const COUNTERS: &str = "UPDATE counter SET sequence = ?1, attempts = ?2, floor = ?3";
