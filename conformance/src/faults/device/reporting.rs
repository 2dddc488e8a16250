//! Faults of a report: its numbers, its readings, its age and its time.

use restante_core::Seconds;
use restante_core::device::{Input, Output};
use restante_core::limits::COUNTER_MAX;
use restante_core::wire::{Action, DeviceRequest};
use serde_json::{Value, json};

use crate::faults::machine::Wiring;
use crate::faults::{Defect, Fault};
use crate::party::Senses;

use super::polling::schedule;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "age-always-zero",
        says: "A device calls every reading fresh.",
        breaks: &["STA-005"],
        kills: &[(
            "device/STA/age-is-how-old-a-reading-is",
            "in which reports.0.age: expected at least 100, got 0",
        )],
        also: &[],
        defect: Defect::Device(Wiring::reporting(|_, report| report.age = Seconds::new(0))),
    },
    Fault {
        name: "boot-not-raised",
        says: "A device reports under boot 1 for ever.",
        breaks: &["STA-003"],
        kills: &[(
            "device/STA/boot-rises-with-each-power-cut",
            "in which reports.0.boot: expected anything but 1",
        )],
        also: &["device/STA/boot-outlives-power-cuts-in-a-row"],
        defect: Defect::Device(Wiring::reporting(|_, report| report.boot = 1)),
    },
    Fault {
        name: "seq-reused",
        says: "A device numbers all its readings alike.",
        breaks: &["STA-004"],
        kills: &[(
            "device/STA/seq-rises-with-each-reading",
            "in which reports.0.seq: expected anything but 1",
        )],
        also: &[],
        defect: Defect::Device(Wiring::reporting(|_, report| report.seq = 1)),
    },
    Fault {
        name: "uncounted-as-zero",
        says: "A device reports a zero for what it does not count.",
        breaks: &["STA-001"],
        kills: &[(
            "device/STA/counters-are-reported-as-they-are",
            "in which reports.0.counters.total.impressionsCompleted: expected nothing, got 0",
        )],
        also: &[],
        defect: Defect::Device(Wiring::reporting(|_, report| {
            let total = &mut report.counters.total;
            total.impressions_completed.get_or_insert_default();
        })),
    },
    Fault {
        name: "counter-left-out",
        says: "A device that counts copies reports the total alone.",
        breaks: &["STA-001"],
        kills: &[(
            "device/STA/counters-are-reported-as-they-are",
            "in which reports.0.counters.services.copy: expected",
        )],
        also: &[],
        defect: Defect::Device(Wiring::reporting(|_, report| {
            report.counters.services.copy = None
        })),
    },
    Fault {
        name: "sheets-counted-as-sides",
        says: "A device reports the sheets that it copied as sides.",
        breaks: &["STA-002"],
        kills: &[(
            "device/STA/counters-are-reported-as-they-are",
            "in which reports.0.counters.services.copy.",
        )],
        also: &[],
        defect: Defect::Device(Wiring::reporting(|_, report| {
            if let Some(copy) = &mut report.counters.services.copy {
                copy.impressions_completed = copy.media_sheets_completed.take();
            }
        })),
    },
    Fault {
        name: "counter-past-its-bound",
        says: "A device counts on where a counter is full.",
        breaks: &["MSG-006"],
        kills: &[(
            "device/MSG/messages-satisfy-their-schema",
            "got the request reportStatus, which breaks its bounds",
        )],
        also: &[],
        defect: Defect::Device(Wiring::sensing(Senses {
            says: |_, asked| {
                let reports = asked.message.get_mut("reports");
                let reports = reports.and_then(Value::as_array_mut);
                for report in reports.into_iter().flatten() {
                    let total = report.pointer_mut("/counters/total/impressionsCompleted");
                    if let Some(total) = total.filter(|it| it.as_u64() == Some(COUNTER_MAX)) {
                        *total = json!(COUNTER_MAX + 1);
                    }
                }
            },
            ..Senses::RIGHT
        })),
    },
    Fault {
        name: "addresses-not-stated",
        says: "A device keeps its address to itself once it is registered.",
        breaks: &["STA-018"],
        kills: &[(
            "device/STA/a-changed-address-is-told-at-once",
            "in which reports.0.address: expected",
        )],
        also: &[
            "device/STA/an-address-is-told-until-that-is-answered",
            "device/STA/an-address-that-changes-often-is-told-once-in-a-minute",
        ],
        defect: Defect::Device(Wiring::reporting(|_, report| report.address = None)),
    },
    Fault {
        name: "a-changed-address-is-never-told",
        says: "A device states the address that it had when it was registered.",
        breaks: &["STA-019", "STA-018"],
        kills: &[(
            "device/STA/a-changed-address-is-told-at-once",
            "expected the request reportStatus within 10 s; no request came within 10 s",
        )],
        also: &[
            "device/STA/an-address-is-told-until-that-is-answered",
            "device/STA/an-address-that-changes-often-is-told-once-in-a-minute",
        ],
        defect: Defect::Device(Wiring::hearing(|memo, input| match input {
            Input::AddressChanged(_) if memo.used.is_some() => Vec::new(),
            other => vec![other],
        })),
    },
    Fault {
        name: "a-changed-address-is-told-once",
        says: "A device whose report is not answered states no address in the next one.",
        breaks: &["STA-019", "STA-018"],
        kills: &[(
            "device/STA/an-address-is-told-until-that-is-answered",
            "in which reports.0.address: expected",
        )],
        also: &[],
        defect: Defect::Device(Wiring::reporting(|memo, report| {
            if memo.unanswered > 0 {
                report.address = None;
            }
        })),
    },
    Fault {
        name: "a-changed-address-is-told-in-a-rush",
        says: "A device reports each change of its address at once.",
        breaks: &["STA-019"],
        kills: &[(
            "device/STA/an-address-that-changes-often-is-told-once-in-a-minute",
            "the request reportStatus came after 0 s",
        )],
        also: &[],
        defect: Defect::Device(Wiring {
            hears: |memo, input| {
                let moved = matches!(input, Input::AddressChanged(_));
                memo.number = u64::from(moved && memo.used.is_some());
                vec![input]
            },
            wants: |memo, mut outputs| {
                let sends = |it: &Output| matches!(it, Output::Send { .. });
                if memo.number == 1 && !memo.waits && !outputs.iter().any(sends) {
                    outputs.extend(memo.another(|_| {}));
                }
                outputs
            },
            ..Wiring::RIGHT
        }),
    },
    Fault {
        name: "first-report-waits",
        says: "A device reports for the first time when the interval has passed once.",
        breaks: &["STA-007"],
        kills: &[(
            "device/STA/the-schedule-asks-and-the-device-reports",
            "expected the request reportStatus within 10 s; no request came within 10 s",
        )],
        also: &["device/ERR/", "device/MBX/", "device/MSG/", "device/STA/"],
        defect: Defect::Device(Wiring::wanting(|memo, mut outputs| {
            let reports = |output: &Output| {
                let report = matches!(
                    output,
                    Output::Send {
                        request: DeviceRequest::ReportStatus(_),
                        ..
                    }
                );
                report && memo.now < restante_core::Uptime::BOOT.after(Seconds::DAY)
            };
            outputs.retain(|output| !reports(output));
            outputs
        })),
    },
    Fault {
        name: "report-interval-ignored",
        says: "A device reports twice as often as it was told.",
        breaks: &["STA-007"],
        kills: &[(
            "device/STA/the-schedule-asks-and-the-device-reports",
            "expected not the request reportStatus within 86398 s; the request reportStatus came",
        )],
        also: &[
            "device/STA/a-changed-address-is-told-at-once",
            "device/ERR/a-final-refusal-is-not-repeated",
            "device/STA/another-interval-is-followed",
            "device/STA/seq-rises-with-each-reading",
        ],
        defect: Defect::Device(Wiring::hearing(|_, mut input| {
            let entries = schedule(&mut input).map(|schedule| &mut schedule.entries);
            for entry in entries.into_iter().flatten() {
                if entry.action == Action::ReportStatus {
                    entry.every = Seconds::new(entry.every.get() / 2);
                }
            }
            vec![input]
        })),
    },
    Fault {
        name: "first-schedule-for-ever",
        says: "A device reports at the interval that it was told first.",
        breaks: &["STA-007"],
        kills: &[(
            "device/STA/another-interval-is-followed",
            "expected the request reportStatus within 104 s; no request came within 104 s",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|memo, mut input| {
            let entries = schedule(&mut input).map(|schedule| &mut schedule.entries);
            for entry in entries.into_iter().flatten() {
                if entry.action == Action::ReportStatus {
                    if memo.number == 0 {
                        memo.number = u64::from(entry.every.get());
                    }
                    let first = u32::try_from(memo.number).unwrap_or(u32::MAX);
                    entry.every = Seconds::new(first);
                }
            }
            vec![input]
        })),
    },
];
