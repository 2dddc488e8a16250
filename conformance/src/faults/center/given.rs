//! Faults of the codes that a provider gives and of the devices that it reports: spec sections 12.3
//! and 12.4.

use restante_core::center::{Decision, Message, Reply};
use restante_core::id::ServiceId;
use restante_core::provider::{Pair, PairState};
use restante_core::record::{Bytes, Entitlement, Kind, Service, Target};
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::provider::{GiveCodes, GiveOutcome, ProviderReply, ProviderRequest};
use restante_core::wire::services::TargetState;
use restante_core::wire::{
    Act, Acts, DeviceReply, PollReply, RefusalCode, RegisterService, Registered,
};

use crate::faults::scene::{
    Alter, Decided, Scene, altered, instead, is_repetition, refused_as, refused_for,
};
use crate::faults::{Defect, Fault};

use super::handovers::{asked, later, made_up};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "the-url-of-the-catalogue",
        says: "A device is told the URL of the catalogue, and not the one that its provider gave.",
        breaks: &["PRV-009"],
        kills: &[(
            "server/PRV/a-provider-s-devices-start-its-service",
            "mailbox.instructions: expected an item like",
        )],
        also: &["server/PRV/"],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ProviderRequest::Give(give)) => {
                let key = Service::key(&give.service);
                let service = scene.load::<Service>(&key)?;
                let url = match service {
                    Some((service, _)) if give.url.as_str().ends_with("/start") => service.url,
                    _ => give.url.clone(),
                };
                let give = GiveCodes {
                    url,
                    ..give.clone()
                };
                scene.told(PeopleRequest::Provider(ProviderRequest::Give(give)))
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "given-and-not-shown",
        says: "Codes are answered as given, and reach no mailbox.",
        breaks: &["PRV-009"],
        kills: &[
            (
                "server/SCN/three-mailboxes-hold-a-provider-s-codes",
                "mailbox.instructions: expected 1 item",
            ),
            (
                "server/PRV/a-provider-s-devices-start-its-service",
                "mailbox.instructions: expected 2 items, got 0",
            ),
        ],
        also: &["server/PRV/", "server/SCN/"],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ProviderRequest::Give(_)) => scene.decide().unwriting(Kind::Mailbox),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "a-lost-answer-is-a-loss",
        says: "A code that was given is refused when it comes again.",
        breaks: &["PRV-010"],
        kills: &[
            (
                "server/SCN/a-provider-s-codes-are-marked-as-taken",
                "results.0.result: expected \"given\", got \"refused\"",
            ),
            (
                "server/PRV/a-device-keeps-its-first-code",
                "results.0.result: expected \"given\", got \"refused\"",
            ),
        ],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match is_repetition(&decided) {
                true => giving(decided, |result| {
                    if *result == GiveOutcome::Given {
                        *result = GiveOutcome::Refused;
                    }
                }),
                false => decided,
            }
        }),
    },
    Fault {
        name: "a-later-code-counts",
        says: "Another code takes the place of the one that a device was given.",
        breaks: &["PRV-011"],
        kills: &[(
            "server/PRV/a-device-keeps-its-first-code",
            "results.0.result: expected \"differs\", got \"given\"",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            giving(scene.decide(), |result| {
                if *result == GiveOutcome::Differs {
                    *result = GiveOutcome::Given;
                }
            })
        }),
    },
    Fault {
        name: "called-off-and-given",
        says: "A device that was called off is given its code all the same.",
        breaks: &["PRV-012"],
        kills: &[(
            "server/PRV/what-was-called-off-gets-no-code",
            "results.0.result: expected \"refused\", got \"given\"",
        )],
        also: &["server/PRV/a-handover-is-over-with-its-time"],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ProviderRequest::Give(_)) => scene.seeing(Kind::Target, |target: &mut Target| {
                if target.state == TargetState::Withdrawn && target.given.is_none() {
                    target.state = TargetState::HandedOver;
                }
            }),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "a-provider-s-time-is-never-over",
        says: "Codes are given and reports taken however long the application's time is over.",
        breaks: &["PRV-012", "PRV-019"],
        kills: &[(
            "server/PRV/a-handover-is-over-with-its-time",
            "results.0.result: expected \"refused\", got \"given\"",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ProviderRequest::Give(_) | ProviderRequest::Report(_)) => {
                scene.seeing(Kind::Application, later)
            }
            _ => match &scene.call.message {
                Message::Tick => scene.seeing(Kind::Application, later),
                _ => scene.decide(),
            },
        }),
    },
    Fault {
        name: "a-full-mailbox-gets-none",
        says: "A device whose mailbox is full is refused its code for good.",
        breaks: &["PRV-013"],
        kills: &[(
            "server/PRV/a-full-mailbox-gets-its-code-later",
            "results.0.result: expected \"later\", got \"refused\"",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            giving(scene.decide(), |result| {
                if *result == GiveOutcome::Later {
                    *result = GiveOutcome::Refused;
                }
            })
        }),
    },
    Fault {
        name: "any-host-is-a-provider-s",
        says: "A provider sends devices to a host that no schedule names.",
        breaks: &["PRV-014"],
        kills: &[(
            "server/PRV/codes-for-a-foreign-host-are-refused",
            "expected the refusal invalid; got codesGiven",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match asked(scene) {
                Some(request @ ProviderRequest::Give(_))
                    if refused_as(&decided, RefusalCode::Invalid) =>
                {
                    instead(
                        decided,
                        Reply::People(PeopleReply::Provider(made_up(request))),
                    )
                }
                _ => decided,
            }
        }),
    },
    Fault {
        name: "a-neighbour-s-code-is-shown",
        says: "A device is shown the code that its provider gave to another.",
        breaks: &["PRV-015"],
        kills: &[
            (
                "server/SCN/a-shared-mailbox-holds-a-provider-s-codes",
                "mailbox.instructions: expected an item like",
            ),
            (
                "server/PRV/a-given-code-is-its-device-s-alone",
                "register-service.code: expected \"rjew582s\", got \"163abc45\"",
            ),
        ],
        also: &[
            "server/PRV/a-provider-s-devices-start-its-service",
            "server/PRV/what-was-called-off-gets-no-code",
            "server/SCN/",
        ],
        defect: Defect::Decision(|scene| {
            scene.decide().answering(|reply| {
                if let DeviceReply::Polled(PollReply::Mailbox(mailbox)) = reply {
                    for instruction in &mut mailbox.instructions {
                        instruction.acts = coded(&instruction.acts, |code| code == "rjew582s");
                    }
                }
            })
        }),
    },
    Fault {
        name: "people-see-given-codes",
        says: "A list of instructions shows the codes that a provider gave.",
        breaks: &["PRV-015"],
        kills: &[(
            "server/PRV/a-given-code-is-its-device-s-alone",
            "register-service.code: expected nothing",
        )],
        also: &["server/SVC/each-device-has-a-code-of-its-own"],
        defect: Defect::Decision(|scene| {
            let mut decided = scene.decide();
            if let Ok(Decision {
                outcome: Ok(Reply::People(PeopleReply::Instructions(page))),
                ..
            }) = &mut decided
            {
                for row in &mut page.rows {
                    row.acts = coded(&row.acts, |_| true);
                }
            }
            decided
        }),
    },
    Fault {
        name: "reported-and-not-entitled",
        says: "A report is answered as taken, and the device cannot use the service.",
        breaks: &["PRV-017"],
        kills: &[(
            "server/PRV/a-provider-s-devices-start-its-service",
            "in the reply entitlements, rows: expected 2 items, got 0",
        )],
        also: &[
            "server/PRV/",
            "server/SCN/three-mailboxes-hold-a-provider-s-codes",
        ],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ProviderRequest::Report(_)) => scene.decide().unwriting(Kind::Entitlement),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "entitled-twice",
        says: "A report that comes again begins the use anew.",
        breaks: &["PRV-018"],
        kills: &[(
            "server/PRV/a-report-has-one-effect",
            "rows.0.since: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match asked(scene) {
                Some(ProviderRequest::Report(_)) if is_repetition(&decided) => {
                    let records = altered(scene.records, Kind::Entitlement, ended);
                    let records = altered(&records, Kind::Pair, opened_if_entitled);
                    let scene = Scene {
                        records: &records,
                        ..*scene
                    };
                    scene.decide()
                }
                _ => decided,
            }
        }),
    },
    Fault {
        name: "late-reports-revive",
        says: "A report that comes after a use was stopped brings it back.",
        breaks: &["PRV-019"],
        kills: &[(
            "server/PRV/a-stopped-use-is-not-reported-back",
            "results.0.result: expected \"refused\", got \"entitled\"",
        )],
        also: &["server/PRV/what-was-given-and-called-off-has-ended"],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ProviderRequest::Report(_)) => scene.seeing(Kind::Pair, |pair: &mut Pair| {
                if matches!(pair.state, PairState::Withdrawn { .. }) {
                    pair.state = PairState::Open;
                }
            }),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "entitled-without-a-code",
        says: "A provider can entitle a device to which it has given no code.",
        breaks: &["PRV-019"],
        kills: &[(
            "server/PRV/a-provider-s-devices-start-its-service",
            "results.0.result: expected \"refused\", got \"entitled\"",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ProviderRequest::Report(_)) => {
                scene.seeing(Kind::Target, |target: &mut Target| {
                    target.given = target.given.or(Some(Bytes([0; 32])));
                })
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "the-center-collates-too",
        says: "A device is accepted at the center's URL with the code that its provider gave.",
        breaks: &["PRV-020"],
        kills: &[(
            "server/PRV/a-provider-s-word-alone-entitles",
            "expected the refusal registration-refused; got registered",
        )],
        also: &["server/SCN/three-mailboxes-hold-a-provider-s-codes"],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match &scene.call.message {
                Message::Register(service, register)
                    if is_kit_p(service)
                        && refused_for(&decided, "registration-device-mismatch") =>
                {
                    let (device, service) = (register.device, service.clone());
                    instead(decided, Reply::Registered(Registered { device, service }))
                }
                _ => decided,
            }
        }),
    },
];

fn giving(mut decided: Decided, change: impl Fn(&mut GiveOutcome)) -> Decided {
    if let Ok(Decision {
        outcome: Ok(Reply::People(PeopleReply::Provider(ProviderReply::Given(given)))),
        ..
    }) = &mut decided
    {
        given
            .results
            .iter_mut()
            .for_each(|it| change(&mut it.result));
    }
    decided
}

/// These acts with the code `163abc45` where their own is such a one.
fn coded(acts: &Acts, such: impl Fn(&str) -> bool) -> Acts {
    match acts.as_slice() {
        [Act::RegisterService(invitation)] if such(&invitation.code) => {
            Acts::one(Act::RegisterService(RegisterService {
                url: invitation.url.clone(),
                code: "163abc45".to_owned(),
            }))
        }
        _ => acts.clone(),
    }
}

fn ended(entitlement: &mut Entitlement) {
    entitlement.stopped = Some(entitlement.since);
}

fn opened_if_entitled(pair: &mut Pair) {
    if matches!(pair.state, PairState::Entitled { .. }) {
        pair.state = PairState::Open;
    }
}

fn is_kit_p(service: &ServiceId) -> bool {
    service.as_str() == "kit-p"
}
