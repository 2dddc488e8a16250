//! Faults of the HTTP binding: a line that alters what it carries.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::line::{Ahead, Line, LineError, Pending, Request, Response};

/// What a line alters.
#[derive(Clone, Copy, Debug)]
pub struct Wire {
    /// Alters a request before the center sees it; gives a response where the center is not asked.
    pub asks: fn(&mut Request) -> Option<Response>,
    /// Alters the response to a request, which is given as the kit sent it.
    pub answers: fn(&Request, &mut Response),
}

impl Wire {
    /// Alters requests alone.
    #[must_use]
    pub const fn asking(asks: fn(&mut Request) -> Option<Response>) -> Self {
        Self {
            asks,
            answers: |_, _| {},
        }
    }

    /// Alters responses alone.
    #[must_use]
    pub const fn answering(answers: fn(&Request, &mut Response)) -> Self {
        Self {
            asks: |_| None,
            answers,
        }
    }
}

/// A line with a fault.
pub struct FaultyLine {
    inner: Box<dyn Line>,
    wire: Wire,
}

impl FaultyLine {
    /// This line with this fault.
    #[must_use]
    pub fn new(inner: Box<dyn Line>, wire: Wire) -> Self {
        Self { inner, wire }
    }

    async fn altered(
        &self,
        request: &Request,
        source: Option<IpAddr>,
    ) -> Result<Response, LineError> {
        let mut asked = request.clone();
        if let Some(response) = (self.wire.asks)(&mut asked) {
            return Ok(response);
        }
        let mut response = self.inner.carry(&asked, source).await?;
        (self.wire.answers)(request, &mut response);
        Ok(response)
    }
}

impl Ahead for FaultyLine {
    fn behind(&self) -> &dyn Line {
        &*self.inner
    }

    fn carried<'a>(
        &'a self,
        request: &'a Request,
        source: Option<IpAddr>,
    ) -> Pending<'a, Result<Response, LineError>> {
        Box::pin(self.altered(request, source))
    }
}

/// Whether a request has this method and this path, the query aside.
pub(super) fn is(request: &Request, method: &str, path: &str) -> bool {
    let asked = request.path.split('?').next().unwrap_or_default();
    request.method == method && asked == path
}

/// Alters a body that is JSON.
pub(super) fn with_body(response: &mut Response, change: impl FnOnce(&mut Value)) {
    if let Ok(mut body) = serde_json::from_slice(&response.body) {
        change(&mut body);
        response.body = body.to_string().into_bytes();
    }
}

/// Takes a header away.
pub(super) fn without(response: &mut Response, name: &str) {
    response.headers.retain(|(known, _)| known != name);
}

/// Gives a header another value.
pub(super) fn with_header(response: &mut Response, name: &str, value: &str) {
    without(response, name);
    response.headers.push((name.to_owned(), value.to_owned()));
}

/// A problem document, for a fault that refuses by itself.
pub(super) fn problem(status: u16, code: &str) -> Response {
    let body = json!({
        "type": format!("urn:restante:refusal:{code}"),
        "title": code,
        "status": status,
        "code": code,
        "detail": code,
    });
    Response {
        status,
        headers: vec![("content-type".into(), "application/problem+json".into())],
        body: body.to_string().into_bytes(),
    }
}
