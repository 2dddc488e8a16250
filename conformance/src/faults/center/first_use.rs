//! Faults about the formal code's first use, and about what has to wait for it.

use restante_core::Seconds;
use restante_core::center::{Credential, Message};
use restante_core::code::FormalCode;
use restante_core::record::{
    Change, Device, Ended, Grant, GrantState, Key, Kind, Record, Registration, Revision, Secret,
    State, Why,
};
use restante_core::wire::{DeviceRequest, Poll};

use crate::faults::scene::{Alter, Decided, Scene, before, store};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "secret-not-compared",
        says: "A formal code is accepted by its registration and epoch alone.",
        breaks: &[],
        kills: &[(
            "server/COD/one-wrong-bit-is-refused",
            "expected the refusal formal-code-refused; got polled",
        )],
        also: &[
            "server/COD/a-damaged-formal-code-is-refused",
            "server/ERR/no-refusal-repeats-a-credential",
            "server/ERR/the-first-rule-is-named",
            "server/SCN/copy-sheets-from-100-to-140",
            "server/STA/no-code-no-report",
        ],
        defect: Defect::Decision(any_secret),
    },
    Fault {
        name: "holdings-before-first-use",
        says: "Devices become holdings when they enrol.",
        breaks: &[],
        kills: &[(
            "server/ENR/first-use-activates",
            "expected the reply devices; in the reply devices, rows: expected 0 items, got 1",
        )],
        also: &[
            "server/ENR/a-refused-message-is-no-first-use",
            "server/ENR/other-content-is-a-mismatch",
            "server/ENR/pending-ends-a-day-after-expiry",
            "server/ENR/revocation-ends-what-is-pending",
            "server/MOD/functions-make-no-other-device",
            "server/SCN/one-code-registers-a-site",
        ],
        defect: Defect::Decision(held_at_once),
    },
    Fault {
        name: "refusal-activates",
        says: "A message that is refused counts as the first use of its formal code.",
        breaks: &[],
        kills: &[(
            "server/ENR/a-refused-message-is-no-first-use",
            "expected the reply codes; in the reply codes, rows.0.pending: expected 1, got 0",
        )],
        also: &["server/ENR/revocation-ends-what-is-pending"],
        defect: Defect::Decision(used_by_a_refusal),
    },
    Fault {
        name: "revocation-spares-pending",
        says: "A formal code that is pending can be used after its code was revoked.",
        breaks: &[],
        kills: &[(
            "server/ENR/revocation-ends-what-is-pending",
            "expected the refusal formal-code-refused; got polled",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match scene.formal() {
            Some(_) => scene.seeing(Kind::Grant, |grant: &mut Grant| {
                grant.state = GrantState::Open;
            }),
            None => scene.decide(),
        }),
    },
    Fault {
        name: "pending-lives-for-ever",
        says: "A registration that was never used never ends.",
        breaks: &[],
        kills: &[(
            "server/ENR/pending-ends-a-day-after-expiry",
            "expected the refusal formal-code-refused; got polled",
        )],
        also: &[
            "server/COD/a-swept-grant-forgets-the-name",
            "server/SCN/seven-days-and-no-more",
        ],
        defect: Defect::Decision(pending_for_ever),
    },
    Fault {
        name: "pending-ends-with-the-code",
        says: "A formal code cannot be used for the first time after the code's expiry.",
        breaks: &[],
        kills: &[(
            "server/ENR/pending-lasts-until-a-day-after-expiry",
            "expected the reply polled; got refusal formal-code-refused",
        )],
        also: &["server/ENR/a-repetition-works-after-expiry"],
        defect: Defect::Decision(|scene| match scene.formal() {
            Some(_) => scene.seeing(Kind::Registration, |registration: &mut Registration| {
                if let State::Pending(pending) = &mut registration.state {
                    pending.gives_back = before(pending.gives_back, Seconds::DAY);
                }
            }),
            None => scene.decide(),
        }),
    },
    Fault {
        name: "old-registration-goes-on",
        says: "The registration that spoke for a device before goes on speaking for it.",
        breaks: &[],
        kills: &[
            (
                "server/ENR/a-new-registration-takes-the-device",
                "expected the refusal formal-code-refused; got polled",
            ),
            (
                "server/ENR/a-registration-keeps-its-other-devices",
                "expected the refusal device-not-covered; got statusReported",
            ),
        ],
        also: &[
            "server/ENR/an-idle-addition-counts-too",
            "server/STA/a-report-from-before-it-was-elsewhere",
        ],
        defect: Defect::Decision(nothing_moved_out),
    },
    Fault {
        name: "enrolment-moves-the-device",
        says: "The registration that spoke for a device ends when the device enrols anew, before the first use.",
        breaks: &[],
        kills: &[(
            "server/ENR/a-new-registration-takes-the-device",
            "expected the reply statusReported; got refusal formal-code-refused",
        )],
        also: &[
            "server/ENR/a-registration-keeps-its-other-devices",
            "server/ENR/redeemed-after-first-use",
            "server/MSG/a-refusal-changes-nothing",
            "server/ENR/an-idle-addition-counts-too",
            "server/STA/a-report-from-before-it-was-elsewhere",
        ],
        defect: Defect::Decision(moved_too_early),
    },
];

fn any_secret(scene: &Scene<'_>) -> Decided {
    let Some(code) = scene.formal() else {
        return scene.decide();
    };
    let (epoch, master) = (code.epoch(), scene.center.keys().current());
    match scene.formal_code(code.registration(), Secret { epoch, master }) {
        Some(right) => scene.presenting(Credential::Formal(right)),
        None => scene.decide(),
    }
}

fn held_at_once(scene: &Scene<'_>) -> Decided {
    let mut decided = scene.decide();
    let (Some(_), Ok(decision)) = (scene.enrol(), &mut decided) else {
        return decided;
    };
    let written = decision
        .written
        .writes
        .iter()
        .find_map(|write| match &write.change {
            Change::Put { format, body } if write.key.kind == Kind::Registration => {
                Registration::read(*format, body).ok()
            }
            _ => None,
        });
    let Some(Registration {
        facts,
        state: State::Pending(pending),
    }) = written
    else {
        return decided;
    };
    for device in pending.devices.iter().filter(|device| !device.known) {
        let held = Device {
            identification: device.entry.identification.clone(),
            contacts: device.entry.contacts.clone(),
            user: facts.user.clone(),
            registration: None,
            since: scene.now,
        };
        let key = Device::key(facts.customer, device.device);
        store(decision, key, Revision::ABSENT, &held);
    }
    decided
}

fn used_by_a_refusal(scene: &Scene<'_>) -> Decided {
    let mut decided = scene.decide();
    if let (Some(_), Ok(decision)) = (scene.formal(), &mut decided)
        && decision.outcome.is_err()
    {
        let polled = scene.asked(DeviceRequest::Poll(Poll::default()))?;
        decision.written = polled.written;
    }
    decided
}

fn pending_for_ever(scene: &Scene<'_>) -> Decided {
    let later = scene.now.after(Seconds::WEEK);
    let decided = scene.seeing(Kind::Registration, |registration: &mut Registration| {
        if let State::Pending(pending) = &mut registration.state {
            pending.gives_back = later;
        }
    });
    match scene.call.message {
        Message::Tick => decided.unwriting(Kind::Registration).unwriting(Kind::Grant),
        _ => decided,
    }
}

fn nothing_moved_out(scene: &Scene<'_>) -> Decided {
    let own = scene.formal().map(FormalCode::registration);
    scene.decide().map(|mut decision| {
        decision.written.writes.retain(|write| {
            let key = &write.key;
            own.is_none_or(|own| key.kind != Kind::Registration || key.key == own.as_bytes())
        });
        decision
    })
}

fn moved_too_early(scene: &Scene<'_>) -> Decided {
    let mut decided = scene.decide();
    let (Some(_), Ok(decision)) = (scene.enrol(), &mut decided) else {
        return decided;
    };
    let held = scene.any::<Device>(Kind::Device);
    let Some((held, old)) = held.and_then(|(key, it, _)| Some((key, it.registration?))) else {
        return decided;
    };
    let key = Key::owned(Kind::Registration, held.owner, old.as_bytes());
    if let Some((mut registration, at)) = scene.load::<Registration>(&key)? {
        let (at_once, why) = (scene.now, Why::Moved);
        registration.state = State::Ended(Ended { at: at_once, why });
        store(decision, key, at, &registration);
    }
    decided
}
