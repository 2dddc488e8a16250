//! How many connections there may be, who may connect in the clear, HTTP/2, and the way to stop.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::http::Version;
use restante_core::center::{Call, Reply};
use restante_core::wire::{DeviceReply, DeviceRequest, Leave, Left};
use restante_http::server::{Bounds, Drained, Forwarding, Line, ListenError, Listener, Proxies};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::stand::{Outcome, PATIENCE, Plan, as_formal};

fn left(_: &Call) -> Outcome {
    Ok(Reply::Device(DeviceReply::Left(Left {})))
}

fn leave() -> DeviceRequest {
    DeviceRequest::Leave(Leave {})
}

const ASK: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: center\r\n\r\n";

/// Asks on an open connection; the first bytes that come back, none if it has ended.
async fn ask(stream: &mut TcpStream) -> Vec<u8> {
    let mut back = vec![0; 4096];
    if stream.write_all(ASK).await.is_err() {
        return Vec::new();
    }
    let read = stream.read(&mut back).await.unwrap_or(0);
    back.truncate(read);
    back
}

#[tokio::test]
async fn a_source_with_too_many_connections_is_hung_up_on() {
    let plan = Plan {
        bounds: Bounds {
            per_source: 2,
            ..Bounds::default()
        },
        ..Plan::plain()
    };
    let stand = plan.start(left).await;
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(stand.address)
            .await
            .expect("a connection");
        assert!(ask(&mut stream).await.starts_with(b"HTTP/1.1 200 "));
        open.push(stream);
    }
    let mut third = TcpStream::connect(stand.address)
        .await
        .expect("a connection");
    let answer = timeout(PATIENCE, ask(&mut third))
        .await
        .expect("hung up on");
    assert_eq!(answer, b"");
    open.clear();
    let mut served = Vec::new();
    for _ in 0..100 {
        let mut again = TcpStream::connect(stand.address)
            .await
            .expect("a connection");
        served = ask(&mut again).await;
        if !served.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(
        served.starts_with(b"HTTP/1.1 200 "),
        "a place was given back"
    );
}

#[tokio::test]
async fn beyond_the_bound_of_all_connections_peers_wait_until_one_ends() {
    let plan = Plan {
        bounds: Bounds {
            connections: 1,
            ..Bounds::default()
        },
        ..Plan::plain()
    };
    let stand = plan.start(left).await;
    let mut first = TcpStream::connect(stand.address)
        .await
        .expect("a connection");
    assert!(ask(&mut first).await.starts_with(b"HTTP/1.1 200 "));
    let mut second = TcpStream::connect(stand.address)
        .await
        .expect("a connection");
    let waiting = timeout(Duration::from_millis(300), ask(&mut second)).await;
    assert!(waiting.is_err(), "there is one place only");
    drop(first);
    let mut back = [0; 12];
    timeout(PATIENCE, second.read_exact(&mut back))
        .await
        .expect("in time")
        .expect("a reply");
    assert_eq!(&back, b"HTTP/1.1 200");
}

#[tokio::test]
async fn plain_http_beyond_loopback_needs_a_declared_proxy() {
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let bind = |proxies| Listener::bind(everywhere, Line::Plain, proxies, Bounds::default());
    let error = bind(Proxies::none()).await.expect_err("unsafe");
    assert!(matches!(error, ListenError::PlainBeyondLoopback { .. }));
    assert_eq!(
        error.to_string(),
        "plain HTTP on 0.0.0.0:0 would send access codes in the clear; give a certificate and a \
         key, listen on 127.0.0.1, or declare the proxy that adds TLS"
    );
    let proxy = IpAddr::from([192, 0, 2, 1]);
    let declared = Proxies::declared([proxy], Forwarding::XForwardedFor);
    assert!(bind(declared).await.is_ok());
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let stand = Plan::plain().start(left).await;
    let again = Listener::bind(
        stand.address,
        Line::Plain,
        Proxies::none(),
        Bounds::default(),
    );
    let error = again.await.expect_err("taken").to_string();
    assert!(
        error.starts_with(&format!("cannot listen on {}: ", stand.address)),
        "{error}"
    );
}

#[tokio::test]
async fn behind_a_declared_proxy_the_source_is_whom_it_names() {
    let plan = Plan {
        proxies: Proxies::declared([IpAddr::from([127, 0, 0, 1])], Forwarding::Forwarded),
        ..Plan::plain()
    };
    let stand = plan.start(left).await;
    let response = stand
        .raw(
            b"DELETE /v1/registration HTTP/1.1\r\nHost: center\r\nConnection: close\r\n\
              Forwarded: for=198.51.100.7\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n",
        )
        .await;
    assert!(response.starts_with("HTTP/1.1 204 "), "{response}");
    let call = stand.calls().pop().expect("a call");
    assert_eq!(call.source.address, Some(IpAddr::from([198, 51, 100, 7])));
}

#[tokio::test]
async fn tls_carries_http_2_and_http_1() {
    let stand = Plan::default().start(left).await;
    let mut roots = rustls::RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(stand.root.as_bytes()).expect("a root");
    roots.add(root).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    for (offered, version) in [
        (b"h2".as_slice(), Version::HTTP_2),
        (b"http/1.1", Version::HTTP_11),
    ] {
        config.alpn_protocols = vec![offered.to_vec()];
        let builder = reqwest::Client::builder().tls_backend_preconfigured(config.clone());
        let client = builder.build().expect("a client");
        let request = client.get(format!("{}healthz", stand.url()));
        let response = request.send().await.expect("a reply");
        assert_eq!(response.version(), version);
        assert_eq!(response.status().as_u16(), 200);
    }
}

#[tokio::test]
async fn a_center_that_stops_finishes_what_is_in_work() {
    let plan = Plan {
        delay: Duration::from_millis(400),
        ..Plan::default()
    };
    let stand = plan.start(left).await;
    let (address, client) = (stand.address, stand.client());
    let in_work = tokio::spawn(async move { client.send(&as_formal(), &leave()).await });
    timeout(PATIENCE, stand.asked()).await.expect("a call");
    let drained = timeout(PATIENCE, stand.stop())
        .await
        .expect("an end in time");
    assert_eq!(drained, Drained { cut: 0 });
    let reply = in_work.await.expect("no panic");
    assert_eq!(reply, Ok(DeviceReply::Left(Left {})));
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens");
}

#[tokio::test]
async fn a_center_that_stops_does_not_wait_for_ever() {
    let plan = Plan {
        bounds: Bounds {
            stop: Duration::from_millis(200),
            ..Bounds::default()
        },
        delay: Duration::from_secs(600),
        ..Plan::plain()
    };
    let stand = plan.start(left).await;
    let client = stand.client();
    let in_work = tokio::spawn(async move { client.send(&as_formal(), &leave()).await });
    timeout(PATIENCE, stand.asked()).await.expect("a call");
    let drained = timeout(PATIENCE, stand.stop())
        .await
        .expect("an end in time");
    assert_eq!(drained, Drained { cut: 1 });
    assert!(in_work.await.expect("no panic").is_err());
}
