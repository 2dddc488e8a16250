//! The kit as a center on real connections: HTTPS, each request held until a case says what becomes
//! of it.
//!
//! Two ports, alike but for their certificates: one is for the address that the party is told, the
//! other for another name. The party trusts both issuers, so that only the name can give the second
//! one away. On the party's own machine a third port is a service's server, and further ones are
//! peers, with TLS and without. One more is the mail server of the party's site.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::case::Binding;
use crate::line::{Ahead, InsideLine, Line, Request, Response};

use super::mail_server::MailServer;
use super::peer::PEERS;

/// A request that has come and whose connection waits.
#[derive(Debug)]
pub struct Held {
    /// The request.
    pub request: Request,
    /// What goes back; nothing ends the connection.
    pub reply: oneshot::Sender<Option<Response>>,
    /// Where it came to.
    pub port: Port,
}

/// The kit's ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// The center's.
    Center,
    /// One whose certificate is for another name.
    OtherName,
    /// That of a service's server.
    Service,
    /// That of the peer with this number, from 0.
    Peer(usize),
    /// That of the mail server of the party's site.
    Mail,
}

/// The kit's two ports.
#[derive(Debug)]
pub struct Listener {
    /// What a person types at the party.
    pub center: String,
    /// The same for the port with a certificate for another name.
    pub other_name: String,
    /// Where a party on this machine registers for services: a name, and not an address.
    pub service: Option<String>,
    /// Where peers of a party on this machine listen.
    pub peers: Vec<String>,
    /// What the party has to trust, as PEM.
    pub certificates: String,
    /// The mail server of the party's site, where the kit is one.
    pub(super) mail: Option<MailServer>,
    /// Whether what comes to the center is sealed.
    pub(super) sealed: bool,
    held: mpsc::Receiver<Held>,
    tasks: Vec<JoinHandle<()>>,
}

/// Why the kit cannot listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenerError {
    /// The address cannot be had.
    #[error("cannot listen on {address}: {why}")]
    Address {
        /// Which address.
        address: SocketAddr,
        /// What the system says.
        why: std::io::Error,
    },
    /// Codes would cross a network in the clear.
    #[error("plain HTTP on {0} would send access codes in the clear; listen on 127.0.0.1")]
    Plain(SocketAddr),
    /// No certificate could be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(String),
}

impl Listener {
    /// Listens on this address, and on a free port beside it.
    ///
    /// # Errors
    /// [`ListenerError`] if the address cannot be had.
    pub async fn bind(address: SocketAddr) -> Result<Self, ListenerError> {
        Self::bound(address, false).await
    }

    /// The same, where what comes to the center is sealed and needs no TLS.
    ///
    /// # Errors
    /// [`ListenerError`] if the address cannot be had.
    pub async fn for_envelopes(address: SocketAddr) -> Result<Self, ListenerError> {
        Self::bound(address, true).await
    }

    async fn bound(address: SocketAddr, sealed: bool) -> Result<Self, ListenerError> {
        let host = address.ip();
        let (right, right_pem) = certificate(&host.to_string())?;
        let (other, other_pem) = certificate(OTHER_NAME)?;
        let (first, port) = bound(address).await?;
        let (second, other_port) = bound(SocketAddr::new(host, 0)).await?;
        let (mail, mail_port) = bound(SocketAddr::new(host, 0)).await?;
        let mail_server = MailServer::new(SocketAddr::new(host, mail_port).to_string());
        let (sender, held) = mpsc::channel(HELD);
        let (scheme, tls) = match sealed {
            true => ("http", None),
            false => ("https", Some(right)),
        };
        let mut tasks = vec![
            tokio::spawn(accept_mails(mail, mail_server.clone(), sender.clone())),
            tokio::spawn(accept(first, tls, sender.clone(), Port::Center)),
            tokio::spawn(accept(second, Some(other), sender.clone(), Port::OtherName)),
        ];
        let (mut service, mut service_pem, mut peers) = (None, String::new(), Vec::new());
        if host.is_loopback() {
            let (tls, pem) = certificate(SERVICE_NAME)?;
            let (third, port) = bound(SocketAddr::new(host, 0)).await?;
            for number in 0..PEERS.len() {
                let (peer, port) = bound(SocketAddr::new(host, 0)).await?;
                let (tls, sender, to) = (Some(tls.clone()), sender.clone(), Port::Peer(number));
                tasks.push(tokio::spawn(accept(peer, tls, sender, to)));
                peers.push(SocketAddr::new(host, port).to_string());
            }
            let to = Port::Service;
            tasks.push(tokio::spawn(accept(third, Some(tls), sender, to)));
            service = Some(format!("https://{SERVICE_NAME}:{port}"));
            service_pem = pem;
        }
        Ok(Self {
            service,
            peers,
            sealed,
            center: url(scheme, host, port),
            other_name: url("https", host, other_port),
            certificates: format!("{right_pem}{other_pem}{service_pem}"),
            mail: Some(mail_server),
            held,
            tasks,
        })
    }

    /// Listens on this loopback address without TLS, and on no other port.
    ///
    /// # Errors
    /// [`ListenerError`] if the address is not of this machine alone or cannot be had.
    pub async fn plain(address: SocketAddr) -> Result<Self, ListenerError> {
        let host = address.ip();
        if !host.is_loopback() {
            return Err(ListenerError::Plain(address));
        }
        let (listener, port) = bound(address).await?;
        let (sender, held) = mpsc::channel(HELD);
        let center = url("http", host, port);
        Ok(Self {
            other_name: center.clone(),
            center,
            service: None,
            peers: Vec::new(),
            certificates: String::new(),
            mail: None,
            sealed: false,
            held,
            tasks: vec![tokio::spawn(accept(listener, None, sender, Port::Center))],
        })
    }

    /// Whether only parties on this machine can dial it.
    pub(super) fn is_on_this_machine(&self) -> bool {
        self.service.is_some()
    }

    /// Tells whoever starts a party where the center is, or the one with a certificate for another
    /// name, and what to trust.
    pub(super) fn introduce(&self, with: &mut Value, other_name: bool) {
        let center = match other_name {
            true => &self.other_name,
            false => &self.center,
        };
        with["center"] = json!(center);
        with["certificates"] = json!(self.certificates);
        if self.sealed {
            with["transport"] = json!(Binding::HttpSealed.word());
        }
    }

    /// The next request, within this time.
    pub async fn next(&mut self, within: Duration) -> Option<Held> {
        tokio::time::timeout(within, self.held.recv()).await.ok()?
    }

    /// A request that has come already.
    pub fn next_now(&mut self) -> Option<Held> {
        self.held.try_recv().ok()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn bound(address: SocketAddr) -> Result<(TcpListener, u16), ListenerError> {
    let failed = |why| ListenerError::Address { address, why };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    Ok((listener, port))
}

fn url(scheme: &str, host: IpAddr, port: u16) -> String {
    format!("{scheme}://{}/", SocketAddr::new(host, port))
}

/// A certificate for this name, and its text for whoever is to trust it.
fn certificate(name: &str) -> Result<(TlsAcceptor, String), ListenerError> {
    let failed = |why: String| ListenerError::Certificate(why);
    let key = KeyPair::generate().map_err(|why| failed(why.to_string()))?;
    let params = CertificateParams::new([name.to_owned()]);
    let mut params = params.map_err(|why| failed(why.to_string()))?;
    // Whoever looks a certificate up by its subject has to find this one among those to be trusted.
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let cert = params.self_signed(&key);
    let cert = cert.map_err(|why| failed(why.to_string()))?;
    let key = PrivateKeyDer::try_from(key.serialize_der());
    let key = key.map_err(|why| failed(why.to_owned()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| failed(why.to_string()))?
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .map_err(|why| failed(why.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), cert.pem()))
}

async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    held: mpsc::Sender<Held>,
    port: Port,
) {
    loop {
        // A connection that fails while it is accepted is the party's own business.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let (tls, held) = (tls.clone(), held.clone());
        tokio::spawn(async move {
            let mut first = [0];
            let plain = matches!(port, Port::Peer(_))
                && stream.peek(&mut first).await.is_ok()
                && first != [TLS_HANDSHAKE];
            match tls.filter(|_| !plain) {
                None => serve(stream, &held, port).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, &held, port).await;
                    }
                }
            }
        });
    }
}

async fn accept_mails(listener: TcpListener, server: MailServer, held: mpsc::Sender<Held>) {
    loop {
        // A connection that fails while it is accepted is the party's own business.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let (server, held) = (server.clone(), held.clone());
        tokio::spawn(async move { server.serve(stream, &held).await });
    }
}

/// Serves one connection until the party or a case ends it.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, held: &mpsc::Sender<Held>, port: Port) {
    let service = service_fn(|request| hold(request, held.clone(), port));
    let connection = hyper::server::conn::http1::Builder::new();
    // That it ended without a response is what a case wanted, or what the party did.
    let _ended = connection
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn hold(
    request: hyper::Request<Incoming>,
    held: mpsc::Sender<Held>,
    port: Port,
) -> Result<hyper::Response<Full<Bytes>>, Lost> {
    let request = read(request).await?;
    let (reply, answer) = oneshot::channel();
    let message = Held {
        request,
        reply,
        port,
    };
    held.send(message).await.map_err(|_| Lost)?;
    let response = answer.await.map_err(|_| Lost)?.ok_or(Lost)?;
    let mut builder = hyper::Response::builder().status(response.status);
    let own = ["content-length", "transfer-encoding", "connection"];
    for (name, value) in &response.headers {
        if !own.contains(&name.as_str()) {
            builder = builder.header(name, value);
        }
    }
    let body = Full::new(Bytes::from(response.body));
    builder.body(body).map_err(|_| Lost)
}

async fn read(request: hyper::Request<Incoming>) -> Result<Request, Lost> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_BYTES).collect().await;
    let body = body.map_err(|_| Lost)?.to_bytes().to_vec();
    let headers = parts.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    Ok(Request {
        method: parts.method.as_str().to_owned(),
        path: parts
            .uri
            .path_and_query()
            .map_or_else(String::new, ToString::to_string),
        headers: headers.collect(),
        body: (!body.is_empty()).then_some(body),
    })
}

/// The reply gets lost: the connection ends.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the reply gets lost")]
struct Lost;

/// The line to the kit's own center where a party comes over real connections.
#[derive(Clone, Debug)]
pub struct Backstage(pub InsideLine);

impl Ahead for Backstage {
    fn behind(&self) -> &dyn Line {
        &self.0
    }

    fn sockets(&self) -> bool {
        true
    }

    fn called(&self) -> String {
        "http, the kit listening".to_owned()
    }
}

/// The first byte of a TLS connection.
const TLS_HANDSHAKE: u8 = 0x16;
/// The name for which the second certificate is.
const OTHER_NAME: &str = "other-center.example";
/// The name of this machine to itself: a service's URL never names an address.
const SERVICE_NAME: &str = "localhost";
/// More requests than a party may have under way.
const HELD: usize = 64;
/// More than any message; what is larger breaks a rule of its own.
const BODY_BYTES: usize = 1024 * 1024;
