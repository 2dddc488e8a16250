//! Faults of applying, of calling off and of stopping: spec sections 10.2, 10.6 and 10.7.

use restante_core::center::{Credential, Decision, Message, Reply};
use restante_core::id::{RequestId, ServiceId};
use restante_core::record::{Application, Entitlement, Kind, Phase};
use restante_core::wire::people::{Page, PeopleReply, PeopleRequest};
use restante_core::wire::services::{
    ApplicationState, Applied, Apply, CancelApplication, Choose, Selection, ServiceRow,
    ServicesReply, ServicesRequest, UseStopped,
};
use restante_core::wire::{Refusal, RefusalCode};
use restante_crypto::RingCrypto;

use crate::faults::http::{Wire, is};
use crate::faults::scene::{Alter, Decided, Scene, instead, is_repetition, refused_as};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "applied-is-ok",
        says: "What was applied for is answered with status 200.",
        breaks: &["HTTP-001"],
        kills: &[(
            "server/HTTP/services-have-their-routes",
            "got HTTP status 200",
        )],
        also: &[],
        defect: Defect::Wire(Wire::answering(|request, response| {
            if is(request, "POST", "/v1/applications") && response.status == 201 {
                response.status = 200;
            }
        })),
    },
    Fault {
        name: "the-first-service-is-enough",
        says: "Of several services the first alone is applied for.",
        breaks: &["SVC-007"],
        kills: &[(
            "server/SVC/several-services-are-several-applications",
            "applications: expected 2 items, got 1",
        )],
        also: &["server/SCN/two-services-at-once"],
        defect: Defect::Decision(|scene| applying(scene, |apply| apply.services.truncate(1))),
    },
    Fault {
        name: "a-service-is-guessed",
        says: "An application that names no service is one for whichever comes first.",
        breaks: &["SVC-008"],
        kills: &[(
            "server/SVC/a-service-is-named-where-there-are-several",
            "expected the refusal invalid; got applied",
        )],
        also: &["server/SCN/two-services-at-once"],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ServicesRequest::Apply(apply)) if apply.services.is_empty() => {
                accepted(scene, RefusalCode::Invalid)
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "the-only-service-has-to-be-named",
        says: "An application that names no service is refused, though there is only one.",
        breaks: &["SVC-008"],
        kills: &[(
            "server/SCN/the-only-service-is-not-named",
            "expected the reply applied; got refusal service-unknown",
        )],
        also: &[
            "server/SCN/two-services-at-once",
            "server/SVC/a-service-is-named-where-there-are-several",
        ],
        defect: Defect::Decision(|scene| {
            applying(scene, |apply| {
                if apply.services.is_empty() {
                    apply.services.extend("kit-none".parse::<ServiceId>());
                }
            })
        }),
    },
    Fault {
        name: "any-service-will-do",
        says: "A service that there is not is taken for one of which nothing is known.",
        breaks: &["SVC-009"],
        kills: &[(
            "server/SVC/an-unknown-service-is-named-as-such",
            "expected the refusal service-unknown; got applied",
        )],
        also: &["server/SVC/several-services-are-several-applications"],
        defect: Defect::Decision(|scene| accepted(scene, RefusalCode::ServiceUnknown)),
    },
    Fault {
        name: "applied-twice",
        says: "The same application sent again is another one.",
        breaks: &["SVC-010"],
        kills: &[(
            "server/SVC/applying-again-makes-nothing-twice",
            "applications.0.application: expected",
        )],
        also: &["server/SVC/other-content-under-a-request-id-is-refused"],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            if !is_repetition(&decided) {
                return decided;
            }
            let drawn = scene.seed.draw_id(&RingCrypto, "fault");
            applying(scene, |apply| {
                apply.request = RequestId::from_bytes(drawn);
                apply.on = Selection::Chosen;
            })
        }),
    },
    Fault {
        name: "any-content-is-a-repetition",
        says: "Another application under a request id that was used is answered as if it were made.",
        breaks: &["SVC-010"],
        kills: &[(
            "server/SVC/other-content-under-a-request-id-is-refused",
            "expected the refusal request-mismatch; got applied",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ServicesRequest::Apply(_)) => accepted(scene, RefusalCode::RequestMismatch),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "an-application-without-devices",
        says: "An application for no device that could start the service is answered as if made.",
        breaks: &["SVC-011"],
        kills: &[(
            "server/SVC/an-application-that-comes-to-nothing-is-refused",
            "expected the refusal no-eligible-device; got applied",
        )],
        also: &[
            "server/SCN/who-is-found-for-a-service",
            "server/SCN/who-is-found-with-two-servers",
        ],
        defect: Defect::Decision(|scene| accepted(scene, RefusalCode::NoEligibleDevice)),
    },
    Fault {
        name: "unknown-models-are-passed-over",
        says: "An application or a choice for a model of no device is answered as if made.",
        breaks: &["SVC-063"],
        kills: &[(
            "server/SVC/an-unknown-model-is-named",
            "expected the refusal model-unknown; got applied",
        )],
        also: &[],
        defect: Defect::Decision(|scene| accepted(scene, RefusalCode::ModelUnknown)),
    },
    Fault {
        name: "a-model-is-unknown-unnamed",
        says: "The models of which the customer holds no device are not named.",
        breaks: &["SVC-063"],
        kills: &[(
            "server/SVC/an-unknown-model-is-named",
            "detail: expected a text with \"M9999\" in it",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let title = RefusalCode::ModelUnknown.title();
            let plain = |refusal: &mut Refusal| refusal.detail = title.into();
            scene.decide().refusing("model-unknown", plain)
        }),
    },
    Fault {
        name: "applications-side-by-side",
        says: "An application for devices that have an open one is answered as if made.",
        breaks: &["SVC-012"],
        kills: &[(
            "server/SVC/an-application-that-comes-to-nothing-is-refused",
            "expected the refusal application-open; got applied",
        )],
        also: &[],
        defect: Defect::Decision(|scene| accepted(scene, RefusalCode::ApplicationOpen)),
    },
    Fault {
        name: "foreign-devices-are-passed-over",
        says: "A device that the customer does not hold is passed over in silence.",
        breaks: &["SVC-013"],
        kills: &[(
            "server/SVC/an-application-that-comes-to-nothing-is-refused",
            "expected the refusal not-found; got applied",
        )],
        also: &["server/SVC/who-applies-is-an-operator-or-administrator"],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ServicesRequest::Apply(_)) => accepted(scene, RefusalCode::NotFound),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "the-choice-is-everything",
        says: "Whatever is chosen, all candidates are instructed.",
        breaks: &["SVC-015"],
        kills: &[(
            "server/SVC/a-service-is-started-on-chosen-devices",
            "in the reply applications, rows: expected an item like",
        )],
        also: &[
            "server/SVC/a-choice-is-made-once",
            "server/SCN/the-only-service-is-not-named",
            "server/SVC/an-unknown-model-is-named",
        ],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ServicesRequest::Choose(choose)) => {
                let choose = choose.clone();
                let on = Selection::All;
                about(scene, ServicesRequest::Choose(Choose { on, ..choose }))
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "a-choice-after-the-choice",
        says: "Another choice is answered as if it were made.",
        breaks: &["SVC-016"],
        kills: &[(
            "server/SVC/a-choice-is-made-once",
            "expected the refusal application-closed; got applicationChosen",
        )],
        also: &[],
        defect: Defect::Decision(|scene| accepted(scene, RefusalCode::ApplicationClosed)),
    },
    Fault {
        name: "any-time-is-given",
        says: "An application is given any time.",
        breaks: &["SVC-019"],
        kills: &[(
            "server/SVC/an-application-has-bounds-of-time",
            "expected the refusal invalid; got applied",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ServicesRequest::Apply(apply)) if apply.validity.is_some() => {
                accepted(scene, RefusalCode::Invalid)
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "dealers-apply",
        says: "Whoever holds any token applies for services.",
        breaks: &["SVC-020"],
        kills: &[(
            "server/SVC/who-applies-is-an-operator-or-administrator",
            "expected the refusal role-forbidden; got applied",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(
                ServicesRequest::Define(_)
                | ServicesRequest::List(_)
                | ServicesRequest::ListEntitlements(_),
            ) => scene.decide(),
            _ => accepted(scene, RefusalCode::RoleForbidden),
        }),
    },
    Fault {
        name: "applications-of-any-customer",
        says: "An administrator lists the applications of whichever customer they name.",
        breaks: &["MOD-002"],
        kills: &[(
            "server/SVC/who-applies-is-an-operator-or-administrator",
            "expected the refusal not-found; got applications",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ServicesRequest::ListApplications(list)) if list.customer.is_some() => {
                let decided = scene.decide();
                match refused_as(&decided, RefusalCode::NotFound) {
                    true => scene.presenting(Credential::Console),
                    false => decided,
                }
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "stop-stops-nothing",
        says: "That a use is stopped is answered and not done.",
        breaks: &["SVC-045"],
        kills: &[(
            "server/SVC/a-stopped-use-is-over",
            "stopped: expected 0, got 1",
        )],
        also: &[
            "server/HTTP/services-have-their-routes",
            "server/SVC/a-stopped-use-begins-again-with-another-code",
            "server/SVC/use-is-told-with-each-service",
            "server/PRV/",
            "server/PRV/a-stopped-use-is-not-reported-back",
        ],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ServicesRequest::StopUse(_)) => {
                let decided = scene.decide();
                decided.unwriting(Kind::Entitlement).unwriting(Kind::Pair)
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "a-stopped-code-opens",
        says: "Stopping a use leaves its code good.",
        breaks: &["SVC-030"],
        kills: &[(
            "server/SVC/a-stopped-use-is-over",
            "expected the refusal registration-refused; got registered",
        )],
        also: &["server/HTTP/services-have-their-routes"],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ServicesRequest::StopUse(_)) => scene.decide().unwriting(Kind::Pair),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "stopped-uses-are-forgotten",
        says: "Devices whose use was stopped are not listed.",
        breaks: &["SVC-047"],
        kills: &[(
            "server/SVC/use-is-told-with-each-service",
            "in the reply entitlements, rows: expected 1 items, got 0",
        )],
        also: &[
            "server/SVC/a-stopped-use-is-over",
            "server/PRV/",
            "server/PRV/a-stopped-use-is-not-reported-back",
        ],
        defect: Defect::Decision(|scene| {
            telling(scene.decide(), |reply| {
                if let ServicesReply::Entitlements(page) = reply {
                    page.rows.retain(|row| row.stopped.is_none());
                }
            })
        }),
    },
    Fault {
        name: "calling-off-one-calls-off-all",
        says: "Calling off some devices calls off the whole application.",
        breaks: &["SVC-043"],
        kills: &[(
            "server/SVC/one-device-is-called-off",
            "state: expected \"open\", got \"cancelled\"",
        )],
        also: &[
            "server/SVC/an-application-that-comes-to-nothing-is-refused",
            "server/SVC/wrong-pairs-are-refused-alike",
            "server/PRV/",
            "server/PRV/what-was-called-off-gets-no-code",
            "server/PRV/what-was-given-and-called-off-has-ended",
        ],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ServicesRequest::CancelApplication(cancel)) => {
                let cancel = cancel.clone();
                let devices = None;
                let cancel = CancelApplication { devices, ..cancel };
                about(scene, ServicesRequest::CancelApplication(cancel))
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "a-calling-off-is-not-kept",
        says: "The calling off of a whole application is answered and not kept.",
        breaks: &["SVC-042"],
        kills: &[(
            "server/SVC/called-off-codes-open-nothing",
            "expected the refusal registration-refused; got registered",
        )],
        also: &[
            "server/SVC/calling-off-what-is-over-changes-nothing",
            "server/PRV/",
            "server/MAIL/called-off-codes-open-nothing-in-a-mail",
        ],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ServicesRequest::CancelApplication(cancel)) if cancel.devices.is_none() => {
                scene.decide().unwriting(Kind::Application)
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "complete-is-called-off",
        says: "Calling off what is complete is answered as if that had been in time.",
        breaks: &["SVC-044"],
        kills: &[(
            "server/SVC/calling-off-what-is-over-changes-nothing",
            "state: expected \"complete\", got \"cancelled\"",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match asked(scene) {
                Some(ServicesRequest::CancelApplication(_)) => telling(decided, |reply| {
                    if let ServicesReply::Application(row) = reply
                        && row.state == ApplicationState::Complete
                    {
                        row.state = ApplicationState::Cancelled;
                    }
                }),
                _ => decided,
            }
        }),
    },
    Fault {
        name: "once-stopped-stays-stopped",
        says: "A device whose use was stopped is left out of every further application.",
        breaks: &["SVC-046"],
        kills: &[(
            "server/SVC/a-stopped-use-begins-again-with-another-code",
            "rows: expected an item like",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match scene.call.message {
            Message::Tick => {
                scene.seeing(Kind::Entitlement, |it: &mut Entitlement| it.stopped = None)
            }
            _ => scene.decide(),
        }),
    },
];

/// What is asked for about services, if anything is.
pub(super) fn asked<'a>(scene: &Scene<'a>) -> Option<&'a ServicesRequest> {
    match scene.people() {
        Some(PeopleRequest::Services(request)) => Some(request),
        _ => None,
    }
}

/// For another message about services.
pub(super) fn about(scene: &Scene<'_>, request: ServicesRequest) -> Decided {
    scene.told(PeopleRequest::Services(request))
}

/// For an application that is altered; any other message is decided rightly.
fn applying(scene: &Scene<'_>, change: impl FnOnce(&mut Apply)) -> Decided {
    match asked(scene) {
        Some(ServicesRequest::Apply(apply)) => {
            let mut apply = apply.clone();
            change(&mut apply);
            about(scene, ServicesRequest::Apply(apply))
        }
        _ => scene.decide(),
    }
}

/// The decision with what people are told about services altered.
pub(super) fn telling(mut decided: Decided, change: impl FnOnce(&mut ServicesReply)) -> Decided {
    if let Ok(Decision {
        outcome: Ok(Reply::People(PeopleReply::Services(reply))),
        ..
    }) = &mut decided
    {
        change(reply);
    }
    decided
}

/// The decision for a message about services that is refused so: accepted instead, and nothing is
/// made.
pub(super) fn accepted(scene: &Scene<'_>, where_refused: RefusalCode) -> Decided {
    let decided = scene.decide();
    match asked(scene).and_then(|request| made_up(scene, request)) {
        Some(reply) if refused_as(&decided, where_refused) => {
            instead(decided, Reply::People(PeopleReply::Services(reply)))
        }
        _ => decided,
    }
}

/// A reply to this message of which nothing is true.
fn made_up(scene: &Scene<'_>, request: &ServicesRequest) -> Option<ServicesReply> {
    use {ServicesReply as Reply, ServicesRequest as Request};
    fn empty<Row, Id>() -> Page<Row, Id> {
        Page {
            rows: Vec::new(),
            next: None,
        }
    }
    Some(match request {
        Request::Define(message) => Reply::Defined(ServiceRow {
            service: message.service.clone(),
            title: message.title.clone().or_else(|| "made up".parse().ok())?,
            url: message.url.clone(),
            models: message.models.clone(),
            collator: message.collator,
            account: None,
            used: None,
        }),
        Request::List(_) => Reply::Services(empty()),
        Request::Apply(_) => Reply::Applied(Applied {
            applications: Vec::new(),
        }),
        Request::Choose(_) | Request::CancelApplication(_) => {
            let (key, mut made, _) = scene.any::<Application>(Kind::Application)?;
            made.phase = Phase::Open;
            Reply::Application(made.row(Application::id(&key)?))
        }
        Request::ListApplications(_) => Reply::Applications(empty()),
        Request::ListTargets(_) => Reply::Targets(empty()),
        Request::StopUse(_) => Reply::UseStopped(UseStopped { stopped: 0 }),
        Request::ListEntitlements(_) => Reply::Entitlements(empty()),
        _ => return None,
    })
}
