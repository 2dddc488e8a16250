//! One exchange: a request by the route table, a bounded reply, and what it means if it is none.

use std::error::Error;
use std::io;

use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use reqwest::{Response, StatusCode};
use restante_core::limits::{DETAIL_CHARS, MESSAGE_BYTES};
use restante_core::time::Seconds;
use restante_core::wire::{Refusal, RefusalCode, json};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Client, SendError};
use crate::problem::{self, Problem};
use crate::route::{Operation, Route};

/// A request in the making.
pub(super) struct Asked {
    route: &'static Route,
    parameter: String,
    query: Vec<(&'static str, String)>,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
    media_type: &'static str,
    reply_bytes: usize,
}

/// A reply that is no refusal.
pub(super) struct Got {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: Vec<u8>,
    reply_bytes: usize,
}

impl Asked {
    pub(super) fn new(operation: Operation) -> Self {
        Self {
            route: Route::of(operation),
            parameter: String::new(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
            media_type: "application/json",
            reply_bytes: MESSAGE_BYTES,
        }
    }

    /// With this path parameter. Ids need no escaping.
    pub(super) fn at(mut self, id: &impl ToString) -> Self {
        self.parameter = id.to_string();
        self
    }

    /// With this member in the query, where there is one.
    pub(super) fn asking(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.query
            .extend(value.map(|value| (name, value.to_string())));
        self
    }

    /// With this header.
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// With this body.
    pub(super) fn saying<T: Serialize>(mut self, body: &T) -> Self {
        self.body = Some(json::to_bytes(body));
        self
    }

    /// With this envelope as its body.
    pub(super) fn sealed(mut self, envelope: Vec<u8>) -> Self {
        self.body = Some(envelope);
        self.media_type = crate::SEALED;
        self
    }

    /// With this body, without the member that stands in the path.
    pub(super) fn saying_the_rest<T: Serialize>(mut self, body: &T) -> Self {
        let mut members = serde_json::to_value(body).unwrap_or_default();
        if let (Some(members), Some(name)) = (members.as_object_mut(), self.route.parameter_name())
        {
            members.remove(name);
        }
        self.body = Some(json::to_bytes(&members));
        self
    }

    /// With a reply of up to so many bytes.
    pub(super) fn expecting(mut self, bytes: usize) -> Self {
        self.reply_bytes = bytes;
        self
    }

    fn path(&self) -> String {
        match self.route.parameter_name() {
            Some(name) => self
                .route
                .path
                .replace(&format!("{{{name}}}"), &self.parameter),
            None => self.route.path.to_owned(),
        }
    }
}

impl Client {
    /// Asks, and returns what the route promises; everything else is an error.
    pub(super) async fn exchange(
        &self,
        credential: Option<HeaderValue>,
        asked: Asked,
    ) -> Result<Got, SendError> {
        let address = self
            .base
            .address(&asked.path(), &asked.query)
            .ok_or_else(|| SendError::link("the center's address cannot be put together"))?;
        let mut request = self
            .http
            .request(asked.route.method.clone(), address)
            .headers(asked.headers);
        if let Some(credential) = credential {
            request = request.header(AUTHORIZATION, credential);
        }
        if let Some(body) = asked.body {
            request = request.header(CONTENT_TYPE, asked.media_type).body(body);
        }
        let mut response = request.send().await.map_err(|error| failed(&error))?;
        let body = bounded(&mut response, asked.reply_bytes).await?;
        let got = Got {
            status: response.status(),
            headers: response.headers().clone(),
            body,
            reply_bytes: asked.reply_bytes,
        };
        let unchanged =
            asked.route.operation == Operation::Poll && got.status == StatusCode::NOT_MODIFIED;
        if got.status.as_u16() == asked.route.success || unchanged {
            Ok(got)
        } else {
            Err(got.refusal())
        }
    }
}

/// The body, as long as it is no longer than `max`.
pub(super) async fn bounded(response: &mut Response, max: usize) -> Result<Vec<u8>, SendError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
        if body.len() + chunk.len() > max {
            return Err(SendError::link(format!(
                "the reply is longer than {max} bytes"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What has failed, in the words of whatever failed deepest; addresses in it hold no secrets.
pub(super) fn failed(error: &reqwest::Error) -> SendError {
    let mut deepest: &(dyn Error + 'static) = error;
    let mut untrusted = false;
    while let Some(inner) = cause(deepest) {
        deepest = inner;
        untrusted |= matches!(
            inner.downcast_ref(),
            Some(rustls::Error::InvalidCertificate(_))
        );
    }
    if untrusted {
        return SendError::Untrusted {
            why: deepest.to_string(),
        };
    }
    SendError::link(match error.url() {
        _ if error.is_timeout() => "it took too long".to_owned(),
        Some(url) if error.is_connect() => {
            let origin = url.origin().ascii_serialization();
            format!("no connection to {origin}: {deepest}")
        }
        Some(url) if error.is_request() && url.scheme() == "http" => {
            format!("{deepest}; whoever listens there may speak https")
        }
        _ if error.is_body() || error.is_decode() => format!("the reply was cut off: {deepest}"),
        _ => deepest.to_string(),
    })
}

/// What is behind an error. An I/O error that carries another hides it from `source`.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let carried = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    carried
        .map(|inner| inner as &(dyn Error + 'static))
        .or_else(|| error.source())
}

impl Got {
    /// The body as it came.
    pub(super) fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// The body as a message.
    pub(super) fn message<T: DeserializeOwned>(&self) -> Result<T, SendError> {
        json::parse_within(&self.body, self.reply_bytes)
            .map_err(|error| SendError::link(format!("the reply cannot be read: {error}")))
    }

    /// What an answer means that the route does not promise. A center's refusal is a problem with a
    /// word of the registry; a bare 429 or 503 is what stands before a center when it is busy.
    fn refusal(&self) -> SendError {
        let is_problem = self
            .header_text(CONTENT_TYPE)
            .is_some_and(|text| text.starts_with(problem::MEDIA_TYPE));
        if is_problem && let Ok(problem) = self.message::<Problem>() {
            let says = problem.detail.clone();
            return match problem.into_refusal() {
                Some(refusal) => SendError::Refused(refusal),
                None => SendError::link(format!("the center answered {}: {says}", self.status)),
            };
        }
        if is_problem && let Ok(unknown) = self.message::<UnknownWord>() {
            return SendError::Refused(self.unknown(&unknown));
        }
        match self.status.as_u16() {
            429 | 503 => SendError::Refused(self.waiting(Refusal::plain(RefusalCode::Busy))),
            300..=399 => SendError::link(format!(
                "the center answered {}; redirects are not followed",
                self.status
            )),
            _ => {
                let text = String::from_utf8_lossy(&self.body);
                let printable = |c: &char| !c.is_control();
                let start: String = text.chars().filter(printable).take(DETAIL_CHARS).collect();
                SendError::link(format!("unexpected answer {}: {start}", self.status))
            }
        }
    }

    /// A word of a later registry. On HTTP the status says whether it is temporary.
    // spec: ERR-004
    fn unknown(&self, refused: &UnknownWord) -> Refusal {
        let is_temporary =
            self.status == StatusCode::TOO_MANY_REQUESTS || self.status.is_server_error();
        let refusal = Refusal::unknown(&refused.code, &refused.detail, is_temporary);
        self.waiting(refusal)
    }

    /// With the time that the header names.
    fn waiting(&self, mut refusal: Refusal) -> Refusal {
        refusal.retry_after = self.seconds(RETRY_AFTER);
        refusal
    }

    /// A header that holds a number of seconds.
    pub(super) fn seconds(&self, name: HeaderName) -> Option<Seconds> {
        self.header_text(name)?.parse().ok().map(Seconds::new)
    }

    fn header_text(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The members of a problem that are read when its word is of a later registry.
#[derive(Deserialize)]
struct UnknownWord {
    code: String,
    detail: String,
}
