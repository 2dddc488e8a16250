//! Faults of acknowledgements: spec section 5.5.

use restante_core::center::{Decision, Reply};
use restante_core::record::{Delivery, End, Finished, InstructionState, Kind, Mailbox};
use restante_core::wire::{
    Acknowledge, Acknowledgement, DeviceReply, DeviceRequest, NoteResult, Progress, RefusalCode,
};

use crate::faults::scene::{Alter, Decided, Scene, refusal, refused_as};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "acknowledgements-answered-in-another-order",
        says: "The answers to three acknowledgements stand in another order.",
        breaks: &["MBX-023"],
        kills: &[(
            "server/MBX/a-final-word-needs-none-before-it",
            "acknowledgements.0.instruction: expected",
        )],
        also: &[
            "server/MBX/an-instruction-of-nobody-is-unknown",
            "server/MBX/what-is-final-stays-as-it-is",
            "server/MBX/called-off-before-it-is-due-it-is-cancelled",
            "server/MBX/when-it-was-taken-is-told",
        ],
        defect: Defect::Decision(|scene| {
            scene.decide().answering(|reply| {
                if let DeviceReply::Acknowledged(noted) = reply
                    && noted.acknowledgements.len() > 2
                {
                    noted.acknowledgements.reverse();
                }
            })
        }),
    },
    Fault {
        name: "one-word-a-message",
        says: "Of two words for one instruction in a message only the first counts.",
        breaks: &["MBX-023", "MBX-024"],
        kills: &[(
            "server/MBX/taken-and-done-in-one-message",
            "acknowledgements: expected 2 items, got 1",
        )],
        also: &[
            "server/MBX/what-is-final-stays-as-it-is",
            "server/MBX/called-off-before-it-is-due-it-is-cancelled",
        ],
        defect: Defect::Decision(|scene| {
            saying(scene, |words| {
                words.dedup_by_key(|word| word.instruction);
            })
        }),
    },
    Fault {
        name: "repeated-is-unknown",
        says: "A word that is said again is answered as if there were no such instruction.",
        breaks: &["MBX-025"],
        kills: &[(
            "server/MBX/the-same-word-again-is-repeated",
            "acknowledgements.0.result: expected \"repeated\", got \"unknown\"",
        )],
        also: &[
            "server/MBX/a-mailbox-survives-a-crash",
            "server/MBX/an-earlier-delivery-s-final-word-counts",
            "server/MBX/done-after-its-time-is-done",
            "server/MBX/what-is-final-stays-as-it-is",
        ],
        defect: Defect::Decision(|scene| {
            scene.decide().answering(|reply| {
                if let DeviceReply::Acknowledged(noted) = reply {
                    for noted in &mut noted.acknowledgements {
                        if noted.result == NoteResult::Repeated {
                            noted.result = NoteResult::Unknown;
                        }
                    }
                }
            })
        }),
    },
    Fault {
        name: "only-done-is-repeated",
        says: "A device that says again that it has failed or rejects is taken to contradict itself.",
        breaks: &["MBX-025"],
        kills: &[(
            "server/MBX/what-is-final-stays-as-it-is",
            "result: expected \"repeated\", got \"superseded\"",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            scene.decide().answering(|reply| {
                if let DeviceReply::Acknowledged(noted) = reply {
                    let not_done = ["failed", "rejected", "cancelled"];
                    let final_ones = noted
                        .acknowledgements
                        .iter_mut()
                        .filter(|it| not_done.contains(&it.state.as_str()));
                    for noted in final_ones.filter(|it| it.result == NoteResult::Repeated) {
                        noted.result = NoteResult::Superseded;
                    }
                }
            })
        }),
    },
    Fault {
        name: "second-acknowledgement-overwrites",
        says: "The word failed takes the place of the word done.",
        breaks: &["MBX-026"],
        kills: &[(
            "server/MBX/a-word-that-goes-back-is-superseded",
            "acknowledgements.0.result: expected \"superseded\", got \"recorded\"",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match said(scene) {
            Some([word]) if word.progress == Progress::Failed => {
                let now = scene.now;
                scene.seeing(Kind::Mailbox, move |mailbox: &mut Mailbox| {
                    let spoken_of = mailbox.instructions.iter_mut();
                    for instruction in spoken_of.filter(|it| it.id == word.instruction) {
                        if let InstructionState::Finished(Finished {
                            end: End::Done,
                            attempt,
                            ..
                        }) = instruction.state
                        {
                            instruction.state = InstructionState::Taken(Delivery {
                                attempt,
                                until: now.after(restante_core::Seconds::DAY),
                                cancel: false,
                            });
                        }
                    }
                })
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "going-back-is-recorded",
        says: "The word taken is recorded after the word proceeding.",
        breaks: &["MBX-026"],
        kills: &[(
            "server/MBX/a-word-that-goes-back-is-superseded",
            "acknowledgements.0.result: expected \"superseded\", got \"recorded\"",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match said(scene) {
            Some(words) if words.iter().all(|word| word.progress == Progress::Taken) => scene
                .seeing(Kind::Mailbox, |mailbox: &mut Mailbox| {
                    for instruction in &mut mailbox.instructions {
                        if let InstructionState::Proceeding(delivery) = instruction.state {
                            instruction.state = InstructionState::Delivered(delivery);
                        }
                    }
                }),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "earlier-delivery-s-done-is-lost",
        says: "A final word for an earlier delivery is thrown away.",
        breaks: &["MBX-027"],
        kills: &[(
            "server/MBX/an-earlier-delivery-s-final-word-counts",
            "acknowledgements.0.result: expected \"recorded\", got \"superseded\"",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let latest = held(scene, |state| state.delivery().map(|it| it.attempt));
            saying(scene, |words| {
                for word in words {
                    if latest.is_some_and(|latest| word.attempt < latest) {
                        word.progress = Progress::Taken;
                        word.results.clear();
                    }
                }
            })
        }),
    },
    Fault {
        name: "late-done-is-lost",
        says: "The word done is thrown away once the instruction has expired.",
        breaks: &["MBX-027"],
        kills: &[(
            "server/MBX/done-after-its-time-is-done",
            "acknowledgements.0.result: expected \"recorded\", got \"superseded\"",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let expired = |state: &InstructionState| match state {
                InstructionState::Finished(it) if it.end == End::Expired => Some(()),
                _ => None,
            };
            let any = held(scene, expired).is_some();
            saying(scene, |words| {
                for word in words {
                    if any && word.progress == Progress::Done {
                        word.progress = Progress::Failed;
                    }
                }
            })
        }),
    },
    Fault {
        name: "any-attempt-is-taken",
        says: "A word for a delivery that never was is taken for the latest.",
        breaks: &["MBX-028"],
        kills: &[(
            "server/MBX/an-attempt-that-was-never-made-is-refused",
            "expected the refusal invalid; got acknowledged",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match refused_as(&decided, RefusalCode::Invalid) && said(scene).is_some() {
                true => saying(scene, |words| {
                    words.iter_mut().for_each(|word| word.attempt = 1);
                }),
                false => decided,
            }
        }),
    },
    Fault {
        name: "part-of-a-refused-message-is-recorded",
        says: "Of a message that is refused the words that are right are recorded.",
        breaks: &["MBX-028"],
        kills: &[(
            "server/MBX/an-attempt-that-was-never-made-is-refused",
            "rows.0.state: expected \"delivered\", got \"done\"",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match refused_as(&decided, RefusalCode::Invalid) && said(scene).is_some() {
                true => {
                    let kept = saying(scene, |words| words.retain(|word| word.attempt == 1))?;
                    decided.map(|refused| Decision {
                        outcome: refused.outcome,
                        ..kept
                    })
                }
                false => decided,
            }
        }),
    },
    Fault {
        name: "unknown-refuses-the-message",
        says: "A message that names an instruction of nobody is refused.",
        breaks: &["MBX-029"],
        kills: &[(
            "server/MBX/an-instruction-of-nobody-is-unknown",
            "expected the reply acknowledged; got refusal invalid",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match &decided {
                Ok(Decision {
                    outcome: Ok(Reply::Device(DeviceReply::Acknowledged(noted))),
                    ..
                }) if noted
                    .acknowledgements
                    .iter()
                    .any(|it| it.result == NoteResult::Unknown) =>
                {
                    refusal(scene, RefusalCode::Invalid)
                }
                _ => decided,
            }
        }),
    },
    Fault {
        name: "partial-acknowledgements-recorded",
        says: "Of a message that speaks for another's device the other words are recorded.",
        breaks: &["MBX-030"],
        kills: &[(
            "server/MBX/a-foreign-device-s-word-refuses-the-message",
            "rows.0.state: expected \"delivered\", got \"done\"",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            let foreign = match &decided {
                Ok(Decision {
                    outcome: Err(refused),
                    ..
                }) => refused.refusal.devices.clone(),
                _ => Vec::new(),
            };
            match said(scene) {
                Some(words)
                    if words.iter().any(|it| !foreign.contains(&it.device))
                        && !foreign.is_empty() =>
                {
                    let kept = saying(scene, |words| {
                        words.retain(|it| !foreign.contains(&it.device))
                    })?;
                    decided.map(|refused| Decision {
                        outcome: refused.outcome,
                        ..kept
                    })
                }
                _ => decided,
            }
        }),
    },
    Fault {
        name: "cancel-wins-over-done",
        says: "An instruction that was called off counts as cancelled, whatever the device says.",
        breaks: &["MBX-034"],
        kills: &[(
            "server/MBX/what-was-done-before-the-cancel-is-done",
            "acknowledgements.0.state: expected \"done\", got \"cancelled\"",
        )],
        also: &[
            "server/MBX/calling-off-again-changes-nothing",
            "server/MBX/what-is-final-stays-as-it-is",
        ],
        defect: Defect::Decision(|scene| {
            let marked =
                |state: &InstructionState| state.delivery().filter(|it| it.cancel).copied();
            let any = held(scene, marked).is_some();
            saying(scene, |words| {
                for word in words {
                    if any && word.progress.is_final() {
                        word.progress = Progress::Rejected;
                    }
                }
            })
        }),
    },
];

/// What the device says, if that is what the call is about.
fn said<'a>(scene: &Scene<'a>) -> Option<&'a [Acknowledgement]> {
    match scene.device() {
        Some(DeviceRequest::Acknowledge(message)) => Some(&message.acknowledgements),
        _ => None,
    }
}

/// The decision for acknowledgements that are altered; anything else is decided rightly.
fn saying(scene: &Scene<'_>, change: impl FnOnce(&mut Vec<Acknowledgement>)) -> Decided {
    match said(scene) {
        Some(words) => {
            let mut acknowledgements = words.to_vec();
            change(&mut acknowledgements);
            let message = Acknowledge { acknowledgements };
            scene.asked(DeviceRequest::Acknowledge(message))
        }
        None => scene.decide(),
    }
}

/// What is looked for in the loaded instructions of which the device speaks.
fn held<T>(scene: &Scene<'_>, find: impl Fn(&InstructionState) -> Option<T>) -> Option<T> {
    let words = said(scene)?;
    let mut loaded = scene.all::<Mailbox>(Kind::Mailbox);
    loaded.find_map(|mailbox| {
        let mut all = mailbox.instructions.iter();
        all.find_map(|it| {
            let spoken_of = words.iter().any(|word| word.instruction == it.id);
            spoken_of.then(|| find(&it.state))?
        })
    })
}
