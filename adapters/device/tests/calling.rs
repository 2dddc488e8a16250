//! `call`: links are opened where the devices are, and those that nobody answers are named.

use std::io::Write;
use std::net::SocketAddr;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use restante_core::wire::PollRequest;
use restante_http::server::{PollingListener, Tls};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::mpsc;

/// A device of this network, and what it is asked.
struct Device {
    at: SocketAddr,
    heard: mpsc::UnboundedReceiver<PollRequest>,
}

impl Device {
    async fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a pair");
        let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let tls = Tls::from_pem(chain.as_bytes(), key.as_bytes()).expect("TLS");
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = PollingListener::bind(here, &tls).await.expect("a port");
        let at = listener.local_addr();
        let (tell, heard) = mpsc::unbounded_channel();
        let told = move |request| drop(tell.send(request));
        tokio::spawn(listener.serve(told, std::future::pending()));
        Self { at, heard }
    }

    fn link(&self, query: &str) -> String {
        format!("https://{}/doPolling{query}", self.at)
    }
}

/// An address at which nobody listens.
async fn nobody() -> SocketAddr {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    closed.local_addr().expect("an address")
}

async fn call(args: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_restante-device"));
    command.arg("call").args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().expect("a program");
    let stdin = child.stdin.take().expect("its input");
    let mut stdin = std::fs::File::from(stdin.into_owned_fd().expect("a pipe"));
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().await.expect("it ends")
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    (output.status.code(), out, err)
}

#[tokio::test]
async fn devices_that_hear_are_counted_and_those_that_do_not_are_named() {
    let (mut one, mut other, gone) = (Device::new().await, Device::new().await, nobody().await);
    let lost = format!("https://{gone}/doPolling?after=3");
    let links = [one.link("?tag=a-plan"), lost.clone(), other.link("")];
    let links: Vec<&str> = links.iter().map(String::as_str).collect();
    let (status, out, err) = said(&call(&links, "").await);
    assert_eq!(status, Some(1), "{err}");
    assert_eq!(
        out,
        format!("no answer: {lost}\n2 of 3 devices have heard\n")
    );
    let asked = one.heard.recv().await.expect("a request");
    assert_eq!(Some(asked), PollRequest::read("/doPolling?tag=a-plan"));
    let asked = other.heard.recv().await.expect("a request");
    assert_eq!(asked, PollRequest::default());
}

#[tokio::test]
async fn links_are_found_among_other_words_and_opened_once_each() {
    let (mut one, mut other) = (Device::new().await, Device::new().await);
    let printed = format!(
        "Open on the devices' network:\n\n  {}\n  {}\n\n2 devices poll within 5 seconds\n\
         {{\"link\": \"{}\"}}\nsee https://restante.example/help, and <a href='{}'>doPolling</a>.\n\
         Anna opens (https://127.0.0.1/help), then {}.\n",
        one.link("?pollreq=192.0.2.2,192.0.2.3"),
        other.link("?after=5"),
        one.link("?pollreq=192.0.2.2,192.0.2.3"),
        other.link("?after=5"),
        other.link("?after=5"),
    );
    let (status, out, err) = said(&call(&["--links", "-"], &printed).await);
    assert_eq!(
        (status, out.as_str()),
        (Some(0), "2 of 2 devices have heard\n"),
        "{err}"
    );
    let asked = one.heard.recv().await.expect("a request");
    let expected = PollRequest::read("/doPolling?pollreq=192.0.2.2,192.0.2.3");
    assert_eq!(Some(asked), expected);
    assert!(one.heard.try_recv().is_err(), "called twice");
    other.heard.recv().await.expect("a request");
}

#[tokio::test]
async fn calls_keep_the_interval_that_was_asked_for() {
    let mut device = Device::new().await;
    let links = [
        device.link("?tag=a"),
        device.link("?tag=b"),
        device.link("?tag=c"),
    ];
    let mut args = vec!["--every", "1s"];
    args.extend(links.iter().map(String::as_str));
    let begun = Instant::now();
    let (status, ..) = said(&call(&args, "").await);
    assert_eq!(status, Some(0));
    for tag in ["a", "b", "c"] {
        let asked = device.heard.recv().await.expect("a request");
        assert_eq!(asked.tag.map(|it| it.to_string()).as_deref(), Some(tag));
    }
    // However slow the machine is: two intervals have passed before the last one is called.
    assert!(begun.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn a_slip_is_named_and_nobody_is_called() {
    let mut device = Device::new().await;
    let links = format!(
        "{}\n\nhttps://192.0.2.1/doPolling?after=soon\n",
        device.link("")
    );
    let (status, out, err) = said(&call(&["--links", "-"], &links).await);
    assert_eq!((status, out.as_str()), (Some(2), ""));
    let expected = "-, line 3: `https://192.0.2.1/doPolling?after=soon` is no link of a poll \
                    request, such as https://192.0.2.1:8443/doPolling; nobody was called";
    assert!(err.contains(expected), "{err}");
    let (status, _, err) = said(&call(&["--links", "-"], "good morning\n").await);
    assert_eq!(status, Some(2));
    assert!(
        err.contains("there is no link of a poll request in what was given"),
        "{err}"
    );
    let (status, _, err) = said(&call(&["--links", "/no/such/file"], "").await);
    assert_eq!(status, Some(2));
    assert!(err.contains("/no/such/file: it cannot be read: "), "{err}");
    let (status, _, err) = said(&call(&[], "").await);
    assert_eq!(status, Some(2));
    assert!(err.contains("<LINK>"), "{err}");
    assert!(device.heard.try_recv().is_err(), "called all the same");
}
