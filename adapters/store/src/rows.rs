//! An ordered table of rows in memory, with the rules that every store follows.
//!
//! Revisions: absent is 0; a write raises the revision by one; a record that comes back after a
//! deletion goes on above the highest revision that any deleted record had (`floor`). The memory
//! store and the driver's volatile records are both such a table.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use restante_core::record::{Change, Expect, Key, Loaded, Need, Range, Revision, Row, Write};

/// Rows in key order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    rows: BTreeMap<Key, Arc<Row>>,
    floor: Revision,
}

impl Rows {
    /// What is at `need`.
    pub(crate) fn load(&self, need: &Need) -> Loaded {
        match need {
            Need::Range(range) => Loaded::Range {
                rows: self.range(range),
                head: Key::owned(range.kind, range.owner, &[])
                    .head()
                    .map_or(Revision::ABSENT, |head| self.revision(&head)),
            },
            Need::Record(key) => Loaded::Record(self.rows.get(key).cloned()),
        }
    }

    /// Whether everything is at the revision that is expected of it.
    pub(crate) fn holds(&self, expects: &[Expect]) -> bool {
        expects
            .iter()
            .all(|expect| self.revision(&expect.key) == expect.revision)
    }

    /// Applies writes, in order.
    pub(crate) fn apply(&mut self, writes: Vec<Write>) {
        for Write { key, change } in writes {
            match change {
                Change::Put { format, body } => self.put(key, format, body),
                Change::Delete => self.delete(&key),
            }
        }
    }

    /// Removes the record at `key`.
    pub(crate) fn delete(&mut self, key: &Key) {
        if let Some(row) = self.rows.remove(key) {
            self.floor = self.floor.max(row.revision);
        }
    }

    /// The highest revision that a deleted record had.
    pub(crate) const fn floor(&self) -> Revision {
        self.floor
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// All rows in key order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Row>> {
        self.rows.values()
    }

    /// Rows as they were written down elsewhere, revisions included.
    pub(crate) fn restored(rows: impl IntoIterator<Item = Row>, floor: Revision) -> Self {
        Self {
            rows: rows
                .into_iter()
                .map(|row| (row.key.clone(), Arc::new(row)))
                .collect(),
            floor,
        }
    }

    fn revision(&self, key: &Key) -> Revision {
        self.rows
            .get(key)
            .map_or(Revision::ABSENT, |row| row.revision)
    }

    fn put(&mut self, key: Key, format: u16, body: Vec<u8>) {
        let revision = match self.revision(&key) {
            Revision::ABSENT => self.floor.next(),
            present => present.next(),
        };
        let row = Row {
            key: key.clone(),
            revision,
            format,
            body,
        };
        self.rows.insert(key, Arc::new(row));
    }

    fn range(&self, range: &Range) -> Vec<Arc<Row>> {
        let at = |key: &[u8]| Key::owned(range.kind, range.owner, key);
        let bounded = !range.through.is_empty();
        if bounded && range.through <= range.after {
            return Vec::new();
        }
        let end = if bounded {
            Bound::Included(at(&range.through))
        } else {
            Bound::Unbounded
        };
        // An empty `after` excludes nothing but the empty key, which no kind that has ranges uses.
        self.rows
            .range((Bound::Excluded(at(&range.after)), end))
            .map(|(_, row)| row)
            .take_while(|row| row.key.kind == range.kind && row.key.owner == range.owner)
            .take(usize::try_from(range.limit).unwrap_or(usize::MAX))
            .cloned()
            .collect()
    }
}
