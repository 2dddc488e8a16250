//! Faults of a site that grows or shrinks: children added, added again, forgotten, removed.

use std::num::NonZeroU32;

use restante_core::code::Presented;
use restante_core::gateway::{Input, Notice, Output};
use restante_core::wire::enrol::DeviceList;
use restante_core::wire::{AddDevices, DeviceReply, DeviceRequest, Enrol, Refusal, RefusalCode};

use crate::faults::machine::Wiring;
use crate::faults::memo::{edited, sending};
use crate::faults::{Defect, Fault};
use crate::party::GatewayKind;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "late-child-ignored",
        says: "A registered gateway that a person has call the network adds nobody.",
        breaks: &["GWY-001"],
        kills: &[(
            "gateway/GWY/a-late-child-is-added",
            "expected the request addDevices within 20 s; no request came within 20 s",
        )],
        also: &[
            "gateway/GWY/a-superseded-change-goes-on",
            "gateway/GWY/changes-are-numbered",
            "gateway/GWY/numbers-outlive-the-power",
        ],
        defect: Defect::Gateway(Wiring::hearing(|memo, input| match input {
            Input::CallNow if memo.used.is_some() => Vec::new(),
            other => vec![other],
        })),
    },
    Fault {
        name: "further-code-enrols-anew",
        says: "A registered gateway makes another registration of each further code.",
        breaks: &["GWY-001"],
        kills: &[(
            "gateway/GWY/a-further-code-pays-for-more",
            "expected the request addDevices within 20 s; got the request enrol",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::wanting(|_, outputs| {
            sending::<GatewayKind>(outputs, |presented, request| {
                let DeviceRequest::AddDevices(AddDevices {
                    devices,
                    code: Some(code),
                    ..
                }) = &*request
                else {
                    return;
                };
                if let Ok(code) = code.parse() {
                    *presented = Presented::Provisional(code);
                    *request = DeviceRequest::Enrol(Enrol {
                        request: restante_core::id::RequestId::from_bytes([7; 16]),
                        devices: devices.clone(),
                        max_message: None,
                    });
                }
            })
        })),
    },
    Fault {
        name: "every-change-is-the-first",
        says: "A gateway numbers all its additions and removals alike.",
        breaks: &["GWY-016"],
        kills: &[(
            "gateway/GWY/changes-are-numbered",
            "got the request removeDevices, in which change: expected anything but",
        )],
        also: &["gateway/GWY/"],
        defect: Defect::Gateway(Wiring::wanting(|_, outputs| {
            sending::<GatewayKind>(outputs, |_, request| match request {
                DeviceRequest::AddDevices(add) => add.change = NonZeroU32::MIN,
                DeviceRequest::RemoveDevices(remove) => remove.change = NonZeroU32::MIN,
                _ => {}
            })
        })),
    },
    Fault {
        name: "numbers-go-with-the-power",
        says: "A gateway numbers its additions and removals from the beginning after a power cut.",
        breaks: &["GWY-016"],
        kills: &[(
            "gateway/GWY/numbers-outlive-the-power",
            "got the request removeDevices, in which change: expected anything but",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::hearing(|_, input| {
            vec![match input {
                Input::Booted { kept: Some(kept) } => Input::Booted {
                    kept: Some(edited(kept, |it| it["ledger"]["change"] = 0.into())),
                },
                other => other,
            }]
        })),
    },
    Fault {
        name: "superseded-change-is-given-up",
        says: "A gateway waits for a person when its addition is called superseded.",
        breaks: &["GWY-017"],
        kills: &[(
            "gateway/GWY/a-superseded-change-goes-on",
            "expected the request addDevices within 30 s; no request came within 30 s",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::hearing(|_, input| {
            superseded(input, |refusal| refusal.code = RefusalCode::Invalid)
        })),
    },
    Fault {
        name: "named-number-ignored",
        says: "A gateway counts on from its own number when the center names a higher one.",
        breaks: &["GWY-017"],
        kills: &[(
            "gateway/GWY/a-superseded-change-goes-on",
            "got the request addDevices, in which change: expected at least 41",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::hearing(|_, input| {
            superseded(input, |refusal| refusal.change = Some(0))
        })),
    },
    Fault {
        name: "rest-of-the-children-forgotten",
        says: "A gateway knows as many children as one message holds.",
        breaks: &["GWY-002"],
        kills: &[(
            "gateway/GWY/five-hundred-and-one-children",
            "expected the request addDevices within 30 s; no request came within 30 s",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::hearing(|memo, input| {
            if matches!(input, Input::CallAnswered(_)) {
                memo.number += 1;
            }
            match input {
                Input::CallAnswered(_) if memo.number > 500 => Vec::new(),
                other => vec![other],
            }
        })),
    },
    Fault {
        name: "last-removal-repeated-for-ever",
        says: "A gateway takes a formal code that is refused for a reply that was lost.",
        breaks: &["GWY-010"],
        kills: &[(
            "gateway/GWY/the-last-child-is-removed-twice",
            "expected not the request any within 86000 s; the request removeDevices came",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::hearing(|_, input| match input {
            Input::Refused { exchange, refusal }
                if refusal.code == RefusalCode::FormalCodeRefused =>
            {
                vec![Input::LinkFailed { exchange }]
            }
            other => vec![other],
        })),
    },
    Fault {
        name: "silent-child-removed",
        says: "A gateway removes a child that did not answer from its registration.",
        breaks: &["GWY-006"],
        kills: &[(
            "gateway/GWY/a-silent-child-is-left-out-once",
            "expected not the request removeDevices within 60 s; the request removeDevices came",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring {
            hears: |memo, input| {
                let reported = matches!(
                    &input,
                    Input::Replied {
                        reply: DeviceReply::StatusReported(_),
                        ..
                    }
                );
                let mut inputs = vec![input];
                if reported {
                    inputs.extend(memo.site.watched.drain(..).map(Input::RemoveChild));
                }
                inputs
            },
            wants: |memo, outputs| {
                for output in &outputs {
                    if let Output::Show(Notice::Silent(child)) = output {
                        memo.site.watched.push(child.clone());
                    }
                }
                outputs
            },
            ..Wiring::RIGHT
        }),
    },
    Fault {
        name: "not-covered-child-reported",
        says: "A gateway repeats a report that names a child of somebody else's.",
        breaks: &["GWY-007"],
        kills: &[(
            "gateway/GWY/a-child-not-covered-is-dropped",
            "got the request reportStatus, in which reports: expected",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::hearing(|_, input| {
            let elsewhere = |it: &Refusal| it.code == RefusalCode::DeviceNotCovered;
            vec![match input {
                Input::Refused { exchange, refusal } if elsewhere(&refusal) => {
                    Input::LinkFailed { exchange }
                }
                other => other,
            }]
        })),
    },
    Fault {
        name: "dropped-child-added-again",
        says: "A gateway that calls finds the child again for which it had stopped speaking.",
        breaks: &["GWY-009"],
        kills: &[(
            "gateway/GWY/a-child-not-covered-is-dropped",
            "expected not the request addDevices within 60 s; the request addDevices came",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring {
            hears: |memo, input| {
                if let Input::CallAnswered(child) = &input {
                    memo.site.answered.push((**child).clone());
                }
                memo.number = u64::from(matches!(input, Input::CallNow));
                vec![input]
            },
            wants: |memo, mut outputs| {
                for output in &outputs {
                    if let Output::Show(Notice::NotCovered(child)) = output {
                        memo.site.watched.push(child.clone());
                    }
                }
                if memo.number == 1
                    && let Some(gone) = memo.site.watched.pop()
                {
                    let mut answered = memo.site.answered.iter();
                    let entry = answered.find(|it| it.identification.is_same_device(&gone));
                    let devices = entry.cloned().map(DeviceList::one);
                    outputs.extend(devices.and_then(|devices| {
                        let add = AddDevices {
                            change: NonZeroU32::MAX,
                            devices,
                            code: None,
                        };
                        memo.another(|it| it.request = DeviceRequest::AddDevices(add))
                    }));
                }
                outputs
            },
            ..Wiring::RIGHT
        }),
    },
];

/// What is heard when a change is called superseded, with that refusal altered.
fn superseded(input: Input, alter: impl FnOnce(&mut Refusal)) -> Vec<Input> {
    vec![match input {
        Input::Refused {
            exchange,
            mut refusal,
        } if refusal.code == RefusalCode::ChangeSuperseded => {
            alter(&mut refusal);
            Input::Refused { exchange, refusal }
        }
        other => other,
    }]
}
