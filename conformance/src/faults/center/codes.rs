//! Faults about provisional codes: their validity, their bounds, and how they are refused.

use restante_core::Seconds;
use restante_core::center::{Credential, Message, Reply};
use restante_core::id::AccountName;
use restante_core::limits::{CODE_VALIDITY_MAX, CODE_VALIDITY_MIN};
use restante_core::record::{
    Grant, GrantState, Kind, Loaded, Need, Pause, Range, Record, Slots, Token,
};
use restante_core::wire::RefusalCode;
use restante_core::wire::people::{IssueCode, PeopleReply, PeopleRequest, Role};
use serde_json::{Value, json};

use crate::faults::http::{Wire, is, with_body};
use crate::faults::scene::{Alter, Decided, Scene, refusal, store, unswept};
use crate::faults::{Defect, Fault};
use crate::line::{Request, Response};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "expiry-a-second-late",
        says: "A code still opens an enrolment at the instant of its expiry.",
        breaks: &[],
        kills: &[(
            "server/COD/a-code-expires-at-its-instant",
            "expected the refusal code-refused; got enrolled",
        )],
        also: &[
            "server/COD/four-dead-codes-sound-alike",
            "server/ENR/a-clock-that-goes-back-revives-nothing",
            "server/ENR/pending-ends-a-day-after-expiry",
            "server/SCN/seven-days-and-no-more",
        ],
        defect: Defect::Decision(|scene| match (&scene.call.message, scene.enrol()) {
            (Message::Tick, _) | (_, Some(_)) => scene.shifted(-1),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "expiry-a-second-early",
        says: "A code is refused one second before its expiry already.",
        breaks: &[],
        kills: &[(
            "server/COD/a-code-is-valid-until-its-expiry",
            "expected the reply enrolled; got refusal code-refused",
        )],
        also: &[
            "server/COD/a-narrowed-code-keeps-its-bounds",
            "server/SCN/seven-days-and-no-more",
        ],
        defect: Defect::Decision(|scene| match scene.enrol() {
            Some(_) => scene.shifted(1),
            None => scene.decide(),
        }),
    },
    Fault {
        name: "list-shows-the-code",
        says: "The list of codes shows the codes themselves.",
        breaks: &[],
        kills: &[(
            "server/COD/a-code-is-shown-once",
            "expected the reply codes; in the reply codes, rows.0.code: expected nothing, got",
        )],
        also: &[],
        defect: Defect::Wire(Wire::answering(codes_listed)),
    },
    Fault {
        name: "damaged-code-is-malformed",
        says: "A formal code that cannot be read is called a malformed message.",
        breaks: &[],
        kills: &[(
            "server/COD/a-damaged-formal-code-is-refused",
            "expected the refusal formal-code-refused; got refusal malformed",
        )],
        also: &["server/STA/no-code-no-report"],
        defect: Defect::Decision(|scene| match scene.call.presented {
            Credential::BadFormal => refusal(scene, RefusalCode::Malformed),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "revocation-across-accounts",
        says: "A dealer can revoke another dealer's code.",
        breaks: &[],
        kills: &[(
            "server/COD/a-dealer-sees-own-codes-only",
            "expected the refusal not-found; got codeRevoked",
        )],
        also: &[],
        defect: Defect::Decision(revoked_by_anybody),
    },
    Fault {
        name: "dealers-see-each-others-codes",
        says: "All dealers share one account.",
        breaks: &[],
        kills: &[
            (
                "server/COD/a-dealer-sees-own-codes-only",
                "expected the reply codes; in the reply codes, rows: expected 1 items, got 2",
            ),
            (
                "server/MOD/one-customer-per-dealer-and-user",
                "expected the reply codeIssued; in the reply codeIssued, row.customer: expected anything but",
            ),
        ],
        also: &[
            "server/MBX/all-devices-or-none-are-instructed",
            "server/MBX/instructing-again-makes-nothing-twice",
            "server/MOD/foreign-ids-answer-like-none",
        ],
        defect: Defect::Decision(|scene| {
            scene.seeing(Kind::Token, |token: &mut Token| {
                if token.role == Role::Dealer
                    && let Ok(account) = AccountName::new("everybody")
                {
                    token.account = account;
                }
            })
        }),
    },
    Fault {
        name: "new-code-revokes-the-old",
        says: "A further code for a user ends the earlier one.",
        breaks: &[],
        kills: &[(
            "server/COD/a-lost-code-is-issued-again",
            "expected the reply enrolled; got refusal code-refused",
        )],
        also: &[
            "server/COD/four-dead-codes-sound-alike",
            "server/SCN/seven-days-and-no-more",
        ],
        defect: Defect::Decision(earlier_codes_end),
    },
    Fault {
        name: "mistyped-code-has-other-words",
        says: "A code whose check symbols are wrong is refused in words of its own.",
        breaks: &[],
        kills: &[(
            "server/COD/a-mistyped-code-is-refused-alike",
            "in which detail: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            scene.decide().refusing("code-unreadable", |refusal| {
                refusal.detail = "the code was mistyped".into();
            })
        }),
    },
    Fault {
        name: "validity-ignored",
        says: "Every code is valid for a minute, whatever the dealer asked for.",
        breaks: &[],
        kills: &[(
            "server/COD/a-narrowed-code-keeps-its-bounds",
            "expected the reply enrolled; got refusal code-refused",
        )],
        also: &[
            "server/COD/a-code-is-valid-until-its-expiry",
            "server/COD/a-user-name-is-enough",
            "server/COD/the-throttle-ends-with-the-hour",
            "server/ENR/a-repetition-works-after-expiry",
            "server/ENR/pending-lasts-until-a-day-after-expiry",
            "server/MSG/bounds-of-a-code-are-kept",
            "server/SCN/seven-days-and-no-more",
        ],
        defect: Defect::Decision(|scene| {
            issuing(scene, |message| message.validity = Some(Seconds::MINUTE))
        }),
    },
    Fault {
        name: "limit-ignored",
        says: "Every code may register a thousand devices, whatever the dealer asked for.",
        breaks: &[],
        kills: &[
            (
                "server/COD/a-narrowed-code-keeps-its-bounds",
                "expected the reply codeIssued; in the reply codeIssued, row.limit: expected 2, got 1000",
            ),
            (
                "server/ENR/too-few-slots-registers-none",
                "expected the refusal too-few-slots; got enrolled",
            ),
        ],
        also: &[
            "server/COD/four-dead-codes-sound-alike",
            "server/ENR/adding-needs-slots",
            "server/ENR/an-exhausted-code-is-refused",
            "server/ENR/devices-are-added",
            "server/ENR/first-use-activates",
            "server/ENR/lost-reply-yields-the-same-code",
            "server/ENR/used-slots-never-come-back",
            "server/MSG/a-refusal-changes-nothing",
            "server/MSG/bounds-of-a-code-are-kept",
        ],
        defect: Defect::Decision(|scene| issuing(scene, |message| message.limit = None)),
    },
    Fault {
        name: "limit-ignores-ceiling",
        says: "A code may register more than a thousand devices.",
        breaks: &[],
        kills: &[(
            "server/COD/a-user-name-is-enough",
            "expected the reply codeIssued; in the reply codeIssued, row.limit: expected at most 1000, got 5000",
        )],
        also: &[],
        defect: Defect::Decision(limit_without_ceiling),
    },
    Fault {
        name: "validity-unbounded",
        says: "A validity beyond the bounds is cut to them instead of refused.",
        breaks: &[],
        kills: &[(
            "server/MSG/bounds-of-a-code-are-kept",
            "expected the refusal invalid; got codeIssued",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            issuing(scene, |message| {
                let bounded = |it: Seconds| it.clamp(CODE_VALIDITY_MIN, CODE_VALIDITY_MAX);
                message.validity = message.validity.map(bounded);
            })
        }),
    },
    Fault {
        name: "revocation-forgotten",
        says: "A revoked code still opens enrolments.",
        breaks: &[],
        kills: &[(
            "server/COD/a-revoked-code-is-refused",
            "expected the refusal code-refused; got enrolled",
        )],
        also: &[
            "server/COD/four-dead-codes-sound-alike",
            "server/COD/an-operator-revokes-any-code",
            "server/SCN/seven-days-and-no-more",
        ],
        defect: Defect::Decision(|scene| match scene.enrol() {
            Some(_) => scene.seeing(Kind::Grant, reopened),
            None => scene.decide(),
        }),
    },
    Fault {
        name: "expiry-forgotten",
        says: "A code that has expired opens enrolments.",
        breaks: &[],
        kills: &[
            (
                "server/COD/a-code-expires-at-its-instant",
                "expected the refusal code-refused; got enrolled",
            ),
            (
                "server/COD/four-dead-codes-sound-alike",
                "expected the refusal code-refused; got enrolled",
            ),
        ],
        also: &[
            "server/COD/a-swept-grant-forgets-the-name",
            "server/ENR/a-clock-that-goes-back-revives-nothing",
            "server/ENR/a-clock-that-leaps-expires-nothing",
            "server/ENR/a-new-code-pays-for-additions",
            "server/ENR/pending-ends-a-day-after-expiry",
            "server/SCN/seven-days-and-no-more",
        ],
        defect: Defect::Decision(|scene| match scene.enrol() {
            Some(_) => scene.seeing(Kind::Grant, |grant: &mut Grant| {
                grant.expires = grant.expires.after(CODE_VALIDITY_MAX);
            }),
            None => unswept(scene.decide()),
        }),
    },
    Fault {
        name: "grants-stay",
        says: "The sweep leaves expired grants, with the names that they hold.",
        breaks: &[],
        kills: &[
            (
                "server/COD/a-swept-grant-forgets-the-name",
                "expected the reply codes; in the reply codes, rows: expected 0 items, got 1",
            ),
            (
                "server/SCN/seven-days-and-no-more",
                "expected the reply codes; in the reply codes, rows: expected 0 items, got 3",
            ),
        ],
        also: &["server/ENR/pending-ends-a-day-after-expiry"],
        defect: Defect::Decision(|scene| unswept(scene.decide())),
    },
    Fault {
        name: "operator-cannot-revoke",
        says: "The operator cannot revoke a dealer's code.",
        breaks: &[],
        kills: &[(
            "server/COD/an-operator-revokes-any-code",
            "expected the reply codeRevoked; got refusal not-found",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match (scene.people(), scene.role()) {
            (Some(PeopleRequest::RevokeCode(_)), Some(Role::Operator)) => {
                refusal(scene, RefusalCode::NotFound)
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "unknown-code-is-not-found",
        says: "A code that nobody issued is refused as not found.",
        breaks: &[],
        kills: &[(
            "server/COD/an-unknown-code-is-refused",
            "expected the refusal code-refused; got refusal not-found",
        )],
        also: &[
            "server/COD/a-code-expires-at-its-instant",
            "server/COD/a-mistyped-code-is-refused-alike",
            "server/COD/four-dead-codes-sound-alike",
            "server/COD/one-stale-code-counts-once",
            "server/COD/ten-wrong-codes-are-throttled",
            "server/ENR/a-clock-that-goes-back-revives-nothing",
            "server/ENR/a-clock-that-leaps-expires-nothing",
            "server/ERR/a-refusal-has-its-members",
            "server/ERR/the-first-rule-is-named",
            "server/HTTP/refusals-are-problems",
            "server/SCN/seven-days-and-no-more",
        ],
        defect: Defect::Decision(|scene| {
            scene.decide().refusing("code-unknown", |refusal| {
                refusal.code = RefusalCode::NotFound;
            })
        }),
    },
    Fault {
        name: "expired-code-says-so",
        says: "An expired code is refused in words of its own.",
        breaks: &[],
        kills: &[(
            "server/COD/four-dead-codes-sound-alike",
            "in which detail: expected",
        )],
        also: &[
            "server/COD/a-swept-grant-forgets-the-name",
            "server/ENR/pending-ends-a-day-after-expiry",
            "server/SCN/seven-days-and-no-more",
        ],
        defect: Defect::Decision(|scene| {
            unswept(scene.decide()).refusing("code-expired", |refusal| {
                refusal.detail = "the code has run out".into();
            })
        }),
    },
    Fault {
        name: "exhausted-says-zero-free",
        says: "A code without a free slot is refused as having too few.",
        breaks: &[],
        kills: &[(
            "server/ENR/an-exhausted-code-is-refused",
            "expected the refusal code-refused; got refusal too-few-slots",
        )],
        also: &[
            "server/COD/four-dead-codes-sound-alike",
            "server/ENR/used-slots-never-come-back",
        ],
        defect: Defect::Decision(|scene| {
            scene.decide().refusing("code-exhausted", |refusal| {
                refusal.code = RefusalCode::TooFewSlots;
                refusal.free = Some(0);
            })
        }),
    },
    Fault {
        name: "revoked-code-says-so",
        says: "A revoked code is refused with words of its own.",
        breaks: &[],
        kills: &[(
            "server/COD/four-dead-codes-sound-alike",
            "in which detail: expected",
        )],
        also: &["server/SCN/seven-days-and-no-more"],
        defect: Defect::Decision(|scene| {
            scene.decide().refusing("code-revoked", |refusal| {
                refusal.detail = "the dealer has revoked the code".into();
            })
        }),
    },
];

fn codes_listed(request: &Request, response: &mut Response) {
    if !is(request, "GET", "/v1/codes") {
        return;
    }
    with_body(response, |body| {
        let rows = body.get_mut("rows").and_then(Value::as_array_mut);
        for row in rows.into_iter().flatten() {
            row["code"] = json!("AAAAA-AAAAA-AAAAA-AAAAA-AAAAA");
        }
    });
}

fn revoked_by_anybody(scene: &Scene<'_>) -> Decided {
    match scene.people() {
        Some(PeopleRequest::RevokeCode(_)) => scene.presenting(Credential::Console),
        _ => scene.decide(),
    }
}

fn earlier_codes_end(scene: &Scene<'_>) -> Decided {
    let mut decided = scene.decide();
    let (Some(PeopleRequest::IssueCode(_)), Ok(decision)) = (scene.people(), &mut decided) else {
        return decided;
    };
    let issued = decision.written.writes.iter().map(|write| &write.key);
    let Some(key) = issued.clone().find(|key| key.kind == Kind::Grant).cloned() else {
        return decided;
    };
    let need = Need::Range(Box::new(Range {
        kind: Kind::Grant,
        owner: key.owner,
        after: Vec::new(),
        through: Vec::new(),
        limit: 100,
    }));
    let Some(Loaded::Range { rows, .. }) = scene.records.get(&need) else {
        return Err(Pause::Read(vec![need]));
    };
    for row in rows {
        if let Ok(mut grant) = Grant::read(row.format, &row.body) {
            grant.revoke(scene.now);
            store(decision, row.key.clone(), row.revision, &grant);
        }
    }
    decided
}

/// The decision for an issue that is altered.
fn issuing(scene: &Scene<'_>, change: impl FnOnce(&mut IssueCode)) -> Decided {
    match scene.people() {
        Some(PeopleRequest::IssueCode(message)) => {
            let mut message = message.clone();
            change(&mut message);
            scene.told(PeopleRequest::IssueCode(message))
        }
        _ => scene.decide(),
    }
}

fn reopened(grant: &mut Grant) {
    grant.state = GrantState::Open;
}

fn limit_without_ceiling(scene: &Scene<'_>) -> Decided {
    let Some(PeopleRequest::IssueCode(IssueCode { limit: None, .. })) = scene.people() else {
        return scene.decide();
    };
    let limit = 5_000;
    let mut decided = scene.decide().writing(Kind::Grant, |grant: &mut Grant| {
        grant.slots = Slots::new(limit);
    });
    if let Ok(decision) = &mut decided
        && let Ok(Reply::People(PeopleReply::CodeIssued(issued))) = &mut decision.outcome
    {
        issued.row.limit = limit;
    }
    decided
}
