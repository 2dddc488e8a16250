//! A line over real sockets: HTTP or HTTPS to a target anywhere.
//!
//! On loopback each case comes from an address of its own (127.x.y.z), so that wrong codes in one
//! case do not throttle another. Redirections are not followed and no proxy of the environment is
//! used: what the target says is what the case sees.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method, Url, Version};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::inside::BODY_BYTES;
use super::{Line, LineError, Pending, Pieces, Request, Response, http1};

/// Which certificates a target may show.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Those that the system trusts.
    System,
    /// Those that these authorities signed.
    Authorities(Vec<CertificateDer<'static>>),
}

/// Certificates that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read certificates from {path}: {why}", path = path.display())]
pub struct TrustError {
    path: PathBuf,
    why: String,
}

impl Trust {
    /// The authorities in a PEM file.
    ///
    /// # Errors
    /// [`TrustError`] if the file cannot be read or holds none.
    pub fn from_pem(path: &Path) -> Result<Self, TrustError> {
        let wrong = |why: String| TrustError {
            path: path.to_owned(),
            why,
        };
        let pem = std::fs::read(path).map_err(|why| wrong(why.to_string()))?;
        Self::in_pem(&pem).map_err(wrong)
    }

    /// The authorities in this PEM text.
    ///
    /// # Errors
    /// A sentence, if it cannot be read or holds none.
    pub fn in_pem(pem: &[u8]) -> Result<Self, String> {
        let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let found = found.map_err(|why| why.to_string())?;
        match found.is_empty() {
            true => Err("it holds no certificate".to_owned()),
            false => Ok(Self::Authorities(found)),
        }
    }
}

/// How connections are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Habit {
    /// As the two sides agree, by whatever version, and again where possible.
    #[default]
    Agreed,
    /// By HTTP/1.1, over and over.
    Kept,
    /// By HTTP/1.1, one for each request.
    OneEach,
    /// By HTTP/2.
    Http2,
}

/// Carries requests to a base address.
#[derive(Debug)]
pub struct SocketLine {
    base: Url,
    trust: Trust,
    patience: Duration,
    habit: Habit,
    clients: Mutex<HashMap<Option<IpAddr>, Client>>,
}

impl SocketLine {
    /// A line to `base`, such as `https://center.example:8443`.
    ///
    /// # Errors
    /// [`LineError::Unreachable`] if this is no address of a center.
    pub fn new(base: &str, trust: Trust, patience: Duration) -> Result<Self, LineError> {
        let unreachable = |why: String| LineError::Unreachable {
            target: base.to_owned(),
            why,
        };
        // Whoever came first has installed the same provider.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let url = Url::parse(base).map_err(|why| unreachable(why.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(unreachable(
                "a target is http://host or https://host".to_owned(),
            ));
        }
        Ok(Self {
            base: url,
            trust,
            patience,
            habit: Habit::Agreed,
            clients: Mutex::default(),
        })
    }

    /// The same line with another habit.
    #[must_use]
    pub fn using(mut self, habit: Habit) -> Self {
        self.habit = habit;
        self
    }

    /// Asks whether anything answers at all.
    ///
    /// # Errors
    /// [`LineError`] if nothing does.
    pub async fn knock(&self) -> Result<(), LineError> {
        let request = Request {
            method: "GET".into(),
            path: "/healthz".into(),
            ..Request::default()
        };
        self.send(&request, None).await.map(|_| ())
    }

    fn is_loopback(&self) -> bool {
        match self.base.host_str() {
            Some("localhost") => true,
            Some(host) => host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback()),
            None => false,
        }
    }

    /// The client that comes from this address; the connections of one case are reused.
    fn client(&self, source: Option<IpAddr>) -> Result<Client, LineError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&source) {
            return Ok(client.clone());
        }
        if clients.len() >= CLIENTS {
            clients.clear();
        }
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(self.patience)
            .local_address(source);
        builder = match self.habit {
            Habit::Agreed => builder,
            Habit::Kept => builder.http1_only(),
            Habit::OneEach => builder.http1_only().pool_max_idle_per_host(0),
            Habit::Http2 => builder.http2_prior_knowledge(),
        };
        if let Trust::Authorities(found) = &self.trust {
            let certificates = found.iter().map(|der| Certificate::from_der(der));
            let certificates: Vec<Certificate> = certificates
                .collect::<Result<_, _>>()
                .map_err(|why| self.unreachable(&why))?;
            builder = builder.tls_certs_only(certificates);
        }
        let client = builder.build().map_err(|why| self.unreachable(&why))?;
        clients.insert(source, client.clone());
        Ok(client)
    }

    async fn send(&self, request: &Request, source: Option<IpAddr>) -> Result<Response, LineError> {
        let source = source.filter(|_| self.is_loopback());
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| LineError::Unable("carry a request with such a method"))?;
        let url = self.base.join(&request.path);
        let url = url.map_err(|_| LineError::Unable("carry a request with such a path"))?;
        let mut builder = self.client(source)?.request(method, url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let response = builder.send().await.map_err(|why| self.error(&why))?;
        if self.habit == Habit::Http2 && response.version() != Version::HTTP_2 {
            return Err(LineError::Unable("speak HTTP/2"));
        }
        let status = response.status().as_u16();
        let headers = response.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        let headers = headers.collect();
        let body = response.bytes().await.map_err(|why| self.error(&why))?;
        Ok(Response {
            status,
            headers,
            body: body.iter().copied().take(BODY_BYTES).collect(),
        })
    }

    fn error(&self, why: &reqwest::Error) -> LineError {
        if why.is_timeout() && !why.is_connect() {
            LineError::Late(self.patience.as_secs())
        } else if why.is_connect() {
            self.unreachable(why)
        } else {
            LineError::Broken(innermost(why))
        }
    }

    fn unreachable(&self, why: &reqwest::Error) -> LineError {
        LineError::Unreachable {
            target: self.base.to_string(),
            why: innermost(why),
        }
    }

    async fn write_pieces(&self, pieces: &Pieces) -> Result<Vec<u8>, LineError> {
        if pieces.plain && self.base.scheme() == "http" {
            return Err(LineError::Unable(DECLARED_PLAIN));
        }
        let host = self
            .base
            .host_str()
            .unwrap_or_default()
            .trim_matches(['[', ']']);
        let stream = self.connect(host, pieces.source).await.map_err(|why| {
            let target = self.base.to_string();
            let why = why.to_string();
            LineError::Unreachable { target, why }
        })?;
        if pieces.plain || self.base.scheme() == "http" {
            return exchange(stream, pieces).await;
        }
        let Trust::Authorities(found) = &self.trust else {
            return Err(LineError::Unable("write bytes over TLS without --ca"));
        };
        let broken = |why: String| LineError::Broken(why);
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(found.iter().cloned());
        let mut config = rustls::ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = ServerName::try_from(host.to_owned()).map_err(|why| broken(why.to_string()))?;
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let stream = connector
            .connect(name, stream)
            .await
            .map_err(|why| broken(why.to_string()))?;
        exchange(stream, pieces).await
    }

    /// A connection of its own, from this address where the target is on loopback.
    async fn connect(&self, host: &str, source: Option<IpAddr>) -> std::io::Result<TcpStream> {
        let port = self.base.port_or_known_default().unwrap_or(443);
        let stream = match source.filter(|_| self.has_sources()) {
            None => TcpStream::connect((host, port)).await?,
            Some(address) => {
                let peers = tokio::net::lookup_host((host, port)).await?;
                let peer = peers.into_iter().find(SocketAddr::is_ipv4);
                let socket = TcpSocket::new_v4()?;
                socket.bind(SocketAddr::new(address, 0))?;
                let nobody = || std::io::Error::other("it has no address");
                socket.connect(peer.ok_or_else(nobody)?).await?
            }
        };
        // Each piece is to go out by itself.
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

impl Line for SocketLine {
    fn carry<'a>(
        &'a self,
        request: &'a Request,
        source: Option<IpAddr>,
    ) -> Pending<'a, Result<Response, LineError>> {
        Box::pin(self.send(request, source))
    }

    fn write<'a>(&'a self, pieces: &'a Pieces) -> Pending<'a, Result<Vec<u8>, LineError>> {
        Box::pin(self.write_pieces(pieces))
    }

    fn has_sources(&self) -> bool {
        self.is_loopback() && cfg!(target_os = "linux")
    }

    fn has_sockets(&self) -> bool {
        true
    }

    fn hang_up(&self) {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.clear();
    }

    fn name(&self) -> String {
        format!("http {}", self.base)
    }
}

/// Writes the pieces and reads until the peer closes, has answered, or time is up.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    pieces: &Pieces,
) -> Result<Vec<u8>, LineError> {
    let mut heard = Vec::new();
    for (at, piece) in pieces.write.iter().enumerate() {
        if at > 0 && !pieces.pause.is_zero() {
            tokio::time::sleep(pieces.pause).await;
        }
        // A peer that has closed already may have said why: what it said is read below.
        if stream.write_all(piece).await.is_err() || stream.flush().await.is_err() {
            break;
        }
    }
    let deadline = tokio::time::Instant::now() + pieces.within;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let left = deadline.saturating_duration_since(tokio::time::Instant::now());
        match timeout(left, stream.read(&mut buffer)).await {
            Err(_) if heard.is_empty() => return Err(LineError::Late(pieces.within.as_secs())),
            Err(_) | Ok(Ok(0) | Err(_)) => return Ok(heard),
            Ok(Ok(count)) => heard.extend_from_slice(buffer.get(..count).unwrap_or_default()),
        }
        if heard.len() > BODY_BYTES || http1::count(&heard) >= pieces.responses {
            return Ok(heard);
        }
    }
}

/// The cause at the bottom, which says what really happened.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Clients that are kept for reuse; each holds open connections.
const CLIENTS: usize = 16;
/// Why a case about plain HTTP cannot be tried.
const DECLARED_PLAIN: &str = "speak without TLS to a target that was declared without it";
