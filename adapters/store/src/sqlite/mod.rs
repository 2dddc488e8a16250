//! A store in one SQLite file: the embedded default.
//!
//! Readers see snapshots in parallel, one writer takes all waiting commits at once and syncs once
//! for them, a bounded cache answers what is asked again and again. Other programs may read the
//! file while the center runs (views ship with it); only one process writes, which a lock file sees
//! to.

mod cache;
mod carry;
mod columns;
mod open;
mod reader;
mod schema;
mod views;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::spawn_blocking;

use restante_core::id::AttemptId;
use restante_core::record::{AtHand, Loaded, Need, Written};

use crate::port::{Committed, Store, StoreError};

use cache::Cache;
use reader::Readers;
use writer::{Submitted, Tally, Writer};

pub use carry::{export, import, read};
pub use open::OpenError;

/// What an operator can choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many bytes of rows are kept in memory at the most.
    pub cache_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            // What 100,000 registrations are found by, and well below 256 bytes for each of a
            // million devices.
            cache_bytes: 128 << 20,
        }
    }
}

/// A store in one SQLite file. When it is dropped, what was submitted is written first.
#[derive(Debug)]
pub struct SqliteStore {
    shared: Arc<Shared>,
    path: PathBuf,
    queue: Option<mpsc::Sender<Submitted>>,
    writer: Option<JoinHandle<()>>,
    tally: Arc<Tally>,
    scans: Semaphore,
}

#[derive(Debug)]
struct Shared {
    cache: Arc<Cache>,
    readers: Readers,
}

/// What the store has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Commits that were answered.
    pub commits: u64,
    /// Transactions that were synced; each holds one commit or many.
    pub groups: u64,
    /// Rows that the cache knew.
    pub hits: u64,
    /// Loads that went to the file.
    pub misses: u64,
}

impl SqliteStore {
    /// Opens the store of `center` at `path`, or makes it. The id of a center is made from its
    /// keys, so that a store is never used with the wrong ones.
    ///
    /// # Errors
    /// [`OpenError`] if the file is in use, damaged, newer, another center's or no store at all;
    /// nothing in it was changed.
    pub fn open(path: &Path, center: &str, options: Options) -> Result<Self, OpenError> {
        let opened = open::open(path, center)?;
        let sequence = opened.counters.sequence;
        let cache = Arc::new(Cache::new(options.cache_bytes, sequence));
        let tally = Arc::new(Tally::default());
        let writer = Writer {
            connection: opened.connection,
            counters: opened.counters,
            attempts: opened.attempts,
            cache: Arc::clone(&cache),
            tally: Arc::clone(&tally),
            lock: opened.lock,
        };
        let (queue, submitted) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("restante-writer".to_owned())
            .spawn(move || writer.run(submitted))
            .map_err(|error| OpenError::Io {
                path: path.to_owned(),
                why: error.to_string(),
            })?;
        Ok(Self {
            shared: Arc::new(Shared {
                cache,
                readers: Readers::new(path.to_owned()),
            }),
            path: path.to_owned(),
            queue: Some(queue),
            writer: Some(thread),
            tally,
            scans: Semaphore::new(SCANS),
        })
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the store has done since it was opened, for metrics.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let (hits, misses) = self.shared.cache.figures();
        Figures {
            commits: self.tally.commits.load(Ordering::Relaxed),
            groups: self.tally.groups.load(Ordering::Relaxed),
            hits,
            misses,
        }
    }

    /// Whether the writer has stopped because the disk failed; the center is not ready then.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.tally.stopped.load(Ordering::Relaxed)
    }
}

impl Store for SqliteStore {
    async fn load(&self, needs: &[Need]) -> Result<Vec<Loaded>, StoreError> {
        if let Some(found) = self.shared.cache.load(needs) {
            return Ok(found);
        }
        if needs.iter().map(rows_of).sum::<usize>() <= AT_ONCE {
            // A few rows take less time than to hand them to another thread would.
            return self.shared.readers.load(needs, &self.shared.cache);
        }
        let permit = self.scans.acquire().await.map_err(|_| gone())?;
        let shared = Arc::clone(&self.shared);
        let needs = needs.to_vec();
        let loaded = spawn_blocking(move || shared.readers.load(&needs, &shared.cache)).await;
        drop(permit);
        loaded.unwrap_or_else(|error| {
            Err(StoreError::Failed {
                why: error.to_string(),
            })
        })
    }

    fn at_hand(&self) -> Option<&dyn AtHand> {
        Some(&*self.shared.cache)
    }

    async fn commit(&self, attempt: AttemptId, written: Written) -> Result<Committed, StoreError> {
        let (answer, answered) = oneshot::channel();
        let submitted = Submitted {
            attempt,
            written,
            answer,
        };
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(submitted).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // The last connection to close moves the log into the file, and a reader cannot.
        self.shared.readers.close();
        drop(self.queue.take());
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the store's writer has panicked");
        }
    }
}

/// How many rows a need may bring.
fn rows_of(need: &Need) -> usize {
    match need {
        Need::Record(_) => 1,
        Need::Range(range) => usize::try_from(range.limit).unwrap_or(usize::MAX),
    }
}

fn gone() -> StoreError {
    StoreError::Stopped {
        why: "the writer has ended".to_owned(),
    }
}

/// Commits that may wait for the writer; further ones wait to be taken in.
const QUEUE: usize = 4_096;
/// Rows that are read on the thread that asks for them.
const AT_ONCE: usize = 32;
/// Larger loads at one time.
const SCANS: usize = 4;
