//! The token record: what a person's or a program's access token may do. The token itself is not
//! kept; what is kept of its secret is a keyed hash.

use serde::{Deserialize, Serialize};

use crate::id::{AccountName, CustomerId, TokenId};
use crate::time::Timestamp;
use crate::wire::people::{DateTime, Role, TokenRow};

use super::bytes::Bytes;
use super::desk::Record;
use super::key::{Key, Kind};

/// What the center keeps of an access token.
///
/// ```text
///  issued ──▶ valid ──▶ revoked      Both ends are final. Running out is judged by the time,
///               └─────▶ run out      and an operator can still revoke what has run out.
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// What it may do.
    pub role: Role,
    /// Whose it is.
    pub account: AccountName,
    /// Whose devices it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// The keyed hash of its secret.
    pub secret: Bytes<32>,
    /// When it was made.
    pub issued: Timestamp,
    /// When it runs out, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was revoked, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
}

impl Token {
    /// Where it is.
    #[must_use]
    pub fn key(id: TokenId) -> Key {
        Key::unowned(Kind::Token, id.as_bytes())
    }

    /// Which token a key of [`Token::key`] names.
    #[must_use]
    pub fn id(key: &Key) -> Option<TokenId> {
        key.key.as_slice().try_into().ok().map(TokenId::from_bytes)
    }

    /// What people are shown of it.
    #[must_use]
    pub fn row(&self, id: TokenId) -> TokenRow {
        TokenRow {
            token: id,
            role: self.role,
            account: self.account.clone(),
            customer: self.customer,
            issued: DateTime(self.issued),
            expires: self.expires.map(DateTime),
            revoked: self.revoked.map(DateTime),
        }
    }
}

impl Record for Token {}
