//! All cases: those embedded in the binary, or those of a folder on disk.
//!
//! A case that is wrong in itself (its id is not its path, its twin does not exist, it expects
//! nothing) is found when the catalogue is loaded: no run begins with one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{Case, CaseId, Role, Step};

/// Cases by their id.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    cases: BTreeMap<CaseId, Case>,
}

/// Why cases cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// A file or folder cannot be read.
    #[error("cannot read {path}: {why}", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// A file is no case.
    #[error("{path} is no case: {why}")]
    NotACase {
        /// Which file.
        path: String,
        /// What is wrong and where.
        why: serde_json::Error,
    },
    /// A case contradicts itself or the others.
    #[error("the case {id} is wrong: {why}")]
    Inconsistent {
        /// Which case.
        id: CaseId,
        /// What is wrong.
        why: String,
    },
}

impl Catalogue {
    /// The cases in the binary.
    ///
    /// # Errors
    /// [`CatalogueError`] if one of them is wrong, which a test of this crate rules out.
    pub fn embedded() -> Result<Self, CatalogueError> {
        Self::from_files(EMBEDDED.iter().map(|(path, text)| (*path, *text)))
    }

    /// The cases in a folder laid out as `conformance/cases`.
    ///
    /// # Errors
    /// [`CatalogueError`] names the file and what is wrong with it.
    pub fn from_folder(root: &Path) -> Result<Self, CatalogueError> {
        let mut found = Vec::new();
        walk(root, root, &mut found)?;
        Self::from_files(
            found
                .iter()
                .map(|(path, text)| (path.as_str(), text.as_str())),
        )
    }

    /// The cases in these files, given as paths below the root and texts.
    ///
    /// # Errors
    /// As [`Catalogue::from_folder`].
    pub fn from_files<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, CatalogueError> {
        let mut cases = BTreeMap::new();
        for (path, text) in files {
            let case: Case = serde_json::from_str(text).map_err(|why| {
                let path = path.to_owned();
                CatalogueError::NotACase { path, why }
            })?;
            if path.strip_suffix(".json") != Some(case.id.as_str()) {
                let why = format!("its file is {path}");
                return Err(CatalogueError::Inconsistent { id: case.id, why });
            }
            cases.insert(case.id.clone(), case);
        }
        let catalogue = Self { cases };
        catalogue
            .iter()
            .try_for_each(|case| catalogue.check(case))?;
        Ok(catalogue)
    }

    /// The files in the binary, for writing them out.
    #[must_use]
    pub const fn embedded_files() -> &'static [(&'static str, &'static str)] {
        EMBEDDED
    }

    /// All cases in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Case> {
        self.cases.values()
    }

    /// The cases for one role.
    pub fn of_role(&self, role: Role) -> impl Iterator<Item = &Case> {
        self.iter().filter(move |case| case.role == role)
    }

    /// The case with this id.
    #[must_use]
    pub fn get(&self, id: &CaseId) -> Option<&Case> {
        self.cases.get(id)
    }

    fn check(&self, case: &Case) -> Result<(), CatalogueError> {
        self.mistake(case).map_or(Ok(()), |why| {
            let id = case.id.clone();
            Err(CatalogueError::Inconsistent { id, why })
        })
    }

    fn mistake(&self, case: &Case) -> Option<String> {
        if !case.id.as_str().starts_with(case.role.word()) {
            return Some(format!("its role is {}", case.role));
        }
        if case.requirements.is_empty() {
            return Some("it cites no requirement".to_owned());
        }
        if let Some(twin) = case.twin.as_ref().filter(|twin| self.get(twin).is_none()) {
            return Some(format!("there is no case {twin}, which it calls its twin"));
        }
        if !expects_something(&case.steps) {
            return Some("no step of it expects or forbids anything".to_owned());
        }
        None
    }
}

fn expects_something(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Expect(_) | Step::Forbid(_) | Step::Await(_) => true,
        Step::Repeat(repeat) => expects_something(&repeat.steps),
        _ => false,
    })
}

fn walk(root: &Path, dir: &Path, found: &mut Vec<(String, String)>) -> Result<(), CatalogueError> {
    let unreadable = |path: &Path, why| CatalogueError::Unreadable {
        path: path.to_owned(),
        why,
    };
    let entries = fs::read_dir(dir).map_err(|why| unreadable(dir, why))?;
    for entry in entries {
        let path = entry.map_err(|why| unreadable(dir, why))?.path();
        if path.is_dir() {
            walk(root, &path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "json") {
            let text = fs::read_to_string(&path).map_err(|why| unreadable(&path, why))?;
            let name = path.strip_prefix(root).unwrap_or(&path);
            found.push((name.to_string_lossy().into_owned(), text));
        }
    }
    Ok(())
}

/// Path below `conformance/cases` and text of each embedded case, made by `build.rs`.
const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/cases.rs"));
