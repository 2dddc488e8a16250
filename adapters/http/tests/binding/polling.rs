//! A device's `/doPolling` over real sockets, and the client that follows such links: one answer
//! whatever is asked, and nothing that goes along.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use restante_core::id::LanAddress;
use restante_core::registrant::{Exchange, PeerCall};
use restante_core::wire::PollRequest;
use restante_http::client::PeerClient;
use restante_http::server::PollingListener;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::stand::{LOOPBACK, PATIENCE, certificates};

/// A device that listens, and what it hears.
struct Device {
    at: SocketAddr,
    heard: mpsc::UnboundedReceiver<PollRequest>,
}

async fn device() -> Device {
    let (_, tls) = certificates(&LOOPBACK);
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = PollingListener::bind(loopback, &tls).await;
    let listener = listener.expect("a listener on loopback");
    let (at, (hears, heard)) = (listener.local_addr(), mpsc::unbounded_channel());
    let listening = listener.serve(
        move |request| drop(hears.send(request)),
        std::future::pending(),
    );
    tokio::spawn(listening);
    Device { at, heard }
}

impl Device {
    async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.at).await.expect("a connection");
        let written = stream.write_all(request.as_bytes()).await;
        written.expect("to be taken");
        let mut back = String::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_string(&mut back)).await;
        read.expect("an end in time").expect("an orderly end");
        back
    }

    /// What it has heard first.
    async fn heard(&mut self) -> PollRequest {
        let heard = tokio::time::timeout(PATIENCE, self.heard.recv()).await;
        heard.expect("it heard in time").expect("it listens")
    }
}

fn call(to: SocketAddr, target: &str) -> PeerCall {
    PeerCall {
        exchange: Exchange::default(),
        address: LanAddress::new(to.to_string()).expect("an address"),
        request: PollRequest::read(target).expect("a poll request"),
    }
}

/// A listener that reads one request and answers it so.
async fn answering(with: &'static str) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    let task = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut head = vec![0; 4096];
            let read = stream.read(&mut head).await.expect("bytes");
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            // What begins a TLS connection is hung up on: this one has none.
            if head.starts_with("GET ") {
                stream
                    .write_all(with.as_bytes())
                    .await
                    .expect("to be taken");
                return head;
            }
        }
    });
    (at, task)
}

/// An answer without what differs from one second to the next.
fn undated(answer: &str) -> String {
    let lines = answer.lines().filter(|it| !it.starts_with("date: "));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn every_request_for_polling_is_answered_alike() {
    let mut device = device().await;
    let host = "Host: device.example\r\n\r\n";
    let long = "x".repeat(3_000);
    let first = device
        .raw(&format!("GET /doPolling HTTP/1.1\r\n{host}"))
        .await;
    assert!(first.starts_with("HTTP/1.1 204 No Content\r\n"), "{first}");
    assert!(first.ends_with("\r\n\r\n"), "no body: {first}");
    assert_eq!(device.heard().await, PollRequest::default());
    for line in [
        "GET /doPolling/ HTTP/1.1".to_owned(),
        "GET /doPolling?tag=a-plan&pollreq=192.0.2.2 HTTP/1.1".to_owned(),
        "GET /doPolling?tag=a%20plan HTTP/1.1".to_owned(),
        "GET /doPolling?tag=a&tag=b HTTP/1.1".to_owned(),
        format!("GET /doPolling?tag={long} HTTP/1.1"),
        "POST /doPolling HTTP/1.1\r\nContent-Length: 0".to_owned(),
        "DELETE /doPolling?tag=a-plan HTTP/1.1".to_owned(),
    ] {
        let answer = device.raw(&format!("{line}\r\n{host}")).await;
        assert_eq!(undated(&answer), undated(&first), "{line}");
    }
    // Only what can be read, and asks by GET, is handed on.
    assert_eq!(device.heard().await, PollRequest::default());
    assert!(device.heard().await.tag.is_some());
    assert!(device.heard.try_recv().is_err());
    let other = device.raw(&format!("GET /setup HTTP/1.1\r\n{host}")).await;
    assert!(other.starts_with("HTTP/1.1 404 "), "{other}");
}

#[tokio::test]
async fn whoever_is_slow_is_cut_off_and_keeps_nobody_else_waiting() {
    let mut device = device().await;
    let mut slow = TcpStream::connect(device.at).await.expect("a connection");
    slow.write_all(b"GET /doPoll").await.expect("to be taken");
    let began = Instant::now();
    device
        .raw("GET /doPolling HTTP/1.1\r\nHost: d.example\r\n\r\n")
        .await;
    device.heard().await;
    assert!(began.elapsed() < Duration::from_secs(4));
    let mut back = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, slow.read_to_end(&mut back)).await;
    // Whether the end is orderly or a reset is the system's choice; that it comes is the test.
    drop(ended.expect("an end in time"));
}

#[tokio::test]
async fn a_peer_is_called_over_tls_whatever_its_certificate() {
    let mut device = device().await;
    let client = PeerClient::new().expect("a client");
    let target = "/doPolling?tag=a-plan&pollreq=192.0.2.3,%5B2001:db8::1%5D:8443";
    assert!(client.call(&call(device.at, target)).await);
    assert_eq!(Some(device.heard().await), PollRequest::read(target));
}

#[tokio::test]
async fn a_peer_without_tls_is_called_plainly_and_told_nothing_else() {
    let answer = "HTTP/1.1 204 No Content\r\n\r\n";
    let (at, peer) = answering(answer).await;
    let client = PeerClient::new().expect("a client");
    assert!(client.call(&call(at, "/doPolling?tag=a-plan")).await);
    let head = peer.await.expect("a request").to_lowercase();
    assert!(head.starts_with("get /dopolling?tag=a-plan http/1.1\r\n"));
    let names: Vec<&str> = head
        .lines()
        .skip(1)
        .filter_map(|it| it.split_once(':'))
        .map(|it| it.0)
        .collect();
    let expected = ["accept", "user-agent", "host"];
    assert!(names.iter().all(|it| expected.contains(it)), "{names:?}");
}

#[tokio::test]
async fn another_answer_and_none_are_silence() {
    let client = PeerClient::new().expect("a client");
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: /doPolling\r\nContent-Length: 0\r\n\r\n",
        "no HTTP at all\r\n\r\n",
    ] {
        let (at, peer) = answering(answer).await;
        assert!(!client.call(&call(at, "/doPolling")).await, "{answer}");
        drop(peer);
    }
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = closed.local_addr().expect("an address");
    drop(closed);
    assert!(!client.call(&call(at, "/doPolling")).await);
}

#[tokio::test]
async fn a_peer_that_never_answers_is_given_up_before_its_time_is_over() {
    let mute = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = mute.local_addr().expect("an address");
    let client = PeerClient::new().expect("a client");
    let began = Instant::now();
    assert!(!client.call(&call(at, "/doPolling")).await);
    let peer_wait = Duration::from_secs(u64::from(restante_core::limits::PEER_WAIT.get()));
    assert!(began.elapsed() < peer_wait);
    drop(mute);
}
