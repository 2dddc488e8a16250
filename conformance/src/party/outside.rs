//! What a served unit reaches the world by: the client that carries its messages to the center, the
//! way to its mail server, and a gateway's LAN.
//!
//! The right ones are those of the adapters, as the reference program has them. A fault puts others
//! in their place; the unit and its machine know nothing of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use restante_core::gateway::Input;
use restante_core::registrant::{Errand, ServiceAnswer};
use restante_device::driver::Neighbours;
use restante_device::line::{Answer, by_mail};
use restante_device::memory::StateFile;
use restante_device::sealing::Sealing;
use restante_http::client::{Client, SealedClient, SendError, Trust};
use restante_mail::sending::{MailServer, Security, Settings};
use serde::Deserialize;

use crate::line::Pending;

use super::kind::{Happening, Outgoing};
use super::lan::{Announced, AnnouncedLan, heard};

/// Carries a unit's messages over real connections.
pub trait Carry: Send + Sync {
    /// Carries one and brings back what came of it.
    fn carry<'a>(&'a self, outgoing: &'a Outgoing) -> Pending<'a, Happening>;

    /// The unit has been switched on again: what was not kept is gone.
    fn booted(&self) {}
}

/// Makes what carries messages to this center, given the certificates to trust as PEM.
///
/// # Errors
/// A sentence, where the address or the certificates cannot be used.
pub type Dial = Arc<dyn Fn(&str, &str) -> Result<Arc<dyn Carry>, String> + Send + Sync>;

/// Takes registrations to the mail server of a unit's site.
pub trait Post: Send + Sync {
    /// Hands one over, and brings back what came of it.
    fn post<'a>(&'a self, errand: &'a Errand) -> Pending<'a, ServiceAnswer>;
}

/// Makes what takes registrations to a mail server.
///
/// # Errors
/// A sentence, where what a person has set cannot be used.
pub type PostOffice = Arc<dyn Fn(&ByMail) -> Result<Arc<dyn Post>, String> + Send + Sync>;

/// How a unit registers for services by mail, as a person has set it.
#[derive(Clone, Debug, Deserialize)]
pub struct ByMail {
    /// Host and port of the mail server.
    pub server: String,
    /// The unit's own address.
    pub from: String,
    /// The center's.
    pub to: String,
    /// Whether a connection without TLS is refused.
    pub tls: bool,
}

/// Makes the LAN with these children.
///
/// # Errors
/// A sentence, where the host lacks what that needs.
pub type Street =
    Arc<dyn Fn(Vec<Announced>) -> Result<Box<dyn Neighbours<Input> + Send>, String> + Send + Sync>;

/// What is around a served unit.
#[derive(Clone)]
pub struct Outside {
    /// How it reaches its center.
    pub dial: Dial,
    /// How it reaches its mail server.
    pub post: PostOffice,
    /// How a gateway reaches its children.
    pub lan: Street,
}

impl Outside {
    /// As the reference program has it.
    #[must_use]
    pub fn right() -> Self {
        Self {
            dial: Arc::new(dial),
            post: Arc::new(post),
            lan: Arc::new(|announced| {
                let lan = AnnouncedLan::new(announced, heard)?;
                Ok(Box::new(lan) as Box<dyn Neighbours<Input> + Send>)
            }),
        }
    }
}

/// The adapter's own client for this center.
///
/// # Errors
/// A sentence, where the address or the certificates cannot be used.
pub fn dial(center: &str, certificates: &str) -> Result<Arc<dyn Carry>, String> {
    let trust = Trust::only(certificates.as_bytes()).map_err(|why| why.to_string())?;
    let client = Client::new(center, &trust).map_err(|why| why.to_string())?;
    Ok(Arc::new(client))
}

/// What seals messages to this center as the reference program does, and keeps what it has to in a
/// file.
///
/// # Errors
/// A sentence, where the address, the certificates or a file cannot be used.
pub(super) fn dial_sealed(center: &str, certificates: &str) -> Result<Arc<dyn Carry>, String> {
    let trust = Trust::only(certificates.as_bytes()).map_err(|why| why.to_string())?;
    let client = SealedClient::new(center, &trust).map_err(|why| why.to_string())?;
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let file = StateFile::open(&folder.path().join("state")).map_err(|why| why.to_string())?;
    let sealing = Sealing::new(file.carrier()).map_err(|why| why.to_string())?;
    Ok(Arc::new(Sealed {
        client,
        sealing: Mutex::new(Arc::new(sealing)),
        file,
        _folder: folder,
    }))
}

/// Carries a unit's messages in envelopes.
struct Sealed {
    client: SealedClient,
    sealing: Mutex<Arc<Sealing>>,
    file: StateFile,
    _folder: tempfile::TempDir,
}

impl Sealed {
    fn sealing(&self) -> MutexGuard<'_, Arc<Sealing>> {
        self.sealing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Carry for Sealed {
    fn carry<'a>(&'a self, outgoing: &'a Outgoing) -> Pending<'a, Happening> {
        let exchange = outgoing.exchange;
        let sealing = Arc::clone(&self.sealing());
        Box::pin(async move {
            let (presented, request) = (&outgoing.presented, &outgoing.request);
            match sealing.exchange(&self.client, presented, request).await {
                Answer::Reply(reply) => Happening::Replied(exchange, reply),
                Answer::Refusal(refusal) => Happening::Refused(exchange, refusal),
                Answer::Nothing(_) | Answer::Untrusted(_) => Happening::LinkFailed(exchange),
            }
        })
    }

    fn booted(&self) {
        // What the unit itself has kept is read back as well, so that this cannot fail.
        if let Ok(sealing) = Sealing::new(self.file.carrier()) {
            *self.sealing() = Arc::new(sealing);
        }
    }
}

/// The adapter's own way to this mail server.
///
/// # Errors
/// A sentence, where what a person has set cannot be used.
pub fn post(by: &ByMail) -> Result<Arc<dyn Post>, String> {
    let wrong = || format!("{:?} is no host and port", by.server);
    let (host, port) = by.server.rsplit_once(':').ok_or_else(wrong)?;
    let settings = Settings {
        host: host.to_owned(),
        port: port.parse().map_err(|_| wrong())?,
        security: match by.tls {
            true => Security::StartTls,
            false => Security::Plain,
        },
        from: by.from.clone(),
        to: by.to.clone(),
        ..Settings::default()
    };
    let server = MailServer::new(settings).map_err(|why| why.to_string())?;
    Ok(Arc::new(server))
}

impl Post for MailServer {
    fn post<'a>(&'a self, errand: &'a Errand) -> Pending<'a, ServiceAnswer> {
        Box::pin(async move { by_mail(self, errand).await.answer })
    }
}

impl Carry for Client {
    fn carry<'a>(&'a self, outgoing: &'a Outgoing) -> Pending<'a, Happening> {
        let exchange = outgoing.exchange;
        Box::pin(async move {
            match self.send(&outgoing.presented, &outgoing.request).await {
                Ok(reply) => Happening::Replied(exchange, reply),
                Err(SendError::Refused(refusal)) => Happening::Refused(exchange, refusal),
                Err(_) => Happening::LinkFailed(exchange),
            }
        })
    }
}
