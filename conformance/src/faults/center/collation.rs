//! Faults of registration codes and of collation: spec sections 10.3 and 10.4.

use restante_core::center::{Call, Decision, Message, Reply};
use restante_core::id::{DeviceId, ServiceId};
use restante_core::provider::{Pair, PairState};
use restante_core::record::{
    Application, Entitlement, Kind, Pause, Phase, Revision, Service, Target,
};
use restante_core::wire::people::PeopleReply;
use restante_core::wire::{
    Act, Acts, DeviceReply, DeviceRequest, Mailbox, PollReply, Progress, RefusalCode, Register,
    RegisterService, Registered,
};

use crate::faults::http::{Wire, problem};
use crate::faults::scene::{
    Alter, Decided, Scene, instead, is_repetition, refusal, refused_for, store,
};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "use-shows-to-others",
        says: "A service's title tells how many devices have started it, whoever's they are.",
        breaks: &["SVC-021"],
        kills: &[(
            "server/SVC/one-customer-s-view-does-not-change-with-another",
            "in the reply services, rows: expected an item like",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let mut decided = scene.decide()?;
            let Some((id, _)) = registering(scene) else {
                return Ok(decided);
            };
            let starts = |decided: &Decision| {
                let mut writes = decided.written.writes.iter();
                writes.any(|write| write.key.kind == Kind::Entitlement)
            };
            let key = Service::key(id);
            if starts(&decided)
                && let Some((mut service, at)) = scene.load::<Service>(&key)?
                && let Ok(title) = format!("{}, started once more", service.title).parse()
            {
                service.title = title;
                store(&mut decided, key, at, &service);
            }
            Ok(decided)
        }),
    },
    Fault {
        name: "the-url-of-today",
        says: "An instruction is shown with the URL that its service has now.",
        breaks: &["SVC-022"],
        kills: &[(
            "server/SVC/each-device-has-a-code-of-its-own",
            "mailbox.instructions: expected an item like",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            let Ok(id) = ServiceId::new("kit-x") else {
                return decided;
            };
            if !is_poll(scene) {
                return decided;
            }
            let Some((service, _)) = scene.load::<Service>(&Service::key(&id))? else {
                return decided;
            };
            inviting(decided, |invitation| {
                if invitation.url.ends_with("kit-x") {
                    invitation.url = service.url.as_str().to_owned();
                }
            })
        }),
    },
    Fault {
        name: "one-code-for-all",
        says: "All devices of a registration are shown one registration code.",
        breaks: &["SVC-023"],
        kills: &[(
            "server/SVC/each-device-has-a-code-of-its-own",
            "mailbox.instructions: expected an item like",
        )],
        also: &[
            "server/SVC/",
            "server/SCN/a-service-for-a-site",
            "server/SCN/two-services-at-once",
            "server/PRV/a-provider-s-devices-start-its-service",
            "server/SCN/a-shared-mailbox-holds-a-provider-s-codes",
            "server/SCN/who-is-found-with-two-servers",
            "server/MAIL/",
            "server/SCN/recognised-by-mail",
        ],
        defect: Defect::Decision(|scene| {
            let mut first = None;
            inviting(scene.decide(), |invitation| {
                invitation.code = first.get_or_insert(invitation.code.clone()).clone();
            })
        }),
    },
    Fault {
        name: "people-see-codes",
        says: "Lists of instructions show registration codes.",
        breaks: &["SVC-024"],
        kills: &[(
            "server/SVC/each-device-has-a-code-of-its-own",
            "register-service.code: expected nothing",
        )],
        also: &["server/PRV/a-given-code-is-its-device-s-alone"],
        defect: Defect::Decision(|scene| {
            let mut decided = scene.decide();
            if let Ok(Decision {
                outcome: Ok(Reply::People(PeopleReply::Instructions(page))),
                ..
            }) = &mut decided
            {
                for row in &mut page.rows {
                    row.acts = with_invitation(&row.acts, &mut |it| {
                        it.code = "07en-w3ah-rz6d".to_owned();
                    });
                }
            }
            decided
        }),
    },
    Fault {
        name: "registered-and-not-entitled",
        says: "A right pair is accepted, and the device cannot use the service.",
        breaks: &["SVC-026"],
        kills: &[(
            "server/SVC/a-service-is-started-on-chosen-devices",
            "in the reply entitlements, rows: expected",
        )],
        also: &[
            "server/HTTP/services-have-their-routes",
            "server/SVC/",
            "server/SCN/a-service-for-a-site",
            "server/SCN/a-service-panel-by-panel",
            "server/SCN/two-services-at-once",
            "server/MAIL/",
            "server/SCN/recognised-by-mail",
        ],
        defect: Defect::Decision(|scene| match registering(scene) {
            Some(_) => scene.decide().unwriting(Kind::Entitlement),
            None => scene.decide(),
        }),
    },
    Fault {
        name: "collation-ignores-the-device",
        says: "A code is accepted from a device for which none was made.",
        breaks: &["SVC-027"],
        kills: &[(
            "server/SVC/the-device-has-to-match",
            "expected the refusal registration-refused; got registered",
        )],
        also: &[
            "server/SVC/the-service-has-to-match",
            "server/SVC/wrong-pairs-are-refused-alike",
            "server/SCN/a-service-for-a-site",
            "server/PRV/a-provider-s-word-alone-entitles",
            "server/SCN/three-mailboxes-hold-a-provider-s-codes",
        ],
        defect: Defect::Decision(|scene| {
            taken_for_right(scene, "registration-device-mismatch", |_| true)
        }),
    },
    Fault {
        name: "collation-ignores-the-service",
        says: "A pair is right for any service if it is right for one.",
        breaks: &["SVC-027"],
        kills: &[(
            "server/SVC/the-service-has-to-match",
            "expected the refusal registration-refused; got registered",
        )],
        also: &[
            "server/SVC/wrong-pairs-are-refused-alike",
            "server/SCN/two-services-at-once",
            "server/SCN/recognised-by-mail",
        ],
        defect: Defect::Decision(
            |scene| match (registering(scene), ServiceId::new("kit-x")) {
                (Some((_, register)), Ok(known)) => {
                    let message = Message::Register(known, register.clone());
                    let call = scene.call.clone();
                    scene.calling(&Call { message, ..call })
                }
                _ => scene.decide(),
            },
        ),
    },
    Fault {
        name: "no-code-is-needed",
        says: "A device for which a code was made is accepted without it.",
        breaks: &["SVC-027"],
        kills: &[(
            "server/SVC/a-code-has-to-be-given",
            "expected the refusal registration-refused; got registered",
        )],
        also: &[
            "server/SVC/a-wrong-pair-changes-nothing",
            "server/SVC/wrong-pairs-are-refused-alike",
            "server/SCN/a-service-for-a-site",
        ],
        defect: Defect::Decision(|scene| {
            taken_for_right(scene, "registration-code-missing", |_| true)
        }),
    },
    Fault {
        name: "another-device-s-code-opens",
        says: "Any code that reads like one of the center's is accepted.",
        breaks: &["SVC-027"],
        kills: &[
            (
                "server/SVC/the-code-has-to-match",
                "expected the refusal registration-refused; got registered",
            ),
            (
                "server/SCN/a-service-for-a-site",
                "expected the refusal registration-refused; got registered",
            ),
            (
                "server/SCN/two-services-at-once",
                "expected the refusal registration-refused; got registered",
            ),
        ],
        also: &["server/SVC/", "server/SCN/a-service-panel-by-panel"],
        defect: Defect::Decision(|scene| {
            taken_for_right(scene, "registration-code-wrong", |code| code.len() == 14)
        }),
    },
    Fault {
        name: "any-text-opens",
        says: "A text that is no code of the center's is accepted as one.",
        breaks: &["SVC-027"],
        kills: &[(
            "server/SVC/the-code-has-to-match",
            "expected the refusal registration-refused; got registered",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            taken_for_right(scene, "registration-code-wrong", |code| code.len() != 14)
        }),
    },
    Fault {
        name: "an-earlier-code-opens",
        says: "After a further application the code of the one before still opens.",
        breaks: &["SVC-027"],
        kills: &[(
            "server/SVC/a-stopped-use-begins-again-with-another-code",
            "expected the refusal registration-refused; got registered",
        )],
        also: &["server/SVC/"],
        defect: Defect::Decision(|scene| {
            let was_stopped = |scene: &Scene<'_>| -> Result<bool, Pause> {
                let pair = scene.any::<Pair>(Kind::Pair).map(|(_, pair, _)| pair);
                let (Some((id, register)), Some(customer)) =
                    (registering(scene), pair.and_then(|pair| pair.customer))
                else {
                    return Ok(false);
                };
                let key = Entitlement::key(customer, id, register.device);
                Ok(scene.load::<Entitlement>(&key)?.is_some())
            };
            match was_stopped(scene)? {
                true => taken_for_right(scene, "registration-code-wrong", |_| true),
                false => scene.decide(),
            }
        }),
    },
    Fault {
        name: "wrong-pairs-are-told-apart",
        says: "A device for which no code was made is told so.",
        breaks: &["SVC-027"],
        kills: &[(
            "server/SVC/wrong-pairs-are-refused-alike",
            "in which detail: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            decided.refusing("registration-device-mismatch", |refusal| {
                refusal.detail = "no code was made for this device".to_owned();
            })
        }),
    },
    Fault {
        name: "a-wrong-code-spoils-the-right-one",
        says: "After a wrong code the right one is refused.",
        breaks: &["SVC-029"],
        kills: &[(
            "server/SVC/a-wrong-pair-changes-nothing",
            "expected the reply registered; got refusal registration-refused",
        )],
        also: &[
            "server/SVC/a-stopped-use-begins-again-with-another-code",
            "server/SVC/the-code-has-to-match",
            "server/SVC/the-pair-is-the-only-credential",
            "server/SVC/ten-wrong-pairs-are-throttled",
            "server/SVC/wrong-pairs-are-refused-alike",
            "server/SCN/a-service-for-a-site",
            "server/SCN/a-service-panel-by-panel",
            "server/MAIL/",
            "server/SCN/recognised-by-mail",
        ],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match scene.any::<Pair>(Kind::Pair) {
                Some((key, pair, at)) if refused_for(&decided, "registration-code-wrong") => {
                    let state = PairState::Withdrawn { at: scene.now };
                    decided.map(|mut decision| {
                        store(&mut decision, key, at, &Pair { state, ..pair });
                        decision
                    })
                }
                _ => decided,
            }
        }),
    },
    Fault {
        name: "a-pair-opens-once",
        says: "A pair that was accepted is refused when it comes again.",
        breaks: &["SVC-030"],
        kills: &[(
            "server/SVC/the-same-pair-again-gets-the-same-answer",
            "expected the reply registered; got refusal registration-refused",
        )],
        also: &[
            "server/SVC/an-application-has-bounds-of-time",
            "server/SVC/calling-off-what-is-over-changes-nothing",
            "server/MAIL/",
            "server/SCN/recognised-by-mail",
        ],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match registering(scene) {
                Some(_) if is_repetition(&decided) => {
                    refusal(scene, RefusalCode::RegistrationRefused)
                }
                _ => decided,
            }
        }),
    },
    Fault {
        name: "done-entitles",
        says: "A device that says its instruction is done can use the service.",
        breaks: &["SVC-031"],
        kills: &[(
            "server/SVC/done-is-no-entitlement",
            "in the reply entitlements, rows: expected 0 items, got 1",
        )],
        also: &["server/PRV/a-provider-s-word-alone-entitles"],
        defect: Defect::Decision(|scene| {
            let mut decided = scene.decide()?;
            let (Some(device), Some((key, ..))) =
                (done_by(scene), scene.any::<Target>(Kind::Target))
            else {
                return Ok(decided);
            };
            let Some((customer, id)) = Target::application(&key) else {
                return Ok(decided);
            };
            let application = Application::key(customer, id);
            let Some((made, _)) = scene.load::<Application>(&application)? else {
                return Ok(decided);
            };
            let key = Entitlement::key(customer, &made.service, device);
            let held = scene.load::<Entitlement>(&key)?;
            let at = held.map_or(Revision::ABSENT, |(_, at)| at);
            let entitled = Entitlement {
                application: id,
                since: scene.now,
                stopped: None,
            };
            store(&mut decided, key, at, &entitled);
            Ok(decided)
        }),
    },
    Fault {
        name: "a-registration-wants-a-formal-code",
        says: "A registration that comes with a credential is refused for it.",
        breaks: &["SVC-032"],
        kills: &[(
            "server/SVC/the-pair-is-the-only-credential",
            "expected the refusal registration-refused; got refusal formal-code-refused",
        )],
        also: &[],
        defect: Defect::Wire(Wire::asking(|request| {
            let is_registration = request.path.ends_with("/registrations");
            let mut headers = request.headers.iter();
            let presents = headers.any(|(name, _)| name == "authorization");
            (is_registration && presents).then(|| problem(401, "formal-code-refused"))
        })),
    },
    Fault {
        name: "wrong-pairs-are-not-counted",
        says: "Wrong pairs can be tried without end.",
        breaks: &["SVC-033"],
        kills: &[(
            "server/SVC/ten-wrong-pairs-are-throttled",
            "expected the refusal throttled; got registered",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match registering(scene) {
            Some(_) => scene.decide().unwriting(Kind::Throttle),
            None => scene.decide(),
        }),
    },
    Fault {
        name: "what-failed-has-failed",
        says: "A device that has said that it failed is refused with its right pair.",
        breaks: &["SVC-040"],
        kills: &[(
            "server/SVC/progress-is-told-by-device",
            "expected the reply registered; got refusal registration-refused",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match (registering(scene), scene.any::<Pair>(Kind::Pair)) {
                (Some(_), Some((_, pair, _))) if matches!(pair.state, PairState::Failed { .. }) => {
                    refusal(scene, RefusalCode::RegistrationRefused)
                }
                _ => decided,
            }
        }),
    },
    Fault {
        name: "called-off-codes-open",
        says: "Codes open until the job has come to them that withdraws them.",
        breaks: &["SVC-041"],
        kills: &[(
            "server/SVC/called-off-codes-open-nothing",
            "expected the refusal registration-refused; got registered",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match registering(scene) {
            Some(_) => scene.seeing(Kind::Application, |made: &mut Application| {
                if made.phase == Phase::Cancelled {
                    made.phase = Phase::Open;
                }
            }),
            None => scene.decide(),
        }),
    },
];

/// The registration for a service, if it is one.
fn registering<'a>(scene: &Scene<'a>) -> Option<(&'a ServiceId, &'a Register)> {
    match &scene.call.message {
        Message::Register(service, register) => Some((service, register)),
        _ => None,
    }
}

/// The decision for a registration that is refused for this reason and with such a code: accepted
/// instead, and nothing is made.
fn taken_for_right(scene: &Scene<'_>, word: &str, such: impl Fn(&str) -> bool) -> Decided {
    let decided = scene.decide();
    let Some((service, register)) = registering(scene) else {
        return decided;
    };
    let code = register.code.as_ref().map_or("", |code| code.as_str());
    if !refused_for(&decided, word) || !such(code) {
        return decided;
    }
    let (device, service) = (register.device, service.clone());
    instead(decided, Reply::Registered(Registered { device, service }))
}

const fn is_poll(scene: &Scene<'_>) -> bool {
    matches!(&scene.call.message, Message::Device(DeviceRequest::Poll(_)))
}

/// The decision with the invitations altered that a poll is shown.
fn inviting(decided: Decided, mut change: impl FnMut(&mut RegisterService)) -> Decided {
    decided.answering(|reply| {
        if let DeviceReply::Polled(PollReply::Mailbox(mailbox)) = reply {
            let mailbox: &mut Mailbox = mailbox;
            for instruction in &mut mailbox.instructions {
                instruction.acts = with_invitation(&instruction.acts, &mut change);
            }
        }
    })
}

/// These acts with the invitation altered, if they are one.
fn with_invitation(acts: &Acts, change: &mut impl FnMut(&mut RegisterService)) -> Acts {
    match acts.as_slice() {
        [Act::RegisterService(invitation)] => {
            let mut invitation = invitation.clone();
            change(&mut invitation);
            Acts::one(Act::RegisterService(invitation))
        }
        _ => acts.clone(),
    }
}

/// The device that says of its instruction that it is done, if one does.
fn done_by(scene: &Scene<'_>) -> Option<DeviceId> {
    match scene.device() {
        Some(DeviceRequest::Acknowledge(message)) => {
            let mut words = message.acknowledgements.iter();
            let done = words.find(|word| word.progress == Progress::Done);
            done.map(|word| word.device)
        }
        _ => None,
    }
}
