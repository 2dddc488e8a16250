//! The table itself, in the order in which the OpenAPI document lists it.
//!
//! It is data: what routes of one kind have in common (the refusals of a credential, say) follows
//! from its columns and does not stand in it. Serves spec chapter HTTP.

use axum::http::Method;
use restante_core::id::{
    ApplicationId, DeviceId, GrantId, HandoverId, InstructionId, ServiceId, TokenId,
};
use restante_core::wire::instruct::{
    CancelInstruction, Instruct, Instructed, InstructionRow, ListInstructions,
};
use restante_core::wire::people::{
    AcceptClock, ClockAccepted, CodeIssued, CodeRow, DeviceRow, IssueCode, IssueToken, ListCodes,
    ListDevices, ListReadings, ListTokens, Page, Reading, TokenIssued, TokenRow,
};
use restante_core::wire::plan::{ListPollLinks, PlanPolls, PollLinkRow, PollPlan};
use restante_core::wire::provider::{
    CodesGiven, EntitlementsReported, GiveCodes, HandoverRow, HandoversSettled, ListHandovers,
    ReportEntitlements, SettleHandovers,
};
use restante_core::wire::services::{
    ApplicationRow, Applied, Apply, CancelApplication, Choose, DefineService, EntitlementRow,
    ListApplications, ListEntitlements, ListServices, ListTargets, ServiceRow, StopUse, TargetRow,
    UseStopped,
};
use restante_core::wire::{
    Acknowledge, Acknowledged, AddDevices, DevicesAdded, DevicesRemoved, Enrol, Enrolled, Mailbox,
    PollTag, RefusalCode, Register, Registered, RemoveDevices, ReportStatus, Rotate, Rotated,
    StatusReported,
};

use super::{Access, Condition, Operation, Parameter, Route, schema};

/// The table.
// spec: HTTP-001
pub static ROUTES: &[Route] = &[
    Route {
        request: Some(schema::<Enrol>),
        success: 201,
        reply: Some(schema::<Enrolled>),
        refuses: &[
            RefusalCode::RequestMismatch,
            RefusalCode::RequestRedeemed,
            RefusalCode::TooFewSlots,
        ],
        ..line(
            Operation::Enrol,
            POST,
            "/v1/enrolments",
            Access::Provisional,
            "Register a device, or a gateway's devices, with a provisional access code",
        )
    },
    Route {
        reply: Some(schema::<Mailbox>),
        refuses: &[RefusalCode::Invalid],
        ..line(
            Operation::Poll,
            GET,
            "/v1/mailbox",
            Access::Formal,
            "Fetch the mailbox's present state, or learn that it is unchanged",
        )
    },
    Route {
        request: Some(schema::<Acknowledge>),
        reply: Some(schema::<Acknowledged>),
        refuses: &[RefusalCode::DeviceNotCovered],
        ..line(
            Operation::Acknowledge,
            POST,
            "/v1/acknowledgements",
            Access::Formal,
            "Say what became of instructions",
        )
    },
    Route {
        request: Some(schema::<ReportStatus>),
        reply: Some(schema::<StatusReported>),
        refuses: &[RefusalCode::DeviceNotCovered],
        ..line(
            Operation::ReportStatus,
            POST,
            "/v1/status-reports",
            Access::Formal,
            "Report the running status of one device or of many",
        )
    },
    Route {
        request: Some(schema::<Rotate>),
        success: 201,
        reply: Some(schema::<Rotated>),
        ..line(
            Operation::Rotate,
            POST,
            "/v1/rotations",
            Access::Formal,
            "Ask for a new formal access code",
        )
    },
    Route {
        request: Some(schema::<AddDevices>),
        reply: Some(schema::<DevicesAdded>),
        refuses: &[
            RefusalCode::Throttled,
            RefusalCode::CodeRefused,
            RefusalCode::ChangeSuperseded,
            RefusalCode::TooManyDevices,
            RefusalCode::TooFewSlots,
        ],
        ..line(
            Operation::AddDevices,
            POST,
            "/v1/devices",
            Access::Formal,
            "Add devices to the registration",
        )
    },
    Route {
        request: Some(schema::<RemoveDevices>),
        reply: Some(schema::<DevicesRemoved>),
        refuses: &[RefusalCode::ChangeSuperseded],
        ..line(
            Operation::RemoveDevices,
            POST,
            "/v1/devices/removals",
            Access::Formal,
            "Take devices out of the registration",
        )
    },
    Route {
        success: 204,
        ..line(
            Operation::Leave,
            DELETE,
            "/v1/registration",
            Access::Formal,
            "End the registration",
        )
    },
    Route {
        request: Some(schema::<IssueCode>),
        success: 201,
        reply: Some(schema::<CodeIssued>),
        ..line(
            Operation::IssueCode,
            POST,
            "/v1/codes",
            Access::Token,
            "Dealer: make a provisional access code",
        )
    },
    Route {
        query: Some(schema::<ListCodes>),
        reply: Some(schema::<Page<CodeRow, GrantId>>),
        ..line(
            Operation::ListCodes,
            GET,
            "/v1/codes",
            Access::Token,
            "Dealer: list one's own codes, oldest first",
        )
    },
    Route {
        parameter: Some(Parameter::of::<GrantId>()),
        reply: Some(schema::<CodeRow>),
        ..line(
            Operation::RevokeCode,
            POST,
            "/v1/codes/{grant}/revocation",
            Access::Token,
            "Dealer: end a code; what it has registered stays registered",
        )
    },
    Route {
        request: Some(schema::<IssueToken>),
        success: 201,
        reply: Some(schema::<TokenIssued>),
        ..line(
            Operation::IssueToken,
            POST,
            "/v1/tokens",
            Access::Token,
            "Operator: make an access token",
        )
    },
    Route {
        query: Some(schema::<ListTokens>),
        reply: Some(schema::<Page<TokenRow, TokenId>>),
        ..line(
            Operation::ListTokens,
            GET,
            "/v1/tokens",
            Access::Token,
            "Operator: list the access tokens",
        )
    },
    Route {
        parameter: Some(Parameter::of::<TokenId>()),
        reply: Some(schema::<TokenRow>),
        ..line(
            Operation::RevokeToken,
            POST,
            "/v1/tokens/{token}/revocation",
            Access::Token,
            "Operator: end an access token",
        )
    },
    Route {
        request: Some(schema::<Instruct>),
        success: 201,
        reply: Some(schema::<Instructed>),
        refuses: &[
            RefusalCode::NotFound,
            RefusalCode::RequestMismatch,
            RefusalCode::MailboxFull,
        ],
        ..line(
            Operation::Instruct,
            POST,
            "/v1/instructions",
            Access::Token,
            "Administrator, operator: have devices do something",
        )
    },
    Route {
        parameter: Some(Parameter::of::<DeviceId>()),
        query: Some(schema::<ListInstructions>),
        reply: Some(schema::<Page<InstructionRow, InstructionId>>),
        ..line(
            Operation::ListInstructions,
            GET,
            "/v1/devices/{device}/instructions",
            Access::Token,
            "Administrator, operator: list what a device was told and what became of it",
        )
    },
    Route {
        parameter: Some(Parameter::of::<InstructionId>()),
        query: Some(schema::<CancelInstruction>),
        reply: Some(schema::<InstructionRow>),
        ..line(
            Operation::CancelInstruction,
            POST,
            "/v1/instructions/{instruction}/cancellation",
            Access::Token,
            "Administrator, operator: call an instruction off",
        )
    },
    Route {
        request: Some(schema::<AcceptClock>),
        reply: Some(schema::<ClockAccepted>),
        ..line(
            Operation::AcceptClock,
            POST,
            "/v1/clock/acceptance",
            Access::Token,
            "Operator: judge expiry by the clock again after it has jumped",
        )
    },
    Route {
        query: Some(schema::<ListDevices>),
        reply: Some(schema::<Page<DeviceRow, DeviceId>>),
        refuses: &[RefusalCode::NotFound],
        ..line(
            Operation::ListDevices,
            GET,
            "/v1/devices",
            Access::Token,
            "Dealer, administrator, operator: list a customer's devices with their latest readings",
        )
    },
    Route {
        parameter: Some(Parameter::of::<DeviceId>()),
        query: Some(schema::<ListReadings>),
        reply: Some(schema::<Page<Reading, u32>>),
        ..line(
            Operation::ListReadings,
            GET,
            "/v1/devices/{device}/readings",
            Access::Token,
            "Dealer, administrator, operator: list a device's readings, newest first",
        )
    },
    Route {
        request: Some(schema::<DefineService>),
        success: 201,
        reply: Some(schema::<ServiceRow>),
        ..line(
            Operation::DefineService,
            POST,
            "/v1/services",
            Access::Token,
            "Operator, provider: make a service that can be applied for, or change it",
        )
    },
    Route {
        query: Some(schema::<ListServices>),
        reply: Some(schema::<Page<ServiceRow, ServiceId>>),
        refuses: &[RefusalCode::NotFound],
        ..line(
            Operation::ListServices,
            GET,
            "/v1/services",
            Access::Token,
            "Administrator, dealer, operator, provider: list services, or those not yet used",
        )
    },
    Route {
        request: Some(schema::<Apply>),
        success: 201,
        reply: Some(schema::<Applied>),
        refuses: &[
            RefusalCode::NotFound,
            RefusalCode::RequestMismatch,
            RefusalCode::ServiceUnknown,
            RefusalCode::ModelUnknown,
            RefusalCode::NoEligibleDevice,
            RefusalCode::ApplicationOpen,
        ],
        ..line(
            Operation::Apply,
            POST,
            "/v1/applications",
            Access::Token,
            "Administrator, operator: have devices start services",
        )
    },
    Route {
        query: Some(schema::<ListApplications>),
        reply: Some(schema::<Page<ApplicationRow, ApplicationId>>),
        refuses: &[RefusalCode::NotFound],
        ..line(
            Operation::ListApplications,
            GET,
            "/v1/applications",
            Access::Token,
            "Administrator, operator: list applications with what became of them, oldest first",
        )
    },
    Route {
        parameter: Some(Parameter::of::<ApplicationId>()),
        request: Some(schema::<Choose>),
        reply: Some(schema::<ApplicationRow>),
        refuses: &[
            RefusalCode::ServiceUnknown,
            RefusalCode::ApplicationClosed,
            RefusalCode::ModelUnknown,
            RefusalCode::NoEligibleDevice,
            RefusalCode::ApplicationOpen,
        ],
        ..line(
            Operation::Choose,
            POST,
            "/v1/applications/{application}/choice",
            Access::Token,
            "Administrator, operator: choose the devices of an application among its candidates",
        )
    },
    Route {
        parameter: Some(Parameter::of::<ApplicationId>()),
        query: Some(schema::<ListTargets>),
        reply: Some(schema::<Page<TargetRow, DeviceId>>),
        ..line(
            Operation::ListTargets,
            GET,
            "/v1/applications/{application}/targets",
            Access::Token,
            "Administrator, operator: list an application's devices, or its candidates",
        )
    },
    Route {
        parameter: Some(Parameter::of::<ApplicationId>()),
        request: Some(schema::<CancelApplication>),
        reply: Some(schema::<ApplicationRow>),
        ..line(
            Operation::CancelApplication,
            POST,
            "/v1/applications/{application}/cancellation",
            Access::Token,
            "Administrator, operator: call an application off, for some devices or for all",
        )
    },
    Route {
        parameter: Some(Parameter::of::<ServiceId>()),
        request: Some(schema::<StopUse>),
        reply: Some(schema::<UseStopped>),
        refuses: &[RefusalCode::ServiceUnknown],
        ..line(
            Operation::StopUse,
            POST,
            "/v1/services/{service}/stops",
            Access::Token,
            "Administrator, operator: stop the use of a service by devices",
        )
    },
    Route {
        query: Some(schema::<ListEntitlements>),
        reply: Some(schema::<Page<EntitlementRow, DeviceId>>),
        refuses: &[RefusalCode::NotFound, RefusalCode::ServiceUnknown],
        ..line(
            Operation::ListEntitlements,
            GET,
            "/v1/entitlements",
            Access::Token,
            "Administrator, dealer, operator: list the devices that use a service, or did",
        )
    },
    Route {
        request: Some(schema::<PlanPolls>),
        success: 201,
        reply: Some(schema::<PollPlan>),
        refuses: &[
            RefusalCode::NotFound,
            RefusalCode::RequestMismatch,
            RefusalCode::NoEligibleDevice,
        ],
        ..line(
            Operation::PlanPolls,
            POST,
            "/v1/poll-plans",
            Access::Token,
            "Administrator, operator: plan how devices are made to poll at once",
        )
    },
    Route {
        parameter: Some(Parameter::of::<PollTag>()),
        query: Some(schema::<ListPollLinks>),
        reply: Some(schema::<Page<PollLinkRow, u32>>),
        ..line(
            Operation::ListPollLinks,
            GET,
            "/v1/poll-plans/{tag}/links",
            Access::Token,
            "Administrator, operator: list a plan's devices with their links and who calls whom",
        )
    },
    Route {
        parameter: Some(Parameter::of::<ServiceId>()),
        request: Some(schema::<Register>),
        reply: Some(schema::<Registered>),
        ..line(
            Operation::Register,
            POST,
            "/v1/services/{service}/registrations",
            Access::Pair,
            "Register a device for a service with its registration code",
        )
    },
    Route {
        ..line(
            Operation::Sealed,
            POST,
            "/v1/sealed",
            Access::Sealed,
            "Hand over a message in a sealed envelope, whatever vouches for the line",
        )
    },
    Route {
        parameter: Some(Parameter::of::<ServiceId>()),
        query: Some(schema::<ListHandovers>),
        reply: Some(schema::<Page<HandoverRow, HandoverId>>),
        ..line(
            Operation::ListHandovers,
            GET,
            "/v1/services/{service}/handovers",
            Access::Token,
            "Provider: list the devices that wait for a code, and those whose use is over",
        )
    },
    Route {
        parameter: Some(Parameter::of::<ServiceId>()),
        request: Some(schema::<GiveCodes>),
        reply: Some(schema::<CodesGiven>),
        ..line(
            Operation::GiveCodes,
            POST,
            "/v1/services/{service}/codes",
            Access::Token,
            "Provider: give devices their registration codes",
        )
    },
    Route {
        parameter: Some(Parameter::of::<ServiceId>()),
        request: Some(schema::<ReportEntitlements>),
        reply: Some(schema::<EntitlementsReported>),
        ..line(
            Operation::ReportEntitlements,
            POST,
            "/v1/services/{service}/entitlements",
            Access::Token,
            "Provider: report devices that can use the service",
        )
    },
    Route {
        parameter: Some(Parameter::of::<ServiceId>()),
        request: Some(schema::<SettleHandovers>),
        reply: Some(schema::<HandoversSettled>),
        ..line(
            Operation::SettleHandovers,
            POST,
            "/v1/services/{service}/settlements",
            Access::Token,
            "Provider: settle what is over at its own server too",
        )
    },
    Route {
        reply: Some(schema::<Condition>),
        ..line(
            Operation::Health,
            GET,
            "/healthz",
            Access::Anyone,
            "Whether the center's process lives",
        )
    },
    Route {
        reply: Some(schema::<Condition>),
        refuses: &[RefusalCode::Busy],
        ..line(
            Operation::Ready,
            GET,
            "/readyz",
            Access::Anyone,
            "Whether the center can answer: its store is open and its clock is accepted",
        )
    },
    Route {
        ..line(
            Operation::OpenApi,
            GET,
            "/v1/openapi.json",
            Access::Anyone,
            "This document",
        )
    },
];

/// A line of the table before its particulars are filled in.
const fn line(
    operation: Operation,
    method: &'static Method,
    path: &'static str,
    access: Access,
    summary: &'static str,
) -> Route {
    Route {
        operation,
        method,
        path,
        access,
        summary,
        parameter: None,
        query: None,
        request: None,
        success: 200,
        reply: None,
        refuses: &[],
    }
}

const GET: &Method = &Method::GET;
const POST: &Method = &Method::POST;
const DELETE: &Method = &Method::DELETE;
