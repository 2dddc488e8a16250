//! Faults of a rotation: which of two formal codes is used, and which is held.

use restante_core::code::{FormalCode, Presented};
use restante_core::device::{Kept, Output};
use restante_core::registrant::Standing;
use serde_json::json;

use crate::faults::machine::Wiring;
use crate::faults::memo::{edited, sending};
use crate::faults::{Defect, Fault};
use crate::party::DeviceKind;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "new-code-never-used",
        says: "A device goes on with its former code after a rotation.",
        breaks: &["ENR-046"],
        kills: &[(
            "device/ENR/rotation-goes-on-with-the-new-code",
            "got the request poll with another credential",
        )],
        also: &[
            "device/ENR/a-refused-new-code-falls-back",
            "device/ENR/the-old-code-is-held-beside-the-new",
            "device/MSG/one-request-at-a-time",
            "device/SVC/what-is-called-off-is-not-tried-again",
        ],
        defect: Defect::Device(Wiring::wanting(|memo, outputs| {
            let used = memo.used.clone();
            sending::<DeviceKind>(outputs, |presented, _| {
                if let (Presented::Formal(code), Some(used)) = (presented, &used) {
                    *code = used.clone();
                }
            })
        })),
    },
    Fault {
        name: "no-fall-back-after-rotation",
        says: "A device whose new code is refused tries no other.",
        breaks: &["ENR-047"],
        kills: &[(
            "device/ENR/a-refused-new-code-falls-back",
            "got the request poll with another credential",
        )],
        also: &["device/ENR/the-old-code-is-held-beside-the-new"],
        defect: Defect::Device(Wiring::wanting(|memo, outputs| {
            let last = memo.sent.as_ref().map(|outgoing| &outgoing.presented);
            let last = match last {
                Some(Presented::Formal(code)) => Some(code.clone()),
                _ => None,
            };
            sending::<DeviceKind>(outputs, |presented, _| {
                if let (Presented::Formal(code), Some(last)) = (presented, &last)
                    && last.epoch() > code.epoch()
                {
                    *code = last.clone();
                }
            })
        })),
    },
    Fault {
        name: "old-code-dropped-at-rotation",
        says: "A device keeps the new code in place of the old one.",
        breaks: &["ENR-028"],
        kills: &[(
            "device/ENR/the-old-code-is-held-beside-the-new",
            "expected the request poll within 40 s; no request came within 40 s",
        )],
        also: &[],
        defect: Defect::Device(Wiring::wanting(|_, outputs| {
            let kept = |output| match output {
                Output::Keep(kept) => Output::Keep(with_new_code_alone(kept)),
                other => other,
            };
            outputs.into_iter().map(kept).collect()
        })),
    },
];

/// A rotation under way, kept as if it were over.
fn with_new_code_alone(kept: Box<Kept>) -> Box<Kept> {
    let Standing::Rotating {
        holding,
        next: Some(next),
    } = kept.standing()
    else {
        return kept;
    };
    let mut holding = holding.clone();
    holding.code = FormalCode::clone(next);
    edited(kept, |json| {
        json["standing"] = json!({ "enrolled": { "holding": holding } });
    })
}
