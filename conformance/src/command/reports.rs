//! `report` and `claim`: a run's results in other forms.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::report::{badge, html, junit, markdown, sentence};
use crate::results::{Results, read};
use crate::verdict::Exit;

use super::{CommandError, say};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder or results.jsonl of the run.
    run: PathBuf,
    /// Which form.
    #[arg(long, value_enum)]
    format: Format,
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// JUnit XML, for CI servers.
    Junit,
    /// One JSON document.
    Json,
    /// One page without any other file.
    Html,
    /// Markdown, for pull requests.
    Md,
    /// A badge, in the form that shields.io reads.
    Badge,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let results = read(&arguments.run)?;
    say(&form(&results, arguments.format)?);
    Ok(Exit::Conformant)
}

/// Writes the reports that people and CI servers open, beside `results.jsonl`.
pub(super) fn write_reports(results: &Results, folder: &Path) -> Result<(), CommandError> {
    for (name, format) in [("report.html", Format::Html), ("junit.xml", Format::Junit)] {
        let text = form(results, format)?;
        let path = folder.join(name);
        fs::write(&path, text)
            .map_err(|why| CommandError::kit(format!("cannot write {}: {why}", path.display())))?;
    }
    Ok(())
}

/// The statement that a run allows: only a whole one that passed.
pub(super) fn claim(run: &Path) -> Result<Exit, CommandError> {
    let results = read(run)?;
    let exit = results
        .summary
        .as_ref()
        .map_or(Exit::KitError, |summary| summary.exit);
    if results.header.partial {
        return Err(CommandError::usage(
            "a partial run allows no claim; run all cases",
        ));
    }
    if exit != Exit::Conformant {
        return Err(CommandError::usage(format!(
            "no claim: {}",
            sentence(&results)
        )));
    }
    let header = &results.header;
    let claim = serde_json::json!({
        "claim": sentence(&results),
        "specification": header.spec,
        "role": header.role,
        "product": header.product,
        "profile": header.profile,
        "control": header.control,
        "line": header.line,
        "kit": header.kit,
        "began": header.began,
        "summary": results.summary,
    });
    say(&format!("{claim:#}"));
    Ok(Exit::Conformant)
}

fn form(results: &Results, format: Format) -> Result<String, CommandError> {
    match format {
        Format::Junit => junit(results).map_err(CommandError::kit),
        Format::Json => serde_json::to_string_pretty(results).map_err(CommandError::kit),
        Format::Html => html(results).map_err(CommandError::kit),
        Format::Md => Ok(markdown(results)),
        Format::Badge => Ok(badge(results)),
    }
}
