//! The outbox record: something to tell somebody, kept until it has been told.
//!
//! It is written in the same commit as what it tells of. The driver hands it over afterwards and
//! removes it with [`delivered`]; what a crash has left behind, a tick hands over again. The id
//! makes repeating harmless.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::EffectId;
use crate::time::Timestamp;

use super::desk::Record;
use super::key::{Key, Kind};
use super::row::{Change, Write, Written};

/// One thing to tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outbox<What> {
    /// When it was decided.
    pub at: Timestamp,
    /// What to tell whom.
    pub what: What,
}

impl<What> Outbox<What> {
    /// Where it is. Ids begin with their time, so that the oldest comes first.
    #[must_use]
    pub fn key(id: EffectId) -> Key {
        Key::unowned(Kind::Outbox, id.as_bytes())
    }

    /// Which effect a key of [`Outbox::key`] names.
    #[must_use]
    pub fn id(key: &Key) -> Option<EffectId> {
        key.key.as_slice().try_into().ok().map(EffectId::from_bytes)
    }
}

impl<What: Serialize + serde::de::DeserializeOwned + Clone> Record for Outbox<What> {}

/// What the store has to write once these have been handed over. Writing it twice is harmless.
#[must_use]
pub fn delivered(ids: &[EffectId]) -> Written {
    let gone = |id: &EffectId| Write {
        key: Outbox::<()>::key(*id),
        change: Change::Delete,
    };
    Written {
        expects: Vec::new(),
        writes: ids.iter().map(gone).collect(),
    }
}
