//! Enrolment: the initial communication, opened by a provisional access code.
//!
//! A device draws a request id once, keeps it, and repeats the very same message until it has the
//! answer; the center answers every repetition alike until the formal code is first used. One
//! message registers one device (entered at its panel) or all devices of a gateway.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::code::FormalCode;
use crate::id::{DeviceId, RegistrationId, RequestId};
use crate::limits::{DEVICES_PER_MESSAGE, MESSAGE_BYTES_MIN};

use super::devices::{Contacts, Identification};
use super::schedule::Schedule;

/// "Register these devices." Presented with a provisional code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Enrol {
    /// Drawn once by the device or gateway and kept before it is first sent.
    pub request: RequestId,
    /// One device, or all devices behind a gateway; 1 to 500, no device twice.
    pub devices: DeviceList,
    /// The largest message that the sender can take, in bytes; 2 KiB at least. Absent: 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_message: Option<MaxMessage>,
}

/// One device of an enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeviceEntry {
    /// Which device.
    pub identification: Identification,
    /// Where it can be reached; may differ between repetitions of one message.
    #[serde(default)]
    pub contacts: Contacts,
}

/// 1 to 500 devices, none of them twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct DeviceList(Vec<DeviceEntry>);

/// Why devices are no [`DeviceList`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceListError {
    /// No device at all.
    #[error("no device is named; at least one is needed")]
    Empty,
    /// More devices than one message may hold.
    #[error("{devices} devices are named; one message holds at most {max}")]
    TooMany {
        /// How many are named.
        devices: usize,
        /// How many may be named.
        max: usize,
    },
    /// The same vendor, model and serial number twice.
    #[error("devices {first} and {second} are the same device (vendor, model and serial number)")]
    Twice {
        /// The first of the two, counted from 1.
        first: usize,
        /// The second of the two, counted from 1.
        second: usize,
    },
}

impl DeviceList {
    /// Takes the devices in this order.
    ///
    /// # Errors
    /// [`DeviceListError`] if there are none, too many, or one of them twice.
    pub fn new(devices: Vec<DeviceEntry>) -> Result<Self, DeviceListError> {
        if devices.is_empty() {
            return Err(DeviceListError::Empty);
        }
        if devices.len() > DEVICES_PER_MESSAGE {
            let (devices, max) = (devices.len(), DEVICES_PER_MESSAGE);
            return Err(DeviceListError::TooMany { devices, max });
        }
        let mut order: Vec<(&Identification, usize)> = devices
            .iter()
            .map(|entry| &entry.identification)
            .zip(1..)
            .collect();
        order.sort_by(|(a, i), (b, j)| {
            (&a.vendor, &a.model, &a.serial, i).cmp(&(&b.vendor, &b.model, &b.serial, j))
        });
        let twice = order.windows(2).find_map(|pair| match pair {
            [(a, first), (b, second)] if a.is_same_device(b) => Some((*first, *second)),
            _ => None,
        });
        match twice {
            Some((first, second)) => Err(DeviceListError::Twice { first, second }),
            None => Ok(Self(devices)),
        }
    }

    /// The list of this device alone.
    #[must_use]
    pub fn one(device: DeviceEntry) -> Self {
        Self(vec![device])
    }

    /// The devices, in the sender's order.
    #[must_use]
    pub fn as_slice(&self) -> &[DeviceEntry] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for DeviceList {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(d)?).map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for DeviceList {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "DeviceList".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let entry = generator.subschema_for::<DeviceEntry>();
        schemars::json_schema!({
            "type": "array",
            "description": "devices, none of them twice",
            "items": entry,
            "minItems": 1,
            "maxItems": DEVICES_PER_MESSAGE,
        })
    }
}

/// The largest message that a device can take, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct MaxMessage(u32);

/// A device that cannot take the smallest reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("maxMessage is {0} bytes; at least {min} are needed", min = MESSAGE_BYTES_MIN)]
pub struct MaxMessageTooSmall(pub u32);

impl MaxMessage {
    /// A bound of `bytes` bytes.
    ///
    /// # Errors
    /// [`MaxMessageTooSmall`] below 2 KiB.
    pub const fn new(bytes: u32) -> Result<Self, MaxMessageTooSmall> {
        if bytes < MESSAGE_BYTES_MIN {
            Err(MaxMessageTooSmall(bytes))
        } else {
            Ok(Self(bytes))
        }
    }

    /// The bound in bytes.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<'de> Deserialize<'de> for MaxMessage {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(u32::deserialize(d)?).map_err(|error| de::Error::custom(error.to_string()))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for MaxMessage {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "MaxMessage".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "integer",
            "description": "the largest message that the sender can take, in bytes",
            "minimum": MESSAGE_BYTES_MIN,
            "maximum": u32::MAX,
        })
    }
}

/// "They are registered; this is your formal code." The code becomes active when it is first used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Enrolled {
    /// The registration that the formal code opens.
    pub registration: RegistrationId,
    /// The credential for everything from now on; to be kept before it is used.
    pub formal_code: FormalCode,
    /// One result per device, in the order of the request.
    pub devices: Vec<EnrolDeviceResult>,
    /// When to come again and what to report.
    pub schedule: Schedule,
}

/// What became of one device of an enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EnrolDeviceResult {
    /// The device's id at the center from now on.
    pub device: DeviceId,
    /// Whether the customer held it before.
    pub result: EnrolResult,
}

/// Whether a device is new to the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum EnrolResult {
    /// The customer did not hold it before.
    New,
    /// The customer held it before; it keeps its history and moves at the code's first use.
    Known,
    /// It is part of this registration already.
    Already,
}
