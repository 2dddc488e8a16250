//! A server on loopback with a scripted center behind it, with or without TLS.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use restante_core::Seed;
use restante_core::center::{Call, Reason, Refused, Reply};
use restante_core::code::{AccessToken, FormalCode, Presented, ProvisionalCode};
use restante_core::id::{Epoch, RegistrationId, TokenId};
use restante_core::wire::Refusal;
use restante_crypto::RingCrypto;
use restante_http::client::{Client, Trust};
use restante_http::server::{Answer, Bounds, Drained, Line, Listener, Proxies, Tls, router};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What the script says to a call.
pub(crate) type Outcome = Result<Reply, Refusal>;

/// A center that answers by a script and keeps what it was asked.
pub(crate) struct Scripted {
    script: Box<dyn Fn(&Call) -> Outcome + Send + Sync>,
    delay: Duration,
    unready: Option<String>,
    calls: Mutex<Vec<Call>>,
}

impl Answer for Scripted {
    async fn answer(&self, call: Call) -> Result<Reply, Refused> {
        let outcome = (self.script)(&call);
        self.calls.lock().expect("not poisoned").push(call);
        tokio::time::sleep(self.delay).await;
        outcome.map_err(refused)
    }

    async fn unready(&self) -> Option<String> {
        self.unready.clone()
    }
}

/// A server that runs until the stand is dropped or stopped.
pub(crate) struct Stand {
    pub(crate) address: SocketAddr,
    pub(crate) root: String,
    scheme: &'static str,
    center: Arc<Scripted>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<Drained>,
}

/// How to build a stand.
pub(crate) struct Plan {
    pub(crate) tls: bool,
    pub(crate) bounds: Bounds,
    pub(crate) proxies: Proxies,
    pub(crate) delay: Duration,
    pub(crate) unready: Option<String>,
    /// For whom its certificate is.
    pub(crate) names: &'static [&'static str],
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            tls: true,
            bounds: Bounds::default(),
            proxies: Proxies::none(),
            delay: Duration::ZERO,
            unready: None,
            names: &LOOPBACK,
        }
    }
}

impl Plan {
    /// Without TLS, for tests that write bytes by hand.
    pub(crate) fn plain() -> Self {
        Self {
            tls: false,
            ..Self::default()
        }
    }

    /// Starts it with this script.
    pub(crate) async fn start(
        self,
        script: impl Fn(&Call) -> Outcome + Send + Sync + 'static,
    ) -> Stand {
        let center = Arc::new(Scripted {
            script: Box::new(script),
            delay: self.delay,
            unready: self.unready,
            calls: Mutex::default(),
        });
        let (root, tls) = certificates(self.names);
        let (line, scheme) = if self.tls {
            (Line::Tls(tls), "https")
        } else {
            (Line::Plain, "http")
        };
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = Listener::bind(loopback, line, self.proxies, self.bounds)
            .await
            .expect("a listener on loopback");
        let address = listener.local_addr();
        let router = router(Arc::clone(&center), self.bounds.body);
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(listener.serve(router, async move {
            drop(stopped.await);
        }));
        Stand {
            address,
            root,
            scheme,
            center,
            stop: Some(stop),
            served,
        }
    }
}

impl Stand {
    /// The center's address.
    pub(crate) fn url(&self) -> String {
        format!("{}://127.0.0.1:{}/", self.scheme, self.address.port())
    }

    /// A client that trusts it.
    pub(crate) fn client(&self) -> Client {
        let trust = Trust::only(self.root.as_bytes()).expect("a root");
        Client::new(&self.url(), &trust).expect("a client")
    }

    /// What the center has been asked so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.center.calls.lock().expect("not poisoned").clone()
    }

    /// Waits until the center has been asked something.
    pub(crate) async fn asked(&self) {
        while self.calls().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops it.
    pub(crate) fn stop(mut self) -> impl Future<Output = Drained> {
        drop(self.stop.take());
        async { self.served.await.expect("the listener does not panic") }
    }
}

impl Stand {
    /// Sends these bytes on a connection of their own and returns all that comes back.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address)
            .await
            .expect("a connection");
        stream.write_all(bytes).await.expect("to be taken");
        let mut back = Vec::new();
        let read = stream.read_to_end(&mut back);
        let ended = tokio::time::timeout(PATIENCE, read)
            .await
            .expect("an end in time");
        ended.expect("an orderly end");
        String::from_utf8(back).expect("text")
    }
}

/// How long a test waits for what has to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What a server on loopback is called.
pub(crate) const LOOPBACK: [&str; 2] = ["127.0.0.1", "localhost"];

/// A root as PEM text, and a certificate for these names that it has signed.
pub(crate) fn certificates(names: &[&str]) -> (String, Tls) {
    let [root, chain, key] = pem(names);
    let tls = Tls::from_pem(chain.as_bytes(), key.as_bytes());
    (root, tls.expect("a chain and its key"))
}

/// The same as PEM texts: the root, the certificate and its key.
pub(crate) fn pem(names: &[&str]) -> [String; 3] {
    let mut params = CertificateParams::new(Vec::<String>::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root =
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a root");
    let key = KeyPair::generate().expect("a key");
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let leaf = CertificateParams::new(names)
        .and_then(|params| params.signed_by(&key, &root))
        .expect("a certificate");
    [root.pem(), leaf.pem(), key.serialize_pem()]
}

/// A refusal as a center makes it.
fn refused(refusal: Refusal) -> Refused {
    let (word, detail) = (refusal.code.word(), "by the script".into());
    Refused {
        refusal,
        reason: Reason { word, detail },
    }
}

/// A provisional code.
pub(crate) fn provisional() -> ProvisionalCode {
    ProvisionalCode::draw(&RingCrypto, &Seed::new([7; 32]))
}

/// A formal code.
pub(crate) fn formal() -> FormalCode {
    FormalCode::new(
        RegistrationId::from_bytes([1; 16]),
        Epoch::FIRST,
        [0xA5; 32],
    )
}

/// An access token.
pub(crate) fn token() -> AccessToken {
    AccessToken::new(TokenId::from_bytes([2; 16]), [0x5A; 32])
}

/// What a device presents at first.
pub(crate) fn as_provisional() -> Presented {
    Presented::Provisional(provisional())
}

/// What a device presents later.
pub(crate) fn as_formal() -> Presented {
    Presented::Formal(formal())
}
