//! Rules that a device or a gateway keeps or breaks where a watcher can see it.

use std::time::Duration;

use serde_json::Value;

use crate::case::Role;
use crate::party::unreadable;

use super::exchange::{Exchange, Past, readings};
use super::rule::{Look, Rule};
use super::schemas::Schemas;

/// The rules.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "device/HTTP/watched-routes",
        role: Role::Device,
        title: "Messages go to their routes, with the credential that the route takes, as JSON",
        requirements: &["HTTP-004"],
        look: routes,
    },
    Rule {
        id: "device/MSG/watched-messages",
        role: Role::Device,
        title: "Each message satisfies its published schema",
        requirements: &["MSG-006"],
        look: messages,
    },
    Rule {
        id: "device/HTTP/watched-credentials",
        role: Role::Device,
        title: "A credential stands in the Authorization header and nowhere else",
        requirements: &["HTTP-002"],
        look: credentials,
    },
    Rule {
        id: "device/HTTP/watched-poll-headers",
        role: Role::Device,
        title: "A poll names what it has in quotation marks, and its limit as a number",
        requirements: &["HTTP-005"],
        look: poll_headers,
    },
    Rule {
        id: "device/MSG/watched-one-request-at-a-time",
        role: Role::Device,
        title: "No request comes while another waits for its answer",
        requirements: &["MSG-010"],
        look: one_at_a_time,
    },
    Rule {
        id: "device/ENR/watched-first-use",
        role: Role::Device,
        title: "A new formal code is used at once, with a poll",
        requirements: &["ENR-046"],
        look: first_use,
    },
    Rule {
        id: "device/MBX/watched-polls",
        role: Role::Device,
        title: "A poll comes when the interval has passed that the center told last",
        requirements: &["MBX-007"],
        look: polls,
    },
    Rule {
        id: "device/STA/watched-readings",
        role: Role::Device,
        title: "Readings of a device rise, and two of one number are the same",
        requirements: &["STA-004"],
        look: rising,
    },
    Rule {
        id: "device/ERR/watched-retries",
        role: Role::Device,
        title: "A message that was refused comes again after the time that was named, or never",
        requirements: &["ERR-003", "ERR-005"],
        look: retries,
    },
];

fn routes(exchange: &Exchange, _: &Past, _: &Schemas) -> Look {
    let request = &exchange.request;
    let scheme = match exchange.conversation() {
        Some("enrol") => "Restante-Provisional",
        Some("poll" | "reportStatus" | "rotate" | "addDevices" | "removeDevices" | "leave") => {
            "Bearer"
        }
        _ => {
            let came = format!("got {} {}", request.method, request.path);
            return Look::broken("a route of a device", came);
        }
    };
    let shown = exchange.credential().map(|(scheme, _)| scheme);
    if !shown.is_some_and(|shown| shown.eq_ignore_ascii_case(scheme)) {
        let came = format!("got {}", shown.unwrap_or("none"));
        return Look::broken(&format!("a credential of the scheme {scheme}"), came);
    }
    let kind = exchange.header("content-type").unwrap_or("none");
    let bare = kind.split(';').next().unwrap_or_default().trim();
    let is_json = bare.eq_ignore_ascii_case("application/json");
    let holds = request.body.is_none() || is_json;
    Look::kept_if(
        holds,
        "the media type application/json",
        format!("got {kind}"),
    )
}

fn messages(exchange: &Exchange, _: &Past, schemas: &Schemas) -> Look {
    let Some(conversation) = exchange.conversation() else {
        return Look::Elsewhere;
    };
    let name = match conversation {
        "enrol" => "enrol",
        "reportStatus" => "report-status",
        "rotate" => "rotate",
        "addDevices" => "add-devices",
        "removeDevices" => "remove-devices",
        _ => return Look::Elsewhere,
    };
    // The message without members may be left out.
    let body = exchange.request.body.as_deref();
    let body = body.unwrap_or(if name == "rotate" { b"{}" } else { b"" });
    if let Some(why) = schemas.misfit(name, body) {
        return Look::broken("a message that satisfies its schema", why);
    }
    let message = exchange
        .message()
        .unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    match unreadable(conversation, &message) {
        Some(why) => Look::broken("a message within its bounds", why),
        None => Look::Kept,
    }
}

fn credentials(exchange: &Exchange, _: &Past, _: &Schemas) -> Look {
    let Some((_, credential)) = exchange.credential() else {
        return Look::Elsewhere;
    };
    let expected = "the credential in the Authorization header alone";
    if exchange.request.path.contains(credential) {
        return Look::broken(expected, "got it in the URL");
    }
    let other = |(name, value): &&(String, String)| {
        !name.eq_ignore_ascii_case("authorization") && value.contains(credential)
    };
    if let Some((name, _)) = exchange.request.headers.iter().find(other) {
        return Look::broken(expected, format!("got it in the header {name}"));
    }
    let body = String::from_utf8_lossy(exchange.request.body.as_deref().unwrap_or_default());
    Look::kept_if(!body.contains(credential), expected, "got it in the body")
}

fn poll_headers(exchange: &Exchange, _: &Past, _: &Schemas) -> Look {
    if exchange.conversation() != Some("poll") {
        return Look::Elsewhere;
    }
    let (have, most) = (
        exchange.header("if-none-match"),
        exchange.header("restante-max-message"),
    );
    if let Some(have) = have
        && !(have.len() > 2 && have.starts_with('"') && have.ends_with('"'))
    {
        return Look::broken(
            "If-None-Match with one tag in quotation marks",
            format!("got {have}"),
        );
    }
    match (have, most) {
        (None, None) => Look::Elsewhere,
        (_, Some(most)) if most.parse::<u32>().is_err() => {
            Look::broken("Restante-Max-Message with a number", format!("got {most}"))
        }
        _ => Look::Kept,
    }
}

fn one_at_a_time(exchange: &Exchange, _: &Past, _: &Schemas) -> Look {
    let came = "another waits for its answer";
    Look::kept_if(!exchange.overlaps, "one request at a time", came)
}

fn first_use(exchange: &Exchange, past: &Past, _: &Schemas) -> Look {
    let Some(unused) = past.unused.as_deref() else {
        return Look::Elsewhere;
    };
    let conversation = exchange
        .conversation()
        .unwrap_or("a request without a route");
    // A reply that was lost on its way to the device is no code that it holds.
    if conversation == "enrol" {
        return Look::Elsewhere;
    }
    let shown = exchange.credential().map(|(_, credential)| credential);
    let holds = conversation == "poll" && shown == Some(unused);
    let expected = "a poll with the new formal code";
    Look::kept_if(holds, expected, format!("got {conversation}"))
}

fn polls(exchange: &Exchange, past: &Past, _: &Schemas) -> Look {
    let (Some("poll"), Some((answered, interval))) = (exchange.conversation(), past.due) else {
        return Look::Elsewhere;
    };
    let after = exchange.at.saturating_sub(answered);
    let due = Duration::from_secs(interval);
    let latest = due + tolerance(interval);
    let expected = format!(
        "a poll after {interval} s, at most {} s later",
        tolerance(interval).as_secs()
    );
    let holds = after + CLOCKS >= due && after <= latest + CLOCKS;
    Look::kept_if(
        holds,
        &expected,
        format!("got one after {} s", after.as_secs()),
    )
}

/// How much later than its interval a poll may come.
pub(super) fn tolerance(interval: u64) -> Duration {
    Duration::from_millis((interval * 1_000 / 16).min(300_000))
}

fn rising(exchange: &Exchange, past: &Past, _: &Schemas) -> Look {
    let mut look = Look::Elsewhere;
    for (device, boot, seq, reading) in readings(exchange) {
        look = match past.readings.get(&device) {
            Some((before, number, _)) if (boot, seq) < (*before, *number) => {
                let came = format!("got boot {boot}, seq {seq} after boot {before}, seq {number}");
                return Look::broken("readings that rise", came);
            }
            Some((before, number, known)) if (boot, seq) == (*before, *number) => {
                let came = format!("got another one under boot {boot}, seq {seq}");
                match *known == reading {
                    true => Look::Kept,
                    false => return Look::broken("the same reading under one number", came),
                }
            }
            _ => Look::Kept,
        };
    }
    look
}

fn retries(exchange: &Exchange, past: &Past, _: &Schemas) -> Look {
    // An enrolment may come again because a person has entered its code again.
    let is_enrolment = exchange.conversation() == Some("enrol");
    match past.refused(exchange) {
        Some(None) if !is_enrolment => Look::broken(
            "another message, for this one was refused for good",
            "got it again",
        ),
        Some(Some(until)) => {
            let early = until.saturating_sub(exchange.at);
            let came = format!("got it {} s too early", early.as_secs());
            Look::kept_if(
                early <= CLOCKS,
                "the message after the seconds of retryAfter",
                came,
            )
        }
        _ => Look::Elsewhere,
    }
}

/// What clocks of two parties and the way between them may amount to.
const CLOCKS: Duration = Duration::from_secs(1);
