//! Every message, parsed once into types that cannot be wrong.
//!
//! The same types serve every transport; a binding only says where their JSON travels. Parsing is
//! bounded before it begins ([`json`]); unknown members are ignored, so that both sides can grow;
//! an unknown word in a closed list is refused by name. No type here is flattened or internally
//! tagged: both cost a microcontroller many kilobytes of code.

pub mod acknowledge;
pub mod answer;
pub mod devices;
pub mod enrol;
pub mod hosts;
pub mod instruction;
pub mod json;
pub mod mailed;
pub mod membership;
pub mod poll;
pub mod poll_request;
pub mod refusal;
pub mod register;
pub mod rotate;
pub mod schedule;
pub mod site;
pub mod status;
pub mod url;

#[cfg(feature = "provider")]
pub mod instruct;
#[cfg(feature = "provider")]
pub mod people;
#[cfg(feature = "provider")]
pub mod plan;
#[cfg(feature = "provider")]
pub mod provider;
#[cfg(feature = "provider")]
pub mod services;

use serde::{Deserialize, Serialize};

pub use acknowledge::{
    Acknowledge, Acknowledged, Acknowledgement, ActResult, NoteResult, Noted, Outcome, Progress,
};
pub use answer::Answer;
pub use devices::{Contacts, Function, FunctionSet, Identification};
pub use enrol::{DeviceEntry, Enrol, EnrolDeviceResult, EnrolResult, Enrolled};
pub use hosts::{Host, Hosts, TooManyHosts};
pub use instruction::{Act, Acts, Instruction, Notify, RegisterService};
pub use mailed::{Mailed, RegisterAt};
pub use membership::{AddDevices, DevicesAdded, DevicesRemoved, Leave, Left, RemoveDevices};
pub use poll::{Below, ETag, Mailbox, Poll, PollCall, PollReply};
pub use poll_request::{Addresses, PollRequest, PollTag};
pub use refusal::{Refusal, RefusalCode};
pub use register::{Register, Registered};
pub use rotate::{Rotate, Rotated};
pub use schedule::{Action, PollWindow, Schedule, ScheduleEntry};
pub use status::{
    Counted, Counter, Counters, DeviceState, ReportResult, ReportStatus, Reported, ServiceCounters,
    StateReason, StateReasons, Status, StatusReport, StatusReported,
};
pub use url::{ServiceUrl, UrlError};

/// What a device or a gateway says to the center.
// spec: MSG-004, MSG-006
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum DeviceRequest {
    /// The initial communication, opened by the provisional code.
    Enrol(Enrol),
    /// What is in my mailbox?
    Poll(Poll),
    /// This became of my instructions.
    Acknowledge(Acknowledge),
    /// Running status, of one device or of many.
    ReportStatus(ReportStatus),
    /// I want a new formal code.
    Rotate(Rotate),
    /// These devices are mine too.
    AddDevices(AddDevices),
    /// These devices are mine no longer.
    RemoveDevices(RemoveDevices),
    /// The registration is to end.
    Leave(Leave),
}

/// What the center answers to a [`DeviceRequest`] that it accepts.
// spec: MSG-005
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum DeviceReply {
    /// To [`DeviceRequest::Enrol`].
    Enrolled(Enrolled),
    /// To [`DeviceRequest::Poll`].
    Polled(PollReply),
    /// To [`DeviceRequest::Acknowledge`].
    Acknowledged(Acknowledged),
    /// To [`DeviceRequest::ReportStatus`].
    StatusReported(StatusReported),
    /// To [`DeviceRequest::Rotate`].
    Rotated(Rotated),
    /// To [`DeviceRequest::AddDevices`].
    DevicesAdded(DevicesAdded),
    /// To [`DeviceRequest::RemoveDevices`].
    DevicesRemoved(DevicesRemoved),
    /// To [`DeviceRequest::Leave`].
    Left(Left),
}
