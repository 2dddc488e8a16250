//! A proxy before the center's port, with a defect that no center of ours can be configured to.
//!
//! It shows the center's own certificate and reaches the center over TLS like anybody else, from
//! the address that the peer came from, so that the center sees the peers that it would see
//! without it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::bundled::Post;

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddness {
    /// It takes requests without TLS beside those with it.
    PlainBesideTls,
    /// It gives each piece of a request's head the time that the whole head has.
    EachPieceHasItsTime,
}

/// A proxy that is running; it ends when it is dropped.
#[derive(Debug)]
pub struct Front {
    url: String,
    task: JoinHandle<()>,
}

impl Front {
    /// Stands before the center at this post, whose peers have `patience` for a head.
    ///
    /// # Errors
    /// A sentence, if no port or no TLS can be had.
    pub async fn before(post: &Post, oddness: Oddness, patience: Duration) -> Result<Self, String> {
        let said = |why: io::Error| format!("the proxy cannot listen: {why}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.await.map_err(said)?;
        let address = listener.local_addr().map_err(said)?;
        let way = Arc::new(Way {
            center: post.address,
            connector: connector(post).map_err(|why| why.to_string())?,
            acceptor: acceptor(post).map_err(|why| why.to_string())?,
            oddness,
            patience,
        });
        Ok(Self {
            url: format!("https://{address}"),
            task: tokio::spawn(accept(listener, way)),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The way of a connection through the proxy.
struct Way {
    center: SocketAddr,
    connector: TlsConnector,
    acceptor: TlsAcceptor,
    oddness: Oddness,
    patience: Duration,
}

async fn accept(listener: TcpListener, way: Arc<Way>) {
    // A connection that fails, or a port that does, shows in the case that wanted it.
    while let Ok((stream, peer)) = listener.accept().await {
        let way = Arc::clone(&way);
        tokio::spawn(async move {
            let _ended = way.serve(stream, peer).await;
        });
    }
}

impl Way {
    async fn serve(&self, mut peer: TcpStream, from: SocketAddr) -> io::Result<()> {
        peer.set_nodelay(true)?;
        match self.oddness {
            Oddness::PlainBesideTls => {
                let mut first = [0];
                timeout(self.patience, peer.peek(&mut first)).await??;
                if first == [TLS_HANDSHAKE] {
                    let mut center = self.connect(from).await?;
                    return splice(&mut peer, &mut center).await;
                }
                let mut center = self.connect_tls(from).await?;
                splice(&mut peer, &mut center).await
            }
            Oddness::EachPieceHasItsTime => {
                let mut peer = timeout(self.patience, self.acceptor.accept(peer)).await??;
                let head = self.head(&mut peer).await?;
                let mut center = self.connect_tls(from).await?;
                center.write_all(&head).await?;
                center.flush().await?;
                splice(&mut peer, &mut center).await
            }
        }
    }

    /// The head of the first request, and what has come with it.
    async fn head(&self, peer: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        let mut piece = vec![0; 4_096];
        while !head.windows(4).any(|window| window == b"\r\n\r\n") {
            let count = timeout(self.patience, peer.read(&mut piece)).await??;
            if count == 0 || head.len() > HEAD_BYTES {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            head.extend_from_slice(piece.get(..count).unwrap_or_default());
        }
        Ok(head)
    }

    async fn connect(&self, from: SocketAddr) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(from.ip(), 0))?;
        let stream = socket.connect(self.center).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn connect_tls(
        &self,
        from: SocketAddr,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Unpin> {
        let name = ServerName::from(self.center.ip());
        self.connector
            .connect(name, self.connect(from).await?)
            .await
    }
}

/// Carries both ways until both have ended.
async fn splice<A, B>(peer: &mut A, center: &mut B) -> io::Result<()>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    copy_bidirectional(peer, center).await.map(|_| ())
}

fn connector(post: &Post) -> Result<TlsConnector, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(post.certificate.clone())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![HTTP_1_1.to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn acceptor(post: &Post) -> Result<TlsAcceptor, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![post.certificate.clone()], post.key.clone_key())?;
    config.alpn_protocols = vec![HTTP_1_1.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// What the proxy speaks on both sides.
const HTTP_1_1: &[u8] = b"http/1.1";
/// The first byte of a TLS connection (RFC 8446, 5.1).
const TLS_HANDSHAKE: u8 = 22;
/// More than the head of any request of the kit.
const HEAD_BYTES: usize = 65_536;
