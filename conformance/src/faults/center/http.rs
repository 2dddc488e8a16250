//! Faults of the HTTP binding: statuses, header fields, media types.

use crate::faults::http::{Wire, is, with_header, without};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "waits-for-longer",
        says: "A poll is let wait for longer than it prefers.",
        breaks: &["HTTP-022"],
        kills: &[(
            "server/HTTP/a-poll-waits-as-long-as-it-wants",
            "in the header preference-applied, expected \"wait=1\", got \"wait=2\"",
        )],
        also: &[],
        defect: Defect::Wire(Wire::asking(|request| {
            for (_, value) in request
                .headers
                .iter_mut()
                .filter(|(name, _)| name == "prefer")
            {
                *value = value.replace("wait=1", "wait=2");
            }
            None
        })),
    },
    Fault {
        name: "waits-for-nothing",
        says: "A poll that prefers to wait is told unchanged although there is something to show.",
        breaks: &["HTTP-023"],
        kills: &[(
            "server/HTTP/a-poll-waits-as-long-as-it-wants",
            "expected HTTP status 200, a right body; got HTTP status 304",
        )],
        also: &[],
        defect: Defect::Wire(Wire::answering(|request, response| {
            let waits = |(name, value): &(String, String)| name == "prefer" && value == "wait=60";
            if request.headers.iter().any(waits) && response.status == 200 {
                response.status = 304;
                response.body.clear();
            }
        })),
    },
    Fault {
        name: "does-not-say-that-it-waits",
        says: "A center lets polls wait and does not say so.",
        breaks: &["HTTP-024"],
        kills: &[(
            "server/HTTP/a-poll-waits-as-long-as-it-wants",
            "in the header preference-applied, expected \"wait=1\", and it is absent",
        )],
        also: &[],
        defect: Defect::Wire(Wire::answering(|_, response| {
            let applied = "preference-applied";
            response.headers.retain(|(name, _)| name != applied);
        })),
    },
    Fault {
        name: "not-modified-without-next-poll",
        says: "304 does not say when to poll again.",
        breaks: &[],
        kills: &[(
            "server/HTTP/a-poll-has-its-headers",
            "expected HTTP status 304, a right header etag, a right header restante-next-poll, a right body; in the header restante-next-poll, expected a value, and it is absent",
        )],
        also: &[
            "server/HTTP/each-route-has-its-success",
            "server/MBX/another-state-is-not-unchanged",
            "server/MBX/before-its-time-nothing-is-shown",
            "server/MBX/calling-off-again-changes-nothing",
            "server/MBX/the-tag-knows-no-attempt",
            "server/MBX/unchanged-is-said-in-a-word",
            "server/POL/a-poll-for-a-plan-is-shown-the-mailbox",
        ],
        defect: Defect::Wire(Wire::answering(|_, response| {
            if response.status == 304 {
                without(response, "restante-next-poll");
            }
        })),
    },
    Fault {
        name: "not-modified-with-a-body",
        says: "304 has a body.",
        breaks: &[],
        kills: &[(
            "server/HTTP/a-poll-has-its-headers",
            "expected HTTP status 304, a right header etag, a right header restante-next-poll, a right body; in the body, expected",
        )],
        also: &[],
        defect: Defect::Wire(Wire::answering(|_, response| {
            if response.status == 304 {
                response.body = b"{}".to_vec();
            }
        })),
    },
    Fault {
        name: "weak-etags",
        says: "The tag of a mailbox is weak.",
        breaks: &[],
        kills: &[(
            "server/HTTP/a-poll-has-its-headers",
            "expected HTTP status 200, a right header etag, a right header restante-next-poll, a right body; in the header etag, expected the form strongEtag, got",
        )],
        also: &[],
        defect: Defect::Wire(Wire::answering(|_, response| {
            if let Some(tag) = response.header("etag").map(|tag| format!("W/{tag}")) {
                with_header(response, "etag", &tag);
            }
        })),
    },
    Fault {
        name: "enrolment-is-200",
        says: "An accepted enrolment is answered with 200.",
        breaks: &[],
        kills: &[(
            "server/HTTP/an-enrolment-is-created-at-its-place",
            "expected HTTP status 201, a right header cache-control, a right header content-type, a right header location, a right body; got HTTP status 200",
        )],
        also: &[
            "server/HTTP/each-route-has-its-success",
            "server/HTTP/header-names-in-any-case",
            "server/HTTP/only-plain-json",
            "server/MSG/bytes-that-are-no-message-are-malformed",
            "server/MSG/too-large-is-refused",
        ],
        defect: Defect::Wire(Wire::answering(|request, response| {
            if is(request, "POST", "/v1/enrolments") && response.status == 201 {
                response.status = 200;
            }
        })),
    },
    Fault {
        name: "enrolment-without-location",
        says: "An accepted enrolment does not say where the registration is.",
        breaks: &[],
        kills: &[(
            "server/HTTP/an-enrolment-is-created-at-its-place",
            "expected HTTP status 201, a right header cache-control, a right header content-type, a right header location, a right body; in the header location, expected a value, and it is absent",
        )],
        also: &[],
        defect: Defect::Wire(Wire::answering(|_, response| without(response, "location"))),
    },
    Fault {
        name: "leaving-is-200",
        says: "Leaving is answered with 200 and a body.",
        breaks: &[],
        kills: &[(
            "server/HTTP/each-route-has-its-success",
            "expected HTTP status 204; got HTTP status 200",
        )],
        also: &["server/SEA/mails-overtake-one-another"],
        defect: Defect::Wire(Wire::answering(|_, response| {
            if response.status == 204 {
                response.status = 200;
                response.body = b"{}".to_vec();
            }
        })),
    },
    Fault {
        name: "schemes-are-case-sensitive",
        says: "The scheme of a credential is understood in one spelling only.",
        breaks: &[],
        kills: &[(
            "server/HTTP/header-names-in-any-case",
            "expected HTTP status 201, a right body; got HTTP status 401",
        )],
        also: &[],
        defect: Defect::Wire(Wire::asking(|request| {
            let strange = |(name, value): &(String, String)| {
                let known = ["Bearer ", "Restante-Provisional "];
                name.eq_ignore_ascii_case("authorization")
                    && !known.iter().any(|scheme| value.starts_with(scheme))
            };
            request.headers.retain(|header| !strange(header));
            None
        })),
    },
    Fault {
        name: "never-ready",
        says: "The center never says that it is ready.",
        breaks: &[],
        kills: &[(
            "server/HTTP/health-and-readiness",
            "expected HTTP status 200; got HTTP status 503",
        )],
        also: &["server/ENR/a-clock-that-leaps-expires-nothing"],
        defect: Defect::Wire(Wire::answering(|request, response| {
            if is(request, "GET", "/readyz") {
                response.status = 503;
            }
        })),
    },
    Fault {
        name: "always-ready",
        says: "The center says that it is ready while its clock is not believed.",
        breaks: &[],
        kills: &[(
            "server/ENR/a-clock-that-leaps-expires-nothing",
            "expected HTTP status 503; got HTTP status 200",
        )],
        also: &[],
        defect: Defect::Wire(Wire::answering(|request, response| {
            if is(request, "GET", "/readyz") {
                response.status = 200;
            }
        })),
    },
    Fault {
        name: "wrong-method-is-404",
        says: "A wrong method is answered as an unknown path.",
        breaks: &[],
        kills: &[(
            "server/HTTP/nothing-there-and-wrong-method",
            "expected HTTP status 405, a right header allow; got HTTP status 404",
        )],
        also: &[],
        defect: Defect::Wire(Wire::answering(|_, response| {
            if response.status == 405 {
                response.status = 404;
            }
        })),
    },
    Fault {
        name: "wrong-method-without-allow",
        says: "A wrong method is answered without the right ones.",
        breaks: &[],
        kills: &[(
            "server/HTTP/nothing-there-and-wrong-method",
            "expected HTTP status 405, a right header allow; in the header allow, expected a value, and it is absent",
        )],
        also: &[],
        defect: Defect::Wire(Wire::answering(|_, response| without(response, "allow"))),
    },
    Fault {
        name: "any-media-type",
        says: "A body of any media type is taken for JSON.",
        breaks: &[],
        kills: &[(
            "server/HTTP/only-plain-json",
            "expected HTTP status 415; got HTTP status 201",
        )],
        also: &["server/SEA/"],
        defect: Defect::Wire(Wire::asking(|request| {
            let json = ("content-type".to_owned(), "application/json".to_owned());
            let typed = |(name, _): &(String, String)| name.eq_ignore_ascii_case("content-type");
            request.headers.retain(|header| !typed(header));
            request.headers.push(json);
            None
        })),
    },
    Fault {
        name: "problems-are-plain-json",
        says: "A refusal is sent as plain JSON.",
        breaks: &[],
        kills: &[(
            "server/HTTP/refusals-are-problems",
            "expected HTTP status 403, a right header content-type, a right body; in the header content-type, expected a text with",
        )],
        also: &["server/MSG/bytes-that-are-no-message-are-malformed"],
        defect: Defect::Wire(Wire::answering(|_, response| {
            if response.status >= 400 {
                with_header(response, "content-type", "application/json");
            }
        })),
    },
    Fault {
        name: "refusal-status-wrong",
        says: "A refused provisional code is answered with 401.",
        breaks: &[],
        kills: &[(
            "server/HTTP/refusals-are-problems",
            "expected HTTP status 403, a right header content-type, a right body; got HTTP status 401",
        )],
        also: &["server/HTTP/services-have-their-routes"],
        defect: Defect::Wire(Wire::answering(|_, response| {
            if response.status == 403 {
                response.status = 401;
            }
        })),
    },
    Fault {
        name: "tokens-are-200",
        says: "A token that is made is answered with 200.",
        breaks: &[],
        kills: &[(
            "server/HTTP/people-have-their-routes",
            "expected HTTP status 201, a right body; got HTTP status 200",
        )],
        also: &[],
        defect: Defect::Wire(Wire::answering(|request, response| {
            if is(request, "POST", "/v1/tokens") && response.status == 201 {
                response.status = 200;
            }
        })),
    },
    Fault {
        name: "throttled-without-retry-after",
        says: "A throttled refusal has no Retry-After.",
        breaks: &[],
        kills: &[(
            "server/HTTP/retry-after-is-a-header-too",
            "expected a right header retry-after; in the header retry-after, expected",
        )],
        also: &[],
        defect: Defect::Wire(Wire::answering(|_, response| {
            without(response, "retry-after")
        })),
    },
    Fault {
        name: "replies-may-be-stored",
        says: "A reply with a secret may be stored by caches.",
        breaks: &[],
        kills: &[
            (
                "server/HTTP/secrets-are-not-for-caches",
                "expected a right header cache-control; in the header cache-control, expected a value, and it is absent",
            ),
            (
                "server/HTTP/an-enrolment-is-created-at-its-place",
                "expected HTTP status 201, a right header cache-control, a right header content-type, a right header location, a right body; in the header cache-control, expected a value, and it is absent",
            ),
        ],
        also: &[],
        defect: Defect::Wire(Wire::answering(|_, response| {
            without(response, "cache-control")
        })),
    },
];
