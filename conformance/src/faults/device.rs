//! The faults of a device.

use restante_core::Seconds;
use restante_core::device::{Input, Output};
use restante_core::id::{RequestId, Serial};
use restante_core::wire::enrol::DeviceList;
use restante_core::wire::{
    DeviceReply, DeviceRequest, PollReply, RefusalCode, ReportStatus, StatusReport,
};

use super::machine::{Wiring, sending};
use super::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "another-serial-number",
        says: "A device enrols under the serial number of another.",
        kills: &[(
            "device/MOD/a-device-names-itself",
            "in which devices.0.identification: expected",
        )],
        also: &[
            "device/ENR/a-first-enrolment",
            "device/SCN/three-panels-one-code",
        ],
        defect: Defect::Device(Wiring::wanting(|output| {
            sending(output, |_, request| {
                if let DeviceRequest::Enrol(enrol) = request {
                    let mut entries = enrol.devices.as_slice().to_vec();
                    for entry in &mut entries {
                        let other = Serial::new("another");
                        entry.identification.serial =
                            other.unwrap_or(entry.identification.serial.clone());
                    }
                    enrol.devices = DeviceList::new(entries).unwrap_or(enrol.devices.clone());
                }
            })
        })),
    },
    Fault {
        name: "request-id-reused",
        says: "A device uses one request id for all its enrolments.",
        kills: &[(
            "device/ENR/another-code-is-another-request",
            "in which request: expected anything but",
        )],
        also: &["device/SCN/three-panels-one-code"],
        defect: Defect::Device(Wiring::wanting(|output| {
            sending(output, |_, request| {
                if let DeviceRequest::Enrol(enrol) = request {
                    enrol.request = RequestId::from_bytes([7; 16]);
                }
            })
        })),
    },
    Fault {
        name: "age-always-zero",
        says: "A device calls every reading fresh.",
        kills: &[(
            "device/STA/age-is-how-old-a-reading-is",
            "in which reports.0.age: expected at least 100, got 0",
        )],
        also: &[],
        defect: Defect::Device(Wiring::wanting(|output| {
            reporting(output, |report| report.age = Seconds::new(0))
        })),
    },
    Fault {
        name: "boot-not-raised",
        says: "A device reports under boot 1 for ever.",
        kills: &[(
            "device/STA/boot-rises-with-each-power-cut",
            "in which reports.0.boot: expected anything but 1",
        )],
        also: &["device/STA/boot-outlives-power-cuts-in-a-row"],
        defect: Defect::Device(Wiring::wanting(|output| {
            reporting(output, |report| report.boot = 1)
        })),
    },
    Fault {
        name: "seq-reused",
        says: "A device numbers all its readings alike.",
        kills: &[(
            "device/STA/seq-rises-with-each-reading",
            "in which reports.0.seq: expected anything but 1",
        )],
        also: &[],
        defect: Defect::Device(Wiring::wanting(|output| {
            reporting(output, |report| report.seq = 1)
        })),
    },
    Fault {
        name: "report-names-a-device-twice",
        says: "A device reports on itself twice in one message.",
        kills: &[(
            "device/MSG/messages-satisfy-their-schema",
            "expected a request that a center can read; got the request reportStatus, which breaks its bounds: there are two reports on dev-2yaq0sk6c5zv8w3jrpd96ah3tb at line 1 column 1605",
        )],
        also: &[
            "device/ERR/a-final-refusal-is-not-repeated",
            "device/MBX/an-unknown-action-is-passed-over",
            "device/MSG/one-request-at-a-time",
            "device/STA/age-is-how-old-a-reading-is",
            "device/STA/an-unanswered-report-is-repeated",
            "device/STA/another-interval-is-followed",
            "device/STA/boot-outlives-power-cuts-in-a-row",
            "device/STA/boot-rises-with-each-power-cut",
            "device/STA/counters-are-reported-as-they-are",
            "device/STA/seq-rises-with-each-reading",
            "device/STA/the-schedule-asks-and-the-device-reports",
        ],
        defect: Defect::Device(Wiring::wanting(|output| {
            sending(output, |_, request| {
                if let DeviceRequest::ReportStatus(ReportStatus { reports }) = request {
                    reports.extend(reports.clone());
                }
            })
        })),
    },
    Fault {
        name: "have-outlives-the-power",
        says: "A device that was switched on polls for changes since a state that it does not have.",
        kills: &[(
            "device/MBX/the-first-poll-asks-for-everything",
            "in which have: expected nothing, got",
        )],
        also: &[],
        defect: Defect::Device(Wiring::wanting(|output| {
            sending(output, |_, request| {
                if let DeviceRequest::Poll(poll) = request {
                    let tag = restante_core::wire::ETag::from_bytes(&[7; 16]);
                    poll.have = poll.have.take().or(Some(tag));
                }
            })
        })),
    },
    Fault {
        name: "unchanged-interval-ignored",
        says: "A device told that nothing has changed keeps to the interval that it had.",
        kills: &[(
            "device/MBX/unchanged-names-the-next-interval",
            "expected the request poll within 53 s; no request came within 53 s",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|input| match input {
            Input::Replied {
                exchange,
                reply: DeviceReply::Polled(PollReply::Unchanged(_)),
            } => {
                let reply = DeviceReply::Polled(PollReply::Unchanged(Seconds::DAY));
                Some(Input::Replied { exchange, reply })
            }
            other => Some(other),
        })),
    },
    Fault {
        name: "retry-after-ignored",
        says: "A throttled device does not wait for as long as it was told.",
        kills: &[(
            "device/ERR/retry-after-is-waited-for",
            "expected not the request any within 2399 s; the request enrol came after 1 s",
        )],
        also: &[
            "device/ERR/a-person-does-not-overrule-retry-after",
            "device/ERR/an-unknown-word-with-503-is-temporary",
        ],
        defect: Defect::Device(Wiring::hearing(|mut input| {
            if let Input::Refused { refusal, .. } = &mut input {
                refusal.retry_after = None;
            }
            Some(input)
        })),
    },
    Fault {
        name: "refused-enrolment-repeated",
        says: "A device repeats an enrolment that was refused for good.",
        kills: &[
            (
                "device/ENR/code-refused-waits-for-a-person",
                "expected not the request any within 86000 s; the request enrol came after 2 s",
            ),
            (
                "device/ENR/request-mismatch-waits-for-a-person",
                "expected not the request any within 86000 s; the request enrol came after 2 s",
            ),
            (
                "device/ENR/request-redeemed-waits-for-a-person",
                "expected not the request any within 86000 s; the request enrol came after 0 s",
            ),
            (
                "device/ENR/too-few-slots-waits-for-a-person",
                "expected not the request any within 86000 s; the request enrol came after 1 s",
            ),
        ],
        also: &[
            "device/ENR/a-refused-first-use-enrols-again-and-then-asks",
            "device/ENR/a-refused-formal-code-is-not-used-on",
            "device/ENR/a-refused-new-code-falls-back",
            "device/ENR/leaving-twice-is-leaving",
            "device/ENR/the-old-code-is-held-beside-the-new",
            "device/ERR/a-final-refusal-is-not-repeated",
            "device/ERR/an-unknown-word-is-final",
            "device/ERR/an-unknown-word-with-503-is-temporary",
        ],
        defect: Defect::Device(Wiring::hearing(|input| match input {
            Input::Refused { exchange, refusal } if refusal.code != RefusalCode::Throttled => {
                Some(Input::LinkFailed { exchange })
            }
            other => Some(other),
        })),
    },
    Fault {
        name: "unanswered-report-forgotten",
        says: "A device takes silence for the answer to its report.",
        kills: &[(
            "device/STA/an-unanswered-report-is-repeated",
            "expected the request reportStatus within 6 s; no request came within 6 s",
        )],
        also: &[
            "device/COD/a-damaged-formal-code-is-no-reply",
            "device/ENR/a-lost-reply-repeats-the-enrolment",
            "device/ENR/leaving-twice-is-leaving",
            "device/ENR/the-back-off-is-bounded",
            "device/MSG/what-cannot-be-read-counts-as-lost",
        ],
        defect: Defect::Device(Wiring::hearing(|input| match input {
            Input::LinkFailed { .. } => None,
            other => Some(other),
        })),
    },
    Fault {
        name: "nothing-is-kept",
        says: "A device keeps nothing for the time after a power cut.",
        kills: &[(
            "device/ENR/a-formal-code-outlives-the-power",
            "expected the request poll within 40 s; no request came within 40 s",
        )],
        also: &[
            "device/ENR/a-formal-code-is-kept-before-its-first-use",
            "device/ENR/a-power-cut-before-the-code-is-kept",
            "device/ENR/a-power-cut-repeats-the-enrolment",
            "device/ENR/a-refused-first-use-enrols-again-and-then-asks",
            "device/ENR/a-refused-formal-code-is-not-used-on",
            "device/ENR/a-refused-new-code-falls-back",
            "device/ENR/code-refused-waits-for-a-person",
            "device/ENR/request-mismatch-waits-for-a-person",
            "device/ENR/request-redeemed-waits-for-a-person",
            "device/ENR/rotation-goes-on-with-the-new-code",
            "device/ENR/the-old-code-is-held-beside-the-new",
            "device/ENR/too-few-slots-waits-for-a-person",
            "device/MBX/the-first-poll-asks-for-everything",
            "device/MSG/unknown-members-are-ignored",
            "device/STA/boot-outlives-power-cuts-in-a-row",
            "device/STA/boot-rises-with-each-power-cut",
        ],
        defect: Defect::Device(Wiring::wanting(|output| match output {
            Output::Keep(_) => None,
            other => Some(other),
        })),
    },
    Fault {
        name: "polls-late",
        says: "A device is an hour late with everything.",
        kills: &[(
            "device/MBX/a-poll-comes-in-its-time",
            "expected the request poll within 304 s; no request came within 304 s",
        )],
        also: &[
            "device/COD/a-damaged-formal-code-is-no-reply",
            "device/ENR/a-formal-code-is-kept-before-its-first-use",
            "device/ENR/a-formal-code-outlives-the-power",
            "device/ENR/a-lost-reply-repeats-the-enrolment",
            "device/ENR/a-power-cut-after-the-code-is-kept",
            "device/ENR/a-refused-formal-code-is-not-used-on",
            "device/ENR/failures-never-end-it",
            "device/ENR/leaving-twice-is-leaving",
            "device/ENR/rotation-goes-on-with-the-new-code",
            "device/ENR/the-back-off-is-bounded",
            "device/ENR/the-old-code-is-held-beside-the-new",
            "device/ERR/a-final-refusal-is-not-repeated",
            "device/ERR/a-person-does-not-overrule-retry-after",
            "device/ERR/an-unknown-word-with-503-is-temporary",
            "device/ERR/retry-after-is-waited-for",
            "device/MBX/an-unknown-action-is-passed-over",
            "device/MBX/the-first-poll-asks-for-everything",
            "device/MBX/unchanged-names-the-next-interval",
            "device/MSG/what-cannot-be-read-counts-as-lost",
            "device/STA/an-unanswered-report-is-repeated",
            "device/STA/another-interval-is-followed",
            "device/STA/boot-outlives-power-cuts-in-a-row",
            "device/STA/boot-rises-with-each-power-cut",
            "device/STA/seq-rises-with-each-reading",
            "device/STA/the-schedule-asks-and-the-device-reports",
        ],
        defect: Defect::Device(Wiring {
            due: |at| at.after(Seconds::HOUR),
            ..Wiring::RIGHT
        }),
    },
];

/// A report on its way, altered.
fn reporting(output: Output, change: impl Fn(&mut StatusReport)) -> Option<Output> {
    sending(output, |_, request| {
        if let DeviceRequest::ReportStatus(message) = request {
            message.reports.iter_mut().for_each(change);
        }
    })
}
