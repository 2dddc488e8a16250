//! The grant record: what a provisional code stands for. The code itself is nowhere; a locator
//! leads from the keyed hash of its enrol id to the grant.
//!
//! Slots are counted in one place, and every change of a count is a method that cannot lose one:
//! free, pending and used slots always add up to the limit.

use serde::{Deserialize, Serialize};

use crate::id::{AccountName, CustomerId, GrantId, Note, UserName};
use crate::time::Timestamp;
use crate::wire::people::{CodeRow, CodeState, DateTime};

use super::bytes::Bytes;
use super::desk::Record;
use super::key::{Key, Kind, Owner};

/// A dealer's permission to register devices for one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// The authorized user.
    pub user: UserName,
    /// Whose holdings the devices become.
    pub customer: CustomerId,
    /// The dealer.
    pub account: AccountName,
    /// When it was issued.
    pub issued: Timestamp,
    /// From when on its code opens nothing any more.
    pub expires: Timestamp,
    /// How many devices it may register, and how many it has.
    pub slots: Slots,
    /// Whether it has been revoked.
    pub state: GrantState,
    /// What the dealer wanted to remember.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// Where its locator is: the keyed hash of the code's enrol id.
    pub located: Bytes<32>,
    /// The code's enrol key, wrapped by the master key of version `master`.
    pub enrol_key: Bytes<48>,
    /// Which master key wraps the enrol key.
    pub master: u32,
}

/// Whether a grant has been revoked. That its time has run out is judged by the time itself, and
/// the sweep removes it then, whichever state it is in.
///
/// ```text
///  issue ──▶ Open ──revoke──▶ Revoked ──┐ revoke: as it was
///             │                  │  ▲───┘
///             └──── swept away ──┘   once it has run out and no registration of it is pending
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GrantState {
    /// It is as it was issued.
    Open,
    /// Its code opens nothing, and its pending registrations cannot become active.
    Revoked {
        /// Since when.
        at: Timestamp,
    },
}

/// The devices of a grant: those it may register and those it has registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Slots {
    limit: u32,
    pending: u32,
    used: u32,
}

impl Grant {
    /// Where it is.
    #[must_use]
    pub fn key(owner: Owner, id: GrantId) -> Key {
        Key::owned(Kind::Grant, owner, id.as_bytes())
    }

    /// Which grant a key of [`Grant::key`] names.
    #[must_use]
    pub fn id(key: &Key) -> Option<GrantId> {
        key.key.as_slice().try_into().ok().map(GrantId::from_bytes)
    }

    /// Whether it has been revoked.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        matches!(self.state, GrantState::Revoked { .. })
    }

    /// Revokes it. What is revoked already stays as it was.
    pub fn revoke(&mut self, at: Timestamp) {
        if self.state == GrantState::Open {
            self.state = GrantState::Revoked { at };
        }
    }

    /// What people are shown of it at `now`.
    #[must_use]
    pub fn row(&self, id: GrantId, now: Timestamp) -> CodeRow {
        let state = match self.state {
            GrantState::Revoked { .. } => CodeState::Revoked,
            GrantState::Open if now >= self.expires => CodeState::Expired,
            GrantState::Open if self.slots.free() == 0 => CodeState::Exhausted,
            GrantState::Open => CodeState::Valid,
        };
        CodeRow {
            grant: id,
            user: self.user.clone(),
            customer: self.customer,
            state,
            issued: DateTime(self.issued),
            expires: DateTime(self.expires),
            limit: self.slots.limit,
            pending: self.slots.pending,
            used: self.slots.used,
            note: self.note.clone(),
        }
    }
}

impl Record for Grant {}

impl Slots {
    /// `limit` free slots.
    #[must_use]
    pub const fn new(limit: u32) -> Self {
        Self {
            limit,
            pending: 0,
            used: 0,
        }
    }

    /// How many devices may be registered in all.
    #[must_use]
    pub const fn limit(self) -> u32 {
        self.limit
    }

    /// How many are registered and wait for their formal code's first use.
    #[must_use]
    pub const fn pending(self) -> u32 {
        self.pending
    }

    /// How many have been registered for good.
    #[must_use]
    pub const fn used(self) -> u32 {
        self.used
    }

    /// How many can still be registered.
    #[must_use]
    pub const fn free(self) -> u32 {
        self.limit
            .saturating_sub(self.pending)
            .saturating_sub(self.used)
    }

    /// An enrolment takes `devices` slots; `None` if fewer are free.
    #[must_use]
    pub fn take(self, devices: u32) -> Option<Self> {
        let pending = self.pending.checked_add(devices)?;
        (devices <= self.free()).then_some(Self { pending, ..self })
    }

    /// The formal code's first use makes `devices` pending slots used ones; `None` if fewer pend.
    #[must_use]
    pub fn redeem(self, devices: u32) -> Option<Self> {
        Some(Self {
            pending: self.pending.checked_sub(devices)?,
            used: self.used.checked_add(devices)?,
            ..self
        })
    }

    /// A registration that was never used gives `devices` slots back; `None` if fewer pend.
    #[must_use]
    pub fn give_back(self, devices: u32) -> Option<Self> {
        let pending = self.pending.checked_sub(devices)?;
        Some(Self { pending, ..self })
    }
}

/// From a provisional code, or from a grant's id, to the grant and to whose holdings its devices
/// become. Each grant has one of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantLocator {
    /// The dealer's account that owns the grant.
    pub owner: Bytes<16>,
    /// Which grant.
    pub grant: GrantId,
    /// The customer of the grant.
    pub customer: CustomerId,
}

impl GrantLocator {
    /// Where it is by the keyed hash of the code's enrol id.
    #[must_use]
    pub fn key(hash: &[u8; 32]) -> Key {
        Key::unowned(Kind::GrantLocator, hash)
    }

    /// Where it is by the grant's id, for an operator who does not say whose grant it is.
    #[must_use]
    pub fn key_by_id(id: GrantId) -> Key {
        Key::unowned(Kind::GrantLocator, id.as_bytes())
    }
}

impl Record for GrantLocator {}
