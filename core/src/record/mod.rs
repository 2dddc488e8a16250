//! What the center remembers: keys, rows, and one file per noun.
//!
//! A record is a row of an ordered key-value store: `(kind, owner, key, revision, format, body)`,
//! the body being JSON. Decisions see them through a [`Desk`]: it yields what has been loaded,
//! pauses for what has not, collects what is to be written, and remembers at which revision each
//! record was read, so that the store can refuse the writes if anything has moved since.

mod desk;
mod key;
mod row;

pub use desk::{Desk, Pause, Record};
pub use key::{Key, Kind, Owner, Range};
pub use row::{Change, Expect, Loaded, Need, Records, Revision, Row, Write, Written};
