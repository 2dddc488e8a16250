//! Volatile records: kept in the memory of one node, bounded, never in a store.
//!
//! Counters against guessing are written on behalf of strangers. On a disk they would let a
//! stranger wear it out; here they cost at most the room of so many sources, and the one that has
//! been quiet for longest makes room. Their revisions and expectations are those of a store.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use restante_core::record::{Change, Expect, Key, Loaded, Need, Write};

use crate::rows::Rows;

/// The volatile records of one node.
#[derive(Debug)]
pub(crate) struct Volatile {
    kept: Mutex<Kept>,
    most: usize,
}

#[derive(Debug, Default)]
struct Kept {
    rows: Rows,
    /// When each was written last, as a count of writes, and the other way round.
    written: HashMap<Key, u64>,
    order: BTreeMap<u64, Key>,
    writes: u64,
}

impl Volatile {
    /// Room for `most` records.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            kept: Mutex::default(),
            most,
        }
    }

    /// What is at `need`.
    pub(crate) fn load(&self, need: &Need) -> Loaded {
        self.locked(|kept| kept.rows.load(need))
    }

    /// Whether everything is at the revision that is expected of it.
    pub(crate) fn holds(&self, expects: &[Expect]) -> bool {
        expects.is_empty() || self.locked(|kept| kept.rows.holds(expects))
    }

    /// Applies all writes if every expectation holds, and none of them otherwise.
    pub(crate) fn commit(&self, expects: &[Expect], writes: Vec<Write>) -> bool {
        self.locked(|kept| {
            let holds = kept.rows.holds(expects);
            if holds {
                kept.apply(writes, self.most);
            }
            holds
        })
    }

    fn locked<T>(&self, work: impl FnOnce(&mut Kept) -> T) -> T {
        work(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Kept {
    fn apply(&mut self, writes: Vec<Write>, most: usize) {
        for write in &writes {
            self.note(write);
        }
        self.rows.apply(writes);
        while self.rows.len() > most
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.written.remove(&oldest);
            self.rows.delete(&oldest);
        }
    }

    fn note(&mut self, write: &Write) {
        if let Some(before) = self.written.remove(&write.key) {
            self.order.remove(&before);
        }
        if matches!(write.change, Change::Put { .. }) {
            self.writes += 1;
            self.written.insert(write.key.clone(), self.writes);
            self.order.insert(self.writes, write.key.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use restante_core::record::{Kind, Revision};

    fn key(source: u8) -> Key {
        Key::unowned(Kind::Throttle, &[source])
    }

    fn put(source: u8) -> Vec<Write> {
        let change = Change::Put {
            format: 1,
            body: b"{}".to_vec(),
        };
        let key = key(source);
        vec![Write { key, change }]
    }

    fn present(volatile: &Volatile, source: u8) -> bool {
        volatile.load(&Need::Record(key(source))) != Loaded::Record(None)
    }

    #[test]
    fn the_source_that_was_quiet_for_longest_makes_room() {
        let volatile = Volatile::new(2);
        for source in [1, 2, 1, 3] {
            assert!(volatile.commit(&[], put(source)));
        }
        assert!(present(&volatile, 1));
        assert!(!present(&volatile, 2));
        assert!(present(&volatile, 3));
    }

    #[test]
    fn a_record_that_moved_is_not_overwritten() {
        let volatile = Volatile::new(2);
        let absent = [Expect {
            key: key(1),
            revision: Revision::ABSENT,
        }];
        assert!(volatile.commit(&absent, put(1)));
        assert!(!volatile.commit(&absent, put(1)));
    }
}
