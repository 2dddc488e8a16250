//! Which devices a registration speaks for, after the enrolment: adding, removing, leaving.
//!
//! Each of them can be repeated without harm: a device that is there already takes no further slot,
//! one that is gone already is not missed. Additions and removals are numbered by their sender, so
//! that a copy which comes late does not undo what was said after it.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU32;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::id::DeviceId;
use crate::limits::DEVICES_PER_MESSAGE;

use super::enrol::{DeviceList, EnrolDeviceResult};
use super::schedule::Schedule;

/// "These devices are mine too." Presented with a formal code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AddDevices {
    /// Which of the sender's additions and removals this is: above those before it.
    pub change: NonZeroU32,
    /// The devices; those that belong to the registration already are left as they are.
    pub devices: DeviceList,
    /// A provisional code that pays for them, where the one that the registration was made with has
    /// run out. It has to be of the same customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl fmt::Debug for AddDevices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddDevices")
            .field("change", &self.change)
            .field("devices", &self.devices)
            .field("code", &self.code.as_ref().map(|_| '…'))
            .finish()
    }
}

/// "They are added."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DevicesAdded {
    /// One result per device, in the order of the request.
    pub devices: Vec<EnrolDeviceResult>,
    /// When to come again and what to report.
    pub schedule: Schedule,
}

/// "These devices are mine no longer." A registration that names no device any more ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RemoveDevices {
    /// Which of the sender's additions and removals this is: above those before it.
    pub change: NonZeroU32,
    /// The devices' ids, at most 500.
    #[serde(deserialize_with = "removals")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 500)))]
    pub devices: Vec<DeviceId>,
}

/// 1 to 500 ids. One that is named twice is removed once.
// spec: MSG-003
fn removals<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<DeviceId>, D::Error> {
    let devices = Vec::<DeviceId>::deserialize(d)?;
    if (1..=DEVICES_PER_MESSAGE).contains(&devices.len()) {
        Ok(devices)
    } else {
        Err(de::Error::invalid_length(
            devices.len(),
            &"1 to 500 devices",
        ))
    }
}

/// "They are removed."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DevicesRemoved {
    /// How many devices the registration names now. At zero it has ended.
    pub remaining: u32,
    /// When to come again and what to report.
    pub schedule: Schedule,
}

/// "The registration is to end." Its devices stay the customer's, its code is refused from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Leave {}

/// "It has ended."
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Left {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn a_log_line_never_shows_the_code_that_pays() {
        let text = r#"{"change":1,"devices":[{"identification":{"vendor":"V","model":"M","serial":"S",
            "functions":["printer"]}}],"code":"a secret"}"#;
        let add: AddDevices = serde_json::from_str(text).expect("a message");
        assert_eq!(add.code.as_deref(), Some("a secret"));
        let shown = format!("{add:?}");
        assert!(shown.contains("code: Some('…')"), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}
