//! A provider's server about to start, and one that runs: listeners at which devices register, and
//! the loop that dials the center.
//!
//! Nothing here knows what decides, what stores, or what carries messages to the center. The
//! program hands over core's provider on SQLite and a client; the conformance kit hands over the
//! same behind a fault, with a clock that it moves by hand. Serves spec chapter PRV.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use restante_core::center::{Call, Credential, Decide, Message, Source};
use restante_core::id::{CorrelationId, ServiceId};
use restante_core::provider::Provider;
use restante_core::wire::ServiceUrl;
use restante_core::wire::people::{AcceptClock, PeopleRequest};
use restante_crypto::RingCrypto;
use restante_http::server::Drained;
use restante_store::{Driver, DriverError, SqliteStore, Store};
use tokio::sync::Notify;

use crate::config::{EVERY, target};
use crate::running::{Address, Running};
use crate::setup::{Setup, StartError};

use super::around::{Link, OwnTime, Pace};
use super::dial::{Dialler, Dialling};

/// A provider's server that is about to start.
pub struct ProviderSetup<D, S> {
    setup: Setup<D, S>,
    services: BTreeMap<ServiceId, ServiceUrl>,
    link: Arc<dyn Link>,
    pace: Arc<dyn Pace>,
    every: Duration,
}

impl<D: Decide + 'static, S: Store + 'static> ProviderSetup<D, S> {
    /// A server that listens as `setup` says, at which devices register for these services, and
    /// that reaches its center by this link.
    #[must_use]
    pub fn new(
        setup: Setup<D, S>,
        services: BTreeMap<ServiceId, ServiceUrl>,
        link: Arc<dyn Link>,
    ) -> Self {
        Self {
            setup,
            services,
            link,
            pace: Arc::new(OwnTime),
            every: EVERY,
        }
    }

    /// Asks the center so often, unless a device registers meanwhile.
    #[must_use]
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// Waits by another time than the machine's.
    #[must_use]
    pub fn pace(mut self, pace: Arc<dyn Pace>) -> Self {
        self.pace = pace;
        self
    }

    /// Binds every address, serves, and dials.
    ///
    /// # Errors
    /// [`StartError`] if an address cannot be had or the store cannot be read; nothing is served
    /// then.
    pub async fn start(self) -> Result<Serving<D, S>, StartError> {
        let registered = Arc::new(Notify::new());
        let services = self.services.iter();
        let at: BTreeMap<String, ServiceId> = services
            .map(|(id, url)| (target(url), id.clone()))
            .collect();
        let setup = self.setup.services(at, Arc::clone(&registered));
        let running = setup.start().await?;
        let dialler = Dialler {
            driver: Arc::clone(running.driver()),
            link: self.link,
            pace: self.pace,
            services: self.services.into_keys().collect(),
            every: self.every,
            registered,
        };
        Ok(Serving {
            dialling: dialler.start(),
            running,
        })
    }
}

impl<D, S> std::fmt::Debug for ProviderSetup<D, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderSetup")
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}

/// A provider's server that runs until it is stopped or dropped.
pub struct Serving<D = Provider<RingCrypto>, S = SqliteStore> {
    running: Running<D, S>,
    dialling: Dialling,
}

impl<D: Decide, S: Store> Serving<D, S> {
    /// Where it listens, in the order in which the addresses were given.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        self.running.addresses()
    }

    /// Where metrics are served.
    #[must_use]
    pub const fn metrics(&self) -> Option<std::net::SocketAddr> {
        self.running.metrics()
    }

    /// The driver, for calls that need no transport.
    #[must_use]
    pub const fn driver(&self) -> &Arc<Driver<D, S>> {
        self.running.driver()
    }

    /// Lets time pass once, for whoever moves the clock by hand.
    ///
    /// # Errors
    /// As [`Driver::tick`].
    pub async fn tick(&self) -> Result<(), DriverError> {
        self.running.tick().await?;
        Ok(())
    }

    /// Accepts a clock that has jumped ahead, so that expiry is judged by it again.
    ///
    /// # Errors
    /// As [`Driver::call`].
    pub async fn accept_clock(&self) -> Result<(), DriverError> {
        let driver = self.running.driver();
        let call = Call {
            source: Source {
                address: None,
                correlation: CorrelationId::from_bytes(driver.random().id()?),
            },
            presented: Credential::Console,
            message: Message::People(PeopleRequest::AcceptClock(AcceptClock {})),
        };
        driver.call(call).await?;
        self.tick().await
    }

    /// Dials no more, takes no more connections, lets requests in work finish, and says how many
    /// had to be cut. Breaking off a round anywhere loses nothing.
    pub async fn stop(self) -> Drained {
        self.dialling.end().await;
        self.running.stop().await
    }
}

impl<D: Decide, S: Store> std::fmt::Debug for Serving<D, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serving")
            .field("addresses", &self.addresses())
            .finish_non_exhaustive()
    }
}
