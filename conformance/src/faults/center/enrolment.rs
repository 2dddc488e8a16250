//! Faults of the enrolment: its answer, its repetition, and what it takes from the code.

use restante_core::center::{Credential, Reply};
use restante_core::code::FormalCode;
use restante_core::id::{Epoch, RegistrationId, RequestId};
use restante_core::record::{Grant, Kind, Registration, Slots, State};
use restante_core::wire::enrol::DeviceList;
use restante_core::wire::{DeviceReply, EnrolResult, Enrolled, RefusalCode, Rotated};

use crate::faults::scene::{
    Alter, Decided, Scene, epoch, free, instead, is_repetition, refusal, refused_as, schedule,
    secret, store,
};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "enrolment-without-schedule",
        says: "The schedule of an enrolment's answer asks for nothing.",
        breaks: &[],
        kills: &[(
            "server/ENR/a-first-enrolment",
            "expected the reply enrolled; in the reply enrolled, schedule.entries: expected an item like",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            scene.decide().answering(|reply| {
                if let DeviceReply::Enrolled(enrolled) = reply {
                    enrolled.schedule.entries.clear();
                }
            })
        }),
    },
    Fault {
        name: "epochs-begin-at-two",
        says: "The first formal code says that it is of epoch 2.",
        breaks: &[],
        kills: &[(
            "server/ENR/a-first-enrolment",
            "expected the reply enrolled; in the reply enrolled, formalCode: expected the form firstFormalCode, got",
        )],
        also: &["server/SEA/"],
        defect: Defect::Decision(epochs_on),
    },
    Fault {
        name: "registration-of-another-name",
        says: "The answer names another registration than the formal code does.",
        breaks: &[],
        kills: &[(
            "server/COD/a-formal-code-names-its-registration",
            "expected the reply enrolled; in the reply enrolled, registration: expected",
        )],
        also: &[
            "server/ENR/another-request-is-another-registration",
            "server/SCN/one-code-registers-a-site",
        ],
        defect: Defect::Decision(|scene| {
            scene.decide().answering(|reply| {
                if let DeviceReply::Enrolled(enrolled) = reply {
                    enrolled.registration = RegistrationId::from_bytes([7; 16]);
                }
            })
        }),
    },
    Fault {
        name: "a-new-secret-each-time",
        says: "A repeated enrolment gets another formal code.",
        breaks: &[],
        kills: &[(
            "server/ENR/lost-reply-yields-the-same-code",
            "expected the reply enrolled; in the reply enrolled, formalCode: expected",
        )],
        also: &[
            "server/ENR/a-repetition-works-after-expiry",
            "server/ENR/other-content-is-a-mismatch",
            "server/ENR/the-same-content-in-other-words",
            "server/HTTP/an-enrolment-is-created-at-its-place",
            "server/MSG/unknown-members-are-ignored",
            "server/MSG/what-was-acknowledged-survives-a-crash",
        ],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            let again = is_repetition(&decided);
            decided.answering(|reply| match reply {
                DeviceReply::Enrolled(enrolled) if again => {
                    enrolled.formal_code = scene.made_up(&enrolled.formal_code);
                }
                _ => {}
            })
        }),
    },
    Fault {
        name: "repetition-takes-a-slot",
        says: "A repeated enrolment takes its slots a second time.",
        breaks: &[],
        kills: &[(
            "server/ENR/lost-reply-yields-the-same-code",
            "expected the reply codes; in the reply codes, rows.0.limit: expected 1, got 2",
        )],
        also: &["server/ENR/other-content-is-a-mismatch"],
        defect: Defect::Decision(paid_twice),
    },
    Fault {
        name: "repetition-needs-a-valid-code",
        says: "A repeated enrolment is refused once the code has expired.",
        breaks: &[],
        kills: &[(
            "server/ENR/a-repetition-works-after-expiry",
            "expected the reply enrolled; got refusal code-refused",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            let grant = scene.any::<Grant>(Kind::Grant);
            let expired = grant.is_some_and(|(_, grant, _)| grant.expires <= scene.now);
            match scene.enrol().is_some() && is_repetition(&decided) && expired {
                true => refusal(scene, RefusalCode::CodeRefused),
                false => decided,
            }
        }),
    },
    Fault {
        name: "contacts-are-content",
        says: "A repetition with other contacts or in another order is another request.",
        breaks: &[],
        kills: &[(
            "server/ENR/the-same-content-in-other-words",
            "expected the reply enrolled; got refusal request-mismatch",
        )],
        also: &[],
        defect: Defect::Decision(content_with_contacts),
    },
    Fault {
        name: "mismatch-accepted",
        says: "The same request id with other devices makes another registration.",
        breaks: &[],
        kills: &[(
            "server/ENR/other-content-is-a-mismatch",
            "expected the refusal request-mismatch; got enrolled",
        )],
        also: &[
            "server/ERR/no-refusal-repeats-a-credential",
            "server/HTTP/refusals-are-problems",
        ],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match refused_as(&decided, RefusalCode::RequestMismatch) {
                true => scene.enrolling(|enrol| {
                    enrol.request = RequestId::from_bytes([7; 16]);
                }),
                false => decided,
            }
        }),
    },
    Fault {
        name: "one-registration-per-code",
        says: "The request id is ignored: a code makes one registration.",
        breaks: &[],
        kills: &[
            (
                "server/ENR/another-request-is-another-registration",
                "expected the reply enrolled; got refusal request-mismatch",
            ),
            (
                "server/SCN/three-panels-three-formal-codes",
                "expected the reply enrolled; got refusal request-mismatch",
            ),
        ],
        also: &[
            "server/COD/a-narrowed-code-keeps-its-bounds",
            "server/COD/four-dead-codes-sound-alike",
            "server/ENR/a-new-registration-takes-the-device",
            "server/ENR/a-registration-keeps-its-other-devices",
            "server/ENR/an-exhausted-code-is-refused",
            "server/ENR/results-stand-in-the-order-of-the-request",
            "server/ENR/used-slots-never-come-back",
            "server/MBX/a-foreign-device-s-word-refuses-the-message",
            "server/MBX/another-registration-is-not-shown-it",
            "server/MOD/functions-make-no-other-device",
            "server/MOD/serials-are-compared-byte-for-byte",
            "server/MSG/a-refusal-changes-nothing",
            "server/STA/a-foreign-device-refuses-the-whole-message",
            "server/STA/a-new-registration-counts-anew",
            "server/POL/",
            "server/SCN/",
            "server/ENR/an-idle-addition-counts-too",
            "server/STA/a-report-from-before-it-was-elsewhere",
            "server/STA/nobody-moves-another-s-device",
        ],
        defect: Defect::Decision(|scene| {
            scene.enrolling(|enrol| enrol.request = RequestId::from_bytes([7; 16]))
        }),
    },
    Fault {
        name: "redeemed-answered-again",
        says: "An enrolment is answered again after the first use of its formal code.",
        breaks: &[],
        kills: &[(
            "server/ENR/redeemed-after-first-use",
            "expected the refusal request-redeemed; got enrolled",
        )],
        also: &[],
        defect: Defect::Decision(redeemed_again),
    },
    Fault {
        name: "enrolment-without-a-code",
        says: "An enrolment that presents nothing is accepted.",
        breaks: &[],
        kills: &[(
            "server/ENR/without-a-code-nothing-is-registered",
            "expected the refusal credential-missing; got enrolled",
        )],
        also: &[
            "server/ERR/a-refusal-has-its-members",
            "server/HTTP/refusals-are-problems",
        ],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match scene.enrol().is_some() && refused_as(&decided, RefusalCode::CredentialMissing) {
                true => {
                    let id = RegistrationId::from_bytes([7; 16]);
                    let code = FormalCode::new(id, Epoch::FIRST, [7; 32]);
                    instead(decided, enrolled(scene, code))
                }
                false => decided,
            }
        }),
    },
    Fault {
        name: "reply-ignores-max-message",
        says: "An answer is sent that the sender cannot take.",
        breaks: &[],
        kills: &[(
            "server/ENR/a-small-mouth-is-not-overfed",
            "expected the refusal too-large; got enrolled",
        )],
        also: &[],
        defect: Defect::Decision(|scene| scene.enrolling(|enrol| enrol.max_message = None)),
    },
    Fault {
        name: "too-few-registers-some",
        says: "Of too many devices an enrolment registers as many as there are slots.",
        breaks: &[],
        kills: &[(
            "server/ENR/too-few-slots-registers-none",
            "expected the refusal too-few-slots; got enrolled",
        )],
        also: &["server/MSG/a-refusal-changes-nothing"],
        defect: Defect::Decision(as_many_as_fit),
    },
    Fault {
        name: "free-is-wrong",
        says: "A refusal for want of slots says one free slot too many.",
        breaks: &[],
        kills: &[(
            "server/ENR/too-few-slots-registers-none",
            "in which free: expected 2, got 3",
        )],
        also: &[
            "server/MSG/a-refusal-changes-nothing",
            "server/ENR/adding-needs-slots",
        ],
        defect: Defect::Decision(|scene| {
            scene.decide().refusing("too-few-slots", |refusal| {
                refusal.free = refusal.free.map(|free| free + 1);
            })
        }),
    },
    Fault {
        name: "results-reversed",
        says: "The results of an enrolment stand in another order than the devices.",
        breaks: &[],
        kills: &[(
            "server/ENR/results-stand-in-the-order-of-the-request",
            "expected the reply enrolled; in the reply enrolled, devices.1.device: expected",
        )],
        also: &[
            "server/ENR/a-registration-keeps-its-other-devices",
            "server/ENR/the-same-content-in-other-words",
            "server/MBX/all-devices-or-none-are-instructed",
            "server/MBX/an-instruction-of-nobody-is-unknown",
            "server/MBX/instructing-again-makes-nothing-twice",
            "server/SCN/one-code-registers-a-site",
            "server/SVC/a-service-is-started-on-chosen-devices",
            "server/SVC/what-was-left-out-is-named",
            "server/SCN/two-services-at-once",
            "server/SCN/who-is-found-for-a-service",
            "server/ENR/a-late-change-is-refused",
            "server/ENR/an-idle-addition-counts-too",
            "server/ENR/numbers-outlive-a-rotation",
            "server/STA/a-report-from-before-it-was-elsewhere",
            "server/SCN/who-is-found-with-two-servers",
            "server/SCN/recognised-by-mail",
        ],
        defect: Defect::Decision(|scene| {
            scene.decide().answering(|reply| {
                if let DeviceReply::Enrolled(enrolled) = reply {
                    enrolled.devices.reverse();
                }
            })
        }),
    },
    Fault {
        name: "known-devices-are-new",
        says: "A device that the customer holds is called new.",
        breaks: &[],
        kills: &[(
            "server/MOD/functions-make-no-other-device",
            "expected the reply enrolled; in the reply enrolled, devices.0.result: expected",
        )],
        also: &[
            "server/ENR/a-new-registration-takes-the-device",
            "server/ENR/results-stand-in-the-order-of-the-request",
        ],
        defect: Defect::Decision(|scene| {
            scene.decide().answering(|reply| {
                if let DeviceReply::Enrolled(enrolled) = reply {
                    enrolled
                        .devices
                        .iter_mut()
                        .for_each(|it| it.result = EnrolResult::New);
                }
            })
        }),
    },
    Fault {
        name: "four-hundred-are-enough",
        says: "A message of more than 400 devices is refused.",
        breaks: &[],
        kills: &[(
            "server/MSG/five-hundred-devices-fit",
            "expected the reply enrolled; got refusal invalid",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match scene.enrol() {
            Some(enrol) if enrol.devices.as_slice().len() > 400 => {
                refusal(scene, RefusalCode::Invalid)
            }
            _ => scene.decide(),
        }),
    },
];

fn epochs_on(scene: &Scene<'_>) -> Decided {
    let moved = |code: &FormalCode, by| {
        FormalCode::new(code.registration(), epoch(code.epoch(), by), *code.secret())
    };
    let decided = match scene.formal() {
        Some(code) => scene.presenting(Credential::Formal(moved(code, -1))),
        None => scene.decide(),
    };
    decided.answering(|reply| match reply {
        DeviceReply::Enrolled(Enrolled { formal_code, .. })
        | DeviceReply::Rotated(Rotated { formal_code, .. }) => *formal_code = moved(formal_code, 1),
        _ => {}
    })
}

fn paid_twice(scene: &Scene<'_>) -> Decided {
    let mut decided = scene.decide();
    if !is_repetition(&decided) {
        return decided;
    }
    if let (Some(enrol), Some((key, mut grant, at)), Ok(decision)) =
        (scene.enrol(), scene.any::<Grant>(Kind::Grant), &mut decided)
    {
        let devices = u32::try_from(enrol.devices.as_slice().len()).unwrap_or(u32::MAX);
        let slots = grant.slots;
        let limit = slots.limit().max(slots.pending() + slots.used() + devices);
        let taken = Slots::new(limit)
            .take(slots.used())
            .and_then(|it| it.redeem(slots.used()));
        let taken = taken.and_then(|it| it.take(slots.pending() + devices));
        grant.slots = taken.unwrap_or(slots);
        store(decision, key, at, &grant);
    }
    decided
}

fn content_with_contacts(scene: &Scene<'_>) -> Decided {
    let decided = scene.decide();
    let (Some(enrol), true) = (scene.enrol(), is_repetition(&decided)) else {
        return decided;
    };
    let kept = scene.any::<Registration>(Kind::Registration);
    let same = kept.is_none_or(|(_, kept, _)| match kept.state {
        State::Pending(pending) => {
            let entries = pending.devices.iter().map(|device| &device.entry);
            entries.eq(enrol.devices.as_slice())
        }
        _ => true,
    });
    match same {
        true => decided,
        false => refusal(scene, RefusalCode::RequestMismatch),
    }
}

fn redeemed_again(scene: &Scene<'_>) -> Decided {
    let decided = scene.decide();
    let kept = scene.any::<Registration>(Kind::Registration);
    let (true, Some((key, kept, _))) = (refused_as(&decided, RefusalCode::RequestRedeemed), kept)
    else {
        return decided;
    };
    let id = key
        .key
        .as_slice()
        .try_into()
        .map(RegistrationId::from_bytes);
    let code = id.ok().zip(secret(&kept.state));
    match code.and_then(|(id, secret)| scene.formal_code(id, secret)) {
        Some(code) => instead(decided, enrolled(scene, code)),
        None => decided,
    }
}

/// The answer to an enrolment of nothing.
fn enrolled(scene: &Scene<'_>, formal_code: FormalCode) -> Reply {
    Reply::Device(DeviceReply::Enrolled(Enrolled {
        registration: formal_code.registration(),
        formal_code,
        devices: Vec::new(),
        schedule: schedule(scene),
    }))
}

fn as_many_as_fit(scene: &Scene<'_>) -> Decided {
    let decided = scene.decide();
    match scene.enrol().and(free(&decided)) {
        Some(free) => scene.enrolling(|enrol| {
            let first = enrol.devices.as_slice().iter().take(free).cloned();
            enrol.devices = DeviceList::new(first.collect()).unwrap_or(enrol.devices.clone());
        }),
        None => decided,
    }
}
