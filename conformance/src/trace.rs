//! The thread from requirement to case to code: what is demanded, tried, and implemented.
//!
//! A requirement that nobody tries, a case for a requirement that does not exist, that binds
//! another role or whose words have changed since, and a requirement that no line of code claims to
//! implement are found here, before anybody relies on a green run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use restante_spec::{Requirement, Role as Bound, instruction_cells, requirements};

use crate::case::{Case, Catalogue, Role};
use crate::faults;

/// The requirements of the specification, by id.
#[derive(Clone, Debug)]
pub struct Demands {
    by_id: BTreeMap<String, Requirement>,
}

/// A broken thread.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Loose {
    /// Nobody tries it.
    #[error("{id} ({chapter}) is testable, and no case cites it: {text}")]
    Untried {
        /// The requirement.
        id: String,
        /// Where it stands.
        chapter: String,
        /// What it demands.
        text: String,
    },
    /// The case cites what there is not.
    #[error("{case} cites {id}, which the specification does not have")]
    Unknown {
        /// The case.
        case: String,
        /// The id.
        id: String,
    },
    /// The case is for one role, the requirement for another.
    #[error("{case} cites {id}, which binds a {bound}")]
    OtherRole {
        /// The case.
        case: String,
        /// The requirement.
        id: String,
        /// Whom it binds.
        bound: &'static str,
    },
    /// The words have changed since the case was written.
    #[error(
        "{case} was written for other words of {id}; read them again and put {digest:?} into the case"
    )]
    Reworded {
        /// The case.
        case: String,
        /// The requirement.
        id: String,
        /// What the case has to say.
        digest: String,
    },
    /// It has cases, and no fault shows that they can fail.
    #[error("{id} ({chapter}) has cases, and no fault breaks it: {text}")]
    Unbroken {
        /// The requirement.
        id: String,
        /// Where it stands.
        chapter: String,
        /// What it demands.
        text: String,
    },
    /// Nobody tries a cell of the table of what happens to an instruction.
    #[error("no case tries the cell {cell:?} of section 5.2")]
    Bare {
        /// The cell.
        cell: String,
    },
    /// The case tries a cell that the table does not have.
    #[error("{case} names the cell {cell:?}, which section 5.2 does not have")]
    NoCell {
        /// The case.
        case: String,
        /// The cell.
        cell: String,
    },
    /// No line of code claims to implement it.
    #[error("no line of code cites {id} ({chapter}): {text}")]
    Unclaimed {
        /// The requirement.
        id: String,
        /// Where it stands.
        chapter: String,
        /// What it demands.
        text: String,
    },
    /// A line of code cites what there is not.
    #[error("{place} cites {id}, which the specification does not have")]
    Stray {
        /// File and line.
        place: String,
        /// The id.
        id: String,
    },
}

impl Demands {
    /// The requirements of the specification that the kit was built with.
    #[must_use]
    pub fn of_this_specification() -> Self {
        let by_id = requirements()
            .into_iter()
            .map(|demand| (demand.id.clone(), demand));
        Self {
            by_id: by_id.collect(),
        }
    }

    /// The requirement with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Requirement> {
        self.by_id.get(id)
    }

    /// All of them in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Requirement> {
        self.by_id.values()
    }

    /// Whether a failure of the case breaks a MUST.
    #[must_use]
    pub fn is_must(&self, case: &Case) -> bool {
        let mut cited = case
            .requirements
            .iter()
            .filter_map(|cited| self.get(&cited.id));
        cited.any(is_strict)
    }

    /// What a case has to say of the requirement's words.
    #[must_use]
    pub fn stamp(&self, id: &str) -> Option<String> {
        self.get(id).map(stamp)
    }

    /// What is loose between requirements and cases.
    #[must_use]
    pub fn loose(&self, catalogue: &Catalogue) -> Vec<Loose> {
        let mut found: Vec<Loose> = catalogue
            .iter()
            .flat_map(|case| self.loose_citations(case))
            .collect();
        let cited: BTreeSet<&str> = catalogue
            .iter()
            .flat_map(|case| case.requirements.iter().map(|cited| cited.id.as_str()))
            .collect();
        let untried = self
            .iter()
            .filter(|demand| demand.is_testable() && !cited.contains(demand.id.as_str()));
        found.extend(untried.map(|demand| Loose::Untried {
            id: demand.id.clone(),
            chapter: demand.chapter.clone(),
            text: demand.text.clone(),
        }));
        found.extend(loose_cells(catalogue));
        found
    }

    /// What is loose between requirements and faults: every MUST that cases try has a fault that
    /// breaks it.
    #[must_use]
    pub fn loose_faults(&self, catalogue: &Catalogue) -> Vec<Loose> {
        let broken: BTreeSet<String> = faults::all()
            .flat_map(|fault| fault.broken(catalogue))
            .collect();
        let never = self.iter().filter(|demand| {
            let bound = demand.is_testable() && is_strict(demand) && demand.role != Bound::Child;
            bound && !broken.contains(&demand.id)
        });
        let loose = never.map(|demand| Loose::Unbroken {
            id: demand.id.clone(),
            chapter: demand.chapter.clone(),
            text: demand.text.clone(),
        });
        loose.collect()
    }

    /// What is loose between requirements and the code below these folders.
    ///
    /// # Errors
    /// What the system says of a folder or file that cannot be read.
    pub fn loose_code(&self, roots: &[PathBuf]) -> io::Result<Vec<Loose>> {
        let mut claims = Vec::new();
        for root in roots {
            claims_below(root, &mut claims)?;
        }
        let claimed: BTreeSet<&str> = claims.iter().map(|(_, id)| id.as_str()).collect();
        let strays = claims.iter().filter(|(_, id)| self.get(id).is_none());
        let mut found: Vec<Loose> = strays
            .map(|(place, id)| Loose::Stray {
                place: place.clone(),
                id: id.clone(),
            })
            .collect();
        let silent = self
            .iter()
            .filter(|demand| demand.role != Bound::Child)
            .filter(|demand| demand.is_testable() && !claimed.contains(demand.id.as_str()));
        found.extend(silent.map(|demand| Loose::Unclaimed {
            id: demand.id.clone(),
            chapter: demand.chapter.clone(),
            text: demand.text.clone(),
        }));
        Ok(found)
    }

    fn loose_citations(&self, case: &Case) -> Vec<Loose> {
        let one = |cited: &crate::case::Citation| {
            let (name, id) = (case.id.to_string(), cited.id.clone());
            let Some(demand) = self.get(&cited.id) else {
                return Some(Loose::Unknown { case: name, id });
            };
            if !binds(demand.role, case.role) {
                let bound = demand.role.word();
                return Some(Loose::OtherRole {
                    case: name,
                    id,
                    bound,
                });
            }
            let digest = stamp(demand);
            (digest != cited.text).then_some(Loose::Reworded {
                case: name,
                id,
                digest,
            })
        };
        case.requirements.iter().filter_map(one).collect()
    }
}

/// What is loose between the table of what happens to an instruction and the cases.
fn loose_cells(catalogue: &Catalogue) -> Vec<Loose> {
    let cells = instruction_cells();
    let tried: Vec<(&Case, &String)> = catalogue
        .iter()
        .flat_map(|case| case.cells.iter().map(move |cell| (case, cell)))
        .collect();
    let bare = cells
        .iter()
        .filter(|cell| !tried.iter().any(|(_, it)| it == cell))
        .map(|cell| Loose::Bare { cell: cell.clone() });
    let strange = tried
        .iter()
        .filter(|(_, cell)| !cells.contains(cell))
        .map(|(case, cell)| Loose::NoCell {
            case: case.id.to_string(),
            cell: (*cell).clone(),
        });
    bare.chain(strange).collect()
}

/// Whether it is a MUST.
#[must_use]
pub const fn is_strict(demand: &Requirement) -> bool {
    use restante_spec::Keyword::{Must, MustNot};
    matches!(demand.keyword, Must | MustNot)
}

/// Whether a case of this role can try a requirement that binds that one. A gateway is a device in
/// its own conversations with the center.
const fn binds(bound: Bound, role: Role) -> bool {
    matches!(
        (bound, role),
        (Bound::Center, Role::Server)
            | (Bound::Device, Role::Device | Role::Gateway)
            | (Bound::Gateway, Role::Gateway)
            | (Bound::Provider, Role::Provider)
    )
}

/// The first eight digits of the digest: enough to notice, short enough to read.
fn stamp(demand: &Requirement) -> String {
    demand.digest.chars().take(8).collect()
}

/// Each `// spec: ENR-001, ENR-002` below a folder, with its place.
fn claims_below(dir: &Path, claims: &mut Vec<(String, String)>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") {
            claims_below(&path, claims)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path)?;
            for (at, line) in text.lines().enumerate() {
                let Some((_, ids)) = line.split_once("// spec: ") else {
                    continue;
                };
                let place = format!("{}:{}", path.display(), at + 1);
                let ids = ids.split([',', ' ']).filter(|id| is_id(id));
                claims.extend(ids.map(|id| (place.clone(), id.to_owned())));
            }
        }
    }
    Ok(())
}

fn is_id(text: &str) -> bool {
    let parts = text.split_once('-');
    parts.is_some_and(|(family, number)| {
        !family.is_empty()
            && family.bytes().all(|b| b.is_ascii_uppercase())
            && number.len() == 3
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_code_names_one_requirement_or_several() {
        let dir = tempfile::tempdir().expect("a folder");
        let text = "// spec: ENR-001, ENR-002\nfn f() {} // spec: nothing\n";
        fs::write(dir.path().join("a.rs"), text).expect("written");
        let mut claims = Vec::new();
        claims_below(dir.path(), &mut claims).expect("readable");
        let ids: Vec<&str> = claims.iter().map(|(_, id)| id.as_str()).collect();
        assert_eq!(ids, ["ENR-001", "ENR-002"]);
    }
}
