//! A request that waits, and what opens in return for it (chapter 14.4).
//!
//! Whoever sent a request keeps its header and its tag. What comes down has to bear the same
//! sender, epoch, lane and counter, and opens only where it was bound to that tag.

use alloc::vec::Vec;

use crate::crypto::{Crypto, Tag};

use super::envelope::Envelope;
use super::header::{Header, Kind};
use super::key::{OpenError, SealingKey};
use super::request::Challenge;

/// A request, or an enrolment, that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    header: Header,
    tag: Tag,
}

/// What came in return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// The reply.
    Reply(Vec<u8>),
    /// A challenge in its place.
    Challenge(Challenge),
}

impl Waiting {
    /// Waits for what is sealed in return for this envelope.
    #[must_use]
    pub const fn of(envelope: &Envelope<'_>) -> Self {
        Self::new(*envelope.header(), *envelope.tag())
    }

    pub(super) const fn new(header: Header, tag: Tag) -> Self {
        Self { header, tag }
    }

    /// Opens what came down.
    ///
    /// # Errors
    /// [`OpenError`] if it is nothing that was sealed in return for this very request.
    pub fn open(
        &self,
        crypto: &impl Crypto,
        key: &SealingKey,
        envelope: &Envelope<'_>,
    ) -> Result<Response, OpenError> {
        let header = envelope.header();
        if (header.lane, header.counter) != (self.header.lane, self.header.counter) {
            return Err(OpenError::Unexpected);
        }
        let open = || envelope.open(crypto, key, &self.tag);
        match (self.header.kind, header.kind) {
            (Kind::Enrolment, Kind::Enrolled) | (Kind::Request | Kind::Answer, Kind::Reply) => {
                Ok(Response::Reply(open()?))
            }
            (Kind::Request | Kind::Answer, Kind::Challenge) => {
                let challenge = Challenge::parse(&open()?).ok_or(OpenError::Content)?;
                Ok(Response::Challenge(challenge))
            }
            _ => Err(OpenError::Unexpected),
        }
    }
}
