//! A router for figures alone, for a listener that only the operator's own network reaches.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;

/// The router that answers `GET /metrics` with what `render` writes, in Prometheus' text form. It
/// is no part of [`router`](super::router): figures about a center are not for its devices.
pub fn metrics_router(render: impl Fn() -> String + Clone + Send + Sync + 'static) -> Router {
    let figures = move || async move { ([(CONTENT_TYPE, TEXT_FORM)], render()) };
    Router::new().route("/metrics", get(figures))
}

const TEXT_FORM: &str = "text/plain; version=0.0.4; charset=utf-8";
