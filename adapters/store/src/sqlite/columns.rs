//! A row as columns, and back; the statements that read and write it.

use std::sync::Arc;

use ring::digest::{Context, SHA256};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row as Columns, ToSql, params};

use restante_core::record::{Key, Kind, Owner, Revision, Row};

use crate::port::StoreError;

/// Why a row could not be read: the engine's error, or what is wrong with the row.
pub(crate) enum ReadError {
    /// The engine's.
    Engine(rusqlite::Error),
    /// The row's.
    Row(String),
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<ReadError> for StoreError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Engine(error) => engine_error(&error),
            ReadError::Row(what) => Self::Damaged { what },
        }
    }
}

/// What the engine's error means to a caller.
pub(crate) fn engine_error(error: &rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase};
    let why = error.to_string();
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => StoreError::Damaged { what: why },
        Some(DiskFull) => StoreError::Full,
        _ => StoreError::Failed { why },
    }
}

/// The record at `key`, if there is one.
pub(crate) fn read_row(connection: &Connection, key: &Key) -> Result<Option<Arc<Row>>, ReadError> {
    let mut statement = connection.prepare_cached(ONE)?;
    let mut rows = statement.query(params![key.kind.number(), key.owner.0, key.key])?;
    match rows.next()? {
        Some(columns) => row_at(key.clone(), columns, 0).map(|row| Some(Arc::new(row))),
        None => Ok(None),
    }
}

/// The revision at `key`; absent is 0.
pub(crate) fn read_revision(connection: &Connection, key: &Key) -> rusqlite::Result<Revision> {
    let found: Option<i64> = connection
        .prepare_cached(REVISION)?
        .query_row(params![key.kind.number(), key.owner.0, key.key], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(Revision(found.map_or(0, i64::cast_unsigned)))
}

/// Stores `row`, whatever was there.
pub(crate) fn write_row(connection: &Connection, row: &Row) -> rusqlite::Result<()> {
    write_with(&mut connection.prepare_cached(PUT)?, row)
}

/// Stores `row` with a statement for [`PUT`].
pub(crate) fn write_with(statement: &mut CachedStatement<'_>, row: &Row) -> rusqlite::Result<()> {
    statement.execute(params![
        row.key.kind.number(),
        row.key.owner.0,
        row.key.key,
        row.revision.0.cast_signed(),
        row.format,
        Body(&row.body),
        sum(row),
    ])?;
    Ok(())
}

/// Removes the record at `key`.
pub(crate) fn delete_row(connection: &Connection, key: &Key) -> rusqlite::Result<()> {
    connection
        .prepare_cached(DELETE)?
        .execute(params![key.kind.number(), key.owner.0, key.key])?;
    Ok(())
}

/// Reads every row in key order, until `take` fails.
pub(crate) fn each_row<E: From<ReadError>>(
    connection: &Connection,
    mut take: impl FnMut(Result<Row, String>) -> Result<(), E>,
) -> Result<(), E> {
    let mut statement = connection.prepare(ALL).map_err(ReadError::from)?;
    let mut rows = statement.query([]).map_err(ReadError::from)?;
    while let Some(columns) = rows.next().map_err(ReadError::from)? {
        take(match whole_row(columns) {
            Ok(row) => Ok(row),
            Err(ReadError::Row(what)) => Err(what),
            Err(engine) => return Err(engine.into()),
        })?;
    }
    Ok(())
}

/// The row whose key stands in the columns too: kind, owner, key, then as in [`row_at`].
fn whole_row(columns: &Columns<'_>) -> Result<Row, ReadError> {
    let number: i64 = columns.get(0)?;
    let owner: Vec<u8> = columns.get(1)?;
    let key: Vec<u8> = columns.get(2)?;
    let kind = u8::try_from(number).ok().and_then(Kind::from_number);
    let owner = <[u8; 16]>::try_from(owner.as_slice()).ok();
    match (kind, owner) {
        (Some(kind), Some(owner)) => row_at(Key::owned(kind, Owner(owner), &key), columns, 3),
        (None, _) => Err(ReadError::Row(format!(
            "there is a record of the unknown kind {number}"
        ))),
        (_, None) => Err(ReadError::Row(format!(
            "a record of kind {number} has an owner that is not 16 bytes long"
        ))),
    }
}

/// The row with this key, from the columns revision, format, body, sum at `first` and after.
pub(crate) fn row_at(key: Key, columns: &Columns<'_>, first: usize) -> Result<Row, ReadError> {
    let body = match columns.get_ref(first + 2)? {
        ValueRef::Text(body) | ValueRef::Blob(body) => body.to_vec(),
        _ => return Err(ReadError::Row(format!("{} has no body", place(&key)))),
    };
    let row = Row {
        revision: Revision(columns.get::<_, i64>(first)?.cast_unsigned()),
        format: columns.get(first + 1)?,
        key,
        body,
    };
    if columns.get::<_, i64>(first + 3)? != sum(&row) {
        let place = place(&row.key);
        return Err(ReadError::Row(format!(
            "the checksum of {place} does not fit"
        )));
    }
    Ok(row)
}

/// Where a record is, for a person with an SQLite shell.
fn place(key: &Key) -> String {
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    format!(
        "the record kind = {} and owner = x'{}' and key = x'{}'",
        key.kind.number(),
        hex(&key.owner.0),
        hex(&key.key)
    )
}

/// The first eight bytes of SHA-256 over everything in the row. It finds rot, not forgery: whoever
/// can write to the file can write a sum.
fn sum(row: &Row) -> i64 {
    let mut context = Context::new(&SHA256);
    context.update(&[row.key.kind.number()]);
    context.update(&row.key.owner.0);
    context.update(&row.key.key.len().to_be_bytes());
    context.update(&row.key.key);
    context.update(&row.revision.0.to_be_bytes());
    context.update(&row.format.to_be_bytes());
    context.update(&row.body);
    let mut first = [0; 8];
    first.copy_from_slice(&context.finish().as_ref()[..8]);
    i64::from_be_bytes(first)
}

/// A body: text where it is text, as JSON is.
struct Body<'a>(&'a [u8]);

impl ToSql for Body<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match std::str::from_utf8(self.0) {
            Ok(text) => ToSqlOutput::from(text),
            Err(_) => ToSqlOutput::Owned(Value::Blob(self.0.to_vec())),
        })
    }
}

const ONE: &str =
    "SELECT revision, format, body, sum FROM record WHERE kind = ?1 AND owner = ?2 AND key = ?3";
const ALL: &str = "SELECT kind, owner, key, revision, format, body, sum FROM record
     ORDER BY kind, owner, key";
const REVISION: &str = "SELECT revision FROM record WHERE kind = ?1 AND owner = ?2 AND key = ?3";
const DELETE: &str = "DELETE FROM record WHERE kind = ?1 AND owner = ?2 AND key = ?3";
/// Stores a row, whatever was there.
pub(crate) const PUT: &str = "REPLACE INTO record(kind, owner, key, revision, format, body, sum)
     VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
