//! Rows as the store sees them: what a decision needs, what it was given, what it writes.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::key::{Key, Range};

/// Counts the versions of one record. Absent is 0. A record that comes back after a deletion goes
/// on above the revision that it had, so that no revision of one key ever returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision of a record that is not there.
    pub const ABSENT: Self = Self(0);

    /// The revision after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// One stored version of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it is.
    pub key: Key,
    /// Which version it is.
    pub revision: Revision,
    /// In which form the body is written; every form ever written stays readable.
    pub format: u16,
    /// JSON.
    pub body: Vec<u8>,
}

/// What a decision needs to have loaded before it can go on. Every store knows every kind of need.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// This record, or the knowledge that there is none.
    Record(Key),
    /// These neighbours, and the revision of their range's head where it has one. In a box, because
    /// ranges are rare and every need is as large as the largest.
    Range(Box<Range>),
}

/// What a load found for one [`Need`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// The record, or `None` where there is none.
    Record(Option<Arc<Row>>),
    /// The neighbours in key order, and the revision of the head (absent where there is no head).
    Range {
        /// The rows.
        rows: Vec<Arc<Row>>,
        /// The head's revision.
        head: Revision,
    },
}

/// Rows that can be had at once, without waiting: a cache.
pub trait AtHand: Sync {
    /// The row, or that there is none, if that is known.
    fn row(&self, key: &Key) -> Option<Option<Arc<Row>>>;

    /// All of these in order and as one snapshot shows them, if all of that is known.
    fn rows(&self, keys: &[&Key]) -> Option<Vec<Option<Arc<Row>>>>;
}

/// Everything that has been loaded for one attempt, and what can be had at once besides.
#[derive(Clone, Default)]
pub struct Records<'a> {
    loaded: BTreeMap<Need, Loaded>,
    at_hand: Option<&'a dyn AtHand>,
}

impl fmt::Debug for Records<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Records").field(&self.loaded).finish()
    }
}

impl<'a> Records<'a> {
    /// Nothing loaded yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing loaded yet; what is at hand need not be. A decision that finds all that it needs
    /// there is made in one go, and one that does not asks as if nothing were.
    #[must_use]
    pub fn with(at_hand: Option<&'a dyn AtHand>) -> Self {
        Self {
            loaded: BTreeMap::new(),
            at_hand,
        }
    }

    /// Where rows can be had at once.
    pub(super) fn at_hand(&self) -> Option<&'a dyn AtHand> {
        self.at_hand
    }

    /// Adds what a load found. What was loaded before stays as it was: a decision never sees two
    /// versions of one record.
    pub fn add(&mut self, need: Need, found: Loaded) {
        self.loaded.entry(need).or_insert(found);
    }

    /// What was found for `need`, if it has been loaded.
    #[must_use]
    pub fn get(&self, need: &Need) -> Option<&Loaded> {
        self.loaded.get(need)
    }

    /// Everything that has been loaded, in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&Need, &Loaded)> {
        self.loaded.iter()
    }

    /// How many needs have been loaded.
    #[must_use]
    pub fn len(&self) -> usize {
        self.loaded.len()
    }

    /// Whether nothing has been loaded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.loaded.is_empty()
    }
}

/// One record that a decision changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Where it is.
    pub key: Key,
    /// What becomes of it.
    pub change: Change,
}

/// What becomes of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is stored in this form with this body; its revision rises by one.
    Put {
        /// The form of the body.
        format: u16,
        /// JSON.
        body: Vec<u8>,
    },
    /// It is removed.
    Delete,
}

/// A record that has to be at this revision when the writes are applied, or none of them are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// Where it is.
    pub key: Key,
    /// The revision at which the decision read it; absent is 0.
    pub revision: Revision,
}

/// Everything that a decision wants of the store: applied whole if every expectation holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// What has to be unmoved. Each record once.
    pub expects: Vec<Expect>,
    /// What changes. Each record once. Heads of ranges are among them where a record is inserted or
    /// deleted; nobody expects a head unless a range was read.
    pub writes: Vec<Write>,
}

impl Written {
    /// Whether there is nothing to write; what was expected does not matter then.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }
}
