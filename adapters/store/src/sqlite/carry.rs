//! Whole stores out of and into a file: what `export` and `import` do with SQLite, and what
//! programs read of a store that another has open.
//!
//! An export reads one snapshot through a connection of its own, also while a center runs. An
//! import needs the file for itself, is one transaction, and goes into an empty store alone.

use std::io::{BufRead, Seek, Write};
use std::path::Path;

use restante_core::Timestamp;
use restante_core::record::Row;
use rusqlite::Connection;

use crate::port::StoreError;
use crate::transfer::{self, Exporter, Head, TransferError};

use super::columns::{PUT, ReadError, each_row, engine_error, write_with};
use super::open::{self, OpenError, State, Sums};
use super::reader;

/// Writes what the store at `path` holds at this moment to `to`; how many records that is.
///
/// # Errors
/// [`TransferError`]; what has been written by then lacks its last line and is not imported.
pub fn export(path: &Path, at: Timestamp, to: impl Write) -> Result<u64, TransferError> {
    let connection = shown(path, Sums::Checked)?;
    let snapshot = connection.unchecked_transaction().map_err(failed)?;
    let head = Head {
        center: open::center_of(path, &snapshot)?,
        at,
        floor: open::counters(&snapshot).map_err(failed)?.floor,
    };
    let mut exporter = Exporter::new(to, &head)?;
    each_row(&snapshot, |row| exporter.row(&row.map_err(ReadError::Row)?))?;
    exporter.finish()
}

/// Hands every record of the store at `path` to `take`, as they stand at this moment, also while a
/// program runs; of a damaged one, where it is and what is wrong with it.
///
/// # Errors
/// [`TransferError`] where there is no store, or where it cannot be read.
pub fn read(path: &Path, mut take: impl FnMut(Result<Row, String>)) -> Result<(), TransferError> {
    let connection = shown(path, Sums::Unchecked)?;
    let snapshot = connection.unchecked_transaction().map_err(failed)?;
    each_row(&snapshot, |row| {
        take(row);
        Ok(())
    })
}

/// A connection that reads the store at `path`, if there is one.
fn shown(path: &Path, sums: Sums) -> Result<Connection, TransferError> {
    if open::look(path, None, sums)? == State::Empty {
        let path = path.to_owned();
        return Err(OpenError::Missing { path }.into());
    }
    reader::open(path).map_err(failed)
}

/// Fills the empty store of `center` at `path` from an export; how many records there are. The
/// store is made if it is not there.
///
/// # Errors
/// [`TransferError`]; the store holds what it held before.
pub fn import(
    path: &Path,
    center: &str,
    from: &mut (impl BufRead + Seek),
) -> Result<u64, TransferError> {
    let checked = transfer::check(from, center)?;
    let floor = checked.head().floor;
    let opened = open::open(path, center)?;
    let transaction = opened.connection.unchecked_transaction().map_err(failed)?;
    let records: i64 = transaction
        .query_row("SELECT count(*) FROM record", [], |row| row.get(0))
        .map_err(failed)?;
    if records > 0 {
        let records = records.cast_unsigned();
        return Err(TransferError::NotEmpty { records });
    }
    let rows = {
        let mut put = transaction.prepare_cached(PUT).map_err(failed)?;
        checked.each_row(|row| write_with(&mut put, &row).map_err(failed))?
    };
    transaction
        .execute("UPDATE counter SET floor = ?1", [floor.0.cast_signed()])
        .map_err(failed)?;
    transaction.commit().map_err(failed)?;
    Ok(rows)
}

fn failed(error: rusqlite::Error) -> TransferError {
    engine_error(&error).into()
}

impl From<ReadError> for TransferError {
    fn from(error: ReadError) -> Self {
        StoreError::from(error).into()
    }
}
