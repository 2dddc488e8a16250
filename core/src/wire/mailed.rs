//! What a mail holds: a message with its name, since no route says which one it is.
//!
//! A mail brings no answer back and presents nobody; a message that may come in one holds all that
//! is needed to judge it. Serves spec chapter MAIL.

use serde::{Deserialize, Serialize};

use crate::code::RegistrationCode;
use crate::id::DeviceId;

use super::url::ServiceUrl;

/// The message of a mail: an object with one member, named like the conversation.
// spec: MAIL-003
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Mailed {
    /// A registration for a service.
    Register(RegisterAt),
}

/// "I was told to register there, with this", from a device that does not go there itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RegisterAt {
    /// The URL of its instruction, which tells the service.
    pub url: ServiceUrl,
    /// Which device.
    pub device: DeviceId,
    /// The registration code of its instruction. A registration without one is refused like one
    /// with a wrong one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<RegistrationCode>,
}
