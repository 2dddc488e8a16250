//! What a provider's own server says to the center: which devices wait for a code, what they are
//! given, which of them can use the service, and what it has settled.
//!
//! The server dials, the center answers. What it asks for is a state, and what it says counts by
//! device and application, so that every message can be sent again. Serves spec chapter PRV.

use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize};

use crate::code::RegistrationCode;
use crate::id::{ApplicationId, DeviceId, HandoverId, ServiceId};
use crate::limits::DEVICES_PER_MESSAGE;

use super::people::{DateTime, Page};
use super::services::{Devices, bounded};
use super::url::ServiceUrl;

/// What a provider's server asks for or says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ProviderRequest {
    /// Which devices want something of me?
    List(ListHandovers),
    /// These codes are for these devices.
    Give(GiveCodes),
    /// These devices can use the service.
    Report(ReportEntitlements),
    /// These are over here too.
    Settle(SettleHandovers),
}

/// What the center answers to a [`ProviderRequest`] that it accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ProviderReply {
    /// To [`ProviderRequest::List`].
    Handovers(Page<HandoverRow, HandoverId>),
    /// To [`ProviderRequest::Give`].
    Given(CodesGiven),
    /// To [`ProviderRequest::Report`].
    Reported(EntitlementsReported),
    /// To [`ProviderRequest::Settle`].
    Settled(HandoversSettled),
}

/// "Which devices want something of me?"
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ListHandovers {
    /// For which service.
    pub service: ServiceId,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<HandoverId>,
}

/// One device of an application that wants something of its provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HandoverRow {
    /// What it is settled by.
    pub handover: HandoverId,
    /// In which application.
    pub application: ApplicationId,
    /// Which device.
    pub device: DeviceId,
    /// What it wants.
    pub state: HandoverState,
    /// From when on a code of this application opens nothing any more.
    pub expires: DateTime,
}

/// What a handover asks of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum HandoverState {
    /// The device waits for a code.
    Wanted,
    /// The code that was given opens nothing any more, and the use that it began is over.
    Ended,
}

/// "These codes are for these devices of an application." A device keeps the first that it is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct GiveCodes {
    /// For which service.
    pub service: ServiceId,
    /// In which application.
    pub application: ApplicationId,
    /// Where the devices register.
    pub url: ServiceUrl,
    /// A code for each of 1 to 500 devices.
    #[serde(deserialize_with = "codes")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 500)))]
    pub codes: Vec<GivenCode>,
}

/// A code for a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct GivenCode {
    /// Which device.
    pub device: DeviceId,
    /// Its code.
    pub code: RegistrationCode,
}

/// "This became of the codes", in the order of the message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CodesGiven {
    /// One for each device.
    pub results: Vec<GiveResult>,
}

/// What became of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct GiveResult {
    /// Which device.
    pub device: DeviceId,
    /// What became of its code.
    pub result: GiveOutcome,
}

/// What becomes of a code that is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum GiveOutcome {
    /// The device is shown this code.
    Given,
    /// It was given another one before, and is shown that.
    Differs,
    /// Its mailbox is full; it is still wanted.
    Later,
    /// It does not wait for a code any more.
    Refused,
}

/// "These devices of an application can use the service."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReportEntitlements {
    /// Which service.
    pub service: ServiceId,
    /// By which application.
    pub application: ApplicationId,
    /// Which devices.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 500)))]
    pub devices: Devices,
}

/// "So the center takes it", in the order of the message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EntitlementsReported {
    /// One for each device.
    pub results: Vec<EntitledResult>,
}

/// How the center takes the report about one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EntitledResult {
    /// Which device.
    pub device: DeviceId,
    /// How it stands with it.
    pub result: EntitledOutcome,
}

/// How the center takes a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EntitledOutcome {
    /// The device can use the service.
    Entitled,
    /// It cannot: it was given no code, was called off, came too late or was stopped.
    Refused,
}

/// "These are over here too."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SettleHandovers {
    /// For which service.
    pub service: ServiceId,
    /// Which: 1 to 500.
    #[serde(deserialize_with = "handovers")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 500)))]
    pub handovers: Vec<HandoverId>,
}

/// "They are off the list."
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HandoversSettled {
    /// How many of them stood on it until now.
    pub settled: u32,
}

fn codes<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<GivenCode>, D::Error> {
    bounded(d, 1..=DEVICES_PER_MESSAGE, "1 to 500 codes")
}

fn handovers<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<HandoverId>, D::Error> {
    bounded(d, 1..=DEVICES_PER_MESSAGE, "1 to 500 handovers")
}
