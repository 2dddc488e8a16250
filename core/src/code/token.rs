//! The access token of a person or a program: `rtk1.` and 70 base64url characters.
//!
//! It names itself, so that the center finds one record and needs no search, and it carries a
//! checksum, so that a damaged copy is recognised where it is read. The secret inside is 32 random
//! bytes, of which the center keeps a keyed hash only.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::armour::{self, Damage};
use crate::crypto::Digest;
use crate::id::TokenId;

/// The credential of a dealer, an administrator, an operator or a program of theirs.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    id: TokenId,
    secret: Digest,
}

/// Why a text is no access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessTokenError {
    /// It does not begin with `rtk1.`.
    #[error("an access token begins with rtk1.")]
    Prefix,
    /// It is not 70 base64url characters after the prefix.
    #[error("an access token has 70 base64url characters after rtk1.")]
    Form,
    /// Its checksum does not fit: it was damaged on its way.
    #[error("the access token is damaged: its checksum does not fit")]
    Checksum,
}

impl AccessToken {
    /// What the text form begins with.
    pub const PREFIX: &'static str = "rtk1.";

    /// Puts a token together.
    #[must_use]
    pub const fn new(id: TokenId, secret: Digest) -> Self {
        Self { id, secret }
    }

    /// Which token it is: what it is listed and revoked by.
    #[must_use]
    pub const fn id(&self) -> TokenId {
        self.id
    }

    /// The secret itself.
    #[must_use]
    pub const fn secret(&self) -> &Digest {
        &self.secret
    }

    /// The text form. Show it once, to its owner: whoever has it acts in their name.
    #[must_use]
    pub fn to_text(&self) -> String {
        armour::write(Self::PREFIX, &[self.id.as_bytes(), &self.secret])
    }
}

impl FromStr for AccessToken {
    type Err = AccessTokenError;

    // spec: COD-029
    fn from_str(text: &str) -> Result<Self, AccessTokenError> {
        let body = armour::read::<BODY>(Self::PREFIX, text)?;
        let (id, secret) = body.split_first_chunk().ok_or(AccessTokenError::Form)?;
        let secret = secret.try_into().map_err(|_| AccessTokenError::Form)?;
        Ok(Self::new(TokenId::from_bytes(*id), secret))
    }
}

impl From<Damage> for AccessTokenError {
    fn from(damage: Damage) -> Self {
        match damage {
            Damage::Prefix => Self::Prefix,
            Damage::Form => Self::Form,
            Damage::Checksum => Self::Checksum,
        }
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessToken({}, …)", self.id)
    }
}

impl Serialize for AccessToken {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for AccessToken {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for AccessToken {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "AccessToken".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "an access token; a secret",
            "pattern": "^rtk1\\.[A-Za-z0-9_-]{70}$",
        })
    }
}

/// Id and secret.
const BODY: usize = 16 + 32;

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::ToString;

    fn token() -> AccessToken {
        AccessToken::new(TokenId::from_bytes([1; 16]), [2; 32])
    }

    #[test]
    fn a_token_reads_back_from_its_text() {
        let text = token().to_text();
        assert_eq!(text.len(), 5 + 70);
        assert_eq!(text.parse(), Ok(token()));
        let json = serde_json::to_string(&token()).expect("serialises");
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(
            serde_json::from_str::<AccessToken>(&json).ok(),
            Some(token())
        );
    }

    #[test]
    fn a_damaged_token_is_told_from_a_foreign_text() {
        let text = token().to_text();
        let says = |text: &str| text.parse::<AccessToken>().expect_err("bad").to_string();
        assert_eq!(
            says(&text.replacen("AQEB", "AQEC", 1)),
            "the access token is damaged: its checksum does not fit"
        );
        assert_eq!(says(&text[5..]), "an access token begins with rtk1.");
        assert_eq!(
            says(&text.replacen("rtk1", "rfc1", 1)),
            "an access token begins with rtk1."
        );
        assert_eq!(
            says(&text[..74]),
            "an access token has 70 base64url characters after rtk1."
        );
    }

    #[test]
    fn a_log_line_names_the_token_and_never_shows_the_secret() {
        assert_eq!(
            format!("{:?}", token()),
            format!("AccessToken({}, …)", token().id())
        );
    }
}
