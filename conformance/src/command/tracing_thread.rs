//! `trace`: whether requirements, cases and code belong together; and stamping cases anew after
//! their requirements were read again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::case::{Case, Catalogue};
use crate::faults;
use crate::trace::Demands;
use crate::verdict::Exit;

use super::CommandError;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Check, and exit 1 where a thread is loose.
    #[arg(long)]
    check: bool,
    /// Tell of each requirement how many cases cite it, and which faults turn them over.
    #[arg(long)]
    requirements: bool,
    /// Folders of code that has to cite what it implements.
    #[arg(long)]
    code: Vec<PathBuf>,
    /// A folder of cases to take instead of the embedded ones.
    #[arg(long)]
    cases: Option<PathBuf>,
    /// Write the present words' digests into the cases of that folder.
    #[arg(long, requires = "cases")]
    stamp: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let demands = Demands::of_this_specification();
    if let (true, Some(folder)) = (arguments.stamp, &arguments.cases) {
        stamp(folder, &demands)?;
    }
    let catalogue = match &arguments.cases {
        None => Catalogue::embedded()?,
        Some(folder) => Catalogue::from_folder(folder).map_err(CommandError::usage)?,
    };
    let mut loose = demands.loose(&catalogue);
    loose.extend(demands.loose_faults(&catalogue));
    if arguments.requirements {
        tell(&demands, &catalogue);
    }
    let code = demands
        .loose_code(&arguments.code)
        .map_err(CommandError::usage)?;
    if !arguments.code.is_empty() {
        loose.extend(code);
    }
    loose.iter().for_each(|thread| println!("{thread}"));
    let testable = demands.iter().filter(|demand| demand.is_testable()).count();
    println!(
        "{} requirements ({testable} testable), {} cases, {} loose threads",
        demands.iter().count(),
        catalogue.iter().count(),
        loose.len()
    );
    let broken = arguments.check && !loose.is_empty();
    Ok(if broken {
        Exit::NotConformant
    } else {
        Exit::Conformant
    })
}

/// One line for each requirement: who tries it, and what turns the trial over.
fn tell(demands: &Demands, catalogue: &Catalogue) {
    let broken: Vec<(&str, BTreeSet<String>)> = faults::all()
        .map(|fault| (fault.name, fault.broken(catalogue)))
        .collect();
    for demand in demands.iter() {
        let id = demand.id.as_str();
        let citing = |case: &&Case| case.requirements.iter().any(|cited| cited.id == id);
        let cases = catalogue.iter().filter(citing).count();
        let by = broken.iter().filter(|(_, broken)| broken.contains(id));
        let by: Vec<&str> = by.map(|(name, _)| *name).collect();
        let flipped = match (by.is_empty(), &demand.untestable) {
            (false, _) => format!("✓ {}", by.join(", ")),
            (true, Some(why)) => format!("· untestable: {why}"),
            (true, None) => "? no fault".to_owned(),
        };
        let role = demand.role.word();
        println!("{id:<9} {role:<8} {cases:>2} cases  {flipped}");
    }
}

/// Puts the digests of the present words into every case of a folder.
fn stamp(folder: &Path, demands: &Demands) -> Result<(), CommandError> {
    let catalogue = Catalogue::from_folder(folder).map_err(CommandError::usage)?;
    for case in catalogue.iter() {
        let path = folder.join(format!("{}.json", case.id));
        let text = fs::read_to_string(&path).map_err(CommandError::usage)?;
        let stamped = stamped(case, demands, text.clone());
        if stamped != text {
            fs::write(&path, stamped).map_err(CommandError::usage)?;
        }
    }
    Ok(())
}

/// The file with the digests replaced and everything else as its author wrote it.
fn stamped(case: &Case, demands: &Demands, mut text: String) -> String {
    for cited in &case.requirements {
        if let Some(digest) = demands.stamp(&cited.id) {
            let old = format!("{{\"id\": \"{}\", \"text\": \"{}\"}}", cited.id, cited.text);
            let new = format!("{{\"id\": \"{}\", \"text\": \"{digest}\"}}", cited.id);
            text = text.replace(&old, &new);
        }
    }
    text
}
