//! Polling: the mailbox's present state, and when to come again.
//!
//! A poll is level-triggered: it returns what is in the mailbox now, not what happened since. A
//! device that has seen this state says so by its tag and is told `unchanged`, which costs next to
//! nothing on either side. The tag lives in a device's RAM only.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::id::LanAddress;
use crate::limits::CALLS_PER_DEVICE;
use crate::time::Seconds;

use super::enrol::MaxMessage;
use super::instruction::Instruction;
use super::poll_request::PollTag;
use super::schedule::Schedule;

/// "What is in my mailbox?" Presented with a formal code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Poll {
    /// The tag of the state that the device has seen, if it has seen one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub have: Option<ETag>,
    /// The largest message that the sender can take, in bytes. Absent: 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_message: Option<MaxMessage>,
    /// The tag of the poll request that caused this poll. Whoever sends it sends no `have`, so that
    /// the answer is the mailbox with its calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<PollTag>,
}

/// The answer to a [`Poll`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum PollReply {
    /// The device has seen this state already; it comes again after so many seconds.
    Unchanged(Seconds),
    /// The present state.
    Mailbox(Mailbox),
}

/// The present state of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Mailbox {
    /// The tag of this state.
    pub etag: ETag,
    /// What waits for the devices of the registration, in order for each device.
    pub instructions: Vec<Instruction>,
    /// More wait than fit into this message. They are shown once some of these are done with, so
    /// that the device polls again as soon as it has acknowledged.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub more: bool,
    /// When to come again and what to report.
    pub schedule: Schedule,
    /// Whom the device calls next, at most 8: its part of the plan whose tag the poll bore. No part
    /// of what the etag tags.
    #[serde(
        default,
        deserialize_with = "at_most_8",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[cfg_attr(feature = "schema", schemars(length(max = 8)))]
    pub calls: Vec<PollCall>,
}

/// One device that another is to call with a poll request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PollCall {
    /// Its address. Absent where it has none any more, which is as if it did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<LanAddress>,
    /// So many seconds after this message was received.
    pub after: Seconds,
    /// Whom to call in its place where it does not answer: those that it would have called, at most
    /// 8.
    #[serde(
        default,
        deserialize_with = "at_most_8",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[cfg_attr(feature = "schema", schemars(length(max = 8)))]
    pub below: Vec<Below>,
}

/// A device that is called in the place of one that does not answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Below {
    /// Its address.
    pub address: LanAddress,
    /// So many seconds after the message that names it was received.
    pub after: Seconds,
}

fn at_most_8<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Vec<T>, D::Error> {
    let calls = Vec::<T>::deserialize(d)?;
    if calls.len() > CALLS_PER_DEVICE {
        return Err(de::Error::invalid_length(calls.len(), &"at most 8 calls"));
    }
    Ok(calls)
}

/// The tag of a mailbox state: 22 base64url characters, compared as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct ETag(String);

impl ETag {
    /// The tag made of these 16 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 16]) -> Self {
        use base64::Engine;
        Self(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
    }

    /// A tag as a peer sent it; any text of up to 64 characters, most of which match nothing.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        (text.len() <= TAG_CHARS).then(|| Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Characters of a tag that somebody else's center may make.
const TAG_CHARS: usize = 64;
