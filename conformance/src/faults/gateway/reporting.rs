//! Faults of a site's report: which children it is of, what they said, how old that is.

use restante_core::Seconds;
use restante_core::gateway::{Ask, Input, Output};
use restante_core::id::DeviceId;
use restante_core::wire::{
    ActResult, DeviceReply, DeviceRequest, Identification, Outcome, PollReply, Progress,
};

use crate::faults::machine::Wiring;
use crate::faults::memo::{Memo, sending};
use crate::faults::{Defect, Fault};
use crate::party::GatewayKind;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "one-report-per-child",
        says: "A gateway reports its children one by one.",
        breaks: &["GWY-005"],
        kills: &[(
            "gateway/GWY/all-children-in-one-report",
            "got the request reportStatus, in which reports: expected 3 items",
        )],
        also: &[
            "gateway/GWY/a-child-not-covered-is-dropped",
            "gateway/GWY/a-child-that-is-away-holds-up-nobody",
            "gateway/GWY/a-child-that-was-away-is-handed-it-again",
            "gateway/GWY/a-further-code-pays-for-more",
            "gateway/GWY/a-gateway-reports-and-rotates-itself",
            "gateway/GWY/a-late-child-is-added",
            "gateway/GWY/a-silent-child-is-left-out-once",
            "gateway/GWY/a-silent-child-s-report-fails",
            "gateway/GWY/each-child-says-what-became-of-its-own",
            "gateway/SCN/one-code-registers-a-site",
            "gateway/SITE/another-device-at-the-address-is-not-believed",
            "gateway/SITE/ten-seconds-are-enough-for-a-child",
            "gateway/SVC/a-gateway-presents-each-child",
            "gateway/SVC/each-child-has-its-own-code",
            "gateway/POL/a-gateway-polls-once-for-all-its-children",
            "gateway/SCN/a-service-for-a-site",
            "gateway/GWY/a-superseded-change-goes-on",
            "gateway/GWY/changes-are-numbered",
            "gateway/GWY/numbers-outlive-the-power",
            "gateway/SCN/a-link-to-the-gateway",
            "gateway/SCN/a-site-polls-now-and-at-a-time",
            "gateway/SCN/one-link-for-a-site",
        ],
        defect: Defect::Gateway(Wiring::wanting(|_, outputs| {
            sending::<GatewayKind>(outputs, |_, request| {
                if let DeviceRequest::ReportStatus(message) = request {
                    message.reports.truncate(1);
                }
            })
        })),
    },
    Fault {
        name: "silence-is-a-report",
        says: "A report that was asked for is done, though the child does not answer.",
        breaks: &["MBX-058"],
        kills: &[(
            "gateway/GWY/a-silent-child-s-report-fails",
            "got the request acknowledge, in which acknowledgements: expected an item like",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::wanting(|_, outputs| {
            sending::<GatewayKind>(outputs, |_, request| {
                let DeviceRequest::Acknowledge(message) = request else {
                    return;
                };
                for word in &mut message.acknowledgements {
                    let silent = |it: &ActResult| {
                        it.detail
                            .as_ref()
                            .is_some_and(|it| it.as_str() == "the device does not answer")
                    };
                    if word.results.iter().any(silent) {
                        word.progress = Progress::Done;
                        word.results = vec![ActResult {
                            outcome: Outcome::Done,
                            detail: None,
                        }];
                    }
                }
            })
        })),
    },
    Fault {
        name: "site-reported-twice-as-often",
        says: "A gateway reports twice as often as it was told.",
        breaks: &["STA-007"],
        kills: &[(
            "gateway/SCN/copy-sheets-from-100-to-140",
            "expected not the request reportStatus within 86300 s; the request reportStatus came",
        )],
        also: &[
            "gateway/GWY/a-silent-child-is-left-out-once",
            "gateway/GWY/all-children-in-one-report",
        ],
        defect: Defect::Gateway(Wiring::hearing(|_, mut input| {
            if let Input::Replied { reply, .. } = &mut input {
                halve(reply);
            }
            vec![input]
        })),
    },
    Fault {
        name: "first-reading-for-ever",
        says: "A gateway asks each child once, and reports that ever after.",
        breaks: &["GWY-005"],
        kills: &[(
            "gateway/SCN/copy-sheets-from-100-to-140",
            "copy.mediaSheetsCompleted: expected 140, got 100",
        )],
        also: &["gateway/GWY/a-report-says-where-the-child-is"],
        defect: Defect::Gateway(Wiring::hearing(|memo, input| {
            vec![match input {
                Input::ChildAnswered { device, mut own } => {
                    let first = memo.site.said.entry(device).or_insert(own.status.clone());
                    own.status = first.clone();
                    Input::ChildAnswered { device, own }
                }
                other => other,
            }]
        })),
    },
    Fault {
        name: "age-frozen",
        says: "A gateway that repeats a report states the age that it stated first.",
        breaks: &["GWY-008", "STA-005"],
        kills: &[(
            "gateway/GWY/a-repeated-report-grows-older",
            "in which reports.0.age: expected at least 105, got 5",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::reporting(|memo, report| {
            let first = memo.site.ages.entry(report.device).or_insert(report.age);
            report.age = *first;
        })),
    },
    Fault {
        name: "age-not-grown",
        says: "A gateway passes on a child's reading as fresh as it came.",
        breaks: &["GWY-008"],
        kills: &[(
            "gateway/GWY/a-report-says-what-the-child-said",
            "in which reports.0.age: expected at least 15, got 5",
        )],
        also: &["gateway/GWY/a-repeated-report-grows-older"],
        defect: Defect::Gateway(Wiring {
            hears: |memo, input| {
                if let Input::ChildAnswered { device, own } = &input {
                    memo.site.ages.insert(*device, own.status.age);
                }
                vec![input]
            },
            reports: |memo, report| {
                let said = memo.site.ages.get(&report.device).copied();
                report.age = said.unwrap_or_default();
            },
            ..Wiring::RIGHT
        }),
    },
    Fault {
        name: "children-without-addresses",
        says: "A gateway tells where a child is when it registers it, and not again.",
        breaks: &["GWY-018"],
        kills: &[(
            "gateway/GWY/a-report-says-where-the-child-is",
            "in which reports.0.address: expected",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::reporting(|_, report| report.address = None)),
    },
    Fault {
        name: "children-numbered-by-the-gateway",
        says: "A gateway numbers the readings of its children itself.",
        breaks: &["GWY-008"],
        kills: &[(
            "gateway/GWY/a-report-says-what-the-child-said",
            "in which reports.0.boot: expected 41, got 1",
        )],
        also: &[
            "gateway/GWY/a-repeated-report-grows-older",
            "gateway/SCN/copy-sheets-from-100-to-140",
        ],
        defect: Defect::Gateway(Wiring::reporting(|memo, report| {
            memo.number += 1;
            report.boot = 1;
            report.seq = u32::try_from(memo.number).unwrap_or(u32::MAX);
        })),
    },
    Fault {
        name: "two-readings-under-one-number",
        says: "A gateway reports other counters under the number of a reading it reported before.",
        breaks: &["STA-004"],
        kills: &[
            (
                "gateway/GWY/a-report-says-what-the-child-said",
                "in which reports.0.seq: expected 7, got 1",
            ),
            (
                "gateway/SCN/copy-sheets-from-100-to-140",
                "in the reply readings, rows: expected 2 items, got 1",
            ),
        ],
        also: &[
            "gateway/GWY/a-report-says-where-the-child-is",
            "gateway/GWY/a-repeated-report-grows-older",
        ],
        defect: Defect::Gateway(Wiring::reporting(|_, report| report.seq = 1)),
    },
    Fault {
        name: "posing-child-believed",
        says: "A gateway takes what answers at a child's address for the child.",
        breaks: &["SITE-008"],
        kills: &[(
            "gateway/SITE/another-device-at-the-address-is-not-believed",
            "got the request reportStatus, in which reports: expected",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::hearing(|memo, mut input| {
            match &mut input {
                Input::CallAnswered(child) => memo.site.answered.push((**child).clone()),
                Input::ChildAnswered { device, own } => {
                    if let Some(child) = asked(memo, *device) {
                        own.identification = child;
                    }
                }
                _ => {}
            }
            vec![input]
        })),
    },
    Fault {
        name: "slow-child-awaited",
        says: "A gateway holds the report of a site up until its slowest child has answered.",
        breaks: &["SITE-009"],
        kills: &[(
            "gateway/SITE/ten-seconds-are-enough-for-a-child",
            "got the request reportStatus, in which reports: expected 2 items, got 3",
        )],
        also: &["gateway/GWY/a-report-says-what-the-child-said"],
        defect: Defect::Gateway(Wiring {
            wants: |memo, outputs| {
                let asks = |output: &Output| matches!(output, Output::AskChildren(_));
                if outputs.iter().any(asks) {
                    memo.number = memo.now.as_millis();
                }
                outputs
            },
            due: |memo, at| {
                let asked = restante_core::Uptime::from_millis(memo.number);
                let patience = asked.after(Seconds::new(10));
                Some(if at == patience {
                    at.after(Seconds::new(5))
                } else {
                    at
                })
            },
            ..Wiring::RIGHT
        }),
    },
];

/// The interval of reports that comes with a reply, halved.
fn halve(reply: &mut DeviceReply) {
    let schedule = match reply {
        DeviceReply::Enrolled(reply) => &mut reply.schedule,
        DeviceReply::StatusReported(reply) => &mut reply.schedule,
        DeviceReply::Polled(PollReply::Mailbox(mailbox)) => &mut mailbox.schedule,
        _ => return,
    };
    for entry in &mut schedule.entries {
        entry.every = Seconds::new(entry.every.get() / 2);
    }
}

/// Whom the gateway believes to be asking.
fn asked(memo: &Memo<GatewayKind>, device: DeviceId) -> Option<Identification> {
    let mut asked = memo.site.asked.iter();
    let address = asked.find(|Ask { device: it, .. }| *it == device);
    let address = address.and_then(|ask| ask.address.clone())?;
    let mut answered = memo.site.answered.iter();
    let child = answered.find(|it| it.contacts.address.as_ref() == Some(&address));
    child.map(|it| it.identification.clone())
}
