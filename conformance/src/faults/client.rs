//! Faults of the HTTP client of a device or of a provider's server: one that believes any
//! certificate, goes where it is sent, or puts things where they do not belong.
//!
//! The adapter's client knows none of this, so that another stands in its place. It sends what the
//! kit's own table of routes says, altered by the fault.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Method, Url};
use restante_center::provider::{Answered, Link};
use restante_core::wire::provider::ProviderRequest;

use crate::line::render::{self, Outcome};
use crate::line::{Pending, Request, Response};
use crate::party::{Carry, Happening, Outgoing, Outside, Reach, Read};
use crate::party::{asked, read, read_refusal, read_reply, said_to_center};

/// What a client does wrong.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// It believes whatever certificate it is shown.
    pub credulous: bool,
    /// It goes where a redirection sends it.
    pub obedient: bool,
    /// Alters each request before it goes out.
    pub asks: fn(&mut Request),
}

impl Manners {
    /// Nothing altered.
    pub const RIGHT: Self = Self {
        credulous: false,
        obedient: false,
        asks: |_| {},
    };

    /// Alters requests alone.
    #[must_use]
    pub const fn asking(asks: fn(&mut Request)) -> Self {
        Self {
            asks,
            ..Self::RIGHT
        }
    }

    /// A unit's surroundings with this client.
    pub(super) fn around(self) -> Outside {
        Outside {
            dial: Arc::new(move |center, certificates| {
                let client = OddClient::new(self, center, certificates);
                client
                    .map(|client| Arc::new(client) as Arc<dyn Carry>)
                    .map_err(|why| why.to_string())
            }),
            ..Outside::right()
        }
    }
}

impl Manners {
    /// How a provider with this client reaches its center.
    pub(super) fn reach(self) -> Reach {
        Arc::new(move |center, certificates, token| {
            let client = OddClient::new(self, center, certificates);
            let client = client.map_err(|why| why.to_string())?;
            let token = token.to_owned();
            Ok(Arc::new(OddLink { client, token }) as Arc<dyn Link>)
        })
    }
}

/// Carries a provider's messages by an odd client.
struct OddLink {
    client: OddClient,
    token: String,
}

impl OddLink {
    async fn said(&self, said: &ProviderRequest) -> Result<Answered, Box<dyn std::error::Error>> {
        let asked = said_to_center(said, &self.token)?;
        let conversation = asked.conversation.as_str();
        let request = render::request(conversation, &asked.message, Some(&self.token));
        let mut request = request.ok_or("there is no such conversation")?;
        (self.client.manners.asks)(&mut request);
        let response = self.client.carried(&request).await?;
        Ok(match render::outcome(conversation, &response) {
            Outcome::Reply(name, members) => {
                Answered::Reply(read_reply(&[(name, members)].into())?)
            }
            Outcome::Refusal(members) => Answered::Refused(read_refusal(members)?),
            Outcome::Neither(why) => Answered::Nothing(why),
        })
    }
}

impl Link for OddLink {
    fn say<'a>(&'a self, said: &'a ProviderRequest) -> Pending<'a, Answered> {
        Box::pin(async move {
            let lost = |why: String| Answered::Nothing(why);
            let said = self.said(said).await.map_err(|why| why.to_string());
            said.unwrap_or_else(lost)
        })
    }
}

struct OddClient {
    manners: Manners,
    center: Url,
    http: reqwest::Client,
}

impl OddClient {
    fn new(
        manners: Manners,
        center: &str,
        certificates: &str,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        // Whoever came first has installed the same provider.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let trusted = Certificate::from_pem_bundle(certificates.as_bytes())?;
        let redirect = match manners.obedient {
            true => Policy::default(),
            false => Policy::none(),
        };
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect)
            .tls_certs_only(trusted)
            .tls_danger_accept_invalid_certs(manners.credulous)
            .timeout(PATIENCE)
            .build()?;
        Ok(Self {
            manners,
            center: Url::parse(center)?,
            http,
        })
    }

    /// What comes back for a message, if anything does.
    async fn exchanged(&self, outgoing: &Outgoing) -> Option<Read> {
        let asked = asked(outgoing).ok()?;
        let conversation = asked.conversation.as_str();
        let credential = asked.credential.as_deref();
        let mut request = render::request(conversation, &asked.message, credential)?;
        (self.manners.asks)(&mut request);
        let response = self.carried(&request).await.ok()?;
        Some(read(conversation, &response, None))
    }

    async fn carried(&self, request: &Request) -> Result<Response, Box<dyn std::error::Error>> {
        let method = Method::from_bytes(request.method.as_bytes())?;
        let url = self.center.join(&request.path)?;
        let mut builder = self.http.request(method, url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let response = builder.send().await?;
        let status = response.status().as_u16();
        let headers = response.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        let headers = headers.collect();
        let body = response.bytes().await?.to_vec();
        Ok(Response {
            status,
            headers,
            body,
        })
    }
}

impl Carry for OddClient {
    fn carry<'a>(&'a self, outgoing: &'a Outgoing) -> Pending<'a, Happening> {
        let exchange = outgoing.exchange;
        Box::pin(async move {
            match self.exchanged(outgoing).await {
                Some(Read::Reply(reply)) => Happening::Replied(exchange, reply),
                Some(Read::Refusal(refusal)) => Happening::Refused(exchange, refusal),
                Some(Read::Nothing) | None => Happening::LinkFailed(exchange),
            }
        })
    }
}

/// For a whole exchange with the kit on this machine.
const PATIENCE: Duration = Duration::from_secs(30);
