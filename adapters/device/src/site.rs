//! The gateway's side of its LAN: the general call by DNS-SD, asking children how they are, and
//! handing them what their mailboxes ask for.
//!
//! Children are found by multicast DNS (`_restante._tcp`) and by a list of addresses, for networks
//! that carry no multicast. What a child says is bounded in time and size, and parsed by the core's
//! types: what is not one of these is passed over. Serves spec chapter SITE.

use std::time::Duration;

use mdns_sd::{ResolvedService, ServiceDaemon, ServiceEvent};
use reqwest::header::CONTENT_TYPE;
use restante_core::Seconds;
use restante_core::gateway::{Ask, Input};
use restante_core::id::LanAddress;
use restante_core::limits::{ASK_WAIT, CARRY_OUT_WAIT, MESSAGE_BYTES};
use restante_core::wire::site::{CarriedOut, CarryOut, SelfDescription};
use restante_core::wire::{Contacts, DeviceEntry, Function, FunctionSet, Identification, json};
use tokio::sync::mpsc;

use crate::act::Errand;
use crate::driver::Neighbours;

/// The service type of children (RFC 6763).
pub const SERVICE: &str = "_restante._tcp.local.";
/// The path of `self`.
pub const SELF_PATH: &str = "/restante/v1/self";
/// The path of `carry-out`.
pub const CARRY_OUT_PATH: &str = "/restante/v1/carry-out";

/// The children of one LAN.
#[derive(Debug)]
pub struct Lan {
    http: reqwest::Client,
    daemon: Option<Daemon>,
    listed: Vec<LanAddress>,
}

/// Why the LAN cannot be reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LanError {
    /// Multicast DNS cannot be set up.
    #[error(
        "multicast DNS cannot be used on this host: {0}; name the children with --child instead"
    )]
    Mdns(#[source] mdns_sd::Error),
    /// The HTTP library cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Http(#[source] reqwest::Error),
}

impl Lan {
    /// The LAN with the children at `listed`, and with all that answer multicast DNS if
    /// `multicast`.
    ///
    /// # Errors
    /// [`LanError`] if the host lacks what that needs.
    pub fn new(multicast: bool, listed: Vec<LanAddress>) -> Result<Self, LanError> {
        let daemon = if multicast {
            Some(Daemon(ServiceDaemon::new().map_err(LanError::Mdns)?))
        } else {
            None
        };
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .build()
            .map_err(LanError::Http)?;
        Ok(Self {
            http,
            daemon,
            listed,
        })
    }

    fn call(&self, inbox: &mpsc::Sender<Input>) {
        if let Some(Daemon(daemon)) = &self.daemon {
            browse(daemon, inbox.clone());
        }
        for address in self.listed.clone() {
            let (http, inbox) = (self.http.clone(), inbox.clone());
            tokio::spawn(async move {
                match own(&http, &address).await {
                    Ok(own) => answer(&inbox, own.identification, address).await,
                    Err(why) => tracing::warn!(%address, why, "a listed child does not answer"),
                }
            });
        }
    }

    fn ask(&self, children: Vec<Ask>, inbox: &mpsc::Sender<Input>) {
        for Ask { device, address } in children {
            let (http, inbox) = (self.http.clone(), inbox.clone());
            tokio::spawn(async move {
                let own = match &address {
                    Some(address) => own(&http, address).await,
                    None => Err("its address is not known".to_owned()),
                };
                let input = match own {
                    Ok(own) => Input::ChildAnswered {
                        device,
                        own: Box::new(own),
                    },
                    Err(why) => {
                        tracing::info!(%device, why, "a child is silent");
                        Input::ChildSilent { device }
                    }
                };
                // Nobody listens any more when the program ends.
                let _ = inbox.send(input).await;
            });
        }
    }
}

impl Lan {
    /// Hands an order to a child. Where no answer comes the machine hands it over again in its own
    /// time.
    fn hand(&self, child: Ask, order: CarryOut, inbox: &mpsc::Sender<Input>) {
        let (http, inbox) = (self.http.clone(), inbox.clone());
        tokio::spawn(async move {
            let device = child.device;
            let done = match &child.address {
                Some(address) => handed(&http, address, &order).await,
                None => Err("its address is not known".to_owned()),
            };
            match done {
                Ok(done) => {
                    let done = Box::new(done);
                    // Nobody listens any more when the program ends.
                    let _ = inbox.send(Input::CarriedOut { device, done }).await;
                }
                Err(why) => tracing::info!(%device, why, "a child does not carry out its order"),
            }
        });
    }
}

impl Neighbours<Input> for Lan {
    fn run(&mut self, errand: Errand, inbox: &mpsc::Sender<Input>) {
        match errand {
            Errand::Call => self.call(inbox),
            Errand::Ask(children) => self.ask(children, inbox),
            Errand::Hand(child, order) => self.hand(child, *order, inbox),
        }
    }
}

/// The multicast DNS daemon; it ends with the LAN.
struct Daemon(ServiceDaemon);

impl std::fmt::Debug for Daemon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Daemon")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It ends with the process anyway.
        let _ = self.0.shutdown();
    }
}

/// Asks anew who serves the type, and hands over every answer until the next call.
fn browse(daemon: &ServiceDaemon, inbox: mpsc::Sender<Input>) {
    // Nothing is being browsed at the first call.
    let _ = daemon.stop_browse(SERVICE);
    let answers = match daemon.browse(SERVICE) {
        Ok(answers) => answers,
        Err(error) => {
            tracing::warn!(%error, "the general call cannot go out by multicast DNS");
            return;
        }
    };
    tokio::spawn(async move {
        while let Ok(event) = answers.recv_async().await {
            match event {
                ServiceEvent::ServiceResolved(service) => match announced(&service) {
                    Some((identification, address)) => {
                        answer(&inbox, identification, address).await;
                    }
                    None => tracing::info!(name = ?service.fullname, "passed over: no child"),
                },
                ServiceEvent::SearchStopped(_) => break,
                _ => {}
            }
        }
    });
}

async fn answer(inbox: &mpsc::Sender<Input>, identification: Identification, address: LanAddress) {
    let child = DeviceEntry {
        identification,
        contacts: Contacts {
            address: Some(address),
            manager_mail: None,
        },
    };
    // Nobody listens any more when the program ends.
    let _ = inbox.send(Input::CallAnswered(Box::new(child))).await;
}

/// A child from its service instance, if its record says what it has to.
fn announced(service: &ResolvedService) -> Option<(Identification, LanAddress)> {
    let identification = recorded(|key| service.get_property_val_str(key))?;
    let mut addresses: Vec<_> = service.get_addresses_v4().into_iter().collect();
    addresses.sort();
    let address = addresses.first()?;
    let address = LanAddress::new(format!("{address}:{}", service.get_port())).ok()?;
    Some((identification, address))
}

/// A child from the text of its record, key by key (section 8.1), if that says what it has to.
// spec: SITE-003
#[must_use]
pub fn recorded<'a>(text: impl Fn(&str) -> Option<&'a str>) -> Option<Identification> {
    let functions: Option<Vec<Function>> = text("functions")?.split(',').map(function).collect();
    Some(Identification {
        vendor: text("vendor")?.parse().ok()?,
        model: text("model")?.parse().ok()?,
        serial: text("serial")?.parse().ok()?,
        functions: FunctionSet::new(functions?).ok()?,
    })
}

/// A function by its word.
#[must_use]
pub fn function(word: &str) -> Option<Function> {
    match word {
        "scanner" => Some(Function::Scanner),
        "printer" => Some(Function::Printer),
        "fax" => Some(Function::Fax),
        _ => None,
    }
}

/// What a child says of itself.
// spec: SITE-007
async fn own(http: &reqwest::Client, address: &LanAddress) -> Result<SelfDescription, String> {
    let request = http.get(format!("http://{address}{SELF_PATH}"));
    let body = said(request.timeout(waits(ASK_WAIT))).await?;
    json::parse(&body).map_err(|error| error.to_string())
}

/// What a child says became of what it was handed.
async fn handed(
    http: &reqwest::Client,
    address: &LanAddress,
    order: &CarryOut,
) -> Result<CarriedOut, String> {
    let request = http.post(format!("http://{address}{CARRY_OUT_PATH}"));
    let request = request
        .header(CONTENT_TYPE, "application/json")
        .body(json::to_bytes(order));
    let body = said(request.timeout(waits(CARRY_OUT_WAIT))).await?;
    json::parse(&body).map_err(|error| error.to_string())
}

/// What a child answers, bounded in size.
async fn said(request: reqwest::RequestBuilder) -> Result<Vec<u8>, String> {
    let why = |error: reqwest::Error| {
        let mut deepest: &dyn std::error::Error = &error;
        while let Some(cause) = deepest.source() {
            deepest = cause;
        }
        deepest.to_string()
    };
    let mut response = request.send().await.map_err(why)?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(format!("it answers {}", response.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(why)? {
        if body.len() + chunk.len() > MESSAGE_BYTES {
            return Err("its answer is too large".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn waits(seconds: Seconds) -> Duration {
    Duration::from_secs(u64::from(seconds.get()))
}
