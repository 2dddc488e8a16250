//! The plain listener for sealed envelopes: a device without TLS enrols and polls there, and nobody
//! finds anything else on it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use restante_core::Seed;
use restante_core::code::{FormalCode, ProvisionalCode};
use restante_core::seal::{self, Enrolment, Envelope, Lane, SealingKey, Sender};
use restante_core::wire::{Answer, DeviceReply, DeviceRequest, Poll, PollReply, json};
use restante_crypto::RingCrypto;

use crate::instructing::enrolment;
use crate::place::Place;
use crate::serving::{get, get_as};

const SEALED: &str = "application/vnd.restante.sealed";
const JSON: &str = "application/json";

/// A center that takes envelopes in plain HTTP at whatever address of this machine.
fn place() -> Place {
    let place = Place::new();
    let path = place.path("restante.toml");
    let config = fs::read_to_string(&path).expect("made by init");
    let sealed = "[sealed]\nlisten = [\"0.0.0.0:0\"]\n\n[metrics]";
    fs::write(&path, config.replace("[metrics]", sealed)).expect("written");
    place
}

/// Posts a body of this type: the head of the response, and its body.
fn post(url: &str, path: &str, media_type: &str, body: &[u8]) -> (String, Vec<u8>) {
    let address = url.strip_prefix("http://").expect("plain HTTP");
    let mut line = TcpStream::connect(address).expect("it listens");
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {media_type}\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    let request = [head.as_bytes(), body].concat();
    line.write_all(&request).expect("sent");
    let mut response = Vec::new();
    line.read_to_end(&mut response).expect("received");
    let end = response.windows(4).position(|it| it == b"\r\n\r\n");
    let body = response.split_off(end.expect("a head") + 4);
    (String::from_utf8(response).expect("text"), body)
}

/// Hands an envelope over: the envelope that comes back.
fn hand(url: &str, envelope: &[u8]) -> Vec<u8> {
    let (head, body) = post(url, "/v1/sealed", SEALED, envelope);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(
        head.to_lowercase()
            .contains(&format!("content-type: {SEALED}\r\n")),
        "{head}"
    );
    body
}

/// Enrols in an envelope, which `hand` takes to the center: the formal code that comes back in one.
pub(crate) fn enrolled(
    mut hand: impl FnMut(&[u8]) -> Vec<u8>,
    code: &ProvisionalCode,
) -> FormalCode {
    let id = code.enrol_id(&RingCrypto);
    let key = SealingKey::enrolment(id, code.enrol_key(&RingCrypto));
    let sealed = Enrolment::seal(&RingCrypto, key, &json::to_bytes(&enrolment()));
    let (waiting, envelope) = sealed.expect("short enough");
    let answer = hand(&envelope);
    let answer = Envelope::parse(&answer).expect("an envelope");
    let message = waiting.open(&RingCrypto, &answer).expect("its reply");
    match Answer::parse(&message).expect("an answer") {
        Answer::Reply(DeviceReply::Enrolled(enrolled)) => enrolled.formal_code,
        other => panic!("{other:?}"),
    }
}

/// Polls in an envelope, as the first that is sealed under this code.
pub(crate) fn polled(hand: impl FnMut(&[u8]) -> Vec<u8>, code: &FormalCode) -> PollReply {
    polled_again(hand, &mut sender(code))
}

/// What seals under this code, and has not sealed yet.
pub(crate) fn sender(code: &FormalCode) -> Sender {
    let mut sender = Sender::new(code, Lane::Conversation);
    sender.reserved(sender.reserve().expect("counters"));
    sender
}

/// Polls in an envelope.
pub(crate) fn polled_again(
    mut hand: impl FnMut(&[u8]) -> Vec<u8>,
    sender: &mut Sender,
) -> PollReply {
    let message = json::to_bytes(&DeviceRequest::Poll(Poll::default()));
    let envelope = sender.seal(&RingCrypto, &Seed::new([7; 32]), &message);
    let answer = hand(&envelope.expect("nothing waits"));
    let answer = Envelope::parse(&answer).expect("an envelope");
    let answer = sender.open(&RingCrypto, &answer).expect("its reply");
    let seal::Answer::Reply(message) = answer else {
        panic!("{answer:?}");
    };
    match Answer::parse(&message).expect("an answer") {
        Answer::Reply(DeviceReply::Polled(polled)) => polled,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_device_without_tls_enrols_and_polls_in_envelopes() {
    let place = place();
    let served = place.serve();
    let url = served.ready["sealed"][0].as_str().expect("an address");
    let issued = place.json(&["code", "issue", "--user", "Anna Weber"]);
    let code = issued["code"].as_str().and_then(|it| it.parse().ok());
    let code = enrolled(|it| hand(url, it), &code.expect("a code"));
    let reply = polled(|it| hand(url, it), &code);
    assert!(matches!(reply, PollReply::Mailbox(_)), "{reply:?}");
    let listed = place.json(&["code", "list"]);
    assert_eq!(listed[0]["used"], 1, "{listed}");
}

#[test]
fn whatever_is_not_sealed_finds_nothing_on_the_listener_for_envelopes() {
    let place = place();
    let served = place.serve();
    let url = served.ready["sealed"][0].as_str().expect("an address");
    let issued = place.json(&["code", "issue", "--user", "Anna Weber"]);
    let code: ProvisionalCode = issued["code"]
        .as_str()
        .expect("a code")
        .parse()
        .expect("one");
    let nothing = "HTTP/1.1 404 Not Found\r\n";
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/v1/codes",
        "/v1/mailbox",
    ] {
        let answer = get(url, path);
        assert!(answer.starts_with(nothing), "{path}: {answer}");
    }
    let token = place.json(&["token", "issue", "--role", "operator", "--account", "Op"]);
    let token = format!("Bearer {}", token["token"].as_str().expect("a token"));
    let answer = get_as(url, "/v1/codes", &token);
    assert!(answer.starts_with(nothing), "{answer}");
    let plain = json::to_bytes(&enrolment());
    let (head, _) = post(url, "/v1/enrolments", JSON, &plain);
    assert!(head.starts_with(nothing), "{head}");
    let (head, _) = post(url, "/v1/sealed", JSON, &plain);
    assert!(head.starts_with("HTTP/1.1 415 "), "{head}");
    let (head, _) = post(url, "/v1/sealed", SEALED, &plain);
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    let listed = place.json(&["code", "list"]);
    assert_eq!(listed[0]["used"], 0, "{listed}");
    enrolled(|it| hand(url, it), &code);
}

#[test]
fn a_store_that_was_put_back_is_told_of_before_its_center_serves() {
    let place = place();
    let said = place.run(&["restored"]);
    assert!(
        said.starts_with("noted: formal codes that were handed out before"),
        "{said}"
    );
    let first = place.json(&["restored"])["generation"].as_u64();
    let second = place.json(&["restored"])["generation"].as_u64();
    assert!(first.is_some() && second > first, "{first:?}, {second:?}");

    let served = place.serve();
    let url = served.ready["sealed"][0].as_str().expect("an address");
    let issued = place.json(&["code", "issue", "--user", "Anna Weber"]);
    let code = issued["code"].as_str().and_then(|it| it.parse().ok());
    let code = enrolled(|it| hand(url, it), &code.expect("a code"));
    assert_eq!(second, Some(code.epoch().get().into()));
    let reply = polled(|it| hand(url, it), &code);
    assert!(matches!(reply, PollReply::Mailbox(_)), "{reply:?}");

    let late = place.command(&["restored"]).output().expect("runs");
    assert_eq!(late.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&late.stderr),
        "restante-center: the center serves already, and has believed what was recorded; stop it, \
         run this again, and then start it\n"
    );
}
