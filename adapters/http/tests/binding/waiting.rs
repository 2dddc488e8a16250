//! Polls that prefer to wait: answered when something comes, when their time is over, or when the
//! listener stops.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use restante_core::center::Reply;
use restante_core::time::Seconds;
use restante_core::wire::{DeviceReply, ETag, Mailbox, PollReply, Schedule};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stand::{Outcome, Plan, Stand, formal};

fn unchanged() -> Outcome {
    let reply = PollReply::Unchanged(Seconds::DAY);
    Ok(Reply::Device(DeviceReply::Polled(reply)))
}

fn changed() -> Outcome {
    let mailbox = Mailbox {
        etag: ETag::from_bytes(&[5; 16]),
        instructions: Vec::new(),
        more: false,
        schedule: Schedule::every(Seconds::DAY),
        calls: Vec::new(),
    };
    let reply = PollReply::Mailbox(mailbox);
    Ok(Reply::Device(DeviceReply::Polled(reply)))
}

/// Polls with this wish and waits for the response.
async fn poll(stand: &Stand, prefer: &str) -> String {
    let mut line = TcpStream::connect(stand.address).await.expect("a line");
    let request = format!(
        "GET /v1/mailbox HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         authorization: Bearer {}\r\nif-none-match: \"seen\"\r\nprefer: {prefer}\r\n\r\n",
        formal().to_text()
    );
    line.write_all(request.as_bytes()).await.expect("sent");
    let mut response = String::new();
    line.read_to_string(&mut response)
        .await
        .expect("a response");
    response.to_ascii_lowercase()
}

#[tokio::test]
async fn a_waiting_poll_is_answered_when_the_state_changes() {
    let asked = AtomicUsize::new(0);
    let stand = Plan::plain()
        .start(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
            0 => unchanged(),
            _ => changed(),
        })
        .await;
    let response = poll(&stand, "wait=60").await;
    assert!(response.starts_with("http/1.1 200"), "{response}");
    assert!(
        response.contains("preference-applied: wait=60\r\n"),
        "{response}"
    );
    assert_eq!(stand.calls().len(), 2);
}

#[tokio::test]
async fn a_waiting_poll_is_answered_when_its_time_is_over() {
    let stand = Plan::plain().start(|_| unchanged()).await;
    let response = poll(&stand, "wait=1").await;
    assert!(response.starts_with("http/1.1 304"), "{response}");
    assert!(
        response.contains("preference-applied: wait=1\r\n"),
        "{response}"
    );
    assert_eq!(stand.calls().len(), 2, "at once, and once more at the end");
}

#[tokio::test]
async fn a_poll_that_does_not_prefer_to_wait_does_not_wait() {
    let stand = Plan::plain().start(|_| unchanged()).await;
    let response = poll(&stand, "respond-async").await;
    assert!(response.starts_with("http/1.1 304"), "{response}");
    assert!(!response.contains("preference-applied"), "{response}");
    assert_eq!(stand.calls().len(), 1);
}

#[tokio::test]
async fn a_state_that_is_another_already_is_answered_at_once() {
    let stand = Plan::plain().start(|_| changed()).await;
    let response = poll(&stand, "wait=60").await;
    assert!(
        response.contains("preference-applied: wait=60\r\n"),
        "{response}"
    );
    assert_eq!(stand.calls().len(), 1);
}

#[tokio::test]
async fn a_waiting_poll_does_not_hold_up_the_end_of_the_listener() {
    let stand = Plan::plain().start(|_| unchanged()).await;
    let line = TcpStream::connect(stand.address).await.expect("a line");
    let (mut from, mut to) = line.into_split();
    let request = format!(
        "GET /v1/mailbox HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         if-none-match: \"seen\"\r\nprefer: wait=60\r\n\r\n",
        formal().to_text()
    );
    to.write_all(request.as_bytes()).await.expect("sent");
    while stand.calls().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let begun = Instant::now();
    assert_eq!(stand.stop().await.cut, 0);
    assert!(begun.elapsed() < Duration::from_secs(15), "it waited on");
    let mut response = String::new();
    from.read_to_string(&mut response)
        .await
        .expect("a response");
    assert!(response.starts_with("HTTP/1.1 304"), "{response}");
}
