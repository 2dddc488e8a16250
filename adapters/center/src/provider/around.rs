//! What stands around the loop that dials: what carries its messages to the center, and what makes
//! it wait.
//!
//! The program has a client of the center and the machine's own time. A test, or the conformance
//! kit, puts others in their place; the loop knows nothing of it. Serves spec chapter PRV.

use std::pin::Pin;
use std::time::Duration;

use restante_core::code::AccessToken;
use restante_core::wire::Refusal;
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::provider::{ProviderReply, ProviderRequest};
use restante_http::client::{Client, SendError};

/// A future that a trait object gives.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What became of a message to the center.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// The center has acted upon it.
    Reply(ProviderReply),
    /// It has refused.
    Refused(Refusal),
    /// Nothing came back that can be read, for this reason: it may have acted or not.
    Nothing(String),
}

/// Carries messages to the center.
pub trait Link: Send + Sync {
    /// Carries one and brings the answer back.
    fn say<'a>(&'a self, said: &'a ProviderRequest) -> Pending<'a, Answered>;
}

/// What makes the loop wait.
pub trait Pace: Send + Sync {
    /// Ends so long after it was asked for.
    fn rest(&self, time: Duration) -> Pending<'_, ()>;
}

/// A client of the center, and the token that it presents.
pub struct ClientLink {
    client: Client,
    token: AccessToken,
}

impl ClientLink {
    /// This client, presenting this token.
    #[must_use]
    pub const fn new(client: Client, token: AccessToken) -> Self {
        Self { client, token }
    }
}

impl Link for ClientLink {
    fn say<'a>(&'a self, said: &'a ProviderRequest) -> Pending<'a, Answered> {
        Box::pin(async move {
            let request = PeopleRequest::Provider(said.clone());
            match self.client.ask(&self.token, &request).await {
                Ok(PeopleReply::Provider(reply)) => Answered::Reply(reply),
                Ok(_) => Answered::Nothing("the center answered something else".to_owned()),
                Err(SendError::Refused(refusal)) => Answered::Refused(refusal),
                Err(no_link) => Answered::Nothing(no_link.to_string()),
            }
        })
    }
}

/// The machine's own time.
pub(super) struct OwnTime;

impl Pace for OwnTime {
    fn rest(&self, time: Duration) -> Pending<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}
