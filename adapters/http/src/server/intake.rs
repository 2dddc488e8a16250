//! From a request to a call: address, credential, parameters, body, in bounded time and space.
//!
//! What is wrong with a request is found in the registry's order of precedence as far as it can be
//! found without the center: an id that cannot be one is not found, then size, then form, then
//! content. The credential is only read here; whether it opens anything is the center's judgement.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, IF_NONE_MATCH,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use restante_core::decision::{Call, Credential, Source};
use restante_core::id::CorrelationId;
use restante_core::limits::{MESSAGE_BYTES, SEALED_BYTES};
use restante_core::wire::json::JsonError;
use restante_core::wire::{ETag, Refusal, RefusalCode};

use super::Peer;
use super::message::Sent;
use super::reply::Answered;
use super::services::Named;
use super::wait::{Stopping, Wait};
use crate::authorization;
use crate::problem::Problem;
use crate::route::{Access, Operation, Route};

/// What a request turned out to be.
pub(super) enum Intake {
    /// Something for the center to decide.
    Call {
        call: Box<Call>,
        seen: Seen,
        /// A poll that prefers to wait for another state.
        wait: Option<Wait>,
    },
    /// Does the process live?
    Health,
    /// Can the center answer?
    Ready,
    /// Which routes are there?
    OpenApi,
}

/// Which states of the mailbox the sender says that it has seen.
#[derive(Default)]
pub(super) struct Seen {
    tags: Vec<ETag>,
    any: bool,
}

impl Seen {
    /// Whether the sender has this state.
    pub(super) fn contains(&self, tag: &ETag) -> bool {
        self.any || self.tags.contains(tag)
    }

    /// The one tag that it has, if it is one.
    pub(super) fn only(&self) -> Option<&ETag> {
        match self.tags.as_slice() {
            [tag] => Some(tag),
            _ => None,
        }
    }

    /// Reads `If-None-Match`; what is no entity tag matches nothing.
    fn read(headers: &HeaderMap) -> Self {
        let mut seen = Self::default();
        let texts = headers.get_all(IF_NONE_MATCH).iter();
        for text in texts.filter_map(|value| value.to_str().ok()) {
            for item in text.split(',').map(str::trim).take(TAGS) {
                seen.any |= item == "*";
                let quoted = item.strip_prefix("W/").unwrap_or(item);
                let tag = quoted
                    .strip_prefix('"')
                    .and_then(|rest| rest.strip_suffix('"'))
                    .and_then(ETag::from_text);
                seen.tags.extend(tag);
            }
        }
        seen
    }
}

/// Reads one request.
///
/// # Errors
/// The answer that says what is wrong with it.
pub(super) async fn read(
    route: &'static Route,
    request: Request,
    correlation: CorrelationId,
    body_time: Duration,
) -> Result<Intake, Answered> {
    match route.operation {
        Operation::Health => return Ok(Intake::Health),
        Operation::Ready => return Ok(Intake::Ready),
        Operation::OpenApi => return Ok(Intake::OpenApi),
        _ => {}
    }
    let (mut parts, body) = request.into_parts();
    let parameter = match route.parameter {
        Some(_) => path_parameter(&mut parts).await,
        None => None,
    };
    // spec: HTTP-012, ERR-002
    if let Some(is) = route.parameter
        && !parameter.as_deref().is_some_and(is.reads)
    {
        let refusal = Refusal::plain(RefusalCode::NotFound);
        return Err(Answered::unread(route, refusal));
    }
    let bytes = match Form::of(route) {
        // In a box, so that what has no body does not carry about the state of reading one.
        Some(form) => Box::pin(read_body(route, form, &parts.headers, body, body_time)).await?,
        None => Vec::new(),
    };
    let seen = seen(&parts.headers);
    let message = Sent {
        parameter: parameter.as_deref().unwrap_or_default(),
        uri: &parts.uri,
        headers: &parts.headers,
        body: &bytes,
        seen: &seen,
    }
    .message(route)
    .map_err(|refusal| Answered::unread(route, refusal))?;
    let presented =
        presented(route, &parts.headers).map_err(|refusal| Answered::unread(route, refusal))?;
    let address = parts
        .extensions
        .get::<Peer>()
        .map(|peer| peer.0.to_canonical());
    let call = Box::new(Call {
        source: Source {
            address,
            correlation,
        },
        presented,
        message,
    });
    let wait = if route.operation == Operation::Poll {
        Wait::read(&parts.headers, parts.extensions.remove::<Stopping>())
    } else {
        None
    };
    Ok(Intake::Call { call, seen, wait })
}

/// Which states the sender says that it has seen. Whoever polls because of a poll request is shown
/// the mailbox, whatever that is.
// spec: POL-020
fn seen(headers: &HeaderMap) -> Seen {
    match headers.contains_key(crate::POLL_TAG) {
        true => Seen::default(),
        false => Seen::read(headers),
    }
}

/// The credential, where the route takes one.
// spec: SVC-032
fn presented(route: &Route, headers: &HeaderMap) -> Result<Credential, Refusal> {
    if matches!(route.access, Access::Pair | Access::Sealed) {
        return Ok(Credential::None);
    }
    authorization::read(headers)
        .map_err(|error| Refusal::new(RefusalCode::Malformed, error.to_string()))
}

/// The path's one parameter, as it reads after percent-decoding, or what the whole URL says in its
/// place.
async fn path_parameter(parts: &mut Parts) -> Option<String> {
    if let Some(Named(service)) = parts.extensions.get() {
        return Some(service.to_string());
    }
    let params = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    params.iter().next().map(|(_, value)| value.to_owned())
}

/// What a body is.
#[derive(Clone, Copy)]
enum Form {
    Json,
    Sealed,
}

impl Form {
    /// What the body of this route is, if it takes one.
    fn of(route: &Route) -> Option<Self> {
        match route.access {
            Access::Sealed => Some(Self::Sealed),
            _ => route.request.map(|_| Self::Json),
        }
    }

    /// How many bytes it has at the most.
    const fn most(self) -> usize {
        match self {
            Self::Json => MESSAGE_BYTES,
            Self::Sealed => SEALED_BYTES,
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Sealed => crate::SEALED,
        }
    }
}

/// The body: of this form by its media type, bounded in bytes and in time.
async fn read_body(
    route: &Route,
    form: Form,
    headers: &HeaderMap,
    mut body: Body,
    body_time: Duration,
) -> Result<Vec<u8>, Answered> {
    if route.body_is_optional() && body.is_end_stream() {
        return Ok(b"{}".into());
    }
    if let Some(detail) = why_not(form, headers) {
        let problem = Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
        return Err(Answered::problem(problem, "unsupported-media-type"));
    }
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if let Some(bytes) = announced.filter(|bytes| *bytes > form.most()) {
        // Who waits for a go-ahead has sent nothing yet and is told at once.
        if !headers.contains_key(EXPECT) {
            discard(&mut body).await;
        }
        return Err(too_large(bytes, form));
    }
    // spec: HTTP-019
    match tokio::time::timeout(body_time, collect(&mut body, form.most())).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(Uncollected::TooLarge(bytes))) => {
            discard(&mut body).await;
            Err(too_large(bytes, form))
        }
        Ok(Err(Uncollected::CutOff)) => {
            let refusal = Refusal::new(RefusalCode::Malformed, "the body ended too early");
            Err(Answered::refusal(refusal, "body-cut-off").closing())
        }
        Err(_) => {
            let detail = format!("the body did not arrive within {} s", body_time.as_secs());
            let problem = Problem::of_status(StatusCode::REQUEST_TIMEOUT, detail);
            Err(Answered::problem(problem, "body-too-slow").closing())
        }
    }
}

/// Why a body is not there.
enum Uncollected {
    /// So many bytes came, and more may follow.
    TooLarge(usize),
    /// The sender stopped in the middle.
    CutOff,
}

async fn collect(body: &mut Body, most: usize) -> Result<Vec<u8>, Uncollected> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Uncollected::CutOff)?;
        if let Some(data) = frame.data_ref() {
            if bytes.len() + data.len() > most {
                return Err(Uncollected::TooLarge(bytes.len() + data.len()));
            }
            bytes.extend_from_slice(data);
        }
    }
    Ok(bytes)
}

/// Takes the rest of a body that is too large and forgets it: a sender that is hung up on while it
/// sends never reads why. There is a limit to that courtesy too.
async fn discard(body: &mut Body) {
    let mut left = DISCARD_BYTES;
    let rest = async {
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, |data| data.len()));
            if left == 0 {
                return;
            }
        }
    };
    // Running out of time is one more way to be done with it.
    drop(tokio::time::timeout(DISCARD_TIME, rest).await);
}

fn too_large(bytes: usize, form: Form) -> Answered {
    let max = form.most();
    let refusal = JsonError::TooLarge { bytes, max }.into();
    Answered::refusal(refusal, "too-large").closing()
}

/// Why the body is not what this protocol speaks, if it says so itself. Compressed bodies are bombs
/// or a mistake.
// spec: HTTP-013
fn why_not(form: Form, headers: &HeaderMap) -> Option<String> {
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let (essence, _) = media_type.split_once(';').unwrap_or((media_type, ""));
    let wanted = form.media_type();
    if !essence.trim().eq_ignore_ascii_case(wanted) {
        let detail = format!("the body has to be {wanted}, and Content-Type has to say so");
        Some(detail)
    } else if headers.contains_key(CONTENT_ENCODING) {
        Some("the body has to come as it is, without a Content-Encoding".into())
    } else {
        None
    }
}

impl Answered {
    /// The connection ends with this answer: what is left of the request is not worth reading.
    fn closing(mut self) -> Self {
        self.headers
            .insert(CONNECTION, HeaderValue::from_static("close"));
        self
    }
}

/// Entity tags of one `If-None-Match` header that are looked at.
const TAGS: usize = 16;
/// Bytes of a body that is too large which are still taken and forgotten.
const DISCARD_BYTES: usize = 1024 * 1024;
/// For how long they are.
const DISCARD_TIME: Duration = Duration::from_secs(2);
