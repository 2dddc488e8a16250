//! Faults of the memory: what is not kept, kept too late, or not looked at when the power is back.

use restante_core::device::{Input, Kept, Output};
use restante_core::registrant::Standing;
use serde_json::json;

use crate::faults::machine::Wiring;
use crate::faults::memo::edited;
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "enrolment-not-kept",
        says: "A device keeps an enrolment when it is answered, and not when it begins.",
        breaks: &["ENR-001", "ENR-003"],
        kills: &[(
            "device/ENR/a-power-cut-repeats-the-enrolment",
            "expected the request enrol within 30 s; no request came within 30 s",
        )],
        also: &[
            "device/ENR/a-power-cut-before-the-code-is-kept",
            "device/ENR/nothing-is-sent-before-it-is-kept",
        ],
        defect: Defect::Device(Wiring::wanting(|_, mut outputs| {
            outputs.retain(|output| !keeps(output, is_enrolling));
            outputs
        })),
    },
    Fault {
        name: "enrolment-sent-before-kept",
        says: "A device sends an enrolment, and writes it down afterwards.",
        breaks: &["ENR-001"],
        kills: &[(
            "device/ENR/nothing-is-sent-before-it-is-kept",
            "expected not the request any within 60 s; the request enrol came after",
        )],
        also: &[],
        defect: Defect::Device(Wiring::wanting(|_, mut outputs| {
            if outputs.iter().any(|output| keeps(output, is_enrolling)) {
                outputs.sort_by_key(|output| !matches!(output, Output::Send { .. }));
            }
            outputs
        })),
    },
    Fault {
        name: "formal-code-used-before-kept",
        says: "A device uses a formal code, and writes it down afterwards.",
        breaks: &["ENR-004"],
        kills: &[(
            "device/ENR/a-power-cut-before-the-code-is-kept",
            "got the request poll",
        )],
        also: &[],
        defect: Defect::Device(Wiring::wanting(|_, mut outputs| {
            if outputs.iter().any(|output| keeps(output, is_unused)) {
                outputs.sort_by_key(|output| !matches!(output, Output::Send { .. }));
            }
            outputs
        })),
    },
    Fault {
        name: "formal-code-kept-when-used",
        says: "A device keeps a formal code once its first use was accepted.",
        breaks: &["ENR-004"],
        kills: &[(
            "device/ENR/a-formal-code-is-kept-before-its-first-use",
            "got the request enrol",
        )],
        also: &["device/ENR/a-power-cut-before-the-code-is-kept"],
        defect: Defect::Device(Wiring::wanting(|_, mut outputs| {
            outputs.retain(|output| !keeps(output, is_unused));
            outputs
        })),
    },
    Fault {
        name: "first-use-forgotten-at-boot",
        says: "A device that comes back with a formal code that it never used does nothing with it.",
        breaks: &["ENR-046"],
        kills: &[(
            "device/ENR/a-power-cut-after-the-code-is-kept",
            "expected the request poll within 40 s; no request came within 40 s",
        )],
        also: &["device/ENR/a-formal-code-is-kept-before-its-first-use"],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            vec![forgetting(input, is_unused)]
        })),
    },
    Fault {
        name: "formal-code-forgotten",
        says: "A device has no formal code any more when its power is back.",
        breaks: &["ENR-004"],
        kills: &[(
            "device/ENR/a-formal-code-outlives-the-power",
            "expected the request poll within 40 s; no request came within 40 s",
        )],
        also: &[
            "device/ENR/rotation-goes-on-with-the-new-code",
            "device/MBX/after-a-power-cut-the-mailbox-is-asked-again",
            "device/MBX/the-first-poll-asks-for-everything",
            "device/STA/boot-outlives-power-cuts-in-a-row",
            "device/STA/boot-rises-with-each-power-cut",
            "device/MBX/a-missed-window-is-made-up-for",
        ],
        defect: Defect::Device(Wiring::hearing(|_, input| vec![forgetting(input, is_used)])),
    },
    Fault {
        name: "boot-kept-late",
        says: "A device writes its boot number down with its first report.",
        breaks: &["STA-003"],
        kills: &[(
            "device/STA/boot-outlives-power-cuts-in-a-row",
            "expected anything but 2",
        )],
        also: &[],
        defect: Defect::Device(Wiring::wanting(|memo, outputs| {
            let mut out = Vec::new();
            for output in outputs {
                match &output {
                    Output::Keep(_) if memo.stood.take().is_some() => memo.held.push(output),
                    Output::Keep(_) => {
                        memo.held.clear();
                        out.push(output);
                    }
                    Output::Send { request, .. } => {
                        if matches!(request, restante_core::wire::DeviceRequest::ReportStatus(_)) {
                            out.append(&mut memo.held);
                        }
                        out.push(output);
                    }
                    _ => out.push(output),
                }
            }
            out
        })),
    },
];

/// Whether an output keeps that a device stands so.
fn keeps(output: &Output, so: fn(&Standing) -> bool) -> bool {
    matches!(output, Output::Keep(kept) if so(kept.standing()))
}

/// What a device that stands so finds in its memory is blank.
fn forgetting(input: Input, so: fn(&Standing) -> bool) -> Input {
    match input {
        Input::Booted { kept: Some(kept) } if so(kept.standing()) => {
            let blank =
                |kept: Box<Kept>| edited(kept, |json| json["standing"] = json!({ "blank": {} }));
            let kept = Some(blank(kept));
            Input::Booted { kept }
        }
        other => other,
    }
}

const fn is_enrolling(standing: &Standing) -> bool {
    matches!(standing, Standing::Enrolling { .. })
}

fn is_unused(standing: &Standing) -> bool {
    matches!(standing, Standing::Enrolled { holding } if holding.unused.is_some())
}

fn is_used(standing: &Standing) -> bool {
    matches!(standing, Standing::Enrolled { holding } if holding.unused.is_none())
}
