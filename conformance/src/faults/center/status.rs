//! Faults about running status.

use restante_core::Seconds;
use restante_core::center::{Decision, Reply};
use restante_core::record::{Kind, Reading};
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::{
    DeviceReply, DeviceRequest, RefusalCode, ReportResult, ReportStatus, Reported, StatusReport,
    StatusReported,
};

use crate::faults::scene::{Alter, Decided, Scene, instead, refusal, refused_as, schedule};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "reports-not-kept",
        says: "Reports are answered as accepted and not kept.",
        breaks: &[],
        kills: &[
            (
                "server/SCN/copy-sheets-from-100-to-140",
                "expected the reply readings; in the reply readings, rows: expected 1 items, got 0",
            ),
            (
                "server/STA/a-report-is-kept-as-it-was-sent",
                "expected the reply devices; in the reply devices, rows.0.latest: expected",
            ),
        ],
        also: &[
            "server/ENR/a-new-registration-takes-the-device",
            "server/ENR/leaving-ends-the-registration",
            "server/ENR/removed-devices-are-not-spoken-for",
            "server/MOD/a-second-customer-inherits-nothing",
            "server/MOD/foreign-ids-answer-like-none",
            "server/MSG/what-was-acknowledged-survives-a-crash",
            "server/STA/a-new-registration-counts-anew",
            "server/STA/an-older-report-is-superseded",
            "server/STA/no-code-no-report",
            "server/STA/one-message-for-all-devices",
            "server/STA/taken-is-receipt-less-age",
            "server/STA/a-report-from-before-it-was-elsewhere",
            "server/STA/the-address-of-a-report-is-taken",
            "server/SEA/mails-overtake-one-another",
        ],
        defect: Defect::Decision(|scene| {
            scene
                .decide()
                .unwriting(Kind::Status)
                .unwriting(Kind::Reading)
        }),
    },
    Fault {
        name: "covered-reports-kept",
        says: "Of a message that is refused for one device the other reports are kept.",
        breaks: &[],
        kills: &[
            (
                "server/STA/a-foreign-device-refuses-the-whole-message",
                ".latest: expected nothing, got",
            ),
            (
                "server/MSG/a-refusal-changes-nothing",
                ".latest: expected nothing, got",
            ),
        ],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match covered(scene, &decided) {
                Some(reports) => {
                    let kept = scene.asked(DeviceRequest::ReportStatus(reports))?;
                    decided.map(|refused| Decision {
                        outcome: refused.outcome,
                        ..kept
                    })
                }
                None => decided,
            }
        }),
    },
    Fault {
        name: "partial-reports-accepted",
        says: "A message that reports on a device that is not covered is accepted for the others.",
        breaks: &[],
        kills: &[
            (
                "server/STA/a-foreign-device-refuses-the-whole-message",
                "expected the refusal device-not-covered; got statusReported",
            ),
            (
                "server/MSG/a-refusal-changes-nothing",
                "expected the refusal device-not-covered; got statusReported",
            ),
        ],
        also: &[
            "server/ENR/a-registration-keeps-its-other-devices",
            "server/ENR/removed-devices-are-not-spoken-for",
        ],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match covered(scene, &decided) {
                Some(reports) => scene.asked(DeviceRequest::ReportStatus(reports)),
                None => decided,
            }
        }),
    },
    Fault {
        name: "foreign-devices-unnamed",
        says: "A refusal for a device that is not covered does not name it.",
        breaks: &[],
        kills: &[(
            "server/STA/a-foreign-device-refuses-the-whole-message",
            "in which devices: expected a value, and it is absent",
        )],
        also: &[
            "server/ENR/a-registration-keeps-its-other-devices",
            "server/ENR/removed-devices-are-not-spoken-for",
            "server/MBX/a-foreign-device-s-word-refuses-the-message",
        ],
        defect: Defect::Decision(|scene| {
            scene
                .decide()
                .refusing("device-not-covered", |refusal| refusal.devices.clear())
        }),
    },
    Fault {
        name: "vendors-reasons-dropped",
        says: "Reasons that are not registered are dropped.",
        breaks: &[],
        kills: &[(
            "server/STA/a-report-is-kept-as-it-was-sent",
            "expected the reply devices; in the reply devices, rows.0.latest.reasons: expected 2 items, got 1",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            reporting(scene, |report| {
                report
                    .reasons
                    .retain(|reason| !reason.as_str().contains('.'));
            })
        }),
    },
    Fault {
        name: "older-report-overwrites",
        says: "A report that is not above the latest is kept as the latest.",
        breaks: &[],
        kills: &[(
            "server/STA/an-older-report-is-superseded",
            "expected the reply statusReported; in the reply statusReported, results.0.result: expected",
        )],
        also: &[
            "server/STA/a-new-registration-counts-anew",
            "server/STA/one-message-for-all-devices",
            "server/STA/a-report-from-before-it-was-elsewhere",
            "server/STA/the-address-of-a-report-is-taken",
        ],
        defect: Defect::Decision(|scene| match scene.device() {
            Some(DeviceRequest::ReportStatus(_)) => {
                scene.seeing(Kind::Status, |latest: &mut Reading| {
                    (latest.boot, latest.seq) = (0, 0);
                })
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "numbers-compared-across-registrations",
        says: "A report is superseded by a higher number of a registration before.",
        breaks: &[],
        kills: &[(
            "server/STA/a-new-registration-counts-anew",
            "expected the reply statusReported; in the reply statusReported, results.0.result: expected",
        )],
        also: &["server/STA/a-report-from-before-it-was-elsewhere"],
        defect: Defect::Decision(|scene| match (scene.formal(), scene.device()) {
            (Some(code), Some(DeviceRequest::ReportStatus(_))) => {
                scene.seeing(Kind::Status, |latest: &mut Reading| {
                    latest.registration = code.registration();
                })
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "earlier-registrations-are-forgotten",
        says: "A report counts as the first of its registration once another has reported the device.",
        breaks: &[],
        kills: &[(
            "server/STA/a-report-from-before-it-was-elsewhere",
            "expected the reply statusReported; in the reply statusReported, results.0.result: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            decided.writing(Kind::Status, |latest: &mut Reading| latest.earlier.clear())
        }),
    },
    Fault {
        name: "one-earlier-registration-is-remembered",
        says: "Where two other registrations have reported a device, a late report counts as the first.",
        breaks: &[],
        kills: &[(
            "server/STA/a-report-from-before-it-was-elsewhere",
            "expected the reply statusReported; in the reply statusReported, results.0.result: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            decided.writing(Kind::Status, |latest: &mut Reading| {
                latest.earlier = latest
                    .earlier
                    .split_off(latest.earlier.len().saturating_sub(1));
            })
        }),
    },
    Fault {
        name: "superseded-is-refused",
        says: "A report that is not above the latest is refused.",
        breaks: &[],
        kills: &[(
            "server/STA/an-older-report-is-superseded",
            "expected the reply statusReported; got refusal invalid",
        )],
        also: &[
            "server/STA/a-new-registration-counts-anew",
            "server/STA/one-message-for-all-devices",
            "server/STA/a-report-from-before-it-was-elsewhere",
            "server/STA/the-address-of-a-report-is-taken",
        ],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            let superseded = |it: &Reported| it.result == ReportResult::Superseded;
            match &decided {
                Ok(Decision {
                    outcome: Ok(Reply::Device(DeviceReply::StatusReported(reported))),
                    ..
                }) if reported.results.iter().any(superseded) => {
                    refusal(scene, RefusalCode::Invalid)
                }
                _ => decided,
            }
        }),
    },
    Fault {
        name: "forgets-after-a-hundred",
        says: "Only the first page of readings is kept.",
        breaks: &[],
        kills: &[(
            "server/STA/four-hundred-readings-are-kept",
            "expected the reply readings; in the reply readings, next: expected a value, and it is absent",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let mut decided = scene.decide();
            if let (Some(PeopleRequest::ListReadings(_)), Ok(decision)) =
                (scene.people(), &mut decided)
                && let Ok(Reply::People(PeopleReply::Readings(page))) = &mut decision.outcome
            {
                page.next = None;
            }
            decided
        }),
    },
    Fault {
        name: "reports-from-anybody",
        says: "A report without a formal code is accepted.",
        breaks: &[],
        kills: &[(
            "server/STA/no-code-no-report",
            "expected the refusal credential-missing; got statusReported",
        )],
        also: &["server/SCN/copy-sheets-from-100-to-140"],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match scene.device() {
                Some(DeviceRequest::ReportStatus(_))
                    if refused_as(&decided, RefusalCode::CredentialMissing) =>
                {
                    let reported = StatusReported {
                        results: Vec::new(),
                        schedule: schedule(scene),
                    };
                    let reply = DeviceReply::StatusReported(reported);
                    instead(decided, Reply::Device(reply))
                }
                _ => decided,
            }
        }),
    },
    Fault {
        name: "report-results-reversed",
        says: "The results of reports stand in another order than the reports.",
        breaks: &[],
        kills: &[(
            "server/STA/one-message-for-all-devices",
            "expected the reply statusReported; in the reply statusReported, results.0.device: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            scene.decide().answering(|reply| {
                if let DeviceReply::StatusReported(reported) = reply {
                    reported.results.reverse();
                }
            })
        }),
    },
    Fault {
        name: "thirty-two-reasons-are-too-many",
        says: "A report with 32 reasons is refused.",
        breaks: &[],
        kills: &[(
            "server/STA/reports-have-bounds",
            "expected the reply statusReported; got refusal invalid",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match scene.device() {
            Some(DeviceRequest::ReportStatus(message))
                if message
                    .reports
                    .iter()
                    .any(|report| report.reasons.len() >= 32) =>
            {
                refusal(scene, RefusalCode::Invalid)
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "age-ignored",
        says: "A reading counts as taken when it is received.",
        breaks: &[],
        kills: &[(
            "server/STA/taken-is-receipt-less-age",
            "expected the reply readings; in the reply readings, rows.0.taken: expected",
        )],
        also: &["server/STA/a-report-is-kept-as-it-was-sent"],
        defect: Defect::Decision(|scene| reporting(scene, |report| report.age = Seconds::new(0))),
    },
];

/// What is left of a refused message without the devices for which it was refused.
fn covered(scene: &Scene<'_>, decided: &Decided) -> Option<ReportStatus> {
    let Some(DeviceRequest::ReportStatus(message)) = scene.device() else {
        return None;
    };
    let Ok(Decision {
        outcome: Err(refused),
        ..
    }) = decided
    else {
        return None;
    };
    let foreign = &refused.refusal.devices;
    let mut reports = message.reports.clone();
    reports.retain(|report| !foreign.contains(&report.device));
    (!foreign.is_empty() && !reports.is_empty()).then_some(ReportStatus { reports })
}

/// The decision for reports that are altered.
pub(super) fn reporting(scene: &Scene<'_>, change: impl Fn(&mut StatusReport)) -> Decided {
    match scene.device() {
        Some(DeviceRequest::ReportStatus(message)) => {
            let mut message = message.clone();
            message.reports.iter_mut().for_each(change);
            scene.asked(DeviceRequest::ReportStatus(message))
        }
        _ => scene.decide(),
    }
}
