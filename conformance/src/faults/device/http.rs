//! Faults of a device's HTTP client. They show on real connections alone.

use crate::faults::client::Manners;
use crate::faults::{Defect, Fault};
use crate::line::Request;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "code-in-the-query",
        says: "A device that asks for a new formal code writes its present one into the query too.",
        breaks: &["HTTP-002"],
        kills: &[(
            BELONGS,
            "got POST /v1/rotations with its credential in the path as well",
        )],
        also: &[],
        defect: Defect::Client(Manners::asking(|request| {
            let credential = bearer(request);
            if request.path == "/v1/rotations" {
                request.path = format!("/v1/rotations?code={credential}");
            }
        })),
    },
    Fault {
        name: "code-in-a-cookie",
        says: "A device that leaves sends its formal code as a cookie too.",
        breaks: &["HTTP-002"],
        kills: &[(
            BELONGS,
            "got DELETE /v1/registration with its credential in the header cookie as well",
        )],
        also: &[],
        defect: Defect::Client(Manners::asking(|request| {
            let credential = bearer(request);
            if request.path == "/v1/registration" {
                let cookie = format!("code={credential}");
                request.headers.push(("cookie".into(), cookie));
            }
        })),
    },
    Fault {
        name: "reports-as-plain-text",
        says: "A device sends its status reports as plain text.",
        breaks: &["HTTP-004"],
        kills: &[(
            BELONGS,
            "got the request reportStatus, as HTTP: headers.content-type: expected a text with",
        )],
        also: &["device/STA/the-schedule-asks-and-the-device-reports"],
        defect: Defect::Client(Manners::asking(|request| {
            if request.path == "/v1/status-reports" {
                with(request, "content-type", |_| "text/plain".to_owned());
            }
        })),
    },
    Fault {
        name: "have-without-quotation-marks",
        says: "A device sends the mailbox's etag without quotation marks.",
        breaks: &["HTTP-005"],
        kills: &[(
            BELONGS,
            "got the request poll, as HTTP: headers.if-none-match: expected the form strongEtag",
        )],
        also: &[],
        defect: Defect::Client(Manners::asking(|request| {
            with(request, "if-none-match", |tag| {
                tag.trim_matches('"').to_owned()
            });
        })),
    },
    Fault {
        name: "tag-in-another-header",
        says: "A device names the plan that it polls for in a field of its own.",
        breaks: &["HTTP-026"],
        kills: &[(
            "device/HTTP/a-plan-s-tag-travels-in-its-header",
            "expected the request poll within 10 s; got the request poll, in which tag",
        )],
        also: &[],
        defect: Defect::Client(Manners::asking(|request| {
            let tags = request.headers.iter_mut();
            let tags = tags.filter(|(name, _)| name == "restante-poll-tag");
            tags.for_each(|(name, _)| "x-poll-tag".clone_into(name));
        })),
    },
    Fault {
        name: "any-certificate-believed",
        says: "A device looks at no certificate.",
        breaks: &["HTTP-017"],
        kills: &[(
            "device/HTTP/another-certificate-gets-no-credential",
            "got POST /v1/enrolments at the port whose certificate is for another name",
        )],
        also: &[],
        defect: Defect::Client(Manners {
            credulous: true,
            ..Manners::RIGHT
        }),
    },
    Fault {
        name: "redirection-followed",
        says: "A device goes where a redirection sends it, and its code with it.",
        breaks: &["HTTP-018"],
        kills: &[(
            "device/HTTP/no-redirection-is-followed",
            "got POST /elsewhere, which is no route",
        )],
        also: &[],
        defect: Defect::Client(Manners {
            obedient: true,
            ..Manners::RIGHT
        }),
    },
];

/// The formal code that a request presents.
fn bearer(request: &Request) -> String {
    let presented = |(name, value): &(String, String)| {
        let code = value
            .strip_prefix("Bearer ")
            .filter(|_| name == "authorization");
        code.map(str::to_owned)
    };
    request
        .headers
        .iter()
        .find_map(presented)
        .unwrap_or_default()
}

/// Alters the value of a header field, where it is there.
fn with(request: &mut Request, name: &str, change: impl Fn(&str) -> String) {
    for (known, value) in &mut request.headers {
        if known == name {
            *value = change(value);
        }
    }
}

/// The case about where messages belong.
const BELONGS: &str = "device/HTTP/messages-travel-where-they-belong";
