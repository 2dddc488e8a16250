//! One simulated device of a fleet.

use std::sync::Arc;

use restante_core::Uptime;
use restante_core::code::ProvisionalCode;
use restante_core::device::{Device, Input, Kept, Notice, Phase, ServiceAnswer};
use restante_core::id::CenterAddress;
use restante_core::registrant::Standing;
use restante_core::wire::{Contacts, DeviceEntry, Identification, Status};
use restante_crypto::RingCrypto;
use tokio::task::AbortHandle;

/// A device, and what the fleet knows of it.
#[derive(Debug)]
pub struct Member {
    pub(super) machine: Device<RingCrypto>,
    pub(super) alarm: Option<Uptime>,
    pub(super) message: Option<AbortHandle>,
    pub(super) errand: Option<AbortHandle>,
    identification: Identification,
    first: Option<Box<First>>,
    served: u32,
}

/// What a person enters at a device.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The code.
    pub code: ProvisionalCode,
    /// The center's address.
    pub center: CenterAddress,
}

/// What a device is given when it is switched on.
#[derive(Debug)]
struct First {
    kept: Option<Box<Kept>>,
    status: Box<Status>,
    entry: Option<Arc<Entry>>,
}

/// How far a device is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Its formal code is in use.
    pub(super) enrolled: bool,
    /// It has registered for a service, and has told the center of all that it was asked for.
    pub(super) registered: bool,
    /// Nothing goes on before a person has done something.
    pub(super) stuck: bool,
}

impl Member {
    /// A device that was never switched on.
    pub fn new(me: DeviceEntry, status: Status, entry: Option<Arc<Entry>>) -> Self {
        Self::with(me, None, status, entry)
    }

    /// A device as it was kept, with what is known of it besides. What a person enters goes only to
    /// one that has no registration.
    pub fn resumed(
        kept: Kept,
        contacts: Contacts,
        status: Status,
        entry: Option<Arc<Entry>>,
    ) -> Self {
        let entry = entry.filter(|_| wants_code(&kept));
        let me = DeviceEntry {
            identification: kept.device().clone(),
            contacts,
        };
        Self::with(me, Some(Box::new(kept)), status, entry)
    }

    fn with(
        me: DeviceEntry,
        kept: Option<Box<Kept>>,
        status: Status,
        entry: Option<Arc<Entry>>,
    ) -> Self {
        let identification = me.identification.clone();
        Self {
            machine: Device::new(RingCrypto, me, None),
            alarm: None,
            message: None,
            errand: None,
            identification,
            first: Some(Box::new(First {
                kept,
                status: Box::new(status),
                entry,
            })),
            served: 0,
        }
    }

    /// Its model.
    pub fn model(&self) -> &str {
        self.identification.model.as_str()
    }

    /// Its serial number.
    pub fn serial(&self) -> &str {
        self.identification.serial.as_str()
    }

    /// Whether its formal code is in use.
    pub fn is_enrolled(&self) -> bool {
        self.facts().enrolled
    }

    /// Whether it has registered for a service since the fleet was started.
    pub fn is_registered(&self) -> bool {
        self.facts().registered
    }

    /// Whether it has yet to be switched on.
    pub(super) const fn is_off(&self) -> bool {
        self.first.is_some()
    }

    /// The inputs that switch it on, unless it is on.
    pub(super) fn switch_on(&mut self) -> Option<Vec<Input>> {
        let First {
            kept,
            status,
            entry,
        } = *self.first.take()?;
        let entered = entry.map(|entry| Input::CodeEntered {
            code: entry.code.clone(),
            center: entry.center.clone(),
        });
        let mut inputs = vec![Input::Booted { kept }, Input::StatusChanged(status)];
        inputs.extend(entered);
        Some(inputs)
    }

    /// A service's server has answered.
    pub(super) fn was_served(&mut self, answer: &ServiceAnswer) {
        if matches!(answer, ServiceAnswer::Registered(it) if Some(it.device) == self.machine.id()) {
            self.served += 1;
        }
    }

    pub(super) fn facts(&self) -> Facts {
        let phase = self.machine.phase();
        let stuck = !self.is_off() && matches!(phase, Phase::NeedsPerson | Phase::Blank);
        Facts {
            enrolled: matches!(phase, Phase::InUse | Phase::Rotating),
            registered: !stuck && self.served > 0 && self.machine.duties().is_empty(),
            stuck,
        }
    }
}

/// Whether a device that kept this goes on only with a code.
pub fn wants_code(kept: &Kept) -> bool {
    matches!(
        kept.standing(),
        Standing::Blank {} | Standing::NeedsPerson { .. }
    )
}

/// Whether people are told this of a device among thousands.
pub(super) const fn is_for_people(notice: &Notice) -> bool {
    matches!(
        notice,
        Notice::NeedsPerson(_) | Notice::Message { .. } | Notice::Left
    )
}
