//! A server that runs: where it listens, how to let time pass, how to stop it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use restante_core::center::{Decide, Ticked};
use restante_http::server::Drained;
use restante_store::{Driver, DriverError, Store};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::condition::Condition;
use crate::notify::Carrier;
use crate::setup::Passing;

/// A server that serves until it is stopped or dropped.
pub struct Running<D, S> {
    pub(crate) addresses: Vec<Address>,
    pub(crate) sealed: Vec<SocketAddr>,
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) tasks: Vec<JoinHandle<Drained>>,
    pub(crate) driver: Arc<Driver<D, S>>,
    pub(crate) condition: Arc<Condition>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) passing: Passing,
    /// Tells a webhook what happens, where there is one.
    pub(crate) _carrier: Option<Carrier>,
}

/// Where a server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address, with the port that the system chose.
    pub socket: SocketAddr,
    /// Whether it speaks TLS.
    pub is_tls: bool,
}

impl Address {
    /// The address as a client on this machine names it.
    #[must_use]
    pub fn url(&self) -> String {
        let ip = match self.socket.ip() {
            ip if !ip.is_unspecified() => ip,
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}", SocketAddr::new(ip, self.socket.port()))
    }
}

impl<D: Decide, S: Store> Running<D, S> {
    /// Where it listens, in the order in which the addresses were given.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Where it takes sealed envelopes and nothing else.
    #[must_use]
    pub fn sealed(&self) -> &[SocketAddr] {
        &self.sealed
    }

    /// Where metrics are served.
    #[must_use]
    pub const fn metrics(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// The driver, for calls that need no transport.
    #[must_use]
    pub const fn driver(&self) -> &Arc<Driver<D, S>> {
        &self.driver
    }

    /// Lets time pass once, for whoever moves the clock by hand.
    ///
    /// # Errors
    /// As [`Driver::tick`].
    pub async fn tick(&self) -> Result<Ticked, DriverError> {
        let ticked = self.driver.tick().await;
        let told = ticked.clone();
        self.passing.told.send_modify(|last| *last = told);
        ticked
    }

    /// Takes no more connections, lets requests in work finish, and says how many had to be cut.
    pub async fn stop(self) -> Drained {
        self.condition.stopping.store(true, Ordering::Relaxed);
        self.stop.send_replace(true);
        let mut drained = Drained { cut: 0 };
        for task in self.tasks {
            match task.await {
                Ok(Drained { cut }) => drained.cut += cut,
                Err(error) => tracing::error!(%error, "a listener has ended badly"),
            }
        }
        drained
    }
}
