//! Rows in memory in front of the readers: bounded, and never older than what was acknowledged.
//!
//! Only this process writes to the file, so that the writer can keep the cache true: after each
//! durable group it publishes what has changed, and only then are the commits acknowledged. Each
//! group has a number (`sequence`), which lies in the file too. A reader may add what it has read
//! only while the number in its snapshot is the number published last; several rows are taken
//! together only if no group was published meanwhile. So a load is one snapshot, cached or not.
//!
//! What has to make room is found by a hand that goes round: it passes what was used since it came
//! by last, and forgets what was not. So all of the room is used, and a use costs one mark.

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
        let room = bytes / SHARDS;
        let shards = (0..SHARDS).map(|_| Mutex::new(Shard::new(room)));
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
                Need::Record(key) => {
                    let hash = self.hash(key);
                    self.shard(hash).get(hash, key).map(Loaded::Record)
                }
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
        let hash = self.hash(key);
        let mut shard = self.shard(hash);
        // Under the shard's lock: a group that is published later comes to this shard later.
        if self.published.load(Ordering::Acquire) == sequence * 2 {
            shard.put(hash, Entry::new(key, known));
        }
    }

    /// Takes over what the durable group `sequence` has changed, where it was known before.
    pub(crate) fn publish(&self, sequence: u64, changed: impl IntoIterator<Item = (Key, Known)>) {
        self.published.store(sequence * 2 - 1, Ordering::Release);
        for (key, known) in changed {
            let hash = self.hash(&key);
            let mut shard = self.shard(hash);
            if shard.places.contains_key(&hash) {
                shard.put(hash, Entry::new(&key, &known));
            }
        }
        self.published.store(sequence * 2, Ordering::Release);
    }

    /// Loads that were answered from here, and loads that were not.
    pub(crate) fn figures(&self) -> (u64, u64) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (read(&self.hits), read(&self.misses))
    }

    fn hash(&self, key: &Key) -> u64 {
        self.hasher.hash_one(key)
    }

    fn shard(&self, hash: u64) -> MutexGuard<'_, Shard> {
        let index = usize::try_from(hash % SHARDS as u64).unwrap_or(0);
        self.shards[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// One part of the known rows, in slots that a hand goes round. Keys are found by their hash; two
/// keys of one hash take each other's place, which is as rare as it is harmless.
#[derive(Debug)]
struct Shard {
    places: HashMap<u64, usize>,
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    hand: usize,
    bytes: usize,
    /// How many bytes it may have.
    room: usize,
}

#[derive(Debug)]
struct Slot {
    hash: u64,
    entry: Entry,
    /// Whether it was used since the hand came by.
    used: bool,
}

#[derive(Debug)]
enum Entry {
    Row(Arc<Row>),
    Absent(Box<Key>),
}

impl Shard {
    fn new(room: usize) -> Self {
        Self {
            places: HashMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            hand: 0,
            bytes: 0,
            room,
        }
    }

    fn get(&mut self, hash: u64, key: &Key) -> Option<Known> {
        let place = *self.places.get(&hash)?;
        let slot = self.slots.get_mut(place)?.as_mut()?;
        if slot.entry.key() != key {
            return None;
        }
        slot.used = true;
        Some(match &slot.entry {
            Entry::Row(row) => Some(Arc::clone(row)),
            Entry::Absent(_) => None,
        })
    }

    fn put(&mut self, hash: u64, entry: Entry) {
        if let Some(place) = self.places.get(&hash) {
            self.forget(*place);
        }
        let size = entry.bytes();
        if size > self.room {
            return;
        }
        while self.bytes + size > self.room {
            self.make_room();
        }
        let slot = Some(Slot {
            hash,
            entry,
            used: false,
        });
        let place = if let Some(place) = self.free.pop() {
            self.slots[place] = slot;
            place
        } else {
            self.slots.push(slot);
            self.slots.len() - 1
        };
        self.bytes += size;
        self.places.insert(hash, place);
    }

    /// Moves the hand on to something that was not used, and forgets it. Called only while there is
    /// something: the second time round nothing is marked as used any more.
    fn make_room(&mut self) {
        loop {
            let place = self.hand % self.slots.len();
            self.hand = place + 1;
            if let Some(slot) = &mut self.slots[place]
                && !std::mem::take(&mut slot.used)
            {
                return self.forget(place);
            }
        }
    }

    fn forget(&mut self, place: usize) {
        if let Some(slot) = self.slots[place].take() {
            self.bytes -= slot.entry.bytes();
            self.places.remove(&slot.hash);
            self.free.push(place);
        }
    }
}

impl Entry {
    fn new(key: &Key, known: &Known) -> Self {
        match known {
            Some(row) => Self::Row(Arc::clone(row)),
            None => Self::Absent(Box::new(key.clone())),
        }
    }

    fn key(&self) -> &Key {
        match self {
            Self::Row(row) => &row.key,
            Self::Absent(key) => key,
        }
    }

    /// What it costs, allocator and tables included, as near as matters.
    fn bytes(&self) -> usize {
        match self {
            Self::Row(row) => ROW_OVERHEAD + row.key.key.len() + row.body.len(),
            Self::Absent(key) => ABSENT_OVERHEAD + key.key.len(),
        }
    }
}

/// Locks among which keys are divided: so many that two threads rarely want the same one.
const SHARDS: usize = 64;
/// A shared row: its fixed part, three allocations, its slot, its place, both tables' spare room.
const ROW_OVERHEAD: usize = 220;
/// A key of which it is known that there is none: the same with two allocations.
const ABSENT_OVERHEAD: usize = 150;

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
            let slots: Vec<&Slot> = shard.slots.iter().flatten().collect();
            assert_eq!(shard.places.len(), slots.len());
            assert_eq!(shard.free.len(), shard.slots.len() - slots.len());
            let total = slots.iter().map(|slot| slot.entry.bytes()).sum::<usize>();
            assert_eq!(shard.bytes, total);
            total
        };
        let total: usize = cache.shards.iter().map(held).sum();
        assert!(total <= bytes, "{total} bytes are held");
        assert!(total >= bytes * 9 / 10, "only {total} bytes are held");
    }
}
