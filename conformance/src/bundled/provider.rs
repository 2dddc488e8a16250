//! The bundled provider on loopback: the reference library with TLS and SQLite, at a URL of its
//! own, with a movable clock.
//!
//! Nothing stands in for anything but time and randomness: it dials the kit and is dialled by it as
//! the program would. Its port stays the same over every start.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use restante_center::Setup;
use restante_center::provider::{Link, ProviderSetup, Serving};
use restante_core::Timestamp;
use restante_core::id::ServiceId;
use restante_core::provider::Provider;
use restante_core::wire::ServiceUrl;
use restante_crypto::RingCrypto;
use restante_http::server::{Line, Tls};
use restante_store::sqlite::Options;
use restante_store::{Clock as _, Driver, SqliteStore};
use tempfile::TempDir;
use tokio::net::TcpSocket;

use crate::profile::Limits;

use super::PROVIDED;
use super::inside::{START, provider_keys};
use super::loopback::bounds;
use super::pace::MovedPace;
use super::post::Post;
use super::world::{DrawnEntropy, MovedClock};

/// A provider's server on a port of this machine.
pub struct LoopbackProvider {
    post: Post,
    tls: Tls,
    seed: u64,
    clock: Arc<MovedClock>,
    entropy: Arc<DrawnEntropy>,
    pace: MovedPace,
    /// Keeps the port for this provider while it is switched off.
    _port: TcpSocket,
    /// Its store and what carries its messages, since it was started.
    standing: Option<Standing>,
    running: Option<Serving>,
}

/// What outlasts a power cut.
struct Standing {
    folder: TempDir,
    link: Arc<dyn Link>,
}

impl LoopbackProvider {
    /// A provider that is switched off.
    ///
    /// # Errors
    /// A sentence, if the machine yields no port or no certificate.
    pub fn new(seed: u64) -> Result<Self, String> {
        let (mut post, tls) = Post::named(IpAddr::V4(Ipv4Addr::LOCALHOST), HOST)?;
        let port = held(post.address).map_err(|why| format!("no port: {why}"))?;
        post.address = port.local_addr().map_err(|why| why.to_string())?;
        Ok(Self {
            post,
            tls,
            seed,
            clock: Arc::new(MovedClock::new(START)),
            entropy: Arc::new(DrawnEntropy::new(seed, "loopback provider")),
            pace: MovedPace::default(),
            _port: port,
            standing: None,
            running: None,
        })
    }

    /// Where devices register for its service.
    #[must_use]
    pub fn url(&self) -> String {
        format!(
            "https://{HOST}:{}/start?of={PROVIDED}",
            self.post.address.port()
        )
    }

    /// Its certificate, which signs itself, as PEM.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.post.pem
    }

    /// What time it has.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Starts it as new: with an empty store, and a center that this link leads to.
    ///
    /// # Errors
    /// A sentence, if it cannot start.
    pub async fn start(&mut self, link: Arc<dyn Link>) -> Result<(), String> {
        self.switch_off().await;
        let folder = tempfile::tempdir().map_err(|why| format!("no folder for a store: {why}"))?;
        self.standing = Some(Standing { folder, link });
        self.switch_on().await
    }

    /// The store stays, the rest is gone.
    ///
    /// # Errors
    /// A sentence, if it cannot start again.
    pub async fn restart(&mut self) -> Result<(), String> {
        self.switch_off().await;
        self.switch_on().await
    }

    /// Switches it off.
    pub async fn switch_off(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    async fn switch_on(&mut self) -> Result<(), String> {
        let standing = self.standing.as_ref().ok_or("it was not started")?;
        let path = standing.folder.path().join("provider.sqlite");
        let store = SqliteStore::open(&path, NAME, Options::default());
        let store = store.map_err(|why| why.to_string())?;
        let service = PROVIDED.parse::<ServiceId>();
        let service = service.map_err(|why| why.to_string())?;
        let url = ServiceUrl::new(self.url()).map_err(|why| why.to_string())?;
        let services = [(service, url)];
        let keys = provider_keys(self.seed);
        let provider = Provider::new(RingCrypto, keys, services.clone().into());
        let driver = Driver::new(provider, store)
            .clock(Arc::clone(&self.clock))
            .entropy(Arc::clone(&self.entropy));
        let setup = Setup::new(driver)
            .listen(self.post.address, Line::Tls(self.tls.clone()))
            .bounds(bounds(Limits::BUNDLED))
            .ticks(None);
        let setup = ProviderSetup::new(setup, services.into(), Arc::clone(&standing.link))
            .every(EVERY)
            .pace(Arc::new(self.pace.clone()));
        let running = setup.start().await.map_err(|why| why.to_string())?;
        self.running = Some(running);
        Ok(())
    }

    /// Whether it speaks with its center, or is about to.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.running.is_some() && self.pace.is_busy()
    }

    /// Moves its clock by at most so many seconds, no further than to its next round, and not at
    /// all while one is under way. How many have passed.
    ///
    /// # Errors
    /// A sentence, if it cannot judge the time.
    pub async fn advance(&self, seconds: u64) -> Result<u64, String> {
        let millis = seconds.saturating_mul(1_000);
        let Some(running) = &self.running else {
            self.move_clock(millis);
            return Ok(seconds);
        };
        let millis = self.pace.until_next(millis);
        if millis > 0 {
            self.move_clock(millis);
            running.tick().await.map_err(|why| why.to_string())?;
            self.pace.move_by(millis);
        }
        Ok(millis / 1_000)
    }

    fn move_clock(&self, millis: u64) {
        self.clock
            .move_by(i64::try_from(millis).unwrap_or(i64::MAX));
    }
}

/// A port of the system's choice that nobody else is given, and on which a listener can be bound.
fn held(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// The name by which devices on this machine reach it: they go to no address.
const HOST: &str = "localhost";
/// The provider's name in its store.
const NAME: &str = "conformance-kit";
/// How often it asks its center, as the program does unless it is told otherwise.
const EVERY: Duration = Duration::from_secs(10);
