//! Faults of the general call: who is called, for how long, and who counts as whom.

use restante_core::Seconds;
use restante_core::gateway::{Input, Notice, Output};
use restante_core::id::Serial;

use crate::faults::machine::Wiring;
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "call-ends-early",
        says: "A gateway listens for answers for two seconds.",
        breaks: &["SITE-002"],
        kills: &[(
            "gateway/SITE/answers-are-collected-for-three-seconds",
            "got the request enrol, in which devices: expected",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::hearing(|memo, input| {
            let called = memo.site.called.unwrap_or_default();
            let late = memo.now.since(called) >= Seconds::new(2);
            match input {
                Input::CallAnswered(_) if late => Vec::new(),
                other => vec![other],
            }
        })),
    },
    Fault {
        name: "child-told-by-its-address",
        says: "A gateway takes one device with two addresses for two.",
        breaks: &["SITE-004"],
        kills: &[(
            "gateway/SITE/a-child-that-answers-twice-is-one",
            "got the request enrol, in which devices: expected 2 items",
        )],
        also: &["gateway/GWY/a-report-says-where-the-child-is"],
        defect: Defect::Gateway(Wiring::hearing(|memo, mut input| {
            if let Input::CallAnswered(child) = &mut input {
                let same = |it: &restante_core::wire::DeviceEntry| {
                    it.identification.is_same_device(&child.identification)
                        && it.contacts != child.contacts
                };
                if memo.site.answered.iter().any(same) {
                    let other = format!("{} (2)", child.identification.serial.as_str());
                    let serial = Serial::new(other);
                    child.identification.serial =
                        serial.unwrap_or(child.identification.serial.clone());
                }
                memo.site.answered.push((**child).clone());
            }
            vec![input]
        })),
    },
    Fault {
        name: "never-calls-again",
        says: "A gateway that is registered calls nobody unless a person wants it.",
        breaks: &["GWY-009"],
        kills: &[(
            "gateway/GWY/a-call-goes-out-every-day",
            "expected the request addDevices within 86430 s; no request came",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring {
            hears: |memo, input| {
                memo.site.by_person = matches!(input, Input::CallNow | Input::CodeEntered { .. });
                vec![input]
            },
            wants: |memo, mut outputs| {
                let alone = memo.used.is_some() && !memo.site.by_person;
                outputs.retain(|output| !(alone && matches!(output, Output::GeneralCall)));
                outputs
            },
            ..Wiring::RIGHT
        }),
    },
    Fault {
        name: "nobody-is-told",
        says: "A gateway that no device answers keeps it to itself.",
        breaks: &["GWY-004"],
        kills: &[(
            "gateway/GWY/nobody-answers",
            "in its state, shown: expected an item like",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::wanting(|_, mut outputs| {
            outputs.retain(|output| !matches!(output, Output::Show(Notice::NobodyAnswered)));
            outputs
        })),
    },
    Fault {
        name: "itself-enrolled-alone",
        says: "A gateway that no device answers enrols a device that it makes up.",
        breaks: &["GWY-004"],
        kills: &[(
            "gateway/GWY/nobody-answers",
            "expected not the request any within 120 s; the request enrol came after",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring {
            hears: |memo, input| {
                let over = memo
                    .site
                    .called
                    .is_some_and(|at| memo.now >= at.after(CALL_TIME));
                let silent = over && memo.site.answered.is_empty() && memo.stood.is_none();
                match input {
                    Input::CallAnswered(child) => {
                        memo.site.answered.push((*child).clone());
                        vec![Input::CallAnswered(child)]
                    }
                    Input::TimePassed if silent => {
                        let entry = crate::party::new_seat().entry;
                        vec![Input::CallAnswered(Box::new(entry)), input]
                    }
                    other => vec![other],
                }
            },
            ..Wiring::RIGHT
        }),
    },
];

/// How long a gateway collects answers.
const CALL_TIME: Seconds = restante_core::limits::CALL_TIME;
