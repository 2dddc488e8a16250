//! Readers: connections that see one snapshot each, as many at once as there are threads that load.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, params};

use restante_core::record::{Key, Loaded, Need, Range, Revision};

use crate::port::StoreError;

use super::cache::{Cache, Known};
use super::columns::{ReadError, engine_error, read_revision, read_row, row_at};

/// Connections that wait for the next load.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// Readers of the file at `path`, opened as they are needed.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Mutex::default(),
        }
    }

    /// Loads everything from one snapshot, and lets the cache know what it has found.
    pub(crate) fn load(&self, needs: &[Need], cache: &Cache) -> Result<Vec<Loaded>, StoreError> {
        let waiting = self.idle().pop();
        let connection = match waiting {
            Some(connection) => connection,
            None => open(&self.path).map_err(|error| engine_error(&error))?,
        };
        let loaded = snapshot(&connection, needs, cache);
        if loaded.is_ok() {
            let mut idle = self.idle();
            if idle.len() < IDLE {
                idle.push(connection);
            }
        }
        loaded.map_err(StoreError::from)
    }

    /// Closes the connections that wait.
    pub(crate) fn close(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that cannot write.
pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Loads everything from one snapshot.
fn snapshot(
    connection: &Connection,
    needs: &[Need],
    cache: &Cache,
) -> Result<Vec<Loaded>, ReadError> {
    if let [Need::Record(key)] = needs {
        return one_row(connection, key, cache).map(|known| vec![Loaded::Record(known)]);
    }
    connection.prepare_cached("BEGIN")?.execute([])?;
    let loaded = in_transaction(connection, needs, cache);
    connection.prepare_cached("COMMIT")?.execute([])?;
    loaded
}

fn in_transaction(
    connection: &Connection,
    needs: &[Need],
    cache: &Cache,
) -> Result<Vec<Loaded>, ReadError> {
    let sequence: i64 = connection
        .prepare_cached("SELECT sequence FROM counter")?
        .query_row([], |row| row.get(0))?;
    let load = |need: &Need| match need {
        Need::Range(range) => read_range(connection, range),
        Need::Record(key) => {
            let known = read_row(connection, key)?;
            cache.fill(sequence.cast_unsigned(), key, &known);
            Ok(Loaded::Record(known))
        }
    };
    needs.iter().map(load).collect()
}

/// One statement is one snapshot: the row and the number of the group that it comes after.
fn one_row(connection: &Connection, key: &Key, cache: &Cache) -> Result<Known, ReadError> {
    let mut statement = connection.prepare_cached(ONE)?;
    let mut rows = statement.query(params![key.kind.number(), key.owner.0, key.key])?;
    let Some(columns) = rows.next()? else {
        return Err(ReadError::Row("the counter row is missing".to_owned()));
    };
    let sequence: i64 = columns.get(0)?;
    let known = match columns.get::<_, Option<i64>>(1)? {
        Some(_) => Some(row_at(key.clone(), columns, 1)?.into()),
        None => None,
    };
    cache.fill(sequence.cast_unsigned(), key, &known);
    Ok(known)
}

fn read_range(connection: &Connection, range: &Range) -> Result<Loaded, ReadError> {
    let head = match Key::owned(range.kind, range.owner, &[]).head() {
        Some(head) => read_revision(connection, &head)?,
        None => Revision::ABSENT,
    };
    let (kind, owner) = (range.kind.number(), range.owner.0);
    let (after, through, limit) = (&range.after, &range.through, range.limit);
    // Two statements, because a bound that may be absent would keep the engine from stopping at it.
    let mut statement = connection.prepare_cached(if through.is_empty() { OPEN } else { RANGE })?;
    let mut found = if through.is_empty() {
        statement.query(params![kind, owner, after, limit])?
    } else {
        statement.query(params![kind, owner, after, limit, through])?
    };
    let mut rows = Vec::new();
    while let Some(columns) = found.next()? {
        let key: Vec<u8> = columns.get(0)?;
        let key = Key::owned(range.kind, range.owner, &key);
        rows.push(row_at(key, columns, 1)?.into());
    }
    Ok(Loaded::Range { rows, head })
}

/// Idle connections that are kept; each holds up to [`CACHE_KIB`] of pages.
const IDLE: usize = 8;
/// Pages that one reader keeps, in KiB: the upper levels of the tree.
const CACHE_KIB: i64 = 2_048;

const ONE: &str = "SELECT counter.sequence, revision, format, body, sum FROM counter
     LEFT JOIN record ON record.kind = ?1 AND record.owner = ?2 AND record.key = ?3";
const OPEN: &str = "SELECT key, revision, format, body, sum FROM record
     WHERE kind = ?1 AND owner = ?2 AND key > ?3 ORDER BY key LIMIT ?4";
const RANGE: &str = "SELECT key, revision, format, body, sum FROM record
     WHERE kind = ?1 AND owner = ?2 AND key > ?3 AND key <= ?5 ORDER BY key LIMIT ?4";
