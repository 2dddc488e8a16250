//! Requirements: reading them out of the chapters.
//!
//! A requirement is a paragraph `[ENR-009] (center) A center MUST …` outside fenced blocks; a
//! tombstone is `[ENR-009] withdrawn in 1.2: why`. Reading never fails: what is not in order
//! becomes a finding (see [`crate::findings`]) and the rest is read all the same, so that one slip
//! does not hide the next.

use std::fmt::Write as _;

use restante_core::Crypto;
use restante_crypto::RingCrypto;
use serde::Serialize;

use crate::chapters::{CHAPTERS, Chapter};

/// One demand on one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Requirement {
    /// Its id, such as `ENR-009`. Never given twice.
    pub id: String,
    /// The file that it stands in, such as `03-enrolment.md`.
    pub chapter: String,
    /// The line of that file on which it begins, counted from 1. It moves as the chapter is edited,
    /// which is why it is no part of what is generated.
    #[serde(skip)]
    pub line: usize,
    /// Whom it binds.
    pub role: Role,
    /// How strongly.
    pub keyword: Keyword,
    /// What it demands: one line, without id, role and the note on testing.
    pub text: String,
    /// Why no case can show a breach, where that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untestable: Option<String>,
    /// SHA-256 of the text in lower-case hexadecimal: a case that was written for other words is
    /// noticed by it.
    pub digest: String,
}

/// Whom a requirement binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Role {
    /// The manufacturer's server.
    Center,
    /// Whoever presents an access code to a center; a gateway too.
    Device,
    /// An on-site server, in what it does beyond a device.
    Gateway,
    /// A device on a site's LAN that a gateway speaks for.
    Child,
    /// A service's own server.
    Provider,
}

/// How strongly a requirement binds (RFC 2119, RFC 8174).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub enum Keyword {
    /// An absolute demand.
    #[serde(rename = "MUST")]
    Must,
    /// An absolute prohibition.
    #[serde(rename = "MUST NOT")]
    MustNot,
    /// A demand that a good reason can override.
    #[serde(rename = "SHOULD")]
    Should,
    /// A prohibition that a good reason can override.
    #[serde(rename = "SHOULD NOT")]
    ShouldNot,
    /// Something that others have to reckon with.
    #[serde(rename = "MAY")]
    May,
}

/// An id that was withdrawn and is not given again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tombstone {
    /// The id.
    pub id: String,
    /// Since when and why.
    pub why: String,
}

/// Every requirement of the specification that this crate was built with, in reading order.
#[must_use]
pub fn requirements() -> Vec<Requirement> {
    read_all()
        .flat_map(|reading| reading.requirements)
        .collect()
}

/// Every withdrawn id of the specification that this crate was built with.
#[must_use]
pub fn tombstones() -> Vec<Tombstone> {
    read_all().flat_map(|reading| reading.tombstones).collect()
}

fn read_all() -> impl Iterator<Item = Reading> {
    CHAPTERS.iter().map(|(chapter, _)| read(*chapter))
}

impl Requirement {
    /// Whether a case has to exist for it.
    #[must_use]
    pub const fn is_testable(&self) -> bool {
        self.untestable.is_none()
    }
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Center,
        Self::Device,
        Self::Gateway,
        Self::Child,
        Self::Provider,
    ];

    /// The word in the chapters.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Center => "center",
            Self::Device => "device",
            Self::Gateway => "gateway",
            Self::Child => "child",
            Self::Provider => "provider",
        }
    }
}

impl Keyword {
    /// The word in the chapters.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::MustNot => "MUST NOT",
            Self::Should => "SHOULD",
            Self::ShouldNot => "SHOULD NOT",
            Self::May => "MAY",
        }
    }
}

/// What one chapter holds.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) requirements: Vec<Requirement>,
    pub(crate) tombstones: Vec<Tombstone>,
    /// Paragraphs that begin like a requirement and are none: line and what is wrong.
    pub(crate) broken: Vec<(usize, String)>,
}

/// Reads one chapter.
pub(crate) fn read(chapter: Chapter<'_>) -> Reading {
    let mut reading = Reading::default();
    for (line, paragraph) in paragraphs(chapter.text) {
        let Some((id, rest)) = leading_id(&paragraph) else {
            continue;
        };
        if let Some(why) = rest.strip_prefix("withdrawn in ") {
            let (id, why) = (id.to_owned(), why.to_owned());
            reading.tombstones.push(Tombstone { id, why });
            continue;
        }
        match requirement(chapter.file, line, id, rest) {
            Ok(requirement) => reading.requirements.push(requirement),
            Err(what) => reading.broken.push((line, format!("{id}: {what}"))),
        }
    }
    reading
}

fn requirement(file: &str, line: usize, id: &str, rest: &str) -> Result<Requirement, String> {
    let (role, rest) = rest
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(") "))
        .ok_or("after the id stands the role in parentheses")?;
    let role = Role::ALL
        .into_iter()
        .find(|known| known.word() == role)
        .ok_or_else(|| format!("there is no role {role:?}"))?;
    let (text, untestable) = split_untestable(rest)?;
    let subject = format!("A {} ", role.word());
    if !text.starts_with(&subject) {
        return Err(format!(
            "it binds a {} and has to begin with {subject:?}",
            role.word()
        ));
    }
    let keyword = match keywords(text).as_slice() {
        [keyword] => *keyword,
        found => return Err(format!("it has {} key words; one is right", found.len())),
    };
    Ok(Requirement {
        id: id.to_owned(),
        chapter: file.to_owned(),
        line,
        role,
        keyword,
        text: text.to_owned(),
        untestable,
        digest: hex(&RingCrypto.sha256(&[text.as_bytes()])),
    })
}

/// Takes `(untestable: reason)` off the end.
fn split_untestable(text: &str) -> Result<(&str, Option<String>), String> {
    const NOTE: &str = "(untestable:";
    let Some((text, note)) = text.split_once(NOTE) else {
        return Ok((text, None));
    };
    let reason = note.trim().strip_suffix(')').map(str::trim);
    match reason {
        Some(reason) if !reason.is_empty() => Ok((text.trim_end(), Some(reason.to_owned()))),
        _ => Err("(untestable: …) stands at the end and gives a reason".to_owned()),
    }
}

/// The key words of a text, in order.
pub(crate) fn keywords(text: &str) -> Vec<Keyword> {
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let after = words.iter().copied().skip(1).chain([""]);
    words
        .iter()
        .copied()
        .zip(after)
        .filter_map(|pair| match pair {
            ("MUST", "NOT") => Some(Keyword::MustNot),
            ("MUST", _) => Some(Keyword::Must),
            ("SHOULD", "NOT") => Some(Keyword::ShouldNot),
            ("SHOULD", _) => Some(Keyword::Should),
            ("MAY", _) => Some(Keyword::May),
            _ => None,
        })
        .collect()
}

/// `[FAM-123] rest` taken apart.
pub(crate) fn leading_id(paragraph: &str) -> Option<(&str, &str)> {
    let (id, rest) = paragraph.strip_prefix('[')?.split_once("] ")?;
    is_id(id).then_some((id, rest))
}

/// Whether a text has the form of an id: a family in capitals, a hyphen, three digits.
pub(crate) fn is_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(family, number)| {
        !family.is_empty()
            && family.bytes().all(|b| b.is_ascii_uppercase())
            && number.len() == 3
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// The paragraphs outside fenced blocks, each as one line, with the number of its first line.
pub(crate) fn paragraphs(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let (mut fenced, mut open) = (false, false);
    for (line, number) in text.lines().zip(1..) {
        if line.trim_start().starts_with("```") {
            (fenced, open) = (!fenced, false);
        } else if fenced || line.trim().is_empty() {
            open = false;
        } else if let (true, Some((_, paragraph))) = (open, found.last_mut()) {
            paragraph.push(' ');
            paragraph.push_str(line.trim());
        } else {
            found.push((number, line.trim().to_owned()));
            open = true;
        }
    }
    found
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chapter(text: &str) -> Reading {
        read(Chapter { file: "x.md", text })
    }

    #[test]
    fn a_requirement_is_read_with_all_its_parts() {
        let reading = chapter(
            "# X\n\nWords.\n\n[ENR-007] (device) A device MUST NOT do\nit. (untestable: none\nsees)\n",
        );
        let [found] = reading.requirements.as_slice() else {
            panic!("one requirement, not {:?}", reading.requirements);
        };
        assert_eq!((found.id.as_str(), found.line), ("ENR-007", 5));
        assert_eq!(
            (found.role, found.keyword),
            (Role::Device, Keyword::MustNot)
        );
        assert_eq!(found.text, "A device MUST NOT do it.");
        assert_eq!(found.untestable.as_deref(), Some("none sees"));
        assert_eq!(found.digest.len(), 64);
    }

    #[test]
    fn what_is_fenced_is_an_example_and_no_requirement() {
        let reading = chapter("```\n[ENR-001] (center) A center MUST x.\n```\n");
        assert!(reading.requirements.is_empty() && reading.broken.is_empty());
    }

    #[test]
    fn a_withdrawn_id_leaves_a_tombstone() {
        let reading = chapter("[ENR-001] withdrawn in 1.2: replaced by ENR-104\n");
        assert_eq!(reading.tombstones.len(), 1);
        assert_eq!(reading.tombstones[0].why, "1.2: replaced by ENR-104");
    }

    #[test]
    fn each_slip_of_a_requirement_is_named() {
        let slip = |text: &str| {
            let reading = chapter(text);
            assert!(reading.requirements.is_empty());
            reading
                .broken
                .into_iter()
                .map(|(_, what)| what)
                .collect::<String>()
        };
        assert!(slip("[ENR-001] A center MUST x.").contains("the role in parentheses"));
        assert!(slip("[ENR-001] (server) A server MUST x.").contains("no role \"server\""));
        assert!(slip("[ENR-001] (center) A device MUST x.").contains("has to begin with"));
        assert!(slip("[ENR-001] (center) A center does x.").contains("0 key words"));
        assert!(slip("[ENR-001] (center) A center MUST x and MAY y.").contains("2 key words"));
        assert!(slip("[ENR-001] (center) A center MUST x. (untestable:)").contains("a reason"));
    }
}
