//! Mails as cases describe them, and how they are written.
//!
//! A case says which messages a mail holds and what is odd about it; the bytes are written here, so
//! that every mail of the kit is a good one but for what the case is about. Serves spec chapter
//! MAIL.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A mail.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Letter {
    /// What each part for the center holds: a text as it is, anything else as JSON.
    pub parts: Vec<Value>,
    /// The parts' media type, where it is another than the protocol's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// How the parts are encoded.
    #[serde(default, skip_serializing_if = "Encoding::is_plain")]
    pub encoding: Encoding,
    /// Header fields, in the place of those that the kit writes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Characters of a text that stands beside the parts, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<u32>,
    /// Spaces that follow each part's JSON, or stand before it where that is `binary`. They mean
    /// nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub spaces: u32,
    /// Whether all that is in a mail that is attached to the one that is handed over.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub attached: bool,
    /// What the reader of a transcript should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How a part is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// As it is, and nothing is said about it.
    #[default]
    Plain,
    /// `7bit`: as it is.
    #[serde(rename = "7bit")]
    SevenBit,
    /// `8bit`: as it is, with characters beyond ASCII where the case has them.
    #[serde(rename = "8bit")]
    EightBit,
    /// `binary`: as it is, in one line however long that is.
    Binary,
    /// `quoted-printable`, with every third character quoted and soft line breaks.
    QuotedPrintable,
    /// `base64`.
    Base64,
}

impl Encoding {
    fn is_plain(&self) -> bool {
        *self == Self::Plain
    }

    /// The header field and the encoded text.
    fn encoded(self, text: &str) -> (&'static str, String) {
        match self {
            Self::Plain => ("", broken(text, LINE)),
            Self::SevenBit => ("Content-Transfer-Encoding: 7bit\r\n", broken(text, LINE)),
            Self::EightBit => ("Content-Transfer-Encoding: 8bit\r\n", broken(text, LINE)),
            Self::Binary => ("Content-Transfer-Encoding: binary\r\n", text.to_owned()),
            Self::QuotedPrintable => (
                "Content-Transfer-Encoding: quoted-printable\r\n",
                quoted(text),
            ),
            Self::Base64 => {
                let encoded = STANDARD.encode(text);
                (
                    "Content-Transfer-Encoding: base64\r\n",
                    broken(&encoded, SHORT_LINE),
                )
            }
        }
    }
}

impl Letter {
    /// The mail with these texts in its parts.
    #[must_use]
    pub fn written(&self, texts: &[String], headers: &BTreeMap<String, String>) -> Vec<u8> {
        let parts: Vec<String> = texts.iter().map(|text| self.part(text)).collect();
        let mut mail = String::new();
        for (name, own) in OWN {
            let given = headers.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
            let value = given.map_or(*own, |(_, value)| value.as_str());
            mail.push_str(&format!("{name}: {value}\r\n"));
        }
        let is_own = |name: &str| OWN.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        for (name, value) in headers.iter().filter(|(name, _)| !is_own(name)) {
            mail.push_str(&format!("{name}: {value}\r\n"));
        }
        match (parts.as_slice(), self.beside) {
            ([only], None) => mail.push_str(only),
            (several, beside) => {
                mail.push_str("Content-Type: multipart/mixed; boundary=\"kit\"\r\n\r\n");
                let text = beside.map(|characters| {
                    let text = "x".repeat(usize::try_from(characters).unwrap_or(usize::MAX));
                    format!(
                        "Content-Type: text/plain\r\n\r\n{}",
                        broken(&text, SHORT_LINE)
                    )
                });
                for part in text.iter().chain(several) {
                    mail.push_str(&format!("--kit\r\n{part}\r\n"));
                }
                mail.push_str("--kit--\r\n");
            }
        }
        match self.attached {
            true => around(&mail).into_bytes(),
            false => mail.into_bytes(),
        }
    }

    fn part(&self, text: &str) -> String {
        let media_type = self
            .media_type
            .as_deref()
            .unwrap_or(restante_mail::MEDIA_TYPE);
        let spaces = " ".repeat(usize::try_from(self.spaces).unwrap_or(usize::MAX));
        let (encoding, body) = self.encoding.encoded(&match self.encoding {
            Encoding::Binary => format!("{spaces}{text}"),
            _ => format!("{text}{spaces}"),
        });
        format!("Content-Type: {media_type}\r\n{encoding}\r\n{body}\r\n")
    }
}

/// A mail to which this one is attached, as somebody forwards it.
fn around(mail: &str) -> String {
    let own = OWN
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    let own: String = own.collect();
    format!(
        "{own}Content-Type: multipart/mixed; boundary=\"around\"\r\n\r\n\
         --around\r\nContent-Type: text/plain\r\n\r\nSee below\r\n\
         --around\r\nContent-Type: message/rfc822\r\n\r\n{mail}\r\n--around--\r\n"
    )
}

/// A text in lines of so many characters. What a message of JSON is made of lets itself be broken
/// at a space alone, and is short.
fn broken(text: &str, line: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    let lines = characters
        .chunks(line)
        .map(|it| it.iter().collect::<String>());
    lines.collect::<Vec<_>>().join("\r\n")
}

fn quoted(text: &str) -> String {
    let mut written = String::new();
    for (at, byte) in text.bytes().enumerate() {
        if at > 0 && at % QUOTED_LINE == 0 {
            written.push_str("=\r\n");
        }
        if at % 3 == 0 || byte == b'=' || !byte.is_ascii_graphic() {
            written.push_str(&format!("={byte:02X}"));
        } else {
            written.push(char::from(byte));
        }
    }
    written
}

const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What a mail of the kit says of itself unless the case says something else.
const OWN: &[(&str, &str)] = &[
    ("From", "device@kit.example"),
    ("To", "center@kit.example"),
    ("Subject", "Registration for a service"),
    ("Date", "Sat, 21 Nov 2026 08:00:00 +0000"),
    ("Message-ID", "<kit@kit.example>"),
    ("MIME-Version", "1.0"),
];
/// The longest line that a mail may have (RFC 5322), where nothing else breaks lines.
const LINE: usize = 990;
/// A line as mail programs write them.
const SHORT_LINE: usize = 76;
/// Bytes of a line before it is quoted.
const QUOTED_LINE: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_is_read_back() {
        let message = concat!(
            r#"{"register":{"url":"https://kit.services.example/kit-x","#,
            r#""device":"dev-3a8vb17nbj0ppvb2k328nzj1mg","code":"163abc45"}}"#
        );
        let plain = Letter {
            parts: Vec::new(),
            media_type: None,
            encoding: Encoding::Plain,
            headers: BTreeMap::new(),
            beside: None,
            spaces: 0,
            attached: false,
            note: None,
        };
        let none = BTreeMap::new();
        let expected = restante_mail::intake::read(&plain.written(&[message.into()], &none));
        assert!(expected.is_ok(), "{expected:?}");
        for encoding in [
            Encoding::Plain,
            Encoding::SevenBit,
            Encoding::EightBit,
            Encoding::Binary,
            Encoding::QuotedPrintable,
            Encoding::Base64,
        ] {
            for beside in [None, Some(2_000)] {
                let letter = Letter {
                    encoding,
                    beside,
                    ..plain.clone()
                };
                let mail = letter.written(&[message.into()], &none);
                assert_eq!(restante_mail::intake::read(&mail), expected);
            }
        }
    }
}
