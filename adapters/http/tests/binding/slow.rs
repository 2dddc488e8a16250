//! Peers that are slow on purpose: every time-out is shown to be on, over a real socket.
//!
//! Each bound under test is short and all others are long, so that the end that comes in time can
//! only be the work of the one.

use std::time::{Duration, Instant};

use restante_core::center::{Call, Reply};
use restante_core::wire::{DeviceReply, Left};
use restante_http::server::Bounds;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stand::{Outcome, PATIENCE, Plan, Stand, as_formal};

/// The bound under test.
const SHORT: Duration = Duration::from_millis(300);
/// Every other bound: longer than any test waits.
const LONG: Duration = Duration::from_secs(600);

fn bounds() -> Bounds {
    Bounds {
        handshake: LONG,
        header: LONG,
        body: LONG,
        idle: LONG,
        farewell: LONG,
        ..Bounds::default()
    }
}

fn left(_: &Call) -> Outcome {
    Ok(Reply::Device(DeviceReply::Left(Left {})))
}

async fn stand(tls: bool, bounds: Bounds) -> Stand {
    let plan = Plan {
        tls,
        bounds,
        ..Plan::default()
    };
    plan.start(left).await
}

/// Sends the pieces with pauses that are shorter than any bound, then waits for the end.
async fn drip(stand: &Stand, pieces: &[&[u8]], pause: Duration) -> (String, Duration) {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(stand.address)
        .await
        .expect("a connection");
    for piece in pieces {
        if stream.write_all(piece).await.is_err() {
            break;
        }
        tokio::time::sleep(pause).await;
    }
    let mut back = Vec::new();
    let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut back)).await;
    // Whether the end is orderly or a reset is the system's choice; that it comes is the test.
    drop(end.expect("an end in time"));
    (String::from_utf8_lossy(&back).into_owned(), begun.elapsed())
}

#[tokio::test]
async fn a_tls_handshake_that_does_not_come_ends_the_connection() {
    let stand = stand(
        true,
        Bounds {
            handshake: SHORT,
            ..bounds()
        },
    )
    .await;
    let (back, after) = drip(&stand, &[], Duration::ZERO).await;
    assert_eq!(back, "");
    assert!(after >= SHORT, "{after:?}");
}

#[tokio::test]
async fn a_slow_handshake_holds_up_nobody_else() {
    let stand = stand(true, bounds()).await;
    let mut idle = Vec::new();
    for _ in 0..20 {
        idle.push(
            TcpStream::connect(stand.address)
                .await
                .expect("a connection"),
        );
    }
    let leave = restante_core::wire::DeviceRequest::Leave(restante_core::wire::Leave {});
    let client = stand.client();
    let presented = as_formal();
    let sent = tokio::time::timeout(PATIENCE, client.send(&presented, &leave));
    assert!(sent.await.expect("in time").is_ok());
    drop(idle);
}

#[tokio::test]
async fn a_header_that_drips_in_ends_the_connection() {
    let stand = stand(
        false,
        Bounds {
            header: SHORT,
            ..bounds()
        },
    )
    .await;
    let line = b"GET /healthz HTTP/1.1\r\n".as_slice();
    let drops: Vec<&[u8]> = std::iter::once(line)
        .chain(std::iter::repeat_n(b"X: y\r\n".as_slice(), 100))
        .collect();
    let (back, after) = drip(&stand, &drops, SHORT / 10).await;
    assert!(!back.contains(" 200 "), "{back}");
    assert!(after >= SHORT, "{after:?}");
    assert!(after < SHORT * 30, "the drops alone take longer: {after:?}");
}

#[tokio::test]
async fn a_body_that_drips_in_is_answered_408_and_the_connection_ends() {
    let stand = stand(
        false,
        Bounds {
            body: SHORT,
            ..bounds()
        },
    )
    .await;
    let head = b"POST /v1/status-reports HTTP/1.1\r\nHost: center\r\n\
        Content-Type: application/json\r\nContent-Length: 100\r\n\r\n";
    let drops: Vec<&[u8]> = std::iter::once(head.as_slice())
        .chain(std::iter::repeat_n(b" ".as_slice(), 20))
        .collect();
    let (back, after) = drip(&stand, &drops, SHORT / 10).await;
    assert!(back.starts_with("HTTP/1.1 408 "), "{back}");
    assert!(back.contains("connection: close\r\n"), "{back}");
    assert!(after >= SHORT, "{after:?}");
    assert_eq!(stand.calls(), []);
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_asked_ends() {
    for begin in [b"".as_slice(), b"PRI * HT".as_slice()] {
        let stand = stand(
            false,
            Bounds {
                idle: SHORT,
                farewell: SHORT,
                ..bounds()
            },
        )
        .await;
        let (back, after) = drip(&stand, &[begin], Duration::ZERO).await;
        assert_eq!(back, "", "after {begin:?}");
        assert!(after >= SHORT, "{after:?}");
    }
}

#[tokio::test]
async fn a_connection_that_stays_silent_after_a_reply_ends() {
    let stand = stand(
        false,
        Bounds {
            idle: SHORT,
            farewell: SHORT,
            ..bounds()
        },
    )
    .await;
    let ask = b"GET /healthz HTTP/1.1\r\nHost: center\r\n\r\n";
    let (back, after) = drip(&stand, &[ask], Duration::ZERO).await;
    assert!(back.starts_with("HTTP/1.1 200 "), "{back}");
    assert!(after >= SHORT, "{after:?}");
}

#[tokio::test]
async fn http_2_without_a_request_ends_too() {
    let stand = stand(
        false,
        Bounds {
            idle: SHORT,
            farewell: SHORT,
            ..bounds()
        },
    )
    .await;
    // The preface and an empty SETTINGS frame: a healthy connection that asks for nothing.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let (_, after) = drip(&stand, &[preface], Duration::ZERO).await;
    assert!(after >= SHORT, "{after:?}");
}

#[tokio::test]
async fn work_that_takes_longer_than_an_idle_connection_may_is_not_cut() {
    let plan = Plan {
        bounds: Bounds {
            idle: SHORT,
            farewell: SHORT,
            ..bounds()
        },
        delay: SHORT * 5,
        ..Plan::plain()
    };
    let stand = plan.start(left).await;
    let leave = restante_core::wire::DeviceRequest::Leave(restante_core::wire::Leave {});
    assert!(stand.client().send(&as_formal(), &leave).await.is_ok());
}
