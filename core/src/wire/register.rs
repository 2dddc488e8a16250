//! Registering for a service: a device presents itself and its registration code at the
//! instruction's URL, and is entitled or refused.
//!
//! The conversation is between a device and a provider, which may be the center or another server.
//! It carries no formal code: the pair of device and registration code is all that counts. Serves
//! spec chapter SVC.

use serde::{Deserialize, Serialize};

use crate::code::RegistrationCode;
use crate::id::{DeviceId, ServiceId};

/// "I was told to register here, with this."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Register {
    /// Which device.
    pub device: DeviceId,
    /// The registration code of its instruction. A registration without one is refused like one
    /// with a wrong one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<RegistrationCode>,
}

/// "You may use the service." The same pair gets the same answer however often it comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Registered {
    /// Which device.
    pub device: DeviceId,
    /// Which service.
    pub service: ServiceId,
}
