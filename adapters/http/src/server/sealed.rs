//! The route of a listener that nobody vouches for: sealed envelopes, and nothing else.
//!
//! A device that is too small for TLS speaks plain HTTP here. Whatever else is asked, with whatever
//! credential, finds nothing at this address, so that no credential is ever worth sending to it.
//! Serves spec chapter 14.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::any;

use super::{Answer, Server, methods, nothing_here};
use crate::route::{Operation, Route};

/// The router with the route for sealed envelopes alone.
// spec: SEA-020
pub fn sealed_router<A: Answer>(answer: Arc<A>, body_time: Duration) -> Router {
    let server = Server::new(answer, body_time);
    let route = Route::of(Operation::Sealed);
    let router = Router::new().route(route.path, methods(&server, &[route]));
    router.fallback_service(any(move |request| {
        nothing_here(Arc::clone(&server), request)
    }))
}
