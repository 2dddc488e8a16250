//! Faults in the face of a refusal: going on where nothing can come of it, and stopping too late.

use restante_core::code::Presented;
use restante_core::device::{Input, Output};
use restante_core::wire::{DeviceRequest, Refusal, RefusalCode};

use crate::faults::machine::Wiring;
use crate::faults::memo::Memo;
use crate::faults::{Defect, Fault};
use crate::party::DeviceKind;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "refused-enrolment-repeated",
        says: "A device repeats an enrolment that was refused for good.",
        breaks: &["ENR-021", "ERR-003"],
        kills: &[
            (
                "device/ENR/code-refused-waits-for-a-person",
                "expected not the request any within 86000 s; the request enrol came after",
            ),
            (
                "device/ENR/request-mismatch-waits-for-a-person",
                "expected not the request any within 86000 s; the request enrol came after",
            ),
            (
                "device/ENR/request-redeemed-waits-for-a-person",
                "expected not the request any within 86000 s; the request enrol came after",
            ),
            (
                "device/ENR/too-few-slots-waits-for-a-person",
                "expected not the request any within 86000 s; the request enrol came after",
            ),
        ],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|memo, input| {
            let enrols = matches!(memo.asked(), Some(DeviceRequest::Enrol(_)));
            as_failure(input, |refusal| {
                enrols && FOR_A_PERSON.contains(&refusal.code)
            })
        })),
    },
    Fault {
        name: "refused-report-repeated",
        says: "A device repeats a report that was refused for good.",
        breaks: &["ERR-003"],
        kills: &[(
            "device/ERR/a-final-refusal-is-not-repeated",
            "expected not the request reportStatus within 86000 s; the request reportStatus came",
        )],
        also: &[
            "device/MBX/a-report-that-was-refused-is-no-act-done",
            "device/MBX/what-has-run-out-is-not-begun",
        ],
        defect: Defect::Device(Wiring::hearing(|memo, input| {
            let reports = matches!(memo.asked(), Some(DeviceRequest::ReportStatus(_)));
            as_failure(input, |_| reports)
        })),
    },
    Fault {
        name: "enrols-again-for-ever",
        says: "A device whose formal code is refused at its first use never asks a person.",
        breaks: &["ENR-024"],
        kills: &[(
            "device/ENR/a-refused-first-use-enrols-again-and-then-asks",
            "expected not the request any within 86000 s; the request enrol came after",
        )],
        also: &[],
        defect: Defect::Device(Wiring {
            hears: |memo, input| {
                let refused = matches!(input, Input::Refused { .. }) && memo.unused_refused == 3;
                match memo.held.pop() {
                    Some(Output::Send {
                        center,
                        presented: Presented::Provisional(code),
                        ..
                    }) if refused => vec![Input::CodeEntered { code, center }],
                    held => {
                        memo.held.extend(held);
                        vec![input]
                    }
                }
            },
            wants: |memo, outputs| {
                let enrols = outputs.iter().find(|output| {
                    let presented = match output {
                        Output::Send { presented, .. } => Some(presented),
                        _ => None,
                    };
                    matches!(presented, Some(Presented::Provisional(_)))
                });
                memo.held.extend(enrols.cloned());
                outputs
            },
            ..Wiring::RIGHT
        }),
    },
    Fault {
        name: "refused-formal-code-used-on",
        says: "A device whose formal code was in use, and is refused, polls on with it.",
        breaks: &["ENR-024", "ERR-003"],
        kills: &[(
            "device/ENR/a-refused-formal-code-is-not-used-on",
            "expected not the request any within 172000 s; the request poll came",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|memo, mut input| {
            let polls = matches!(memo.asked(), Some(DeviceRequest::Poll(_)));
            if let Input::Refused { refusal, .. } = &mut input
                && refusal.code == RefusalCode::FormalCodeRefused
                && polls
                && memo.is_used()
            {
                refusal.code = RefusalCode::Invalid;
            }
            vec![input]
        })),
    },
    Fault {
        name: "leaves-for-ever",
        says: "A device repeats its leaving until somebody says yes.",
        breaks: &["ENR-037"],
        kills: &[(
            "device/ENR/leaving-twice-is-leaving",
            "expected not the request any within 86000 s; the request leave came",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|memo, input| {
            let leaves = leaves(memo);
            as_failure(input, |_| leaves)
        })),
    },
];

fn leaves(memo: &Memo<DeviceKind>) -> bool {
    matches!(memo.asked(), Some(DeviceRequest::Leave(_)))
}

/// Such a refusal is taken for silence.
fn as_failure(input: Input, such: impl Fn(&Refusal) -> bool) -> Vec<Input> {
    vec![match input {
        Input::Refused { exchange, refusal } if such(&refusal) => Input::LinkFailed { exchange },
        other => other,
    }]
}

/// The refusals of an enrolment with which only a person can help.
const FOR_A_PERSON: [RefusalCode; 4] = [
    RefusalCode::CodeRefused,
    RefusalCode::RequestMismatch,
    RefusalCode::RequestRedeemed,
    RefusalCode::TooFewSlots,
];
