//! A receiver of webhooks on loopback: it answers by a script, and verifies what it was told.

use std::collections::VecDeque;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use restante_http::server::{Bounds, Line, Listener, Proxies, Tls};
use restante_store::{Clock, SystemClock};
use ring::hmac;
use tokio::task::JoinHandle;

/// What signs the messages.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The status by which the receiver answers one message, and how long it takes for that.
pub(crate) type Answer = (u16, Duration);

/// It takes a message at once.
const TAKEN: Answer = (204, Duration::ZERO);

/// A receiver on loopback, with the certificate that `init` has made.
pub(crate) struct Receiver {
    seen: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// Answers by the script, and then takes everything.
    pub(crate) async fn start(address: SocketAddr, tls: &Path, script: Vec<Answer>) -> Self {
        let seen: Arc<Mutex<Vec<(HeaderMap, Bytes)>>> = Arc::default();
        let script = Arc::new(Mutex::new(VecDeque::from(script)));
        let noted = Arc::clone(&seen);
        let hook = move |request: Request| {
            let next = script.lock().expect("no panic").pop_front();
            let noted = Arc::clone(&noted);
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, 65_536).await.expect("a body");
                noted.lock().expect("no panic").push((parts.headers, body));
                let (status, time) = next.unwrap_or(TAKEN);
                tokio::time::sleep(time).await;
                let status = StatusCode::from_u16(status).expect("a status");
                // Who follows this address is seen twice.
                (status, [(LOCATION, "/hook")])
            }
        };
        let pem = |name: &str| fs::read(tls.join(name)).expect("made by init");
        let tls = Tls::from_pem(&pem("certificate.pem"), &pem("key.pem")).expect("a pair");
        let line = Line::Tls(tls);
        let listener = Listener::bind(address, line, Proxies::none(), Bounds::default());
        let listener = listener.await.expect("a listener");
        let router = Router::new().route("/hook", post(hook));
        let serving = tokio::spawn(async move {
            listener.serve(router, std::future::pending()).await;
        });
        Self { seen, serving }
    }

    /// Waits until so many messages have come, and verifies each as a receiver does.
    pub(crate) async fn messages(&self, count: usize) -> Vec<(String, serde_json::Value)> {
        loop {
            let seen = self.seen.lock().expect("no panic").clone();
            if seen.len() >= count {
                return seen.iter().map(verified).collect();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The id and the body, once the signature is right and the time is recent.
fn verified((headers, body): &(HeaderMap, Bytes)) -> (String, serde_json::Value) {
    let header = |name: &str| headers[name].to_str().expect("text").to_owned();
    let (id, time) = (header("webhook-id"), header("webhook-timestamp"));
    let bytes = STANDARD.decode(&SECRET["whsec_".len()..]).expect("base64");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
    let signed = [format!("{id}.{time}.").as_bytes(), body].concat();
    let signature = header("webhook-signature");
    let signature = signature.strip_prefix("v1,").expect("of this version");
    let signature = STANDARD.decode(signature).expect("base64");
    hmac::verify(&key, &signed, &signature).expect("signed by the center");
    let seconds: u64 = time.parse().expect("seconds");
    assert!(SystemClock.now().as_millis() / 1_000 - seconds < 60);
    (id, serde_json::from_slice(body).expect("JSON"))
}

/// A port that nobody listens at.
pub(crate) fn free() -> SocketAddr {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    socket.local_addr().expect("an address")
}
