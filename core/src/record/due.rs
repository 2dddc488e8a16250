//! The due record: what has to happen at a time. A tick takes those whose time has come, in order.
//!
//! What is due is judged by predicates wherever it matters; the sweep only tidies up behind them,
//! so that a late sweep never keeps a code alive.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{CustomerId, GrantId, RegistrationId};
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
}

impl Due {
    /// Where it is, if it is due at `at`. At one time slots are given back before grants go.
    #[must_use]
    pub fn key(&self, at: Timestamp) -> Key {
        let (tag, id) = match self {
            Self::GiveBack { registration, .. } => (1, registration.as_bytes()),
            Self::Forget { grant, .. } => (2, grant.as_bytes()),
        };
        let mut key = [0_u8; 25];
        let bytes = at.as_millis().to_be_bytes().into_iter().chain([tag]);
        for (to, from) in key.iter_mut().zip(bytes.chain(*id)) {
            *to = from;
        }
        Key::unowned(Kind::Due, &key)
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
