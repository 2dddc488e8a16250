//! Rows in memory in front of the readers: bounded, and never older than what was acknowledged.
//!
//! Only this process writes to the file, so that the writer can keep the cache true: after each
//! durable group it publishes what has changed, and only then are the commits acknowledged. Each
//! group has a number (`sequence`), which lies in the file too. A reader may add what it has read
//! only while the number in its snapshot is the number published last; several rows are taken
//! together only if no group was published meanwhile. So a load is one snapshot, cached or not.
//!
//! Two generations take the place of a list by age: what is used moves to the young one; when that
//! is full it becomes the old one, and what was old and unused is forgotten.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use restante_core::record::{Key, Loaded, Need, Row};

/// What is known of one key: the row, or that there is none.
pub(crate) type Known = Option<Arc<Row>>;

/// Known rows, divided among locks.
#[derive(Debug)]
pub(crate) struct Cache {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    /// Twice the number of the last published group; odd while one is being published.
    published: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Cache {
    /// A cache that holds about `bytes` at the most; `sequence` is the last group in the file.
    pub(crate) fn new(bytes: usize, sequence: u64) -> Self {
        let half = bytes / SHARDS / 2;
        let shards = (0..SHARDS).map(|_| Mutex::new(Shard::new(half)));
        Self {
            shards: shards.collect(),
            hasher: RandomState::new(),
            published: AtomicU64::new(sequence * 2),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// All that is needed, if all of it is known. Ranges never are.
    pub(crate) fn load(&self, needs: &[Need]) -> Option<Vec<Loaded>> {
        let before = self.published.load(Ordering::Acquire);
        let found: Option<Vec<Loaded>> = needs
            .iter()
            .map(|need| match need {
                Need::Record(key) => self.shard(key).get(key).map(Loaded::Record),
                Need::Range(_) => None,
            })
            .collect();
        let after = self.published.load(Ordering::Acquire);
        // One row alone is always a snapshot.
        let one_snapshot = needs.len() == 1 || (before == after && before.is_multiple_of(2));
        let found = found.filter(|_| one_snapshot);
        let counter = if found.is_some() {
            &self.hits
        } else {
            &self.misses
        };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// Adds what a reader has found in the snapshot after group `sequence`, unless a group has been
    /// published since or the snapshot is ahead of what is published.
    pub(crate) fn fill(&self, sequence: u64, key: &Key, known: &Known) {
        let mut shard = self.shard(key);
        // Under the shard's lock: a group that is published later comes to this shard later.
        if self.published.load(Ordering::Acquire) == sequence * 2 {
            shard.put(key.clone(), known.clone());
        }
    }

    /// Takes over what the durable group `sequence` has changed, where it was known before.
    pub(crate) fn publish(&self, sequence: u64, changed: impl IntoIterator<Item = (Key, Known)>) {
        self.published.store(sequence * 2 - 1, Ordering::Release);
        for (key, known) in changed {
            let mut shard = self.shard(&key);
            if shard.knows(&key) {
                shard.put(key, known);
            }
        }
        self.published.store(sequence * 2, Ordering::Release);
    }

    /// Loads that were answered from here, and loads that were not.
    pub(crate) fn figures(&self) -> (u64, u64) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (read(&self.hits), read(&self.misses))
    }

    fn shard(&self, key: &Key) -> MutexGuard<'_, Shard> {
        let hash = self.hasher.hash_one(key);
        let index = usize::try_from(hash % SHARDS as u64).unwrap_or(0);
        self.shards[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Shard {
    young: HashMap<Key, Known>,
    old: HashMap<Key, Known>,
    young_bytes: usize,
    /// How many bytes one generation may have.
    half: usize,
}

impl Shard {
    fn new(half: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            young_bytes: 0,
            half,
        }
    }

    fn get(&mut self, key: &Key) -> Option<Known> {
        if let Some(known) = self.young.get(key) {
            return Some(known.clone());
        }
        let (key, known) = self.old.remove_entry(key)?;
        self.put(key, known.clone());
        Some(known)
    }

    fn knows(&self, key: &Key) -> bool {
        self.young.contains_key(key) || self.old.contains_key(key)
    }

    fn put(&mut self, key: Key, known: Known) {
        let size = bytes_of(&key, &known);
        self.old.remove(&key);
        if size > self.half {
            self.forget_young(&key);
            return;
        }
        if self.young_bytes + size > self.half {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
            self.old.remove(&key);
        }
        self.forget_young(&key);
        self.young_bytes += size;
        self.young.insert(key, known);
    }

    fn forget_young(&mut self, key: &Key) {
        if let Some((key, known)) = self.young.remove_entry(key) {
            self.young_bytes -= bytes_of(&key, &known);
        }
    }
}

/// What an entry costs, allocator and table included, as near as matters.
fn bytes_of(key: &Key, known: &Known) -> usize {
    let key_bytes = key.key.len() + KEY_OVERHEAD;
    let row = known.as_ref();
    key_bytes + row.map_or(0, |row| row.key.key.len() + row.body.len() + ROW_OVERHEAD)
}

/// Locks among which keys are divided: so many that two threads rarely want the same one.
const SHARDS: usize = 64;
/// A key in a table: its fixed part, its place in the table, its allocation.
const KEY_OVERHEAD: usize = 104;
/// A shared row: its fixed part and its three allocations.
const ROW_OVERHEAD: usize = 136;

#[cfg(test)]
mod tests {
    use super::*;
    use restante_core::record::{Kind, Revision};

    fn key(number: u32) -> Key {
        Key::unowned(Kind::Token, &number.to_be_bytes())
    }

    fn row(number: u32, revision: u64) -> Known {
        Some(Arc::new(Row {
            key: key(number),
            revision: Revision(revision),
            format: 1,
            body: vec![b'x'; 100],
        }))
    }

    fn revision(cache: &Cache, number: u32) -> Option<u64> {
        match cache.load(&[Need::Record(key(number))])?.pop()? {
            Loaded::Record(Some(row)) => Some(row.revision.0),
            Loaded::Record(None) => Some(0),
            Loaded::Range { .. } => None,
        }
    }

    #[test]
    fn what_a_reader_found_before_a_group_was_published_is_not_added() {
        let cache = Cache::new(1 << 20, 0);
        cache.publish(1, []);
        cache.fill(0, &key(1), &row(1, 1));
        assert_eq!(revision(&cache, 1), None);
        cache.fill(1, &key(1), &row(1, 2));
        assert_eq!(revision(&cache, 1), Some(2));
    }

    #[test]
    fn what_a_reader_found_ahead_of_what_is_published_is_not_added() {
        let cache = Cache::new(1 << 20, 0);
        cache.fill(1, &key(1), &row(1, 1));
        assert_eq!(revision(&cache, 1), None);
    }

    #[test]
    fn what_is_published_replaces_what_is_known_and_nothing_else() {
        let cache = Cache::new(1 << 20, 0);
        cache.fill(0, &key(1), &row(1, 1));
        cache.fill(0, &key(2), &None);
        cache.publish(
            1,
            [(key(1), None), (key(2), row(2, 1)), (key(3), row(3, 1))],
        );
        assert_eq!(revision(&cache, 1), Some(0));
        assert_eq!(revision(&cache, 2), Some(1));
        assert_eq!(revision(&cache, 3), None);
    }

    #[test]
    fn what_is_used_stays_and_the_whole_stays_within_its_bound() {
        let bytes = 1 << 20;
        let cache = Cache::new(bytes, 0);
        for number in 0..100_000 {
            cache.fill(0, &key(number), &row(number, 1));
            assert_eq!(revision(&cache, 0), Some(1), "after {number} others");
        }
        let held = |shard: &Mutex<Shard>| {
            let shard = shard.lock().expect("no panic");
            let entries = shard.young.iter().chain(&shard.old);
            entries
                .map(|(key, known)| bytes_of(key, known))
                .sum::<usize>()
        };
        let total: usize = cache.shards.iter().map(held).sum();
        assert!(total <= bytes, "{total} bytes are held");
        assert!(total >= bytes / 3, "only {total} bytes are held");
    }
}
