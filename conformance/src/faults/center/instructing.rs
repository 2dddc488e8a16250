//! Faults of what people do with instructions: spec section 5.6.

use restante_core::center::{Decision, Reply};
use restante_core::id::{InstructionId, RequestId};
use restante_core::record::{Change, Device, Key, Kind, Mailbox, Record, Revision, Sighting};
use restante_core::wire::instruct::{Instruct, Instructed, InstructedDevice, InstructionState};
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::{Act, DeviceRequest, RefusalCode};
use restante_crypto::RingCrypto;

use crate::faults::http::{Wire, is};
use crate::faults::scene::{Alter, Decided, Scene, instead, is_repetition, refused_as, store};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "instructed-is-ok",
        says: "What was instructed is answered with status 200.",
        breaks: &["HTTP-001"],
        kills: &[(
            "server/HTTP/instructions-have-their-routes",
            "got HTTP status 200",
        )],
        also: &[],
        defect: Defect::Wire(Wire::answering(|request, response| {
            if is(request, "POST", "/v1/instructions") && response.status == 201 {
                response.status = 200;
            }
        })),
    },
    Fault {
        name: "results-dropped",
        says: "People are not shown what came of the acts.",
        breaks: &["MBX-031"],
        kills: &[(
            "server/MBX/each-word-goes-further",
            "rows.0.results: expected",
        )],
        also: &[
            "server/MBX/a-word-that-goes-back-is-superseded",
            "server/MBX/the-same-word-again-is-repeated",
        ],
        defect: Defect::Decision(|scene| {
            telling(scene.decide(), |reply| {
                if let PeopleReply::Instructions(page) = reply {
                    page.rows.iter_mut().for_each(|row| row.results.clear());
                }
            })
        }),
    },
    Fault {
        name: "finished-ones-are-forgotten",
        says: "Of a long list of instructions people are shown the open ones alone.",
        breaks: &["MBX-043"],
        kills: &[(
            "server/MBX/thirty-two-finished-ones-are-kept",
            "in the reply instructions, rows: expected an item like",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            telling(scene.decide(), |reply| {
                if let PeopleReply::Instructions(page) = reply
                    && page.rows.len() > 10
                {
                    page.rows.retain(|row| row.finished.is_none());
                }
            })
        }),
    },
    Fault {
        name: "cancelled-is-shown",
        says: "Calling off what was never delivered is answered and not done.",
        breaks: &["MBX-032"],
        kills: &[(
            "server/MBX/called-off-while-it-waits-it-is-never-shown",
            "mailbox.instructions: expected 0 items, got 1",
        )],
        also: &[
            "server/MBX/an-instruction-expires-at-its-end",
            "server/PRV/a-full-mailbox-gets-its-code-later",
            "server/MBX/what-is-final-stays-as-it-is",
            "server/MBX/called-off-before-it-is-due-it-is-cancelled",
        ],
        defect: Defect::Decision(|scene| called_off(scene, |attempt| attempt.is_none())),
    },
    Fault {
        name: "cancel-loses",
        says: "Calling off what was delivered is answered and not done.",
        breaks: &["MBX-033"],
        kills: &[(
            "server/MBX/called-off-after-delivery-it-is-marked",
            "expected the reply polled; in the reply polled, mailbox: expected",
        )],
        also: &[
            "server/HTTP/instructions-have-their-routes",
            "server/MBX/a-mailbox-survives-a-crash",
            "server/MBX/calling-off-again-changes-nothing",
            "server/MBX/the-tag-changes-with-what-is-shown",
            "server/MBX/what-was-done-before-the-cancel-is-done",
            "server/MBX/what-is-final-stays-as-it-is",
        ],
        defect: Defect::Decision(|scene| called_off(scene, |attempt| attempt.is_some())),
    },
    Fault {
        name: "cancel-undoes-done",
        says: "Calling off what was done is answered as if that had been in time.",
        breaks: &["MBX-035"],
        kills: &[(
            "server/MBX/calling-off-again-changes-nothing",
            "state: expected \"done\", got \"cancelled\"",
        )],
        also: &["server/MBX/what-is-final-stays-as-it-is"],
        defect: Defect::Decision(|scene| {
            telling(scene.decide(), |reply| {
                if let PeopleReply::InstructionCancelled(row) = reply
                    && row.state == InstructionState::Done
                {
                    row.state = InstructionState::Cancelled;
                }
            })
        }),
    },
    Fault {
        name: "instructed-twice",
        says: "The same request makes further instructions.",
        breaks: &["MBX-039"],
        kills: &[(
            "server/MBX/instructing-again-makes-nothing-twice",
            "rows.0.instruction: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match instruct(scene) {
                Some(message) if is_repetition(&decided) => {
                    let request = RequestId::from_bytes(
                        scene.seed.draw_id(&restante_crypto::RingCrypto, "fault"),
                    );
                    let message = message.clone();
                    scene.told(PeopleRequest::Instruct(Instruct { request, ..message }))
                }
                _ => decided,
            }
        }),
    },
    Fault {
        name: "mismatch-is-a-repetition",
        says: "Other acts under a request id that was used are answered as if they were made.",
        breaks: &["MBX-039"],
        kills: &[(
            "server/MBX/other-content-under-a-request-id-is-a-mismatch",
            "expected the refusal request-mismatch; got instructed",
        )],
        also: &[],
        defect: Defect::Decision(|scene| accepted(scene, RefusalCode::RequestMismatch)),
    },
    Fault {
        name: "mailbox-without-bottom",
        says: "A full mailbox takes further instructions.",
        breaks: &["MBX-041"],
        kills: &[(
            "server/MBX/a-full-mailbox-takes-no-more",
            "expected the refusal mailbox-full; got instructed",
        )],
        also: &[],
        defect: Defect::Decision(|scene| accepted(scene, RefusalCode::MailboxFull)),
    },
    Fault {
        name: "dealers-instruct",
        says: "Whoever holds any token instructs devices.",
        breaks: &["MBX-042"],
        kills: &[(
            "server/MBX/who-instructs-is-an-operator-or-administrator",
            "expected the refusal role-forbidden; got instructed",
        )],
        also: &[],
        defect: Defect::Decision(|scene| accepted(scene, RefusalCode::RoleForbidden)),
    },
    Fault {
        name: "any-kind-is-taken",
        says: "An act of any kind is instructed.",
        breaks: &["MBX-044"],
        kills: &[(
            "server/MBX/unknown-kinds-are-not-instructed",
            "expected the refusal invalid; got instructed",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match instruct(scene) {
            Some(message) if message.acts.as_slice().iter().any(is_unknown) => {
                accepted(scene, RefusalCode::Invalid)
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "some-devices-are-instructed",
        says: "Where one device is not the customer's, the others are instructed all the same.",
        breaks: &["MBX-038"],
        kills: &[(
            "server/MBX/all-devices-or-none-are-instructed",
            "mailbox.instructions: expected 0 items, got",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            let refused = match &decided {
                Ok(Decision {
                    outcome: Err(refused),
                    ..
                }) if refused.refusal.code == RefusalCode::NotFound => {
                    refused.refusal.devices.clone()
                }
                _ => Vec::new(),
            };
            match instruct(scene) {
                Some(message) if !refused.is_empty() => {
                    let mut message = message.clone();
                    message.devices.retain(|it| !refused.contains(it));
                    if message.devices.is_empty() {
                        return decided;
                    }
                    let made = scene.told(PeopleRequest::Instruct(message))?;
                    decided.map(|refused| Decision {
                        outcome: refused.outcome,
                        ..made
                    })
                }
                _ => decided,
            }
        }),
    },
    Fault {
        name: "when-it-was-taken-is-forgotten",
        says: "People are not shown since when a device has an instruction.",
        breaks: &["MBX-066"],
        kills: &[(
            "server/MBX/when-it-was-taken-is-told",
            "rows.0.taken: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            telling(scene.decide(), |reply| {
                if let PeopleReply::Instructions(page) = reply {
                    page.rows.iter_mut().for_each(|row| row.taken = None);
                }
            })
        }),
    },
    Fault {
        name: "the-latest-word-is-when-it-was-taken",
        says: "The time of the latest word takes the place of the first one's.",
        breaks: &["MBX-066"],
        kills: &[(
            "server/MBX/when-it-was-taken-is-told",
            "rows.0.taken: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let now = scene.now;
            let said = matches!(scene.device(), Some(DeviceRequest::Acknowledge(_)));
            scene
                .decide()
                .writing(Kind::Mailbox, |mailbox: &mut Mailbox| {
                    for it in mailbox.instructions.iter_mut().filter(|_| said) {
                        it.taken = it.taken.map(|_| now);
                    }
                })
        }),
    },
    Fault {
        name: "a-mailbox-goes-with-the-thing",
        says: "What is instructed lies in the mailbox of the same thing at another customer too.",
        breaks: &["MBX-015"],
        kills: &[(
            "server/MBX/another-customer-s-same-device-has-its-own-mailbox",
            "mailbox.instructions: expected",
        )],
        also: &[],
        defect: Defect::Decision(with_the_thing),
    },
    Fault {
        name: "not-due-is-not-called-off",
        says: "Calling off what is not due yet is answered and not kept.",
        breaks: &["MBX-032"],
        kills: &[(
            "server/MBX/called-off-before-it-is-due-it-is-cancelled",
            "rows.0.state: expected \"cancelled\", got \"waiting\"",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match &decided {
                Ok(Decision {
                    outcome: Ok(Reply::People(PeopleReply::InstructionCancelled(row))),
                    ..
                }) if row.attempt.is_none() && row.not_before.is_some() => {
                    decided.unwriting(Kind::Mailbox)
                }
                _ => decided,
            }
        }),
    },
    Fault {
        name: "what-is-over-is-called-off",
        says: "Calling off what has failed is answered as if that had been in time.",
        breaks: &["MBX-035"],
        kills: &[(
            "server/MBX/what-is-final-stays-as-it-is",
            "state: expected \"failed\", got \"cancelled\"",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            telling(scene.decide(), |reply| match reply {
                PeopleReply::InstructionCancelled(row) if row.state == InstructionState::Failed => {
                    row.state = InstructionState::Cancelled;
                }
                _ => {}
            })
        }),
    },
];

/// The decision with what people are told altered.
fn telling(mut decided: Decided, change: impl FnOnce(&mut PeopleReply)) -> Decided {
    if let Ok(decision) = &mut decided
        && let Ok(Reply::People(reply)) = &mut decision.outcome
    {
        change(reply);
    }
    decided
}

/// The decision for `instruct`, by which whoever else holds the first device is instructed as well.
fn with_the_thing(scene: &Scene<'_>) -> Decided {
    let decided = scene.decide()?;
    let (Some(message), Some((_, device, _))) =
        (instruct(scene), scene.any::<Device>(Kind::Device))
    else {
        return Ok(decided);
    };
    let keys = scene.center.keys();
    let hash = keys.sighting(&RingCrypto, &device.identification);
    let Some((seen, _)) = scene.load::<Sighting>(&Sighting::key(&hash))? else {
        return Ok(decided);
    };
    let own = message.devices.first().map(|it| Mailbox::key(*it));
    let put = decided.written.writes.iter().find_map(|write| {
        let Change::Put { format, body } = &write.change else {
            return None;
        };
        (Some(&write.key) == own.as_ref()).then(|| Mailbox::read(*format, body).ok())?
    });
    let Some(put) = put else {
        return Ok(decided);
    };
    let mut decided = decided;
    let holders = seen.customers.into_iter();
    let mailboxes: Vec<Key> = holders
        .map(|it| Mailbox::key(keys.device(&RingCrypto, it, &device.identification)))
        .collect();
    if !mailboxes.iter().any(|key| Some(key) == own.as_ref()) {
        return Ok(decided);
    }
    for key in mailboxes {
        if Some(&key) != own.as_ref() {
            let held = scene.load::<Mailbox>(&key)?;
            let at = held.map_or(Revision::ABSENT, |(_, revision)| revision);
            store(&mut decided, key, at, &put);
        }
    }
    Ok(decided)
}

/// The decision of a calling off of which nothing is kept, where the attempt is such a one.
fn called_off(scene: &Scene<'_>, such: impl Fn(Option<u32>) -> bool) -> Decided {
    let decided = scene.decide();
    match &decided {
        Ok(Decision {
            outcome: Ok(Reply::People(PeopleReply::InstructionCancelled(row))),
            ..
        }) if such(row.attempt) => decided.unwriting(Kind::Mailbox),
        _ => decided,
    }
}

/// The decision for `instruct` that is refused so: accepted instead, and nothing is made.
fn accepted(scene: &Scene<'_>, where_refused: RefusalCode) -> Decided {
    let decided = scene.decide();
    match instruct(scene) {
        Some(message) if refused_as(&decided, where_refused) => {
            let row = |device: &_| InstructedDevice {
                device: *device,
                instruction: InstructionId::from_bytes([7; 16]),
            };
            let rows = message.devices.iter().map(row).collect();
            instead(
                decided,
                Reply::People(PeopleReply::Instructed(Instructed { rows })),
            )
        }
        _ => decided,
    }
}

fn instruct<'a>(scene: &Scene<'a>) -> Option<&'a Instruct> {
    match scene.people() {
        Some(PeopleRequest::Instruct(message)) => Some(message),
        _ => None,
    }
}

const fn is_unknown(act: &Act) -> bool {
    matches!(act, Act::Unknown(_))
}
