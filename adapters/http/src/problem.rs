//! Refusals as RFC 9457 problems: `application/problem+json`, the same members on every route.
//!
//! A refusal of the protocol has the type `urn:restante:refusal:<word>` and the status of the
//! core's registry. What only HTTP can refuse (a method, a media type, a body that does not come)
//! has the type `about:blank`, as the RFC wants it, and no word of the registry.

use axum::http::StatusCode;
use restante_core::id::{CorrelationId, DeviceId};
use restante_core::time::Seconds;
use restante_core::wire::{Refusal, RefusalCode};
use serde::{Deserialize, Serialize};

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// What the type of a refusal begins with; the registry's word follows.
pub const TYPE_PREFIX: &str = "urn:restante:refusal:";

/// Why a request was refused, for a program and for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// `urn:restante:refusal:` and the code, or `about:blank` where the status says it all.
    pub r#type: String,
    /// What the type means, the same in every case.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong in this very case, in a sentence for a person.
    pub detail: String,
    /// Which rule was broken; absent where HTTP itself refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<RefusalCode>,
    /// Try again after so many seconds; also in the `Retry-After` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Seconds>,
    /// How many devices the provisional code can still register (`too-few-slots`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free: Option<u32>,
    /// The highest `change` that was accepted (`change-superseded`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<u32>,
    /// The devices that the registration does not speak for (`device-not-covered`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceId>,
    /// What to quote to the center's operator; also in the `Restante-Correlation` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<CorrelationId>,
}

impl Problem {
    /// The problem that says what `status` says, with this detail.
    #[must_use]
    pub fn of_status(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            r#type: "about:blank".into(),
            title: status.canonical_reason().unwrap_or("Refused").into(),
            status: status.as_u16(),
            detail: detail.into(),
            code: None,
            retry_after: None,
            free: None,
            change: None,
            devices: Vec::new(),
            correlation: None,
        }
    }

    /// The refusal that the problem carries, if it is one of the protocol's.
    #[must_use]
    pub fn into_refusal(self) -> Option<Refusal> {
        let mut refusal = Refusal::new(self.code?, self.detail);
        refusal.retry_after = self.retry_after;
        refusal.free = self.free;
        refusal.change = self.change;
        refusal.devices = self.devices;
        refusal.correlation = self.correlation;
        Some(refusal)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let retry_after = refusal.wait();
        Self {
            r#type: format!("{TYPE_PREFIX}{}", refusal.code.word()),
            title: refusal.code.title().into(),
            status: refusal.code.http_status(),
            detail: refusal.detail,
            code: Some(refusal.code),
            retry_after,
            free: refusal.free,
            change: refusal.change,
            devices: refusal.devices,
            correlation: refusal.correlation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_comes_back_from_its_problem_as_it_was() {
        let mut refusal = Refusal::plain(RefusalCode::TooFewSlots);
        refusal.free = Some(3);
        refusal.change = Some(4);
        refusal.devices = vec![DeviceId::from_bytes([1; 16])];
        refusal.correlation = Some(CorrelationId::from_bytes([2; 16]));
        let problem = Problem::from(refusal.clone());
        assert_eq!(problem.r#type, "urn:restante:refusal:too-few-slots");
        assert_eq!(problem.into_refusal(), Some(refusal));
    }

    #[test]
    fn what_http_refuses_is_no_refusal_of_the_protocol() {
        let problem = Problem::of_status(StatusCode::METHOD_NOT_ALLOWED, "use POST");
        assert_eq!(problem.title, "Method Not Allowed");
        assert_eq!(problem.into_refusal(), None);
    }
}
