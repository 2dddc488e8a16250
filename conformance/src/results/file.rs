//! Reading and writing `results.jsonl`.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{CaseResult, FORMAT, FaultResult, Header, Results, Summary};

/// Why results cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResultsError {
    /// The system refuses.
    #[error("cannot use {path}: {why}", path = path.display())]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// A line that is none of a results file.
    #[error("{path}, line {line}: {why}", path = path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}

/// One line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum FileLine {
    Header(Box<Header>),
    Case(Box<CaseResult>),
    Fault(Box<FaultResult>),
    Summary(Summary),
}

/// Writes `results.jsonl` into the folder, which is made where it is not there.
///
/// # Errors
/// [`ResultsError::File`] if the system refuses.
pub fn write(results: &Results, folder: &Path) -> Result<PathBuf, ResultsError> {
    let path = folder.join(NAME);
    let failed = |why| ResultsError::File {
        path: path.clone(),
        why,
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let mut file = BufWriter::new(File::create(&path).map_err(failed)?);
    let header = FileLine::Header(Box::new(results.header.clone()));
    let cases = results
        .cases
        .iter()
        .cloned()
        .map(Box::new)
        .map(FileLine::Case);
    let faults = results.faults.iter().cloned().map(Box::new);
    let faults = faults.map(FileLine::Fault);
    let summary = results.summary.iter().cloned().map(FileLine::Summary);
    for line in std::iter::once(header)
        .chain(cases)
        .chain(faults)
        .chain(summary)
    {
        let text = serde_json::to_string(&line).map_err(|why| failed(why.into()))?;
        writeln!(file, "{text}").map_err(failed)?;
    }
    file.flush().map_err(failed)?;
    Ok(path)
}

/// Reads the `results.jsonl` of a folder, or such a file itself.
///
/// # Errors
/// [`ResultsError`] names the file and the line.
pub fn read(at: &Path) -> Result<Results, ResultsError> {
    let path = if at.is_dir() {
        at.join(NAME)
    } else {
        at.to_owned()
    };
    let failed = |why| ResultsError::File {
        path: path.clone(),
        why,
    };
    let reader = BufReader::new(File::open(&path).map_err(failed)?);
    let (mut header, mut cases, mut faults, mut summary) = (None, Vec::new(), Vec::new(), None);
    for (at, line) in reader.lines().enumerate() {
        let wrong = |why: String| ResultsError::Line {
            path: path.clone(),
            line: at + 1,
            why,
        };
        let line = line.map_err(failed)?;
        match serde_json::from_str(&line).map_err(|why| wrong(why.to_string()))? {
            FileLine::Header(first) if first.format != FORMAT => {
                return Err(wrong(format!("form {} is not known", first.format)));
            }
            FileLine::Header(first) => header = Some(*first),
            FileLine::Case(case) => cases.push(*case),
            FileLine::Fault(fault) => faults.push(*fault),
            FileLine::Summary(last) => summary = Some(last),
        }
    }
    let header = header.ok_or_else(|| ResultsError::Line {
        path,
        line: 1,
        why: "the first line is no header".to_owned(),
    })?;
    Ok(Results {
        header,
        cases,
        faults,
        summary,
    })
}

/// The file's name.
const NAME: &str = "results.jsonl";
