//! Starting a server: a driver behind HTTP listeners, with time passing and figures counted.
//!
//! Nothing here knows what decides or what stores. The program hands over core's center on SQLite;
//! the conformance kit hands over the same behind a fault, on a store that fails on purpose, with a
//! clock that it moves by hand.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::Router;
use restante_core::center::Decide;
use restante_core::id::ServiceId;
use restante_http::client::Webhook;
use restante_http::server::{
    Bounds, Drained, Line, ListenError, Listener, Proxies, metrics_router, router, sealed_router,
    services_router,
};
use restante_store::{Driver, DriverError, Store, Ticker};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::condition::{Condition, Told};
use crate::config::SerialLine;
use crate::desk::{ConsoleDesk, FrontDesk};
use crate::envelopes::Envelopes;
use crate::figures::{Figures, Vitals};
use crate::mail_room::with_mail_room;
use crate::mqtt::ByMqtt;
use crate::notify::{Carrier, Mail, notifier};
use crate::running::{Address, Running};
use crate::serial;
use crate::socket::{ConsoleSocket, SocketError};

/// A server that is about to start.
pub struct Setup<D, S> {
    driver: Driver<D, S>,
    listen: Vec<(SocketAddr, Line)>,
    sealed: Vec<SocketAddr>,
    serial: Vec<SerialLine>,
    mqtt: Option<ByMqtt>,
    metrics: Option<SocketAddr>,
    console: Option<PathBuf>,
    proxies: Proxies,
    bounds: Bounds,
    ticks: Option<Duration>,
    vitals: VitalsOf<S>,
    mail: Option<Mail>,
    services: Option<Services>,
}

/// A server at which devices register for services, and nothing else is asked.
struct Services {
    /// For each path, with its query if it has one, the service that it leads to.
    at: BTreeMap<String, ServiceId>,
    /// Told when a device has registered.
    registered: Arc<Notify>,
}

/// Reads a store's vitals.
type VitalsOf<S> = fn(&S) -> Vitals;

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The operator's console cannot be served.
    #[error(transparent)]
    Console(#[from] SocketError),
    /// The first tick failed.
    #[error("time cannot be judged: {0}")]
    Tick(#[from] DriverError),
}

impl<D: Decide + 'static, S: Store + 'static> Setup<D, S> {
    /// A server with this driver. It listens nowhere yet, and time passes every second.
    #[must_use]
    pub fn new(driver: Driver<D, S>) -> Self {
        Self {
            driver,
            listen: Vec::new(),
            sealed: Vec::new(),
            serial: Vec::new(),
            mqtt: None,
            metrics: None,
            console: None,
            proxies: Proxies::none(),
            bounds: Bounds::default(),
            ticks: Some(TICK),
            vitals: |_| Vitals::default(),
            mail: None,
            services: None,
        }
    }

    /// Serves nothing but registrations for these services, each at its path (with its query if it
    /// has one), and probes; `registered` is told when a device has registered.
    pub(crate) fn services(
        mut self,
        at: BTreeMap<String, ServiceId>,
        registered: Arc<Notify>,
    ) -> Self {
        self.services = Some(Services { at, registered });
        self
    }

    /// Listens on this address as well; port 0 lets the system choose.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr, line: Line) -> Self {
        self.listen.push((address, line));
        self
    }

    /// Takes sealed envelopes on this address in plain HTTP, and nothing else; port 0 lets the
    /// system choose.
    #[must_use]
    pub fn sealed(mut self, address: SocketAddr) -> Self {
        self.sealed.push(address);
        self
    }

    /// Takes sealed envelopes at this serial port.
    #[must_use]
    pub fn serial(mut self, line: SerialLine) -> Self {
        self.serial.push(line);
        self
    }

    /// Takes sealed envelopes through this broker as well.
    pub(crate) fn mqtt(mut self, mqtt: ByMqtt) -> Self {
        self.mqtt = Some(mqtt);
        self
    }

    /// Serves `/metrics` on this address, in plain HTTP: on loopback, or to declared proxies.
    #[must_use]
    pub fn metrics(mut self, address: Option<SocketAddr>) -> Self {
        self.metrics = address;
        self
    }

    /// Serves the operator's console on a socket in this folder, which is that of the store: the
    /// driver has to hold the store's lock.
    #[must_use]
    pub fn console(mut self, data: &Path) -> Self {
        self.console = Some(data.to_owned());
        self
    }

    /// Believes these proxies when they say whose request it is.
    #[must_use]
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Bounds what peers may take.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Lets time pass at this interval; with `None` only when [`Running::tick`] is called.
    #[must_use]
    pub fn ticks(mut self, every: Option<Duration>) -> Self {
        self.ticks = every;
        self
    }

    /// Tells this webhook what happens, besides the log; links begin with the address `center`.
    #[must_use]
    pub fn notify(mut self, webhook: Webhook, center: Option<String>) -> Self {
        let (effects, mail) = notifier(webhook, center);
        self.driver = self.driver.effects(effects);
        self.mail = Some(mail);
        self
    }

    /// Reads the store's vitals for metrics and readiness.
    #[must_use]
    pub fn vitals(mut self, vitals: VitalsOf<S>) -> Self {
        self.vitals = vitals;
        self
    }

    /// Binds every address, lets time pass once, and serves.
    ///
    /// # Errors
    /// [`StartError`] if an address cannot be had or the store cannot be read; nothing is served
    /// then.
    pub async fn start(self) -> Result<Running<D, S>, StartError> {
        let bound = bind(self.listen, &self.proxies, self.bounds).await?;
        let sealed = self.sealed.into_iter().map(|at| (at, Line::Sealed));
        let sealed = bind(sealed.collect(), &self.proxies, self.bounds).await?;
        let metrics = self.metrics.into_iter().map(|at| (at, Line::Plain));
        let metrics = bind(metrics.collect(), &self.proxies, self.bounds).await?;
        let metrics = metrics.into_iter().map(|(listener, _)| listener).next();
        let console = self.console.as_deref().map(ConsoleSocket::bind);
        let console = console.transpose()?;
        let driver = Arc::new(self.driver);
        let mail = self.mail;
        let carrier: Option<Carrier> = mail.map(|mail| mail.start(Arc::clone(&driver)));
        let passing = Passing::start(&driver, self.ticks).await?;
        let condition = condition(&driver, &passing, self.vitals);
        let figures = Arc::new(Figures::new());
        let registered = self.services.as_ref();
        let desk = Arc::new(FrontDesk {
            driver: Arc::clone(&driver),
            condition: Arc::clone(&condition),
            figures: Arc::clone(&figures),
            registered: registered.map(|services| Arc::clone(&services.registered)),
        });
        let behind_socket = Arc::new(ConsoleDesk(Arc::clone(&desk)));
        let mut operators = router(behind_socket, self.bounds.body);
        if self.services.is_none() {
            operators = with_mail_room(operators, Arc::clone(&desk));
        }
        let by_line = Arc::new(Envelopes::new(Arc::clone(&desk)));
        let envelopes = sealed_router(Arc::clone(&desk), self.bounds.body);
        let routes = match self.services {
            None => router(desk, self.bounds.body),
            Some(services) => services_router(desk, services.at, self.bounds.body),
        };
        let (stop, stopped) = watch::channel(false);
        let addresses = bound.iter().map(address).collect();
        let metrics_address = metrics.as_ref().map(Listener::local_addr);
        let listeners = bound
            .into_iter()
            .map(|(listener, _)| (listener, routes.clone()));
        let figures_only = metrics.map(|listener| (listener, rendered(&figures, &condition)));
        let sealed_addresses = sealed.iter().map(|(it, _)| it.local_addr()).collect();
        let sealed = sealed.into_iter().map(|(it, _)| (it, envelopes.clone()));
        let tasks = listeners
            .chain(sealed)
            .chain(figures_only)
            .map(|(listener, router)| serve(listener, router, stopped.clone()));
        let mut tasks: Vec<_> = tasks.collect();
        tasks.extend(self.serial.into_iter().map(|line| {
            let envelopes = Arc::clone(&by_line);
            tokio::spawn(serial::serve(line, envelopes, stopped.clone()))
        }));
        tasks.extend(self.mqtt.map(|broker| {
            let figures = Arc::clone(&figures);
            tokio::spawn(broker.serve(by_line, figures, stopped.clone()))
        }));
        let within = self.bounds.stop;
        let console = console.map(|socket| socket.serve(operators, stopped.clone(), within));
        tasks.extend(console.map(tokio::spawn));
        Ok(Running {
            addresses,
            sealed: sealed_addresses,
            metrics: metrics_address,
            tasks,
            driver,
            condition,
            stop,
            passing,
            _carrier: carrier,
        })
    }
}

/// Where one listens.
fn address((listener, is_tls): &(Listener, bool)) -> Address {
    Address {
        socket: listener.local_addr(),
        is_tls: *is_tls,
    }
}

/// Binds a listener to each address; with each goes whether it speaks TLS.
async fn bind(
    addresses: Vec<(SocketAddr, Line)>,
    proxies: &Proxies,
    bounds: Bounds,
) -> Result<Vec<(Listener, bool)>, ListenError> {
    let mut bound = Vec::new();
    for (address, line) in addresses {
        let is_tls = matches!(line, Line::Tls(_));
        let listener = Listener::bind(address, line, proxies.clone(), bounds).await?;
        bound.push((listener, is_tls));
    }
    Ok(bound)
}

/// How time passes.
pub(crate) struct Passing {
    /// How the last tick ended.
    pub(crate) told: Told,
    /// The task that ticks, unless ticks are made by hand.
    _ticker: Option<Ticker>,
}

impl Passing {
    /// Lets time pass once, so that the first request meets a judged clock, and from then on.
    async fn start<D, S>(
        driver: &Arc<Driver<D, S>>,
        every: Option<Duration>,
    ) -> Result<Self, DriverError>
    where
        D: Decide + 'static,
        S: Store + 'static,
    {
        let first = driver.tick().await?;
        let told = Told::new(Ok(first));
        let ticker = every.map(|every| Ticker::start(Arc::clone(driver), every, told.clone()));
        Ok(Self {
            told,
            _ticker: ticker,
        })
    }
}

fn condition<D, S>(
    driver: &Arc<Driver<D, S>>,
    passing: &Passing,
    read_vitals: VitalsOf<S>,
) -> Arc<Condition>
where
    D: Decide + 'static,
    S: Store + 'static,
{
    let driver = Arc::clone(driver);
    Arc::new(Condition {
        stopping: AtomicBool::new(false),
        told: passing.told.clone(),
        vitals: Box::new(move || Vitals {
            waiting: driver.waiting(),
            ..read_vitals(driver.store())
        }),
    })
}

fn rendered(figures: &Arc<Figures>, condition: &Arc<Condition>) -> Router {
    let (figures, condition) = (Arc::clone(figures), Arc::clone(condition));
    metrics_router(move || figures.render((condition.vitals)()))
}

fn serve(
    listener: Listener,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) -> JoinHandle<Drained> {
    tokio::spawn(async move {
        let stop = async move {
            // An error means that whoever could stop it is gone, which stops it too.
            let _ = stopped.wait_for(|is| *is).await;
        };
        listener.serve(router, stop).await
    })
}

/// How often time passes: what is due is due to the second.
const TICK: Duration = Duration::from_secs(1);
