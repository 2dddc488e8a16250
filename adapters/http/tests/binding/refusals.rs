//! What a refusal looks like on the wire: every word of the registry, and what HTTP itself refuses.

use std::fmt::Write;

use restante_core::center::{Call, Reply};
use restante_core::id::DeviceId;
use restante_core::time::Seconds;
use restante_core::wire::{
    DeviceReply, DeviceRequest, ETag, Leave, Left, Mailbox, PollReply, Refusal, RefusalCode,
    Schedule,
};
use restante_http::client::SendError;

use crate::stand::{Outcome, Plan, as_formal, formal};

/// A response without what differs from run to run.
fn steady(response: &str) -> String {
    let mut text = String::new();
    for line in response.lines() {
        if line.starts_with("date: ") {
            continue;
        }
        let mut line = line.to_owned();
        while let Some(at) = line.find("cor-") {
            line.replace_range(at..at + 30, "<correlation>");
        }
        writeln!(text, "{line}").expect("a string");
    }
    text
}

/// A script that refuses every call like this.
fn refuse(refusal: Refusal) -> impl Fn(&Call) -> Outcome + Send + Sync {
    move |_| Err(refusal.clone())
}

fn case(code: RefusalCode) -> Refusal {
    let mut refusal = Refusal::new(code, "what is wrong in this very case");
    match code {
        RefusalCode::Throttled => refusal.retry_after = Some(Seconds::new(2_400)),
        RefusalCode::TooFewSlots => refusal.free = Some(2),
        RefusalCode::DeviceNotCovered => refusal.devices = vec![DeviceId::from_bytes([1; 16])],
        _ => {}
    }
    refusal
}

#[tokio::test]
async fn every_word_of_the_registry_has_its_status_headers_and_body() {
    let mut all = String::new();
    for code in RefusalCode::ALL {
        let stand = Plan::plain().start(refuse(case(*code))).await;
        let request = format!(
            "DELETE /v1/registration HTTP/1.1\r\nHost: center\r\nConnection: close\r\n\
             Authorization: Bearer {}\r\n\r\n",
            formal().to_text()
        );
        let response = stand.raw(request.as_bytes()).await;
        let status = format!("HTTP/1.1 {} ", code.http_status());
        assert!(response.starts_with(&status), "{response}");
        writeln!(all, "=== {code}\n{}", steady(&response)).expect("a string");
    }
    insta::assert_snapshot!("every_word", all);
}

#[tokio::test]
async fn the_client_gets_every_refusal_as_the_center_made_it() {
    for code in RefusalCode::ALL {
        let stand = Plan::plain().start(refuse(case(*code))).await;
        let leave = DeviceRequest::Leave(Leave {});
        let error = stand
            .client()
            .send(&as_formal(), &leave)
            .await
            .expect_err("refused");
        let SendError::Refused(mut got) = error else {
            panic!("{error}");
        };
        let asked = stand.calls().pop().expect("a call").source.correlation;
        assert_eq!(got.correlation.take(), Some(asked));
        let mut expected = case(*code);
        if *code == RefusalCode::Busy {
            expected.retry_after = Some(Seconds::new(5));
        }
        assert_eq!(got, expected);
    }
}

/// Requests that the center is never asked about, each with its name.
fn unanswerable() -> Vec<(&'static str, String)> {
    let post = |path: &str, headers: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: center\r\nConnection: close\r\n{headers}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let get = |line: &str, headers: &str| {
        format!("{line} HTTP/1.1\r\nHost: center\r\nConnection: close\r\n{headers}\r\n")
    };
    let json = "Content-Type: application/json\r\n";
    let twice = "Authorization: Bearer rfc1.a\r\nAuthorization: Bearer rfc1.b\r\n";
    let zipped = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n";
    let other_length = "Content-Type: application/json\r\n";
    let huge = " ".repeat(65_537);
    let deep = format!("{}{}", "[".repeat(17), "]".repeat(17));
    vec![
        ("no such path", get("GET /v1/nothing", "")),
        ("no such id", post("/v1/codes/grt-1/revocation", "", "")),
        ("no such method", get("PUT /v1/codes", "")),
        (
            "no such method below an id",
            get("GET /v1/tokens/x/revocation", ""),
        ),
        ("no media type", post("/v1/enrolments", "", "{}")),
        (
            "text",
            post("/v1/enrolments", "Content-Type: text/plain\r\n", "{}"),
        ),
        ("compressed", post("/v1/enrolments", zipped, "{}")),
        ("too large", post("/v1/status-reports", other_length, &huge)),
        ("too deep", post("/v1/status-reports", json, &deep)),
        (
            "a member twice",
            post("/v1/status-reports", json, r#"{"reports":[],"reports":[]}"#),
        ),
        (
            "cut off",
            post("/v1/status-reports", json, r#"{"reports":["#),
        ),
        ("empty", post("/v1/status-reports", json, "")),
        ("a member missing", post("/v1/status-reports", json, "{}")),
        (
            "rubbish where nothing is needed",
            post("/v1/rotations", json, "{"),
        ),
        ("two credentials", get("GET /v1/mailbox", twice)),
        (
            "a small bound",
            get("GET /v1/mailbox", "Restante-Max-Message: 2047\r\n"),
        ),
        (
            "a bound that is none",
            get("GET /v1/mailbox", "Restante-Max-Message: x\r\n"),
        ),
        (
            "a query out of form",
            get("GET /v1/devices?customer=me", ""),
        ),
    ]
}

#[tokio::test]
async fn what_is_no_message_is_refused_without_asking_the_center() {
    let stand = Plan::plain()
        .start(refuse(case(RefusalCode::Internal)))
        .await;
    let mut all = String::new();
    for (name, request) in unanswerable() {
        let response = stand.raw(request.as_bytes()).await;
        writeln!(all, "=== {name}\n{}", steady(&response)).expect("a string");
    }
    assert_eq!(stand.calls(), []);
    insta::assert_snapshot!("unanswerable", all);
}

#[tokio::test]
async fn chunks_beyond_the_bound_are_refused_though_no_length_announced_them() {
    let stand = Plan::plain()
        .start(refuse(case(RefusalCode::Internal)))
        .await;
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    let request = format!(
        "POST /v1/enrolments HTTP/1.1\r\nHost: center\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n{}",
        chunk.repeat(5)
    );
    let response = stand.raw(request.as_bytes()).await;
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
    assert_eq!(stand.calls(), []);
}

#[tokio::test]
async fn a_sender_of_far_too_much_still_reads_why() {
    let stand = Plan::plain()
        .start(refuse(case(RefusalCode::Internal)))
        .await;
    let mut request = b"POST /v1/enrolments HTTP/1.1\r\nHost: center\r\n\
        Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
        .to_vec();
    request.resize(request.len() + 1_000_000, b' ');
    let response = stand.raw(&request).await;
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
    assert!(
        response.contains("the message has 1000000 bytes"),
        "{response}"
    );
}

#[tokio::test]
async fn who_waits_for_a_go_ahead_with_too_much_is_told_at_once() {
    let stand = Plan::plain()
        .start(refuse(case(RefusalCode::Internal)))
        .await;
    let request = b"POST /v1/enrolments HTTP/1.1\r\nHost: center\r\nExpect: 100-continue\r\n\
        Content-Type: application/json\r\nContent-Length: 65537\r\n\r\n";
    let response = stand.raw(request).await;
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
}

#[tokio::test]
async fn a_center_that_cannot_answer_lives_and_is_not_ready() {
    let plan = Plan {
        unready: Some("the clock has jumped and waits for an operator".into()),
        ..Plan::plain()
    };
    let stand = plan.start(refuse(case(RefusalCode::Internal))).await;
    let mut all = String::new();
    for path in ["/healthz", "/readyz"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: center\r\nConnection: close\r\n\r\n");
        let response = stand.raw(request.as_bytes()).await;
        writeln!(all, "=== {path}\n{}", steady(&response)).expect("a string");
    }
    insta::assert_snapshot!("unready", all);
}

#[tokio::test]
async fn a_method_list_is_given_without_a_credential() {
    let stand = Plan::plain()
        .start(refuse(case(RefusalCode::Internal)))
        .await;
    let request = "OPTIONS /v1/codes HTTP/1.1\r\nHost: center\r\nConnection: close\r\n\r\n";
    let response = stand.raw(request.as_bytes()).await;
    assert!(response.starts_with("HTTP/1.1 204 "), "{response}");
    assert!(
        response.contains("allow: OPTIONS, POST, GET, HEAD\r\n"),
        "{response}"
    );
    assert_eq!(stand.calls(), []);
}

#[tokio::test]
async fn what_says_how_the_center_is_needs_no_credential() {
    let stand = Plan::plain()
        .start(refuse(case(RefusalCode::Internal)))
        .await;
    let mut all = String::new();
    for line in ["GET /healthz", "GET /readyz", "HEAD /healthz"] {
        let request = format!("{line} HTTP/1.1\r\nHost: center\r\nConnection: close\r\n\r\n");
        let response = stand.raw(request.as_bytes()).await;
        writeln!(all, "=== {line}\n{}", steady(&response)).expect("a string");
    }
    insta::assert_snapshot!("condition", all);
    let request = "GET /v1/openapi.json HTTP/1.1\r\nHost: center\r\nConnection: close\r\n\r\n";
    let response = stand.raw(request.as_bytes()).await;
    let (_, body) = response.split_once("\r\n\r\n").expect("a body");
    let document: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(document, restante_http::openapi());
}

#[tokio::test]
async fn a_reply_of_another_kind_is_the_center_s_own_failure() {
    let reply = Reply::Device(DeviceReply::Polled(PollReply::Unchanged(Seconds::DAY)));
    let stand = Plan::plain().start(move |_| Ok(reply.clone())).await;
    let leave = DeviceRequest::Leave(Leave {});
    let error = stand
        .client()
        .send(&as_formal(), &leave)
        .await
        .expect_err("refused");
    assert!(
        matches!(&error, SendError::Refused(refusal) if refusal.code == RefusalCode::Internal),
        "{error}"
    );
    let left = Reply::Device(DeviceReply::Left(Left {}));
    let stand = Plan::plain().start(move |_| Ok(left.clone())).await;
    assert!(stand.client().send(&as_formal(), &leave).await.is_ok());
}

fn mailbox() -> Outcome {
    let mailbox = Mailbox {
        etag: ETag::from_bytes(&[5; 16]),
        instructions: Vec::new(),
        more: false,
        schedule: Schedule::every(Seconds::HOUR),
        calls: Vec::new(),
    };
    Ok(Reply::Device(DeviceReply::Polled(PollReply::Mailbox(
        mailbox,
    ))))
}

#[tokio::test]
async fn a_mailbox_that_was_seen_is_not_sent_again() {
    let stand = Plan::plain().start(|_: &Call| mailbox()).await;
    let tag = ETag::from_bytes(&[5; 16]);
    let mut all = String::new();
    for seen in [
        String::new(),
        "If-None-Match: \"other\"\r\n".into(),
        format!("If-None-Match: \"{}\"\r\n", tag.as_str()),
        format!("If-None-Match: \"other\", W/\"{}\"\r\n", tag.as_str()),
        "If-None-Match: *\r\n".into(),
    ] {
        let request = format!(
            "GET /v1/mailbox HTTP/1.1\r\nHost: center\r\nConnection: close\r\n{seen}\
             Authorization: Bearer {}\r\n\r\n",
            formal().to_text()
        );
        let response = stand.raw(request.as_bytes()).await;
        writeln!(all, "=== {}\n{}", seen.trim(), steady(&response)).expect("a string");
    }
    insta::assert_snapshot!("mailbox", all);
}
