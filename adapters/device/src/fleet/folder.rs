//! Where a fleet keeps its devices: one folder, one small file for each, one lock for all.
//!
//! A file is the old one or the new one and never half, also where the process is killed. Unlike
//! the state file of a single device (`memory`) it is not synced: thousands of simulated devices
//! would do little else, and what a power cut takes is a trial.

use std::fs::File;
use std::path::{Path, PathBuf};

use restante_core::device::Kept;

use super::DEVICES;
use crate::memory::{self, MemoryError, Until};

/// The folder of a fleet, taken for this process.
#[derive(Debug)]
pub struct FleetFolder {
    path: PathBuf,
    _lock: File,
}

/// A folder that was taken, and the devices that were found in it, in their order.
#[derive(Debug)]
pub struct Found {
    /// The folder.
    pub folder: FleetFolder,
    /// What its devices had kept.
    pub devices: Vec<Kept>,
}

impl FleetFolder {
    /// Takes the folder at `path` for this process; it is made if there is none.
    ///
    /// # Errors
    /// [`MemoryError`] if another process has it, or a file in it cannot be used.
    pub fn open(path: &Path) -> Result<Found, MemoryError> {
        std::fs::create_dir_all(path).map_err(|why| memory::system(path, "made", why))?;
        let folder = Self {
            path: path.to_owned(),
            _lock: memory::take(&path.join("fleet.lock"), path)?,
        };
        let mut devices = Vec::new();
        while devices.len() < DEVICES as usize {
            match memory::read(&folder.file(devices.len()), Kept::from_bytes)? {
                Some(kept) => devices.push(kept),
                None => break,
            }
        }
        Ok(Found { folder, devices })
    }

    /// Keeps what the device at this place wants kept.
    pub(super) fn keep(&self, place: usize, bytes: &[u8]) -> Result<(), MemoryError> {
        memory::replace(&self.file(place), bytes, Until::Written)
    }

    /// Files are numbered from one on: a serial number may hold what no file's name may.
    fn file(&self, place: usize) -> PathBuf {
        self.path.join(format!("{:05}.state", place + 1))
    }
}
