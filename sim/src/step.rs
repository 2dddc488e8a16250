//! What one step of the world has brought, for the checks and for the witness.

use restante_core::center::{Message, Refused, Reply};
use restante_core::record::Kind;
use restante_core::wire::DeviceRequest;
use restante_store::{Answer, DriverError};

use crate::center::Running;
use crate::parcel::Parcel;
use crate::state::Changed;

/// One step.
pub struct Step<'a> {
    /// Its number.
    pub number: u64,
    /// What has become durable.
    pub changed: Vec<Changed>,
    /// Whose doing it is; nobody's if a commit arrived late.
    pub by: Option<By<'a>>,
    /// What was answered, if the call came to its end.
    pub answer: Option<&'a Result<Answer, DriverError>>,
}

/// The call whose step it is.
pub struct By<'a> {
    /// The call.
    pub running: &'a Running,
    /// What it came as; nothing for a tick.
    pub parcel: Option<&'a Parcel>,
}

impl Step<'_> {
    /// What was answered, if it was a reply.
    #[must_use]
    pub fn reply(&self) -> Option<&Reply> {
        self.answer?.as_ref().ok()?.outcome.as_ref().ok()
    }

    /// What was answered, if it was a refusal.
    #[must_use]
    pub fn refused(&self) -> Option<&Refused> {
        self.answer?.as_ref().ok()?.outcome.as_ref().err()
    }

    /// The device's message that this is about.
    #[must_use]
    pub fn request(&self) -> Option<&DeviceRequest> {
        match &self.by.as_ref()?.running.call.message {
            Message::Device(request) => Some(request),
            _ => None,
        }
    }

    /// When the call began.
    #[must_use]
    pub fn begun(&self) -> u64 {
        self.by.as_ref().map_or(self.number, |by| by.running.begun)
    }

    /// Records of this kind that have changed.
    pub fn changed(&self, kind: Kind) -> impl Iterator<Item = &Changed> {
        self.changed.iter().filter(move |it| it.key.kind == kind)
    }
}
