//! Faults in reading messages, at the line, since the core never sees what is no message.

use serde_json::{Value, json};

use crate::faults::http::{Wire, is, problem, with_body};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "invalid-is-malformed",
        says: "A message with a wrong member is called malformed.",
        breaks: &[],
        kills: &[(
            "server/MSG/a-missing-member-is-invalid",
            "expected the refusal invalid; got refusal malformed",
        )],
        also: &[
            "server/COD/tokens-name-their-customer",
            "server/ERR/the-first-rule-is-named",
            "server/HTTP/refusals-are-problems",
            "server/MBX/an-attempt-that-was-never-made-is-refused",
            "server/MBX/unknown-kinds-are-not-instructed",
            "server/MOD/ids-have-one-form",
            "server/MSG/bounds-of-a-code-are-kept",
            "server/MSG/five-hundred-devices-fit",
            "server/MSG/unknown-members-are-ignored",
            "server/STA/reports-have-bounds",
            "server/SVC/",
            "server/PRV/codes-for-a-foreign-host-are-refused",
            "server/POL/a-plan-has-bounds",
            "server/SCN/two-services-at-once",
            "server/STA/nobody-moves-another-s-device",
        ],
        defect: Defect::Wire(Wire::answering(|_, response| {
            if response.status == 422 {
                response.status = 400;
                with_body(response, |body| {
                    if body["code"] == "invalid" {
                        body["code"] = json!("malformed");
                        body["status"] = json!(400);
                    }
                });
            }
        })),
    },
    Fault {
        name: "duplicate-members-accepted",
        says: "Of a member that stands there twice the last counts.",
        breaks: &[],
        kills: &[(
            "server/MSG/bytes-that-are-no-message-are-malformed",
            "expected HTTP status 400, a right body; got HTTP status 201",
        )],
        also: &[],
        defect: Defect::Wire(Wire::asking(|request| {
            let body = request.body.as_mut()?;
            let value: Value = serde_json::from_slice(body).ok()?;
            if body.len() <= 65_536 {
                *body = value.to_string().into_bytes();
            }
            None
        })),
    },
    Fault {
        name: "large-messages-welcome",
        says: "White space does not count towards the size of a message.",
        breaks: &[],
        kills: &[(
            "server/MSG/too-large-is-refused",
            "expected HTTP status 413, a right body; got HTTP status 201",
        )],
        also: &[],
        defect: Defect::Wire(Wire::asking(|request| {
            let body = request.body.as_mut()?;
            *body = body.trim_ascii_end().to_vec();
            None
        })),
    },
    Fault {
        name: "small-messages-only",
        says: "A message of more than 32 KiB is too large.",
        breaks: &[],
        kills: &[(
            "server/MSG/too-large-is-refused",
            "expected HTTP status 201; got HTTP status 413",
        )],
        also: &["server/MSG/five-hundred-devices-fit"],
        defect: Defect::Wire(Wire::asking(|request| {
            let large = request
                .body
                .as_ref()
                .is_some_and(|body| body.len() > 32_768);
            large.then(|| problem(413, "too-large"))
        })),
    },
    Fault {
        name: "unknown-members-refused",
        says: "A member that the center does not know is refused.",
        breaks: &[],
        kills: &[(
            "server/MSG/unknown-members-are-ignored",
            "expected the reply enrolled; got refusal invalid",
        )],
        also: &["server/MSG/bytes-that-are-no-message-are-malformed"],
        defect: Defect::Wire(Wire::asking(|request| {
            let body: Value = serde_json::from_slice(request.body.as_ref()?).ok()?;
            let known = ["request", "devices", "maxMessage"];
            let strange = |name: &String| !known.contains(&name.as_str());
            let enrols = is(request, "POST", "/v1/enrolments");
            (enrols && body.as_object()?.keys().any(strange)).then(|| problem(422, "invalid"))
        })),
    },
];
