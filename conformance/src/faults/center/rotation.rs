//! Faults of the rotation of formal codes.

use restante_core::center::Credential;
use restante_core::id::Epoch;
use restante_core::record::{Kind, Registration, State};
use restante_core::wire::{DeviceReply, DeviceRequest, RefusalCode};

use crate::faults::scene::{Alter, Decided, Scene, is_repetition, refusal, secret};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "rotates-once-only",
        says: "A registration can be given a new formal code once.",
        breaks: &[],
        kills: &[(
            "server/ENR/rotation-goes-on",
            "expected the reply rotated; got refusal formal-code-refused",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match (scene.device(), scene.formal()) {
            (Some(DeviceRequest::Rotate(_)), Some(code)) if code.epoch() != Epoch::FIRST => {
                refusal(scene, RefusalCode::FormalCodeRefused)
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "rotation-makes-another-each-time",
        says: "A repeated rotation gets another formal code.",
        breaks: &[],
        kills: &[(
            "server/ENR/rotation-hands-out-the-next-epoch",
            "expected the reply rotated; in the reply rotated, formalCode: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            let again = is_repetition(&decided);
            decided.answering(|reply| match reply {
                DeviceReply::Rotated(rotated) if again => {
                    rotated.formal_code = scene.made_up(&rotated.formal_code);
                }
                _ => {}
            })
        }),
    },
    Fault {
        name: "old-code-survives-rotation",
        says: "The formal code before a rotation is accepted after the first use of the next.",
        breaks: &[],
        kills: &[(
            "server/ENR/the-old-code-lives-until-the-new-is-used",
            "expected the refusal formal-code-refused; got polled",
        )],
        also: &["server/ENR/rotation-goes-on"],
        defect: Defect::Decision(old_code_accepted),
    },
    Fault {
        name: "rotation-ends-the-old-at-once",
        says: "The formal code in use is refused as soon as the next is handed out.",
        breaks: &[],
        kills: &[(
            "server/ENR/the-old-code-lives-until-the-new-is-used",
            "expected the reply polled; got refusal formal-code-refused",
        )],
        also: &[
            "server/ENR/rotation-hands-out-the-next-epoch",
            "server/HTTP/each-route-has-its-success",
        ],
        defect: Defect::Decision(old_code_refused),
    },
    Fault {
        name: "rotation-keeps-the-epoch",
        says: "A rotation hands out the code that is in use.",
        breaks: &[],
        kills: &[(
            "server/ENR/rotation-hands-out-the-next-epoch",
            "expected the reply rotated; in the reply rotated, formalCode: expected anything but",
        )],
        also: &[
            "server/ENR/rotation-goes-on",
            "server/ENR/the-old-code-lives-until-the-new-is-used",
        ],
        defect: Defect::Decision(|scene| {
            scene.decide().answering(|reply| {
                if let (DeviceReply::Rotated(rotated), Some(code)) = (reply, scene.formal()) {
                    rotated.formal_code = code.clone();
                }
            })
        }),
    },
];

fn old_code_accepted(scene: &Scene<'_>) -> Decided {
    let kept = scene.any::<Registration>(Kind::Registration);
    let (Some(code), Some((_, registration, _))) = (scene.formal(), kept) else {
        return scene.decide();
    };
    let right = secret(&registration.state).filter(|secret| code.epoch() < secret.epoch);
    match right.and_then(|right| scene.formal_code(code.registration(), right)) {
        Some(right) => scene.presenting(Credential::Formal(right)),
        None => scene.decide(),
    }
}

fn old_code_refused(scene: &Scene<'_>) -> Decided {
    let decided = scene.decide();
    let kept = scene.any::<Registration>(Kind::Registration);
    let (
        Some(code),
        Some((
            _,
            Registration {
                state: State::Active(active),
                ..
            },
            _,
        )),
    ) = (scene.formal(), kept)
    else {
        return decided;
    };
    match active.next.is_some() && code.epoch() == active.secret.epoch {
        true => refusal(scene, RefusalCode::FormalCodeRefused),
        false => decided,
    }
}
