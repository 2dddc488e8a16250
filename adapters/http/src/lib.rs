//! Restante over HTTP: the center's routes and listener, the client, and the OpenAPI document.
//!
//! An adapter: it translates between HTTP and the core's messages and holds no rule of the
//! protocol. One table ([`route::ROUTES`]) says which message travels where; the server's router,
//! the client and the OpenAPI generator all read it. What decides is handed in
//! ([`server::Answer`]), so that the programs, the kit and a test can each put something else
//! behind the same routes. The normative text is the HTTP chapter of the specification.
#![forbid(unsafe_code)]

pub mod authorization;
pub mod client;
mod openapi;
pub mod problem;
pub mod route;
pub mod server;

pub use openapi::openapi;

use axum::http::HeaderName;

/// The media type of a sealed envelope.
pub const SEALED: &str = "application/vnd.restante.sealed";
/// In a reply to a poll: come again after so many seconds, unchanged or not.
pub const NEXT_POLL: HeaderName = HeaderName::from_static("restante-next-poll");
/// In a poll: the largest reply that the sender can take, in bytes.
pub const MAX_MESSAGE: HeaderName = HeaderName::from_static("restante-max-message");
/// In a poll: the tag of the poll request that caused it.
pub const POLL_TAG: HeaderName = HeaderName::from_static("restante-poll-tag");
/// In every reply: what to quote to the center's operator.
pub const CORRELATION: HeaderName = HeaderName::from_static("restante-correlation");
