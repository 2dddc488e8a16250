//! The route table: which message travels where, with what credential, and what comes back.
//!
//! The server's router, the client and the OpenAPI document are all made from [`ROUTES`], so that
//! none of them can know a route that the others do not. A route carries no handler: what an
//! [`Operation`] means is an exhaustive match in the server and in the client.

mod table;

use std::str::FromStr;

use axum::http::Method;
use restante_core::wire::RefusalCode;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

pub use table::ROUTES;

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
    /// There is such a service.
    DefineService,
    /// Which services are there?
    ListServices,
    /// Services are to be started on devices.
    Apply,
    /// These are the devices of an application.
    Choose,
    /// Which applications are there?
    ListApplications,
    /// How far is each device of an application?
    ListTargets,
    /// An application is called off.
    CancelApplication,
    /// Devices stop using a service.
    StopUse,
    /// Which devices use a service?
    ListEntitlements,
    /// How are these devices made to poll?
    PlanPolls,
    /// Which links has a plan of poll requests?
    ListPollLinks,
    /// A device registers for a service.
    Register,
    /// A message in a sealed envelope.
    Sealed,
    /// What a service's provider has to act upon.
    ListHandovers,
    /// A provider's codes for devices.
    GiveCodes,
    /// Which devices a provider has entitled.
    ReportEntitlements,
    /// What is over at the provider too.
    SettleHandovers,
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
    /// A device and its registration code, both in the body; what comes in a header is passed over.
    Pair,
    /// What has sealed the envelope in the body; what comes in a header is passed over.
    Sealed,
}

/// Makes a type's schema, or the reference to it.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What stands in a route's path.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its type.
    pub schema: SchemaOf,
    /// Whether a text is one.
    pub reads: fn(&str) -> bool,
}

impl Parameter {
    /// A parameter of this type.
    const fn of<T: JsonSchema + FromStr>() -> Self {
        Self {
            schema: schema::<T>,
            reads: |text| text.parse::<T>().is_ok(),
        }
    }
}

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

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
    /// Its path parameter, if it has one.
    pub parameter: Option<Parameter>,
    /// The type whose members its query holds, if it takes one.
    pub query: Option<SchemaOf>,
    /// The type of its request's body, if it takes one. The member that stands in the path does not
    /// stand in the body.
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

    /// Whether its request's body may be left out: the message needs no members, in this version.
    #[must_use]
    pub const fn body_is_optional(&self) -> bool {
        matches!(
            self.operation,
            Operation::Rotate | Operation::AcceptClock | Operation::CancelApplication
        )
    }

    /// Whether its query has to hold this member.
    #[must_use]
    pub fn needs(&self, member: &str) -> bool {
        matches!(
            (self.operation, member),
            (Operation::CancelInstruction, "device") | (Operation::ListEntitlements, "service")
        )
    }

    /// All that it may refuse, in order of precedence.
    #[must_use]
    pub fn refusals(&self) -> Vec<RefusalCode> {
        let mut codes = self.refuses.to_vec();
        if self.access != Access::Anyone {
            codes.extend([RefusalCode::Busy, RefusalCode::Internal]);
            codes.push(RefusalCode::Malformed);
        }
        if !matches!(self.access, Access::Anyone | Access::Pair | Access::Sealed) {
            codes.push(RefusalCode::CredentialMissing);
        }
        if self.parameter.is_some() {
            codes.push(RefusalCode::NotFound);
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
            Access::Pair => {
                codes.extend([RefusalCode::Throttled, RefusalCode::RegistrationRefused]);
            }
            Access::Sealed => codes.extend([
                RefusalCode::TooLarge,
                RefusalCode::Throttled,
                RefusalCode::CodeRefused,
                RefusalCode::FormalCodeRefused,
            ]),
        }
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

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
