//! A center that is not what it says, as the client meets it: nothing that it does makes the client
//! believe, follow, or read without bound.

use restante_core::center::Call;
use restante_core::time::Seconds;
use restante_core::wire::{DeviceReply, DeviceRequest, Leave, Left, Poll, RefusalCode, Rotate};
use restante_http::client::{Client, SendError, Trust};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::stand::{Outcome, Plan, as_formal};

/// A server that answers one request with these bytes and hangs up; its address.
async fn answering(bytes: impl Into<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    let bytes = bytes.into();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut request = [0; 4096];
        drop(stream.read(&mut request).await);
        drop(stream.write_all(&bytes).await);
    });
    format!("http://{address}/")
}

async fn ask(url: &str, request: &DeviceRequest) -> Result<DeviceReply, SendError> {
    let client = Client::new(url, &Trust::system()).expect("a client");
    client.send(&as_formal(), request).await
}

fn why(result: Result<DeviceReply, SendError>) -> String {
    match result {
        Err(SendError::Link { why }) => why,
        other => panic!("{other:?}"),
    }
}

fn with_body(status: &str, media_type: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_gets_no_message() {
    let stand = Plan::default()
        .start(|_: &Call| -> Outcome { panic!("nothing may arrive") })
        .await;
    let client = Client::new(&stand.url(), &Trust::system()).expect("a client");
    let leave = DeviceRequest::Leave(Leave {});
    let error = client.send(&as_formal(), &leave).await.expect_err("nobody");
    assert_eq!(
        error.to_string(),
        "the center's certificate is not trusted here (invalid peer certificate: UnknownIssuer)"
    );
    assert!(matches!(error, SendError::Untrusted { .. }));
    assert_eq!(stand.calls(), []);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let url = answering(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\n\
         Content-Length: 0\r\n\r\n",
    );
    let why = why(ask(&url.await, &DeviceRequest::Rotate(Rotate {})).await);
    assert_eq!(
        why,
        "the center answered 307 Temporary Redirect; redirects are not followed"
    );
}

#[tokio::test]
async fn a_reply_without_end_is_given_up() {
    let body = "x".repeat(70_000);
    let url = answering(with_body("201 Created", "application/json", &body)).await;
    let why = why(ask(&url, &DeviceRequest::Rotate(Rotate {})).await);
    assert_eq!(why, "the reply is longer than 65536 bytes");
}

#[tokio::test]
async fn a_reply_that_is_cut_off_or_no_message_is_a_failed_line() {
    let rotate = DeviceRequest::Rotate(Rotate {});
    let cut = "HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"form";
    let said = why(ask(&answering(cut).await, &rotate).await);
    assert!(said.starts_with("the reply was cut off: "), "{said}");
    let page = with_body("201 Created", "text/html", "<html>");
    let said = why(ask(&answering(page).await, &rotate).await);
    assert!(
        said.starts_with("the reply cannot be read: not JSON: "),
        "{said}"
    );
    let page = with_body("404 Not Found", "text/html", "<h1>\u{1b}[2JNot here</h1>");
    let said = why(ask(&answering(page).await, &rotate).await);
    assert_eq!(
        said,
        "unexpected answer 404 Not Found: <h1>[2JNot here</h1>"
    );
}

#[tokio::test]
async fn unchanged_has_to_say_when_to_come_again() {
    let poll = DeviceRequest::Poll(Poll::default());
    let silent = "HTTP/1.1 304 Not Modified\r\n\r\n";
    let said = why(ask(&answering(silent).await, &poll).await);
    assert!(said.contains("Restante-Next-Poll"), "{said}");
}

#[tokio::test]
async fn a_success_of_another_route_is_no_success() {
    let leave = DeviceRequest::Leave(Leave {});
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let said = why(ask(&answering(ok).await, &leave).await);
    assert_eq!(said, "unexpected answer 200 OK: ");
    let gone = "HTTP/1.1 204 No Content\r\n\r\n";
    let reply = ask(&answering(gone).await, &leave).await;
    assert_eq!(reply, Ok(DeviceReply::Left(Left {})));
}

#[tokio::test]
async fn a_busy_machine_before_the_center_is_a_busy_center() {
    let rotate = DeviceRequest::Rotate(Rotate {});
    let busy = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 40\r\nContent-Length: 0\r\n\r\n";
    let Err(SendError::Refused(refusal)) = ask(&answering(busy).await, &rotate).await else {
        panic!("not refused");
    };
    assert_eq!(refusal.code, RefusalCode::Busy);
    assert_eq!(refusal.retry_after, Some(Seconds::new(40)));
}

#[tokio::test]
async fn a_word_of_a_later_registry_is_repeated_only_where_its_status_says_so() {
    let rotate = DeviceRequest::Rotate(Rotate {});
    let body = r#"{"type":"urn:restante:refusal:new","title":"t","status":403,"detail":"d",
        "code":"new"}"#;
    for (status, code) in [
        ("403 Forbidden", RefusalCode::Invalid),
        ("429 Too Many Requests", RefusalCode::Busy),
        ("500 Internal Server Error", RefusalCode::Busy),
    ] {
        let problem = with_body(status, "application/problem+json", body);
        let Err(SendError::Refused(refusal)) = ask(&answering(problem).await, &rotate).await else {
            panic!("{status} is no refusal");
        };
        assert_eq!((refusal.code, refusal.detail.as_str()), (code, "d (new)"));
    }
}
