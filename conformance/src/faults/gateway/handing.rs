//! Faults of what a gateway does with its children's instructions.

use restante_core::gateway::{Input, Output};
use restante_core::wire::{Act, Acts, DeviceReply, DeviceRequest, PollReply};

use crate::faults::machine::Wiring;
use crate::faults::memo::sending;
use crate::faults::{Defect, Fault};
use crate::party::GatewayKind;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "handed-to-the-first-child",
        says: "A gateway hands whatever it is to do to the same child.",
        breaks: &["GWY-015"],
        kills: &[(
            "gateway/GWY/each-child-says-what-became-of-its-own",
            "rows.0.results.0.detail: expected \"the panel of b is broken\", got \"said a\"",
        )],
        also: &["gateway/GWY/a-child-that-is-away-holds-up-nobody"],
        defect: Defect::Gateway(Wiring::wanting(|memo, mut outputs| {
            let hands = |it: &&Output| matches!(it, Output::CarryOut { .. });
            if memo.held.is_empty() {
                memo.held.extend(outputs.iter().find(hands).cloned());
            }
            let first = match memo.held.first() {
                Some(Output::CarryOut { child, .. }) => child.address.clone(),
                _ => None,
            };
            for output in &mut outputs {
                if let Output::CarryOut { child, .. } = output {
                    child.address.clone_from(&first);
                }
            }
            outputs
        })),
    },
    Fault {
        name: "the-gateway-s-own-word",
        says: "A gateway says done of whatever a child has answered.",
        breaks: &["GWY-011"],
        kills: &[(
            "gateway/GWY/each-child-says-what-became-of-its-own",
            "rows.0.results.0.detail: expected",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::wanting(|_, outputs| {
            sending::<GatewayKind>(outputs, |_, request| {
                let DeviceRequest::Acknowledge(message) = request else {
                    return;
                };
                for word in &mut message.acknowledgements {
                    word.results.iter_mut().for_each(|it| it.detail = None);
                }
            })
        })),
    },
    Fault {
        name: "one-child-at-a-time",
        says: "A gateway waits for the word of one child before it hands anything to the next.",
        breaks: &["GWY-014"],
        kills: &[(
            "gateway/GWY/a-child-that-is-away-holds-up-nobody",
            "expected the request acknowledge within 30 s",
        )],
        also: &[
            "gateway/GWY/a-child-that-was-away-is-handed-it-again",
            "gateway/GWY/each-child-says-what-became-of-its-own",
        ],
        defect: Defect::Gateway(Wiring::wanting(|memo, outputs| {
            let (handed, mut others): (Vec<_>, Vec<_>) = outputs
                .into_iter()
                .partition(|it| matches!(it, Output::CarryOut { .. }));
            let mut handed = handed.into_iter();
            if memo.number == 0 {
                memo.number += 1;
                others.extend(handed.next());
            }
            others
        })),
    },
    Fault {
        name: "handed-over-once",
        says: "A gateway hands nothing to a child that has not answered once.",
        breaks: &["GWY-012"],
        kills: &[(
            "gateway/GWY/a-child-that-was-away-is-handed-it-again",
            "expected the request acknowledge within 30 s",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::wanting(|memo, mut outputs| {
            outputs.retain(|it| {
                let Output::CarryOut { order, .. } = it else {
                    return true;
                };
                let same = |before: &Output| match before {
                    Output::CarryOut { order: before, .. } => before.id == order.id,
                    _ => false,
                };
                let again = memo.held.iter().any(same);
                memo.held.push(it.clone());
                !again
            });
            outputs
        })),
    },
    Fault {
        name: "children-report-themselves",
        says: "A gateway hands its children what it has to do itself.",
        breaks: &["GWY-013"],
        kills: &[(
            "gateway/GWY/a-gateway-reports-and-rotates-itself",
            "expected the request rotate within 60 s",
        )],
        also: &["gateway/GWY/a-silent-child-s-report-fails"],
        defect: Defect::Gateway(Wiring::hearing(|_, mut input| {
            if let Input::Replied {
                reply: DeviceReply::Polled(PollReply::Mailbox(mailbox)),
                ..
            } = &mut input
            {
                for instruction in &mut mailbox.instructions {
                    let unknown = |act: &Act| match act {
                        Act::ReportStatus | Act::RotateCode => {
                            let name = format!(r#"{{"own-{}":{{}}}}"#, act.kind());
                            serde_json::from_str(&name).unwrap_or(act.clone())
                        }
                        other => other.clone(),
                    };
                    let acts = instruction.acts.as_slice().iter().map(unknown).collect();
                    instruction.acts = Acts::new(acts).unwrap_or(instruction.acts.clone());
                }
            }
            vec![input]
        })),
    },
];
