//! Schemas as the document wants them: members as query parameters, descriptions without Rust.

use schemars::SchemaGenerator;
use serde_json::{Map, Value};

use crate::route::SchemaOf;

/// The members of a type whose schema would otherwise stand among the components.
pub(super) fn members(generator: &mut SchemaGenerator, schema: SchemaOf) -> Map<String, Value> {
    match whole(generator, schema)
        .get_mut("properties")
        .map(Value::take)
    {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// A type without one of its members; whole, and a reference, where it has no such member.
pub(super) fn without(generator: &mut SchemaGenerator, schema: SchemaOf, name: &str) -> Value {
    let mut part = whole(generator, schema);
    let members = part["properties"].as_object_mut();
    if members.and_then(|members| members.remove(name)).is_none() {
        return schema(generator).into();
    }
    if let Some(required) = part["required"].as_array_mut() {
        required.retain(|member| member != name);
    }
    part
}

/// A type's schema itself, taken from among the components.
fn whole(generator: &mut SchemaGenerator, schema: SchemaOf) -> Value {
    let schema: Value = schema(generator).into();
    let whole = schema["$ref"]
        .as_str()
        .and_then(|reference| reference.rsplit('/').next())
        .and_then(|name| generator.definitions_mut().remove(name));
    whole.unwrap_or(schema)
}

/// The schema of a member that is left out rather than null.
pub(super) fn not_null(mut schema: Value) -> Value {
    let null = Value::from("null");
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| choice["type"] != null);
        if let [only] = choices.as_mut_slice() {
            return only.take();
        }
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| *name != null);
        if let [only] = types.as_mut_slice() {
            schema["type"] = only.take();
        }
    }
    schema
}

/// Takes Rust's links out of every description: readers of the document may know no Rust.
pub(super) fn tidy(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "description" => *text = without_links(text),
                    other => tidy(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// `[`Poll`]` and `[`Poll`](super::Poll)` become `Poll`.
fn without_links(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once("[`") {
        plain.push_str(before);
        let Some((name, after)) = link.split_once("`]") else {
            rest = link;
            continue;
        };
        plain.push_str(name.rsplit("::").next().unwrap_or(name));
        rest = match after
            .strip_prefix('(')
            .and_then(|path| path.split_once(')'))
        {
            Some((_, after)) => after,
            None => after,
        };
    }
    plain.push_str(rest);
    plain.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_rust_become_plain_names() {
        assert_eq!(
            without_links("The answer to [`Poll`], or to\n[`Request::Leave`](super::Leave)."),
            "The answer to Poll, or to Leave."
        );
        assert_eq!(without_links("a [list] of `x`"), "a [list] of `x`");
    }
}
