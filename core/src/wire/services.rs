//! What people say about services: what there is, who may use it, and that many devices are to
//! start.
//!
//! An administrator applies for a service; the center makes a registration code and an instruction
//! for every device that the application is about. Several services are several applications, each
//! handled by itself.

use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::id::{
    AccountName, ApplicationId, CustomerId, DeviceId, Model, Note, RequestId, ServiceId,
};
use crate::limits::{DEVICES_PER_MESSAGE, MODELS_PER_SERVICE, SERVICES_PER_APPLICATION};
use crate::time::Seconds;

use super::people::{DateTime, Page};
use super::url::ServiceUrl;

/// What people ask for about services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ServicesRequest {
    /// Operator, provider: there is such a service.
    Define(DefineService),
    /// Everybody with a token of these roles: which services are there?
    List(ListServices),
    /// Administrator, operator: start services on devices.
    Apply(Apply),
    /// Administrator, operator: these are the devices.
    Choose(Choose),
    /// Administrator, operator: which applications are there?
    ListApplications(ListApplications),
    /// Administrator, operator: how far is each device?
    ListTargets(ListTargets),
    /// Administrator, operator: call it off.
    CancelApplication(CancelApplication),
    /// Administrator, operator: these devices stop using a service.
    StopUse(StopUse),
    /// Administrator, dealer, operator: which devices use a service?
    ListEntitlements(ListEntitlements),
}

/// What the center answers to a [`ServicesRequest`] that it accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ServicesReply {
    /// To [`ServicesRequest::Define`].
    Defined(ServiceRow),
    /// To [`ServicesRequest::List`].
    Services(Page<ServiceRow, ServiceId>),
    /// To [`ServicesRequest::Apply`].
    Applied(Applied),
    /// To [`ServicesRequest::Choose`] and [`ServicesRequest::CancelApplication`]: the application
    /// as it is now.
    Application(ApplicationRow),
    /// To [`ServicesRequest::ListApplications`].
    Applications(Page<ApplicationRow, ApplicationId>),
    /// To [`ServicesRequest::ListTargets`].
    Targets(Page<TargetRow, DeviceId>),
    /// To [`ServicesRequest::StopUse`].
    UseStopped(UseStopped),
    /// To [`ServicesRequest::ListEntitlements`].
    Entitlements(Page<EntitlementRow, DeviceId>),
}

/// "This service can be applied for." Saying it again with other particulars changes the service;
/// applications that are under way go on with what they were made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DefineService {
    /// Which service.
    pub service: ServiceId,
    /// What people call it; its id if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Note>,
    /// Where devices register for it.
    pub url: ServiceUrl,
    /// The models that it applies to, at most 256; every model if there is none.
    #[serde(
        default,
        deserialize_with = "models",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[cfg_attr(feature = "schema", schemars(length(max = 256)))]
    pub models: Vec<Model>,
    /// Who collates its devices; the center if absent.
    #[serde(default, skip_serializing_if = "Collator::is_center")]
    pub collator: Collator,
}

/// Who makes a service's registration codes and compares them with what devices present.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Collator {
    /// The center, at its own URL.
    #[default]
    Center,
    /// The service's provider, on a server of its own.
    Provider,
}

impl Collator {
    /// Whether it is the center.
    #[must_use]
    pub const fn is_center(&self) -> bool {
        matches!(self, Self::Center)
    }
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServiceRow {
    /// Which service.
    pub service: ServiceId,
    /// What people call it.
    pub title: Note,
    /// Where devices register for it.
    pub url: ServiceUrl,
    /// The models that it applies to; every model if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<Model>,
    /// Who collates its devices; the center if absent.
    #[serde(default, skip_serializing_if = "Collator::is_center")]
    pub collator: Collator,
    /// The account that defined it; absent for whoever is neither an operator nor its provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountName>,
    /// Whether a device of the customer uses it; absent where the list is nobody's in particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<bool>,
}

/// "Which services are there?"
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ListServices {
    /// Whose use is looked at; absent where the token belongs to one customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Only those that the customer does not use: never did, or has stopped.
    pub unused: bool,
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<ServiceId>,
}

/// "Start these services on my devices." Where devices, models or all are named, the instructions
/// are made at once; otherwise the candidates are listed and the administrator chooses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Apply {
    /// A number that the sender draws: the same application sent again makes nothing twice.
    pub request: RequestId,
    /// Whose devices; absent where the token belongs to one customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Which services, at most 16. None need be named where the center has only one.
    #[serde(
        default,
        deserialize_with = "services",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[cfg_attr(feature = "schema", schemars(length(max = 16)))]
    pub services: Vec<ServiceId>,
    /// On which devices.
    #[serde(default)]
    pub on: Selection,
    /// How long the devices have to start it; thirty days if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity: Option<Seconds>,
}

/// Which devices an application is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Selection {
    /// Those that the administrator will choose from the list.
    #[default]
    Chosen,
    /// Every held device that the service applies to.
    All,
    /// The held devices of these models that the service applies to.
    Models(#[cfg_attr(feature = "schema", schemars(length(min = 1, max = 256)))] Models),
    /// These devices.
    Devices(#[cfg_attr(feature = "schema", schemars(length(min = 1, max = 500)))] Devices),
}

/// 1 to 256 models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Models(pub Vec<Model>);

impl<'de> Deserialize<'de> for Models {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        bounded(d, 1..=MODELS_PER_SERVICE, "1 to 256 models").map(Self)
    }
}

/// 1 to 500 devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Devices(pub Vec<DeviceId>);

impl<'de> Deserialize<'de> for Devices {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        bounded(d, 1..=DEVICES_PER_MESSAGE, "1 to 500 devices").map(Self)
    }
}

fn models<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Model>, D::Error> {
    bounded(d, 0..=MODELS_PER_SERVICE, "at most 256 models")
}

fn services<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<ServiceId>, D::Error> {
    bounded(d, 0..=SERVICES_PER_APPLICATION, "at most 16 services")
}

pub(super) fn bounded<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    d: D,
    bounds: core::ops::RangeInclusive<usize>,
    expected: &'static str,
) -> Result<Vec<T>, D::Error> {
    let entries = Vec::<T>::deserialize(d)?;
    if bounds.contains(&entries.len()) {
        Ok(entries)
    } else {
        Err(de::Error::invalid_length(entries.len(), &expected))
    }
}

/// "It is applied for": one row per service, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    /// The applications.
    pub applications: Vec<ApplicationRow>,
}

/// An application, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ApplicationRow {
    /// Which one.
    pub application: ApplicationId,
    /// For which service.
    pub service: ServiceId,
    /// Where it stands.
    pub state: ApplicationState,
    /// When it was made.
    pub made: DateTime,
    /// Until when devices can start the service by it.
    pub expires: DateTime,
    /// How many devices are how far, as last counted.
    pub tally: Tally,
}

/// Where an application stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ApplicationState {
    /// The candidates are listed, and nothing is chosen yet.
    Choosing,
    /// The instructions are being put into the mailboxes.
    Filling,
    /// All instructions are in the mailboxes.
    Open,
    /// Something has become of every device.
    Complete,
    /// It was called off.
    Cancelled,
}

/// How many devices of an application are how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Tally {
    /// The instruction waits in the mailbox, or has been taken.
    pub waiting: u32,
    /// The device may use the service.
    pub entitled: u32,
    /// The device tried in vain, or refused.
    pub failed: u32,
    /// It was called off, or the time ran out.
    pub withdrawn: u32,
    /// The device was named and left out.
    pub left_out: u32,
}

impl Tally {
    /// Counts one more device.
    pub fn add(&mut self, state: TargetState) {
        let place = match state {
            TargetState::Candidate
            | TargetState::HandedOver
            | TargetState::Waiting
            | TargetState::Taken => &mut self.waiting,
            TargetState::Entitled => &mut self.entitled,
            TargetState::Failed => &mut self.failed,
            TargetState::Withdrawn => &mut self.withdrawn,
            TargetState::NotApplicable
            | TargetState::AlreadyEntitled
            | TargetState::AlreadyApplied
            | TargetState::MailboxFull => &mut self.left_out,
        };
        *place = place.saturating_add(1);
    }
}

/// "I choose these."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Choose {
    /// In which application.
    pub application: ApplicationId,
    /// Whose; absent where the token belongs to one customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Which devices: `all`, models or devices.
    pub on: Selection,
}

/// "Which applications are there?", in the order of their ids, which says nothing of their age.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ListApplications {
    /// Whose; absent where the token belongs to one customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<ApplicationId>,
}

/// "How far is each device?" While nothing has been chosen, the rows are the candidates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ListTargets {
    /// In which application.
    pub application: ApplicationId,
    /// Whose; absent where the token belongs to one customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<DeviceId>,
}

/// One device of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TargetRow {
    /// Which device.
    pub device: DeviceId,
    /// How far it is.
    pub state: TargetState,
    /// Since when, where something has happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime>,
    /// What the device or the center said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Note>,
}

/// How far a device of an application is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TargetState {
    /// It can be chosen.
    Candidate,
    /// It waits for a code of the service's provider.
    HandedOver,
    /// The instruction waits in its mailbox.
    Waiting,
    /// It has taken the instruction.
    Taken,
    /// It may use the service.
    Entitled,
    /// It tried in vain, or rejected the instruction.
    Failed,
    /// The application was called off for it, or its time ran out.
    Withdrawn,
    /// It was named, and nothing was sent: the service is not for its model.
    NotApplicable,
    /// It was named, and nothing was sent: it uses the service already.
    AlreadyEntitled,
    /// It was named, and nothing was sent: another application is open for it.
    AlreadyApplied,
    /// It was named, and nothing was sent: its mailbox is full.
    MailboxFull,
}

impl TargetState {
    /// Whether nothing was to become of it from the beginning.
    #[must_use]
    pub const fn is_left_out(self) -> bool {
        matches!(
            self,
            Self::NotApplicable | Self::AlreadyEntitled | Self::AlreadyApplied | Self::MailboxFull
        )
    }

    /// Whether something can still become of it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Candidate | Self::HandedOver | Self::Waiting | Self::Taken
        )
    }
}

/// "Call it off": for these devices, or for all. Codes that were not used open nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CancelApplication {
    /// Which application.
    pub application: ApplicationId,
    /// Whose; absent where the token belongs to one customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// For these devices only; for all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<Devices>,
}

/// "These devices stop using the service." They can be applied for again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StopUse {
    /// Which service.
    pub service: ServiceId,
    /// Whose devices; absent where the token belongs to one customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Which devices.
    pub devices: Devices,
}

/// "They have stopped."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UseStopped {
    /// How many of the devices used it until now.
    pub stopped: u32,
}

/// "Which devices may use this service?"
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ListEntitlements {
    /// Which service.
    pub service: ServiceId,
    /// Whose devices; absent where the token belongs to one customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<DeviceId>,
}

/// One device's use of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EntitlementRow {
    /// Which device.
    pub device: DeviceId,
    /// Since when it may use the service.
    pub since: DateTime,
    /// When its use was stopped, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<DateTime>,
}
