//! Opening a file: locked, looked at before anything is written, refused in one line if it is not
//! exactly what it should be.
//!
//! The look goes through a connection that cannot write and leaves the log as it is, so that a
//! store of another center, of a newer version, or a damaged one stays byte for byte what it was.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use restante_core::id::AttemptId;
use restante_core::record::Revision;

use super::columns::{ReadError, each_row, engine_error};
use super::reader;
use super::schema::{APPLICATION_ID, FORMAT, TABLES};
use super::views;
use super::writer::{Attempts, Counters};

/// Why a file cannot be used as the store. Nothing was changed in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it open.
    #[error("the store {} is in use by process {by}; stop that one first", .path.display())]
    InUse {
        /// The file.
        path: PathBuf,
        /// The process, as it wrote itself down.
        by: String,
    },
    /// It is something else.
    #[error("{} is not a Restante store; name another file in the configuration", .path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// It is another center's.
    #[error(
        "the store {} belongs to the center {theirs}, and this is the center {ours}; \
         check the store's path and the key file in the configuration",
        .path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        theirs: String,
        /// Who wants it.
        ours: String,
    },
    /// A newer version has written it.
    #[error(
        "the store {} has form {found}, and this program knows up to {FORMAT}; use a newer program",
        .path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its form.
        found: i32,
    },
    /// It cannot be read any more.
    #[error(
        "the store {} is damaged: {what}; restore it from an export or a backup",
        .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// There is no such file.
    #[error("there is no store at {}", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The system does not let it be opened.
    #[error("the store {} cannot be opened: {why}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
}

/// An opened file, ready for the writer.
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    pub(crate) counters: Counters,
    pub(crate) attempts: Attempts,
    pub(crate) lock: Lock,
}

/// The right to write, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone would not do: a program that is being started by another thread has a copy
        // of the handle for a moment. If it cannot be unlocked, closing has to do after all.
        let _ = self.0.unlock();
    }
}

/// Opens the file at `path`, or makes it.
pub(crate) fn open(path: &Path, center: &str) -> Result<Opened, OpenError> {
    let lock = lock(path)?;
    let state = look(path, Some(center), Sums::Checked)?;
    let refused = |error: rusqlite::Error| refusal(path, &error);
    let connection = Connection::open(path).map_err(refused)?;
    configure(&connection).map_err(refused)?;
    if state == State::Empty {
        create(&connection, center).map_err(refused)?;
    }
    views::refresh(&connection).map_err(refused)?;
    let counters = counters(&connection).map_err(refused)?;
    let attempts = attempts(&connection).map_err(refused)?;
    Ok(Opened {
        connection,
        counters,
        attempts,
        lock,
    })
}

/// What a look at a file has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing yet, or a file without any tables.
    Empty,
    /// A store.
    Store,
}

/// What a look does about the checksum of every row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sums {
    /// A damaged one makes the file one that is not opened.
    Checked,
    /// Whoever reads them learns of the damage.
    Unchecked,
}

/// Looks at the file without changing it; with `center` whether it is that center's.
pub(crate) fn look(path: &Path, center: Option<&str>, sums: Sums) -> Result<State, OpenError> {
    let size = match path.metadata() {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(State::Empty),
        Err(error) => return Err(unopened(path, &error)),
    };
    if size == 0 {
        return Ok(State::Empty);
    }
    let refused = |error: rusqlite::Error| refusal(path, &error);
    let connection = untouching(path).map_err(refused)?;
    let number = |pragma: &str| -> Result<i32, OpenError> {
        connection
            .pragma_query_value(None, pragma, |row| row.get(0))
            .map_err(refused)
    };
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(refused)?;
    let (application, form) = (number("application_id")?, number("user_version")?);
    if tables == 0 && application == 0 {
        return Ok(State::Empty);
    }
    let path_owned = || path.to_owned();
    if application != APPLICATION_ID {
        return Err(OpenError::NotAStore { path: path_owned() });
    }
    if form > FORMAT {
        return Err(OpenError::Newer {
            path: path_owned(),
            found: form,
        });
    }
    if size <= CHECKED_WHOLE {
        check_pages(path, &connection)?;
        if sums == Sums::Checked {
            check_rows(path, &connection)?;
        }
    }
    let theirs = center_of(path, &connection)?;
    match center {
        Some(ours) if ours != theirs => Err(OpenError::Foreign {
            path: path_owned(),
            theirs,
            ours: ours.to_owned(),
        }),
        _ => Ok(State::Store),
    }
}

/// Whose store it is.
pub(crate) fn center_of(path: &Path, connection: &Connection) -> Result<String, OpenError> {
    connection
        .query_row("SELECT value FROM meta WHERE name = 'center'", [], |row| {
            row.get(0)
        })
        .optional()
        .map_err(|error| refusal(path, &error))?
        .ok_or_else(|| OpenError::Damaged {
            path: path.to_owned(),
            what: "it does not say whose it is".to_owned(),
        })
}

/// A connection that leaves the file, its log and the folder as they are.
fn untouching(path: &Path) -> rusqlite::Result<Connection> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if std::fs::metadata(log).is_ok_and(|log| log.len() > 0) {
        let connection = reader::open(path)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        return Ok(connection);
    }
    // Without a log there is nothing to recover, and a file that is taken for immutable gets none.
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(uri, flags)
}

/// Every page, and the order of all keys.
fn check_pages(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| refusal(path, &error))?;
    match verdict.as_str() {
        "ok" => Ok(()),
        _ => Err(damaged(path, verdict.replace('\n', " "))),
    }
}

/// Every row's checksum.
fn check_rows(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let checked = each_row(connection, |row| row.map(drop).map_err(ReadError::Row));
    checked.map_err(|error| match error {
        ReadError::Engine(error) => refusal(path, &error),
        ReadError::Row(what) => damaged(path, what),
    })
}

fn damaged(path: &Path, what: String) -> OpenError {
    OpenError::Damaged {
        path: path.to_owned(),
        what,
    }
}

/// Takes the lock file beside the store, which also says who has it.
fn lock(path: &Path) -> Result<Lock, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(name)
        .map_err(|error| unopened(path, &error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(error)) => return Err(unopened(path, &error)),
        Err(TryLockError::WouldBlock) => {
            let mut by = String::new();
            // Who it is helps, but the refusal stands without.
            let _ = file.read_to_string(&mut by);
            let by = by.trim().chars().filter(char::is_ascii_digit).collect();
            let path = path.to_owned();
            return Err(OpenError::InUse { path, by });
        }
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(|error| unopened(path, &error))?;
    Ok(Lock(file))
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    // On systems where a sync alone stops at the drive's own memory.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

/// Makes the tables, all or none of them.
fn create(connection: &Connection, center: &str) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute("INSERT INTO meta VALUES('center', ?1)", [center])?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

/// The row of counters.
pub(crate) fn counters(connection: &Connection) -> rusqlite::Result<Counters> {
    let sql = "SELECT sequence, attempts, floor FROM counter";
    connection.query_row(sql, [], |row| {
        Ok(Counters {
            sequence: row.get::<_, i64>(0)?.cast_unsigned(),
            attempts: row.get::<_, i64>(1)?.cast_unsigned(),
            floor: Revision(row.get::<_, i64>(2)?.cast_unsigned()),
        })
    })
}

fn attempts(connection: &Connection) -> rusqlite::Result<Attempts> {
    let mut attempts = Attempts::default();
    let mut statement = connection.prepare("SELECT number, id FROM attempt ORDER BY number")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = AttemptId::from_bytes(row.get(1)?);
        attempts.remember(row.get::<_, i64>(0)?.cast_unsigned(), id);
    }
    Ok(attempts)
}

/// What the engine's error means for whoever wants to open the file.
pub(crate) fn refusal(path: &Path, error: &rusqlite::Error) -> OpenError {
    use crate::port::StoreError;
    let path = path.to_owned();
    match engine_error(error) {
        StoreError::Damaged { .. }
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) =>
        {
            OpenError::NotAStore { path }
        }
        StoreError::Damaged { what } => OpenError::Damaged { path, what },
        _ => OpenError::Io {
            path,
            why: error.to_string(),
        },
    }
}

fn unopened(path: &Path, error: &std::io::Error) -> OpenError {
    OpenError::Io {
        path: path.to_owned(),
        why: error.to_string(),
    }
}

/// Files up to this size are checked page by page at each start, in about a second. Larger ones are
/// checked as they are read: each page by the engine, each row by its checksum.
const CHECKED_WHOLE: u64 = 256 << 20;
/// Pages in the log before they are moved to their places: 16 MiB, so that a page that is written
/// many times is moved once.
const CHECKPOINT_PAGES: i64 = 4_096;
/// How long the log file may stay after it has been emptied.
const LOG_BYTES: i64 = 64 << 20;
/// Pages that the writer keeps, in KiB.
const CACHE_KIB: i64 = 32_768;
