//! What is printed: tables for people, JSON for programs.

use std::io::{IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use restante_core::wire::people::DateTime;
use serde::Serialize;

use super::Failure;

/// Prints a table, or a sentence where it would be empty.
///
/// # Errors
/// [`Failure`] if it cannot be printed.
pub fn table(heads: &[&str], rows: Vec<Vec<String>>, empty: &str) -> Result<(), Failure> {
    if rows.is_empty() {
        return line(empty);
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(heads);
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table.add_rows(rows);
    let text = table.to_string();
    let trimmed: Vec<&str> = text.lines().map(str::trim_end).collect();
    line(&trimmed.join("\n"))
}

/// Prints JSON.
///
/// # Errors
/// [`Failure`] if it cannot be printed.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| unwritable(&error))?;
    line(&text)
}

/// Prints JSON in one line, where more lines follow.
///
/// # Errors
/// [`Failure`] if it cannot be printed.
pub fn json_line(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|error| unwritable(&error))?;
    line(&text)
}

fn unwritable(error: &serde_json::Error) -> Failure {
    Failure::ran(format!("cannot be written as JSON: {error}"))
}

/// Prints a line. A reader that has seen enough (`| head`) is no failure.
///
/// # Errors
/// [`Failure`] if it cannot be printed.
pub fn line(text: &str) -> Result<(), Failure> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::ran(format!("cannot print: {error}")))
        }
        _ => Ok(()),
    }
}

/// A time to the minute, as people read it.
#[must_use]
pub fn minute(at: DateTime) -> String {
    let text = at.to_text();
    match text.get(..16) {
        Some(minute) => minute.replace('T', " "),
        None => text,
    }
}
