//! The line to the center, to the servers of services and to peers, over HTTP; where a person has
//! said so, messages to the center go in sealed envelopes, and registrations by mail.
//!
//! A line carries one message and brings back one answer, or none. What to do about it is the
//! machine's business.

use std::future::Future;
use std::sync::{Mutex, OnceLock, PoisonError};

use restante_core::code::Presented;
use restante_core::id::CenterAddress;
use restante_core::id::Note;
use restante_core::registrant::{Challenged, Errand, PeerCall, ServiceAnswer};
use restante_core::wire::{DeviceReply, DeviceRequest, Refusal, RegisterAt};
use restante_http::client::{
    Client, ClientError, PeerClient, SealedClient, SendError, Served, ServiceClient, Trust,
};
use restante_mail::sending::{Handed, MailServer};

use crate::sealing::Sealing;

/// What came of a message.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The center's reply.
    Reply(DeviceReply),
    /// The center's refusal.
    Refusal(Refusal),
    /// Nothing that this protocol knows; a sentence for people says why.
    Nothing(String),
    /// Nothing was sent, since the center's certificate is not trusted; a sentence says why.
    Untrusted(String),
}

/// Something that carries messages to a center, errands to the servers of services, and calls to
/// peers.
pub trait Line: Send + Sync + 'static {
    /// Sends one message and waits for what comes of it.
    fn exchange(
        &self,
        center: &CenterAddress,
        presented: &Presented,
        request: &DeviceRequest,
    ) -> impl Future<Output = Answer> + Send;

    /// The formal code under which the center has challenged, where messages are sealed.
    fn challenged(&self) -> Option<Challenged> {
        None
    }

    /// Runs an errand to a service's server.
    fn register(&self, errand: &Errand) -> impl Future<Output = Served> + Send;

    /// Asks a peer to poll; whether it answered.
    fn call_peer(&self, call: &PeerCall) -> impl Future<Output = bool> + Send;
}

/// The line over HTTP: one client, made anew when the center's address changes.
#[derive(Debug)]
pub struct HttpLine {
    trust: Trust,
    client: Latest<Client>,
    sealing: Option<(Sealing, Latest<SealedClient>)>,
    services: OnceLock<ServiceClient>,
    peers: OnceLock<PeerClient>,
    mail: Option<MailServer>,
}

impl HttpLine {
    /// A line that believes these certificates.
    #[must_use]
    pub const fn new(trust: Trust) -> Self {
        Self {
            trust,
            client: Mutex::new(None),
            sealing: None,
            services: OnceLock::new(),
            peers: OnceLock::new(),
            mail: None,
        }
    }

    /// The same line, by which devices register for services in mails.
    #[must_use]
    pub fn registering_by_mail(mut self, server: MailServer) -> Self {
        self.mail = Some(server);
        self
    }

    /// The same line, on which messages to the center are sealed.
    #[must_use]
    pub fn sealed(mut self, sealing: Sealing) -> Self {
        self.sealing = Some((sealing, Mutex::new(None)));
        self
    }

    /// Whether messages can go to this center.
    ///
    /// # Errors
    /// [`ClientError`] if its address cannot be used.
    pub fn check(&self, center: &CenterAddress) -> Result<(), ClientError> {
        match &self.sealing {
            Some((_, client)) => self.sealed_client(client, center).map(drop),
            None => self.client(center).map(drop),
        }
    }

    /// The client for this center.
    ///
    /// # Errors
    /// [`ClientError`] if the address cannot be used.
    pub fn client(&self, center: &CenterAddress) -> Result<Client, ClientError> {
        made(&self.client, center, || {
            Client::new(center.as_str(), &self.trust)
        })
    }

    fn sealed_client(
        &self,
        kept: &Latest<SealedClient>,
        center: &CenterAddress,
    ) -> Result<SealedClient, ClientError> {
        made(kept, center, || {
            SealedClient::new(center.as_str(), &self.trust)
        })
    }

    /// The client for services, which is made when the first errand comes.
    fn services(&self) -> Result<ServiceClient, ClientError> {
        if let Some(client) = self.services.get() {
            return Ok(client.clone());
        }
        let client = ServiceClient::new(&self.trust)?;
        Ok(self.services.get_or_init(|| client).clone())
    }

    /// The client for peers, which is made when the first is called.
    fn peers(&self) -> Result<PeerClient, ClientError> {
        if let Some(client) = self.peers.get() {
            return Ok(client.clone());
        }
        let client = PeerClient::new()?;
        Ok(self.peers.get_or_init(|| client).clone())
    }
}

/// A client, and of which center.
type Latest<T> = Mutex<Option<(CenterAddress, T)>>;

/// The client that was made last, or another where the center is another.
fn made<T: Clone>(
    kept: &Latest<T>,
    center: &CenterAddress,
    make: impl FnOnce() -> Result<T, ClientError>,
) -> Result<T, ClientError> {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((of, client)) = &*kept
        && of == center
    {
        return Ok(client.clone());
    }
    let client = make()?;
    *kept = Some((center.clone(), client.clone()));
    Ok(client)
}

/// That nothing was sent, and what would help.
pub(crate) fn untrusted(error: &SendError) -> Answer {
    Answer::Untrusted(format!(
        "{error}; --ca FILE names a certificate to trust, such as a center's own for trials"
    ))
}

impl Line for HttpLine {
    async fn exchange(
        &self,
        center: &CenterAddress,
        presented: &Presented,
        request: &DeviceRequest,
    ) -> Answer {
        if let Some((sealing, client)) = &self.sealing {
            return match self.sealed_client(client, center) {
                Ok(client) => sealing.exchange(&client, presented, request).await,
                Err(error) => Answer::Nothing(error.to_string()),
            };
        }
        let client = match self.client(center) {
            Ok(client) => client,
            Err(error) => return Answer::Nothing(error.to_string()),
        };
        match client.send(presented, request).await {
            Ok(reply) => Answer::Reply(reply),
            Err(SendError::Refused(refusal)) => Answer::Refusal(refusal),
            Err(error @ SendError::Untrusted { .. }) => untrusted(&error),
            Err(error) => Answer::Nothing(error.to_string()),
        }
    }

    fn challenged(&self) -> Option<Challenged> {
        self.sealing.as_ref()?.0.challenged()
    }

    async fn register(&self, errand: &Errand) -> Served {
        if let Some(server) = &self.mail {
            return by_mail(server, errand).await;
        }
        match self.services() {
            Ok(client) => client.register(errand).await,
            Err(error) => Served::nothing(error.to_string()),
        }
    }

    async fn call_peer(&self, call: &PeerCall) -> bool {
        match self.peers() {
            Ok(client) => client.call(call).await,
            Err(error) => {
                tracing::warn!(%error, "no peer can be called");
                false
            }
        }
    }
}

/// Sends a registration by mail. The URL was judged before, as it is for going there.
// spec: MAIL-012, MAIL-013, MAIL-014, MAIL-015
pub async fn by_mail(server: &MailServer, errand: &Errand) -> Served {
    let message = RegisterAt {
        url: errand.url.clone(),
        device: errand.message.device,
        code: errand.message.code.clone(),
    };
    let (answer, why) = match server.hand_over(message).await {
        Handed::Taken => (ServiceAnswer::HandedOver, None),
        Handed::Refused(why) => match Note::new(why.clone()) {
            Ok(note) => (ServiceAnswer::Refused(note), Some(why)),
            Err(_) => (ServiceAnswer::Nothing, Some(why)),
        },
        Handed::Untrusted(why) => {
            let hint = "--smtp-ca FILE names a certificate to trust, such as a site's own";
            (ServiceAnswer::Nothing, Some(format!("{why}; {hint}")))
        }
        Handed::NotNow(why) => (ServiceAnswer::Nothing, Some(why)),
    };
    Served { answer, why }
}
