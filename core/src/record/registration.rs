//! The registration record: what a formal code stands for, and which devices it speaks for.
//!
//! Enrolment makes it pending. The formal code's first use makes it active, and only then do its
//! devices become holdings. What has ended stays as a record for ever, so that a request id never
//! names a second registration. The secret of the formal code is not in here: it is derived from a
//! master key, this registration's id and the epoch whenever it is needed.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{AccountName, CustomerId, DeviceId, Epoch, GrantId, RegistrationId, UserName};
use crate::limits::DEVICES_IN_LOCATOR;
use crate::time::Timestamp;
use crate::wire::DeviceEntry;

use super::bytes::Bytes;
use super::desk::Record;
use super::key::{Key, Kind, Owner};
use super::locator::{InUse, RegistrationLocator};

/// A registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// What never changes.
    pub facts: Facts,
    /// Where it stands.
    pub state: State,
}

/// What never changes about a registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// The authorized user.
    pub user: UserName,
    /// The dealer.
    pub account: AccountName,
    /// The customer who holds its devices.
    pub customer: CustomerId,
    /// The grant that it was made with.
    pub grant: GrantId,
    /// The keyed hash of the request id.
    pub request: Bytes<32>,
    /// The digest of the identifications that were enrolled.
    pub content: Bytes<32>,
    /// When it was made.
    pub made: Timestamp,
}

/// Where a registration stands. Each message that is not drawn leaves the state as it is; a refused
/// message always does.
///
/// ```text
///          enrol                first use of the formal code
///  (none) ───────▶ Pending ───────────────────────────────────▶ Active ◀─┐ rotate, add, remove,
///                    │  ▲─┐ enrol, the same again                 │  └───┘ first use of the next
///                    │  └─┘                                       │        code
///                    │ never used until                           │ leave, or no device is left
///                    │ a day after the code's end                 │ (removed or moved elsewhere)
///                    └────────────────────▶ Ended ◀───────────────┘
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// The formal code has been handed out and not been used.
    Pending(Pending),
    /// The formal code is in use.
    Active(Active),
    /// Over for good.
    Ended(Ended),
}

/// A registration whose formal code has not been used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    /// The secret of the formal code.
    pub secret: Secret,
    /// What was enrolled.
    pub devices: Vec<PendingDevice>,
    /// From when on it cannot become active and its slots are free again.
    pub gives_back: Timestamp,
}

/// One device of an enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingDevice {
    /// Its id at the customer.
    pub device: DeviceId,
    /// What it said.
    pub entry: DeviceEntry,
    /// Whether the customer held it already, as the answer said.
    pub known: bool,
}

/// A registration whose formal code is in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Active {
    /// The secret that is in use.
    pub secret: Secret,
    /// The secret of the next formal code, handed out by a rotation and not used yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Secret>,
    /// The devices that it speaks for, in order.
    pub devices: Vec<DeviceId>,
    /// The highest number of an addition or removal that was accepted; 0 before the first.
    #[serde(default)]
    pub change: u32,
    /// Since when.
    pub since: Timestamp,
    /// Since when nobody is let in with its formal code, because two senders hold it; a code that
    /// a person enters anew makes another registration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<Timestamp>,
}

/// A registration that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub why: Why,
}

/// Why a registration is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// Its formal code was never used.
    NeverUsed,
    /// It was asked to end.
    Left,
    /// Its last device was removed.
    Emptied,
    /// Its last device was registered anew by another registration.
    Moved,
}

/// Which secret a formal code holds: the generation, and the master key that it is derived from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Secret {
    /// The generation.
    pub epoch: Epoch,
    /// The version of the master key.
    pub master: u32,
}

/// What a formal code of some epoch is to a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use {
    /// The code in use.
    Current(Active),
    /// The next code, for the first time: it is the code in use from now on.
    Next(Active),
    /// The first code, for the first time.
    First(Pending),
}

impl Registration {
    /// Where it is.
    #[must_use]
    pub fn key(customer: CustomerId, id: RegistrationId) -> Key {
        Key::owned(Kind::Registration, Owner::customer(customer), id.as_bytes())
    }

    /// The locator of this registration as it stands.
    #[must_use]
    pub fn locator(&self) -> RegistrationLocator {
        let in_use = match &self.state {
            State::Active(active) if active.vouches() => Some(InUse {
                secret: active.secret,
                devices: active.devices.clone(),
            }),
            State::Pending(_) | State::Active(_) | State::Ended(_) => None,
        };
        RegistrationLocator {
            customer: self.facts.customer,
            in_use,
        }
    }
}

impl Record for Registration {}

impl State {
    /// What a formal code of `epoch` is to this registration, once its secret has been verified.
    /// The state after it is in the answer.
    ///
    /// # Errors
    /// The word for the operator's log: such a code is refused.
    // spec: ENR-013, ENR-027
    pub fn present(self, epoch: Epoch) -> Result<Use, &'static str> {
        match self {
            Self::Active(active) if active.quarantined.is_some() => Err("registration-quarantined"),
            Self::Pending(pending) if pending.secret.epoch == epoch => Ok(Use::First(pending)),
            Self::Active(active) if active.secret.epoch == epoch => Ok(Use::Current(active)),
            Self::Active(Active {
                next: Some(next),
                devices,
                change,
                since,
                quarantined,
                ..
            }) if next.epoch == epoch => Ok(Use::Next(Active {
                secret: next,
                next: None,
                devices,
                change,
                since,
                quarantined,
            })),
            Self::Ended(_) => Err("registration-ended"),
            Self::Pending(_) | Self::Active(_) => Err("formal-code-superseded"),
        }
    }

    /// The secret of this epoch, where it is in use or the next one.
    #[must_use]
    pub fn secret(&self, epoch: Epoch) -> Option<Secret> {
        let (secret, next) = match self {
            Self::Pending(pending) => (pending.secret, None),
            Self::Active(active) => (active.secret, active.next),
            Self::Ended(_) => return None,
        };
        let mut secrets = [Some(secret), next].into_iter().flatten();
        secrets.find(|it| it.epoch == epoch)
    }

    /// The word for the state, as logs and tests name it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Pending(_) => "pending",
            Self::Active(Active { next: None, .. }) => "active",
            Self::Active(_) => "active, rotating",
            Self::Ended(_) => "ended",
        }
    }
}

impl Use {
    /// The secret that the presented code has to hold.
    #[must_use]
    pub const fn secret(&self) -> Secret {
        match self {
            Self::Current(active) | Self::Next(active) => active.secret,
            Self::First(pending) => pending.secret,
        }
    }
}

impl Pending {
    /// How many slots it holds.
    #[must_use]
    pub fn slots(&self) -> u32 {
        u32::try_from(self.devices.len()).unwrap_or(u32::MAX)
    }

    /// The state after the first use.
    #[must_use]
    pub fn activate(&self, since: Timestamp) -> Active {
        let mut devices: Vec<DeviceId> = self.devices.iter().map(|it| it.device).collect();
        devices.sort_unstable();
        Active {
            secret: self.secret,
            next: None,
            devices,
            change: 0,
            since,
            quarantined: None,
        }
    }
}

impl Active {
    /// Whether a locator may vouch for its code: a poll then asks nothing else.
    fn vouches(&self) -> bool {
        self.devices.len() <= DEVICES_IN_LOCATOR && self.quarantined.is_none()
    }

    /// Whether it speaks for this device.
    #[must_use]
    pub fn covers(&self, device: DeviceId) -> bool {
        self.devices.binary_search(&device).is_ok()
    }

    /// Speaks for this device too.
    pub fn add(&mut self, device: DeviceId) {
        if let Err(place) = self.devices.binary_search(&device) {
            self.devices.insert(place, device);
        }
    }

    /// Speaks for this device no longer; whether it did.
    pub fn remove(&mut self, device: DeviceId) -> bool {
        match self.devices.binary_search(&device) {
            Ok(place) => {
                self.devices.remove(place);
                true
            }
            Err(_) => false,
        }
    }

    /// The state with these devices: over, for this reason, if none is left.
    #[must_use]
    pub fn or_ended(self, at: Timestamp, why: Why) -> State {
        if self.devices.is_empty() {
            State::Ended(Ended { at, why })
        } else {
            State::Active(self)
        }
    }
}
