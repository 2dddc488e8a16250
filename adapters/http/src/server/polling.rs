//! A device's one path on its LAN: `/doPolling`, where it is asked to poll.
//!
//! Every request for it is answered with 204 and nothing else, and what comes of it begins only
//! when that answer is on its way, so that nobody learns anything by asking. TLS and plain HTTP
//! share the port: a person's browser follows a link with `https`, whatever the device's
//! certificate says, and a small device may call without. A link holds no secret but its tag, which
//! is used up. Serves spec chapter POL.

use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use restante_core::wire::PollRequest;
use restante_core::wire::poll_request::DO_POLLING;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::guests::Guests;
use super::listen::{ListenError, next};
use super::tls::Tls;

/// A socket for poll requests that is not served yet.
#[derive(Debug)]
pub struct PollingListener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Tls,
}

impl PollingListener {
    /// Listens on `address`; port 0 lets the system choose.
    ///
    /// # Errors
    /// [`ListenError::Bind`] where the address cannot be had.
    pub async fn bind(address: SocketAddr, tls: &Tls) -> Result<Self, ListenError> {
        let failed = |why| ListenError::Bind { address, why };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let tls = tls.for_http1();
        Ok(Self {
            socket,
            address,
            tls,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` is ready, and hands each poll request to `heard` once it is answered.
    pub async fn serve<F>(self, heard: F, stop: impl Future<Output = ()>)
    where
        F: Fn(PollRequest) + Send + Sync + 'static,
    {
        let heard = move |_, request| heard(request);
        self.answer(Guests::new(CONNECTIONS, PER_SOURCE), heard, stop)
            .await;
    }

    /// The same for many devices at addresses of one machine: `heard` is told as well at which of
    /// them it was asked.
    pub async fn serve_many<F>(self, heard: F, stop: impl Future<Output = ()>)
    where
        F: Fn(IpAddr, PollRequest) + Send + Sync + 'static,
    {
        self.answer(Guests::new(OF_MANY, OF_MANY), heard, stop)
            .await;
    }

    async fn answer<F>(self, guests: Guests, heard: F, stop: impl Future<Output = ()>)
    where
        F: Fn(IpAddr, PollRequest) + Send + Sync + 'static,
    {
        let heard = Arc::new(heard);
        let acceptor = self.tls.acceptor();
        let mut tasks = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = stop.as_mut() => return,
                (seat, stream, peer) = next(&self.socket, &guests) => {
                    let Some(guest) = guests.admit(seat, peer.ip(), false) else {
                        continue;
                    };
                    let (heard, acceptor) = (Arc::clone(&heard), acceptor.clone());
                    let at = stream.local_addr().unwrap_or(self.address).ip();
                    tasks.spawn(async move {
                        let heard = |request| heard(at, request);
                        let answered = answered(stream, acceptor, &heard);
                        if timeout(CONNECTION, answered).await.is_err() {
                            tracing::debug!(%peer, "a connection for poll requests was cut");
                        }
                        drop(guest);
                    });
                }
                Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            }
        }
    }
}

/// Answers one connection, TLS or not, to its end.
async fn answered(stream: TcpStream, tls: TlsAcceptor, heard: &(impl Fn(PollRequest) + Sync)) {
    let mut first = [0];
    // A peer that says nothing, or no TLS after all, is asked nothing more.
    if stream.peek(&mut first).await.is_err() {
        return;
    }
    if first != [TLS_HANDSHAKE] {
        return speak(stream, heard).await;
    }
    if let Ok(stream) = tls.accept(stream).await {
        speak(stream, heard).await;
    }
}

/// Answers one request, hands it on, and ends the connection: whoever sees the end knows that the
/// request was heard.
// spec: POL-051
async fn speak<L>(line: L, heard: &(impl Fn(PollRequest) + Sync))
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    let asked = Mutex::new(None);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (status, request) = judged(&request);
        *asked.lock().unwrap_or_else(PoisonError::into_inner) = request;
        let mut response = hyper::Response::new(Body::empty());
        *response.status_mut() = status;
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .header_read_timeout(HEADER)
        .max_headers(HEADERS)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(line), service)
        .without_shutdown();
    // Whoever hangs up early has asked all the same.
    let line = connection.await.ok().map(|parts| parts.io.into_inner());
    let asked = asked.into_inner().unwrap_or_else(PoisonError::into_inner);
    asked.into_iter().for_each(heard);
    if let Some(mut line) = line {
        // That the peer is gone is as good an end.
        let _gone = line.shutdown().await;
    }
}

/// The answer, which depends on the path alone, and what is asked for.
// spec: POL-050, POL-053
fn judged(request: &hyper::Request<Incoming>) -> (StatusCode, Option<PollRequest>) {
    let path = request.uri().path();
    if path.strip_suffix('/').unwrap_or(path) != DO_POLLING {
        return (StatusCode::NOT_FOUND, None);
    }
    let target = request.uri().path_and_query();
    let asked = target
        .filter(|_| request.method() == Method::GET)
        .and_then(|target| PollRequest::read(target.as_str()));
    (StatusCode::NO_CONTENT, asked)
}

/// The first byte of a TLS connection.
const TLS_HANDSHAKE: u8 = 0x16;
/// Connections at once: a device hears one now and then.
const CONNECTIONS: usize = 16;
/// Connections at once from one source.
const PER_SOURCE: usize = 4;
/// Connections at once for many devices, which all call from one machine.
const OF_MANY: usize = 1_024;
/// For the head of a request, which is one link.
const HEADER: Duration = Duration::from_secs(5);
/// For a connection from its first byte to its last.
const CONNECTION: Duration = Duration::from_secs(10);
/// Header fields of one request.
const HEADERS: usize = 64;
/// Bytes of one request's header: a browser's, with the longest link.
const HEADER_BYTES: usize = 16 * 1024;
