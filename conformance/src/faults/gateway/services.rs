//! Faults of how a gateway registers its children for services.

use restante_core::gateway::{Input, Output};
use restante_core::wire::{Act, Acts, DeviceReply, PollReply};

use crate::faults::machine::Wiring;
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "registrations-handed-over",
        says: "A gateway leaves it to its children to register for services.",
        breaks: &["SVC-059"],
        kills: &[(
            "gateway/SVC/a-gateway-presents-each-child",
            "expected the request register within 60 s",
        )],
        also: &[
            "gateway/SVC/",
            "gateway/SCN/a-service-for-a-site",
            "gateway/SCN/a-link-to-the-gateway",
            "gateway/SCN/a-site-polls-now-and-at-a-time",
            "gateway/SCN/one-link-for-a-site",
        ],
        defect: Defect::Gateway(Wiring::hearing(|_, mut input| {
            if let Input::Replied {
                reply: DeviceReply::Polled(PollReply::Mailbox(mailbox)),
                ..
            } = &mut input
            {
                for instruction in &mut mailbox.instructions {
                    let foreign = |act: &Act| match act {
                        Act::RegisterService(_) => {
                            let unknown = r#"{"own-registration":{}}"#;
                            serde_json::from_str(unknown).unwrap_or(act.clone())
                        }
                        other => other.clone(),
                    };
                    let acts = instruction.acts.as_slice().iter().map(foreign).collect();
                    instruction.acts = Acts::new(acts).unwrap_or(instruction.acts.clone());
                }
            }
            vec![input]
        })),
    },
    Fault {
        name: "presents-the-same-child",
        says: "A gateway presents whatever code it has with the id of the same child.",
        breaks: &["SVC-059"],
        kills: &[
            (
                "gateway/SVC/each-child-has-its-own-code",
                "expected the request register within 10 s; got the request register, in which",
            ),
            (
                "gateway/SCN/a-service-for-a-site",
                "expected the request register within 60 s; got the request register, in which",
            ),
        ],
        also: &[
            "gateway/SVC/a-gateway-presents-each-child",
            "gateway/SCN/a-link-to-the-gateway",
            "gateway/SCN/a-site-polls-now-and-at-a-time",
            "gateway/SCN/one-link-for-a-site",
        ],
        defect: Defect::Gateway(Wiring::wanting(|memo, mut outputs| {
            for output in &mut outputs {
                let Output::Register(errand) = output else {
                    continue;
                };
                match memo.held.first() {
                    Some(Output::Register(first)) => errand.message.device = first.message.device,
                    _ => memo.held.push(Output::Register(errand.clone())),
                }
            }
            outputs
        })),
    },
];
