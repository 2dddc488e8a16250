//! JSON with bounds: what a hostile message may cost is decided before it is parsed.
//!
//! One pass over the bytes checks size, depth, members per object and that no member name stands
//! twice; only then serde reads them. The work is linear in the bytes received, up to the constant
//! factor of comparing a name with the names before it in the same object.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits::{DETAIL_CHARS, JSON_DEPTH, JSON_MEMBERS, MESSAGE_BYTES};

use super::refusal::{Refusal, RefusalCode};

/// Why bytes are not a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// More bytes than a message may have.
    #[error("the message has {bytes} bytes; at most {max} are allowed")]
    TooLarge {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        max: usize,
    },
    /// Arrays and objects within each other beyond the bound.
    #[error("arrays and objects are nested deeper than {max} at byte {at}")]
    TooDeep {
        /// Where the level that is too much begins.
        at: usize,
        /// How deep they may be.
        max: usize,
    },
    /// An object with too many members.
    #[error("an object has more than {max} members at byte {at}")]
    TooManyMembers {
        /// Where the member that is too much begins.
        at: usize,
        /// How many members it may have.
        max: usize,
    },
    /// A member name that stands twice in one object.
    #[error("the member {name:?} stands twice in one object, the second time at byte {at}")]
    DuplicateMember {
        /// The name.
        name: String,
        /// Where it stands the second time.
        at: usize,
    },
    /// Not JSON at all, or cut off.
    #[error("not JSON: {why}")]
    NotJson {
        /// What the parser says, with line and column.
        why: String,
    },
    /// JSON, but not this message: a member is missing or out of its bounds.
    #[error("{why}")]
    Invalid {
        /// What the parser says, with line and column.
        why: String,
    },
}

impl From<JsonError> for Refusal {
    /// What the sender is told. The parser quotes what it could not take, so the text is cut: a
    /// refusal is never as long as the message that caused it.
    fn from(error: JsonError) -> Self {
        let code = match error {
            JsonError::TooLarge { .. } => RefusalCode::TooLarge,
            JsonError::Invalid { .. } => RefusalCode::Invalid,
            _ => RefusalCode::Malformed,
        };
        let detail: String = error.to_string().chars().take(DETAIL_CHARS).collect();
        Self::new(code, detail)
    }
}

/// Parses one message of at most [`MESSAGE_BYTES`].
///
/// # Errors
/// [`JsonError`] says what is wrong and where; nothing of the message is used.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    parse_within(bytes, MESSAGE_BYTES)
}

/// Parses one message of at most `max` bytes.
///
/// # Errors
/// As [`parse`].
// spec: MSG-001, MSG-002, MSG-009
pub fn parse_within<T: DeserializeOwned>(bytes: &[u8], max: usize) -> Result<T, JsonError> {
    if bytes.len() > max {
        return Err(JsonError::TooLarge {
            bytes: bytes.len(),
            max,
        });
    }
    Scan::new(bytes).run()?;
    serde_json::from_slice(bytes).map_err(|error| {
        let why = error.to_string();
        match error.classify() {
            serde_json::error::Category::Data => JsonError::Invalid { why },
            _ => JsonError::NotJson { why },
        }
    })
}

/// Writes a message. Types of this crate have no map keys that are not strings and no failing
/// serializers, so that nothing can go wrong; should it ever, the result is empty and no peer
/// accepts it.
#[must_use]
pub fn to_bytes<T: Serialize>(message: &T) -> Vec<u8> {
    serde_json::to_vec(message).unwrap_or_default()
}

/// One pass over the bytes. It trusts them to be JSON where that saves work: what is not, serde
/// refuses afterwards.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// For each open array or object the names seen so far; an array has none.
    open: Vec<Level<'a>>,
}

/// One open array or object, and its member names without their escapes.
struct Level<'a> {
    object: bool,
    names: Vec<Cow<'a, [u8]>>,
}

impl<'a> Scan<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            open: Vec::new(),
        }
    }

    fn run(mut self) -> Result<(), JsonError> {
        while let Some(byte) = self.bytes.get(self.at).copied() {
            let start = self.at;
            self.at = self.at.saturating_add(1);
            match byte {
                b'{' | b'[' => self.enter(byte == b'{', start)?,
                b'}' | b']' => {
                    self.open.pop();
                }
                b'"' => {
                    let text = self.string();
                    if self.is_name() {
                        self.member(text, start)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn enter(&mut self, object: bool, start: usize) -> Result<(), JsonError> {
        if self.open.len() >= JSON_DEPTH {
            return Err(JsonError::TooDeep {
                at: start,
                max: JSON_DEPTH,
            });
        }
        self.open.push(Level {
            object,
            names: Vec::new(),
        });
        Ok(())
    }

    /// Takes the rest of a string whose opening quote has been read; the text between the quotes.
    fn string(&mut self) -> &'a [u8] {
        let start = self.at;
        while let Some(byte) = self.bytes.get(self.at).copied() {
            match byte {
                b'"' => break,
                b'\\' => self.at = self.at.saturating_add(2),
                _ => self.at = self.at.saturating_add(1),
            }
        }
        let text = self.bytes.get(start..self.at).unwrap_or_default();
        self.at = self.at.saturating_add(1);
        text
    }

    /// Whether the string just read is a member name: in an object, with a colon behind it.
    fn is_name(&self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let next = rest.iter().find(|byte| !byte.is_ascii_whitespace());
        next == Some(&b':') && self.open.last().is_some_and(|level| level.object)
    }

    fn member(&mut self, text: &'a [u8], start: usize) -> Result<(), JsonError> {
        let name = unescape(text);
        let Some(level) = self.open.last_mut() else {
            return Ok(());
        };
        if level.names.contains(&name) {
            let name = String::from_utf8_lossy(&name).into_owned();
            return Err(JsonError::DuplicateMember { name, at: start });
        }
        if level.names.len() >= JSON_MEMBERS {
            return Err(JsonError::TooManyMembers {
                at: start,
                max: JSON_MEMBERS,
            });
        }
        level.names.push(name);
        Ok(())
    }
}

/// A name as it reads, so that two spellings of one name count as the same.
fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'\\') {
        return Cow::Borrowed(text);
    }
    let mut quoted = Vec::with_capacity(text.len().saturating_add(2));
    quoted.push(b'"');
    quoted.extend_from_slice(text);
    quoted.push(b'"');
    serde_json::from_slice::<String>(&quoted)
        .map_or(Cow::Borrowed(text), |name| Cow::Owned(name.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    fn refused(text: &str) -> JsonError {
        parse::<serde_json::Value>(text.as_bytes()).expect_err("to be refused")
    }

    #[test]
    fn a_name_that_stands_twice_is_refused_however_it_is_spelt() {
        assert_eq!(
            refused(r#"{"a":1,"a":2}"#).to_string(),
            r#"the member "a" stands twice in one object, the second time at byte 7"#
        );
        let spelt = refused("{\"a\":1,\"\\u0061\":2}");
        assert_eq!(
            spelt,
            JsonError::DuplicateMember {
                name: "a".into(),
                at: 7
            }
        );
        let apart = br#"[{"a":1},{"a":{"a":"a"}}]"#;
        assert!(parse::<serde_json::Value>(apart).is_ok());
    }

    #[test]
    fn depth_and_members_are_bounded_exactly() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(parse::<serde_json::Value>(nested(JSON_DEPTH).as_bytes()).is_ok());
        assert!(matches!(
            refused(&nested(JSON_DEPTH + 1)),
            JsonError::TooDeep { at: 16, .. }
        ));
        let object = |n: usize| {
            let members: Vec<String> = (0..n).map(|i| format!("\"m{i}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(parse::<serde_json::Value>(object(JSON_MEMBERS).as_bytes()).is_ok());
        assert!(matches!(
            refused(&object(JSON_MEMBERS + 1)),
            JsonError::TooManyMembers { .. }
        ));
    }

    #[test]
    fn size_is_bounded_before_anything_is_read() {
        let long = "[".repeat(MESSAGE_BYTES + 1);
        assert!(matches!(refused(&long), JsonError::TooLarge { .. }));
    }

    #[test]
    fn a_refusal_is_short_however_long_the_text_that_it_quotes() {
        let long = format!("\"{}\"", "x".repeat(60_000));
        let error = parse::<u32>(long.as_bytes()).expect_err("a text is no number");
        let refusal = Refusal::from(error);
        assert_eq!(refusal.code, RefusalCode::Invalid);
        assert_eq!(refusal.detail.chars().count(), DETAIL_CHARS);
    }

    #[test]
    fn what_is_cut_off_is_not_json() {
        assert!(matches!(refused(r#"{"a":"#), JsonError::NotJson { .. }));
        assert!(matches!(refused("{\"a\\"), JsonError::NotJson { .. }));
        assert!(matches!(refused(""), JsonError::NotJson { .. }));
    }
}
