//! Files for other programs, a line for each thing: comma-separated values (RFC 4180) or JSON
//! lines.
//!
//! A text that a spreadsheet would take for a formula gets an apostrophe in front: names come from
//! people and devices, and a file that is opened by a click must not compute anything of theirs.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use super::Failure;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Comma-separated values with a heading
    Csv,
    /// One JSON object in each line
    Jsonl,
}

/// A file that is being written.
pub struct Lines {
    to: Box<dyn Write>,
    name: String,
    form: Form,
}

impl Lines {
    /// Begins a file that is not there yet, or standard output. Values have these headings.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be made.
    pub fn create(path: Option<PathBuf>, form: Form, heading: &[String]) -> Result<Self, Failure> {
        let name = path
            .as_ref()
            .map_or("standard output".into(), |path| path.display().to_string());
        let to: Box<dyn Write> = match path {
            None => Box::new(BufWriter::new(io::stdout().lock())),
            Some(path) => {
                let file = File::create_new(&path).map_err(|error| failed(&name, &error))?;
                Box::new(BufWriter::new(file))
            }
        };
        let mut lines = Self { to, name, form };
        if form == Form::Csv {
            lines.line(&csv_line(heading))?;
        }
        Ok(lines)
    }

    /// Writes a line: these values, or this as JSON.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written.
    pub fn write(
        &mut self,
        values: impl FnOnce() -> Vec<String>,
        json: &impl Serialize,
    ) -> Result<(), Failure> {
        let text = match self.form {
            Form::Csv => csv_line(&values()),
            Form::Jsonl => serde_json::to_string(json)
                .map_err(|error| Failure::ran(format!("cannot be written as JSON: {error}")))?,
        };
        self.line(&text)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`Failure`] if what is left cannot be written.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.to.flush().map_err(|error| failed(&self.name, &error))
    }

    fn line(&mut self, text: &str) -> Result<(), Failure> {
        let end = if self.form == Form::Csv { "\r\n" } else { "\n" };
        write!(self.to, "{text}{end}").map_err(|error| failed(&self.name, &error))
    }
}

fn csv_line(fields: &[String]) -> String {
    let quoted: Vec<String> = fields.iter().map(|field| csv_field(field)).collect();
    quoted.join(",")
}

fn csv_field(field: &str) -> String {
    let safe = if field.starts_with(['=', '+', '-', '@']) {
        format!("'{field}")
    } else {
        field.to_owned()
    };
    if safe.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

fn failed(name: &str, error: &io::Error) -> Failure {
    Failure::ran(format!("{name} cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_a_spreadsheet_would_compute_is_disarmed() {
        assert_eq!(csv_field("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(csv_field("@sum,1"), "\"'@sum,1\"");
        assert_eq!(csv_field("Müller \"&\" Sohn"), "\"Müller \"\"&\"\" Sohn\"");
        assert_eq!(csv_field("plain"), "plain");
    }
}
