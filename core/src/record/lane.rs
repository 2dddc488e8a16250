//! A lane of a registration's sealed envelopes: what has come in it, and what was answered last.
//!
//! It is apart from the registration, since every request on such a line writes it. While a
//! rotation is under way two epochs have a record here, and an epoch's ends with the epoch: whoever
//! writes drops those that are neither in use nor next. The reply is kept so that a request that
//! comes again hears the same bytes; it goes when the next one is accepted. Serves spec chapter 14.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::id::{CustomerId, Epoch, RegistrationId};
use crate::seal::{self, Received};

use super::bytes::Bytes;
use super::desk::Record;
use super::key::{Key, Kind, Owner};

/// What has come in one lane of a registration, by epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LaneRecord {
    /// Those of the epoch in use and of the next one, where something has come in them.
    pub epochs: Vec<Lane>,
}

/// What has come in one lane in one epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lane {
    /// Which epoch.
    pub epoch: Epoch,
    /// The highest counter that was accepted.
    pub counter: u64,
    /// The tag of the request that bore it.
    pub tag: Bytes<16>,
    /// In the lane of mails: bit *n* says that `counter` − *n* was accepted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seen: u64,
    /// The sealed reply to the request that bore the counter; nothing is replied to mails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<SealedReply>,
}

/// A sealed envelope in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedReply(pub Vec<u8>);

impl LaneRecord {
    /// Where it is.
    #[must_use]
    pub fn key(customer: CustomerId, id: RegistrationId, lane: seal::Lane) -> Key {
        let mut key = id.as_bytes().to_vec();
        key.push(lane as u8);
        Key::owned(Kind::Lane, Owner::customer(customer), &key)
    }

    /// What has come in this epoch.
    #[must_use]
    pub fn of(&self, epoch: Epoch) -> Option<&Lane> {
        self.epochs.iter().find(|it| it.epoch == epoch)
    }

    /// The record with this as what has come in its epoch. Of the others, those stay that are still
    /// epochs of the registration.
    #[must_use]
    pub fn with(mut self, lane: Lane, is_present: impl Fn(Epoch) -> bool) -> Self {
        self.epochs
            .retain(|it| it.epoch != lane.epoch && is_present(it.epoch));
        self.epochs.push(lane);
        self
    }
}

impl Lane {
    /// What is remembered of it, of an epoch that was handed out in this generation of the center.
    #[must_use]
    pub const fn received(&self, generation: u32) -> Received {
        Received {
            generation,
            counter: self.counter,
            tag: self.tag.0,
            seen: self.seen,
        }
    }

    /// The record of what has been received, with the sealed reply to the last of it.
    #[must_use]
    pub fn new(epoch: Epoch, received: &Received, reply: Option<Vec<u8>>) -> Self {
        Self {
            epoch,
            counter: received.counter,
            tag: Bytes(received.tag),
            seen: received.seen,
            reply: reply.map(SealedReply),
        }
    }
}

impl Record for LaneRecord {}

impl Serialize for SealedReply {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for SealedReply {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let bytes = URL_SAFE_NO_PAD.decode(text);
        bytes
            .map(Self)
            .map_err(|_| de::Error::custom("not base64url"))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
const fn is_zero(seen: &u64) -> bool {
    *seen == 0
}
