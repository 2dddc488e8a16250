//! The formal access code: `rfc1.` and 75 base64url characters.
//!
//! It names its registration and epoch, so that the center finds one record and needs no search,
//! and it carries a checksum, so that a damaged copy is recognised where it is read. The prefix
//! lets secret scanners find it in logs and repositories. The secret inside is 32 bytes that the
//! center derives again whenever it needs them and never stores.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::armour::{self, Damage};
use crate::crypto::Digest;
use crate::id::{Epoch, RegistrationId};

/// A device's or a gateway's credential: registration, epoch and secret.
#[derive(Clone, PartialEq, Eq)]
pub struct FormalCode {
    registration: RegistrationId,
    epoch: Epoch,
    secret: Digest,
}

/// Why a text is no formal access code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormalCodeError {
    /// It does not begin with `rfc1.`.
    #[error("a formal access code begins with rfc1.")]
    Prefix,
    /// It is not 75 base64url characters after the prefix.
    #[error("a formal access code has 75 base64url characters after rfc1.")]
    Form,
    /// Its checksum does not fit: it was damaged on its way.
    #[error("the formal access code is damaged: its checksum does not fit")]
    Checksum,
}

impl FormalCode {
    /// What the text form begins with.
    pub const PREFIX: &'static str = "rfc1.";

    /// Puts a code together.
    #[must_use]
    pub const fn new(registration: RegistrationId, epoch: Epoch, secret: Digest) -> Self {
        Self {
            registration,
            epoch,
            secret,
        }
    }

    /// Which registration it belongs to.
    #[must_use]
    pub const fn registration(&self) -> RegistrationId {
        self.registration
    }

    /// Which generation of the secret it holds.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The secret itself.
    #[must_use]
    pub const fn secret(&self) -> &Digest {
        &self.secret
    }

    /// The text form. Show it to nobody: whoever has it speaks for the devices.
    // spec: COD-024
    #[must_use]
    pub fn to_text(&self) -> String {
        let epoch = self.epoch.get().to_be_bytes();
        let parts: [&[u8]; 3] = [self.registration.as_bytes(), &epoch, &self.secret];
        armour::write(Self::PREFIX, &parts)
    }
}

impl FromStr for FormalCode {
    type Err = FormalCodeError;

    // spec: COD-025, COD-026
    fn from_str(text: &str) -> Result<Self, FormalCodeError> {
        let body = armour::read::<BODY>(Self::PREFIX, text)?;
        let (registration, rest) = body
            .split_first_chunk::<16>()
            .ok_or(FormalCodeError::Form)?;
        let (epoch, rest) = rest.split_first_chunk::<4>().ok_or(FormalCodeError::Form)?;
        let secret: Digest = rest.try_into().map_err(|_| FormalCodeError::Form)?;
        Ok(Self::new(
            RegistrationId::from_bytes(*registration),
            Epoch::new(u32::from_be_bytes(*epoch)),
            secret,
        ))
    }
}

impl From<Damage> for FormalCodeError {
    fn from(damage: Damage) -> Self {
        match damage {
            Damage::Prefix => Self::Prefix,
            Damage::Form => Self::Form,
            Damage::Checksum => Self::Checksum,
        }
    }
}

impl fmt::Debug for FormalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "FormalCode({}, epoch {}, …)",
            self.registration,
            self.epoch.get()
        )
    }
}

impl Serialize for FormalCode {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for FormalCode {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for FormalCode {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "FormalCode".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "a formal access code; a secret",
            "pattern": "^rfc1\\.[A-Za-z0-9_-]{75}$",
        })
    }
}

/// Registration, epoch and secret.
const BODY: usize = 16 + 4 + 32;

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    fn code() -> FormalCode {
        FormalCode::new(RegistrationId::from_bytes([1; 16]), Epoch::FIRST, [2; 32])
    }

    #[test]
    fn a_code_reads_back_from_its_text() {
        let text = code().to_text();
        assert_eq!(text.len(), 5 + 75);
        assert_eq!(text.parse(), Ok(code()));
    }

    #[test]
    fn a_damaged_code_is_told_from_a_foreign_text() {
        let text = code().to_text();
        let damaged = text.replacen("AQEB", "AQEC", 1);
        assert_eq!(
            damaged.parse::<FormalCode>(),
            Err(FormalCodeError::Checksum)
        );
        assert_eq!(
            text[5..].parse::<FormalCode>(),
            Err(FormalCodeError::Prefix)
        );
        assert_eq!(text[..79].parse::<FormalCode>(), Err(FormalCodeError::Form));
    }

    #[test]
    fn a_log_line_never_shows_the_secret() {
        assert!(!format!("{:?}", code()).contains("2, 2"));
    }
}
