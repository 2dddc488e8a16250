//! The client: sends a message where the route table says and reads back what came.
//!
//! It does what a device or a program may rely on and no more: it checks the center's certificate,
//! follows no redirect, waits for bounded times, reads bounded replies, and never sends a
//! credential over plain HTTP to another machine. When to try again is not its business: a device's
//! machine decides that, and is told only whether the center refused or the line failed.

mod base;
mod device;
mod errand;
mod exchange;
mod handing;
mod peer;
mod people;
mod provider;
mod register;
mod sealed;
mod services;
mod trust;
mod webhook;

use std::path::Path;
use std::time::Duration;

use restante_core::wire::Refusal;

pub use base::BaseError;
pub use errand::{Served, ServiceClient, served};
pub use peer::{PeerClient, lan_tls};
pub use sealed::SealedClient;
pub use trust::{Trust, TrustError};
pub use webhook::{TellError, Webhook, WebhookError, WebhookSecret, WebhookSecretError};

use base::Base;

/// A center, as its devices and its people's programs reach it.
#[derive(Clone, Debug)]
pub struct Client {
    base: Base,
    http: reqwest::Client,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The center's address cannot be used.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// The certificates to trust cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The HTTP library cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Setup(#[source] reqwest::Error),
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The center refused, and says why.
    #[error("the center refused ({}): {}", .0.code, .0.detail)]
    Refused(Refusal),
    /// The center's certificate is not one that the client trusts. Nothing was sent.
    #[error("the center's certificate is not trusted here ({why})")]
    Untrusted {
        /// What is wrong with it.
        why: String,
    },
    /// Nothing came back that this protocol knows: the center may have acted or not.
    #[error("{why}")]
    Link {
        /// What went wrong on the way.
        why: String,
    },
}

impl Client {
    /// A client of the center at `base_url`, such as `https://center.example/`. Plain HTTP is for
    /// loopback alone.
    ///
    /// # Errors
    /// [`ClientError`] where the address or the certificates cannot be used.
    pub fn new(base_url: &str, trust: &Trust) -> Result<Self, ClientError> {
        Self::of(Base::new(base_url)?, trust)
    }

    fn of(base: Base, trust: &Trust) -> Result<Self, ClientError> {
        let mut builder = builder(trust)?;
        if base.is_plain() {
            // A proxy would carry the credential off this machine.
            builder = builder.no_proxy();
        } else {
            builder = builder.https_only(true);
        }
        let http = builder.build().map_err(ClientError::Setup)?;
        Ok(Self { base, http })
    }

    /// A client of the center that listens at this socket of the machine, without TLS: what
    /// protects it is who may open the socket.
    ///
    /// # Errors
    /// [`ClientError::Setup`] where the HTTP library fails.
    #[cfg(unix)]
    pub fn at_socket(path: &Path) -> Result<Self, ClientError> {
        let builder = builder(&Trust::none())?.no_proxy().unix_socket(path);
        let http = builder.build().map_err(ClientError::Setup)?;
        let base = Base::of_socket()?;
        Ok(Self { base, http })
    }
}

/// What holds for every line.
fn builder(trust: &Trust) -> Result<reqwest::ClientBuilder, ClientError> {
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(trust.config()?)
        // spec: HTTP-018
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .user_agent(concat!("restante/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .timeout(EXCHANGE))
}

impl SendError {
    fn link(why: impl Into<String>) -> Self {
        Self::Link { why: why.into() }
    }

    /// A message of a later core than this binding knows.
    fn no_route() -> Self {
        Self::link("this message has no route in this version of the HTTP binding")
    }
}

/// For a connection to stand, TLS included.
const CONNECT: Duration = Duration::from_secs(15);
/// For the whole exchange: slow lines carry 64 KiB in half a minute.
const EXCHANGE: Duration = Duration::from_secs(90);
