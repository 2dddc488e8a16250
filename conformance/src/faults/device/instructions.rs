//! Faults of carrying out what the mailbox asks for, and of what is said about it.

use restante_core::Seconds;
use restante_core::device::{Input, Notice, Output};
use restante_core::id::Note;
use restante_core::wire::{
    Act, Acts, DeviceReply, DeviceRequest, Mailbox, Notify, Outcome, PollReply, Progress,
};

use crate::faults::machine::Wiring;
use crate::faults::memo::sending;
use crate::faults::{Defect, Fault};
use crate::party::DeviceKind;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "message-not-shown",
        says: "A device says that a message was shown that nobody has seen.",
        breaks: &["MBX-060"],
        kills: &[(
            "device/MBX/a-message-is-shown-and-said-to-be-done",
            "in its state, shown: expected an item like",
        )],
        also: &["device/MBX/"],
        defect: Defect::Device(Wiring::wanting(|_, mut outputs| {
            outputs.retain(|it| !matches!(it, Output::Show(Notice::Message { .. })));
            outputs
        })),
    },
    Fault {
        name: "says-nothing-before-it-is-done",
        says: "A device never says of an instruction that it has it.",
        breaks: &["MBX-056"],
        kills: &[(
            "device/MBX/an-instruction-is-acknowledged-in-time",
            "expected the request acknowledge within 300 s",
        )],
        also: &[
            "device/MBX/",
            "device/SVC/",
            "device/POL/calls-never-bunch-up",
            "device/POL/its-own-instructions-come-first",
            "device/SCN/",
        ],
        defect: Defect::Device(Wiring::wanting(|_, mut outputs| {
            outputs.retain(|it| {
                let Output::Send { request, .. } = it else {
                    return true;
                };
                !matches!(request, DeviceRequest::Acknowledge(_))
            });
            outputs
        })),
    },
    Fault {
        name: "unknown-kinds-are-dropped",
        says: "A device drops acts of kinds that it does not know.",
        breaks: &["MBX-013"],
        kills: &[(
            "device/MBX/an-unknown-kind-is-rejected-by-name",
            "expected the request acknowledge within 300 s; got the request acknowledge, in which",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            shown(input, |mailbox| {
                for instruction in &mut mailbox.instructions {
                    let mut acts = instruction.acts.as_slice().to_vec();
                    acts.retain(|act| !matches!(act, Act::Unknown(_)));
                    instruction.acts = Acts::new(acts).unwrap_or(instruction.acts.clone());
                }
            })
        })),
    },
    Fault {
        name: "stops-at-what-it-does-not-know",
        says: "A device carries out nothing after an instruction that it does not know.",
        breaks: &["MBX-050"],
        kills: &[(
            "device/MBX/a-rejected-one-does-not-hold-up-the-next",
            "expected the request acknowledge within 300 s; got the request acknowledge, in which",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            shown(input, |mailbox| {
                let unknown = |act: &Act| matches!(act, Act::Unknown(_));
                let mut shown = mailbox.instructions.iter();
                let stops = shown.position(|it| it.acts.as_slice().iter().all(unknown));
                if let Some(last) = stops {
                    mailbox.instructions.truncate(last + 1);
                }
            })
        })),
    },
    Fault {
        name: "newest-instruction-first",
        says: "A device begins with the instruction that is shown last.",
        breaks: &["MBX-050"],
        kills: &[(
            "device/MBX/one-after-the-other",
            "in its state, shown: expected anything but",
        )],
        also: &["device/MBX/what-has-run-out-is-not-begun"],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            shown(input, |mailbox| mailbox.instructions.reverse())
        })),
    },
    Fault {
        name: "told-to-report-and-waits",
        says: "A device says that it has reported and waits for the schedule.",
        breaks: &["MBX-058"],
        kills: &[(
            "device/MBX/a-report-is-made-at-once",
            "expected the request reportStatus within 60 s; got the request acknowledge",
        )],
        also: &["device/MBX/"],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            shown(input, |mailbox| {
                replace(mailbox, |act| matches!(act, Act::ReportStatus));
            })
        })),
    },
    Fault {
        name: "everything-is-done",
        says: "A device says of every act that it is done.",
        breaks: &["MBX-051"],
        kills: &[(
            "device/MBX/a-report-that-was-refused-is-no-act-done",
            "expected the request acknowledge within 300 s; got the request acknowledge, in which",
        )],
        also: &[
            "device/MBX/a-rejected-one-does-not-hold-up-the-next",
            "device/MBX/an-unknown-kind-is-rejected-by-name",
            "device/MBX/what-has-run-out-is-not-begun",
            "device/MBX/what-was-called-off-is-not-begun",
            "device/SVC/",
            "device/SCN/another-s-code-starts-nothing",
            "device/SCN/the-root-tells-the-others-though-it-failed",
        ],
        defect: Defect::Device(Wiring::wanting(|_, outputs| {
            sending::<DeviceKind>(outputs, |_, request| {
                let DeviceRequest::Acknowledge(message) = request else {
                    return;
                };
                for word in &mut message.acknowledgements {
                    if word.progress.is_final() {
                        word.progress = Progress::Done;
                    }
                    for result in &mut word.results {
                        result.outcome = Outcome::Done;
                    }
                }
            })
        })),
    },
    Fault {
        name: "rotate-code-is-not-for-me",
        says: "A device says that it has a new formal code and asks for none.",
        breaks: &["MBX-059"],
        kills: &[(
            "device/MBX/a-new-code-is-asked-for-and-used",
            "expected the request rotate within 60 s; got the request acknowledge",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            shown(input, |mailbox| {
                replace(mailbox, |act| matches!(act, Act::RotateCode));
            })
        })),
    },
    Fault {
        name: "cancel-ignored",
        says: "A device carries out what is shown as called off.",
        breaks: &["MBX-053"],
        kills: &[(
            "device/MBX/what-was-called-off-is-not-begun",
            "expected the request acknowledge within 300 s; got the request acknowledge, in which",
        )],
        also: &["device/SVC/what-is-called-off-is-not-tried-again"],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            shown(input, |mailbox| {
                for instruction in &mut mailbox.instructions {
                    instruction.cancel = false;
                }
            })
        })),
    },
    Fault {
        name: "expiry-ignored",
        says: "A device carries out what has run out.",
        breaks: &["MBX-054"],
        kills: &[(
            "device/MBX/what-has-run-out-is-not-begun",
            "expected the request acknowledge within 300 s; got the request acknowledge, in which",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            shown(input, |mailbox| {
                for instruction in &mut mailbox.instructions {
                    instruction.expires = Seconds::DAY;
                }
            })
        })),
    },
    Fault {
        name: "attempt-is-always-one",
        says: "A device always speaks of the first delivery.",
        breaks: &["MBX-055"],
        kills: &[(
            "device/MBX/an-acknowledgement-names-its-delivery",
            "expected the request acknowledge within 300 s; got the request acknowledge, in which",
        )],
        also: &[],
        defect: Defect::Device(Wiring::wanting(|_, outputs| {
            sending::<DeviceKind>(outputs, |_, request| {
                if let DeviceRequest::Acknowledge(message) = request {
                    let words = &mut message.acknowledgements;
                    words.iter_mut().for_each(|word| word.attempt = 1);
                }
            })
        })),
    },
    Fault {
        name: "more-can-wait",
        says: "A device that was told of more waits for the next poll.",
        breaks: &["MBX-061"],
        kills: &[(
            "device/MBX/more-is-fetched-at-once",
            "expected the request poll within 10 s; no request came within 10 s",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            shown(input, |mailbox| mailbox.more = false)
        })),
    },
    Fault {
        name: "carries-out-for-others",
        says: "A device carries out whatever it is shown.",
        breaks: &["MBX-057"],
        kills: &[(
            "device/MBX/another-s-instruction-is-passed-over",
            "got the request acknowledge, in which acknowledgements.0.instruction: expected",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            shown(input, |mailbox| {
                let own = mailbox.instructions.last().map(|it| it.device);
                for instruction in &mut mailbox.instructions {
                    instruction.device = own.unwrap_or(instruction.device);
                }
            })
        })),
    },
    Fault {
        name: "a-lost-word-is-as-good-as-said",
        says: "A device takes silence for the answer to what it said of an instruction.",
        breaks: &["MBX-052"],
        kills: &[(
            "device/MBX/a-word-is-repeated-until-it-is-answered",
            "expected the request acknowledge within 6 s; no request came within 6 s",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|memo, input| match input {
            Input::LinkFailed { .. }
                if matches!(memo.asked(), Some(DeviceRequest::Acknowledge(_))) =>
            {
                Vec::new()
            }
            other => vec![other],
        })),
    },
];

/// The same input with the mailbox altered that it shows.
pub(super) fn shown(mut input: Input, change: impl FnOnce(&mut Mailbox)) -> Vec<Input> {
    if let Input::Replied {
        reply: DeviceReply::Polled(PollReply::Mailbox(mailbox)),
        ..
    } = &mut input
    {
        change(mailbox);
    }
    vec![input]
}

/// Puts something that needs nothing in the place of such acts.
fn replace(mailbox: &mut Mailbox, such: impl Fn(&Act) -> bool) {
    let text = Note::new("nothing");
    for instruction in &mut mailbox.instructions {
        let other = |act: &Act| match (&text, such(act)) {
            (Ok(text), true) => Act::Notify(Notify { text: text.clone() }),
            _ => act.clone(),
        };
        let acts = instruction.acts.as_slice().iter().map(other).collect();
        instruction.acts = Acts::new(acts).unwrap_or(instruction.acts.clone());
    }
}
