//! Reading a configuration so that every mistake has a place: file, line and column.
//!
//! A [`Section`] yields settings by name and remembers which names exist; what is left over at the
//! end is unknown and is refused with the nearest name that exists. Every value is checked where it
//! stands, so that a message can point at it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};

use restante_core::Seconds;
use restante_core::id::Model;
use restante_core::wire::Host;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::duration::{duration_text, parse_duration};

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {} cannot be read: {why}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// There is none yet.
    #[error("there is no configuration at {}; make one with: {program} init", path.display())]
    Missing {
        /// Where it was expected.
        path: PathBuf,
        /// The program whose it is.
        program: &'static str,
    },
    /// Something in it is wrong.
    #[error("{}:{line}:{column}: {what}", path.display())]
    Mistake {
        /// Which file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The character in the line, counted from 1.
        column: usize,
        /// What is wrong, and what would be right.
        what: String,
    },
}

/// The text of this program's configuration at `path`.
pub(super) fn read(path: &Path, program: &'static str) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|why| {
        let path = path.into();
        match why.kind() {
            io::ErrorKind::NotFound => ConfigError::Missing { path, program },
            _ => ConfigError::Unreadable { path, why },
        }
    })
}

/// The text of a configuration, for finding places in it.
pub(super) struct Document<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl Document<'_> {
    /// The mistake `what` at this place of the text.
    pub(super) fn mistake(&self, at: &Range<usize>, what: impl Into<String>) -> ConfigError {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        ConfigError::Mistake {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            what: what.into(),
        }
    }

    /// Reads the text as TOML.
    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'_>>, ConfigError> {
        DeTable::parse(self.text).map_err(|error| {
            let at = error.span().unwrap_or(0..0);
            let what = error.message().replace('\n', "; ");
            self.mistake(&at, format!("{what}; {SYNTAX}"))
        })
    }
}

/// A table of the configuration, or an empty one where it is absent.
pub(super) struct Section<'a> {
    document: &'a Document<'a>,
    name: &'static str,
    table: Option<&'a DeTable<'a>>,
    at: Range<usize>,
    known: Vec<&'static str>,
}

/// A setting whose name is a person's own choice: the name and the text.
pub(super) type Named = (Found<String>, Found<String>);

/// A value and where it stands.
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) at: Range<usize>,
}

impl<'a> Section<'a> {
    /// The whole document.
    pub(super) fn root(document: &'a Document<'a>, table: &'a Spanned<DeTable<'a>>) -> Self {
        Self {
            document,
            name: "",
            table: Some(table.get_ref()),
            at: table.span(),
            known: Vec::new(),
        }
    }

    /// The table `key` in this one; `name` is its whole name.
    pub(super) fn section(
        &mut self,
        key: &'static str,
        name: &'static str,
    ) -> Result<Self, ConfigError> {
        let found = self.find(key);
        let (table, at) = match found {
            None => (None, self.at.clone()),
            Some(value) => match value.get_ref() {
                DeValue::Table(table) => (Some(table), value.span()),
                other => return Err(self.wrong_type(key, "a table of settings", other, value)),
            },
        };
        Ok(Self {
            document: self.document,
            name,
            table,
            at,
            known: Vec::new(),
        })
    }

    /// The tables of the list `key` in this one, as many as there are; `name` is the list's name.
    pub(super) fn sections(
        &mut self,
        key: &'static str,
        name: &'static str,
    ) -> Result<Vec<Self>, ConfigError> {
        let Some(value) = self.find(key) else {
            return Ok(Vec::new());
        };
        let DeValue::Array(items) = value.get_ref() else {
            let what = "a list of tables, each with a head in two brackets";
            return Err(self.wrong_type(key, what, value.get_ref(), value));
        };
        let section = |item: &'a Spanned<DeValue<'a>>| match item.get_ref() {
            DeValue::Table(table) => Ok(Self {
                document: self.document,
                name,
                table: Some(table),
                at: item.span(),
                known: Vec::new(),
            }),
            other => Err(self.wrong_type(key, "a table of settings", other, item)),
        };
        items.iter().map(section).collect()
    }

    /// Whether the table is there at all.
    pub(super) const fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// Where the table stands.
    pub(super) const fn place(&self) -> &Range<usize> {
        &self.at
    }

    /// A text.
    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<Found<String>>, ConfigError> {
        let Some(value) = self.find(key) else {
            return Ok(None);
        };
        match value.get_ref() {
            DeValue::String(text) => Ok(Some(found(value, text.clone().into_owned()))),
            other => Err(self.wrong_type(key, "a text in quotation marks", other, value)),
        }
    }

    /// All texts of a table whose names are a person's own choice, in the order of their names.
    pub(super) fn texts(self) -> Result<Vec<Named>, ConfigError> {
        let settings = self.table.into_iter().flatten();
        settings
            .map(|(key, value)| match value.get_ref() {
                DeValue::String(text) => {
                    let name = Found {
                        value: key.get_ref().to_string(),
                        at: key.span(),
                    };
                    Ok((name, found(value, text.clone().into_owned())))
                }
                other => {
                    let name = key.get_ref();
                    Err(self.wrong_type(name, "a text in quotation marks", other, value))
                }
            })
            .collect()
    }

    /// A duration within bounds.
    pub(super) fn duration(
        &mut self,
        key: &'static str,
        bounds: RangeInclusive<Seconds>,
        default: Seconds,
    ) -> Result<Seconds, ConfigError> {
        let Some(text) = self.text(key)? else {
            return Ok(default);
        };
        let span = parse_duration(&text.value)
            .map_err(|error| self.document.mistake(&text.at, format!("`{key}`: {error}")))?;
        if bounds.contains(&span) {
            return Ok(span);
        }
        let (least, most) = (duration_text(*bounds.start()), duration_text(*bounds.end()));
        let what = format!("`{key}` is {}; it can be {least} to {most}", text.value);
        Err(self.document.mistake(&text.at, what))
    }

    /// A whole number within bounds.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        bounds: RangeInclusive<u32>,
        default: u32,
    ) -> Result<u32, ConfigError> {
        let Some(value) = self.find(key) else {
            return Ok(default);
        };
        let DeValue::Integer(integer) = value.get_ref() else {
            return Err(self.wrong_type(key, "a whole number", value.get_ref(), value));
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.and_then(|number| u32::try_from(number).ok());
        number
            .filter(|number| bounds.contains(number))
            .ok_or_else(|| {
                let (least, most) = (bounds.start(), bounds.end());
                let what = format!(
                    "`{key}` is {}; it can be {least} to {most}",
                    integer.as_str()
                );
                self.document.mistake(&value.span(), what)
            })
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
        default: T,
    ) -> Result<T, ConfigError> {
        let Some(text) = self.text(key)? else {
            return Ok(default);
        };
        let known = words.iter().find(|(word, _)| *word == text.value);
        known.map(|(_, value)| *value).ok_or_else(|| {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let what = format!("`{key}` is {:?}; it can be {}", text.value, one_of(&all));
            self.document.mistake(&text.at, what)
        })
    }

    /// Addresses to listen on.
    pub(super) fn sockets(
        &mut self,
        key: &'static str,
    ) -> Result<Option<Vec<Found<SocketAddr>>>, ConfigError> {
        self.list(
            key,
            "an address and a port, such as 127.0.0.1:8443 or [::]:8443",
        )
    }

    /// Addresses of machines.
    pub(super) fn addresses(
        &mut self,
        key: &'static str,
    ) -> Result<Option<Vec<Found<IpAddr>>>, ConfigError> {
        self.list(key, "an IP address, such as 192.0.2.1")
    }

    /// Host names.
    pub(super) fn hosts(
        &mut self,
        key: &'static str,
    ) -> Result<Option<Vec<Found<Host>>>, ConfigError> {
        self.list(key, "a host name, such as services.example")
    }

    /// A list of models, each with its place.
    pub(super) fn models(
        &mut self,
        key: &'static str,
    ) -> Result<Option<Vec<Found<Model>>>, ConfigError> {
        self.list(key, "a model, such as M1001")
    }

    /// Refuses what was not asked for.
    pub(super) fn done(self) -> Result<(), ConfigError> {
        let unknown = self
            .table
            .into_iter()
            .flatten()
            .find(|(key, _)| !self.known.contains(&key.get_ref().as_ref()));
        let Some((key, value)) = unknown else {
            return Ok(());
        };
        let word = key.get_ref().as_ref();
        let is_section = self.name.is_empty() && value.get_ref().is_table();
        let subject = match (self.name, is_section) {
            ("", true) => format!("there is no section [{word}]"),
            ("", false) => format!("there is no setting `{word}` outside the sections"),
            (section, _) => format!("there is no setting `{word}` in [{section}]"),
        };
        let what = match nearest(word, &self.known) {
            Some(near) if is_section => format!("{subject}; did you mean [{near}]?"),
            Some(near) => format!("{subject}; did you mean `{near}`?"),
            None => format!("{subject}; there are {}", self.known.join(", ")),
        };
        Err(self.document.mistake(&key.span(), what))
    }

    fn list<T: std::str::FromStr>(
        &mut self,
        key: &'static str,
        form: &str,
    ) -> Result<Option<Vec<Found<T>>>, ConfigError> {
        let Some(value) = self.find(key) else {
            return Ok(None);
        };
        let items = match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            DeValue::String(_) => vec![value],
            other => return Err(self.wrong_type(key, "a list of texts", other, value)),
        };
        let item = |item: &Spanned<DeValue<'_>>| {
            let text = item.get_ref().as_str().unwrap_or_default();
            text.parse().map(|value| found(item, value)).map_err(|_| {
                let what = format!("`{key}` holds {text:?}, which is not {form}");
                self.document.mistake(&item.span(), what)
            })
        };
        items
            .into_iter()
            .map(item)
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn find(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.push(key);
        self.table?
            .iter()
            .find(|(name, _)| name.get_ref() == key)
            .map(|(_, value)| value)
    }

    fn wrong_type(
        &self,
        key: &str,
        wanted: &str,
        is: &DeValue<'_>,
        at: &Spanned<DeValue<'_>>,
    ) -> ConfigError {
        let what = format!("`{key}` has to be {wanted}, not {}", type_word(is));
        self.document.mistake(&at.span(), what)
    }
}

fn found<T>(at: &Spanned<DeValue<'_>>, value: T) -> Found<T> {
    Found {
        value,
        at: at.span(),
    }
}

fn type_word(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The known word that somebody who wrote `word` most likely meant, if any is near enough.
fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let distance = |known: &&str| strsim::damerau_levenshtein(word, known);
    let near = known.iter().min_by_key(|known| distance(known))?;
    let allowed = (near.chars().count() / 3).max(2);
    let contained = near.contains(word) || word.contains(near);
    (distance(near) <= allowed || contained).then_some(*near)
}

fn one_of(words: &[&str]) -> String {
    match words {
        [front @ .., last] if !front.is_empty() => format!("{} or {last}", front.join(", ")),
        _ => words.concat(),
    }
}

/// What a TOML error says is exact and no help to somebody who has forgotten a quotation mark.
const SYNTAX: &str = "a setting is written as name = value, texts and durations in quotation marks, \
                      lists in square brackets";
