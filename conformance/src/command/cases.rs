//! `list` and `cases`: what the kit would try, and the files that say so.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use crate::case::{Case, Catalogue, Role, Scenario, Selection};
use crate::verdict::Exit;

use super::{CommandError, role};

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// Only these cases or requirements.
    patterns: Vec<String>,
    /// Only this role.
    #[arg(long, value_parser = role)]
    role: Option<Role>,
    /// By acceptance scenario: which cases play each.
    #[arg(long, conflicts_with = "patterns")]
    scenarios: bool,
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
    if arguments.scenarios {
        print!("{}", scenarios(&catalogue, &roles));
        return Ok(Exit::Conformant);
    }
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

/// Each scenario with the cases that play it for these roles.
fn scenarios(catalogue: &Catalogue, roles: &[Role]) -> String {
    let mut out = String::new();
    for scenario in Scenario::ALL {
        out.push_str(&format!("{}. {}\n", scenario.number, scenario.name));
        for &role in roles {
            for case in scenario.cases(catalogue, role) {
                let prefix = format!("Scenario {}: ", scenario.number);
                let title = case.title.strip_prefix(&prefix).unwrap_or(&case.title);
                out.push_str(&format!("   {:<58} {title}\n", case.id.as_str()));
            }
        }
    }
    out
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
    fn a_scenario_is_listed_with_the_cases_that_play_it() {
        let catalogue = Catalogue::embedded().expect("the cases");
        let text = scenarios(&catalogue, &[Role::Provider]);
        let lines: Vec<&str> = text.lines().collect();
        let at = lines.iter().position(|line| *line == "5. Regular polling");
        let next = at
            .and_then(|at| lines.get(at + 1))
            .copied()
            .unwrap_or_default();
        assert!(next.starts_with("   provider/SCN/"), "{text}");
        assert!(!text.contains("server/"), "{text}");
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
