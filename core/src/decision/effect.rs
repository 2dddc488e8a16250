//! Effects: what somebody is to be told once a decision is kept.

use alloc::string::String;

use crate::id::{ApplicationId, CustomerId, EffectId, ServiceId};
use crate::wire::services::Tally;

/// Something to tell somebody, at least once; `id` makes repeating it harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Which one it is.
    pub id: EffectId,
    /// What to tell whom.
    pub what: EffectKind,
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
}
