//! The senses of a unit: what stands between its machine and the world, and is no machine.
//!
//! A panel takes what a person types, a writer puts messages onto the line, a reader takes replies
//! from it. The core's types admit only what is right, so that some faults can stand here alone:
//! a code that nobody checked, a reply that was read too strictly.

use restante_core::wire::PollRequest;

use crate::line::Response;
use crate::run::Asked;

use super::reading::{Read, read};

/// How a unit passes things on.
#[derive(Clone, Copy, Debug)]
pub struct Senses {
    /// What the panel makes of what a person types.
    pub types: fn(&str) -> String,
    /// Alters a message as it goes out; given with what was typed last.
    pub says: fn(&str, &mut Asked),
    /// Reads a response to this conversation, of at most so many bytes.
    pub reads: fn(&str, &Response, Option<usize>) -> Read,
    /// Reads the link by which somebody asks it to poll.
    pub asked: fn(&str) -> Option<PollRequest>,
    /// With which status it answers whoever asks it on the LAN to poll, given whether it acts.
    pub answers: fn(bool) -> u16,
}

impl Senses {
    /// Senses that pass everything on as it is.
    pub const RIGHT: Self = Self {
        types: str::to_owned,
        says: |_, _| {},
        reads: read,
        asked: PollRequest::read,
        answers: |_| 204,
    };
}
