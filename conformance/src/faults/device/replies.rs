//! Faults of the reader: replies that are read too strictly, too kindly, or for something else.

use restante_core::code::FormalCode;
use restante_core::wire::{DeviceReply, Refusal, RefusalCode};
use serde_json::Value;

use crate::faults::machine::Wiring;
use crate::faults::{Defect, Fault};
use crate::line::Response;
use crate::party::{Read, Senses, read};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "damaged-formal-code-kept",
        says: "A device takes a formal code whose checksum does not fit.",
        breaks: &["COD-026"],
        kills: &[(
            "device/COD/a-damaged-formal-code-is-no-reply",
            "expected the request enrol within 20 s; got the request poll",
        )],
        also: &[],
        defect: reading(|conversation, response, max| {
            let mut guessed = response.clone();
            if let Ok(mut body) = serde_json::from_slice::<Value>(&response.body)
                && let Some(code) = body.get("formalCode").and_then(Value::as_str)
                && code.parse::<FormalCode>().is_err()
                && let Some(code) = guess(code)
            {
                body["formalCode"] = code.into();
                guessed.body = body.to_string().into_bytes();
            }
            read(conversation, &guessed, max)
        }),
    },
    Fault {
        name: "later-members-not-taken",
        says: "A device takes no reply with a member that it does not know.",
        breaks: &["MSG-005"],
        kills: &[(
            "device/MSG/unknown-members-are-ignored",
            "got the request enrol",
        )],
        also: &["device/MBX/an-unknown-kind-is-rejected-by-name"],
        defect: reading(|conversation, response, max| {
            let body = serde_json::from_slice::<Value>(&response.body);
            match (read(conversation, response, max), body) {
                (Read::Reply(reply), Ok(body)) if !knows(&reply, &body) => Read::Nothing,
                (read, _) => read,
            }
        }),
    },
    Fault {
        name: "garbage-ends-the-enrolment",
        says: "A device takes a reply that is no JSON for a refusal for good.",
        breaks: &["MSG-011"],
        kills: &[(
            "device/MSG/what-cannot-be-read-counts-as-lost",
            "expected the request enrol within 10 s; no request came within 10 s",
        )],
        also: &[],
        defect: reading(|conversation, response, max| {
            let json = serde_json::from_slice::<Value>(&response.body);
            match (read(conversation, response, max), json) {
                (Read::Nothing, Err(_)) => Read::Refusal(Refusal::plain(RefusalCode::Invalid)),
                (read, _) => read,
            }
        }),
    },
    Fault {
        name: "half-a-reply-ends-the-enrolment",
        says: "A device takes a reply that lacks a member for a refusal for good.",
        breaks: &["MSG-011"],
        kills: &[(
            "device/MSG/what-cannot-be-read-counts-as-lost",
            "expected the request enrol within 40 s; no request came within 40 s",
        )],
        also: &["device/COD/a-damaged-formal-code-is-no-reply"],
        defect: reading(|conversation, response, max| {
            let json = serde_json::from_slice::<Value>(&response.body);
            match (read(conversation, response, max), json) {
                (Read::Nothing, Ok(_)) if response.status < 300 => {
                    Read::Refusal(Refusal::plain(RefusalCode::Invalid))
                }
                (read, _) => read,
            }
        }),
    },
    Fault {
        name: "too-large-a-reply-taken",
        says: "A device takes a reply that is larger than it can be.",
        breaks: &["MSG-011"],
        kills: &[(
            "device/MSG/what-cannot-be-read-counts-as-lost",
            "expected the request enrol within 70 s; got the request poll",
        )],
        also: &[],
        defect: reading(|conversation, response, _| read(conversation, response, Some(usize::MAX))),
    },
    Fault {
        name: "unknown-word-is-temporary",
        says: "A device takes every word that it does not know for a temporary one.",
        breaks: &["ERR-004"],
        kills: &[(
            "device/ERR/an-unknown-word-is-final",
            "expected not the request any within 86000 s; the request enrol came",
        )],
        also: &[],
        defect: reading(|conversation, response, max| {
            let mut response = response.clone();
            if has_unknown_word(&response) {
                response.status = BUSY;
            }
            read(conversation, &response, max)
        }),
    },
    Fault {
        name: "unknown-word-is-final",
        says: "A device takes every word that it does not know for a final one.",
        breaks: &["ERR-004"],
        kills: &[(
            "device/ERR/an-unknown-word-with-503-is-temporary",
            "expected the request enrol within 10 s; no request came within 10 s",
        )],
        also: &[],
        defect: reading(|conversation, response, max| {
            if has_unknown_word(response) {
                return Read::Refusal(Refusal::plain(RefusalCode::Invalid));
            }
            read(conversation, response, max)
        }),
    },
];

/// A device that reads so.
const fn reading(reads: fn(&str, &Response, Option<usize>) -> Read) -> Defect {
    Defect::Device(Wiring::sensing(Senses {
        reads,
        ..Senses::RIGHT
    }))
}

/// A formal code whose checksum fits, as near to this text as can be.
fn guess(text: &str) -> Option<String> {
    let other = |at: usize, symbol: char| -> String {
        let symbols = text.char_indices();
        symbols
            .map(|(place, old)| if place == at { symbol } else { old })
            .collect()
    };
    let near = (0..text.len()).flat_map(|at| SYMBOLS.chars().map(move |it| other(at, it)));
    near.into_iter().find(|it| it.parse::<FormalCode>().is_ok())
}

/// Whether a body says nothing but what the reply that was made of it says.
fn knows(reply: &DeviceReply, body: &Value) -> bool {
    let reply = serde_json::to_value(reply).unwrap_or_default();
    let members = reply.as_object().and_then(|it| it.values().next());
    let mailbox = members.and_then(|it| it.get("mailbox"));
    mailbox.or(members).is_some_and(|known| holds(known, body))
}

/// Whether every member of `body` is in `known`, too.
fn holds(known: &Value, body: &Value) -> bool {
    match (known, body) {
        (Value::Object(known), Value::Object(body)) => body
            .iter()
            .all(|(name, value)| known.get(name).is_some_and(|known| holds(known, value))),
        (Value::Array(known), Value::Array(body)) => {
            let mut pairs = known.iter().zip(body);
            pairs.all(|(known, body)| holds(known, body))
        }
        _ => true,
    }
}

/// Whether a response refuses with a word that this version does not have.
fn has_unknown_word(response: &Response) -> bool {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let word = body.get("code").and_then(Value::as_str);
    let known = |word: &str| RefusalCode::ALL.iter().any(|code| code.word() == word);
    response.status >= 400 && word.is_some_and(|word| !known(word))
}

/// The status that says "later".
const BUSY: u16 = 503;
/// What formal codes are written with.
const SYMBOLS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
