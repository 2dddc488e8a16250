//! The OpenAPI 3.1 document, made from the route table and from the types that travel.
//!
//! Nothing in it is written twice: paths, credentials and refusals come from the table, schemas and
//! their descriptions from the types and their documentation, the words and statuses of refusals
//! from the core's registry. `spec/openapi.json` is this document; a test says when it has drifted.

mod operations;
mod problems;
mod schemas;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::authorization::{BEARER, PROVISIONAL};
use crate::route::ROUTES;

/// The document.
#[must_use]
pub fn openapi() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for route in ROUTES {
        let operation = operations::operation(route, &mut generator);
        let method = route.method.as_str().to_lowercase();
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[method] = operation;
    }
    let responses = problems::responses(&mut generator);
    let mut types = generator.take_definitions(true).into();
    schemas::tidy(&mut types);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Restante",
            "version": "1",
            "summary": "Enrolling, instructing and looking after devices that nobody can dial into",
            "description": DESCRIPTION,
            "license": { "name": "MIT or Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "the center that serves this document" }],
        "tags": [
            { "name": "devices", "description": "What devices and gateways say." },
            { "name": "people", "description": "What people's programs say, by their roles." },
            { "name": "condition", "description": "How the center is." },
        ],
        "paths": paths,
        "components": {
            "schemas": types,
            "responses": responses,
            "examples": problems::examples(),
            "headers": headers(),
            "securitySchemes": security_schemes(),
        },
    })
}

fn security_schemes() -> Value {
    json!({
        "provisional": {
            "type": "http",
            "scheme": PROVISIONAL,
            "description": "a provisional access code from a dealer",
        },
        "formal": {
            "type": "http",
            "scheme": BEARER,
            "bearerFormat": "rfc1",
            "description": "a formal access code from an enrolment or a rotation",
        },
        "token": {
            "type": "http",
            "scheme": BEARER,
            "bearerFormat": "rtk1",
            "description": "an access token from an operator",
        },
    })
}

fn headers() -> Value {
    let seconds = json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX });
    json!({
        "Restante-Correlation": {
            "description": "What to quote to the center's operator.",
            "required": true,
            "schema": { "type": "string", "pattern": "^cor-[0-9a-hjkmnp-tv-z]{26}$" },
        },
        "Restante-Next-Poll": {
            "description": "Poll again after so many seconds.",
            "required": true,
            "schema": seconds,
        },
        "Retry-After": {
            "description": "Try again after so many seconds.",
            "required": true,
            "schema": seconds,
        },
        "WWW-Authenticate": {
            "description": "The scheme of the credential that is wanted.",
            "required": true,
            "schema": { "type": "string" },
        },
        "ETag": {
            "description": "The tag of the mailbox's present state, for `If-None-Match`.",
            "required": true,
            "schema": { "type": "string" },
        },
        "Preference-Applied": {
            "description": "The wish to wait that was fulfilled: `wait=N`.",
            "required": false,
            "schema": { "type": "string" },
        },
        "Location": {
            "description": "The registration's address.",
            "required": true,
            "schema": { "type": "string", "format": "uri-reference" },
        },
    })
}

/// What a reader needs to know before the first route.
const DESCRIPTION: &str = "\
Bodies are JSON of at most 64 KiB, nested at most 16 deep, with at most 64 members in an object \
and none of them twice; members that a side does not know are passed over. Refusals are RFC 9457 \
problems. Plain HTTP is served on loopback or behind a declared proxy only.";
