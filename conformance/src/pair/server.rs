//! Rules that a center keeps or breaks where a watcher can see it.

use restante_core::wire::RefusalCode;
use serde_json::Value;

use crate::case::Role;
use crate::line::Response;

use super::exchange::{Exchange, Past};
use super::rule::{Look, Rule};
use super::schemas::Schemas;

/// The rules.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "server/HTTP/watched-successes",
        role: Role::Server,
        title: "Each success has its status and media type, and satisfies its published schema",
        requirements: &["HTTP-001"],
        look: successes,
    },
    Rule {
        id: "server/ERR/watched-refusals",
        role: Role::Server,
        title: "A refusal is a problem with a word of the registry and that word's status",
        requirements: &["ERR-001", "HTTP-009"],
        look: refusals,
    },
    Rule {
        id: "server/HTTP/watched-retry-after",
        role: Role::Server,
        title: "A refusal that will pass says when, in its body and as Retry-After",
        requirements: &["ERR-006", "HTTP-011"],
        look: retry_after,
    },
    Rule {
        id: "server/HTTP/watched-challenges",
        role: Role::Server,
        title: "401 names the scheme that the route takes",
        requirements: &["HTTP-010"],
        look: challenges,
    },
    Rule {
        id: "server/HTTP/watched-mailboxes",
        role: Role::Server,
        title: "A poll's answer has a strong ETag where it has a body, and says when to come again",
        requirements: &["HTTP-006", "HTTP-007", "HTTP-008"],
        look: mailboxes,
    },
    Rule {
        id: "server/HTTP/watched-secrets",
        role: Role::Server,
        title: "A reply with a code may not be stored by caches",
        requirements: &["HTTP-014"],
        look: secrets,
    },
    Rule {
        id: "server/HTTP/watched-enrolments",
        role: Role::Server,
        title: "An accepted enrolment says where the registration is",
        requirements: &["HTTP-003"],
        look: enrolments,
    },
    Rule {
        id: "server/ENR/watched-repetitions",
        role: Role::Server,
        title: "A repeated enrolment gets the same registration and the same formal code",
        requirements: &["ENR-009"],
        look: repetitions,
    },
    Rule {
        id: "server/STA/watched-results",
        role: Role::Server,
        title: "There is one result per report, in the order of the request",
        requirements: &["STA-011"],
        look: results,
    },
    Rule {
        id: "server/ERR/watched-words",
        role: Role::Server,
        title: "No refusal repeats a credential",
        requirements: &["ERR-007"],
        look: words,
    },
    Rule {
        id: "server/ERR/watched-correlations",
        role: Role::Server,
        title: "A refusal names a correlation id",
        requirements: &["ERR-008"],
        look: correlations,
    },
];

fn successes(exchange: &Exchange, _: &Past, schemas: &Schemas) -> Look {
    let (Some(conversation), Some(response)) = (exchange.conversation(), &exchange.response) else {
        return Look::Elsewhere;
    };
    let (status, name) = match conversation {
        "enrol" => (201, "enrolled"),
        "poll" => (200, "mailbox"),
        "reportStatus" => (200, "status-reported"),
        "rotate" => (201, "rotated"),
        "addDevices" => (200, "devices-added"),
        "removeDevices" => (200, "devices-removed"),
        "leave" => (204, ""),
        _ => return Look::Elsewhere,
    };
    let unchanged = conversation == "poll" && response.status == 304;
    if response.status >= 400 || unchanged {
        return Look::Elsewhere;
    }
    if response.status != status {
        let came = format!("got HTTP status {}", response.status);
        return Look::broken(&format!("HTTP status {status}"), came);
    }
    if status == 204 {
        return Look::kept_if(response.body.is_empty(), "204 without a body", "got one");
    }
    let kind = media_type(response);
    if kind != "application/json" {
        return Look::broken("the media type application/json", format!("got {kind}"));
    }
    match schemas.misfit(name, &response.body) {
        Some(why) => Look::broken("a reply that satisfies its schema", why),
        None => Look::Kept,
    }
}

fn refusals(exchange: &Exchange, _: &Past, schemas: &Schemas) -> Look {
    let Some(response) = exchange.refusal() else {
        return Look::Elsewhere;
    };
    let kind = media_type(response);
    if kind != "application/problem+json" {
        return Look::broken(
            "the media type application/problem+json",
            format!("got {kind}"),
        );
    }
    if let Some(why) = schemas.misfit("problem", &response.body) {
        return Look::broken("a problem that satisfies its schema", why);
    }
    let body = exchange.body().unwrap_or_default();
    let right = match exchange.word() {
        Some(word) => word.http_status(),
        // What HTTP alone refuses has no word.
        None if body.get("type").is_some_and(|it| it == "about:blank") => response.status,
        None => {
            return Look::broken(
                "a word of the registry",
                format!("got {:?}", body.get("code")),
            );
        }
    };
    let stated = body.get("status").and_then(Value::as_u64);
    let holds = response.status == right && stated == Some(right.into());
    let came = format!(
        "got HTTP status {} and {stated:?} in the body",
        response.status
    );
    Look::kept_if(holds, &format!("status {right}"), came)
}

fn retry_after(exchange: &Exchange, _: &Past, _: &Schemas) -> Look {
    let Some(response) = exchange.refusal() else {
        return Look::Elsewhere;
    };
    let wait = exchange
        .body()
        .and_then(|body| body.get("retryAfter")?.as_u64());
    let has_to = matches!(
        exchange.word(),
        Some(RefusalCode::Busy | RefusalCode::Throttled)
    );
    match wait {
        None if !has_to => Look::Elsewhere,
        None => Look::broken("retryAfter in the refusal", "it is absent"),
        Some(seconds) => {
            let header = response.header("retry-after");
            let holds = header == Some(seconds.to_string().as_str());
            Look::kept_if(
                holds,
                &format!("Retry-After: {seconds}"),
                format!("got {header:?}"),
            )
        }
    }
}

fn challenges(exchange: &Exchange, _: &Past, _: &Schemas) -> Look {
    let Some(response) = exchange.refusal().filter(|response| response.status == 401) else {
        return Look::Elsewhere;
    };
    let scheme = match exchange.conversation() {
        Some("enrol") => "Restante-Provisional",
        Some(_) => "Bearer",
        None => return Look::Elsewhere,
    };
    let named = response.header("www-authenticate").unwrap_or_default();
    let holds = named.to_lowercase().contains(&scheme.to_lowercase());
    Look::kept_if(
        holds,
        &format!("WWW-Authenticate: {scheme}"),
        format!("got {named:?}"),
    )
}

fn mailboxes(exchange: &Exchange, _: &Past, _: &Schemas) -> Look {
    let response = exchange
        .response
        .as_ref()
        .filter(|_| exchange.conversation() == Some("poll"));
    let Some(response) = response.filter(|response| matches!(response.status, 200 | 304)) else {
        return Look::Elsewhere;
    };
    let next = response.header("restante-next-poll");
    if next.is_none_or(|next| next.parse::<u32>().is_err()) {
        return Look::broken("Restante-Next-Poll with seconds", format!("got {next:?}"));
    }
    if response.status == 304 {
        return Look::kept_if(response.body.is_empty(), "304 without a body", "got one");
    }
    let stated = exchange
        .body()
        .and_then(|body| Some(format!("{:?}", body.get("etag")?.as_str()?)));
    let tag = response.header("etag");
    let expected = format!(
        "the mailbox's etag {} as a strong ETag",
        stated.as_deref().unwrap_or("?")
    );
    Look::kept_if(
        tag.is_some() && tag == stated.as_deref(),
        &expected,
        format!("got {tag:?}"),
    )
}

fn secrets(exchange: &Exchange, _: &Past, _: &Schemas) -> Look {
    let (Some("enrol" | "rotate"), Some(_)) = (exchange.conversation(), exchange.reply()) else {
        return Look::Elsewhere;
    };
    let control = exchange
        .response
        .as_ref()
        .and_then(|it| it.header("cache-control"));
    let holds = control.is_some_and(|words| words.to_lowercase().contains("no-store"));
    Look::kept_if(holds, "Cache-Control: no-store", format!("got {control:?}"))
}

fn enrolments(exchange: &Exchange, _: &Past, _: &Schemas) -> Look {
    let (Some("enrol"), Some(reply)) = (exchange.conversation(), exchange.reply()) else {
        return Look::Elsewhere;
    };
    let registration = reply
        .get("registration")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let place = format!("/v1/registrations/{registration}");
    let location = exchange
        .response
        .as_ref()
        .and_then(|it| it.header("location"));
    let holds = location == Some(place.as_str());
    Look::kept_if(
        holds,
        &format!("Location: {place}"),
        format!("got {location:?}"),
    )
}

fn repetitions(exchange: &Exchange, past: &Past, _: &Schemas) -> Look {
    let (Some((registration, code)), Some(reply)) = (past.enrolled(exchange), exchange.reply())
    else {
        return Look::Elsewhere;
    };
    let same =
        reply.get("registration") == Some(registration) && reply.get("formalCode") == Some(code);
    Look::kept_if(
        same,
        "the registration and the formal code of before",
        "got others",
    )
}

fn results(exchange: &Exchange, _: &Past, _: &Schemas) -> Look {
    let (Some("reportStatus"), Some(reply)) = (exchange.conversation(), exchange.reply()) else {
        return Look::Elsewhere;
    };
    let devices = |value: Option<&Value>| -> Vec<Value> {
        let list = value.and_then(Value::as_array).into_iter().flatten();
        list.map(|one| one.get("device").cloned().unwrap_or_default())
            .collect()
    };
    let sent = exchange.message().unwrap_or_default();
    let (asked, told) = (devices(sent.get("reports")), devices(reply.get("results")));
    let came = format!("got {} results for {} reports", told.len(), asked.len());
    Look::kept_if(asked == told, "one result per report, in their order", came)
}

fn words(exchange: &Exchange, _: &Past, _: &Schemas) -> Look {
    let (Some(response), Some((_, shown))) = (exchange.refusal(), exchange.credential()) else {
        return Look::Elsewhere;
    };
    let body = String::from_utf8_lossy(&response.body);
    let repeated = |value: &str| value.contains(shown);
    let headers = response.headers.iter().any(|(_, value)| repeated(value));
    let holds = !repeated(&body) && !headers;
    Look::kept_if(
        holds,
        "a refusal without the credential",
        "the refusal repeats it",
    )
}

fn correlations(exchange: &Exchange, _: &Past, _: &Schemas) -> Look {
    if exchange.word().is_none() {
        return Look::Elsewhere;
    }
    let named = exchange
        .body()
        .is_some_and(|body| body.get("correlation").is_some());
    Look::kept_if(named, "the member correlation", "it is absent")
}

fn media_type(response: &Response) -> String {
    let kind = response.header("content-type").unwrap_or("none");
    let bare = kind.split(';').next().unwrap_or_default();
    bare.trim().to_lowercase()
}
