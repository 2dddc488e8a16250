//! Faults of a site's enrolment: whom it names, under which request id, and what is kept of it.

use restante_core::gateway::{Input, Kept, Output};
use restante_core::id::RequestId;
use restante_core::registrant::Standing;
use restante_core::wire::enrol::DeviceList;
use restante_core::wire::{DeviceRequest, Enrol};
use serde_json::json;

use crate::faults::machine::Wiring;
use crate::faults::memo::{Seam, edited, sending};
use crate::faults::{Defect, Fault};
use crate::party::GatewayKind;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "site-enrolled-anew-on-retry",
        says: "A gateway that gets no answer draws another request id.",
        breaks: &["ENR-003"],
        kills: &[(
            "gateway/ENR/a-lost-reply-repeats-the-enrolment",
            "got the request enrol, in which request: expected",
        )],
        also: &["gateway/GWY/a-repeated-enrolment-does-not-grow"],
        defect: Defect::Gateway(Wiring::wanting(|memo, outputs| {
            let again = memo.unanswered > 0;
            enrolling(outputs, |enrol| {
                if again {
                    enrol.request = RequestId::from_bytes([7; 16]);
                }
            })
        })),
    },
    Fault {
        name: "site-enrolment-not-kept",
        says: "A gateway keeps an enrolment when it is answered, and not when it begins.",
        breaks: &["ENR-001", "ENR-003"],
        kills: &[(
            "gateway/ENR/a-power-cut-repeats-the-enrolment",
            "got the request enrol, in which request: expected",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::wanting(|_, mut outputs| {
            let enrols = |kept: &Kept| matches!(kept.standing(), Standing::Enrolling { .. });
            outputs.retain(|output| !matches!(output, Output::Keep(kept) if enrols(kept)));
            outputs
        })),
    },
    Fault {
        name: "repeated-enrolment-grows",
        says: "A gateway puts every child that it has found since into a repeated enrolment.",
        breaks: &["GWY-003"],
        kills: &[(
            "gateway/GWY/a-repeated-enrolment-does-not-grow",
            "got the request enrol, in which devices: expected",
        )],
        also: &["gateway/ENR/a-power-cut-repeats-the-enrolment"],
        defect: Defect::Gateway(Wiring {
            hears: |memo, input| {
                if let Input::CallAnswered(child) = &input {
                    memo.site.answered.push((**child).clone());
                }
                vec![input]
            },
            wants: |memo, outputs| {
                let answered = memo.site.answered.clone();
                enrolling(outputs, |enrol| {
                    let mut entries = enrol.devices.as_slice().to_vec();
                    let named = entries.len();
                    for child in &answered {
                        let same = |it: &restante_core::wire::DeviceEntry| {
                            it.identification.is_same_device(&child.identification)
                        };
                        if named < 500 && !entries.iter().any(same) {
                            entries.push(child.clone());
                        }
                    }
                    enrol.devices = DeviceList::new(entries).unwrap_or(enrol.devices.clone());
                })
            },
            ..Wiring::RIGHT
        }),
    },
    Fault {
        name: "one-enrolment-per-child",
        says: "A gateway enrols its children one by one.",
        breaks: &["GWY-001"],
        kills: &[(
            "gateway/SCN/one-code-registers-a-site",
            "got the request enrol, in which devices: expected",
        )],
        also: &["gateway/"],
        defect: Defect::Gateway(Wiring::wanting(|_, outputs| {
            enrolling(outputs, |enrol| {
                let first = enrol.devices.as_slice().first().cloned();
                let first = first.map(DeviceList::one);
                enrol.devices = first.unwrap_or(enrol.devices.clone());
            })
        })),
    },
    Fault {
        name: "site-first-use-waits",
        says: "A gateway uses its formal code only when its schedule asks for something.",
        breaks: &["ENR-046"],
        kills: &[(
            "gateway/SCN/one-code-registers-a-site",
            "expected the request poll within 10 s; no request came within 10 s",
        )],
        also: &["gateway/"],
        defect: Defect::Gateway(Wiring::wanting(|memo, mut outputs| {
            let enrolled = matches!(memo.asked(), Some(DeviceRequest::Enrol(_)));
            let polls = |output: &mut Output| {
                let sent = GatewayKind::sent(output);
                matches!(sent, Some((_, DeviceRequest::Poll(_))))
            };
            outputs.retain_mut(|output| !(enrolled && polls(output)));
            outputs
        })),
    },
    Fault {
        name: "site-code-forgotten",
        says: "A gateway has no formal code any more when its power is back.",
        breaks: &["ENR-004"],
        kills: &[(
            "gateway/SCN/copy-sheets-from-100-to-140",
            "expected the request poll within 40 s; no request came within 40 s",
        )],
        also: &["gateway/GWY/numbers-outlive-the-power"],
        defect: Defect::Gateway(Wiring::hearing(|_, input| {
            let enrolled = |kept: &Kept| matches!(kept.standing(), Standing::Enrolled { .. });
            vec![match input {
                Input::Booted { kept: Some(kept) } if enrolled(&kept) => {
                    let kept = edited(kept, |json| json["standing"] = json!({ "blank": {} }));
                    Input::Booted { kept: Some(kept) }
                }
                other => other,
            }]
        })),
    },
];

/// The messages of an enrolment, altered.
fn enrolling(outputs: Vec<Output>, change: impl Fn(&mut Enrol)) -> Vec<Output> {
    sending::<GatewayKind>(outputs, |_, request| {
        if let DeviceRequest::Enrol(enrol) = request {
            change(enrol);
        }
    })
}
