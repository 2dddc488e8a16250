//! The route table: which message travels where, with what credential, and what comes back.
//!
//! The server's router, the client and the OpenAPI document are all made from [`ROUTES`], so that
//! none of them can know a route that the others do not. A route carries no handler: what an
//! [`Operation`] means is an exhaustive match in the server and in the client.

use axum::http::Method;
use restante_core::id::{DeviceId, GrantId, InstructionId, TokenId};
use restante_core::wire::instruct::{
    CancelInstruction, Instruct, Instructed, InstructionRow, ListInstructions,
};
use restante_core::wire::people::{
    AcceptClock, ClockAccepted, CodeIssued, CodeRow, DeviceRow, IssueCode, IssueToken, ListCodes,
    ListDevices, ListReadings, ListTokens, Page, Reading, TokenIssued, TokenRow,
};
use restante_core::wire::{
    Acknowledge, Acknowledged, AddDevices, DevicesAdded, DevicesRemoved, Enrol, Enrolled, Mailbox,
    RefusalCode, RemoveDevices, ReportStatus, Rotate, Rotated, StatusReported,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

/// What a route does. The name, in camel case, is the OpenAPI operation id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// The initial communication.
    Enrol,
    /// The mailbox's present state.
    Poll,
    /// What became of instructions.
    Acknowledge,
    /// Running status.
    ReportStatus,
    /// A new formal code.
    Rotate,
    /// More devices for the registration.
    AddDevices,
    /// Fewer devices for the registration.
    RemoveDevices,
    /// The end of the registration.
    Leave,
    /// A dealer makes a code.
    IssueCode,
    /// A dealer's codes.
    ListCodes,
    /// A dealer ends a code.
    RevokeCode,
    /// An operator makes a token.
    IssueToken,
    /// All tokens.
    ListTokens,
    /// An operator ends a token.
    RevokeToken,
    /// Devices are to do something.
    Instruct,
    /// What a device has been told.
    ListInstructions,
    /// An instruction is called off.
    CancelInstruction,
    /// An operator accepts the clock.
    AcceptClock,
    /// A customer's devices.
    ListDevices,
    /// A device's readings.
    ListReadings,
    /// Whether the process lives.
    Health,
    /// Whether the center can answer.
    Ready,
    /// The OpenAPI document.
    OpenApi,
}

/// What a route wants presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Anyone,
    /// A provisional access code.
    Provisional,
    /// A formal access code.
    Formal,
    /// An access token.
    Token,
}

/// Makes a type's schema, or the reference to it.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// What it does.
    pub operation: Operation,
    /// How it is asked.
    pub method: &'static Method,
    /// Where; at most one parameter in braces.
    pub path: &'static str,
    /// What has to be presented.
    pub access: Access,
    /// What it does, in a line.
    pub summary: &'static str,
    /// The type of its path parameter, if it has one.
    pub parameter: Option<SchemaOf>,
    /// The type whose members its query holds, if it takes one.
    pub query: Option<SchemaOf>,
    /// The type of its request's body, if it takes one.
    pub request: Option<SchemaOf>,
    /// The status of success.
    pub success: u16,
    /// The type of its reply's body, if there is one.
    pub reply: Option<SchemaOf>,
    /// What it refuses beyond what every route with such an access and such a body refuses.
    pub refuses: &'static [RefusalCode],
}

/// What `/healthz` and `/readyz` answer when all is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Condition {
    /// `alive` or `ready`.
    pub status: String,
}

impl Route {
    /// The route of an operation.
    #[must_use]
    pub fn of(operation: Operation) -> &'static Self {
        ROUTES
            .iter()
            .find(|route| route.operation == operation)
            .expect("every operation stands in the table; a test goes through them")
    }

    /// The OpenAPI operation id: `enrol`, `listDevices`.
    #[must_use]
    pub fn id(&self) -> String {
        let name = format!("{:?}", self.operation);
        let (first, rest) = name.split_at(1);
        format!("{}{rest}", first.to_lowercase())
    }

    /// The path parameter's name, if there is one.
    #[must_use]
    pub fn parameter_name(&self) -> Option<&'static str> {
        let (_, rest) = self.path.split_once('{')?;
        rest.split_once('}').map(|(name, _)| name)
    }

    /// Whether its request's body may be left out: the message has no members, in this version.
    #[must_use]
    pub const fn body_is_optional(&self) -> bool {
        matches!(self.operation, Operation::Rotate | Operation::AcceptClock)
    }

    /// Whether its query has to hold this member.
    #[must_use]
    pub fn needs(&self, member: &str) -> bool {
        self.operation == Operation::CancelInstruction && member == "device"
    }

    /// All that it may refuse, in order of precedence.
    #[must_use]
    pub fn refusals(&self) -> Vec<RefusalCode> {
        let mut codes = self.refuses.to_vec();
        if self.access != Access::Anyone {
            codes.extend([RefusalCode::Busy, RefusalCode::Internal]);
            codes.extend([RefusalCode::Malformed, RefusalCode::CredentialMissing]);
        }
        if self.request.is_some() {
            codes.extend([RefusalCode::TooLarge, RefusalCode::Invalid]);
        }
        if self.query.is_some() {
            codes.push(RefusalCode::Invalid);
        }
        match self.access {
            Access::Anyone => {}
            Access::Provisional => codes.extend([RefusalCode::Throttled, RefusalCode::CodeRefused]),
            Access::Formal => codes.push(RefusalCode::FormalCodeRefused),
            Access::Token => codes.extend([RefusalCode::TokenRefused, RefusalCode::RoleForbidden]),
        }
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

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

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

const GET: &Method = &Method::GET;
const POST: &Method = &Method::POST;
const DELETE: &Method = &Method::DELETE;

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
        parameter: Some(schema::<GrantId>),
        reply: Some(schema::<CodeRow>),
        refuses: &[RefusalCode::NotFound],
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
        parameter: Some(schema::<TokenId>),
        reply: Some(schema::<TokenRow>),
        refuses: &[RefusalCode::NotFound],
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
        parameter: Some(schema::<DeviceId>),
        query: Some(schema::<ListInstructions>),
        reply: Some(schema::<Page<InstructionRow, InstructionId>>),
        refuses: &[RefusalCode::NotFound],
        ..line(
            Operation::ListInstructions,
            GET,
            "/v1/devices/{device}/instructions",
            Access::Token,
            "Administrator, operator: list what a device was told and what became of it",
        )
    },
    Route {
        parameter: Some(schema::<InstructionId>),
        query: Some(schema::<CancelInstruction>),
        reply: Some(schema::<InstructionRow>),
        refuses: &[RefusalCode::NotFound],
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
        parameter: Some(schema::<DeviceId>),
        query: Some(schema::<ListReadings>),
        reply: Some(schema::<Page<Reading, u32>>),
        refuses: &[RefusalCode::NotFound],
        ..line(
            Operation::ListReadings,
            GET,
            "/v1/devices/{device}/readings",
            Access::Token,
            "Dealer, administrator, operator: list a device's readings, newest first",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_one_route_and_every_route_its_own_address() {
        for (i, route) in ROUTES.iter().enumerate() {
            for other in ROUTES.iter().skip(i + 1) {
                assert_ne!(route.operation, other.operation);
                assert_ne!((route.method, route.path), (other.method, other.path));
            }
            assert_eq!(route.parameter.is_some(), route.parameter_name().is_some());
        }
        // The last operation of the enum: as many routes as operations, none twice, hence all.
        assert_eq!(ROUTES.len(), Operation::OpenApi as usize + 1);
    }
}
