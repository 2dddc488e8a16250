//! The AsyncAPI 3.0 document, made from what the code goes by.
//!
//! Topics, kinds of envelopes, bounds and times are those of the code. What stands in an envelope
//! is sealed, so that the document describes its outside; the messages inside have schemas of their
//! own. `spec/asyncapi.json` is this document; `restante-spec check` says when it has drifted.
//! Serves spec chapter 16.

use restante_core::limits::SEALED_BYTES;
use restante_core::seal::{Kind, OVERHEAD};
use serde_json::{Map, Value, json};

use crate::center::{CORRELATION_BYTES, REPLY_EXPIRY, SESSION};
use crate::client::RECEIVE_MAXIMUM;
use crate::on_rumqttc::PACKET_BYTES;
use crate::topic::UP_OF_ALL;

/// The document. It describes the center as an application: what it receives and what it sends.
#[must_use]
pub fn asyncapi() -> Value {
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Restante over MQTT 5",
            "version": "1",
            "description": DESCRIPTION,
            "license": { "name": "MIT or Apache-2.0" },
        },
        "defaultContentType": "application/vnd.restante.sealed",
        "servers": {
            "broker": {
                "host": "broker.example:8883",
                "protocol": "mqtts",
                "protocolVersion": "5",
                "description": "Somebody else's broker; it is trusted with delivering alone.",
                "bindings": { "mqtt": {
                    "sessionExpiryInterval": SESSION,
                    "maximumPacketSize": PACKET_BYTES,
                    "bindingVersion": "0.2.0",
                } },
            },
        },
        "channels": {
            "up": channel("up", "What devices send; centers listen under a shared subscription."),
            "down": channel("down", "What centers send; the device of that sender listens."),
        },
        "operations": operations(),
        "components": {
            "messages": messages(),
            "parameters": { "sender": {
                "description": "The sender in the envelope's header: 32 digits 0 to 9 and a to f.",
                "examples": ["a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"],
            } },
        },
    })
}

fn channel(direction: &str, description: &str) -> Value {
    let names = MESSAGES.iter().filter(|it| it.direction == direction);
    let messages: Map<String, Value> = names
        .map(|it| {
            (
                it.name.to_owned(),
                reference("components/messages", it.name),
            )
        })
        .collect();
    json!({
        "address": UP_OF_ALL.replace('+', "{sender}").replace("/up", &format!("/{direction}")),
        "description": description,
        "parameters": { "sender": reference("components/parameters", "sender") },
        "messages": messages,
    })
}

fn operations() -> Value {
    let answered = ["request", "answer", "enrolment"];
    let answers = ["reply", "challenge", "enrolled"];
    let of = |channel: &str, names: &[&str]| -> Vec<Value> {
        let messages = format!("channels/{channel}/messages");
        names
            .iter()
            .map(|name| reference(&messages, name))
            .collect()
    };
    let quality = json!({ "mqtt": { "qos": 1, "retain": false, "bindingVersion": "0.2.0" } });
    json!({
        "exchange": {
            "action": "receive",
            "channel": reference("channels", "up"),
            "summary": "An envelope is decided about and answered by another.",
            "description": format!(
                "At most {RECEIVE_MAXIMUM} are in work at once. It is acknowledged when the broker \
                 has taken the reply."
            ),
            "messages": of("up", &answered),
            "bindings": quality,
            "reply": {
                "channel": reference("channels", "down"),
                "messages": of("down", &answers),
                "address": {
                    "description": "The sender's own `down`; anything else is ignored.",
                    "location": "$message.header#/responseTopic",
                },
            },
        },
        "mail": {
            "action": "receive",
            "channel": reference("channels", "up"),
            "summary": "An envelope in lane 2 is decided about; nothing comes back.",
            "messages": of("up", &["mail"]),
            "bindings": quality,
        },
        "nudge": {
            "action": "send",
            "channel": reference("channels", "down"),
            "summary": "The device should poll now. It is a hint that anybody can give.",
            "messages": of("down", &["nudge"]),
            "bindings": quality,
        },
    })
}

fn messages() -> Map<String, Value> {
    let all = MESSAGES.iter();
    all.map(|it| (it.name.to_owned(), it.described())).collect()
}

/// A message as the document knows it.
struct Described {
    name: &'static str,
    direction: &'static str,
    kind: Option<Kind>,
    summary: &'static str,
}

impl Described {
    fn described(&self) -> Value {
        let Some(kind) = self.kind else {
            return json!({
                "name": self.name,
                "summary": self.summary,
                "payload": { "type": "string", "maxLength": 0 },
            });
        };
        let mut message = json!({
            "name": self.name,
            "summary": self.summary,
            "contentType": "application/vnd.restante.sealed",
            "payload": {
                "type": "string",
                "format": "binary",
                "description": format!("An envelope of kind {} (chapter 14).", kind as u8),
                "minLength": OVERHEAD,
                "maxLength": SEALED_BYTES,
            },
        });
        match (self.name, self.direction) {
            ("mail", _) => {}
            (_, "up") => {
                message["headers"] = headers(true);
                message["correlationId"] = correlation();
            }
            _ => {
                message["headers"] = headers(false);
                message["correlationId"] = correlation();
                let seconds = REPLY_EXPIRY.as_secs();
                message["description"] = format!("It expires after {seconds} s.").into();
            }
        }
        message
    }
}

/// The MQTT properties that a message bears.
fn headers(wants_answer: bool) -> Value {
    let mut properties = json!({ "correlationData": {
        "type": "string",
        "format": "binary",
        "maxLength": CORRELATION_BYTES,
        "description": "The envelope's tag, 16 bytes; an answer bears what its request bore.",
    } });
    let mut required = vec!["correlationData"];
    if wants_answer {
        properties["responseTopic"] = json!({
            "type": "string",
            "description": "The sender's own `down`.",
        });
        required.push("responseTopic");
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

fn correlation() -> Value {
    json!({ "location": "$message.header#/correlationData" })
}

fn reference(folder: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/{folder}/{name}") })
}

const MESSAGES: [Described; 8] = [
    Described {
        name: "request",
        direction: "up",
        kind: Some(Kind::Request),
        summary: "What a device asks.",
    },
    Described {
        name: "answer",
        direction: "up",
        kind: Some(Kind::Answer),
        summary: "A request once more, with the nonce of a challenge.",
    },
    Described {
        name: "enrolment",
        direction: "up",
        kind: Some(Kind::Enrolment),
        summary: "An initial communication, under the enrol key.",
    },
    Described {
        name: "mail",
        direction: "up",
        kind: Some(Kind::Request),
        summary: "A request in lane 2, to which nothing comes back.",
    },
    Described {
        name: "reply",
        direction: "down",
        kind: Some(Kind::Reply),
        summary: "What the center answers.",
    },
    Described {
        name: "challenge",
        direction: "down",
        kind: Some(Kind::Challenge),
        summary: "What a center sends to whom it cannot tell from a recording.",
    },
    Described {
        name: "enrolled",
        direction: "down",
        kind: Some(Kind::Enrolled),
        summary: "What the center answers to an enrolment.",
    },
    Described {
        name: "nudge",
        direction: "down",
        kind: None,
        summary: "An empty payload: poll now.",
    },
];

/// What a reader needs to know first.
const DESCRIPTION: &str = "\
Devices that nobody can dial into speak with their center through somebody else's MQTT 5 broker. \
Every payload is one sealed envelope (chapter 14), or empty for a nudge; nothing is ever retained, \
and what is retained is ignored. Chapter 16 has the words.";
