//! The registration code: what a device presents at a service's URL, with its own id.
//!
//! There is one for each device of an application, and it has its effect once. A center makes codes
//! of three groups that a person could read out; a provider may make others, which are opaque. It
//! is a secret between the mailbox and the provider: what is kept of it is a keyed hash.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::crypto::Digest;
use crate::id::CROCKFORD;
use crate::limits::REGISTRATION_CODE_CHARS;

/// A registration code: 1 to [`REGISTRATION_CODE_CHARS`] printable ASCII characters, no spaces.
#[derive(Clone, PartialEq, Eq)]
pub struct RegistrationCode(String);

/// Why a text is no registration code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a registration code has 1 to {REGISTRATION_CODE_CHARS} printable ASCII characters")]
pub struct RegistrationCodeError;

impl RegistrationCode {
    /// The code that these random bytes make: three groups of four symbols, 60 bits, which is far
    /// beyond guessing at the rate that a provider answers.
    #[must_use]
    pub fn of(bytes: &Digest) -> Self {
        let mut text = String::with_capacity(14);
        for (place, byte) in bytes.iter().take(SYMBOLS).enumerate() {
            if place > 0 && place % GROUP == 0 {
                text.push('-');
            }
            let symbol = CROCKFORD.get(usize::from(byte & 31)).copied();
            text.push(char::from(symbol.unwrap_or(b'0')));
        }
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RegistrationCode {
    type Err = RegistrationCodeError;

    fn from_str(text: &str) -> Result<Self, RegistrationCodeError> {
        let good = (1..=REGISTRATION_CODE_CHARS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        good.then(|| Self(text.into())).ok_or(RegistrationCodeError)
    }
}

impl fmt::Debug for RegistrationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RegistrationCode(…)")
    }
}

impl Serialize for RegistrationCode {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RegistrationCode {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for RegistrationCode {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "RegistrationCode".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "a registration code; a secret",
            "pattern": "^[!-~]{1,64}$",
        })
    }
}

/// Symbols of a code that a center makes, and how many stand together.
const SYMBOLS: usize = 12;
const GROUP: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn a_code_of_a_center_can_be_read_out() {
        let bytes: Digest = core::array::from_fn(|i| u8::try_from(i * 7).unwrap_or_default());
        let code = RegistrationCode::of(&bytes);
        assert_eq!(code.as_str(), "07en-w3ah-rz6d");
        assert_eq!(code.as_str().parse(), Ok(code));
    }

    #[test]
    fn a_code_of_a_provider_is_opaque_and_bounded() {
        for good in ["163abc45", "rjew582s", "9302c1rj", "~", &"x".repeat(64)] {
            assert!(good.parse::<RegistrationCode>().is_ok(), "{good}");
        }
        for bad in ["", "two words", "caf\u{e9}", "line\n", &"x".repeat(65)] {
            assert!(bad.parse::<RegistrationCode>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_log_line_never_shows_the_code() {
        let code: RegistrationCode = "163abc45".parse().expect("a code");
        assert_eq!(format!("{code:?}"), "RegistrationCode(…)");
    }
}
