//! Rotation: a new formal code for the same registration.
//!
//! The new code is pending until it is first used, and the old one is valid until then, so that a
//! lost reply or a power cut leaves a code that works. Asking again gives the same new code.

use serde::{Deserialize, Serialize};

use crate::code::FormalCode;

use super::schedule::Schedule;

/// "I want a new formal code." Presented with the present one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Rotate {}

/// "This is the new one." To be kept before it is used; its first use ends the old one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Rotated {
    /// The new credential.
    pub formal_code: FormalCode,
    /// When to come again and what to report.
    pub schedule: Schedule,
}
