//! An enrolment in an envelope, under the enrol key (chapter 14.7).
//!
//! It has no counter: redeeming may be repeated, and a device that has just been unpacked has
//! nothing to count with. Nothing about it is drawn either. The same message makes the same
//! envelope, so that a device without good random numbers gives nothing away by sending it again,
//! and two messages that differ in a single byte never share a key.

use alloc::vec::Vec;

use crate::crypto::{Crypto, Tag};
use crate::entropy::Seed;
use crate::id::Epoch;

use super::envelope::{Envelope, SealError, check, seal};
use super::header::{Header, Kind, Lane};
use super::key::{OpenError, SealingKey};
use super::request::respond;
use super::waiting::{Response, Waiting};

/// A device's side: an enrolment that waits for its reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    key: SealingKey,
    waiting: Waiting,
}

/// A center's side: an enrolment that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentRequest {
    key: SealingKey,
    header: Header,
    tag: Tag,
    message: Vec<u8>,
}

impl Enrolment {
    /// Seals an enrolment: what waits for the reply, and what to send.
    ///
    /// # Errors
    /// [`SealError`] if the message is too long.
    pub fn seal(
        crypto: &impl Crypto,
        key: SealingKey,
        message: &[u8],
    ) -> Result<(Self, Vec<u8>), SealError> {
        check(Kind::Enrolment, message.len())?;
        let header = Header {
            kind: Kind::Enrolment,
            epoch: Epoch::new(0),
            lane: Lane::Conversation,
            sender: *key.sender(),
            counter: 0,
            salt: [0; 16],
        };
        let (envelope, tag) = seal(crypto, &key, (header, &[]), &[], &[message]);
        let waiting = Waiting::new(header, tag);
        Ok((Self { key, waiting }, envelope))
    }

    /// Opens the reply. It can be opened again: an enrolment is repeated until its reply is kept.
    ///
    /// # Errors
    /// [`OpenError`] if it is none, or the reply to another message.
    pub fn open(
        &self,
        crypto: &impl Crypto,
        envelope: &Envelope<'_>,
    ) -> Result<Vec<u8>, OpenError> {
        match self.waiting.open(crypto, &self.key, envelope)? {
            Response::Reply(message) => Ok(message),
            Response::Challenge(_) => Err(OpenError::Unexpected),
        }
    }
}

impl EnrolmentRequest {
    /// Opens an enrolment under the enrol key of the grant that its sender names.
    ///
    /// # Errors
    /// [`OpenError`] if it is none, another's, or does not open.
    pub fn open(
        crypto: &impl Crypto,
        key: &SealingKey,
        envelope: &Envelope<'_>,
    ) -> Result<Self, OpenError> {
        if envelope.header().kind != Kind::Enrolment {
            return Err(OpenError::Unexpected);
        }
        Ok(Self {
            message: envelope.open(crypto, key, &[])?,
            key: key.clone(),
            header: *envelope.header(),
            tag: *envelope.tag(),
        })
    }

    /// What it says.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// Seals the reply to it.
    ///
    /// # Errors
    /// [`SealError`] if the reply is too long.
    pub fn reply(
        &self,
        crypto: &impl Crypto,
        seed: &Seed,
        message: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        check(Kind::Enrolled, message.len())?;
        let header = Header {
            kind: Kind::Enrolled,
            ..self.header
        };
        let bound = (header, &self.tag);
        Ok(respond(crypto, seed, &self.key, bound, &[message]))
    }
}
