//! A line that ends in a router of this very process: no socket, no port, nothing to wait for.

use std::net::IpAddr;

use axum::Router;
use axum::body::Body;
use restante_http::server::Peer;
use tower::ServiceExt;

use super::{Line, LineError, Pending, Pieces, Request, Response};

/// Carries requests by calling a center's router.
#[derive(Clone, Debug)]
pub struct InsideLine {
    router: Router,
}

impl InsideLine {
    /// A line to this router.
    #[must_use]
    pub const fn new(router: Router) -> Self {
        Self { router }
    }

    async fn call(&self, request: &Request, source: Option<IpAddr>) -> Result<Response, LineError> {
        let unable = |_| LineError::Unable("carry a request with such a method, path or header");
        let mut builder = axum::http::Request::builder()
            .method(request.method.as_str())
            .uri(&request.path);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let body = Body::from(request.body.clone().unwrap_or_default());
        let mut call = builder.body(body).map_err(unable)?;
        if let Some(address) = source {
            call.extensions_mut().insert(Peer(address));
        }
        let response = match self.router.clone().oneshot(call).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, BODY_BYTES)
            .await
            .map_err(|why| LineError::Broken(why.to_string()))?;
        let headers = parts.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        Ok(Response {
            status: parts.status.as_u16(),
            headers: headers.collect(),
            body: body.to_vec(),
        })
    }
}

impl Line for InsideLine {
    fn carry<'a>(
        &'a self,
        request: &'a Request,
        source: Option<IpAddr>,
    ) -> Pending<'a, Result<Response, LineError>> {
        Box::pin(self.call(request, source))
    }

    fn write<'a>(&'a self, _: &'a Pieces) -> Pending<'a, Result<Vec<u8>, LineError>> {
        Box::pin(async { Err(LineError::Unable("write bytes: it has no connection")) })
    }

    fn has_sources(&self) -> bool {
        true
    }

    fn has_sockets(&self) -> bool {
        false
    }

    fn name(&self) -> String {
        "inside".to_owned()
    }
}

/// The largest response that the kit reads.
pub(super) const BODY_BYTES: usize = 4 * 1024 * 1024;
