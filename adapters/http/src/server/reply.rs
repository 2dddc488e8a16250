//! From an outcome to a response: status, headers and body, the same way on every route.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use restante_core::decision::{Reason, Refused, Reply, Sealed};
use restante_core::id::CorrelationId;
use restante_core::time::Seconds;
use restante_core::wire::people::PeopleReply;
use restante_core::wire::provider::ProviderReply;
use restante_core::wire::services::ServicesReply;
use restante_core::wire::{DeviceReply, ETag, Enrolled, PollReply, Refusal, RefusalCode, json};
use serde::Serialize;

use super::intake::Seen;
use crate::problem::{self, Problem};
use crate::route::{Access, Condition, Operation, Route};

/// A response before its correlation id is in it.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) reason: Option<Reason>,
    body: Content,
}

/// What the body is made of.
enum Content {
    Nothing,
    Json(Vec<u8>),
    Sealed(Vec<u8>),
    Text(Arc<str>),
    Problem(Box<Problem>),
}

impl Answered {
    /// No body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self::new(status, Content::Nothing)
    }

    /// 200 with JSON that is text already.
    pub(super) fn json_text(text: Arc<str>) -> Self {
        Self::new(StatusCode::OK, Content::Text(text))
    }

    /// 200 with one word about the center's condition.
    pub(super) fn condition(word: &str) -> Self {
        let status = word.into();
        Self::json(StatusCode::OK, &Condition { status })
    }

    /// A problem, and the word for it in the operator's log.
    pub(super) fn problem(problem: Problem, word: &'static str) -> Self {
        let status = StatusCode::from_u16(problem.status)
            .expect("statuses come from the registry or from HTTP itself");
        let detail = String::new();
        let mut answered = Self::new(status, Content::Problem(Box::new(problem)));
        answered.reason = Some(Reason { word, detail });
        answered
    }

    /// A refusal that needs no route to be written.
    // spec: HTTP-009, HTTP-011
    pub(super) fn refusal(refusal: Refusal, word: &'static str) -> Self {
        let problem = Problem::from(refusal);
        let wait = problem.retry_after;
        let mut answered = Self::problem(problem, word);
        if let Some(wait) = wait {
            answered.headers.insert(RETRY_AFTER, wait.get().into());
        }
        answered
    }

    /// A request that could not be read: its refusal's word says why.
    pub(super) fn unread(route: &Route, refusal: Refusal) -> Self {
        let (word, detail) = (refusal.code.word(), String::new());
        let reason = Reason { word, detail };
        Self::refused(route, Refused { refusal, reason })
    }

    /// What the center refuses.
    pub(super) fn refused(route: &Route, refused: Refused) -> Self {
        let Refused { refusal, reason } = refused;
        let code = refusal.code;
        let mut answered = Self::refusal(refusal, reason.word);
        if answered.status == StatusCode::UNAUTHORIZED {
            let challenge = challenge(route.access, code);
            answered.headers.insert(WWW_AUTHENTICATE, challenge);
        }
        answered.reason = Some(reason);
        answered
    }

    fn json<T: Serialize>(status: StatusCode, body: &T) -> Self {
        Self::new(status, Content::Json(json::to_bytes(body)))
    }

    fn new(status: StatusCode, body: Content) -> Self {
        Self {
            status,
            headers: HeaderMap::with_capacity(HEADERS),
            reason: None,
            body,
        }
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The response. Replies hold secrets and present states: nothing may keep them.
    pub(super) fn into_response(self, correlation: CorrelationId) -> Response {
        let (media_type, body) = match self.body {
            Content::Nothing => (None, Body::empty()),
            Content::Json(bytes) => (Some("application/json"), Body::from(bytes)),
            Content::Sealed(bytes) => (Some(crate::SEALED), Body::from(bytes)),
            Content::Text(text) => (Some("application/json"), Body::from(text.to_string())),
            Content::Problem(mut problem) => {
                problem.correlation = Some(correlation);
                let bytes = json::to_bytes(&problem);
                (Some(problem::MEDIA_TYPE), Body::from(bytes))
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        let headers = response.headers_mut();
        if let Some(media_type) = media_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        // spec: HTTP-014
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(crate::CORRELATION, header(&correlation.to_text()));
        response
    }
}

/// How to get in, for who was not let in.
// spec: HTTP-010
fn challenge(access: Access, code: RefusalCode) -> HeaderValue {
    HeaderValue::from_static(match (access, code) {
        (Access::Provisional, _) => PROVISIONAL_CHALLENGE,
        (_, RefusalCode::CredentialMissing) => BEARER_CHALLENGE,
        _ => BEARER_REFUSED_CHALLENGE,
    })
}

/// The response to what the center accepted; `None` where the reply does not belong to the route.
pub(super) fn success(route: &Route, reply: Reply, seen: &Seen) -> Option<Answered> {
    let status = StatusCode::from_u16(route.success).ok()?;
    match (route.operation, reply) {
        (_, Reply::Device(reply)) => to_device(route.operation, status, reply, seen),
        (operation, Reply::People(PeopleReply::Services(reply))) => {
            about_services(operation, status, reply)
        }
        (operation, Reply::People(PeopleReply::Provider(reply))) => {
            to_provider(operation, status, reply)
        }
        (_, Reply::People(reply)) => to_people(route.operation, status, reply),
        (Operation::Register, Reply::Registered(body)) => Some(Answered::json(status, &body)),
        (Operation::Sealed, Reply::Sealed(said)) => Some(sealed(status, said)),
        _ => None,
    }
}

/// The envelope, or 204 where nothing is said. Why the message inside came to nothing is for the
/// operator; nobody on the line learns whether it did.
// spec: SEA-020
fn sealed(status: StatusCode, said: Sealed) -> Answered {
    let mut answered = match said.envelope {
        Some(envelope) => Answered::new(status, Content::Sealed(envelope)),
        None => Answered::empty(StatusCode::NO_CONTENT),
    };
    answered.reason = said.reason;
    answered
}

fn to_device(
    operation: Operation,
    status: StatusCode,
    reply: DeviceReply,
    seen: &Seen,
) -> Option<Answered> {
    use {DeviceReply as D, Operation as O};
    Some(match (operation, reply) {
        (O::Enrol, D::Enrolled(enrolled)) => self::enrolled(status, &enrolled),
        (O::Poll, D::Polled(reply)) => polled(status, &reply, seen),
        (O::Acknowledge, D::Acknowledged(body)) => Answered::json(status, &body),
        (O::ReportStatus, D::StatusReported(body)) => Answered::json(status, &body),
        (O::Rotate, D::Rotated(body)) => Answered::json(status, &body),
        (O::AddDevices, D::DevicesAdded(body)) => Answered::json(status, &body),
        (O::RemoveDevices, D::DevicesRemoved(body)) => Answered::json(status, &body),
        (O::Leave, D::Left(_)) => Answered::empty(status),
        _ => return None,
    })
}

fn to_people(operation: Operation, status: StatusCode, reply: PeopleReply) -> Option<Answered> {
    use {Operation as O, PeopleReply as P};
    Some(match (operation, reply) {
        (O::IssueCode, P::CodeIssued(body)) => Answered::json(status, &body),
        (O::ListCodes, P::Codes(body)) => Answered::json(status, &body),
        (O::RevokeCode, P::CodeRevoked(body)) => Answered::json(status, &body),
        (O::IssueToken, P::TokenIssued(body)) => Answered::json(status, &body),
        (O::ListTokens, P::Tokens(body)) => Answered::json(status, &body),
        (O::RevokeToken, P::TokenRevoked(body)) => Answered::json(status, &body),
        (O::Instruct, P::Instructed(body)) => Answered::json(status, &body),
        (O::ListInstructions, P::Instructions(body)) => Answered::json(status, &body),
        (O::CancelInstruction, P::InstructionCancelled(body)) => Answered::json(status, &body),
        (O::AcceptClock, P::ClockAccepted(body)) => Answered::json(status, &body),
        (O::ListDevices, P::Devices(body)) => Answered::json(status, &body),
        (O::ListReadings, P::Readings(body)) => Answered::json(status, &body),
        (O::PlanPolls, P::PollsPlanned(body)) => Answered::json(status, &body),
        (O::ListPollLinks, P::PollLinks(body)) => Answered::json(status, &body),
        _ => return None,
    })
}

fn about_services(
    operation: Operation,
    status: StatusCode,
    reply: ServicesReply,
) -> Option<Answered> {
    use {Operation as O, ServicesReply as S};
    Some(match (operation, reply) {
        (O::DefineService, S::Defined(body)) => Answered::json(status, &body),
        (O::ListServices, S::Services(body)) => Answered::json(status, &body),
        (O::Apply, S::Applied(body)) => Answered::json(status, &body),
        (O::Choose | O::CancelApplication, S::Application(body)) => Answered::json(status, &body),
        (O::ListApplications, S::Applications(body)) => Answered::json(status, &body),
        (O::ListTargets, S::Targets(body)) => Answered::json(status, &body),
        (O::StopUse, S::UseStopped(body)) => Answered::json(status, &body),
        (O::ListEntitlements, S::Entitlements(body)) => Answered::json(status, &body),
        _ => return None,
    })
}

fn to_provider(operation: Operation, status: StatusCode, reply: ProviderReply) -> Option<Answered> {
    use {Operation as O, ProviderReply as P};
    Some(match (operation, reply) {
        (O::ListHandovers, P::Handovers(body)) => Answered::json(status, &body),
        (O::GiveCodes, P::Given(body)) => Answered::json(status, &body),
        (O::ReportEntitlements, P::Reported(body)) => Answered::json(status, &body),
        (O::SettleHandovers, P::Settled(body)) => Answered::json(status, &body),
        _ => return None,
    })
}

// spec: HTTP-003
fn enrolled(status: StatusCode, enrolled: &Enrolled) -> Answered {
    let location = format!("/v1/registrations/{}", enrolled.registration);
    Answered::json(status, enrolled).with(LOCATION, header(&location))
}

/// The mailbox, or 304 where the sender has seen this state.
// spec: HTTP-006, HTTP-007, HTTP-008
fn polled(status: StatusCode, reply: &PollReply, seen: &Seen) -> Answered {
    match reply {
        PollReply::Unchanged(next) => unchanged(*next, seen.only()),
        PollReply::Mailbox(mailbox) if seen.contains(&mailbox.etag) => {
            unchanged(mailbox.schedule.poll, Some(&mailbox.etag))
        }
        PollReply::Mailbox(mailbox) => Answered::json(status, mailbox)
            .with(ETAG, quoted(&mailbox.etag))
            .with(crate::NEXT_POLL, mailbox.schedule.poll.get().into()),
    }
}

/// Whether the sender of a poll has seen this state already.
pub(super) fn is_unchanged(reply: &Reply, seen: &Seen) -> bool {
    match reply {
        Reply::Device(DeviceReply::Polled(PollReply::Unchanged(_))) => true,
        Reply::Device(DeviceReply::Polled(PollReply::Mailbox(mailbox))) => {
            seen.contains(&mailbox.etag)
        }
        _ => false,
    }
}

fn unchanged(next: Seconds, tag: Option<&ETag>) -> Answered {
    let answered =
        Answered::empty(StatusCode::NOT_MODIFIED).with(crate::NEXT_POLL, next.get().into());
    match tag {
        Some(tag) => answered.with(ETAG, quoted(tag)),
        None => answered,
    }
}

fn quoted(tag: &ETag) -> HeaderValue {
    header(&["\"", tag.as_str(), "\""].concat())
}

/// A header of text that this program made; should it ever not be one, an empty header.
fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// Headers of a response, with some room: what it begins with, so that it need not grow.
const HEADERS: usize = 8;
const PROVISIONAL_CHALLENGE: &str = "Restante-Provisional realm=\"restante\"";
const BEARER_CHALLENGE: &str = "Bearer realm=\"restante\"";
const BEARER_REFUSED_CHALLENGE: &str = "Bearer realm=\"restante\", error=\"invalid_token\"";
