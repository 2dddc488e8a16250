//! The desk at which a decision works: loaded records on it, changes on top of them.
//!
//! `desk.get::<Device>(&key)?` yields the record, or pauses the decision until it has been loaded:
//! the code of a decision reads straight down and never sees a store. Reading what the same
//! decision has changed gives the changed record.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits::READS_PER_DECISION;

use super::key::{Key, Range};
use super::row::{AtHand, Change, Expect, Loaded, Need, Records, Revision, Row, Write, Written};

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
    records: &'a Records<'a>,
    /// What was at hand when it was first asked for, in key order: a decision never sees two
    /// versions of one record.
    taken: Vec<(Key, Option<Arc<Row>>)>,
    read: BTreeMap<Key, Revision>,
    changed: BTreeMap<Key, Change>,
    heads: BTreeMap<Key, Revision>,
}

impl<'a> Desk<'a> {
    /// A desk with what has been loaded so far.
    #[must_use]
    pub fn new(records: &'a Records<'a>) -> Self {
        Self {
            records,
            taken: Vec::new(),
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
        let revision = row.as_ref().map_or(Revision::ABSENT, |row| row.revision);
        self.read.insert(key.clone(), revision);
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
    pub fn all<'k>(&mut self, keys: impl IntoIterator<Item = &'k Key>) -> Result<(), Pause> {
        let missing: Vec<&Key> = keys
            .into_iter()
            .filter(|key| !self.changed.contains_key(*key) && self.known(key).is_none())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        if let Some(rows) = self.at_hand(missing.len()).and_then(|it| it.rows(&missing)) {
            for (key, row) in missing.into_iter().zip(rows) {
                self.take(key, row);
            }
            return Ok(());
        }
        let missing = missing.into_iter().cloned().map(Need::Record);
        Err(self.pause(missing.collect()))
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

    /// As [`Desk::range`], but the records may appear, move and vanish before the decision is
    /// committed. For what is only looked at, and would be long to hold still.
    ///
    /// # Errors
    /// As [`Desk::get`].
    pub fn look<R: Record>(&self, range: &Range) -> Result<Vec<(Key, R)>, Pause> {
        let need = Need::Range(Box::new(range.clone()));
        let Some(Loaded::Range { rows, .. }) = self.records.get(&need) else {
            return Err(self.pause(alloc::vec![need]));
        };
        let rows = rows.iter();
        rows.map(|row| Ok((row.key.clone(), read(&row.key, row.format, &row.body)?)))
            .collect()
    }

    /// Where the records of a range are, whether or not they can be read; they may appear, move and
    /// vanish before the decision is committed. For what its key says all of.
    ///
    /// # Errors
    /// [`Pause::Read`] until the range has been loaded.
    pub fn keys(&self, range: &Range) -> Result<Vec<Key>, Pause> {
        let need = Need::Range(Box::new(range.clone()));
        let Some(Loaded::Range { rows, .. }) = self.records.get(&need) else {
            return Err(self.pause(alloc::vec![need]));
        };
        Ok(rows.iter().map(|row| row.key.clone()).collect())
    }

    /// Asks for all of these ranges at once, so that the reads that follow need no further round.
    ///
    /// # Errors
    /// [`Pause::Read`] with all that is missing.
    pub fn ranges<'k>(&self, ranges: impl IntoIterator<Item = &'k Range>) -> Result<(), Pause> {
        let missing: Vec<Need> = ranges
            .into_iter()
            .map(|range| Need::Range(Box::new(range.clone())))
            .filter(|need| self.records.get(need).is_none())
            .collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(self.pause(missing))
        }
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

    fn row(&mut self, key: &Key) -> Result<Option<Arc<Row>>, Pause> {
        if let Some(row) = self.known(key) {
            return Ok(row);
        }
        match self.at_hand(1).and_then(|it| it.row(key)) {
            Some(row) => {
                self.take(key, row.clone());
                Ok(row)
            }
            None => Err(self.pause(alloc::vec![Need::Record(key.clone())])),
        }
    }

    /// Where `more` rows may be taken from: nowhere once that would be too many, so that the
    /// decision asks for them and is told.
    fn at_hand(&self, more: usize) -> Option<&'a dyn AtHand> {
        let within = self.reads().saturating_add(more) <= READS_PER_DECISION;
        self.records.at_hand().filter(|_| within)
    }

    /// How many records and ranges have been read.
    fn reads(&self) -> usize {
        self.records.len().saturating_add(self.taken.len())
    }

    /// What lies on the desk of this record already.
    fn known(&self, key: &Key) -> Option<Option<Arc<Row>>> {
        if let Ok(place) = self.place(key) {
            return self.taken.get(place).map(|(_, row)| row.clone());
        }
        if self.records.is_empty() {
            return None;
        }
        match self.records.get(&Need::Record(key.clone())) {
            Some(Loaded::Record(row)) => Some(row.clone()),
            _ => None,
        }
    }

    fn take(&mut self, key: &Key, row: Option<Arc<Row>>) {
        if let Err(place) = self.place(key) {
            self.taken.insert(place, (key.clone(), row));
        }
    }

    /// Where among the taken ones this record is, or where it would be.
    fn place(&self, key: &Key) -> Result<usize, usize> {
        self.taken.binary_search_by(|(taken, _)| taken.cmp(key))
    }

    fn pause(&self, missing: Vec<Need>) -> Pause {
        if self.reads().saturating_add(missing.len()) > READS_PER_DECISION {
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
