//! The tables, the views for people, and what marks a file as a store.
//!
//! One table holds every record: `(kind, owner, key)` leads to revision, format and body. The body
//! is JSON as text, so that people can query it with any SQLite shell while the center runs. `sum`
//! is a checksum over the whole row: a store that has rotted says so instead of answering wrongly.

/// Marks the file as a Restante store ("RSTN").
pub(crate) const APPLICATION_ID: i32 = 0x5253_544E;

/// The form of the tables. A newer one is not touched.
pub(crate) const FORMAT: i32 = 1;

/// Tables of a new store.
pub(crate) const TABLES: &str = "
CREATE TABLE record(
    kind INTEGER NOT NULL,
    owner BLOB NOT NULL,
    key BLOB NOT NULL,
    revision INTEGER NOT NULL,
    format INTEGER NOT NULL,
    body ANY NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY(kind, owner, key)
) STRICT, WITHOUT ROWID;
-- The latest attempts, by their number modulo how many are kept: written in order, page after page.
CREATE TABLE attempt(
    slot INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    id BLOB NOT NULL
) STRICT;
-- One row: the last group of commits, the last attempt, the highest revision of a deleted record.
CREATE TABLE counter(
    only INTEGER PRIMARY KEY CHECK(only = 1),
    sequence INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    floor INTEGER NOT NULL
) STRICT;
INSERT INTO counter VALUES(1, 0, 0, 0);
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
";
