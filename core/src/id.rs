//! Identifiers: bounded texts that people and vendors choose, and 128-bit numbers that the center
//! makes.
//!
//! Texts are opaque: compared byte for byte, never taken apart. They are parsed once, at the edge,
//! into types that cannot be empty, too long, or carry characters that a terminal, a mail header or
//! a page would act upon. Numbers are written as a three-letter kind and 26 Crockford base-32
//! symbols (`reg-…`), which survive being read over a telephone and fit an MQTT client id.

use alloc::string::String;
use core::fmt;
use core::marker::PhantomData;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::limits::{CENTER_CHARS, HOST_CHARS, MAIL_CHARS, NAME_CHARS, NOTE_CHARS, SERVICE_CHARS};

/// Why a text is not an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// Nothing, or nothing but spaces.
    #[error("{noun} is empty")]
    Empty {
        /// What the text was to be.
        noun: &'static str,
    },
    /// More characters than the bound.
    #[error("{noun} has {chars} characters; at most {max} are allowed")]
    TooLong {
        /// What the text was to be.
        noun: &'static str,
        /// How many it has.
        chars: usize,
        /// How many it may have.
        max: usize,
    },
    /// A control character, a line break or an invisible formatting character.
    #[error("{noun} holds the character U+{code:04X} at position {position}, which is not allowed")]
    BadChar {
        /// What the text was to be.
        noun: &'static str,
        /// The character's code point.
        code: u32,
        /// Where it stands, counted from 1.
        position: usize,
    },
    /// Leading or trailing white space.
    #[error("{noun} begins or ends with a space")]
    Untrimmed {
        /// What the text was to be.
        noun: &'static str,
    },
    /// Not the text form that the noun requires.
    #[error("{noun} has the wrong form; expected {expected}")]
    Form {
        /// What the text was to be.
        noun: &'static str,
        /// What would be right.
        expected: &'static str,
    },
}

/// Checks what every bounded text has in common.
fn check_text(noun: &'static str, max: usize, text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty { noun });
    }
    let chars = text.chars().count();
    if chars > max {
        return Err(IdError::TooLong { noun, chars, max });
    }
    let bad = text.chars().zip(1..).find(|(c, _)| is_unprintable(*c));
    if let Some((c, position)) = bad {
        return Err(IdError::BadChar {
            noun,
            code: u32::from(c),
            position,
        });
    }
    if text.trim() != text {
        return Err(IdError::Untrimmed { noun });
    }
    Ok(())
}

/// Control characters, line and paragraph separators, and marks that reorder or hide text.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident, $noun:literal, $max:expr, $form:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// What messages call it.
            pub const NOUN: &'static str = $noun;
            /// How many characters it may have.
            pub const MAX: usize = $max;

            /// Takes `text` as it is.
            ///
            /// # Errors
            /// [`IdError`] says what is wrong with it.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                check_text($noun, $max, &text)?;
                let form: fn(&str) -> Option<&'static str> = $form;
                match form(&text) {
                    None => Ok(Self(text)),
                    Some(expected) => Err(IdError::Form { noun: $noun, expected }),
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(d)?).map_err(de::Error::custom)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> alloc::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "description": $noun,
                    "minLength": 1,
                    "maxLength": $max,
                })
            }
        }
    )*};
}

fn any_text(_: &str) -> Option<&'static str> {
    None
}

fn mail_form(text: &str) -> Option<&'static str> {
    let good = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@')
    });
    if good && !text.contains([' ', '<', '>', ',', ';']) {
        None
    } else {
        Some("name@domain")
    }
}

fn host_form(text: &str) -> Option<&'static str> {
    let good = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'));
    if good {
        None
    } else {
        Some("an IP address or a host name, with an optional port")
    }
}

fn service_form(text: &str) -> Option<&'static str> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.chars().all(good) {
        None
    } else {
        Some("lower-case letters, digits and hyphens")
    }
}

texts! {
    /// A service that devices may use, as its provider calls it in URLs.
    ServiceId, "the service id", SERVICE_CHARS, service_form;
    /// The authorized user whom a dealer enrols: all that a dealer must enter.
    UserName, "the user name", NAME_CHARS, any_text;
    /// A person's or a company's account at the center, such as a dealer's.
    AccountName, "the account name", NAME_CHARS, any_text;
    /// Who made a device.
    Vendor, "the vendor", NAME_CHARS, any_text;
    /// What model a device is, as its vendor names it.
    Model, "the model name", NAME_CHARS, any_text;
    /// A device's serial number, as its vendor writes it.
    Serial, "the serial number", NAME_CHARS, any_text;
    /// A device's address on its own LAN.
    LanAddress, "the address", HOST_CHARS, host_form;
    /// A mail address.
    MailAddress, "the mail address", MAIL_CHARS, mail_form;
    /// Where the center is, as a person types it: a URL, a broker's name or a telephone number.
    CenterAddress, "the center's address", CENTER_CHARS, any_text;
    /// A free text that people read.
    Note, "the note", NOTE_CHARS, any_text;
}

/// The symbols of Crockford's base 32, in order of value.
pub(crate) const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Symbols that write 128 bits.
const ID_SYMBOLS: usize = 26;

/// A number as a text, on the stack.
struct IdText([u8; ID_SYMBOLS]);

impl IdText {
    /// Writes 128 bits as 26 lower-case Crockford symbols, most significant first.
    fn new(bytes: &[u8; 16]) -> Self {
        let mut value = u128::from_be_bytes(*bytes);
        let mut symbols = [b'0'; ID_SYMBOLS];
        for symbol in symbols.iter_mut().rev() {
            let digit = usize::from(value.to_le_bytes()[0] & 31);
            *symbol = CROCKFORD.get(digit).copied().unwrap_or(b'0');
            value >>= 5;
        }
        Self(symbols)
    }

    fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Reads what [`IdText`] wrote: exact symbols only, and nothing above 128 bits.
fn id_bytes(text: &str) -> Option<[u8; 16]> {
    if text.len() != ID_SYMBOLS {
        return None;
    }
    let mut value: u128 = 0;
    for byte in text.bytes() {
        value = value
            .checked_mul(32)?
            .checked_add(u128::from(digit(byte)?))?;
    }
    Some(value.to_be_bytes())
}

// spec: MOD-009
/// The value of a symbol of [`CROCKFORD`]. Without a search: messages and records are full of
/// identifiers.
const fn digit(symbol: u8) -> Option<u8> {
    let (first, value) = match symbol {
        b'0'..=b'9' => (b'0', 0_u8),
        b'a'..=b'h' => (b'a', 10),
        b'j' | b'k' => (b'j', 18),
        b'm' | b'n' => (b'm', 20),
        b'p'..=b't' => (b'p', 22),
        b'v'..=b'z' => (b'v', 27),
        _ => return None,
    };
    Some(symbol.wrapping_sub(first).wrapping_add(value))
}

/// Reads a value where it stands in a text, without a copy of its own: messages and records are
/// full of identifiers.
struct InText<T>(PhantomData<T>);

impl<T: FromStr<Err = IdError>> de::Visitor<'_> for InText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident, $noun:literal, $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// What its text form begins with.
            pub const PREFIX: &'static str = $prefix;

            /// The identifier with these 16 bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The text form, made without the formatting machinery: every response bears one.
            #[must_use]
            pub fn to_text(&self) -> String {
                [$prefix, IdText::new(&self.0).as_str()].concat()
            }

            /// Its 16 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(IdText::new(&self.0).as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let form = concat!($prefix, " followed by 26 symbols");
                text.strip_prefix($prefix)
                    .and_then(id_bytes)
                    .map(Self)
                    .ok_or(IdError::Form { noun: $noun, expected: form })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                d.deserialize_str(InText(PhantomData))
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> alloc::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "description": $noun,
                    "pattern": concat!("^", $prefix, "[0-7][0-9a-hjkmnp-tv-z]{25}$"),
                })
            }
        }
    )*};
}

numbers! {
    /// A center: keys and a store that belong together.
    CenterId, "the center id", "ctr-";
    /// A customer: the owner of devices, told apart by the dealer's account and the user's name.
    CustomerId, "the customer id", "cus-";
    /// A device at one customer: (customer, vendor, model, serial) has exactly one.
    DeviceId, "the device id", "dev-";
    /// A dealer's grant: what a provisional code stands for.
    GrantId, "the grant id", "grt-";
    /// A registration: what a formal code stands for.
    RegistrationId, "the registration id", "reg-";
    /// The number that a device draws before it first sends an enrolment, and keeps.
    RequestId, "the request id", "req-";
    /// An access token of a person or a program.
    TokenId, "the token id", "tok-";
    /// An application: an administrator's wish to start one service on many devices.
    ApplicationId, "the application id", "app-";
    /// One device of an application, as its service's provider knows it.
    HandoverId, "the handover id", "hnd-";
    /// An instruction in a device's mailbox.
    InstructionId, "the instruction id", "ins-";
    /// One attempt to commit; the same for every repetition of it.
    AttemptId, "the attempt id", "att-";
    /// Something that has to be told to somebody, once or more.
    EffectId, "the effect id", "eff-";
    /// Joins what an outsider was told to what the operator's log says.
    CorrelationId, "the correlation id", "cor-";
}

/// Which generation of a registration's secret: rises by one with each rotation.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Epoch(u32);

impl Epoch {
    /// The generation that enrolment hands out.
    pub const FIRST: Self = Self(1);

    /// The generation with this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The generation after this one; `None` after the last there can be.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::ToString;

    #[test]
    fn a_number_reads_back_from_its_text() {
        for bytes in [[0; 16], [255; 16], *b"0123456789abcdef"] {
            let id = DeviceId::from_bytes(bytes);
            assert_eq!(id.to_string().parse::<DeviceId>(), Ok(id));
        }
        assert_eq!(
            format!("{}", RegistrationId::from_bytes([0; 16])),
            "reg-00000000000000000000000000"
        );
    }

    #[test]
    fn every_symbol_has_its_value_and_no_other_byte_has_one() {
        for byte in 0..=u8::MAX {
            let place = CROCKFORD.iter().position(|symbol| *symbol == byte);
            assert_eq!(digit(byte).map(usize::from), place, "{byte}");
        }
    }

    #[test]
    fn a_number_of_another_kind_or_size_is_refused() {
        let device = DeviceId::from_bytes([7; 16]).to_string();
        let error = device.parse::<RegistrationId>().expect_err("another kind");
        assert_eq!(
            error.to_string(),
            "the registration id has the wrong form; expected reg- followed by 26 symbols"
        );
        assert!(
            "dev-z0000000000000000000000000"
                .parse::<DeviceId>()
                .is_err(),
            "130 bits"
        );
        assert!(
            "dev-0000000000000000000000000I"
                .parse::<DeviceId>()
                .is_err(),
            "not a symbol"
        );
    }

    #[test]
    fn texts_say_what_is_wrong_with_them() {
        let says = |text: &str| Serial::new(text).expect_err("bad").to_string();
        assert_eq!(says(""), "the serial number is empty");
        assert_eq!(says(" a"), "the serial number begins or ends with a space");
        assert_eq!(
            says("a\nb"),
            "the serial number holds the character U+000A at position 2, which is not allowed"
        );
        assert_eq!(
            says(&"x".repeat(65)),
            "the serial number has 65 characters; at most 64 are allowed"
        );
        assert!(MailAddress::new("a@b@c").is_err());
        assert!(LanAddress::new("http://x").is_err());
        assert!(LanAddress::new("[2001:db8::1]:8080").is_ok());
    }
}
