//! Faults of patience: too much of it, too little, and an end of it.

use restante_core::Seconds;
use restante_core::device::{Input, Output};
use restante_core::wire::DeviceRequest;

use crate::faults::machine::Wiring;
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "back-off-unbounded",
        says: "A device that gets no answer waits ever longer, without a bound.",
        breaks: &["ENR-022"],
        kills: &[(
            "device/ENR/the-back-off-is-bounded",
            "expected the request enrol within 3601 s; no request came within 3601 s",
        )],
        also: &[],
        defect: Defect::Device(Wiring::waking(|memo, at| {
            let long = !memo.waits && memo.unanswered > 11;
            Some(if long { at.after(Seconds::HOUR) } else { at })
        })),
    },
    Fault {
        name: "gives-up-after-many-failures",
        says: "A device that was refused for a while twenty times in a row gives up.",
        breaks: &["ENR-023"],
        kills: &[(
            "device/ENR/failures-never-end-it",
            "expected the request enrol within 3601 s; no request came within 3601 s",
        )],
        also: &[],
        defect: Defect::Device(Wiring::waking(|memo, at| (memo.failed < 20).then_some(at))),
    },
    Fault {
        name: "retry-after-ignored",
        says: "A throttled device does not wait for as long as it was told.",
        breaks: &["ERR-005"],
        kills: &[(
            "device/ERR/retry-after-is-waited-for",
            "expected not the request any within 2399 s; the request enrol came after",
        )],
        also: &[
            "device/ERR/a-person-does-not-overrule-retry-after",
            "device/ERR/an-unknown-word-with-503-is-temporary",
            "device/MBX/what-has-run-out-is-not-begun",
            "device/POL/a-request-does-not-shorten-a-wait",
        ],
        defect: Defect::Device(Wiring::hearing(|_, mut input| {
            if let Input::Refused { refusal, .. } = &mut input {
                refusal.retry_after = None;
            }
            vec![input]
        })),
    },
    Fault {
        name: "person-overrules-retry-after",
        says: "A throttled device sends at once when somebody types the code again.",
        breaks: &["ERR-005"],
        kills: &[(
            "device/ERR/a-person-does-not-overrule-retry-after",
            "expected not the request any within 2399 s; the request enrol came after",
        )],
        also: &[],
        defect: Defect::Device(Wiring {
            hears: |memo, input| {
                memo.number = u64::from(matches!(input, Input::CodeEntered { .. }));
                vec![input]
            },
            wants: |memo, mut outputs| {
                let sends = |output: &Output| matches!(output, Output::Send { .. });
                let again = memo.number == 1 && memo.failed > 0;
                if again && !outputs.iter().any(sends) {
                    outputs.extend(memo.another(|_| {}));
                }
                outputs
            },
            ..Wiring::RIGHT
        }),
    },
    Fault {
        name: "two-requests-at-once",
        says: "A device whose readings change says so while another request waits for its answer.",
        breaks: &["MSG-010"],
        kills: &[(
            "device/MSG/one-request-at-a-time",
            "got the request poll while rotate waits for its answer",
        )],
        also: &[],
        defect: Defect::Device(Wiring {
            hears: |memo, input| {
                memo.number = u64::from(matches!(input, Input::StatusChanged(_)));
                vec![input]
            },
            wants: |memo, mut outputs| {
                if memo.number == 1 && memo.waits {
                    outputs.extend(memo.another(|outgoing| {
                        outgoing.request = DeviceRequest::Poll(Default::default());
                    }));
                }
                outputs
            },
            ..Wiring::RIGHT
        }),
    },
    Fault {
        name: "unanswered-report-forgotten",
        says: "A device takes silence for the answer to its report.",
        breaks: &["STA-008"],
        kills: &[(
            "device/STA/an-unanswered-report-is-repeated",
            "expected the request reportStatus within 6 s; no request came within 6 s",
        )],
        also: &[
            "device/MBX/a-report-is-made-at-once",
            "device/STA/an-address-is-told-until-that-is-answered",
        ],
        defect: Defect::Device(Wiring::hearing(|memo, input| {
            let reports = matches!(memo.asked(), Some(DeviceRequest::ReportStatus(_)));
            match input {
                Input::LinkFailed { .. } if reports => Vec::new(),
                other => vec![other],
            }
        })),
    },
];
