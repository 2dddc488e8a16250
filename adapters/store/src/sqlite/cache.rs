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
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use restante_core::record::{AtHand, Key, Loaded, Need, Row};

/// What is known of one key: the row, or that there is none.
pub(crate) type Known = Option<Arc<Row>>;

/// Known rows, divided among locks.
#[derive(Debug)]
pub(crate) struct Cache {
    shards: Box<[Mutex<Shard>]>,
    hashers: [RandomState; 2],
    /// Twice the number of the last published group; odd while one is being published.
    published: AtomicU64,
    misses: AtomicU64,
}

impl Cache {
    /// A cache that holds about `bytes` at the most; `sequence` is the last group in the file.
    pub(crate) fn new(bytes: usize, sequence: u64) -> Self {
        let room = bytes / SHARDS;
        let shards = (0..SHARDS).map(|_| Mutex::new(Shard::new(room)));
        Self {
            shards: shards.collect(),
            hashers: [RandomState::new(), RandomState::new()],
            published: AtomicU64::new(sequence * 2),
            misses: AtomicU64::new(0),
        }
    }

    /// All that is needed, if all of it is known. Ranges never are.
    pub(crate) fn load(&self, needs: &[Need]) -> Option<Vec<Loaded>> {
        let keys = needs.iter().map(|need| match need {
            Need::Record(key) => Some(key),
            Need::Range(_) => None,
        });
        let keys: Option<Vec<&Key>> = keys.collect();
        let found = keys.and_then(|keys| self.rows(&keys));
        let missed = found.is_none();
        self.misses.fetch_add(u64::from(missed), Ordering::Relaxed);
        Some(found?.into_iter().map(Loaded::Record).collect())
    }

    fn known(&self, key: &Key) -> Option<Known> {
        let name = self.name(key);
        self.shard(name).get(name)
    }

    /// Adds what a reader has found in the snapshot after group `sequence`, unless a group has been
    /// published since or the snapshot is ahead of what is published.
    pub(crate) fn fill(&self, sequence: u64, key: &Key, known: &Known) {
        let name = self.name(key);
        let mut shard = self.shard(name);
        // Under the shard's lock: a group that is published later comes to this shard later.
        if self.published.load(Ordering::Acquire) == sequence * 2 {
            shard.put(name, known.clone());
        }
    }

    /// Takes over what the durable group `sequence` has changed, where it was known before.
    pub(crate) fn publish(&self, sequence: u64, changed: impl IntoIterator<Item = (Key, Known)>) {
        self.published.store(sequence * 2 - 1, Ordering::Release);
        for (key, known) in changed {
            let name = self.name(&key);
            let mut shard = self.shard(name);
            if shard.entries.contains_key(&name) {
                shard.put(name, known);
            }
        }
        self.published.store(sequence * 2, Ordering::Release);
    }

    /// Rows that were known here, and loads that went on to the file.
    pub(crate) fn figures(&self) -> (u64, u64) {
        let hits = |shard: &Mutex<Shard>| shard.lock().unwrap_or_else(PoisonError::into_inner).hits;
        let misses = self.misses.load(Ordering::Relaxed);
        (self.shards.iter().map(hits).sum(), misses)
    }

    fn name(&self, key: &Key) -> Name {
        Name(self.hashers.each_ref().map(|hasher| {
            let mut hasher = hasher.build_hasher();
            // Kind and owner have fixed lengths, so that no two keys are written alike.
            hasher.write_u8(key.kind.number());
            hasher.write(&key.owner.0);
            hasher.write(&key.key);
            hasher.finish()
        }))
    }

    fn shard(&self, name: Name) -> MutexGuard<'_, Shard> {
        let index = usize::try_from(name.0[1] % SHARDS as u64).unwrap_or(0);
        self.shards[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl AtHand for Cache {
    fn row(&self, key: &Key) -> Option<Known> {
        self.known(key)
    }

    fn rows(&self, keys: &[&Key]) -> Option<Vec<Known>> {
        let before = self.published.load(Ordering::Acquire);
        let all: Option<Vec<Known>> = keys.iter().map(|key| self.known(key)).collect();
        let after = self.published.load(Ordering::Acquire);
        // One row alone is always a snapshot.
        let one_snapshot = keys.len() == 1 || (before == after && before.is_multiple_of(2));
        all.filter(|_| one_snapshot)
    }
}

/// What a key is called here: 128 bits of SipHash under keys that only this process knows. Two keys
/// of one name would be taken for one; among a thousand million keys the odds of that are one in
/// 10²⁰, and nobody outside can look for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Name([u64; 2]);

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0[0]);
    }
}

/// A name is a hash already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, name: u64) {
        self.0 = name;
    }
}

/// One part of the known rows, and the ring that a hand goes round. Keys are found by their names
/// alone, so that what is known to be absent takes hardly any room and finding it touches little.
#[derive(Debug)]
struct Shard {
    entries: HashMap<Name, Entry, BuildHasherDefault<AsItIs>>,
    ring: Vec<Option<Name>>,
    /// Places of the ring in which nothing is.
    free: Vec<usize>,
    hand: usize,
    bytes: usize,
    /// How many bytes it may have.
    room: usize,
    /// How often something was found.
    hits: u64,
}

#[derive(Debug)]
struct Entry {
    known: Known,
    /// Where it is in the ring.
    place: usize,
    /// Whether it was used since the hand came by.
    used: bool,
}

impl Shard {
    fn new(room: usize) -> Self {
        Self {
            entries: HashMap::default(),
            ring: Vec::new(),
            free: Vec::new(),
            hand: 0,
            bytes: 0,
            room,
            hits: 0,
        }
    }

    fn get(&mut self, name: Name) -> Option<Known> {
        let entry = self.entries.get_mut(&name)?;
        entry.used = true;
        self.hits += 1;
        Some(entry.known.clone())
    }

    fn put(&mut self, name: Name, known: Known) {
        self.forget(name);
        let size = bytes(&known);
        if size > self.room {
            return;
        }
        while self.bytes + size > self.room {
            self.make_room();
        }
        let place = if let Some(place) = self.free.pop() {
            self.ring[place] = Some(name);
            place
        } else {
            self.ring.push(Some(name));
            self.ring.len() - 1
        };
        self.bytes += size;
        let used = false;
        let entry = Entry { known, place, used };
        self.entries.insert(name, entry);
    }

    /// Moves the hand on to something that was not used, and forgets it. Called only while there is
    /// something: the second time round nothing is marked as used any more.
    fn make_room(&mut self) {
        loop {
            let place = self.hand % self.ring.len();
            self.hand = place + 1;
            if let Some(name) = self.ring[place]
                && let Some(entry) = self.entries.get_mut(&name)
                && !std::mem::take(&mut entry.used)
            {
                return self.forget(name);
            }
        }
    }

    fn forget(&mut self, name: Name) {
        if let Some(entry) = self.entries.remove(&name) {
            self.bytes -= bytes(&entry.known);
            self.ring[entry.place] = None;
            self.free.push(entry.place);
        }
    }
}

/// What it costs, allocator and tables included, as near as matters.
fn bytes(known: &Known) -> usize {
    match known {
        Some(row) => ROW_OVERHEAD + row.key.key.len() + row.body.len(),
        None => ABSENT_OVERHEAD,
    }
}

/// Locks among which keys are divided: so many that two threads rarely want the same one.
const SHARDS: usize = 64;
/// A shared row: its fixed part, three allocations, its entry, its place, both tables' spare room.
const ROW_OVERHEAD: usize = 220;
/// A key of which it is known that there is none: its entry, its place, both tables' spare room.
const ABSENT_OVERHEAD: usize = 100;

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
        let room = 1 << 20;
        let cache = Cache::new(room, 0);
        for number in 0..100_000 {
            cache.fill(0, &key(number), &row(number, 1));
            assert_eq!(revision(&cache, 0), Some(1), "after {number} others");
        }
        let held = |shard: &Mutex<Shard>| {
            let shard = shard.lock().expect("no panic");
            let held = shard.ring.iter().flatten().count();
            assert_eq!(shard.entries.len(), held);
            assert_eq!(shard.free.len(), shard.ring.len() - held);
            let entries = shard.entries.values();
            let total = entries.map(|entry| bytes(&entry.known)).sum::<usize>();
            assert_eq!(shard.bytes, total);
            total
        };
        let total: usize = cache.shards.iter().map(held).sum();
        assert!(total <= room, "{total} bytes are held");
        assert!(total >= room * 9 / 10, "only {total} bytes are held");
    }
}
