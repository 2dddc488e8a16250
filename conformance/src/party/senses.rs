//! The senses of a unit: what stands between its machine and the world, and is no machine.
//!
//! A panel takes what a person types, a writer puts messages onto the line, a reader takes replies
//! from it. The core's types admit only what is right, so that some faults can stand here alone:
//! a code that nobody checked, a reply that was read too strictly.

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
}

impl Senses {
    /// Senses that pass everything on as it is.
    pub const RIGHT: Self = Self {
        types: str::to_owned,
        says: |_, _| {},
        reads: read,
    };
}
