//! The formal access code: `rfc1.` and 75 base64url characters.
//!
//! It names its registration and epoch, so that the center finds one record and needs no search,
//! and it carries a checksum, so that a damaged copy is recognised where it is read. The prefix lets
//! secret scanners find it in logs and repositories. The secret inside is 32 bytes that the center
//! derives again whenever it needs them and never stores.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

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
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut bytes = [0_u8; BYTES];
        let body = self
            .registration
            .as_bytes()
            .iter()
            .copied()
            .chain(self.epoch.get().to_be_bytes())
            .chain(self.secret);
        for (to, from) in bytes.iter_mut().zip(body) {
            *to = from;
        }
        if let Some((body, sum)) = bytes.split_last_chunk_mut::<CHECKSUM_BYTES>() {
            *sum = checksum(body);
        }
        let mut text = String::from(Self::PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
        text
    }
}

impl FromStr for FormalCode {
    type Err = FormalCodeError;

    fn from_str(text: &str) -> Result<Self, FormalCodeError> {
        let encoded = text
            .strip_prefix(Self::PREFIX)
            .ok_or(FormalCodeError::Prefix)?;
        let mut bytes = [0_u8; BYTES];
        let length = URL_SAFE_NO_PAD
            .decode_slice(encoded, &mut bytes)
            .map_err(|_| FormalCodeError::Form)?;
        if length != BYTES {
            return Err(FormalCodeError::Form);
        }
        let (body, sum) = bytes
            .split_last_chunk::<CHECKSUM_BYTES>()
            .ok_or(FormalCodeError::Form)?;
        if *sum != checksum(body) {
            return Err(FormalCodeError::Checksum);
        }
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

/// CRC-32 (IEEE 802.3), big-endian: it guards against damage, not against people.
fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            }
        })
    });
    (!crc).to_be_bytes()
}

const CHECKSUM_BYTES: usize = 4;
const BYTES: usize = 16 + 4 + 32 + CHECKSUM_BYTES;

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
    fn the_checksum_is_the_one_everybody_knows() {
        assert_eq!(checksum(b"123456789"), 0xCBF4_3926_u32.to_be_bytes());
    }

    #[test]
    fn a_log_line_never_shows_the_secret() {
        assert!(!format!("{:?}", code()).contains("2, 2"));
    }
}
