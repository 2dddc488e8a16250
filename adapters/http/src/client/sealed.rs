//! Carrying sealed envelopes to a center, over HTTP with TLS or without.
//!
//! What is in an envelope is nobody's on the way, so that plain HTTP may go to any machine here,
//! and here alone. A problem that comes back is in the clear, and whoever sits on the line can have
//! written it: it is never a refusal, and counts as a failure of the line. Serves spec chapter 14.

use restante_core::limits::SEALED_BYTES;

use super::base::Base;
use super::exchange::Asked;
use super::trust::Trust;
use super::{Client, ClientError, SendError};
use crate::route::Operation;

/// A center, as devices reach it that seal what they say.
#[derive(Clone, Debug)]
pub struct SealedClient(Client);

impl SealedClient {
    /// A client of the center at `base_url`, such as `http://center.example/`.
    ///
    /// # Errors
    /// [`ClientError`] where the address or the certificates cannot be used.
    pub fn new(base_url: &str, trust: &Trust) -> Result<Self, ClientError> {
        Client::of(Base::for_envelopes(base_url)?, trust).map(Self)
    }

    /// Hands an envelope over: the bytes that come back, which are still to be opened.
    ///
    /// # Errors
    /// [`SendError::Untrusted`] or [`SendError::Link`]: nothing came back that could be opened.
    pub async fn carry(&self, envelope: Vec<u8>) -> Result<Vec<u8>, SendError> {
        let asked = Asked::new(Operation::Sealed)
            .sealed(envelope)
            .expecting(SEALED_BYTES);
        match self.0.exchange(None, asked).await {
            Ok(got) => Ok(got.into_body()),
            Err(SendError::Refused(refusal)) => Err(SendError::link(format!(
                "the envelope was not opened, as somebody says in the clear ({})",
                refusal.code
            ))),
            Err(other) => Err(other),
        }
    }
}
