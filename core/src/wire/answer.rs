//! What a center answers in a sealed envelope, where no status says whether it has accepted.
//!
//! A line without envelopes has its own way to tell a reply from a refusal; inside an envelope the
//! message says it. Serves spec chapter 14.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::json::{self, JsonError};
use super::{DeviceReply, Refusal};

/// The message of a sealed reply: an object with one member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// What was asked for is done.
    Reply(DeviceReply),
    /// It is not, and this is why.
    Refusal(Refusal),
}

impl Answer {
    /// Reads one. A refusal by a word of a later registry is one that is not worth repeating.
    ///
    /// # Errors
    /// [`JsonError`] if it is none.
    // spec: ERR-004
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        json::parse(bytes).or_else(|error| match json::parse::<Later>(bytes) {
            Ok(Later { refusal }) => {
                let is_temporary = false;
                let refusal = Refusal::unknown(&refusal.code, &refusal.detail, is_temporary);
                Ok(Self::Refusal(refusal))
            }
            Err(_) => Err(error),
        })
    }
}

/// A refusal whose word is of a later registry.
#[derive(Deserialize)]
struct Later {
    refusal: LaterRefusal,
}

#[derive(Deserialize)]
struct LaterRefusal {
    code: String,
    detail: String,
}
