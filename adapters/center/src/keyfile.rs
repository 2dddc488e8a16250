//! The key file: the pepper and every master key of a server, kept apart from its database.
//!
//! Whoever has both the key file and the database can make any device's formal code; whoever has
//! lost the key file has lost every registration. It is therefore a file of its own, private, with
//! the center's id (so that it is not put beside another center's database) and a checksum (so that
//! damage is noticed before it is used). Rotation adds a master key; old ones stay for the
//! registrations that were made under them.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use restante_core::Crypto;
use restante_core::Timestamp;
use restante_core::center::{Keys, KeysError};
use restante_core::crypto::Digest;
use restante_core::id::CenterId;
use restante_core::wire::people::DateTime;
use restante_crypto::RingCrypto;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Deserialize;

use crate::private::{PrivateFileError, make_private, read_private, replace_private};

/// A center's keys, as they lie in their file.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyFile {
    center: CenterId,
    pepper: Digest,
    masters: Vec<MasterKey>,
}

/// One version of the master key.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    /// Which version; registrations name the one that they were made under.
    pub version: u32,
    /// When it was made.
    pub made: Timestamp,
    key: Digest,
}

/// What is wrong with a key file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// There is none.
    #[error("there is no key file at {}; put back a copy of it, or check `keys` in [center]", .0.display())]
    Missing(PathBuf),
    /// It cannot be read, or others can.
    #[error("the key file {0}")]
    File(PrivateFileError),
    /// It is no key file, or a part of it is missing or has another length.
    #[error(
        "the key file {} is damaged: {why}; put back a copy of it, and never make a new one for an \
         old database", path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What does not fit.
        why: String,
    },
    /// It was written by a later version.
    #[error("the key file {} has form {form}; this version reads form 1", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
        /// The form that it names.
        form: u32,
    },
    /// It cannot be written.
    #[error("the key file {} cannot be written: {why}", path.display())]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
}

impl From<PrivateFileError> for KeyFileError {
    fn from(error: PrivateFileError) -> Self {
        match error {
            PrivateFileError::Unreadable { path, why } if why.kind() == io::ErrorKind::NotFound => {
                Self::Missing(path)
            }
            other => Self::File(other),
        }
    }
}

impl KeyFile {
    /// Draws the keys of a new center.
    #[must_use]
    pub fn draw(now: Timestamp) -> Self {
        let mut id = [0; 16];
        fill(&mut id);
        Self {
            center: CenterId::from_bytes(id),
            pepper: draw_key(),
            masters: vec![MasterKey {
                version: 1,
                made: now,
                key: draw_key(),
            }],
        }
    }

    /// Which center it belongs to.
    #[must_use]
    pub const fn center(&self) -> CenterId {
        self.center
    }

    /// The master keys, oldest first; new registrations are made under the last.
    #[must_use]
    pub fn masters(&self) -> &[MasterKey] {
        &self.masters
    }

    /// The same keys, as decisions take them.
    ///
    /// # Errors
    /// [`KeysError`] if they cannot serve, which no file that was read can cause.
    pub fn keys(&self) -> Result<Keys, KeysError> {
        let masters = self.masters.iter();
        let masters = masters.map(|master| (master.version, master.key)).collect();
        Keys::new(self.pepper, masters)
    }

    /// Adds a master key for the registrations to come and yields its version.
    pub fn rotate(&mut self, now: Timestamp) -> u32 {
        let last = self.masters.iter().map(|master| master.version).max();
        let version = last.unwrap_or(0).saturating_add(1);
        self.masters.push(MasterKey {
            version,
            made: now,
            key: draw_key(),
        });
        version
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`KeyFileError`] if it cannot be read, can be read by others, or does not fit its checksum.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let text = read_private(path)?;
        let damaged = |why: String| KeyFileError::Damaged {
            path: path.to_owned(),
            why,
        };
        let form: FormOnly = toml::from_str(&text).map_err(|error| damaged(first_line(&error)))?;
        if form.form != FORM {
            let (path, form) = (path.to_owned(), form.form);
            return Err(KeyFileError::Form { path, form });
        }
        let written: Written =
            toml::from_str(&text).map_err(|error| damaged(first_line(&error)))?;
        let keys = Self::from_written(&written).map_err(damaged)?;
        if keys.checksum() == written.checksum {
            Ok(keys)
        } else {
            Err(damaged("its checksum does not fit".into()))
        }
    }

    /// Writes a new file at `path`.
    ///
    /// # Errors
    /// [`KeyFileError::Unwritable`], in particular if there is a file already.
    pub fn make(&self, path: &Path) -> Result<(), KeyFileError> {
        make_private(path, &self.to_text()).map_err(|why| unwritable(path, why))
    }

    /// Puts it in the place of the file at `path`, whole or not at all.
    ///
    /// # Errors
    /// [`KeyFileError::Unwritable`]
    pub fn replace(&self, path: &Path) -> Result<(), KeyFileError> {
        replace_private(path, &self.to_text()).map_err(|why| unwritable(path, why))
    }

    fn from_written(written: &Written) -> Result<Self, String> {
        let center = written.center.parse();
        let master = |master: &WrittenMaster| {
            Ok(MasterKey {
                version: master.version,
                made: DateTime::from_text(&master.made)
                    .ok_or_else(|| format!("master key {} has no date", master.version))?
                    .0,
                key: read_key(&master.key)
                    .ok_or_else(|| format!("master key {} is not 32 bytes", master.version))?,
            })
        };
        let masters: Vec<MasterKey> = written
            .master
            .iter()
            .map(master)
            .collect::<Result<_, String>>()?;
        let rising = masters
            .windows(2)
            .all(|pair| pair[0].version < pair[1].version);
        if masters.is_empty() || !rising {
            return Err("its master keys are not numbered in rising order".into());
        }
        Ok(Self {
            center: center.map_err(|error: restante_core::id::IdError| error.to_string())?,
            pepper: read_key(&written.pepper).ok_or("the pepper is not 32 bytes")?,
            masters,
        })
    }

    fn to_text(&self) -> String {
        let mut text = format!(
            "{HEADING}form = {FORM}\ncenter = \"{}\"\npepper = \"{}\"\nchecksum = \"{}\"\n",
            self.center,
            STANDARD.encode(self.pepper),
            self.checksum(),
        );
        for master in &self.masters {
            text.push_str(&format!(
                "\n[[master]]\nversion = {}\nmade = \"{}\"\nkey = \"{}\"\n",
                master.version,
                DateTime(master.made).to_text(),
                STANDARD.encode(master.key),
            ));
        }
        text
    }

    /// Sixteen bytes of SHA-256 over all that counts, as hexadecimal digits.
    fn checksum(&self) -> String {
        let mut bytes = Vec::from(*b"restante key file 1");
        bytes.extend(self.center.as_bytes());
        bytes.extend(self.pepper);
        for master in &self.masters {
            bytes.extend(master.version.to_be_bytes());
            bytes.extend(master.made.as_millis().to_be_bytes());
            bytes.extend(master.key);
        }
        let digest = RingCrypto.sha256(&[&bytes]);
        digest[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "KeyFile({}, {} master keys, …)",
            self.center,
            self.masters.len()
        )
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MasterKey(version {}, …)", self.version)
    }
}

/// The member that every form of the file has.
#[derive(Deserialize)]
struct FormOnly {
    form: u32,
}

#[derive(Deserialize)]
struct Written {
    center: String,
    pepper: String,
    checksum: String,
    #[serde(default)]
    master: Vec<WrittenMaster>,
}

#[derive(Deserialize)]
struct WrittenMaster {
    version: u32,
    made: String,
    key: String,
}

fn unwritable(path: &Path, why: io::Error) -> KeyFileError {
    KeyFileError::Unwritable {
        path: path.to_owned(),
        why,
    }
}

/// What a TOML error says, without the picture that it draws: the picture would show a key.
fn first_line(error: &toml::de::Error) -> String {
    error
        .message()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn read_key(text: &str) -> Option<Digest> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

fn draw_key() -> Digest {
    let mut key = Digest::default();
    fill(&mut key);
    key
}

fn fill(bytes: &mut [u8]) {
    SystemRandom::new()
        .fill(bytes)
        .expect("a system without randomness can run nothing that keeps secrets");
}

const FORM: u32 = 1;

const HEADING: &str = "\
# The keys of a Restante server. Keep this file secret, and keep copies of it apart from copies of
# the database: with both, anybody can make every code that the server has given out; without it,
# no device that has such a code can be recognised again. Never edit it.

";

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> (tempfile::TempDir, PathBuf, KeyFile) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys.toml");
        let keys = KeyFile::draw(Timestamp::from_millis(1_795_000_000_123));
        keys.make(&path).expect("made");
        (folder, path, keys)
    }

    #[test]
    fn a_key_file_reads_back_as_it_was_written() {
        let (_folder, path, keys) = written();
        assert_eq!(KeyFile::read(&path).expect("whole"), keys);
    }

    #[test]
    fn rotation_keeps_every_earlier_master_key() {
        let (_folder, path, mut keys) = written();
        assert_eq!(keys.rotate(Timestamp::from_millis(1_800_000_000_000)), 2);
        keys.replace(&path).expect("replaced");
        let read = KeyFile::read(&path).expect("whole");
        assert_eq!(read, keys);
        assert_eq!(read.masters().len(), 2);
    }

    #[test]
    fn every_damaged_character_of_a_value_is_noticed() {
        let (_folder, path, _) = written();
        let text = std::fs::read_to_string(&path).expect("text");
        let start = text.find("form = ").expect("the first member");
        for at in start..text.len() {
            let mut damaged = text.clone().into_bytes();
            damaged[at] ^= 1;
            replace_private(&path, &String::from_utf8(damaged).expect("ASCII")).expect("written");
            let read = KeyFile::read(&path);
            let harmless = read.as_ref().is_ok_and(|keys| keys.to_text() == text);
            assert!(read.is_err() || harmless, "byte {at} of the file");
        }
    }

    #[test]
    fn a_message_about_damage_shows_no_key() {
        let (_folder, path, keys) = written();
        let text = std::fs::read_to_string(&path).expect("text");
        let pepper = STANDARD.encode(keys.pepper);
        replace_private(&path, &text.replace(&format!("\"{pepper}\""), &pepper)).expect("written");
        let error = KeyFile::read(&path).expect_err("damaged").to_string();
        assert!(!error.contains(&pepper[..8]), "{error}");
        assert!(error.contains("is damaged"), "{error}");
    }
}
