//! The line to the center, over HTTP.
//!
//! A line carries one message and brings back one answer, or none. What to do about it is the
//! machine's business.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use restante_core::code::Presented;
use restante_core::id::CenterAddress;
use restante_core::wire::{DeviceReply, DeviceRequest, Refusal};
use restante_http::client::{Client, ClientError, SendError, Trust};

/// What came of a message.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The center's reply.
    Reply(DeviceReply),
    /// The center's refusal.
    Refusal(Refusal),
    /// Nothing that this protocol knows; a sentence for people says why.
    Nothing(String),
}

/// Something that carries messages to a center.
pub trait Line: Send + Sync + 'static {
    /// Sends one message and waits for what comes of it.
    fn exchange(
        &self,
        center: &CenterAddress,
        presented: &Presented,
        request: &DeviceRequest,
    ) -> impl Future<Output = Answer> + Send;
}

/// The line over HTTP: one client, made anew when the center's address changes.
#[derive(Debug)]
pub struct HttpLine {
    trust: Trust,
    client: Mutex<Option<(CenterAddress, Client)>>,
}

impl HttpLine {
    /// A line that believes these certificates.
    #[must_use]
    pub const fn new(trust: Trust) -> Self {
        Self {
            trust,
            client: Mutex::new(None),
        }
    }

    /// The client for this center.
    ///
    /// # Errors
    /// [`ClientError`] if the address cannot be used.
    pub fn client(&self, center: &CenterAddress) -> Result<Client, ClientError> {
        let mut kept = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, client)) = &*kept
            && of == center
        {
            return Ok(client.clone());
        }
        let client = Client::new(center.as_str(), &self.trust)?;
        *kept = Some((center.clone(), client.clone()));
        Ok(client)
    }
}

impl Line for HttpLine {
    async fn exchange(
        &self,
        center: &CenterAddress,
        presented: &Presented,
        request: &DeviceRequest,
    ) -> Answer {
        let client = match self.client(center) {
            Ok(client) => client,
            Err(error) => return Answer::Nothing(error.to_string()),
        };
        match client.send(presented, request).await {
            Ok(reply) => Answer::Reply(reply),
            Err(SendError::Refused(refusal)) => Answer::Refusal(refusal),
            Err(error @ SendError::Untrusted { .. }) => Answer::Nothing(format!(
                "{error}; --ca FILE names a certificate to trust, such as a center's own for trials"
            )),
            Err(error) => Answer::Nothing(error.to_string()),
        }
    }
}
