//! Faults of the panel: what becomes of a provisional code between a person's fingers and the line.

use restante_core::code::ProvisionalCode;

use crate::faults::machine::Wiring;
use crate::faults::{Defect, Fault};
use crate::party::Senses;
use crate::run::Asked;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "lower-case-code-not-taken",
        says: "A panel takes a provisional code in capital letters alone.",
        breaks: &["COD-003"],
        kills: &[(
            "device/COD/a-code-is-typed-in-any-way",
            "expected the request enrol within 10 s; no request came within 10 s",
        )],
        also: &[],
        defect: Defect::Device(Wiring::sensing(Senses {
            types: |text| match text.chars().any(|it| it.is_ascii_lowercase()) {
                true => String::new(),
                false => text.to_owned(),
            },
            ..Senses::RIGHT
        })),
    },
    Fault {
        name: "code-sent-as-typed",
        says: "A device sends a provisional code with the letters that were typed.",
        breaks: &["COD-008"],
        kills: &[(
            "device/COD/a-code-is-typed-in-any-way",
            "got the request enrol with another credential",
        )],
        also: &[],
        defect: Defect::Device(Wiring::sensing(Senses {
            says: as_typed,
            ..Senses::RIGHT
        })),
    },
    Fault {
        name: "mistyped-code-sent",
        says: "A panel looks at no check symbol, and the device sends what was typed.",
        breaks: &["COD-005"],
        kills: &[(
            "device/COD/a-mistyped-code-is-not-sent",
            "expected not the request any within 60 s; the request enrol came after",
        )],
        also: &[],
        defect: Defect::Device(Wiring::sensing(Senses {
            types: |text| match text.parse::<ProvisionalCode>() {
                Ok(_) => text.to_owned(),
                Err(_) => ANY_CODE.to_owned(),
            },
            says: |typed, asked| {
                if typed.parse::<ProvisionalCode>().is_err() {
                    as_typed(typed, asked);
                }
            },
            ..Senses::RIGHT
        })),
    },
];

/// The provisional code as it was typed.
fn as_typed(typed: &str, asked: &mut Asked) {
    if asked.conversation == "enrol" {
        asked.credential = Some(typed.to_owned());
    }
}

/// A code whose checks fit: what the machine is told where those of the typed one do not.
const ANY_CODE: &str = "0BVF3-H1RWM-HXR5V-JP4HM-DB8A6";
