//! Every message by name: its JSON Schema and its examples.
//!
//! The list is the one place that names a message for files and chapters. A schema is made from the
//! type that the code parses with, an example is a value of that type, so that neither can say what
//! the code does not do. Members are sorted in schemas, whose order means nothing, and stand in the
//! type's own order in examples, which people read.

use restante_core::wire::instruct::{
    CancelInstruction, Instruct, Instructed, InstructionRow, ListInstructions,
};
use restante_core::wire::json::{self, JsonError};
use restante_core::wire::people::{
    AcceptClock, ClockAccepted, CodeIssued, CodeRow, DeviceRow, IssueCode, IssueToken, ListCodes,
    ListDevices, ListReadings, ListTokens, Page, Reading, RevokeCode, RevokeToken, TokenIssued,
    TokenRow,
};
use restante_core::wire::plan::{ListPollLinks, PlanPolls, PollLinkRow, PollPlan};
use restante_core::wire::provider::{
    CodesGiven, EntitlementsReported, GiveCodes, HandoverRow, HandoversSettled, ListHandovers,
    ReportEntitlements, SettleHandovers,
};
use restante_core::wire::services::{
    ApplicationRow, Applied, Apply, CancelApplication, Choose, DefineService, EntitlementRow,
    ListApplications, ListEntitlements, ListServices, ListTargets, ServiceRow, StopUse, TargetRow,
    UseStopped,
};
use restante_core::wire::site::{CarriedOut, CarryOut, SelfDescription};
use restante_core::wire::{
    Acknowledge, Acknowledged, AddDevices, DevicesAdded, DevicesRemoved, Enrol, Enrolled, Leave,
    Left, Mailbox, Mailed, Poll, PollReply, Refusal, Register, Registered, RemoveDevices,
    ReportStatus, Rotate, Rotated, StatusReported,
};
use restante_http::problem::Problem;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::examples::{device, people, plan, provider, services, site};

/// One kind of message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its name in the chapters and the name of its files, such as `report-status`.
    pub name: &'static str,
    /// Its JSON Schema (draft 2020-12).
    pub schema: Value,
    /// Its examples, the plainest first.
    pub examples: Vec<Example>,
    read_back: fn(&[u8]) -> Result<String, JsonError>,
}

/// One message as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The name of its file, without `.json`.
    pub name: String,
    /// Its JSON, laid out for people.
    pub text: String,
}

impl Message {
    fn of<T: JsonSchema + Serialize + DeserializeOwned>(name: &'static str, value: &T) -> Self {
        let read_back = |bytes: &[u8]| json::parse::<T>(bytes).map(|value| pretty(&value));
        let schema = schema::<T>(name);
        let examples = Vec::new();
        Self {
            name,
            schema,
            examples,
            read_back,
        }
        .and(name, value)
    }

    fn and<T: Serialize>(mut self, name: &str, value: &T) -> Self {
        let (name, text) = (name.to_owned(), pretty(value));
        self.examples.push(Example { name, text });
        self
    }

    /// Reads bytes as this message, as a center or a device would, and lays them out again.
    ///
    /// # Errors
    /// [`JsonError`] says why the bytes are not such a message.
    pub fn read_back(&self, bytes: &[u8]) -> Result<String, JsonError> {
        (self.read_back)(bytes)
    }
}

/// Every message of this version: between devices and the center, on a site, people's, those about
/// services and poll requests, and a provider's.
#[must_use]
pub fn messages() -> Vec<Message> {
    let mut all = device_messages();
    all.extend(site_messages());
    all.extend(people_messages());
    all.extend(service_messages());
    all.extend(plan_messages());
    all.extend(provider_messages());
    all
}

fn device_messages() -> Vec<Message> {
    vec![
        Message::of::<Enrol>("enrol", &device::enrol_panel())
            .and("enrol-gateway", &device::enrol_gateway()),
        Message::of::<Enrolled>("enrolled", &device::enrolled_panel())
            .and("enrolled-gateway", &device::enrolled_gateway()),
        Message::of::<Poll>("poll", &device::poll_first())
            .and("poll-again", &device::poll_again())
            .and("poll-requested", &device::poll_requested()),
        Message::of::<PollReply>("polled", &device::polled())
            .and("polled-unchanged", &device::polled_unchanged()),
        Message::of::<Mailbox>("mailbox", &device::mailbox())
            .and("mailbox-waiting", &device::mailbox_waiting())
            .and("mailbox-calls", &device::mailbox_calls()),
        Message::of::<Acknowledge>("acknowledge", &device::taken())
            .and("acknowledge-done", &device::carried_out()),
        Message::of::<Acknowledged>("acknowledged", &device::acknowledged()),
        Message::of::<ReportStatus>("report-status", &device::report_panel())
            .and("report-status-gateway", &device::report_gateway()),
        Message::of::<StatusReported>("status-reported", &device::reported()),
        Message::of::<Rotate>("rotate", &Rotate::default()),
        Message::of::<Rotated>("rotated", &device::rotated()),
        Message::of::<AddDevices>("add-devices", &device::add()),
        Message::of::<DevicesAdded>("devices-added", &device::added()),
        Message::of::<RemoveDevices>("remove-devices", &device::remove()),
        Message::of::<DevicesRemoved>("devices-removed", &device::removed()),
        Message::of::<Leave>("leave", &Leave::default()),
        Message::of::<Left>("left", &Left::default()),
        Message::of::<Refusal>("refusal", &device::refused())
            .and("refusal-throttled", &device::throttled())
            .and("refusal-too-few-slots", &device::too_few_slots())
            .and("refusal-device-not-covered", &device::not_covered())
            .and("refusal-mailbox-full", &device::mailbox_full()),
        Message::of::<Problem>("problem", &Problem::from(device::throttled())),
    ]
}

fn site_messages() -> Vec<Message> {
    vec![
        Message::of::<SelfDescription>("self", &site::description()),
        Message::of::<CarryOut>("carry-out", &site::carry_out()),
        Message::of::<CarriedOut>("carried-out", &site::carried_out()),
    ]
}

fn people_messages() -> Vec<Message> {
    vec![
        Message::of::<IssueCode>("issue-code", &people::issue_code())
            .and("issue-code-narrowed", &people::issue_code_narrowed()),
        Message::of::<CodeIssued>("code-issued", &people::code_issued()),
        Message::of::<ListCodes>("list-codes", &ListCodes::default()),
        Message::of::<Page<CodeRow, restante_core::id::GrantId>>("codes", &people::codes()),
        Message::of::<RevokeCode>("revoke-code", &people::revoke_code()),
        Message::of::<CodeRow>("code-row", &people::code_row_revoked()),
        Message::of::<IssueToken>("issue-token", &people::issue_token()),
        Message::of::<TokenIssued>("token-issued", &people::token_issued()),
        Message::of::<ListTokens>("list-tokens", &ListTokens::default()),
        Message::of::<Page<TokenRow, restante_core::id::TokenId>>("tokens", &people::tokens()),
        Message::of::<RevokeToken>("revoke-token", &people::revoke_token()),
        Message::of::<TokenRow>("token-row", &people::token_row_revoked()),
        Message::of::<ListDevices>("list-devices", &people::list_devices()),
        Message::of::<Page<DeviceRow, restante_core::id::DeviceId>>("devices", &people::devices()),
        Message::of::<ListReadings>("list-readings", &people::list_readings()),
        Message::of::<Page<Reading, u32>>("readings", &people::readings()),
        Message::of::<Instruct>("instruct", &people::instruct())
            .and("instruct-later", &people::instruct_later()),
        Message::of::<Instructed>("instructed", &people::instructed()),
        Message::of::<ListInstructions>("list-instructions", &people::list_instructions()),
        Message::of::<Page<InstructionRow, restante_core::id::InstructionId>>(
            "instructions",
            &people::instructions(),
        ),
        Message::of::<CancelInstruction>("cancel-instruction", &people::cancel_instruction()),
        Message::of::<InstructionRow>("instruction-row", &people::instruction_row_called_off()),
        Message::of::<AcceptClock>("accept-clock", &AcceptClock::default()),
        Message::of::<ClockAccepted>("clock-accepted", &people::clock_accepted()),
    ]
}

fn service_messages() -> Vec<Message> {
    use restante_core::id::{ApplicationId, DeviceId, ServiceId};
    vec![
        Message::of::<DefineService>("define-service", &services::define()),
        Message::of::<ServiceRow>("service-row", &services::service()),
        Message::of::<ListServices>("list-services", &services::list()),
        Message::of::<Page<ServiceRow, ServiceId>>("services", &services::services()),
        Message::of::<Apply>("apply", &services::apply())
            .and("apply-models", &services::apply_models()),
        Message::of::<Applied>("applied", &services::applied()),
        Message::of::<Choose>("choose", &services::choose()),
        Message::of::<ApplicationRow>("application-row", &services::application_chosen()),
        Message::of::<ListApplications>("list-applications", &services::list_applications()),
        Message::of::<Page<ApplicationRow, ApplicationId>>(
            "applications",
            &services::applications(),
        ),
        Message::of::<ListTargets>("list-targets", &services::list_targets()),
        Message::of::<Page<TargetRow, DeviceId>>("targets", &services::targets()),
        Message::of::<CancelApplication>("cancel-application", &services::cancel()),
        Message::of::<StopUse>("stop-use", &services::stop()),
        Message::of::<UseStopped>("use-stopped", &services::stopped()),
        Message::of::<ListEntitlements>("list-entitlements", &services::list_entitlements()),
        Message::of::<Page<EntitlementRow, DeviceId>>("entitlements", &services::entitlements()),
        Message::of::<Register>("register", &services::register()),
        Message::of::<Registered>("registered", &services::registered()),
        Message::of::<Mailed>("mailed", &services::mailed()),
    ]
}

fn plan_messages() -> Vec<Message> {
    vec![
        Message::of::<PlanPolls>("plan-polls", &plan::plan_polls())
            .and("plan-polls-each", &plan::plan_each()),
        Message::of::<PollPlan>("poll-plan", &plan::poll_plan())
            .and("poll-plan-each", &plan::poll_plan_each()),
        Message::of::<ListPollLinks>("list-poll-links", &plan::list_poll_links()),
        Message::of::<Page<PollLinkRow, u32>>("poll-links", &plan::poll_links()),
    ]
}

fn provider_messages() -> Vec<Message> {
    use restante_core::id::HandoverId;
    vec![
        Message::of::<ListHandovers>("list-handovers", &provider::list()),
        Message::of::<Page<HandoverRow, HandoverId>>("handovers", &provider::handovers()),
        Message::of::<GiveCodes>("give-codes", &provider::give()),
        Message::of::<CodesGiven>("codes-given", &provider::given()),
        Message::of::<ReportEntitlements>("report-entitlements", &provider::report()),
        Message::of::<EntitlementsReported>("entitlements-reported", &provider::reported()),
        Message::of::<SettleHandovers>("settle-handovers", &provider::settle()),
        Message::of::<HandoversSettled>("handovers-settled", &provider::settled()),
    ]
}

fn schema<T: JsonSchema>(name: &str) -> Value {
    let settings = SchemaSettings::draft2020_12();
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert(
        "$id".to_owned(),
        format!("urn:restante:schema:1:{name}").into(),
    );
    sorted(for_readers(schema.to_value()))
}

/// A schema for readers who have no Rust: its descriptions are running text without the marks of
/// documentation links.
fn for_readers(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(for_readers).collect(),
        Value::Object(members) => {
            let plain = |(name, value)| match (name, value) {
                (name, Value::String(text)) if name == "description" => (name, plain(&text).into()),
                (name, value) => (name, for_readers(value)),
            };
            Value::Object(members.into_iter().map(plain).collect())
        }
        other => other,
    }
}

fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace("[`", "`").replace("`]", "`")
}

/// Sorts members by name, whatever map the JSON library was built with.
pub(crate) fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(members) => {
            let mut members: Vec<_> = members.into_iter().collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            let members = members
                .into_iter()
                .map(|(name, value)| (name, sorted(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// JSON laid out for people, with a line end at its end.
pub(crate) fn pretty<T: Serialize>(value: &T) -> String {
    let text = serde_json::to_string_pretty(value);
    text.expect("a message has no map keys but strings and no serializer that fails") + "\n"
}
