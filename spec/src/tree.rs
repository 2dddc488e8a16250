//! The folder of the specification: what has to stand in it, and what differs.
//!
//! Everything generated is computed first, as file names and texts; renewing writes what differs
//! and checking only names it. Files of `schemas/` and `examples/` that nothing generates any more
//! are a difference too, so that a message that is gone leaves nothing behind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use crate::Finding;
use crate::blocks;
use crate::chapters::CHAPTERS;
use crate::chapters::Chapter;
use crate::lint::findings_in;
use crate::messages::{messages, pretty, sorted};
use crate::requirement::{Requirement, Tombstone, read};

/// What has to stand in the folder, by file name relative to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    root: PathBuf,
    files: BTreeMap<String, String>,
    findings: Vec<Finding>,
}

/// A file that is not as it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Drift {
    /// It is not there.
    Missing(String),
    /// It says something else.
    Differs(String),
    /// Nothing generates it any more.
    Leftover(String),
}

/// Why the folder cannot be read, computed or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A generated block of a chapter is broken.
    #[error("{}: {what}", path.display())]
    Block {
        /// Which chapter.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

impl Tree {
    /// Reads the chapters in `root` and computes what has to stand there.
    ///
    /// # Errors
    /// [`TreeError`] if a chapter cannot be read or holds a broken block.
    pub fn of(root: &Path) -> Result<Self, TreeError> {
        let messages = messages();
        let mut files = BTreeMap::new();
        for (chapter, _) in CHAPTERS {
            let path = root.join(chapter.file);
            let text = fs::read_to_string(&path).map_err(at(&path))?;
            let renewed = blocks::renew(&text, &messages);
            let renewed = renewed.map_err(|what| TreeError::Block { path, what })?;
            files.insert(chapter.file.to_owned(), renewed);
        }
        let findings = findings(&files);
        files.insert("requirements.json".to_owned(), catalogue(&files));
        for message in messages {
            let schema = format!("{SCHEMAS}/{}.json", message.name);
            files.insert(schema, pretty(&message.schema));
            for example in message.examples {
                files.insert(format!("{EXAMPLES}/{}.json", example.name), example.text);
            }
        }
        let openapi = sorted(restante_http::openapi());
        files.insert("openapi.json".to_owned(), pretty(&openapi));
        let asyncapi = sorted(restante_mqtt::asyncapi());
        files.insert("asyncapi.json".to_owned(), pretty(&asyncapi));
        let root = root.to_owned();
        Ok(Self {
            root,
            files,
            findings,
        })
    }

    /// What is not in order in the chapters as they stand in the folder.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Every file that is not as it has to be, by name.
    ///
    /// # Errors
    /// [`TreeError`] if a file or folder is there and cannot be read.
    pub fn drift(&self) -> Result<Vec<Drift>, TreeError> {
        let mut drift = Vec::new();
        for (name, wanted) in &self.files {
            let path = self.root.join(name);
            match fs::read_to_string(&path) {
                Ok(text) if text == *wanted => {}
                Ok(_) => drift.push(Drift::Differs(name.clone())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    drift.push(Drift::Missing(name.clone()));
                }
                Err(source) => return Err(TreeError::File { path, source }),
            }
        }
        drift.extend(self.leftovers()?.into_iter().map(Drift::Leftover));
        Ok(drift)
    }

    /// Writes what differs and removes what is left over; what was done.
    ///
    /// # Errors
    /// [`TreeError`] if a file cannot be written or removed.
    pub fn renew(&self) -> Result<Vec<Drift>, TreeError> {
        let drift = self.drift()?;
        for one in &drift {
            let path = self.root.join(one.file());
            match self.files.get(one.file()) {
                Some(text) => write(&path, text)?,
                None => fs::remove_file(&path).map_err(at(&path))?,
            }
        }
        Ok(drift)
    }

    fn leftovers(&self) -> Result<Vec<String>, TreeError> {
        let mut leftovers = Vec::new();
        for folder in [SCHEMAS, EXAMPLES] {
            let path = self.root.join(folder);
            let entries = match fs::read_dir(&path) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(TreeError::File { path, source }),
            };
            for entry in entries {
                let entry = entry.map_err(at(&path))?;
                let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
                if !self.files.contains_key(&name) {
                    leftovers.push(name);
                }
            }
        }
        leftovers.sort();
        Ok(leftovers)
    }
}

impl Drift {
    /// The file's name relative to the folder.
    #[must_use]
    pub fn file(&self) -> &str {
        match self {
            Self::Missing(file) | Self::Differs(file) | Self::Leftover(file) => file,
        }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(file) => write!(f, "spec/{file} is missing"),
            Self::Differs(file) => write!(f, "spec/{file} is not what the types say"),
            Self::Leftover(file) => write!(f, "spec/{file} is left over: nothing generates it"),
        }
    }
}

/// The chapters of the folder, in reading order.
fn chapters(files: &BTreeMap<String, String>) -> Vec<(Chapter<'_>, &'static [&'static str])> {
    let on_disk = |(chapter, families): &(Chapter<'static>, &'static [&'static str])| {
        let (file, text) = files.get_key_value(chapter.file)?;
        Some((Chapter { file, text }, *families))
    };
    CHAPTERS.iter().filter_map(on_disk).collect()
}

fn findings(files: &BTreeMap<String, String>) -> Vec<Finding> {
    findings_in(&chapters(files))
}

/// `requirements.json`: every id, for tools that do not read the chapters.
fn catalogue(files: &BTreeMap<String, String>) -> String {
    #[derive(serde::Serialize)]
    struct Catalogue {
        requirements: Vec<Requirement>,
        withdrawn: Vec<Tombstone>,
    }
    let readings = chapters(files)
        .into_iter()
        .map(|(chapter, _)| read(chapter));
    let (requirements, withdrawn): (Vec<_>, Vec<_>) = readings
        .map(|reading| (reading.requirements, reading.tombstones))
        .unzip();
    pretty(&Catalogue {
        requirements: requirements.concat(),
        withdrawn: withdrawn.concat(),
    })
}

fn write(path: &Path, text: &str) -> Result<(), TreeError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    fs::write(path, text).map_err(at(path))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> TreeError {
    let path = path.to_owned();
    |source| TreeError::File { path, source }
}

const SCHEMAS: &str = "schemas";
const EXAMPLES: &str = "examples";
