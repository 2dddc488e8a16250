//! `list` and `cases`: what the kit would try, and the files that say so.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use crate::case::{Case, Catalogue, Role, Selection};
use crate::verdict::Exit;

use super::{CommandError, role};

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// Only these cases or requirements.
    patterns: Vec<String>,
    /// Only this role.
    #[arg(long, value_parser = role)]
    role: Option<Role>,
}

#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// The folder to write the case files and their schema into.
    folder: PathBuf,
}

pub(super) fn list(arguments: &ListArguments) -> Result<Exit, CommandError> {
    let catalogue = Catalogue::embedded()?;
    let selection = Selection::new(arguments.patterns.clone());
    let roles: Vec<Role> = arguments.role.map_or(Role::ALL.to_vec(), |role| vec![role]);
    let mut shown = 0;
    let mut refused = None;
    for role in roles {
        match selection.select(&catalogue, role) {
            Ok(cases) => {
                cases.iter().for_each(|case| show(case));
                shown += cases.len();
            }
            Err(error) => refused = Some(error),
        }
    }
    match (shown, refused) {
        (0, Some(error)) => Err(error.into()),
        _ => {
            println!("{shown} cases");
            Ok(Exit::Conformant)
        }
    }
}

pub(super) fn export(arguments: &ExportArguments) -> Result<Exit, CommandError> {
    let write = |path: PathBuf, text: &str| {
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&path, text))
            .map_err(|why| CommandError::usage(format!("cannot write {}: {why}", path.display())))
    };
    for (path, text) in Catalogue::embedded_files() {
        write(arguments.folder.join(path), text)?;
    }
    write(arguments.folder.join("case.schema.json"), &schema())?;
    let count = Catalogue::embedded_files().len();
    println!(
        "{count} cases and their schema are in {}",
        arguments.folder.display()
    );
    Ok(Exit::Conformant)
}

/// The schema of a case file.
pub(super) fn schema() -> String {
    let schema = schemars::schema_for!(Case);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

fn show(case: &Case) {
    let cites: Vec<&str> = case
        .requirements
        .iter()
        .map(|cited| cited.id.as_str())
        .collect();
    println!(
        "{:<62} {} ({})",
        case.id.as_str(),
        case.title,
        cites.join(", ")
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_on_disk_is_the_types_schema() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/case.schema.json");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(path, schema()).expect("writable");
        }
        let golden = fs::read_to_string(path).expect("there is a schema");
        assert!(
            golden == schema(),
            "run again with UPDATE_GOLDEN=1 and look at the difference"
        );
    }

    #[test]
    fn every_case_satisfies_the_schema() {
        let schema = serde_json::from_str(&schema()).expect("JSON");
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        for (path, text) in Catalogue::embedded_files() {
            let case = serde_json::from_str(text).expect("JSON");
            let wrong: Vec<String> = validator
                .iter_errors(&case)
                .map(|error| error.to_string())
                .collect();
            assert!(wrong.is_empty(), "{path}: {wrong:?}");
        }
    }
}
