//! What a center remembers of one lane, and what it makes of the next request (chapter 14.5).
//!
//! One record for each registration, epoch and lane, which is written in the same commit as the
//! request's effect and its reply. A counter above the last one is new. Anything else is a repeat,
//! a clone, or the word of somebody whose memory went back, who is challenged.
//!
//! A center's own memory can go back as well. Each time that it is restored its *generation* rises,
//! and an epoch of an older generation believes nobody without a challenge, to its end: what was
//! said between the copy and the loss is on the line for anybody to repeat, and nobody knows how
//! far it counted. Devices rotate out of such an epoch.

use crate::crypto::{Crypto, Digest, Tag};
use crate::limits::MAIL_WINDOW;

use super::header::Lane;
use super::request::{Challenge, Nonce, Request};

/// What is remembered of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The center's generation when this epoch was handed out.
    pub generation: u32,
    /// The highest counter that was accepted; 0 before the first.
    pub counter: u64,
    /// The tag of the request that bore it.
    pub tag: Tag,
    /// In the lane of mails: bit *n* says that `counter` − *n* was accepted.
    pub seen: u64,
}

/// What a center is at present.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Present {
    /// How often it has been restored.
    pub generation: u32,
    /// What it makes nonces from; nobody else has it.
    pub secret: Digest,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It is new. Let it act; write this record, the effect and the reply in one commit.
    Accept(Received),
    /// It was accepted before: the same reply again, where the lane has replies.
    Repeated,
    /// Another message bears the counter of the last one: two senders have this secret.
    Clone,
    /// Somebody's memory went back: challenge whoever says so.
    Challenge(Challenge),
    /// In the lane of mails: too late for the window, or not believed before the next epoch.
    Late,
}

impl Received {
    /// The record of a lane in which nothing has come yet, of an epoch that was handed out in this
    /// generation of the center.
    #[must_use]
    pub const fn nothing(generation: u32) -> Self {
        Self {
            generation,
            counter: 0,
            tag: [0; 16],
            seen: 0,
        }
    }

    /// Judges a request. Nothing changes here: what changes is in the verdict.
    pub fn judge(&self, crypto: &impl Crypto, request: &Request, present: &Present) -> Verdict {
        match request.lane() {
            Lane::Conversation => self.converse(crypto, request, present),
            Lane::Mail => self.mail(request, present),
        }
    }

    fn converse(&self, crypto: &impl Crypto, request: &Request, present: &Present) -> Verdict {
        if request.counter() == self.counter {
            return self.same_counter(request);
        }
        let nonce = self.nonce(crypto, request, present);
        // spec: SEA-017
        let believed = match request.nonce() {
            Some(repeated) => *repeated == nonce,
            None => self.generation == present.generation,
        };
        // spec: SEA-012
        if believed && request.counter() > self.counter {
            return Verdict::Accept(self.last(request));
        }
        // spec: SEA-013
        let floor = self.counter;
        Verdict::Challenge(Challenge { nonce, floor })
    }

    fn mail(&self, request: &Request, present: &Present) -> Verdict {
        if request.counter() == self.counter {
            return self.same_counter(request);
        }
        if self.generation != present.generation {
            return Verdict::Late;
        }
        if let Some(ahead) = request.counter().checked_sub(self.counter) {
            let seen = u32::try_from(ahead)
                .ok()
                .and_then(|ahead| self.seen.checked_shl(ahead));
            return Verdict::Accept(Self {
                seen: seen.unwrap_or(0) | 1,
                ..self.last(request)
            });
        }
        let behind = self.counter.saturating_sub(request.counter());
        let bit = u32::try_from(behind)
            .ok()
            .and_then(|behind| 1_u64.checked_shl(behind));
        // spec: SEA-015, SEA-016
        match bit.filter(|_| behind < MAIL_WINDOW) {
            None => Verdict::Late,
            Some(bit) if self.seen & bit != 0 => Verdict::Repeated,
            Some(bit) => Verdict::Accept(Self {
                seen: self.seen | bit,
                ..*self
            }),
        }
    }

    fn same_counter(&self, request: &Request) -> Verdict {
        if *request.tag() == self.tag {
            Verdict::Repeated
        } else {
            Verdict::Clone
        }
    }

    /// This record with the request as the last one.
    fn last(&self, request: &Request) -> Self {
        Self {
            counter: request.counter(),
            tag: *request.tag(),
            ..*self
        }
    }

    /// The nonce of the challenge that this record and this center make. It is computed and kept
    /// nowhere, so that recordings that make a center challenge change nothing; and it is another
    /// as soon as the lane has moved on, or the center was restored.
    fn nonce(&self, crypto: &impl Crypto, request: &Request, present: &Present) -> Nonce {
        let header = request.header();
        let parts: [&[u8]; 7] = [
            NONCE_LABEL,
            &present.generation.to_be_bytes(),
            &header.sender,
            &header.epoch.get().to_be_bytes(),
            &[header.lane as u8],
            &self.counter.to_be_bytes(),
            &self.tag,
        ];
        let mut nonce = Nonce::default();
        let digest = crypto.hmac_sha256(&present.secret, &parts);
        for (to, from) in nonce.iter_mut().zip(digest) {
            *to = from;
        }
        nonce
    }
}

impl core::fmt::Debug for Present {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Present(generation {}, …)", self.generation)
    }
}

/// Keeps nonces apart from whatever else the secret is good for.
const NONCE_LABEL: &[u8] = b"restante challenge 1";
