//! A provider's own server: devices register at the URLs that it has chosen, and nothing else is
//! asked there.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use restante_core::center::{Call, Credential, Message, Refused, Reply};
use restante_core::id::ServiceId;
use restante_core::wire::Registered;
use restante_http::server::{Answer, services_router};
use tower::ServiceExt;

/// A provider that takes every device, and keeps what it was asked.
#[derive(Default)]
struct Taking(Mutex<Vec<Call>>);

impl Answer for Taking {
    async fn answer(&self, call: Call) -> Result<Reply, Refused> {
        let Message::Register(service, register) = &call.message else {
            panic!("it is asked {call:?}");
        };
        let registered = Registered {
            device: register.device,
            service: service.clone(),
        };
        self.0.lock().expect("not poisoned").push(call);
        Ok(Reply::Registered(registered))
    }
}

fn router(provider: &Arc<Taking>) -> Router {
    let services = [("/start", "scan-cloud"), ("/start?for=copy", "copy-cloud")];
    let services = services.map(|(at, id)| (at.to_owned(), ServiceId::new(id).expect("an id")));
    services_router(
        Arc::clone(provider),
        services.into(),
        Duration::from_secs(5),
    )
}

async fn ask(router: &Router, method: Method, at: &str) -> (StatusCode, String) {
    let body = r#"{"device":"dev-3a8vb17nbj0ppvb2k328nzj1mg","code":"163abc45"}"#;
    let request = Request::builder()
        .method(method)
        .uri(at)
        .header("content-type", "application/json")
        .header("authorization", "Bearer nobody-asks-for-it")
        .body(Body::from(body));
    let response = router.clone().oneshot(request.expect("a request")).await;
    let response = response.expect("an answer");
    let status = response.status();
    let body = to_bytes(response.into_body(), 4_096).await.expect("short");
    (status, String::from_utf8(body.into()).expect("text"))
}

#[tokio::test]
async fn each_url_leads_to_its_service_and_takes_no_credential() {
    let provider = Arc::new(Taking::default());
    let router = router(&provider);
    for (at, service) in [("/start", "scan-cloud"), ("/start?for=copy", "copy-cloud")] {
        let (status, body) = ask(&router, Method::POST, at).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        assert!(
            body.contains(&format!("\"service\":\"{service}\"")),
            "{body}"
        );
    }
    let calls = provider.0.lock().expect("not poisoned");
    assert!(calls.iter().all(|it| it.presented == Credential::None));
}

#[tokio::test]
async fn nothing_else_is_there_but_what_probes_ask() {
    let provider = Arc::new(Taking::default());
    let router = router(&provider);
    for (method, at, status) in [
        (Method::GET, "/healthz", StatusCode::OK),
        (Method::GET, "/readyz", StatusCode::OK),
        (Method::GET, "/start", StatusCode::METHOD_NOT_ALLOWED),
        (Method::OPTIONS, "/start", StatusCode::NO_CONTENT),
        (Method::POST, "/start?for=else", StatusCode::NOT_FOUND),
        (Method::POST, "/start/", StatusCode::NOT_FOUND),
        (
            Method::POST,
            "/v1/services/scan-cloud/registrations",
            StatusCode::NOT_FOUND,
        ),
        (Method::POST, "/v1/enrolments", StatusCode::NOT_FOUND),
        (Method::GET, "/v1/codes", StatusCode::NOT_FOUND),
    ] {
        let (is, body) = ask(&router, method.clone(), at).await;
        assert_eq!(is, status, "{method} {at}: {body}");
    }
    assert!(provider.0.lock().expect("not poisoned").is_empty());
}
