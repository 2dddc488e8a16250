//! What was said in a case, line by line, for a reader who was not there.
//!
//! Secrets are replaced by names as they are written down: `rfc1.‹K1›` is the first formal code of
//! the case and stays `K1` wherever it appears again, so that a reader can follow it and nobody can
//! use it. Nothing that a peer sent reaches a terminal or a page unescaped from here.

use serde::{Deserialize, Serialize};

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// What kind of line it is.
    pub kind: LineKind,
    /// What was said or done.
    pub text: String,
    /// What travelled, in the binding's own terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<String>,
}

/// What a line of a transcript is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LineKind {
    /// The kit to the party under test.
    Sent,
    /// The party under test to the kit.
    Received,
    /// Something was done to the party under test, or time passed.
    Done,
    /// A check that held.
    Held,
    /// A check that did not hold.
    Broken,
    /// For the reader.
    Note,
}

/// The lines of one case, and the names of its secrets.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    lines: Vec<Line>,
    secrets: Redaction,
}

impl Transcript {
    /// Writes a line.
    pub fn add(&mut self, kind: LineKind, text: &str) {
        self.add_wire(kind, text, None);
    }

    /// Writes a line with what travelled.
    pub fn add_wire(&mut self, kind: LineKind, text: &str, wire: Option<&str>) {
        let text = self.secrets.redact(text);
        let wire = wire.map(|wire| shortened(&self.secrets.redact(wire)));
        self.lines.push(Line { kind, text, wire });
    }

    /// A text for the same reader, without secrets.
    pub fn redact(&mut self, text: &str) -> String {
        self.secrets.redact(text)
    }

    /// The lines so far.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The lines.
    #[must_use]
    pub fn into_lines(self) -> Vec<Line> {
        self.lines
    }
}

/// Names for secrets, in the order of their first appearance.
#[derive(Clone, Debug, Default)]
struct Redaction {
    formal: Vec<String>,
    tokens: Vec<String>,
    codes: Vec<String>,
}

impl Redaction {
    /// `text` with every code and token replaced by its name and control characters made visible.
    fn redact(&mut self, text: &str) -> String {
        let clean: String = text
            .chars()
            .map(|c| {
                if c.is_control() && c != '\n' {
                    '\u{FFFD}'
                } else {
                    c
                }
            })
            .collect();
        let mut out = String::with_capacity(clean.len());
        let mut rest = clean.as_str();
        while let Some(first) = rest.chars().next() {
            let at_word = !out.ends_with(|c: char| c.is_ascii_alphanumeric());
            if let Some((shown, length)) = at_word.then(|| self.secret(rest)).flatten() {
                out.push_str(&shown);
                rest = &rest[length..];
            } else {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        out
    }

    /// The name of the secret that `text` begins with, and the secret's length.
    fn secret(&mut self, text: &str) -> Option<(String, usize)> {
        for (prefix, letter) in [("rfc1.", 'K'), ("rtk1.", 'T')] {
            let length = armoured(text, prefix);
            if length > 0 {
                let known = if letter == 'K' {
                    &mut self.formal
                } else {
                    &mut self.tokens
                };
                let number = number(known, &text[..length]);
                return Some((format!("{prefix}‹{letter}{number}›"), length));
            }
        }
        let length = typed_code(text)?;
        let symbols: String = text[..length]
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_uppercase())
            .collect();
        Some((
            format!("‹code {}›", number(&mut self.codes, &symbols)),
            length,
        ))
    }
}

/// The place of `secret` among the known ones, counted from 1.
fn number(known: &mut Vec<String>, secret: &str) -> usize {
    let at = known.iter().position(|old| old == secret);
    at.unwrap_or_else(|| {
        known.push(secret.to_owned());
        known.len() - 1
    }) + 1
}

/// The length of a prefix and the base64url characters behind it; zero where there are few.
fn armoured(text: &str, prefix: &str) -> usize {
    let Some(rest) = text.strip_prefix(prefix) else {
        return 0;
    };
    let body = rest
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        .count();
    if body >= 16 { prefix.len() + body } else { 0 }
}

/// The length of a provisional code however it is typed: five groups of five, or 25 in a row.
fn typed_code(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    for symbols in 0..25 {
        if symbols % 5 == 0 && symbols > 0 && matches!(bytes.get(at), Some(b'-' | b' ')) {
            at += 1;
        }
        if !bytes.get(at)?.is_ascii_alphanumeric() {
            return None;
        }
        at += 1;
    }
    let ends = !bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let digits = bytes[..at].iter().filter(|b| b.is_ascii_digit()).count();
    // An id of one of the protocol's kinds has 26 symbols; English words without a digit are prose.
    (ends && digits > 0).then_some(at)
}

/// Long bodies by their beginning and end.
fn shortened(text: &str) -> String {
    let chars = text.chars().count();
    if chars <= WIRE_CHARS {
        return text.to_owned();
    }
    let head: String = text.chars().take(WIRE_CHARS * 3 / 4).collect();
    let tail: String = text.chars().skip(chars - WIRE_CHARS / 4).collect();
    format!("{head}\n… {} characters …\n{tail}", chars - WIRE_CHARS)
}

/// How much of one message a transcript keeps.
const WIRE_CHARS: usize = 4_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Scope;

    #[test]
    fn secrets_get_names_that_stay_the_same() {
        let scope = Scope::new(1, "x");
        let fill = |text: &str| scope.fill_str(text).expect("drawn");
        let mut transcript = Transcript::default();
        let text = fill("a ${formal:a} b ${formal:b} c ${formal:a} d ${token:a} ${code:a|lower}");
        assert_eq!(
            transcript.redact(&text),
            "a rfc1.‹K1› b rfc1.‹K2› c rfc1.‹K1› d rtk1.‹T1› ‹code 1›"
        );
        let typed = fill("${code:a} ${code:a|plain} ${code:a|spaced} ${code:b}");
        assert_eq!(
            transcript.redact(&typed),
            "‹code 1› ‹code 1› ‹code 1› ‹code 2›"
        );
    }

    #[test]
    fn ids_and_prose_stay_readable() {
        let scope = Scope::new(1, "x");
        let text = scope
            .fill_str("${request:a} is one of them, they say")
            .expect("drawn");
        assert_eq!(Transcript::default().redact(&text), text);
    }

    #[test]
    fn what_a_peer_sends_cannot_move_a_cursor() {
        let shown = Transcript::default().redact("a\u{1b}[2Jb");
        assert_eq!(shown, "a\u{FFFD}[2Jb");
    }
}
