//! The hook: a vendor's small program through which the kit does to the party under test what the
//! protocol does not: switch it on, reset it, type a code, move its clock, read its display.
//!
//! One JSON object per line, on standard input and output. The kit writes `{"id": 1, "version": 1,
//! "verb": "enter-code", "with": {…}}`; the hook answers `{"id": 1, "ok": {…}}`, `{"id": 1,
//! "unsupported": "why"}` or `{"id": 1, "error": "what"}`. The first verb is one that nobody knows:
//! a hook that claims to know it would claim anything, and the run ends there.
//!
//! Where a case is about what a gateway says on its LAN, the kit plays the children itself.
//! `set-children` then holds `addresses`, for each child the `address` (host and port) where the
//! kit serves its `self` and `carry-out`, and the `record` of its answer to a general call (section
//! 8.1 of the specification), with whatever is wrong with it. A hook that has its gateway find them
//! there, by DNS-SD or directly, answers `{"announced": true}`; with any other answer the case goes
//! untested. The gateway has to be able to reach the kit's own machine (127.0.0.x).
//!
//! Where a case is about mails, a center's hook is asked to `mail`: `mail` holds a whole mail in
//! base64, which it hands to the center as the center's mail server would, and answers once the
//! center is done with it, whatever came of it.
//!
//! Where a case is about poll requests, the kit itself asks the party, and plays its peers. A hook
//! whose party takes poll requests says in the answer to `start` where: `{"polling":
//! "https://127.0.0.1:8443"}`, or `http`. The party has to be able to reach the kit's own machine.
//!
//! Where a case is about a device that registers by mail, `start` holds `mail`: the `server` to
//! which mails are handed over (host and port; the kit listens there, by SMTP without TLS), `from`
//! and `to`, the addresses of the device and of the center, and in `tls` whether a connection
//! without TLS is refused, as it is unless a person says otherwise. The hook sets all that as a
//! person would at the panel.
//!
//! A provider's hook is told at `start` also the `token` to present, and starts the provider as
//! new, with nothing in its store, to dial the `center` at least every 20 seconds. It answers with
//! the `service` that the center knows it by and the `url` at which devices register for it, and,
//! where they are not the system's and this machine's, with the `certificates` (PEM) by which the
//! kit knows it and with what time it has (`now`, RFC 3339). A verb that the provider has no use
//! for is `unsupported`.

mod child;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use child::ChildHook;

/// The version of the lines.
pub const HOOK_VERSION: u32 = 1;

/// What a hook can be asked to do.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Switch the party under test on, as new. It is told the center's URL and the certificate to
    /// trust, and a provider its token.
    Start,
    /// Switch it off and on again; `factory: true` also clears what it keeps. A center is then as
    /// it was set up, and the answer holds a token of its operator, where it is another one:
    /// `{"operator": "…"}`.
    Reset,
    /// Type a provisional code (and the center's address) as a person would.
    EnterCode,
    /// Move its clock by `seconds`.
    Advance,
    /// Say what its display and its memory say.
    State,
    /// A reading changes: `status` holds a device's state, reasons and counters.
    SetStatus,
    /// The LAN is numbered anew: its address is `address` from now on, also after `reset`.
    SetAddress,
    /// The devices behind a gateway are these; with `addresses`, the kit plays them there.
    SetChildren,
    /// A person asks for a new formal code, or to leave.
    Ask,
    /// Switch it off.
    Stop,
    /// Hand a mail to the center under test.
    Mail,
    /// Ask it on its LAN to poll. The kit does that itself, and no hook is asked.
    PollRequest,
    /// Say otherwise as the mail server of its site: `says` a reply, or nothing and the connection
    /// ends, `at` a moment of each conversation; the kit does that itself, and no hook is asked.
    MailServer,
}

impl Request {
    /// What to do.
    ///
    /// # Errors
    /// What a hook answers to a verb that it does not know.
    pub fn known_verb(&self) -> Result<Verb, Outcome> {
        let known = Verb::ALL.into_iter().find(|verb| verb.word() == self.verb);
        known.ok_or_else(|| Outcome::Unsupported(format!("it does not know {:?}", self.verb)))
    }
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Start,
        Self::Reset,
        Self::EnterCode,
        Self::Advance,
        Self::State,
        Self::SetStatus,
        Self::SetAddress,
        Self::SetChildren,
        Self::Ask,
        Self::Stop,
        Self::Mail,
        Self::PollRequest,
        Self::MailServer,
    ];

    /// The word on the line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Reset => "reset",
            Self::EnterCode => "enter-code",
            Self::Advance => "advance",
            Self::State => "state",
            Self::SetStatus => "set-status",
            Self::SetAddress => "set-address",
            Self::SetChildren => "set-children",
            Self::Ask => "ask",
            Self::Stop => "stop",
            Self::Mail => "mail",
            Self::PollRequest => "poll-request",
            Self::MailServer => "mail-server",
        }
    }
}

/// A line to the hook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Comes back with the answer.
    pub id: u64,
    /// [`HOOK_VERSION`].
    pub version: u32,
    /// What to do.
    pub verb: String,
    /// With what.
    #[serde(default)]
    pub with: Value,
}

/// What a hook answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Done.
    Ok(Value),
    /// It cannot do that, for this reason.
    Unsupported(String),
    /// It tried and failed.
    Error(String),
}

/// A line from the hook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The request's id.
    pub id: u64,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Why a hook cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HookError {
    /// The program did not start.
    #[error("cannot start the hook {command:?}: {why}")]
    NotStarted {
        /// The command.
        command: String,
        /// What the system says.
        why: std::io::Error,
    },
    /// The program ended or closed its output.
    #[error("the hook ended while it was asked to {0}")]
    Gone(String),
    /// No answer in time.
    #[error("the hook did not answer {verb} within {seconds} s")]
    Silent {
        /// What it was asked.
        verb: String,
        /// How long the kit waited.
        seconds: u64,
    },
    /// A line that is no answer.
    #[error("the hook answered {verb} with {line:?}, which is no answer: {why}")]
    Unreadable {
        /// What it was asked.
        verb: String,
        /// What it wrote.
        line: String,
        /// What is wrong with it.
        why: String,
    },
    /// It claims to know what nobody knows.
    #[error(
        "the hook answered the unknown verb {verb:?} with {answer} instead of unsupported; \
         its answers prove nothing"
    )]
    ClaimsAnything {
        /// The verb, drawn at random.
        verb: String,
        /// What it answered.
        answer: String,
    },
    /// It says that it failed.
    #[error("the hook could not {verb}: {why}")]
    Failed {
        /// What it was asked.
        verb: String,
        /// What it says.
        why: String,
    },
}
