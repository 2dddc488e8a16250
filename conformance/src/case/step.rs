//! The steps of a case: send, mail, seal, hand, await, expect, forbid, hook, advance, answer, raw,
//! bytes and repeat.
//!
//! Where the server is under test the kit sends and the server answers; `expect` and `forbid` look
//! at the answer to the last `send`. Where a device or a gateway is under test it is the other way
//! round: `expect` waits for its next request and `answer` says what becomes of it. Messages may
//! hold `${names}` (see [`crate::script`]); what is expected is a pattern.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::hook::Verb;

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// An actor of the kit sends a message to the server.
    Send(Send),
    /// A mail is handed to the server, as its mail server does. Nothing comes back.
    Mail(crate::mail::Letter),
    /// A message is sealed in an envelope, which gets a name. Nothing is sent.
    Seal(Seal),
    /// An envelope is handed to the server, as it is or with one bit turned.
    Hand(Hand),
    /// A request that no abstract message can be: only in cases of one binding.
    Raw(Raw),
    /// Bytes on a connection of their own: only in cases of one binding.
    Bytes(Bytes),
    /// What came back, or what the party under test does next, has to fit this.
    Expect(Expect),
    /// What came back, or what the party under test does, must not fit this.
    Forbid(Expect),
    /// What becomes of the request that was expected last.
    Answer(Answer),
    /// Something is done to the party under test.
    Hook(HookStep),
    /// Time passes.
    Advance(Advance),
    /// A message is sent again and again until what comes back fits: for what a center does in its
    /// own time.
    Await(Await),
    /// Some steps over again.
    Repeat(Repeat),
}

/// Who of the kit sends.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Actor {
    /// Makes provisional codes; presents a dealer's token unless told otherwise.
    Dealer,
    /// A dealer with another account.
    OtherDealer,
    /// Runs the center; presents the operator's token unless told otherwise.
    Operator,
    /// A device; presents what `present` says.
    Device,
    /// A gateway; presents what `present` says.
    Gateway,
}

/// A message from one of the kit's actors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Send {
    /// Who sends it.
    pub from: Actor,
    /// The credential; `none` presents nothing. Absent: a dealer's or the operator's own token, and
    /// nothing for a device or gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<String>,
    /// The message: one member, the conversation's name, that holds the message's members.
    pub say: BTreeMap<String, Value>,
    /// The URL at which a device registers, where a provider has given one. Absent: the place that
    /// the center has for the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Which of the case's addresses it comes from. Absent: the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What the reader of a transcript should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A message in a sealed envelope, as a device makes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Seal {
    /// The envelope's name.
    pub named: String,
    /// The code whose secret seals it: a provisional code for an enrolment, a formal code for
    /// everything else.
    pub under: String,
    /// Its counter; none in an enrolment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<u64>,
    /// In the lane of mails.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub mail: bool,
    /// The envelope whose challenge it answers: its counter is above all that was reserved there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answering: Option<String>,
    /// The message: one member, the conversation's name, that holds the message's members.
    pub say: BTreeMap<String, Value>,
}

/// An envelope that is handed to the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hand {
    /// The envelope's name.
    pub envelope: String,
    /// Which of its bits is turned on its way, counted from the first: bit 0 is the lowest of
    /// the first byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flipped: Option<u32>,
    /// What the reader of a transcript should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An HTTP request whose parts are given one by one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Raw {
    /// The method.
    pub method: String,
    /// Path and query; where a provider is under test, a whole URL.
    pub path: String,
    /// Header fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body: a text as it is, anything else as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Which of the case's addresses it comes from. Absent: the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What the reader of a transcript should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Bytes as they go over a connection of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bytes {
    /// What is written, piece by piece.
    pub write: Vec<String>,
    /// Which of the server's declared limits this is about: the other times follow from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// How many milliseconds lie between two pieces; thousandths of the limit, where one is named.
    #[serde(default)]
    pub pause: u32,
    /// Within how many seconds the server has to answer or to close the connection. Where a limit
    /// is named, it is that, and whatever lateness the profile allows.
    #[serde(default)]
    pub within: u32,
    /// Without TLS, whatever the target's address says.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub plain: bool,
    /// What the reader of a transcript should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How long a server gives its peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Limit {
    /// For the TLS handshake.
    Handshake,
    /// For the head of a request.
    Head,
    /// For the body of a request.
    Body,
}

/// A pattern for what came back or what happens next. Exactly one member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Expect {
    /// The server accepted; one member, the reply's name, that holds a pattern.
    Reply(BTreeMap<String, Value>),
    /// The server refused; a pattern for the refusal.
    Refusal(Value),
    /// A sealed envelope came back, which opens as the reply to the one that was handed over last;
    /// a pattern for an object with `bytes` (the envelope as base64url) and one of `reply`,
    /// `refusal` and `challenge`.
    Sealed(Value),
    /// One of several, the first that fits.
    OneOf(Vec<Expect>),
    /// The answer in HTTP's own terms.
    Http(HttpReply),
    /// The connection ended without an answer.
    Closed {},
    /// The party under test sends this request next.
    Request(RequestSeen),
    /// The hook reports this state; a pattern.
    State(Value),
}

/// An HTTP answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct HttpReply {
    /// The status, or one of several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub status: Vec<u16>,
    /// Header fields, in lower case, with patterns.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Value>,
    /// A pattern for the number of bytes of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Value>,
    /// A pattern for the body as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// A request of the party under test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestSeen {
    /// One member, the conversation's name, that holds a pattern.
    pub say: BTreeMap<String, Value>,
    /// A pattern for the credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<Value>,
    /// A pattern for the request in HTTP's terms: `method`, `path`, `headers`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<Value>,
    /// It has to come within so many seconds, and no other request before it.
    pub within: u32,
    /// Others may come before it after all; each is answered as a center should.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub after_others: bool,
}

/// What becomes of a request of the party under test. Exactly one member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// The center acts on it and answers as a center should.
    Rightly(Own),
    /// The center acts on it, and its reply gets lost.
    Lost(Own),
    /// It gets lost before the center sees it.
    Dropped {},
    /// With this refusal; the center does not act on it.
    Refuse(Value),
    /// With this reply instead of the center's own; the center does not act on it.
    Reply(BTreeMap<String, Value>),
    /// As a center should, with these members put over the reply's own.
    Amended(Value),
    /// With bytes that are no message; the center does not act on it.
    Garbage {},
    /// With this response in HTTP's own terms; the center does not act on it.
    Http(RawReply),
    /// With this reply of a mail server to which a mail was handed over.
    Smtp(u16),
}

/// An answer that the kit's own center made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Own {
    /// Names for parts of it: a pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bind: Option<Value>,
}

/// A response in HTTP's own terms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawReply {
    /// The status.
    pub status: u16,
    /// Header fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body: a text as it is, anything else as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Whether 70,000 spaces follow the body, which makes it too large to take.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub endless: bool,
}

/// Something done to the party under test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HookStep {
    /// What.
    pub verb: Verb,
    /// With what; names are filled in.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub with: Value,
    /// A pattern for what the hook answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives: Option<Value>,
}

/// Time passes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Advance {
    /// How many seconds; fewer than none only for a jump.
    pub seconds: i64,
    /// The clock is set, and no time has passed.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub jump: bool,
    /// What the reader of a transcript should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A message that is sent again and again until what comes back fits, with longer pauses. Where
/// the kit moves the center's clock, that moves in the pauses; elsewhere they are waited for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Await {
    /// The message. Sending it again has to be harmless.
    pub send: Send,
    /// What has to come back in the end.
    pub expect: Expect,
    /// Within so many seconds.
    pub within: u32,
}

/// Some steps over again, `${n}` counting from 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Repeat {
    /// How often.
    pub times: u32,
    /// What.
    pub steps: Vec<Step>,
}

impl Send {
    /// The conversation's name and the message's members.
    #[must_use]
    pub fn message(&self) -> Option<(&str, &Value)> {
        single(&self.say)
    }
}

/// The one member of a map that has to have exactly one.
#[must_use]
pub(crate) fn single(map: &BTreeMap<String, Value>) -> Option<(&str, &Value)> {
    match (map.len(), map.iter().next()) {
        (1, Some((name, value))) => Some((name.as_str(), value)),
        _ => None,
    }
}
