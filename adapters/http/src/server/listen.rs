//! The listener: an accept loop that nothing slow can stand in, and a stop that has an end.
//!
//! Accepting only accepts: the handshake happens in the connection's own task. A place is taken
//! before a connection is accepted, so that beyond the bound peers wait in the system's queue; a
//! source that has too many connections already is hung up on at once. Plain HTTP is served on
//! loopback, or to declared proxies and to nobody else.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connection::{self, Shared};
use super::guests::{Guests, Seat};
use super::notices::Notices;
use super::source::Proxies;
use super::tls::Tls;

/// What runs below HTTP.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Line {
    /// Nothing: on loopback, or behind declared proxies.
    Plain,
    /// TLS.
    Tls(Tls),
    /// Nothing, for whoever comes: only sealed envelopes are to travel on it, so that the router
    /// has to be [`sealed_router`](super::sealed_router).
    Sealed,
}

/// How long a peer may take, and how many there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// For the TLS handshake.
    pub handshake: Duration,
    /// For the header of a request.
    pub header: Duration,
    /// For the body of a request. The router is what keeps it.
    pub body: Duration,
    /// Between two requests, before the first, and for fetching the last reply.
    pub idle: Duration,
    /// For an idle connection to end in good order before it is cut.
    pub farewell: Duration,
    /// For requests in work, once the listener stops.
    pub stop: Duration,
    /// Connections in all.
    pub connections: usize,
    /// Connections from one IPv4 address or one IPv6 /64.
    pub per_source: usize,
    /// Requests at once on one HTTP/2 connection.
    pub streams: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            header: Duration::from_secs(10),
            // 64 KiB over a line of 19,200 bit/s.
            body: Duration::from_secs(30),
            idle: Duration::from_secs(60),
            farewell: Duration::from_secs(5),
            stop: Duration::from_secs(20),
            connections: 10_000,
            // A whole site stands behind one address, a dealer's programs behind another.
            per_source: 256,
            // Each may hold a message, and a device has one request outstanding.
            streams: 8,
        }
    }
}

/// A socket that listens and is not served yet.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    line: Line,
    proxies: Proxies,
    bounds: Bounds,
}

/// Why a listener cannot be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Codes and tokens would cross a network in the clear.
    #[error(
        "plain HTTP on {address} would send access codes in the clear; \
         give a certificate and a key, listen on 127.0.0.1, or declare the proxy that adds TLS"
    )]
    PlainBeyondLoopback {
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {why}")]
    Bind {
        /// Where it was to listen.
        address: SocketAddr,
        /// What the system says.
        why: io::Error,
    },
}

/// How a listener's stop went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were cut because they had not ended in time.
    pub cut: usize,
}

impl Listener {
    /// Listens on `address`; port 0 lets the system choose.
    ///
    /// # Errors
    /// [`ListenError`] where the line would be unsafe or the address cannot be had.
    pub async fn bind(
        address: SocketAddr,
        line: Line,
        proxies: Proxies,
        bounds: Bounds,
    ) -> Result<Self, ListenError> {
        // spec: HTTP-015
        let safe = !matches!(line, Line::Plain) || is_loopback(address.ip());
        if !safe && proxies.is_empty() {
            return Err(ListenError::PlainBeyondLoopback { address });
        }
        let failed = |why| ListenError::Bind { address, why };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self {
            socket,
            address,
            line,
            proxies,
            bounds,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves the router until `stop` is ready; then takes no more connections, lets requests in
    /// work finish, and cuts what has not ended within [`Bounds::stop`].
    pub async fn serve(self, router: Router, stop: impl Future<Output = ()>) -> Drained {
        let Self {
            socket,
            line,
            proxies,
            bounds,
            ..
        } = self;
        let (stopping, stopped) = watch::channel(false);
        let guests = Guests::new(bounds.connections, bounds.per_source);
        let notices = Notices::default();
        let shared = Arc::new(Shared {
            line,
            proxies,
            bounds,
            router,
            stop: stopped,
        });
        let mut tasks = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = stop.as_mut() => break,
                (seat, stream, peer) = next(&socket, &guests) => {
                    admit(&mut tasks, &shared, (&guests, &notices), seat, stream, peer);
                }
                Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            }
        }
        drop(socket);
        stopping.send_replace(true);
        drain(tasks, bounds.stop).await
    }
}

/// The next connection, when there is a place for it.
pub(super) async fn next(socket: &TcpListener, guests: &Guests) -> (Seat, TcpStream, SocketAddr) {
    let seat = guests.seat().await;
    loop {
        match socket.accept().await {
            Ok((stream, peer)) => return (seat, stream, peer),
            Err(error) => {
                // Out of descriptors, mostly: trying again at once would only burn the processor.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Gives a connection its own task, or hangs up.
fn admit(
    tasks: &mut JoinSet<()>,
    shared: &Arc<Shared>,
    (guests, notices): (&Guests, &Notices),
    seat: Seat,
    stream: TcpStream,
    peer: SocketAddr,
) {
    let is_proxy = shared.proxies.contains(peer.ip());
    let plain = matches!(shared.line, Line::Plain);
    if plain && !is_proxy && !is_loopback(peer.ip()) {
        if notices.may_tell("plain-http", Some(peer.ip())) {
            tracing::warn!(%peer, "plain HTTP from somebody who is no declared proxy");
        }
        return;
    }
    let Some(guest) = guests.admit(seat, peer.ip(), is_proxy) else {
        if notices.may_tell("too-many-connections", Some(peer.ip())) {
            tracing::warn!(%peer, "too many connections from one source");
        }
        return;
    };
    let shared = Arc::clone(shared);
    tasks.spawn(async move {
        connection::serve(shared, stream, peer).await;
        drop(guest);
    });
}

async fn drain(mut tasks: JoinSet<()>, within: Duration) -> Drained {
    let ended = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(within, ended).await.is_ok() {
        return Drained { cut: 0 };
    }
    let cut = tasks.len();
    tasks.shutdown().await;
    tracing::warn!(cut, "connections were cut because they did not end in time");
    Drained { cut }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// How long accepting rests after it has failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
