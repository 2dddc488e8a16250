//! Effects: what somebody is to be told once a decision is kept.

use alloc::string::String;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::entropy::Seed;
use crate::id::{ApplicationId, CustomerId, DeviceId, EffectId, ServiceId};
use crate::record::{Desk, Outbox};
use crate::time::Timestamp;
use crate::wire::services::Tally;

/// Something to tell somebody, at least once; `id` makes repeating it harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Which one it is.
    pub id: EffectId,
    /// What to tell whom.
    pub what: EffectKind,
}

impl Effect {
    /// Puts something to tell into the outbox: the effect with this number of a decision, taken at
    /// this time.
    pub(crate) fn put<C: Crypto>(
        desk: &mut Desk<'_>,
        (crypto, seed): (&C, &Seed),
        (at, number): (Timestamp, usize),
        what: EffectKind,
    ) -> Self {
        let purpose = alloc::format!("effect {number}");
        let id = EffectId::from_bytes(seed.draw_dated_id(crypto, at, &purpose));
        let outbox = Outbox {
            at,
            what: what.clone(),
        };
        desk.put(Outbox::<EffectKind>::key(id), &outbox);
        Self { id, what }
    }
}

/// What to tell whom.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum EffectKind {
    /// The operator should look at this.
    Alarm {
        /// A fixed word, such as `device-at-two-customers`.
        word: String,
        /// A sentence for the operator.
        detail: String,
    },
    /// The instructions of an application are in the mailboxes: devices can be told to poll.
    InstructionsWaiting {
        /// Whose application it is.
        customer: CustomerId,
        /// Which one.
        application: ApplicationId,
        /// For which service.
        service: ServiceId,
        /// How many instructions wait.
        devices: u32,
    },
    /// Something has become of every device of an application.
    ApplicationComplete {
        /// Whose application it is.
        customer: CustomerId,
        /// Which one.
        application: ApplicationId,
        /// For which service.
        service: ServiceId,
        /// What has become of how many.
        tally: Tally,
    },
    /// The center has taken codes that this provider gave: their devices can register.
    CodesGiven {
        /// In which application.
        application: ApplicationId,
        /// For which service.
        service: ServiceId,
        /// The devices, as many as one message to the center holds at the most.
        devices: Vec<DeviceId>,
    },
    /// The center has taken that these devices use a service of this provider.
    DevicesEntitled {
        /// In which application.
        application: ApplicationId,
        /// Which service.
        service: ServiceId,
        /// The devices, as many as one message to the center holds at the most.
        devices: Vec<DeviceId>,
    },
}
