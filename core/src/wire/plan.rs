//! Plans of poll requests: how chosen devices are made to poll at once, and the links for it.
//!
//! The center cannot reach the devices, so that it only plans: an administrator opens the links,
//! one for each device, or a few whose devices tell the others. Serves spec chapter POL.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::id::{ApplicationId, CustomerId, DeviceId, LanAddress, Model, RequestId};
use crate::limits::CALL_LAYERS;
use crate::time::Seconds;

use super::people::DateTime;
use super::poll_request::PollTag;
use super::services::Devices;

/// "These devices are to poll now: how do I tell them?"
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PlanPolls {
    /// A number that the sender draws: the same message sent again makes no second plan.
    pub request: RequestId,
    /// Whose devices; absent where the token belongs to one customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Which devices.
    pub of: PlanOf,
    /// Whom the administrator calls.
    #[serde(default)]
    pub shape: PlanShape,
    /// Who comes first.
    #[serde(default)]
    pub first: PlanFirst,
    /// How many devices each one calls, layer by layer: 1 to 5 numbers from 1 to 8, of which the
    /// last holds for all further layers. 8 if absent.
    #[serde(
        default,
        deserialize_with = "widths",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[cfg_attr(feature = "schema", schemars(length(max = 5)))]
    pub widths: Vec<u8>,
    /// How many devices arrive at the center in a minute: at most what its operator lets, and that
    /// if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u32>,
}

/// Which devices a plan is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum PlanOf {
    /// Those of this application for which its instruction waits.
    Application(ApplicationId),
    /// These devices.
    Devices(#[cfg_attr(feature = "schema", schemars(length(min = 1, max = 500)))] Devices),
}

/// Whom the administrator calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum PlanShape {
    /// Every device; nobody tells others.
    Each,
    /// So many devices, 1 to 64, which tell the others.
    Roots(#[cfg_attr(feature = "schema", schemars(range(min = 1, max = 64)))] u32),
}

impl Default for PlanShape {
    /// One link for all.
    fn default() -> Self {
        Self::Roots(1)
    }
}

/// Which devices come first, and so are the ones that tell the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PlanFirst {
    /// The first ones of the holdings.
    #[default]
    Holdings,
    /// Those of the models that the operator has put foremost, and else those with the most
    /// functions; of those that are alike, the first ones of the holdings.
    MostCapable,
}

fn widths<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
    let widths = Vec::<u8>::deserialize(d)?;
    if widths.len() > CALL_LAYERS {
        return Err(de::Error::invalid_length(widths.len(), &"at most 5 widths"));
    }
    Ok(widths)
}

/// "This is how": the plan, with the links to open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PollPlan {
    /// Its tag: what it is listed by, and what its links bear.
    pub tag: PollTag,
    /// When it was made.
    pub made: DateTime,
    /// Until when devices that poll for it are told whom to call.
    pub expires: DateTime,
    /// How many devices are called.
    pub devices: u32,
    /// How many are left out.
    pub left_out: u32,
    /// How many layers of devices are called by others.
    pub layers: u32,
    /// How many devices arrive at the center in a minute.
    pub per_minute: u32,
    /// When the last one arrives, counted from the first.
    pub lasts: Seconds,
    /// The links to open, the first 64 of them.
    pub links: Vec<PollLink>,
}

/// A link that makes a device poll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PollLink {
    /// Which device.
    pub device: DeviceId,
    /// The link, with the time after which the device polls. All of a plan's links can be opened at
    /// once.
    pub link: String,
}

/// "Which links has this plan, and who calls whom?"
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ListPollLinks {
    /// Which plan.
    pub tag: PollTag,
    /// Whose; absent where the token belongs to one customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u32>,
}

/// One device of a plan. Those that are called come first, in the order of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PollLinkRow {
    /// Its number in the plan, from 0.
    pub number: u32,
    /// Which device.
    pub device: DeviceId,
    /// What model it is, while the customer holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
    /// Its address as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<LanAddress>,
    /// How it is made to poll.
    pub state: PollLinkState,
    /// Who calls it, where another device does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<DeviceId>,
    /// When it arrives, counted from the first; absent where nobody calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seconds>,
    /// The link, where it is for people to open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// How a device of a plan is made to poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PollLinkState {
    /// A person opens its link.
    Root,
    /// Another device calls it.
    Called,
    /// It is left out: it has told no address.
    NoAddress,
    /// It is left out: a gateway speaks for it and polls at its own time.
    BehindGateway,
    /// It is left out: no registration speaks for it.
    Unregistered,
}

impl PollLinkState {
    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Called => "called",
            Self::NoAddress => "no-address",
            Self::BehindGateway => "behind-gateway",
            Self::Unregistered => "unregistered",
        }
    }
}
