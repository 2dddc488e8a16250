//! Faults of the jobs behind applications, and of what people are told of them: spec sections 10.2,
//! 10.5 and 10.6.

use restante_core::center::Message;
use restante_core::provider::Pair;
use restante_core::record::{Application, Kind, Phase, Service};
use restante_core::wire::services::{ServicesReply, ServicesRequest, Tally, TargetState};
use restante_core::{Seconds, Timestamp};

use super::services::{asked, telling};
use crate::faults::scene::{Alter, Decided, Scene, altered};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "mailboxes-are-never-filled",
        says: "An application is made, and no instruction.",
        breaks: &["SVC-017"],
        kills: &[(
            "server/SVC/a-service-is-started-on-chosen-devices",
            "mailbox.instructions: expected 2 items, got 0",
        )],
        also: &[
            "server/HTTP/services-have-their-routes",
            "server/SVC/",
            "server/SCN/a-service-for-a-site",
            "server/SCN/a-service-panel-by-panel",
            "server/SCN/two-services-at-once",
            "server/SCN/who-is-found-for-a-service",
            "server/POL/who-has-started-is-called-no-more",
            "server/SCN/one-link-for-three",
            "server/SCN/poll-requests-at-an-interval",
            "server/MAIL/",
            "server/SCN/recognised-by-mail",
        ],
        defect: Defect::Decision(|scene| ticking(scene, |tick| tick.unwriting(Kind::Mailbox))),
    },
    Fault {
        name: "candidates-of-every-model",
        says: "All held devices are candidates, whatever the service applies to.",
        breaks: &["SVC-014"],
        kills: &[
            (
                "server/SVC/a-service-is-started-on-chosen-devices",
                "in the reply targets, rows: expected",
            ),
            (
                "server/SCN/who-is-found-for-a-service",
                "in the reply targets, rows: expected",
            ),
        ],
        also: &["server/SCN/who-is-found-with-two-servers"],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ServicesRequest::ListTargets(_)) => scene
                .seeing(Kind::Service, |service: &mut Service| {
                    service.models.clear()
                }),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "left-out-without-a-word",
        says: "Devices that are left out are not listed.",
        breaks: &["SVC-018"],
        kills: &[(
            "server/SVC/what-was-left-out-is-named",
            "in the reply targets, rows: expected 5 items, got 1",
        )],
        also: &["server/SCN/the-only-service-is-not-named"],
        defect: Defect::Decision(|scene| {
            telling(scene.decide(), |reply| {
                if let ServicesReply::Targets(page) = reply {
                    page.rows.retain(|row| {
                        let left_out = [
                            TargetState::NotApplicable,
                            TargetState::AlreadyEntitled,
                            TargetState::AlreadyApplied,
                            TargetState::MailboxFull,
                        ];
                        !left_out.contains(&row.state)
                    });
                }
            })
        }),
    },
    Fault {
        name: "progress-is-not-told",
        says: "A device that has taken its instruction is listed as one that has not.",
        breaks: &["SVC-035"],
        kills: &[
            (
                "server/SVC/progress-is-told-by-device",
                "in the reply targets, rows: expected",
            ),
            (
                "server/SCN/a-service-panel-by-panel",
                "in the reply targets, rows: expected",
            ),
        ],
        also: &[
            "server/SVC/done-is-no-entitlement",
            "server/SCN/a-provider-s-codes-are-marked-as-taken",
        ],
        defect: Defect::Decision(|scene| {
            telling(scene.decide(), |reply| {
                if let ServicesReply::Targets(page) = reply {
                    for row in &mut page.rows {
                        if row.state == TargetState::Taken {
                            row.state = TargetState::Waiting;
                        }
                    }
                }
            })
        }),
    },
    Fault {
        name: "failures-are-not-counted",
        says: "Devices that failed are counted as if they were none of the application's.",
        breaks: &["SVC-036"],
        kills: &[(
            "server/SVC/progress-is-told-by-device",
            "in the reply applications, rows: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            ticking(scene, |tick| {
                tick.writing(Kind::Application, |made: &mut Application| {
                    let failed = 0;
                    made.tally = Tally {
                        failed,
                        ..made.tally
                    };
                })
            })
        }),
    },
    Fault {
        name: "never-complete",
        says: "An application stays open when nothing waits any more.",
        breaks: &["SVC-037"],
        kills: &[(
            "server/SVC/a-service-is-started-on-chosen-devices",
            "in the reply applications, rows: expected",
        )],
        also: &[
            "server/SVC/",
            "server/PRV/a-provider-s-devices-start-its-service",
            "server/SCN/",
            "server/MAIL/",
        ],
        defect: Defect::Decision(|scene| {
            ticking(scene, |tick| {
                tick.writing(Kind::Application, |made: &mut Application| {
                    if made.phase == Phase::Complete {
                        made.phase = Phase::Open;
                    }
                })
            })
        }),
    },
    Fault {
        name: "time-is-never-over",
        says: "What an application started can be finished long after its time.",
        breaks: &["SVC-038"],
        kills: &[(
            "server/SVC/an-application-has-bounds-of-time",
            "expected the refusal registration-refused; got registered",
        )],
        also: &[
            "server/SVC/applying-again-makes-nothing-twice",
            "server/PRV/a-handover-is-over-with-its-time",
        ],
        defect: Defect::Decision(|scene| {
            let later = |at: Timestamp| at.after(Seconds::new(86_400));
            match scene.call.message {
                Message::Tick | Message::Register(..) => {
                    let records = altered(scene.records, Kind::Pair, |pair: &mut Pair| {
                        pair.expires = later(pair.expires);
                    });
                    let records = altered(&records, Kind::Application, |made: &mut Application| {
                        made.expires = later(made.expires);
                    });
                    Scene {
                        records: &records,
                        ..*scene
                    }
                    .decide()
                }
                _ => scene.decide(),
            }
        }),
    },
    Fault {
        name: "called-off-instructions-stay",
        says: "Calling an application off leaves its instructions in the mailboxes.",
        breaks: &["SVC-042"],
        kills: &[(
            "server/SVC/called-off-codes-open-nothing",
            "mailbox.instructions: expected 0 items, got 1",
        )],
        also: &["server/SVC/calling-off-what-is-over-changes-nothing"],
        defect: Defect::Decision(|scene| {
            ticking(scene, |tick| {
                match scene.any::<Application>(Kind::Application) {
                    Some((_, made, _)) if made.phase == Phase::Cancelled => {
                        tick.unwriting(Kind::Mailbox)
                    }
                    _ => tick,
                }
            })
        }),
    },
    Fault {
        name: "called-off-for-one-opens",
        says: "The code of a device that was taken out of an application still opens.",
        breaks: &["SVC-041"],
        kills: &[(
            "server/SVC/one-device-is-called-off",
            "expected the refusal registration-refused; got registered",
        )],
        also: &[
            "server/SVC/wrong-pairs-are-refused-alike",
            "server/PRV/what-was-given-and-called-off-has-ended",
        ],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ServicesRequest::CancelApplication(_)) => scene.decide().unwriting(Kind::Pair),
            _ => scene.decide(),
        }),
    },
];

/// What a tick decides, altered.
fn ticking(scene: &Scene<'_>, change: impl FnOnce(Decided) -> Decided) -> Decided {
    let decided = scene.decide();
    match scene.call.message {
        Message::Tick => change(decided),
        _ => decided,
    }
}
