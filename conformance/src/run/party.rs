//! A device or a gateway as the party under test: what the kit sees of it and does to it.
//!
//! The kit's own center stands behind every implementation of this trait. A request of the party is
//! held until the case says what becomes of it, so that a reply can be lost exactly where it hurts.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::hook::{self, HookError, Verb};
use crate::line::{self, Pending};

/// A request that the party has sent and that waits for an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The conversation's name.
    pub conversation: String,
    /// The message's members.
    pub message: Value,
    /// The credential, without its scheme.
    pub credential: Option<String>,
    /// As HTTP carried it, where it did.
    pub http: Option<line::Request>,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Reaction {
    /// The kit's center decides, and its answer is delivered.
    Deliver,
    /// The kit's center decides, and its answer gets lost.
    Lose,
    /// The kit's center decides, and these members are put over its reply's own.
    Amend(Value),
    /// The center never sees it.
    Drop,
    /// The center does not see it, and this refusal is delivered.
    Refuse(Value),
    /// The center does not see it, and this reply is delivered.
    Reply(BTreeMap<String, Value>),
    /// The center does not see it, and bytes that are no message are delivered.
    Garbage,
    /// The center does not see it, and this is delivered, as HTTP carries it.
    Raw(Box<line::Response>),
}

/// Why the kit cannot go on with a party.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PartyError {
    /// The hook does not work.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// The kit's own center failed.
    #[error("the kit's own center failed: {0}")]
    Center(String),
    /// The party broke a rule that no step of the case had to look for.
    #[error("{0}")]
    Broke(String),
}

/// A device or a gateway under test.
pub trait Party: Send {
    /// Does something to it.
    fn act(&mut self, verb: Verb, with: Value) -> Pending<'_, Result<hook::Outcome, PartyError>>;

    /// Waits for its next request, at most so many seconds of its own time; with the request, after
    /// how many of them it came.
    fn next(&mut self, within: u32) -> Pending<'_, Result<Option<(Asked, u32)>, PartyError>>;

    /// Where it can be sent to register for a service, without a path: `https://` and a host name,
    /// perhaps a port. None where it could not find the kit by a name.
    fn service(&self) -> Option<String>;

    /// Where peers of it listen that it can be told to call: hosts, perhaps with a port. None where
    /// it could not reach the kit's.
    fn peers(&self) -> Vec<String>;

    /// Says what becomes of the request that waits. What the kit's center decided, if it was asked.
    fn answer(&mut self, reaction: Reaction) -> Pending<'_, Result<Option<Value>, PartyError>>;
}
