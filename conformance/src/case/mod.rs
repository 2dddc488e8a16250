//! A case: what is tried, why, what it needs, and which defect it would catch.
//!
//! Cases are JSON files under `conformance/cases/<role>/<FAMILY>/`, one each, embedded in the
//! binary. Their messages are abstract: the members of the protocol's own types, without a
//! transport. The types here are the schema of those files (`conformance/case.schema.json` is made
//! from them).

mod catalogue;
mod id;
mod scenario;
mod selection;
mod step;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use catalogue::{Catalogue, CatalogueError};
pub use id::{CaseId, NotACaseId};
pub use scenario::Scenario;
pub use selection::{Selection, SelectionError};
pub(crate) use step::single;
pub use step::{
    Actor, Advance, Answer, Await, Bytes, Expect, Hand, HookStep, HttpReply, Limit, Own, Raw,
    RawReply, Repeat, RequestSeen, Seal, Send, Step,
};

use crate::hook::Verb;

/// One case, as its file holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    /// `<role>/<FAMILY>/<what-holds>`, the same as the file's path.
    pub id: CaseId,
    /// What holds where the party under test conforms, in one sentence without a full stop.
    pub title: String,
    /// Who is under test.
    pub role: Role,
    /// Which requirements a failure would break.
    #[schemars(length(min = 1))]
    pub requirements: Vec<Citation>,
    /// The cells of chapter 5's table of states and messages that the case tries, as `state × what
    /// happens`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<String>,
    /// Why it matters and what usually goes wrong, for whoever has to repair a failure.
    pub why: String,
    /// The acceptance scenario that the case plays, if it plays one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<u8>,
    /// The features that a profile has to declare for the case to apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// The binding whose own rules the case is about; absent for the core's rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,
    /// What has to be at hand.
    #[serde(default, skip_serializing_if = "Needs::is_nothing")]
    pub needs: Needs,
    /// For a case that expects a refusal: the case that differs in one thing and succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin: Option<CaseId>,
    /// The fault of the kit's own catalogue that makes this case fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub killed_by: Option<String>,
    /// What is done, in order.
    #[schemars(length(min = 1))]
    pub steps: Vec<Step>,
}

/// Who is under test.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A center: the kit plays dealer, operator, device and gateway.
    Server,
    /// A device: the kit plays the center.
    Device,
    /// An on-site gateway: the kit plays the center and the devices behind it.
    Gateway,
    /// A provider's own server: the kit plays the center and the devices that register there.
    Provider,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Server, Self::Device, Self::Gateway, Self::Provider];

    /// The word in files and on command lines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Device => "device",
            Self::Gateway => "gateway",
            Self::Provider => "provider",
        }
    }
}

impl core::fmt::Display for Role {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.word())
    }
}

/// A requirement of the specification, and the text that the case was written for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Citation {
    /// The requirement's id, such as `ENR-012`.
    pub id: String,
    /// The first eight hexadecimal digits of SHA-256 over the requirement's text.
    pub text: String,
}

/// A transport with rules of its own.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Binding {
    /// HTTP.
    Http,
    /// Sealed envelopes over HTTP without TLS.
    #[serde(rename = "http-sealed")]
    HttpSealed,
}

impl Binding {
    /// The word in files and on command lines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::HttpSealed => "http-sealed",
        }
    }
}

/// What a case needs beyond the protocol itself. What is missing makes it `untested`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Needs {
    /// How much control over the party under test.
    #[serde(skip_serializing_if = "Control::is_lowest")]
    pub control: Control,
    /// The hook verbs that the steps use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<Verb>,
    /// Whether time has to be moved.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub clock: bool,
    /// Whether the kit has to come from several addresses.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub sources: bool,
    /// Whether real sockets are needed: bytes, time-outs, TLS.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub sockets: bool,
}

impl Needs {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// How much the kit can do to the party under test besides talking to it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Control {
    /// Nothing: it answers, or polls by itself.
    #[default]
    C0,
    /// A hook enters codes, resets and power-cycles it.
    C1,
    /// The hook also reports its state and moves its time.
    C2,
}

impl Control {
    fn is_lowest(&self) -> bool {
        *self == Self::C0
    }

    /// The word in files and on command lines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::C0 => "c0",
            Self::C1 => "c1",
            Self::C2 => "c2",
        }
    }
}
