//! Export and import: a whole store as lines of JSON that people and other programs can read.
//!
//! ```text
//! {"restante":"export","form":1,"center":"…","at":1700000000000,"floor":3}
//! {"kind":8,"owner":"…","key":"…","revision":2,"format":1,"body":{"user":"Ann",…}}      one per record
//! {"rows":1,"sha256":"…"}
//! ```
//!
//! The last line counts the records and holds the digest of every byte before it. An import reads
//! the file twice: once to know that it is whole, sound and this center's, and only then to write.
//! The digest finds damage, not forgery: whoever may write an export may write a digest.

use std::io::{self, BufRead, Seek, SeekFrom, Write};

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use restante_core::Timestamp;
use restante_core::record::{Key, Kind, Owner, Revision, Row};

use crate::port::StoreError;
use crate::sqlite::OpenError;

/// Why an export or an import was not done. Nothing was written into any store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// It is something else.
    #[error("this is not an export of a Restante store")]
    NotAnExport,
    /// A newer version has written it.
    #[error(
        "the export has form {found}, and this program knows up to {FORM}; use a newer program"
    )]
    Newer {
        /// Its form.
        found: u32,
    },
    /// It is another center's.
    #[error(
        "the export belongs to the center {theirs}, and this is the center {ours}; \
         import it with the key file of the center that exported it"
    )]
    Foreign {
        /// Whose it is.
        theirs: String,
        /// Who wants it.
        ours: String,
    },
    /// It has been altered.
    #[error("the export is damaged in line {line}: {what}; use another copy of it")]
    Damaged {
        /// The line, counted from 1.
        line: u64,
        /// What is wrong there.
        what: String,
    },
    /// Its end is missing.
    #[error("the export ends after line {line} without its last line; use a whole copy of it")]
    Cut {
        /// The last line there is.
        line: u64,
    },
    /// The store holds something already.
    #[error("the store holds {records} records already; import into a new one")]
    NotEmpty {
        /// How many.
        records: u64,
    },
    /// The store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The export cannot be read or written.
    #[error("the export cannot be read or written: {0}")]
    Io(#[from] io::Error),
}

/// What an export says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose records they are.
    pub center: String,
    /// When they were exported.
    pub at: Timestamp,
    /// The highest revision that a deleted record had.
    pub floor: Revision,
}

/// Writes an export, row by row in key order.
pub struct Exporter<W> {
    to: W,
    digest: Context,
    rows: u64,
}

impl<W: Write> Exporter<W> {
    /// Begins an export.
    ///
    /// # Errors
    /// [`TransferError::Io`].
    pub fn new(to: W, head: &Head) -> Result<Self, TransferError> {
        let mut exporter = Self {
            to,
            digest: Context::new(&SHA256),
            rows: 0,
        };
        exporter.line(&HeadLine {
            restante: "export".into(),
            form: FORM,
            center: head.center.as_str().into(),
            at: head.at,
            floor: head.floor.0,
        })?;
        Ok(exporter)
    }

    /// Writes one row.
    ///
    /// # Errors
    /// [`TransferError::Io`].
    pub fn row(&mut self, row: &Row) -> Result<(), TransferError> {
        let body = as_json(&row.body);
        self.rows += 1;
        self.line(&RowLine {
            kind: row.key.kind.number(),
            owner: hex(&row.key.owner.0),
            key: hex(&row.key.key),
            revision: row.revision.0,
            format: row.format,
            bytes: body.is_none().then(|| hex(&row.body)),
            body,
        })
    }

    /// Ends the export; how many rows it has.
    ///
    /// # Errors
    /// [`TransferError::Io`].
    pub fn finish(mut self) -> Result<u64, TransferError> {
        let tail = TailLine {
            rows: self.rows,
            sha256: hex(self.digest.clone().finish().as_ref()),
        };
        self.line(&tail)?;
        self.to.flush()?;
        Ok(self.rows)
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), TransferError> {
        let mut text = serde_json::to_vec(line).map_err(io::Error::from)?;
        text.push(b'\n');
        self.digest.update(&text);
        self.to.write_all(&text)?;
        Ok(())
    }
}

/// An export that has been read once and is whole, sound and the right center's.
pub struct Checked<'a, R> {
    from: &'a mut R,
    start: u64,
    head: Head,
}

/// Reads an export from here to its end and judges it.
///
/// # Errors
/// [`TransferError`] if it is not an export of `center`, or not all of it.
pub fn check<'a, R: BufRead + Seek>(
    from: &'a mut R,
    center: &str,
) -> Result<Checked<'a, R>, TransferError> {
    let start = from.stream_position()?;
    let mut lines = Lines::new(&mut *from);
    let head = read_head(&mut lines, center)?;
    read_rows(lines, |_| Ok(()))?;
    Ok(Checked { from, start, head })
}

impl<R: BufRead + Seek> Checked<'_, R> {
    /// What the export says of itself.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Reads it once more and gives each row to `take`, in key order; how many there are.
    ///
    /// # Errors
    /// What `take` fails with, or [`TransferError`] if the export has changed since it was checked.
    /// What was taken by then has to be given up.
    pub fn each_row(
        self,
        take: impl FnMut(Row) -> Result<(), TransferError>,
    ) -> Result<u64, TransferError> {
        self.from.seek(SeekFrom::Start(self.start))?;
        let mut lines = Lines::new(self.from);
        read_head(&mut lines, &self.head.center)?;
        read_rows(lines, take)
    }
}

fn read_head<R: BufRead>(lines: &mut Lines<R>, center: &str) -> Result<Head, TransferError> {
    // Whatever cannot be read as a first line is something else, not a damaged export.
    let text = lines.read()?.ok_or(TransferError::NotAnExport)?;
    let mark: Mark = serde_json::from_slice(&text).map_err(|_| TransferError::NotAnExport)?;
    if mark.restante != "export" {
        return Err(TransferError::NotAnExport);
    }
    if mark.form > FORM {
        return Err(TransferError::Newer { found: mark.form });
    }
    let head: HeadLine<'_> =
        serde_json::from_slice(&text).map_err(|error| lines.damaged(&error))?;
    if head.center != center {
        return Err(TransferError::Foreign {
            theirs: head.center.into_owned(),
            ours: center.to_owned(),
        });
    }
    Ok(Head {
        center: head.center.into_owned(),
        at: head.at,
        floor: Revision(head.floor),
    })
}

fn read_rows<R: BufRead>(
    mut lines: Lines<R>,
    mut take: impl FnMut(Row) -> Result<(), TransferError>,
) -> Result<u64, TransferError> {
    let (mut rows, mut last) = (0, None);
    loop {
        let digest = lines.digest.clone();
        let Some(text) = lines.read()? else {
            return Err(TransferError::Cut { line: lines.line });
        };
        if text.starts_with(TAIL) {
            let tail: TailLine =
                serde_json::from_slice(&text).map_err(|error| lines.damaged(&error))?;
            read_end(&mut lines, &tail, rows, &hex(digest.finish().as_ref()))?;
            return Ok(rows);
        }
        let row = read_row(&text).map_err(|what| lines.damaged(&what))?;
        if last.as_ref().is_some_and(|last| *last >= row.key) {
            return Err(lines.damaged(&"the records are not in the order of their keys"));
        }
        last = Some(row.key.clone());
        rows += 1;
        take(row)?;
    }
}

fn read_end<R: BufRead>(
    lines: &mut Lines<R>,
    tail: &TailLine,
    rows: u64,
    digest: &str,
) -> Result<(), TransferError> {
    if tail.rows != rows {
        return Err(lines.damaged(&format!(
            "it says {} records, and there are {rows}",
            tail.rows
        )));
    }
    if tail.sha256 != digest {
        return Err(lines.damaged(&"the digest does not fit what is above"));
    }
    match lines.read()? {
        None => Ok(()),
        Some(_) => Err(lines.damaged(&"there is more after the last line")),
    }
}

fn read_row(text: &[u8]) -> Result<Row, String> {
    let line: RowLine<'_> = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let kind = Kind::from_number(line.kind)
        .filter(|kind| !kind.is_volatile())
        .ok_or_else(|| format!("there is no kind {}", line.kind))?;
    let owner = unhex(&line.owner)
        .and_then(|owner| owner.try_into().ok())
        .ok_or("the owner is not 16 bytes in hexadecimal")?;
    let key = unhex(&line.key).ok_or("the key is not hexadecimal")?;
    let body = match (line.body, line.bytes) {
        (Some(body), None) => body.get().as_bytes().to_vec(),
        (None, Some(bytes)) => unhex(&bytes).ok_or("the bytes are not hexadecimal")?,
        _ => return Err("there has to be either a body or bytes".to_owned()),
    };
    if line.revision == 0 {
        return Err("a record that is there cannot have revision 0".to_owned());
    }
    Ok(Row {
        key: Key::owned(kind, Owner(owner), &key),
        revision: Revision(line.revision),
        format: line.format,
        body,
    })
}

/// Whole lines, counted and digested.
struct Lines<R> {
    from: R,
    digest: Context,
    line: u64,
}

impl<R: BufRead> Lines<R> {
    fn new(from: R) -> Self {
        Self {
            from,
            digest: Context::new(&SHA256),
            line: 0,
        }
    }

    /// The next line without its end; `None` after the last.
    fn read(&mut self) -> Result<Option<Vec<u8>>, TransferError> {
        let mut text = Vec::new();
        let mut bounded = io::Read::take(&mut self.from, LINE_BYTES);
        if bounded.read_until(b'\n', &mut text)? == 0 {
            return Ok(None);
        }
        self.digest.update(&text);
        if text.pop() != Some(b'\n') {
            return Err(TransferError::Cut { line: self.line });
        }
        self.line += 1;
        Ok(Some(text))
    }

    fn damaged(&self, what: &impl ToString) -> TransferError {
        TransferError::Damaged {
            line: self.line,
            what: what.to_string(),
        }
    }
}

/// What tells an export from anything else, in every form there will be.
#[derive(Deserialize)]
struct Mark {
    restante: String,
    form: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadLine<'a> {
    restante: std::borrow::Cow<'a, str>,
    form: u32,
    center: std::borrow::Cow<'a, str>,
    at: Timestamp,
    floor: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowLine<'a> {
    kind: u8,
    owner: String,
    key: String,
    revision: u64,
    format: u16,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
    /// A body that is not JSON on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TailLine {
    rows: u64,
    sha256: String,
}

/// The body as it stands, if it is JSON that fits a line as it stands.
fn as_json(body: &[u8]) -> Option<&RawValue> {
    let raw: &RawValue = serde_json::from_slice(body).ok()?;
    let is_whole = raw.get().len() == body.len();
    // A lone `null` would read back as no body at all.
    (is_whole && !body.contains(&b'\n') && body != b"null").then_some(raw)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok();
    if rest.is_empty() {
        pairs.iter().map(byte).collect()
    } else {
        None
    }
}

/// The form that is written now.
const FORM: u32 = 1;
/// How the last line begins; no other does.
const TAIL: &[u8] = b"{\"rows\":";
/// The longest line: far more than a record ever has.
const LINE_BYTES: u64 = 64 << 20;
