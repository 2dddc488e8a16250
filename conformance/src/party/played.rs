//! The kit as the children of a LAN: a small plain HTTP listener for each, on addresses of this
//! machine, each byte of which is kept.
//!
//! A child answers `self` and `carry-out` as its case has it, as late as it has it; one that is
//! silent takes the connection and ends it. What reached a child stays here, so that a case sees
//! what a gateway says on its LAN.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use restante_core::id::LanAddress;
use restante_core::wire::json as wire;
use restante_core::wire::site::CarryOut;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::children::Child;

/// Children that listen; they are gone when this is dropped.
#[derive(Debug)]
pub struct Played {
    at: Vec<At>,
    tasks: Vec<JoinHandle<()>>,
}

/// Where a child listens, what it says to a general call, and what has reached it.
#[derive(Debug)]
struct At {
    address: LanAddress,
    announced: Value,
    heard: Heard,
}

/// The bytes that have reached a child, as many as are kept.
type Heard = Arc<Mutex<Vec<u8>>>;

impl Played {
    /// Each of these on an address of its own, where the system has more than one for itself.
    ///
    /// # Errors
    /// A sentence, where there are too many or no port can be had.
    pub async fn listen(children: Vec<Child>) -> Result<Self, String> {
        if children.len() > CHILDREN {
            return Err(format!("no more than {CHILDREN} children are played"));
        }
        let mut played = Self {
            at: Vec::new(),
            tasks: Vec::new(),
        };
        for (number, child) in (FIRST..).zip(children) {
            let listener = bound(number).await;
            let said = |why: io::Error| format!("a child cannot listen: {why}");
            let listener = listener.map_err(said)?;
            let socket = listener.local_addr().map_err(said)?;
            let address = LanAddress::new(socket.to_string()).map_err(|why| why.to_string())?;
            let announced = json!({ "address": address, "record": child.record() });
            let heard = Heard::default();
            let task = tokio::spawn(accept(listener, Arc::new(child), Arc::clone(&heard)));
            played.tasks.push(task);
            played.at.push(At {
                address,
                announced,
                heard,
            });
        }
        Ok(played)
    }

    /// What a hook announces to its gateway: where each is, and the record of its answer.
    #[must_use]
    pub fn announced(&self) -> Value {
        let announced = self.at.iter().map(|at| at.announced.clone());
        Value::Array(announced.collect())
    }

    /// The children's addresses, in the order of the children.
    pub fn addresses(&self) -> impl Iterator<Item = &LanAddress> {
        self.at.iter().map(|at| &at.address)
    }

    /// A child that one of these codes has reached, however it was written.
    #[must_use]
    pub fn reached_by(&self, codes: &[String]) -> Option<&LanAddress> {
        let codes: Vec<String> = codes.iter().map(|code| plain(code)).collect();
        let knows = |at: &&At| {
            let heard = at.heard.lock().unwrap_or_else(PoisonError::into_inner);
            let heard = plain(&String::from_utf8_lossy(&heard));
            codes.iter().any(|code| heard.contains(code))
        };
        self.at.iter().find(knows).map(|at| &at.address)
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// A code without what people write between its symbols, and in one case.
fn plain(text: &str) -> String {
    let symbols = text.chars().filter(|it| !matches!(it, '-' | ' '));
    symbols.map(|it| it.to_ascii_lowercase()).collect()
}

/// A port on 127.0.0.`number`, or on 127.0.0.1 where the system has only that for itself.
async fn bound(number: u8) -> io::Result<TcpListener> {
    let own = IpAddr::from(Ipv4Addr::new(127, 0, 0, number));
    match TcpListener::bind(SocketAddr::new(own, 0)).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await,
    }
}

async fn accept(listener: TcpListener, child: Arc<Child>, heard: Heard) {
    // A connection that fails is the gateway's own business.
    while let Ok((stream, _)) = listener.accept().await {
        let (child, heard) = (Arc::clone(&child), Arc::clone(&heard));
        tokio::spawn(async move {
            let service = service_fn(|request| answered(request, Arc::clone(&child)));
            let stream = TokioIo::new(Tapped { stream, heard });
            let connection = hyper::server::conn::http1::Builder::new();
            let _ended = connection.serve_connection(stream, service).await;
        });
    }
}

async fn answered(
    request: hyper::Request<Incoming>,
    child: Arc<Child>,
) -> Result<hyper::Response<Full<Bytes>>, Silent> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_BYTES).collect().await;
    let body = body.map_err(|_| Silent)?.to_bytes();
    let (said, after) = match (parts.method.as_str(), parts.uri.path()) {
        ("GET", "/restante/v1/self") => (child.says().ok_or(Silent)?, child.self_after),
        ("POST", "/restante/v1/carry-out") => {
            let order: CarryOut = wire::parse(&body).map_err(|_| Silent)?;
            let done = child.carried_out(order).ok_or(Silent)?;
            (json!(done), child.carry_out_after)
        }
        _ => return response(404, &json!({})),
    };
    tokio::time::sleep(Duration::from_millis(after)).await;
    response(200, &said)
}

fn response(status: u16, body: &Value) -> Result<hyper::Response<Full<Bytes>>, Silent> {
    hyper::Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body.to_string())))
        .map_err(|_| Silent)
}

/// The child says nothing: the connection ends.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the child says nothing")]
struct Silent;

/// A connection whose incoming bytes are kept as well.
struct Tapped {
    stream: TcpStream,
    heard: Heard,
}

impl AsyncRead for Tapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let room = HEARD_BYTES.saturating_sub(heard.len());
        let new = buffer.filled().get(before..).unwrap_or_default();
        heard.extend(new.iter().take(room));
        drop(heard);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The last number of the first child's address; the kit's center is at 127.0.0.1.
const FIRST: u8 = 10;
/// More children than a case on a LAN has; each takes a number from [`FIRST`] on.
const CHILDREN: usize = 64;
/// More than any message; what is larger is no order.
const BODY_BYTES: usize = 1024 * 1024;
/// More than a gateway says to a child in a case.
const HEARD_BYTES: usize = 4 * 1024 * 1024;
