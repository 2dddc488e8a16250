//! `restante-center export` and `restante-center import`: all records as JSON lines.
//!
//! An export is a consistent snapshot, also while the center runs. It holds names, serial numbers
//! and keyed hashes, so that its file is private; it does not hold the keys. An import goes into a
//! store that is empty, with the keys that belong to it.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use restante_center::program::Failure;
use restante_center::{KeyFile, create_private, store_path};
use restante_store::transfer::TransferError;
use restante_store::{Clock, SystemClock, sqlite};

use super::reach::Reach;
use super::table;

/// Writes all records.
#[derive(Args)]
pub(crate) struct Export {
    /// The file to make; - for standard output
    file: PathBuf,
}

/// Reads all records.
#[derive(Args)]
pub(crate) struct Import {
    /// The file to read
    file: PathBuf,
}

impl Export {
    pub(crate) fn run(&self, reach: &Reach) -> Result<(), Failure> {
        let config = own_config(reach)?;
        let store = store_path(&config);
        if self.file == Path::new("-") {
            let out = BufWriter::new(std::io::stdout().lock());
            return sqlite::export(&store, SystemClock.now(), out)
                .map(|_| ())
                .map_err(failure);
        }
        let name = self.file.display();
        let cannot = |why| Failure::given(format!("{name} cannot be made: {why}"));
        let file = create_private(&self.file).map_err(cannot)?;
        let made = write(&store, &file);
        match made {
            Ok(records) => table::line(&format!(
                "exported {records} records to {name}\nThe keys are not in it; keep their copy apart."
            )),
            Err(error) => {
                // Half an export is no use to anybody. The failure is reported, not this one.
                let _ = std::fs::remove_file(&self.file);
                Err(failure(error))
            }
        }
    }
}

fn write(store: &Path, file: &File) -> Result<u64, TransferError> {
    let mut to = BufWriter::new(file);
    let records = sqlite::export(store, SystemClock.now(), &mut to)?;
    to.flush()?;
    file.sync_all()?;
    Ok(records)
}

impl Import {
    pub(crate) fn run(&self, reach: &Reach) -> Result<(), Failure> {
        let config = own_config(reach)?;
        let keys = KeyFile::read(&config.keys)?;
        let name = self.file.display();
        let file = File::open(&self.file)
            .map_err(|why| Failure::given(format!("{name} cannot be read: {why}")))?;
        let center = keys.center().to_string();
        let records = sqlite::import(&store_path(&config), &center, &mut BufReader::new(file))
            .map_err(failure)?;
        table::line(&format!("imported {records} records from {name}"))
    }
}

/// The configuration of this machine's center: a store is not carried over the network.
fn own_config(reach: &Reach) -> Result<restante_center::Config, Failure> {
    if reach.is_elsewhere() {
        return Err(Failure::given(
            "stores are exported and imported on the center's own machine; leave --center out",
        ));
    }
    reach.config()
}

fn failure(error: TransferError) -> Failure {
    match error {
        TransferError::Store(_) | TransferError::Io(_) => Failure::ran(error.to_string()),
        given => Failure::given(given.to_string()),
    }
}
