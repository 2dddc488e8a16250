//! A device's side of one lane: its counters, and the one request that waits (chapter 14.4).
//!
//! ```text
//!            seal                      reply
//!   Idle ───────────▶ Waiting ───────────────▶ Idle
//!                        │  give up ─────────▶ Idle
//!                        │  challenge
//!                        ▼
//!                   Challenged ── seal (as an answer, from a block of its own) ──▶ Waiting
//! ```
//!
//! Counters are reserved in blocks: [`Sender::reserve`] says what has to be kept, and
//! [`Sender::reserved`] that it has been. A block that a power cut interrupts is never touched
//! again. In the lane of mails nothing waits, and every state is Idle.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::code::FormalCode;
use crate::crypto::Crypto;
use crate::entropy::Seed;
use crate::id::Epoch;
use crate::limits::{COUNTERS_RESERVED, COUNTERS_RESERVED_MAIL};

use super::envelope::{Envelope, SealError, check, seal};
use super::header::{Header, Kind, Lane};
use super::key::{OpenError, SealingKey};
use super::request::{Challenge, FRESH, Nonce};
use super::waiting::{Response, Waiting};

/// One lane of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    key: SealingKey,
    lane: Lane,
    kept: Kept,
    next: u64,
    /// The epoch in which a challenge has come that is not kept yet.
    challenged: Option<Epoch>,
    state: State,
}

/// What a device keeps of a lane in non-volatile memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// The first counter that is not reserved: none from here on has been used.
    pub until: u64,
    /// The epoch in which the device has been challenged, if it has: it rotates out of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenged: Option<Epoch>,
}

/// What came of an envelope from the center.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The reply to the request that waited.
    Reply(Vec<u8>),
    /// The center asks for the request again: seal it anew and send it.
    Challenged,
}

/// Why nothing is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SenderError {
    /// Counters have to be reserved first.
    #[error("no counter is reserved; reserve some, keep that, and seal again")]
    Unreserved,
    /// A request waits for its reply.
    #[error("a request waits for its reply; give it up first")]
    Waiting,
    /// There is no counter left, after 2^64 messages.
    #[error("no counter is left in this registration")]
    Exhausted,
    /// The message is too long.
    #[error(transparent)]
    TooLong(#[from] SealError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Waiting(Waiting),
    Challenged(Nonce),
}

impl Sender {
    /// A lane in which nothing has been sealed with this registration.
    #[must_use]
    pub const fn new(code: &FormalCode, lane: Lane) -> Self {
        let kept = Kept {
            until: 1,
            challenged: None,
        };
        Self::restore(code, lane, kept)
    }

    /// A lane after a boot. The rest of the last block stays unused.
    #[must_use]
    pub const fn restore(code: &FormalCode, lane: Lane, kept: Kept) -> Self {
        Self {
            key: SealingKey::formal(code),
            lane,
            next: if kept.until == 0 { 1 } else { kept.until },
            challenged: kept.challenged,
            kept,
            state: State::Idle,
        }
    }

    /// What has to be kept before more is sealed: a block of counters that follows all others.
    ///
    /// # Errors
    /// [`SenderError::Exhausted`] if there is no counter left.
    pub fn reserve(&self) -> Result<Kept, SenderError> {
        let block = match self.lane {
            Lane::Conversation => COUNTERS_RESERVED,
            Lane::Mail => COUNTERS_RESERVED_MAIL,
        };
        let until = self.next.max(self.kept.until).checked_add(block);
        Ok(Kept {
            until: until.ok_or(SenderError::Exhausted)?,
            challenged: self.challenged,
        })
    }

    /// What [`Sender::reserve`] said has been kept.
    pub fn reserved(&mut self, kept: Kept) {
        if kept.until > self.kept.until {
            self.kept = kept;
        }
    }

    /// Whose lane it is, and under which secret it seals at present.
    #[must_use]
    pub const fn key(&self) -> &SealingKey {
        &self.key
    }

    /// What has been kept last.
    #[must_use]
    pub const fn kept(&self) -> Kept {
        self.kept
    }

    /// Seals a message: as an answer, if the center has challenged.
    ///
    /// # Errors
    /// [`SenderError`] says what stands in the way; nothing has changed.
    pub fn seal(
        &mut self,
        crypto: &impl Crypto,
        seed: &Seed,
        message: &[u8],
    ) -> Result<Vec<u8>, SenderError> {
        let (kind, parts): (Kind, [&[u8]; 2]) = match &self.state {
            State::Waiting(_) => return Err(SenderError::Waiting),
            State::Idle => (Kind::Request, [&[], message]),
            State::Challenged(nonce) => (Kind::Answer, [nonce, message]),
        };
        let bytes = parts.iter().map(|part| part.len()).sum();
        check(kind, bytes)?;
        if self.next >= self.kept.until || self.challenged != self.kept.challenged {
            return Err(SenderError::Unreserved);
        }
        let after = self.next.checked_add(1).ok_or(SenderError::Exhausted)?;
        let header = Header {
            kind,
            epoch: self.key.epoch(),
            lane: self.lane,
            sender: *self.key.sender(),
            counter: self.next,
            salt: [0; 16],
        };
        let fresh = seed.draw(crypto, FRESH, 0);
        let (envelope, tag) = seal(crypto, &self.key, (header, &[]), &fresh, &parts);
        if self.lane == Lane::Conversation {
            self.state = State::Waiting(Waiting::new(header, tag));
        }
        self.next = after;
        Ok(envelope)
    }

    /// Opens what the center has sent. Anything but the reply to the request that waits, or a
    /// challenge of it, leaves everything as it is.
    ///
    /// # Errors
    /// [`OpenError`] if it is anything else.
    pub fn open(
        &mut self,
        crypto: &impl Crypto,
        envelope: &Envelope<'_>,
    ) -> Result<Answer, OpenError> {
        let State::Waiting(waiting) = &self.state else {
            return Err(OpenError::Unexpected);
        };
        match waiting.open(crypto, &self.key, envelope)? {
            Response::Reply(message) => {
                self.state = State::Idle;
                Ok(Answer::Reply(message))
            }
            Response::Challenge(challenge) => {
                self.challenged(&challenge);
                Ok(Answer::Challenged)
            }
        }
    }

    /// Stops waiting. The request may act yet, or have acted; its reply is not taken any more.
    pub const fn give_up(&mut self) {
        self.state = State::Idle;
    }

    /// Goes on under another formal code of the same registration. The counters go on as well, so
    /// that none is used twice should the device return to the former code.
    pub const fn go_on_with(&mut self, code: &FormalCode) {
        self.key = SealingKey::formal(code);
        self.state = State::Idle;
    }

    /// Whether the device has been challenged under the present formal code, and has to rotate.
    #[must_use]
    pub fn has_to_rotate(&self) -> bool {
        self.challenged == Some(self.key.epoch())
    }

    /// Everything up to the floor may have been used in a past that this memory has lost, and the
    /// rest of the block as well: the answer begins a block of its own.
    fn challenged(&mut self, challenge: &Challenge) {
        let above = challenge.floor.saturating_add(1);
        self.next = self.kept.until.max(above);
        self.challenged = Some(self.key.epoch());
        self.state = State::Challenged(challenge.nonce);
    }
}
