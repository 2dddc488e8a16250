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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    #[tokio::test]
    async fn figures_are_text_and_nothing_else_is_served() {
        let router = metrics_router(|| "calls 1\n".into());
        let ask = |path| Request::get(path).body(Body::empty()).expect("a request");
        let reply = router
            .clone()
            .oneshot(ask("/metrics"))
            .await
            .expect("a reply");
        assert_eq!(reply.headers()[CONTENT_TYPE], TEXT_FORM);
        let body = reply
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        assert_eq!(body, "calls 1\n");
        let reply = router.oneshot(ask("/v1/mailbox")).await.expect("a reply");
        assert_eq!(reply.status().as_u16(), 404);
    }
}
