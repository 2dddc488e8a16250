//! The host's non-volatile memory: one file that is either the old one or the new one, never half.
//!
//! A write goes to a new file, which is synced and then takes the old one's name; the folder is
//! synced too, so that not even a power cut brings the old one back. A lock file keeps a second
//! process from speaking under the same code. The file holds a secret and is readable by its owner
//! alone.
//!
//! Behind what the machine keeps stands what is kept of sealed envelopes, where there are any. Both
//! are in one file, so that neither is lost or brought back without the other.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use restante_core::carrier;
use restante_core::limits::{KEPT_CARRIER_BYTES, KEPT_GATEWAY_BYTES};
use restante_core::registrant::KeptError;

/// Something that outlives a power cut.
pub trait Memory {
    /// Keeps `bytes` in place of what was kept before; durable when it returns.
    ///
    /// # Errors
    /// [`MemoryError`]: what was kept before is still there.
    fn keep(&mut self, bytes: &[u8]) -> Result<(), MemoryError>;

    /// Leaves word of what is under way, for people who ask meanwhile. It need not outlive
    /// anything.
    fn note(&mut self, _under_way: &str) {}
}

/// A state file that this process alone uses.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    records: Arc<Mutex<Records>>,
    _lock: File,
}

/// The part of a state file that is about sealed envelopes.
#[derive(Clone, Debug)]
pub struct CarrierMemory(Arc<Mutex<Records>>);

/// What stands in a state file.
#[derive(Debug)]
struct Records {
    path: PathBuf,
    machine: Vec<u8>,
    carrier: Vec<u8>,
}

/// Why a state file cannot be used. Nothing was overwritten.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// Another process uses it.
    #[error("{path}: another process uses this state file; stop it first")]
    InUse {
        /// The file.
        path: String,
    },
    /// It is damaged, or of another device or kind.
    #[error("{path}: {why}")]
    Unfit {
        /// The file.
        path: String,
        /// What is wrong with it.
        #[source]
        why: KeptError,
    },
    /// There is none where one is needed.
    #[error("{path}: there is no such state file; enrol first")]
    Missing {
        /// The file.
        path: String,
    },
    /// The system refuses.
    #[error("{path}: it cannot be {doing}: {why}")]
    System {
        /// The file.
        path: String,
        /// What was tried.
        doing: &'static str,
        /// What the system says.
        #[source]
        why: std::io::Error,
    },
}

impl StateFile {
    /// Takes the file at `path` for this process; it need not exist yet.
    ///
    /// # Errors
    /// [`MemoryError`] if another process has it, or the folder cannot be used.
    pub fn open(path: &Path) -> Result<Self, MemoryError> {
        let lock = take(&beside(path, "lock"), path)?;
        // Whoever left it is gone, and what it says with it.
        let _ = std::fs::remove_file(beside(path, NOTE));
        let (machine, carrier) = split(bytes(path)?.unwrap_or_default());
        let records = Records {
            path: path.to_owned(),
            machine,
            carrier,
        };
        Ok(Self {
            path: path.to_owned(),
            records: Arc::new(Mutex::new(records)),
            _lock: lock,
        })
    }

    /// What was kept, read by `reader`; `None` if nothing ever was.
    ///
    /// # Errors
    /// [`MemoryError`] if it cannot be read or is unfit.
    pub fn read<T>(
        &self,
        reader: impl FnOnce(&[u8]) -> Result<T, KeptError>,
    ) -> Result<Option<T>, MemoryError> {
        read(&self.path, reader)
    }

    /// The part of it that is about sealed envelopes.
    #[must_use]
    pub fn carrier(&self) -> CarrierMemory {
        CarrierMemory(Arc::clone(&self.records))
    }
}

impl CarrierMemory {
    /// What was kept; `None` if nothing ever was.
    ///
    /// # Errors
    /// [`MemoryError`] if it is unfit.
    pub fn read(&self) -> Result<Option<carrier::Kept>, MemoryError> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if records.carrier.is_empty() {
            return Ok(None);
        }
        let kept = carrier::Kept::from_bytes(&records.carrier);
        kept.map(Some).map_err(|why| MemoryError::Unfit {
            path: shown(&records.path),
            why,
        })
    }

    /// Keeps this in place of what was kept before; durable when it returns.
    ///
    /// # Errors
    /// [`MemoryError`]: what was kept before is still there.
    pub fn keep(&self, kept: &carrier::Kept) -> Result<(), MemoryError> {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = kept.to_bytes();
        replace(
            &records.path,
            &[&records.machine[..], &bytes].concat(),
            Until::Synced,
        )?;
        records.carrier = bytes;
        Ok(())
    }
}

/// Takes what the lock file at `lock` stands for, and says `taken` where another process has it.
pub(crate) fn take(lock: &Path, taken: &Path) -> Result<File, MemoryError> {
    let file = private().create(true).append(true).open(lock);
    let file = file.map_err(|why| system(lock, "opened", why))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(MemoryError::InUse { path: shown(taken) }),
        Err(TryLockError::Error(why)) => Err(system(lock, "locked", why)),
    }
}

/// What was kept in the file at `path`, without taking it; `None` if there is no such file.
///
/// # Errors
/// [`MemoryError`] if it cannot be read or is unfit.
pub fn read<T>(
    path: &Path,
    reader: impl FnOnce(&[u8]) -> Result<T, KeptError>,
) -> Result<Option<T>, MemoryError> {
    let Some(bytes) = bytes(path)? else {
        return Ok(None);
    };
    let (machine, _) = split(bytes);
    reader(&machine)
        .map(Some)
        .map_err(|why| MemoryError::Unfit {
            path: shown(path),
            why,
        })
}

/// What is in the file at `path`, if there is one.
fn bytes(path: &Path) -> Result<Option<Vec<u8>>, MemoryError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(system(path, "opened", why)),
    };
    let mut bytes = Vec::new();
    let bound = (KEPT_GATEWAY_BYTES + KEPT_CARRIER_BYTES) as u64 + 1024;
    file.take(bound)
        .read_to_end(&mut bytes)
        .map_err(|why| system(path, "read", why))?;
    Ok(Some(bytes))
}

/// What a machine has kept, and what follows it. A record is a line and a line with its checksum.
fn split(mut bytes: Vec<u8>) -> (Vec<u8>, Vec<u8>) {
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let end = ends.map(|(at, _)| at + 1).nth(1);
    let rest = bytes.split_off(end.unwrap_or(bytes.len()));
    (bytes, rest)
}

impl Memory for StateFile {
    fn keep(&mut self, bytes: &[u8]) -> Result<(), MemoryError> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        replace(
            &self.path,
            &[bytes, &records.carrier[..]].concat(),
            Until::Synced,
        )?;
        records.machine = bytes.to_vec();
        Ok(())
    }

    fn note(&mut self, under_way: &str) {
        let (note, new) = (beside(&self.path, NOTE), beside(&self.path, "note"));
        let write = || {
            private()
                .create(true)
                .truncate(true)
                .write(true)
                .open(&new)?
                .write_all(under_way.as_bytes())?;
            std::fs::rename(&new, &note)
        };
        let noted = match under_way.is_empty() {
            true => std::fs::remove_file(&note),
            false => write(),
        };
        if let Err(error) = noted {
            // The work goes on: only `status` knows less.
            tracing::info!(%error, "what is under way cannot be noted");
        }
    }
}

/// When a write counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Once it outlives this process, however that ends.
    Written,
    /// Once it outlives a power cut.
    Synced,
}

/// Puts `bytes` in the place of the file at `path`, which is the old one or the new one and never
/// half.
pub(crate) fn replace(path: &Path, bytes: &[u8], until: Until) -> Result<(), MemoryError> {
    let new = beside(path, "new");
    let write = || -> std::io::Result<()> {
        let mut file = private()
            .create(true)
            .truncate(true)
            .write(true)
            .open(&new)?;
        file.write_all(bytes)?;
        if until == Until::Written {
            return std::fs::rename(&new, path);
        }
        file.sync_all()?;
        std::fs::rename(&new, path)?;
        File::open(folder(path))?.sync_all()
    };
    write().map_err(|why| system(path, "written", why))
}

impl Drop for StateFile {
    fn drop(&mut self) {
        // There is none where nothing was under way; what stays is taken away at the next start.
        let _ = std::fs::remove_file(beside(&self.path, NOTE));
    }
}

/// What the program that uses the state file at `path` has under way: lines for people.
#[must_use]
pub fn under_way(path: &Path) -> String {
    std::fs::read_to_string(beside(path, NOTE)).unwrap_or_default()
}

/// Opens files that only their owner may read, where the system knows such a thing.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

pub(crate) fn system(path: &Path, doing: &'static str, why: std::io::Error) -> MemoryError {
    MemoryError::System {
        path: shown(path),
        doing,
        why,
    }
}

impl MemoryError {
    /// That there is no state file at `path`.
    #[must_use]
    pub fn missing(path: &Path) -> Self {
        Self::Missing { path: shown(path) }
    }
}

/// The extension of the note that a running program leaves for `status`.
const NOTE: &str = "instructions";
