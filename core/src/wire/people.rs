//! What people and their programs say to the center: dealers, administrators and operators.
//!
//! These conversations run between programs with clocks and full JSON libraries, so that they use
//! dates where device messages use durations. Every list comes in pages; `after` continues where
//! the page before ended.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::code::AccessToken;
use crate::id::{
    AccountName, CustomerId, DeviceId, GrantId, InstructionId, LanAddress, Model, Note,
    RegistrationId, Serial, TokenId, UserName, Vendor,
};
use crate::time::{Seconds, Timestamp};

use super::devices::FunctionSet;
use super::instruct::{CancelInstruction, Instruct, Instructed, InstructionRow, ListInstructions};
use super::plan::{ListPollLinks, PlanPolls, PollLinkRow, PollPlan};
use super::provider::{ProviderReply, ProviderRequest};
use super::services::{ServicesReply, ServicesRequest};
use super::status::{Counters, DeviceState, StateReason};

/// What a person or a program asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum PeopleRequest {
    /// Dealer: make a provisional code.
    IssueCode(IssueCode),
    /// Dealer: which codes have I made?
    ListCodes(ListCodes),
    /// Dealer: this code is to be refused from now on.
    RevokeCode(RevokeCode),
    /// Operator: make an access token.
    IssueToken(IssueToken),
    /// Operator: which tokens are there?
    ListTokens(ListTokens),
    /// Operator: this token is to be refused from now on.
    RevokeToken(RevokeToken),
    /// Dealer, administrator, operator: which devices does the customer hold?
    ListDevices(ListDevices),
    /// Dealer, administrator, operator: the readings of one device.
    ListReadings(ListReadings),
    /// Operator, administrator: devices are to do something.
    Instruct(Instruct),
    /// Operator, administrator: what has a device been told, and what became of it?
    ListInstructions(ListInstructions),
    /// Operator, administrator: an instruction is not to be carried out after all.
    CancelInstruction(CancelInstruction),
    /// Operator: the clock is right after all; judge expiry by it again.
    AcceptClock(AcceptClock),
    /// Services: what there is, who may use it, and that devices are to start.
    Services(ServicesRequest),
    /// Administrator, operator: how chosen devices are to be made to poll.
    PlanPolls(PlanPolls),
    /// Administrator, operator: the links of a plan.
    ListPollLinks(ListPollLinks),
    /// Provider: what has been handed over, and what became of it at the provider's own server.
    Provider(ProviderRequest),
}

/// What the center answers to a [`PeopleRequest`] that it accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum PeopleReply {
    /// To [`PeopleRequest::IssueCode`].
    CodeIssued(CodeIssued),
    /// To [`PeopleRequest::ListCodes`].
    Codes(Page<CodeRow, GrantId>),
    /// To [`PeopleRequest::RevokeCode`]: the code as it is now.
    CodeRevoked(CodeRow),
    /// To [`PeopleRequest::IssueToken`].
    TokenIssued(TokenIssued),
    /// To [`PeopleRequest::ListTokens`].
    Tokens(Page<TokenRow, TokenId>),
    /// To [`PeopleRequest::RevokeToken`]: the token as it is now.
    TokenRevoked(TokenRow),
    /// To [`PeopleRequest::ListDevices`].
    Devices(Page<DeviceRow, DeviceId>),
    /// To [`PeopleRequest::ListReadings`].
    Readings(Page<Reading, u32>),
    /// To [`PeopleRequest::Instruct`].
    Instructed(Instructed),
    /// To [`PeopleRequest::ListInstructions`].
    Instructions(Page<InstructionRow, InstructionId>),
    /// To [`PeopleRequest::CancelInstruction`]: the instruction as it is now.
    InstructionCancelled(InstructionRow),
    /// To [`PeopleRequest::AcceptClock`].
    ClockAccepted(ClockAccepted),
    /// To [`PeopleRequest::Services`].
    Services(ServicesReply),
    /// To [`PeopleRequest::PlanPolls`].
    PollsPlanned(PollPlan),
    /// To [`PeopleRequest::ListPollLinks`].
    PollLinks(Page<PollLinkRow, u32>),
    /// To [`PeopleRequest::Provider`].
    Provider(ProviderReply),
}

/// A part of a list, in the list's own order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "PageOf{T}")
)]
#[serde(rename_all = "camelCase")]
pub struct Page<T, After> {
    /// The rows, at most 100.
    pub rows: Vec<T>,
    /// Where the next page begins, if there is one: the `after` to ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<After>,
}

/// A point in time as people write it: RFC 3339 in UTC, such as `2026-11-21T08:30:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(pub Timestamp);

impl DateTime {
    /// The text form. Milliseconds are written where there are any.
    #[must_use]
    pub fn to_text(self) -> String {
        let nanos = i128::from(self.0.as_millis()).saturating_mul(1_000_000);
        OffsetDateTime::from_unix_timestamp_nanos(nanos)
            .ok()
            .and_then(|at| at.format(&Rfc3339).ok())
            .unwrap_or_else(|| "9999-12-31T23:59:59Z".into())
    }

    /// Reads the text form, in any offset.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let millis = at.unix_timestamp_nanos().checked_div(1_000_000)?;
        Some(Self(Timestamp::from_millis(u64::try_from(millis).ok()?)))
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::from_text(&text)
            .ok_or_else(|| de::Error::custom("a date and time such as 2026-11-21T08:30:00Z"))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for DateTime {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "DateTime".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// What a person or a program is to the center. Each role sees only its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Role {
    /// Installs devices and makes provisional codes.
    Dealer,
    /// Runs a customer's devices.
    Administrator,
    /// Looks after a customer's supplies and repairs.
    Manager,
    /// Runs a service that devices may use.
    Provider,
    /// Owns rules and software at the manufacturer.
    Engineer,
    /// Runs the center.
    Operator,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Dealer,
        Self::Administrator,
        Self::Manager,
        Self::Provider,
        Self::Engineer,
        Self::Operator,
    ];

    /// The word on the wire and on command lines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dealer => "dealer",
            Self::Administrator => "administrator",
            Self::Manager => "manager",
            Self::Provider => "provider",
            Self::Engineer => "engineer",
            Self::Operator => "operator",
        }
    }

    /// Whether tokens of this role belong to one customer.
    #[must_use]
    pub const fn is_of_a_customer(self) -> bool {
        matches!(self, Self::Administrator | Self::Manager)
    }
}

/// "Make a provisional code for this user."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct IssueCode {
    /// The authorized user: all that must be entered.
    pub user: UserName,
    /// How long the code is valid; seven days if absent, one minute at least, ninety days at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity: Option<Seconds>,
    /// How many devices it may register; the operator's ceiling if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// What the dealer wants to remember about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

/// "This is the code." It is shown this once and kept by nobody.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CodeIssued {
    /// The code, in five groups.
    pub code: String,
    /// What the center keeps of it.
    pub row: CodeRow,
}

impl fmt::Debug for CodeIssued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeIssued")
            .field("code", &'…')
            .field("row", &self.row)
            .finish()
    }
}

/// What the center keeps of a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CodeRow {
    /// Its id: what it is listed and revoked by.
    pub grant: GrantId,
    /// The authorized user.
    pub user: UserName,
    /// The customer whose holdings its devices become.
    pub customer: CustomerId,
    /// Whether it still opens anything.
    pub state: CodeState,
    /// When it was made.
    pub issued: DateTime,
    /// When it runs out.
    pub expires: DateTime,
    /// How many devices it may register.
    pub limit: u32,
    /// How many of them are registered and wait for the formal code's first use.
    pub pending: u32,
    /// How many of them have been registered for good.
    pub used: u32,
    /// What the dealer wanted to remember.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

/// Whether a code still opens anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum CodeState {
    /// It does.
    Valid,
    /// All its slots are taken.
    Exhausted,
    /// Its time has run out.
    Expired,
    /// The dealer or the operator has ended it.
    Revoked,
}

/// "Which codes have I made?" Oldest first; expired ones are listed until they are swept away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ListCodes {
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<GrantId>,
}

/// "This code is to be refused from now on." Registered devices stay registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RevokeCode {
    /// Which code.
    pub grant: GrantId,
}

/// "Make an access token."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct IssueToken {
    /// What it may do.
    pub role: Role,
    /// Whose it is.
    pub account: AccountName,
    /// Whose devices an administrator's or a manager's token is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// How long it is valid; until it is revoked if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity: Option<Seconds>,
}

/// "This is the token." It is shown this once; the center keeps a keyed hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TokenIssued {
    /// The token.
    pub token: AccessToken,
    /// What the center keeps of it.
    pub row: TokenRow,
}

/// What the center keeps of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TokenRow {
    /// Its id: what it is listed and revoked by.
    pub token: TokenId,
    /// What it may do.
    pub role: Role,
    /// Whose it is.
    pub account: AccountName,
    /// Whose devices it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// When it was made.
    pub issued: DateTime,
    /// When it runs out, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<DateTime>,
    /// When it was revoked, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<DateTime>,
}

/// "Which tokens are there?"
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ListTokens {
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<TokenId>,
}

/// "This token is to be refused from now on."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RevokeToken {
    /// Which token.
    pub token: TokenId,
}

/// "Which devices does the customer hold?"
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ListDevices {
    /// The customer; absent where the token belongs to one. A dealer may name a user instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// A dealer's own user, instead of the customer's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserName>,
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<DeviceId>,
}

/// One device that a customer holds, with its latest reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeviceRow {
    /// Its id.
    pub device: DeviceId,
    /// The customer that holds it.
    pub customer: CustomerId,
    /// Who made it.
    pub vendor: Vendor,
    /// Its model name.
    pub model: Model,
    /// Its serial number.
    pub serial: Serial,
    /// What it can do.
    pub functions: FunctionSet,
    /// The authorized user it was registered for.
    pub user: UserName,
    /// Its address on its own LAN, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<LanAddress>,
    /// The registration that speaks for it, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<RegistrationId>,
    /// When it was registered first.
    pub since: DateTime,
    /// Its latest reading, if it has reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<Reading>,
}

/// "The readings of this device", newest first. The center keeps the latest 400 of each device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ListReadings {
    /// The device.
    pub device: DeviceId,
    /// Its customer; absent where the token belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u32>,
}

/// What a device reported, with its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Reading {
    /// When the readings were taken: the time of receipt less the age that the device stated.
    pub taken: DateTime,
    /// When the center received them.
    pub received: DateTime,
    /// The device's boot number.
    pub boot: u32,
    /// The report's number within the boot.
    pub seq: u32,
    /// Whether the device worked.
    pub state: DeviceState,
    /// Why it was in that state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<StateReason>,
    /// What it had done so far.
    pub counters: Counters,
}

/// "The clock is right after all."
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AcceptClock {}

/// "Expiry is judged by this time from now on."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClockAccepted {
    /// The center's time.
    pub now: DateTime,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn a_log_line_never_shows_the_code_that_was_issued() {
        let text = r#"{"code":"a secret","row":{"grant":"grt-5cfvd0sryz3zd8rm6hemxr9p1g","user":"Miller",
            "customer":"cus-5cfvd0sryz3zd8rm6hemxr9p1g","state":"valid","issued":"2026-11-21T08:30:00Z",
            "expires":"2026-11-28T08:30:00Z","limit":1,"pending":0,"used":0}}"#;
        let issued: CodeIssued = serde_json::from_str(text).expect("a message");
        assert_eq!(issued.code, "a secret");
        let shown = format!("{issued:?}");
        assert!(shown.contains("code: '…'"), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}
