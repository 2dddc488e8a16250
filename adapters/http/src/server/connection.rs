//! One connection from its first byte to its last, with a time-out for every way to be slow.
//!
//! The TLS handshake, the header of a request, its body (in the router) and the time between two
//! requests are bounded each by its own clock. The last of them watches every version of HTTP
//! alike, and with it whatever a peer can do that is no request: a preface that never ends, a
//! window that never opens, a reply that is never fetched.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tower::ServiceExt;

use super::Peer;
use super::listen::{Bounds, Line};
use super::source::Proxies;
use super::wait::Stopping;

/// What all connections of a listener share.
pub(super) struct Shared {
    pub(super) line: Line,
    pub(super) proxies: Proxies,
    pub(super) bounds: Bounds,
    pub(super) router: Router,
    pub(super) stop: watch::Receiver<bool>,
}

/// Serves one connection until it ends, is too slow, or the listener stops.
pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream, peer: SocketAddr) {
    // Replies are written whole; waiting to fill a packet only delays them.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Line::Tls(tls) = &shared.line else {
        return speak(&shared, stream, peer).await;
    };
    let handshake = timeout(shared.bounds.handshake, tls.acceptor().accept(stream));
    let shaken = tokio::select! {
        shaken = handshake => shaken,
        () = shared.stopped() => return,
    };
    match shaken {
        Ok(Ok(stream)) => speak(&shared, stream, peer).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
    }
}

impl Shared {
    /// Waits until the listener stops.
    async fn stopped(&self) {
        let mut stop = self.stop.clone();
        // An error means that the listener is gone, which is a stop as well.
        drop(stop.wait_for(|stopped| *stopped).await);
    }
}

/// Speaks HTTP over a line that is ready for it.
async fn speak<I>(shared: &Shared, line: I, peer: SocketAddr)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let pulse = Arc::new(Pulse::new());
    let service = service_fn(|mut request: hyper::Request<Incoming>| {
        let address = shared.proxies.source(peer.ip(), request.headers());
        request.extensions_mut().insert(Peer(address));
        request
            .extensions_mut()
            .insert(Stopping(shared.stop.clone()));
        let (router, beat) = (shared.router.clone(), Pulse::begin(&pulse));
        async move {
            let response = router.oneshot(request.map(Body::new)).await;
            drop(beat);
            response
        }
    });
    let builder = builder(&shared.bounds);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(line), service));
    tokio::select! {
        ended = connection.as_mut() => return note(peer, ended),
        () = shared.stopped() => {}
        () = pulse.stopped(shared.bounds.idle) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        ended = connection.as_mut() => note(peer, ended),
        () = pulse.stopped(shared.bounds.farewell) => {
            tracing::debug!(%peer, "connection was idle and has been cut");
        }
    }
}

fn note(peer: SocketAddr, ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = ended {
        tracing::debug!(%peer, error, "connection ended early");
    }
}

/// HTTP/1.1 and HTTP/2 with everything bounded that a peer can make grow.
fn builder(bounds: &Bounds) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // spec: HTTP-019
        .header_read_timeout(bounds.header)
        .max_headers(HEADERS)
        .max_buf_size(HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(bounds.streams)
        .max_header_list_size(HEADER_BYTES as u32)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES * 2)
        .max_send_buf_size(SEND_BYTES)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(RESETS)
        .keep_alive_interval(bounds.idle / 2)
        .keep_alive_timeout(bounds.farewell);
    builder
}

/// Whether requests are in work on a connection, and since when there has been none.
struct Pulse(Mutex<State>);

struct State {
    at_work: usize,
    since: Instant,
}

/// One request in work; ends when dropped.
struct Beat(Arc<Pulse>);

impl Pulse {
    fn new() -> Self {
        let (at_work, since) = (0, Instant::now());
        Self(Mutex::new(State { at_work, since }))
    }

    fn begin(pulse: &Arc<Self>) -> Beat {
        pulse.change(|state| state.at_work += 1);
        Beat(Arc::clone(pulse))
    }

    /// Waits until there has been no request in work for `span`.
    async fn stopped(&self, span: std::time::Duration) {
        let from = Instant::now();
        loop {
            let (at_work, since) = self.change(|state| (state.at_work, state.since));
            let now = Instant::now();
            let due = if at_work > 0 {
                now + span
            } else {
                since.max(from) + span
            };
            if due <= now {
                return;
            }
            sleep_until(due).await;
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        self.0.change(|state| {
            state.at_work -= 1;
            state.since = Instant::now();
        });
    }
}

/// Header fields of one request.
const HEADERS: usize = 64;
/// Bytes of one request's header: many times what a credential and a few addresses of proxies take.
const HEADER_BYTES: usize = 16 * 1024;
/// Bytes of request bodies that a peer may send on one stream before they are read: one message.
const WINDOW_BYTES: u32 = 64 * 1024;
/// Bytes of replies that wait on one stream for a peer to take them.
const SEND_BYTES: usize = 64 * 1024;
/// Streams that a peer may open and reset at once before the connection ends.
const RESETS: usize = 20;
