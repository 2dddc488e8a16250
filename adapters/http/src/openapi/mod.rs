//! The OpenAPI 3.1 document.

use serde_json::{Value, json};

/// The document.
#[must_use]
pub fn openapi() -> Value {
    json!({ "openapi": "3.1.0" })
}
