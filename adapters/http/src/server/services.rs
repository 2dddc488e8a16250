//! The routes of a provider's own server: the URLs at which devices register for its services, and
//! what probes ask.
//!
//! A device posts to exactly the URL of its instruction, which its provider has chosen, so that no
//! path of the route table is met here. What is posted there reads as on the table's route for a
//! registration, in everything but where it says the service. Serves spec chapters SVC and PRV.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;
use axum::routing::any;
use restante_core::id::ServiceId;

use super::{Answer, Server, allowed, handle, methods, nothing_here, other_method};
use crate::route::{Operation, Route};

/// The service that a request is about, where its URL says so and no path of the table; among its
/// extensions.
#[derive(Clone, Debug)]
pub(super) struct Named(pub(super) ServiceId);

/// The router of a server at which devices register: for each path, with its query if it has one,
/// the service that it leads to.
pub fn services_router<A: Answer>(
    answer: Arc<A>,
    services: BTreeMap<String, ServiceId>,
    body_time: Duration,
) -> Router {
    let server = Server::new(answer, body_time);
    let mut router = Router::new();
    for operation in [Operation::Health, Operation::Ready] {
        let route = Route::of(operation);
        router = router.route(route.path, methods(&server, &[route]));
    }
    let services = Arc::new(services);
    router.fallback_service(any(move |request: Request| {
        let (server, services) = (Arc::clone(&server), Arc::clone(&services));
        at_service(server, services, request)
    }))
}

// spec: PRV-025
async fn at_service<A: Answer>(
    server: Arc<Server<A>>,
    services: Arc<BTreeMap<String, ServiceId>>,
    mut request: Request,
) -> Response {
    let uri = request.uri();
    let target = uri.path_and_query().map_or(uri.path(), |it| it.as_str());
    let Some(service) = services.get(target).cloned() else {
        return nothing_here(server, request).await;
    };
    let route = Route::of(Operation::Register);
    if request.method() != Method::POST {
        return other_method(server, allowed(&[route]), request).await;
    }
    request.extensions_mut().insert(Named(service));
    handle(server, route, request).await
}
