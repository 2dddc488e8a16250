//! The due record: what has to happen at a time. A tick takes those whose time has come, in order.
//!
//! What is due is judged by predicates wherever it matters; the sweep only tidies up behind them,
//! so that a late sweep never keeps a code alive.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{ApplicationId, CustomerId, GrantId, RegistrationId};
use crate::limits::COUNT_EVERY;
use crate::time::Timestamp;

use super::bytes::Bytes;
use super::desk::Record;
use super::key::{Key, Kind, Owner, Range};

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Due {
    /// A registration whose formal code was never used gives its slots back.
    GiveBack {
        /// Whose registration it is.
        customer: CustomerId,
        /// Which one.
        registration: RegistrationId,
    },
    /// A grant has run out: it goes, and with it the user's name and the way from the code to it.
    Forget {
        /// The dealer's account that owns it.
        owner: Bytes<16>,
        /// Which one.
        grant: GrantId,
    },
    /// The next chunk of an application's instructions is to be made.
    Fill {
        /// Whose application it is.
        customer: CustomerId,
        /// Which one.
        application: ApplicationId,
    },
    /// An application's targets are to be counted.
    Count {
        /// Whose application it is.
        customer: CustomerId,
        /// Which one.
        application: ApplicationId,
    },
    /// A plan of poll requests has run out: it goes, with its list.
    EndPlan {
        /// The bytes of its tag.
        tag: Bytes<16>,
    },
}

impl Due {
    /// Where it is, if it is due at `at`. At one time slots are given back before grants go.
    #[must_use]
    pub fn key(&self, at: Timestamp) -> Key {
        let (tag, id) = match self {
            Self::GiveBack { registration, .. } => (1, registration.as_bytes()),
            Self::Forget { grant, .. } => (2, grant.as_bytes()),
            Self::Fill { application, .. } => (3, application.as_bytes()),
            Self::Count { application, .. } => (4, application.as_bytes()),
            Self::EndPlan { tag } => (5, &tag.0),
        };
        let mut key = [0_u8; 25];
        let bytes = at.as_millis().to_be_bytes().into_iter().chain([tag]);
        for (to, from) in key.iter_mut().zip(bytes.chain(*id)) {
            *to = from;
        }
        Key::unowned(Kind::Due, &key)
    }

    /// When what lies at a key of [`Due::key`] is due.
    #[must_use]
    pub fn at(key: &Key) -> Option<Timestamp> {
        let time = key.key.first_chunk().filter(|_| key.kind == Kind::Due)?;
        Some(Timestamp::from_millis(u64::from_be_bytes(*time)))
    }

    /// Whether it is a job that goes on in chunks.
    #[must_use]
    pub const fn is_job(&self) -> bool {
        matches!(self, Self::Fill { .. } | Self::Count { .. })
    }

    /// When a count that is wished for at `now` is made: at the end of a short while, so that all
    /// wishes within it are one.
    #[must_use]
    pub const fn counted_after(now: Timestamp) -> Timestamp {
        let while_ = COUNT_EVERY.as_millis();
        let over = match now.as_millis().checked_rem(while_) {
            Some(over) => over,
            None => 0,
        };
        Timestamp::from_millis(now.as_millis().saturating_sub(over).saturating_add(while_))
    }

    /// The first `limit` of those that are due at `now`, in key order; those that come behind the
    /// key `after`, where it is not empty.
    #[must_use]
    pub fn by(now: Timestamp, after: Vec<u8>, limit: u32) -> Range {
        let mut through = now.as_millis().to_be_bytes().to_vec();
        through.push(u8::MAX);
        Range {
            kind: Kind::Due,
            owner: Owner::NONE,
            after,
            through,
            limit,
        }
    }
}

impl Record for Due {}
