//! Instructing devices: what people and their programs want done, and what became of it.
//!
//! An instruction is made for each device that is named, or for none. Whoever gives the same order
//! twice, with the same request id, gets the same instructions. Serves spec chapter MBX.

use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::id::{CustomerId, DeviceId, InstructionId, RequestId};
use crate::limits::DEVICES_PER_MESSAGE;
use crate::time::Seconds;

use super::acknowledge::ActResult;
use super::instruction::Acts;
use super::people::DateTime;

/// "These devices are to do this."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Instruct {
    /// Whose devices they are; absent where the token belongs to one customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Which devices: 1 to 500, each once.
    #[serde(deserialize_with = "devices")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 500)))]
    pub devices: Vec<DeviceId>,
    /// What to do, in this order: at most 1,152 bytes as JSON.
    pub acts: Acts,
    /// Not to be delivered before so many seconds are over; at once if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Seconds>,
    /// To be begun within so many seconds: thirty days if absent, one minute at least, ninety days
    /// at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Seconds>,
    /// Drawn by the sender. The same request, sent again, makes nothing twice.
    pub request: RequestId,
}

fn devices<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<DeviceId>, D::Error> {
    let devices = Vec::<DeviceId>::deserialize(d)?;
    let count = devices.len();
    if !(1..=DEVICES_PER_MESSAGE).contains(&count) {
        return Err(de::Error::invalid_length(count, &"1 to 500 devices"));
    }
    let mut sorted = devices.clone();
    sorted.sort_unstable();
    let twice = sorted.windows(2).find(|pair| pair.first() == pair.last());
    match twice.and_then(<[DeviceId]>::first) {
        Some(device) => Err(de::Error::custom(alloc::format!("{device} is named twice"))),
        None => Ok(devices),
    }
}

/// "They are instructed."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Instructed {
    /// One row per device, in the order of the request.
    pub rows: Vec<InstructedDevice>,
}

/// One device's instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct InstructedDevice {
    /// Which device.
    pub device: DeviceId,
    /// Its instruction.
    pub instruction: InstructionId,
}

/// "What has this device been told, and what became of it?" Oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ListInstructions {
    /// The device.
    pub device: DeviceId,
    /// Its customer; absent where the token belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<InstructionId>,
}

/// "This is not to be done after all."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CancelInstruction {
    /// Which instruction.
    pub instruction: InstructionId,
    /// Of which device.
    pub device: DeviceId,
    /// Its customer; absent where the token belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
}

/// One instruction as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct InstructionRow {
    /// Its id: what it is called off by.
    pub instruction: InstructionId,
    /// For which device.
    pub device: DeviceId,
    /// Whose device that is.
    pub customer: CustomerId,
    /// What became of it so far.
    pub state: InstructionState,
    /// It is called off, and the device has not answered that yet.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub cancel: bool,
    /// How often it has been delivered; absent before the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// What to do.
    pub acts: Acts,
    /// When it was made.
    pub made: DateTime,
    /// Before when it is not delivered, if that was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<DateTime>,
    /// From when on it is not begun any more.
    pub expires: DateTime,
    /// When the device first said that it has it or is at it, if it has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<DateTime>,
    /// When it was finished, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<DateTime>,
    /// What became of each act, in their order, as the device said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<ActResult>,
}

/// What became of an instruction so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum InstructionState {
    /// It has not been delivered yet.
    Waiting,
    /// It has been delivered, and nothing was heard of it.
    Delivered,
    /// The device has it and will carry it out.
    Taken,
    /// The device is at it.
    Proceeding,
    /// Every act is done.
    Done,
    /// At least one act was tried in vain.
    Failed,
    /// The device does not do this, and tried nothing in vain.
    Rejected,
    /// It was called off before anything of it was begun.
    Cancelled,
    /// Its time ran out before it was begun.
    Expired,
    /// It was delivered again and again without a final word.
    SetAside,
}

impl InstructionState {
    /// All of them, in the order in which they can follow.
    pub const ALL: [Self; 10] = [
        Self::Waiting,
        Self::Delivered,
        Self::Taken,
        Self::Proceeding,
        Self::Done,
        Self::Failed,
        Self::Rejected,
        Self::Cancelled,
        Self::Expired,
        Self::SetAside,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Taken => "taken",
            Self::Proceeding => "proceeding",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::SetAside => "set-aside",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::ToString;

    #[test]
    fn the_word_on_the_wire_is_the_word_in_logs() {
        for state in InstructionState::ALL {
            let json = serde_json::to_string(&state).expect("a unit variant");
            assert_eq!(json, format!("\"{}\"", state.word()));
        }
    }

    #[test]
    fn an_order_names_each_device_once_and_at_least_one() {
        let device = DeviceId::from_bytes([7; 16]);
        let order = |devices: &str| {
            let text = format!(
                r#"{{"devices":[{devices}],"acts":[{{"report-status":{{}}}}],
                    "request":"req-00000000000000000000000000"}}"#
            );
            serde_json::from_str::<Instruct>(&text)
        };
        assert!(order(&format!("\"{device}\"")).is_ok());
        assert!(order("").is_err());
        let twice = order(&format!("\"{device}\",\"{device}\"")).expect_err("twice");
        assert!(twice.to_string().contains("is named twice"), "{twice}");
    }
}
