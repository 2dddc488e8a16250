//! JSON that means the same and looks different.

use serde_json::{Map, Value, json};

/// A member that nobody knows in every object that has room for it.
pub(super) fn with_unknown_members(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                match (name.as_str(), value) {
                    // An act has one member, whose name is its kind; there is room in its body.
                    ("acts", Value::Array(acts)) => acts
                        .iter_mut()
                        .filter_map(Value::as_object_mut)
                        .flat_map(Map::values_mut)
                        .for_each(with_unknown_members),
                    // A selection has one member too, and so have two parts of a plan.
                    ("on" | "of" | "shape", _) => {}
                    (_, value) => with_unknown_members(value),
                }
            }
            if members.len() < ROOM && !members.is_empty() {
                members.insert("x-of-a-later-version".to_owned(), json!(7));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(with_unknown_members),
        _ => {}
    }
}

/// The text with its members in reverse order.
pub(super) fn reversed(value: &Value) -> String {
    written(
        value,
        &Style {
            reverse: true,
            ..Style::default()
        },
    )
}

/// The text with white space wherever it may be.
pub(super) fn spaced(value: &Value) -> String {
    written(
        value,
        &Style {
            space: "\r\n\t ",
            ..Style::default()
        },
    )
}

/// The text with every letter of every string escaped.
pub(super) fn escaped(value: &Value) -> String {
    written(
        value,
        &Style {
            escape: true,
            ..Style::default()
        },
    )
}

#[derive(Default)]
struct Style {
    reverse: bool,
    space: &'static str,
    escape: bool,
}

fn written(value: &Value, style: &Style) -> String {
    let space = style.space;
    match value {
        Value::Object(members) => {
            let mut parts: Vec<String> = pairs(members, style);
            if style.reverse {
                parts.reverse();
            }
            format!("{space}{{{}{space}}}", parts.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| written(item, style)).collect();
            format!("{space}[{}{space}]", items.join(","))
        }
        Value::String(text) => format!("{space}{}", quoted(text, style)),
        other => format!("{space}{other}"),
    }
}

fn pairs(members: &Map<String, Value>, style: &Style) -> Vec<String> {
    let space = style.space;
    let pair = |(name, value): (&String, &Value)| {
        format!(
            "{space}{}{space}:{}",
            quoted(name, style),
            written(value, style)
        )
    };
    members.iter().map(pair).collect()
}

fn quoted(text: &str, style: &Style) -> String {
    if !style.escape {
        return json!(text).to_string();
    }
    let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
    format!("\"{}\"", units.collect::<String>())
}

/// Objects with more members than this are at the bound that some case is about.
const ROOM: usize = 40;
