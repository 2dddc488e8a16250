//! The desk at which a decision works: loaded records on it, changes on top of them.
//!
//! `desk.get::<Device>(&key)?` yields the record, or pauses the decision until it has been loaded:
//! the code of a decision reads straight down and never sees a store. Reading what the same
//! decision has changed gives the changed record.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits::READS_PER_DECISION;

use super::key::{Key, Range};
use super::row::{Change, Expect, Loaded, Need, Records, Revision, Row, Write, Written};

/// A record that can lie in the store.
pub trait Record: Serialize + DeserializeOwned + Clone {
    /// The form that is written now. A changed form gets the next number and keeps reading the old.
    const FORMAT: u16 = 1;

    /// Reads a stored body.
    ///
    /// # Errors
    /// A sentence that says why the body is no such record.
    fn read(format: u16, body: &[u8]) -> Result<Self, String> {
        if format != Self::FORMAT {
            return Err(alloc::format!("form {format} is not known"));
        }
        serde_json::from_slice(body).map_err(|error| error.to_string())
    }
}

/// Why a decision cannot go on yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Pause {
    /// Load these and ask again.
    #[error("{} records have to be loaded", .0.len())]
    Read(Vec<Need>),
    /// A stored record cannot be read. Nothing helps but a person.
    #[error("the stored record {key:?} cannot be read: {why}")]
    Damaged {
        /// Where it is.
        key: Key,
        /// What is wrong with it.
        why: String,
    },
    /// A decision has asked for more records than one may read: a defect in the decision.
    #[error("a decision asked for more than {READS_PER_DECISION} records")]
    TooMuch,
}

/// A record of a range and where it is; [`Pause::Damaged`] if it cannot be read.
pub type Found<R> = (Key, Result<R, Pause>);

/// Records and changes of one decision.
#[derive(Debug)]
pub struct Desk<'a> {
    records: &'a Records,
    read: BTreeMap<Key, Revision>,
    changed: BTreeMap<Key, Change>,
    heads: BTreeMap<Key, Revision>,
}

impl<'a> Desk<'a> {
    /// A desk with what has been loaded so far.
    #[must_use]
    pub fn new(records: &'a Records) -> Self {
        Self {
            records,
            read: BTreeMap::new(),
            changed: BTreeMap::new(),
            heads: BTreeMap::new(),
        }
    }

    /// The record at `key`, which has to be unmoved when the decision is committed.
    ///
    /// # Errors
    /// [`Pause::Read`] until it has been loaded, [`Pause::Damaged`] if it cannot be read.
    pub fn get<R: Record>(&mut self, key: &Key) -> Result<Option<R>, Pause> {
        if let Some(change) = self.changed.get(key) {
            return match change {
                Change::Delete => Ok(None),
                Change::Put { format, body } => read(key, *format, body).map(Some),
            };
        }
        let row = self.row(key)?;
        self.read.insert(
            key.clone(),
            row.map_or(Revision::ABSENT, |row| row.revision),
        );
        row.map(|row| read(key, row.format, &row.body)).transpose()
    }

    /// The record at `key`, which may move before the decision is committed. For what changes often
    /// and is only looked at, such as the clock.
    ///
    /// # Errors
    /// As [`Desk::get`].
    pub fn peek<R: Record>(&mut self, key: &Key) -> Result<Option<R>, Pause> {
        if self.changed.contains_key(key) {
            return self.get(key);
        }
        self.row(key)?
            .map(|row| read(key, row.format, &row.body))
            .transpose()
    }

    /// Asks for all of these at once, so that the loads that follow need no further round.
    ///
    /// # Errors
    /// [`Pause::Read`] with all that is missing.
    pub fn all<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) -> Result<(), Pause> {
        let unchanged = keys
            .into_iter()
            .filter(|key| !self.changed.contains_key(key));
        self.loaded(unchanged.map(|key| Need::Record(key.clone())))
    }

    /// Neighbouring records in key order, none of which may appear, move or vanish before the
    /// decision is committed. Changes of this decision are not among them.
    ///
    /// # Errors
    /// As [`Desk::get`].
    pub fn range<R: Record>(&mut self, range: &Range) -> Result<Vec<(Key, R)>, Pause> {
        let rows = self.each(range)?.into_iter();
        rows.map(|(key, record)| Ok((key, record?))).collect()
    }

    /// As [`Desk::range`], but a record that cannot be read does not keep the others back: it is
    /// among them as [`Pause::Damaged`].
    ///
    /// # Errors
    /// [`Pause::Read`] until the range has been loaded.
    pub fn each<R: Record>(&mut self, range: &Range) -> Result<Vec<Found<R>>, Pause> {
        let need = Need::Range(Box::new(range.clone()));
        let Some(Loaded::Range { rows, head }) = self.records.get(&need) else {
            return Err(self.pause(alloc::vec![need]));
        };
        let first = Key::owned(range.kind, range.owner, &[]);
        if let Some(key) = first.head() {
            self.heads.insert(key, *head);
        }
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            self.read.insert(row.key.clone(), row.revision);
            found.push((row.key.clone(), read(&row.key, row.format, &row.body)));
        }
        Ok(found)
    }

    /// Asks for all of these ranges at once, so that the reads that follow need no further round.
    ///
    /// # Errors
    /// [`Pause::Read`] with all that is missing.
    pub fn ranges<'k>(&self, ranges: impl IntoIterator<Item = &'k Range>) -> Result<(), Pause> {
        let ranges = ranges.into_iter();
        self.loaded(ranges.map(|range| Need::Range(Box::new(range.clone()))))
    }

    /// Stores `record` at `key`.
    pub fn put<R: Record>(&mut self, key: Key, record: &R) {
        let body = serde_json::to_vec(record).unwrap_or_default();
        self.changed.insert(
            key,
            Change::Put {
                format: R::FORMAT,
                body,
            },
        );
    }

    /// Removes the record at `key`.
    pub fn delete(&mut self, key: Key) {
        self.changed.insert(key, Change::Delete);
    }

    /// How many records are changed so far.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.changed.len()
    }

    /// What the decision wants of the store. Insertions and deletions move the heads of their
    /// ranges.
    #[must_use]
    pub fn into_written(self) -> Written {
        let mut expects: BTreeMap<Key, Revision> = self.read;
        expects.extend(self.heads);
        let mut changed = self.changed;
        let moved: Vec<Key> = changed
            .iter()
            .filter(|(key, change)| {
                let existed = expects.get(key).is_none_or(|at| *at != Revision::ABSENT);
                existed == matches!(change, Change::Delete)
            })
            .filter_map(|(key, _)| key.head())
            .collect();
        for head in moved {
            changed.insert(
                head,
                Change::Put {
                    format: 1,
                    body: b"{}".to_vec(),
                },
            );
        }
        Written {
            expects: expects
                .into_iter()
                .map(|(key, revision)| Expect { key, revision })
                .collect(),
            writes: changed
                .into_iter()
                .map(|(key, change)| Write { key, change })
                .collect(),
        }
    }

    /// Keeps only the changes to records whose key `keep` allows: what a refusal may leave behind.
    pub fn retain_changes(&mut self, keep: impl Fn(&Key) -> bool) {
        self.changed.retain(|key, _| keep(key));
    }

    fn row(&self, key: &Key) -> Result<Option<&'a Row>, Pause> {
        let need = Need::Record(key.clone());
        match self.records.get(&need) {
            Some(Loaded::Record(row)) => Ok(row.as_deref()),
            _ => Err(self.pause(alloc::vec![need])),
        }
    }

    /// Asks for what of this has not been loaded.
    fn loaded(&self, needs: impl Iterator<Item = Need>) -> Result<(), Pause> {
        let missing: Vec<Need> = needs
            .filter(|need| self.records.get(need).is_none())
            .collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(self.pause(missing))
        }
    }

    fn pause(&self, missing: Vec<Need>) -> Pause {
        if self.records.len().saturating_add(missing.len()) > READS_PER_DECISION {
            Pause::TooMuch
        } else {
            Pause::Read(missing)
        }
    }
}

fn read<R: Record>(key: &Key, format: u16, body: &[u8]) -> Result<R, Pause> {
    R::read(format, body).map_err(|why| Pause::Damaged {
        key: key.clone(),
        why,
    })
}
