//! The provisional access code: 25 symbols that a dealer hands over and a person types.
//!
//! It opens registrations for one customer while its grant is valid. Twenty symbols are random (99
//! bits, since a recorded message allows guessing offline), five are check symbols. The code itself
//! is never stored by the center and never sent on a line without TLS; what works there are two
//! values derived from it, an id that finds the grant and a key that opens a sealed enrolment.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::symbols::{GROUPS, Group, POSITIONS, SYMBOLS};
use crate::crypto::{Crypto, Digest};
use crate::entropy::Seed;

/// A provisional access code, all of whose checks fit. Reading one from text forgives how it was
/// typed and says exactly what is wrong with it otherwise (see
/// [`ProvisionalCodeError`](super::ProvisionalCodeError)).
#[derive(Clone, PartialEq, Eq)]
pub struct ProvisionalCode {
    groups: [Group; GROUPS],
}

/// What finds a code's grant on every line: 16 bytes from which the code cannot be computed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnrolId([u8; 16]);

impl ProvisionalCode {
    /// Draws a new code.
    ///
    /// Each group takes 20 fresh bits as they come, so no symbol is likelier than another, and is
    /// drawn again until its check symbol is a letter or digit.
    // spec: COD-002
    #[must_use]
    pub fn draw(crypto: &impl Crypto, seed: &Seed) -> Self {
        let groups = POSITIONS.map(|position| draw_group(crypto, seed, position));
        Self { groups }
    }

    /// The code with these groups, each of which fits its place.
    pub(super) const fn from_groups(groups: [Group; GROUPS]) -> Self {
        Self { groups }
    }

    /// The text form, `XXXXX-XXXXX-XXXXX-XXXXX-XXXXX`. It is a secret: print it for its owner once.
    // spec: COD-001, COD-008
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(TEXT_LEN);
        for group in &self.groups {
            if !text.is_empty() {
                text.push('-');
            }
            text.extend(group.symbols().map(char::from));
        }
        text
    }

    /// The enrol id: the first 16 bytes of HKDF-SHA-256 over the code, with salt
    /// `restante code 1` and info `enrol id`.
    // spec: COD-006
    #[must_use]
    pub fn enrol_id(&self, crypto: &impl Crypto) -> EnrolId {
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(self.derive(crypto, b"enrol id")) {
            *to = from;
        }
        EnrolId(id)
    }

    /// The enrol key: HKDF-SHA-256 over the code, with salt `restante code 1` and info `enrol key`.
    // spec: COD-006
    #[must_use]
    pub fn enrol_key(&self, crypto: &impl Crypto) -> Digest {
        self.derive(crypto, b"enrol key")
    }

    /// HKDF over the 25 symbols as capital ASCII characters without hyphens.
    fn derive(&self, crypto: &impl Crypto, info: &[u8]) -> Digest {
        let mut symbols = [0; SYMBOLS];
        let printed = self.groups.iter().flat_map(Group::symbols);
        for (to, from) in symbols.iter_mut().zip(printed) {
            *to = from;
        }
        crypto.hkdf(SALT, &symbols, &[info])
    }
}

/// Draws until the check symbol is one of the alphabet, which five of 37 are not.
///
/// After `TRIES` failures in a row, which honest randomness meets once in 2¹⁸⁴ groups, the source
/// is stuck: the group that is then returned ends the loop, and a stuck source has no secrets
/// anyway.
fn draw_group(crypto: &impl Crypto, seed: &Seed, position: u8) -> Group {
    (0..TRIES)
        .map(|attempt| {
            let index = u32::from_be_bytes([0, 0, position, attempt]);
            let [a, b, c, ..] = seed.draw(crypto, "provisional code", index);
            u32::from_be_bytes([0, a, b, c]) >> 4
        })
        .find_map(|value| Group::for_value(position, value))
        .unwrap_or_else(|| Group([0, 0, 0, position.saturating_mul(4), 0]))
}

impl EnrolId {
    /// The id with these 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for EnrolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolId(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

impl fmt::Debug for ProvisionalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProvisionalCode(…)")
    }
}

impl Serialize for ProvisionalCode {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for ProvisionalCode {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ProvisionalCode {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "ProvisionalCode".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "a provisional access code; a secret",
            "pattern": "^[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{5}){4}$",
        })
    }
}

/// Keeps what is derived from codes apart from every other use of HKDF.
const SALT: &[u8] = b"restante code 1";
/// The symbols and the hyphens between the groups.
const TEXT_LEN: usize = SYMBOLS + GROUPS - 1;
/// How often a group is drawn before the source counts as stuck.
const TRIES: u8 = 64;
