//! One operation of the document from one line of the route table.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use restante_core::wire::enrol::MaxMessage;
use restante_core::wire::{PollTag, RefusalCode};
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::{problems, schemas};
use crate::route::{Access, Operation, Route, SchemaOf};

/// The operation of a route; the schemas that it names are left in the generator.
pub(super) fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let (tag, security) = match route.access {
        Access::Anyone => ("condition", json!([])),
        Access::Provisional => ("devices", json!([{ "provisional": [] }])),
        Access::Formal => ("devices", json!([{ "formal": [] }])),
        Access::Token => ("people", json!([{ "token": [] }])),
        Access::Pair | Access::Sealed => ("devices", json!([])),
    };
    let mut operation = json!({
        "operationId": route.id(),
        "summary": route.summary,
        "tags": [tag],
        "security": security,
        "responses": responses(route, generator),
    });
    let parameters = parameters(route, generator);
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(schema) = route.request {
        operation["requestBody"] = json!({
            "required": !route.body_is_optional(),
            "content": { "application/json": { "schema": body(route, schema, generator) } },
        });
    }
    if route.access == Access::Sealed {
        operation["requestBody"] = json!({ "required": true, "content": envelope() });
    }
    operation
}

/// A body that is a sealed envelope.
fn envelope() -> Value {
    json!({ crate::SEALED: { "schema": { "type": "string", "format": "binary" } } })
}

/// What a body holds: the message, without the member that stands in the path.
fn body(route: &Route, schema: SchemaOf, generator: &mut SchemaGenerator) -> Value {
    match route.parameter_name() {
        Some(name) => schemas::without(generator, schema, name),
        None => schema(generator).into(),
    }
}

fn parameters(route: &Route, generator: &mut SchemaGenerator) -> Vec<Value> {
    let mut parameters = Vec::new();
    if let (Some(name), Some(parameter)) = (route.parameter_name(), route.parameter) {
        parameters.push(json!({
            "name": name,
            "in": "path",
            "required": true,
            "schema": (parameter.schema)(generator),
        }));
    }
    if let Some(schema) = route.query {
        for (name, schema) in schemas::members(generator, schema) {
            if Some(name.as_str()) != route.parameter_name() {
                parameters.push(query_parameter(route, &name, schema));
            }
        }
    }
    if route.operation == Operation::Poll {
        parameters.extend(poll_parameters(generator));
    }
    parameters
}

fn query_parameter(route: &Route, name: &str, mut schema: Value) -> Value {
    let description = schema
        .as_object_mut()
        .and_then(|members| members.remove("description"));
    json!({
        "name": name,
        "in": "query",
        "required": route.needs(name),
        "description": description,
        "schema": schemas::not_null(schema),
    })
}

fn poll_parameters(generator: &mut SchemaGenerator) -> [Value; 4] {
    [
        json!({
            "name": "Prefer",
            "in": "header",
            "required": false,
            "description": "`wait=N`: where the state is the one that the device has seen, answer \
                once it is another one, or after N seconds (60 at most).",
            "schema": { "type": "string", "pattern": "wait=[0-9]+" },
        }),
        json!({
            "name": "If-None-Match",
            "in": "header",
            "required": false,
            "description": "The tag of the state that the device has seen, in quotation marks.",
            "schema": { "type": "string" },
        }),
        json!({
            "name": "Restante-Max-Message",
            "in": "header",
            "required": false,
            "description": "The largest reply that the sender can take, in bytes; 64 KiB if absent.",
            "schema": generator.subschema_for::<MaxMessage>(),
        }),
        json!({
            "name": "Restante-Poll-Tag",
            "in": "header",
            "required": false,
            "description": "The tag of the poll request that caused this poll; the reply then names \
                whom the sender calls next.",
            "schema": generator.subschema_for::<PollTag>(),
        }),
    ]
}

fn responses(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    responses.insert(route.success.to_string(), success(route, generator));
    if route.operation == Operation::Poll {
        let mut names = vec!["Restante-Correlation"];
        names.extend(OF_A_POLL);
        let headers = header_refs(&names);
        let unchanged = json!({ "description": "The state is the one that the device has seen.",
            "headers": headers });
        responses.insert("304".into(), unchanged);
    }
    let mut by_status: BTreeMap<u16, Vec<RefusalCode>> = BTreeMap::new();
    for code in route.refusals() {
        by_status.entry(code.http_status()).or_default().push(code);
    }
    for (status, codes) in by_status {
        responses.insert(status.to_string(), problems::response(status, &codes));
    }
    if route.access == Access::Sealed {
        let nothing = json!({
            "description": "Nothing is said to an envelope in the lane of mails.",
            "headers": header_refs(&["Restante-Correlation"]),
        });
        responses.insert(StatusCode::NO_CONTENT.as_str().into(), nothing);
    }
    if route.request.is_some() || route.access == Access::Sealed {
        for status in [
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ] {
            let reference = problems::response_of_http(status);
            responses.insert(status.as_str().into(), reference);
        }
    }
    responses.into()
}

fn success(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let mut headers = vec!["Restante-Correlation"];
    match route.operation {
        Operation::Poll => headers.extend(OF_A_POLL),
        Operation::Enrol => headers.push("Location"),
        _ => {}
    }
    let status = StatusCode::from_u16(route.success).unwrap_or(StatusCode::OK);
    let mut response = json!({
        "description": status.canonical_reason().unwrap_or("Success"),
        "headers": header_refs(&headers),
    });
    let schema = match (route.reply, route.operation) {
        (Some(schema), _) => Some(schema(generator).into()),
        (None, Operation::OpenApi) => Some(json!({ "type": "object" })),
        (None, _) => None,
    };
    if let Some(schema) = schema {
        let schema: Value = schema;
        response["content"] = json!({ "application/json": { "schema": schema } });
    }
    if route.access == Access::Sealed {
        response["content"] = envelope();
    }
    response
}

/// What the reply to a poll says in headers, besides what every response says.
const OF_A_POLL: [&str; 3] = ["Restante-Next-Poll", "ETag", "Preference-Applied"];

/// References to the document's common headers.
pub(super) fn header_refs(names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| {
            let reference = json!({ "$ref": format!("#/components/headers/{name}") });
            ((*name).to_owned(), reference)
        })
        .collect::<Map<_, _>>()
        .into()
}
