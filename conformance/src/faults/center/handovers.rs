//! Faults of what a center hands over to a provider's own server: spec sections 12.1 and 12.2.

use restante_core::Timestamp;
use restante_core::center::{Decision, Message, Reply};
use restante_core::id::{DeviceId, HandoverId};
use restante_core::record::{Application, Change, Handover, Kind, Service, Token, Write};
use restante_core::time::Seconds;
use restante_core::wire::RefusalCode;
use restante_core::wire::people::{Page, PeopleReply, PeopleRequest};
use restante_core::wire::provider::{
    CodesGiven, EntitledOutcome, EntitledResult, EntitlementsReported, GiveOutcome, GiveResult,
    GivenCode, HandoverRow, HandoverState, HandoversSettled, ProviderReply, ProviderRequest,
};
use restante_core::wire::services::{Collator, ServicesReply, ServicesRequest};

use crate::faults::http::Wire;
use crate::faults::scene::{Alter, Decided, Scene, instead, refused_as};
use crate::faults::{Defect, Fault};

use super::services::{accepted, asked as about_services, telling};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "the-collator-is-forgotten",
        says: "A service that its provider collates is kept as one of the center's own.",
        breaks: &["PRV-001"],
        kills: &[(
            "server/PRV/a-provider-s-devices-start-its-service",
            "collator",
        )],
        also: &["server/PRV/", "server/SCN/"],
        defect: Defect::Decision(|scene| match about_services(scene) {
            Some(ServicesRequest::Define(define)) => {
                let mut define = define.clone();
                define.collator = Collator::Center;
                scene.told(PeopleRequest::Services(ServicesRequest::Define(define)))
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "operators-define-for-providers",
        says: "A service that no provider serves is defined as one whose provider gives the codes.",
        breaks: &["PRV-043"],
        kills: &[(
            "server/PRV/a-provider-s-service-is-its-account-s",
            "expected the refusal role-forbidden; got serviceDefined",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match about_services(scene) {
            Some(ServicesRequest::Define(define)) if !define.collator.is_center() => {
                accepted(scene, RefusalCode::RoleForbidden)
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "everybody-is-told-whose-it-is",
        says: "Another provider is told which account has defined a service.",
        breaks: &["SVC-062"],
        kills: &[(
            "server/PRV/a-provider-s-service-is-its-account-s",
            "account: expected nothing",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            telling(scene.decide(), |reply| {
                if let ServicesReply::Services(page) = reply {
                    for row in &mut page.rows {
                        let told = row.account.take();
                        row.account = told.or_else(|| "kit-provider".parse().ok());
                    }
                }
            })
        }),
    },
    Fault {
        name: "nobody-is-told-whose-it-is",
        says: "Not even an operator is told which account has defined a service.",
        breaks: &["SVC-062"],
        kills: &[(
            "server/PRV/a-provider-s-service-is-its-account-s",
            "account: expected \"kit-provider\", and it is absent",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            telling(scene.decide(), |reply| match reply {
                ServicesReply::Services(page) => {
                    page.rows.iter_mut().for_each(|row| row.account = None);
                }
                ServicesReply::Defined(row) => row.account = None,
                _ => {}
            })
        }),
    },
    Fault {
        name: "the-center-invites-all-the-same",
        says: "Devices of a provider's service are given a code of the center's own.",
        breaks: &["PRV-002"],
        kills: &[(
            "server/PRV/a-provider-s-devices-start-its-service",
            "rows: expected an item like",
        )],
        also: &["server/PRV/", "server/SCN/"],
        defect: Defect::Decision(|scene| match scene.call.message {
            Message::Tick => scene.seeing(Kind::Application, |made: &mut Application| {
                made.collator = Collator::Center;
            }),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "handovers-get-lost",
        says: "The list of handovers shows none that is wanted.",
        breaks: &["PRV-003"],
        kills: &[
            (
                "server/SCN/who-is-found-with-two-servers",
                "in the reply handovers, rows: expected an item like",
            ),
            (
                "server/PRV/a-provider-s-devices-start-its-service",
                "in the reply handovers, rows: expected an item like",
            ),
        ],
        also: &[
            "server/PRV/",
            "server/SCN/three-mailboxes-hold-a-provider-s-codes",
        ],
        defect: Defect::Decision(|scene| {
            listing(scene.decide(), |page| {
                page.rows.retain(|row| row.state != HandoverState::Wanted);
            })
        }),
    },
    Fault {
        name: "what-has-run-out-is-wanted",
        says: "A handover is listed as wanted after its time, until a job comes by.",
        breaks: &["PRV-003"],
        kills: &[(
            "server/PRV/a-handover-is-over-with-its-time",
            "in the reply handovers, rows: expected anything but",
        )],
        also: &["server/PRV/what-was-given-and-called-off-has-ended"],
        defect: Defect::Decision(|scene| match (&scene.call.message, asked(scene)) {
            (_, Some(ProviderRequest::List(_))) => {
                scene.seeing(Kind::Handover, |handover: &mut Handover| {
                    handover.expires = Timestamp::from_millis(u64::MAX / 2_000_000);
                })
            }
            (Message::Tick, _) => {
                let mut decided = scene.decide()?;
                let is_tidied = |write: &Write| {
                    write.key.kind == Kind::Handover && write.change == Change::Delete
                };
                decided.written.writes.retain(|write| !is_tidied(write));
                Ok(decided)
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "ended-is-not-told",
        says: "A provider is not told that a code was called off.",
        breaks: &["PRV-004"],
        kills: &[(
            "server/PRV/what-was-given-and-called-off-has-ended",
            "in the reply handovers, rows: expected an item like",
        )],
        also: &["server/PRV/"],
        defect: Defect::Decision(|scene| {
            listing(scene.decide(), |page| {
                page.rows.retain(|row| row.state != HandoverState::Ended);
            })
        }),
    },
    Fault {
        name: "settling-settles-nothing",
        says: "What a provider has settled stays on its list.",
        breaks: &["PRV-005"],
        kills: &[(
            "server/PRV/what-was-given-and-called-off-has-ended",
            "in the reply handoversSettled, settled: expected 0, got 1",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ProviderRequest::Settle(_)) => scene.decide().unwriting(Kind::Handover),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "settling-takes-what-is-wanted",
        says: "A provider can settle a device that waits for a code, which then gets none.",
        breaks: &["PRV-005"],
        kills: &[(
            "server/PRV/what-was-given-and-called-off-has-ended",
            "in the reply handoversSettled, settled: expected 1, got 2",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ProviderRequest::Settle(_)) => {
                scene.seeing(Kind::Handover, |handover: &mut Handover| {
                    handover.state = HandoverState::Ended;
                })
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "providers-learn-customers",
        says: "A handover names the customer.",
        breaks: &["PRV-006"],
        kills: &[(
            "server/PRV/a-provider-learns-ids-and-no-more",
            "customer: expected nothing",
        )],
        also: &[],
        defect: Defect::Wire(Wire::answering(|request, response| {
            let body = String::from_utf8_lossy(&response.body).into_owned();
            if request.path.contains("/handovers") && response.status == 200 {
                let named = body.replace(
                    "{\"handover\":",
                    "{\"customer\":\"cus-5cfvd0sryz3zd8rm6hemxr9p1g\",\"handover\":",
                );
                response.body = named.into_bytes();
            }
        })),
    },
    Fault {
        name: "providers-see-others-handovers",
        says: "Any provider is shown what was handed over to any other.",
        breaks: &["PRV-007"],
        kills: &[(
            "server/PRV/another-provider-finds-nothing",
            "expected the refusal not-found; got handovers",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ProviderRequest::List(_)) => as_its_own(scene),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "providers-give-others-codes",
        says: "Any provider gives codes to devices that were handed over to any other.",
        breaks: &["PRV-007"],
        kills: &[(
            "server/PRV/another-provider-finds-nothing",
            "expected the refusal not-found; got codesGiven",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ProviderRequest::Give(_)) => as_its_own(scene),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "anybody-speaks-for-a-provider",
        says: "Whoever holds any token is heard as if a provider spoke.",
        breaks: &["PRV-008"],
        kills: &[(
            "server/PRV/who-speaks-for-a-provider",
            "expected the refusal role-forbidden; got handovers",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match asked(scene) {
                Some(request) if refused_as(&decided, RefusalCode::RoleForbidden) => instead(
                    decided,
                    Reply::People(PeopleReply::Provider(made_up(request))),
                ),
                _ => decided,
            }
        }),
    },
];

/// What a provider asks or says, if one does.
pub(super) fn asked<'a>(scene: &Scene<'a>) -> Option<&'a ProviderRequest> {
    match scene.people() {
        Some(PeopleRequest::Provider(request)) => Some(request),
        _ => None,
    }
}

/// The decision if every service were the asking account's own.
fn as_its_own(scene: &Scene<'_>) -> Decided {
    match scene.any::<Token>(Kind::Token) {
        Some((_, token, _)) => scene.seeing(Kind::Service, |service: &mut Service| {
            service.account = token.account.clone();
        }),
        None => scene.decide(),
    }
}

fn listing(
    mut decided: Decided,
    change: impl FnOnce(&mut Page<HandoverRow, HandoverId>),
) -> Decided {
    if let Ok(Decision {
        outcome: Ok(Reply::People(PeopleReply::Provider(ProviderReply::Handovers(page)))),
        ..
    }) = &mut decided
    {
        change(page);
    }
    decided
}

/// A reply to this message of which nothing is true.
pub(super) fn made_up(request: &ProviderRequest) -> ProviderReply {
    match request {
        ProviderRequest::Give(give) => {
            let result = |it: &GivenCode| GiveResult {
                device: it.device,
                result: GiveOutcome::Given,
            };
            let results = give.codes.iter().map(result).collect();
            ProviderReply::Given(CodesGiven { results })
        }
        ProviderRequest::Report(report) => {
            let result = |device: &DeviceId| EntitledResult {
                device: *device,
                result: EntitledOutcome::Entitled,
            };
            let results = report.devices.0.iter().map(result).collect();
            ProviderReply::Reported(EntitlementsReported { results })
        }
        ProviderRequest::Settle(_) => ProviderReply::Settled(HandoversSettled { settled: 0 }),
        _ => ProviderReply::Handovers(Page {
            rows: Vec::new(),
            next: None,
        }),
    }
}

/// The time of a provider's application ends a day later; the center's own are as they are.
pub(super) fn later(made: &mut Application) {
    if !made.collator.is_center() {
        made.expires = made.expires.after(Seconds::DAY);
    }
}
