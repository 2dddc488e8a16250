//! Refusals in the document: a response per status, an example per word of the registry.

use axum::http::StatusCode;
use restante_core::id::{CorrelationId, DeviceId};
use restante_core::time::Seconds;
use restante_core::wire::{Refusal, RefusalCode};
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::operations::header_refs;
use crate::problem::{MEDIA_TYPE, Problem};

/// The response of an operation that may refuse in these ways with this status.
pub(super) fn response(status: u16, codes: &[RefusalCode]) -> Value {
    let mut headers = vec!["Restante-Correlation"];
    match status {
        401 => headers.push("WWW-Authenticate"),
        429 | 503 => headers.push("Retry-After"),
        _ => {}
    }
    let lines: Vec<String> = codes
        .iter()
        .map(|code| format!("- `{code}`: {}. {}", code.title(), code.remedy()))
        .collect();
    let examples: Map<String, Value> = codes
        .iter()
        .map(|code| {
            let reference = json!({ "$ref": format!("#/components/examples/{code}") });
            (code.to_string(), reference)
        })
        .collect();
    json!({
        "description": lines.join("\n"),
        "headers": header_refs(&headers),
        "content": { MEDIA_TYPE: {
            "schema": { "$ref": "#/components/schemas/Problem" },
            "examples": examples,
        } },
    })
}

/// The reference to what HTTP itself refuses with this status.
pub(super) fn response_of_http(status: StatusCode) -> Value {
    json!({ "$ref": format!("#/components/responses/{}", name(status)) })
}

/// What HTTP itself refuses, on every route with a body.
pub(super) fn responses(generator: &mut SchemaGenerator) -> Value {
    let schema = generator.subschema_for::<Problem>();
    let cases = [
        (
            StatusCode::REQUEST_TIMEOUT,
            "the body did not arrive within 30 s",
        ),
        (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body has to be application/json, and Content-Type has to say so",
        ),
    ];
    let responses = cases.map(|(status, detail)| {
        let mut example = Problem::of_status(status, detail);
        example.correlation = Some(correlation());
        let response = json!({
            "description": status.canonical_reason(),
            "headers": header_refs(&["Restante-Correlation"]),
            "content": { MEDIA_TYPE: { "schema": schema, "example": example } },
        });
        (name(status), response)
    });
    Value::Object(Map::from_iter(responses))
}

/// An example of every refusal.
pub(super) fn examples() -> Value {
    let examples = RefusalCode::ALL.iter().map(|code| {
        let example = json!({ "summary": code.title(), "value": Problem::from(example(*code)) });
        (code.to_string(), example)
    });
    Value::Object(examples.collect())
}

fn example(code: RefusalCode) -> Refusal {
    let mut refusal = Refusal::plain(code);
    refusal.correlation = Some(correlation());
    match code {
        RefusalCode::Throttled => refusal.retry_after = Some(Seconds::new(2_400)),
        RefusalCode::TooFewSlots => refusal.free = Some(2),
        RefusalCode::DeviceNotCovered | RefusalCode::MailboxFull => {
            refusal.devices = vec![DeviceId::from_bytes([0x11; 16])]
        }
        _ => {}
    }
    refusal
}

fn correlation() -> CorrelationId {
    CorrelationId::from_bytes([0x22; 16])
}

/// `RequestTimeout`, from the status's reason.
fn name(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or_default();
    reason.split(' ').collect()
}
