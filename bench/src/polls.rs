//! Unchanged polls: what nearly every request of a fleet is.
//!
//! The baseline verifies the formal code exactly as the center does (derive the secret, compare in
//! constant time) and answers 304 with the same headers, without any record; the floor answers 204
//! to anything. Every device has polled before: a fleet does little else, day after day.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::header::{AUTHORIZATION, ETAG};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use restante_core::center::Keys;
use restante_core::code::FormalCode;
use restante_core::crypto::Crypto;
use restante_core::record::Secret;
use restante_crypto::RingCrypto;
use restante_http::NEXT_POLL;
use tokio::task::JoinSet;

use crate::center::{Bench, keys, serve};
use crate::client::{Requests, all, pace};
use crate::rounds::{Series, progress, report};
use crate::{Effort, Failure};

/// Enrols the fleet, then measures.
pub(crate) async fn measure(devices: usize, effort: Effort) -> Result<String, Failure> {
    let bench = Bench::new()?;
    let codes = fleet(&bench, devices).await?;
    let center = serve(bench.router()).await?;
    let verifying = serve(Router::new().route("/v1/mailbox", get(verify))).await?;
    let empty = serve(Router::new().fallback(|| async { StatusCode::NO_CONTENT })).await?;

    let tag = tag(center, &codes).await?;
    let polls = Arc::new(
        codes
            .iter()
            .map(|code| request(code, &tag))
            .collect::<Vec<_>>(),
    );
    let first = all(center, Share::of(&polls, effort.clients), 304)
        .await?
        .rate;
    let before = bench.driver.store().figures();
    let mut subject = Series::new("unchanged poll");
    let mut verify = Series::new("verify only");
    let mut floor = Series::new("empty 204");
    let progress = progress("polls", effort.rounds as u64 * 3);
    for _ in 0..effort.rounds {
        for (series, address, status) in [
            (&mut subject, center, 304),
            (&mut verify, verifying, 304),
            (&mut floor, empty, 204),
        ] {
            let clients = (0..effort.clients).map(|_| Polls::new(&polls)).collect();
            series
                .rounds
                .push(pace(address, clients, status, effort.round).await?);
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    let title = format!(
        "Unchanged poll over HTTP, SQLite, {devices} enrolled devices, {} connections",
        effort.clients
    );
    let mut text = report(&title, &subject, &[&verify, &floor], Some(0.8));
    let after = bench.driver.store().figures();
    let (hits, misses) = (after.hits - before.hits, after.misses - before.misses);
    text.push_str(&format!(
        "before: each device polled once, {first:.0}/s; since then the cache answered {:.2} % of \
         the loads\n",
        100.0 * hits as f64 / (hits + misses).max(1) as f64
    ));
    Ok(text)
}

/// Enrols devices of many users, by codes of a thousand each.
pub(crate) async fn fleet(bench: &Bench, devices: usize) -> Result<Vec<FormalCode>, Failure> {
    enrolled(bench, devices, |group| format!("user {group}")).await
}

/// Enrols devices by codes of a thousand each, many at a time; `user` says whose each code is.
pub(crate) async fn enrolled(
    bench: &Bench,
    devices: usize,
    user: impl Fn(usize) -> String,
) -> Result<Vec<FormalCode>, Failure> {
    let progress = progress("enrolling", devices as u64);
    let mut enrolling: JoinSet<Result<Vec<FormalCode>, Failure>> = JoinSet::new();
    for (group, first) in (0..devices).step_by(1_000).enumerate() {
        let code = bench.code(&user(group)).await?;
        let bench = Bench {
            driver: Arc::clone(&bench.driver),
            folder: tempfile::tempdir()?,
        };
        let progress = progress.clone();
        enrolling.spawn(async move {
            let mut codes = Vec::new();
            for number in first..(first + 1_000).min(devices) {
                codes.push(bench.device(code.clone(), number as u64).await?);
                progress.inc(1);
            }
            Ok(codes)
        });
    }
    let mut codes = Vec::with_capacity(devices);
    while let Some(enrolled) = enrolling.join_next().await {
        codes.extend(enrolled??);
    }
    progress.finish_and_clear();
    Ok(codes)
}

/// The tag of the mailbox state that all of them have, taken from a first poll.
pub(crate) async fn tag(
    center: std::net::SocketAddr,
    codes: &[FormalCode],
) -> Result<String, Failure> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let code = codes.first().ok_or("no device is enrolled")?;
    let mut socket = tokio::net::TcpStream::connect(center).await?;
    socket.write_all(&request(code, "none")).await?;
    let mut response = vec![0; 8 * 1024];
    let length = socket.read(&mut response).await?;
    let head = String::from_utf8_lossy(&response[..length]).into_owned();
    let line = head
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with("etag: "));
    let tag = line
        .and_then(|line| line.split('"').nth(1))
        .ok_or("the poll has no tag")?;
    Ok(tag.to_owned())
}

/// The poll of the device that has this code and has seen this state.
pub(crate) fn request(code: &FormalCode, tag: &str) -> Vec<u8> {
    format!(
        "GET /v1/mailbox HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         If-None-Match: \"{tag}\"\r\n\r\n",
        code.to_text()
    )
    .into_bytes()
}

/// Devices that poll in no particular order.
pub(crate) struct Polls {
    requests: Arc<Vec<Vec<u8>>>,
    random: fastrand::Rng,
}

impl Polls {
    pub(crate) fn new(requests: &Arc<Vec<Vec<u8>>>) -> Self {
        Self {
            requests: Arc::clone(requests),
            random: fastrand::Rng::new(),
        }
    }
}

impl Requests for Polls {
    fn next(&mut self) -> Option<Vec<u8>> {
        self.random.choice(self.requests.iter()).cloned()
    }
}

/// Devices that poll once each, one after the other.
pub(crate) struct Share {
    requests: Arc<Vec<Vec<u8>>>,
    next: usize,
    step: usize,
}

impl Share {
    /// The whole fleet, dealt out to so many connections.
    pub(crate) fn of(requests: &Arc<Vec<Vec<u8>>>, clients: usize) -> Vec<Self> {
        let share = |next| Self {
            requests: Arc::clone(requests),
            next,
            step: clients,
        };
        (0..clients).map(share).collect()
    }
}

impl Requests for Share {
    fn next(&mut self) -> Option<Vec<u8>> {
        let request = self.requests.get(self.next).cloned();
        self.next += self.step;
        request
    }
}

/// The center's keys, for the baseline's handler.
static KEYS: LazyLock<Keys> = LazyLock::new(|| keys().expect("the trial keys are good"));

/// The baseline: the credential, and nothing else.
pub(crate) async fn verify(headers: HeaderMap) -> axum::response::Response {
    if is_genuine(&headers).unwrap_or(false) {
        let tag = "\"AAAAAAAAAAAAAAAAAAAAAA\"";
        (
            StatusCode::NOT_MODIFIED,
            [(ETAG, tag), (NEXT_POLL, "86400")],
        )
            .into_response()
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

pub(crate) fn is_genuine(headers: &HeaderMap) -> Option<bool> {
    let bearer = headers
        .get(AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")?;
    let code: FormalCode = bearer.parse().ok()?;
    let secret = Secret {
        epoch: code.epoch(),
        master: 1,
    };
    let ours = KEYS.formal_code(&RingCrypto, code.registration(), secret)?;
    Some(RingCrypto.same_secret(ours.secret(), code.secret()))
}
