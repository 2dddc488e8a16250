//! What strangers cause in the operator's log: the first lines of each kind and source, and then a
//! count of what was left out.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use restante_core::center::{Call, Reason, Refused, Reply};
use restante_core::wire::{Refusal, RefusalCode};
use restante_http::server::{Answer, Bounds, Peer, router};
use tokio::net::TcpStream;
use tower::ServiceExt;
use tracing::subscriber::DefaultGuard;

use crate::log::Log;
use crate::stand::Plan;

/// Refuses everything.
struct Closed;

impl Answer for Closed {
    async fn answer(&self, _: Call) -> Result<Reply, Refused> {
        Err(Refused {
            refusal: Refusal::plain(RefusalCode::TokenRefused),
            reason: Reason {
                word: "token-unknown",
                detail: String::new(),
            },
        })
    }
}

/// What this thread logs from now on.
fn listen() -> (Log, DefaultGuard) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}

/// Asks so many times from this address.
async fn ask(router: &Router, times: usize, source: &str, path: &str) {
    let source: IpAddr = source.parse().expect("an address");
    for _ in 0..times {
        let mut request = Request::get(path).body(Body::empty()).expect("a request");
        request.extensions_mut().insert(Peer(source));
        let answered = router.clone().oneshot(request).await.expect("an answer");
        assert!(answered.status().is_client_error());
    }
}

const WINDOW: Duration = Duration::from_secs(61);

#[tokio::test(start_paused = true)]
async fn refusals_beyond_a_few_in_a_minute_are_counted_in_one_line() {
    let (log, _guard) = listen();
    let router = router(Arc::new(Closed), Duration::from_secs(1));
    ask(&router, 25, "192.0.2.1", "/v1/tokens").await;
    assert_eq!(log.count("reason=\"token-unknown\""), 10);
    assert_eq!(log.count("source=192.0.2.1"), 10);
    // Another kind and another source have lines of their own.
    ask(&router, 1, "192.0.2.1", "/v1/nothing").await;
    assert_eq!(log.count("reason=\"no-such-route\""), 1);
    ask(&router, 1, "192.0.2.2", "/v1/tokens").await;
    assert_eq!(log.count("source=192.0.2.2"), 1);
    tokio::time::sleep(WINDOW).await;
    let summary = "kind=\"token-unknown\" source=192.0.2.1 left_out=15";
    assert_eq!(log.count(summary), 1, "{}", log.text());
    assert_eq!(log.count("left_out"), 1, "{}", log.text());
    // The next minute begins anew.
    ask(&router, 1, "192.0.2.1", "/v1/tokens").await;
    assert_eq!(log.count("reason=\"token-unknown\""), 12);
}

#[tokio::test(start_paused = true)]
async fn addresses_of_one_network_count_as_one_source() {
    let (log, _guard) = listen();
    let router = router(Arc::new(Closed), Duration::from_secs(1));
    for host in 0..20 {
        ask(&router, 1, &format!("2001:db8::{host:x}"), "/v1/tokens").await;
    }
    assert_eq!(log.count("refused"), 10);
}

#[tokio::test(start_paused = true)]
async fn any_number_of_sources_leaves_the_log_bounded() {
    let (log, _guard) = listen();
    let router = router(Arc::new(Closed), Duration::from_secs(1));
    for host in 0..1_000 {
        let source = format!("10.0.{}.{}", host / 250, host % 250);
        ask(&router, 1, &source, "/v1/tokens").await;
    }
    assert_eq!(log.count("refused"), 256 + 10);
    tokio::time::sleep(WINDOW).await;
    assert_eq!(log.count("kind=\"token-unknown\" left_out=734"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_left_out_is_told_when_the_center_stops() {
    let (log, _guard) = listen();
    let router = router(Arc::new(Closed), Duration::from_secs(1));
    ask(&router, 12, "192.0.2.1", "/v1/tokens").await;
    assert_eq!(log.count("left_out"), 0);
    drop(router);
    assert_eq!(log.count("left_out=2"), 1, "{}", log.text());
}

#[tokio::test]
async fn surplus_connections_beyond_a_few_in_a_minute_are_counted_in_one_line() {
    let (log, _guard) = listen();
    let plan = Plan {
        bounds: Bounds {
            per_source: 1,
            ..Bounds::default()
        },
        ..Plan::plain()
    };
    let stand = plan.start(|_| unreachable!("nothing is asked")).await;
    let mut open = Vec::new();
    for _ in 0..31 {
        open.push(TcpStream::connect(stand.address).await.expect("connected"));
    }
    for surplus in &mut open[1..] {
        let read = tokio::io::AsyncReadExt::read(surplus, &mut [0]).await;
        assert!(matches!(read, Ok(0) | Err(_)), "hung up on");
    }
    assert_eq!(log.count("too many connections from one source"), 10);
    drop(open);
    stand.stop().await;
    assert_eq!(log.count("left_out=20"), 1, "{}", log.text());
}
