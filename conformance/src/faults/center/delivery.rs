//! Faults of what a mailbox shows, and of deliveries: spec sections 5.3 and 5.4.

use restante_core::limits::DELIVERY_LEASE;
use restante_core::record::{Delivery, InstructionState, Kind, Mailbox};
use restante_core::wire::{self, Acts, DeviceReply, DeviceRequest, ETag, Poll, PollReply};
use restante_core::{Seconds, Timestamp};
use restante_crypto::RingCrypto;

use restante_core::Crypto as _;

use crate::faults::scene::{Alter, Decided, Scene, schedule};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "only-the-first-act-is-shown",
        says: "Of the acts of an instruction the device is shown the first alone.",
        breaks: &["MBX-011"],
        kills: &[(
            "server/MBX/an-instruction-reaches-its-device",
            "mailbox.instructions.0.acts: expected 2 items, got 1",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            showing(scene.decide(), |mailbox| {
                for instruction in &mut mailbox.instructions {
                    let first = instruction.acts.as_slice().first().cloned();
                    instruction.acts = first.map_or(instruction.acts.clone(), Acts::one);
                }
            })
        }),
    },
    Fault {
        name: "shown-for-another-device",
        says: "An instruction is shown under the id of another device of its registration.",
        breaks: &["MBX-011"],
        kills: &[(
            "server/MBX/each-device-of-a-gateway-has-its-own",
            "mailbox.instructions: expected an item like",
        )],
        also: &[
            "server/SVC/",
            "server/PRV/a-provider-s-devices-start-its-service",
            "server/SCN/a-service-for-a-site",
            "server/SCN/two-services-at-once",
            "server/SCN/a-shared-mailbox-holds-a-provider-s-codes",
            "server/SCN/who-is-found-with-two-servers",
            "server/MAIL/",
            "server/SCN/recognised-by-mail",
        ],
        defect: Defect::Decision(|scene| {
            showing(scene.decide(), |mailbox| {
                let shown = &mut mailbox.instructions;
                let mut devices: Vec<_> = shown.iter().map(|it| it.device).collect();
                let by = 1.min(devices.len());
                devices.rotate_left(by);
                for (instruction, device) in shown.iter_mut().zip(devices) {
                    instruction.device = device;
                }
            })
        }),
    },
    Fault {
        name: "re-registration-empties-the-mailbox",
        says: "What waits for a device is forgotten when it is registered again.",
        breaks: &["MBX-017"],
        kills: &[(
            "server/MBX/a-new-registration-keeps-the-mailbox",
            "mailbox.instructions: expected 2 items, got 0",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            let takes_over = |decided: &Decided| {
                let mut writes = decided.iter().flat_map(|it| &it.written.writes);
                writes.any(|write| write.key.kind == Kind::Device)
            };
            match takes_over(&decided) {
                true => scene.seeing(Kind::Mailbox, |mailbox: &mut Mailbox| {
                    mailbox.instructions.clear();
                }),
                false => decided,
            }
        }),
    },
    Fault {
        name: "newest-first",
        says: "Where three or more instructions wait, the newest is shown first.",
        breaks: &["MBX-012"],
        kills: &[(
            "server/MBX/the-oldest-is-shown-first",
            "mailbox.instructions.0.id: expected",
        )],
        also: &[
            "server/MBX/a-final-word-needs-none-before-it",
            "server/MBX/what-is-final-stays-as-it-is",
            "server/MBX/when-it-was-taken-is-told",
        ],
        defect: Defect::Decision(|scene| {
            showing(scene.decide(), |mailbox| {
                if mailbox.instructions.len() == 3 {
                    mailbox.instructions.reverse();
                }
            })
        }),
    },
    Fault {
        name: "shown-before-its-time",
        says: "An instruction is shown before it is due.",
        breaks: &["MBX-014"],
        kills: &[(
            "server/MBX/before-its-time-nothing-is-shown",
            "mailbox.instructions: expected 0 items, got 1",
        )],
        also: &[
            "server/MBX/done-after-its-time-is-done",
            "server/MBX/called-off-before-it-is-due-it-is-cancelled",
        ],
        defect: Defect::Decision(|scene| {
            polled(scene, |mailbox| {
                for instruction in &mut mailbox.instructions {
                    instruction.not_before = None;
                }
            })
        }),
    },
    Fault {
        name: "expired-is-delivered",
        says: "An instruction is shown for a minute beyond its time.",
        breaks: &["MBX-036"],
        kills: &[(
            "server/MBX/an-instruction-expires-at-its-end",
            "mailbox.instructions: expected 2 items, got 3",
        )],
        also: &[
            "server/MBX/an-instruction-reaches-its-device",
            "server/MBX/done-after-its-time-is-done",
            "server/MBX/instructing-again-makes-nothing-twice",
            "server/MBX/what-was-taken-does-not-expire",
            "server/MBX/what-is-final-stays-as-it-is",
        ],
        defect: Defect::Decision(|scene| {
            let now = scene.now;
            polled(scene, move |mailbox| {
                for instruction in &mut mailbox.instructions {
                    if instruction.expires <= now {
                        instruction.expires = now.after(Seconds::MINUTE);
                    }
                }
            })
        }),
    },
    Fault {
        name: "expires-never-counts-down",
        says: "An instruction always states the whole of its time.",
        breaks: &["MBX-037"],
        kills: &[(
            "server/MBX/an-instruction-expires-at-its-end",
            "mailbox.instructions.0.expires: expected at most 1750, got 3600",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            showing(scene.decide(), |mailbox| {
                for instruction in &mut mailbox.instructions {
                    let is_short = instruction.expires <= Seconds::HOUR;
                    instruction.expires = match is_short {
                        true => Seconds::HOUR,
                        false => instruction.expires,
                    };
                }
            })
        }),
    },
    Fault {
        name: "taken-expires",
        says: "An instruction that the device has taken expires with its time.",
        breaks: &["MBX-036"],
        kills: &[(
            "server/MBX/what-was-taken-does-not-expire",
            "mailbox.instructions: expected 1 items, got 0",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let now = scene.now;
            polled(scene, move |mailbox| {
                for instruction in &mut mailbox.instructions {
                    let expires = instruction.expires;
                    if let Some(delivery) = delivery(&mut instruction.state)
                        && expires <= now
                    {
                        delivery.until = expires;
                    }
                }
            })
        }),
    },
    Fault {
        name: "instructions-expire-by-any-clock",
        says: "Instructions expire by a clock that has leapt.",
        breaks: &["MBX-036"],
        kills: &[(
            "server/MBX/a-clock-that-leaps-expires-no-instruction",
            "mailbox.instructions: expected 1 items, got 0",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let now = scene.now;
            polled(scene, move |mailbox| {
                for instruction in &mut mailbox.instructions {
                    if instruction.expires <= now {
                        instruction.expires = instruction.made;
                    }
                }
            })
        }),
    },
    Fault {
        name: "attempt-rises-with-every-poll",
        says: "Each poll counts as another delivery.",
        breaks: &["MBX-018"],
        kills: &[(
            "server/MBX/the-same-delivery-has-the-same-attempt",
            "mailbox.instructions.0.attempt: expected 1, got 2",
        )],
        also: &[
            "server/MBX/",
            "server/SCN/a-provider-s-codes-are-marked-as-taken",
        ],
        defect: Defect::Decision(|scene| {
            polled(scene, |mailbox| {
                for instruction in &mut mailbox.instructions {
                    if let Some(delivery) = delivery(&mut instruction.state) {
                        delivery.until = Timestamp::EPOCH;
                    }
                }
            })
        }),
    },
    Fault {
        name: "delivery-never-over",
        says: "An instruction without word stays the same delivery for ever.",
        breaks: &["MBX-019"],
        kills: &[(
            "server/MBX/a-delivery-without-word-ends-after-ten-minutes",
            "mailbox.instructions.0.attempt: expected 2, got 1",
        )],
        also: &[
            "server/MBX/an-earlier-delivery-s-final-word-counts",
            "server/MBX/an-instruction-expires-at-its-end",
            "server/MBX/done-after-its-time-is-done",
            "server/MBX/one-that-nobody-answers-is-set-aside",
            "server/MBX/what-does-not-fit-waits",
            "server/MBX/what-is-final-stays-as-it-is",
            "server/MBX/when-it-was-taken-is-told",
        ],
        defect: Defect::Decision(|scene| {
            let until = scene.now.after(DELIVERY_LEASE);
            polled(scene, move |mailbox| {
                for instruction in &mut mailbox.instructions {
                    if let InstructionState::Delivered(delivery) = &mut instruction.state {
                        delivery.until = until;
                    }
                }
            })
        }),
    },
    Fault {
        name: "work-is-given-ten-minutes",
        says: "What a device has taken is delivered again after ten minutes.",
        breaks: &["MBX-018"],
        kills: &[(
            "server/MBX/work-is-given-a-day",
            "mailbox.instructions.0.attempt: expected 1, got 2",
        )],
        also: &[
            "server/MBX/one-that-nobody-answers-is-set-aside",
            "server/MBX/what-was-taken-does-not-expire",
            "server/MBX/when-it-was-taken-is-told",
        ],
        defect: Defect::Decision(|scene| {
            let until = scene.now.after(DELIVERY_LEASE);
            let soon = move |mailbox: &mut Mailbox| {
                for instruction in &mut mailbox.instructions {
                    if let Some(delivery) = delivery(&mut instruction.state) {
                        delivery.until = delivery.until.min(until);
                    }
                }
            };
            scene.decide().writing(Kind::Mailbox, soon)
        }),
    },
    Fault {
        name: "never-set-aside",
        says: "An instruction is delivered a fifth time over and over.",
        breaks: &["MBX-020"],
        kills: &[(
            "server/MBX/one-that-nobody-answers-is-set-aside",
            "mailbox.instructions: expected 1 items, got 2",
        )],
        also: &[
            "server/MBX/done-after-its-time-is-done",
            "server/MBX/what-is-final-stays-as-it-is",
        ],
        defect: Defect::Decision(|scene| {
            polled(scene, |mailbox| {
                for instruction in &mut mailbox.instructions {
                    if let Some(delivery) = delivery(&mut instruction.state) {
                        delivery.attempt = delivery.attempt.min(4);
                    }
                }
            })
        }),
    },
    Fault {
        name: "one-at-a-time",
        says: "While an instruction was delivered and nothing was heard of it, no other is shown.",
        breaks: &["MBX-011"],
        kills: &[(
            "server/MBX/one-that-nobody-answers-is-set-aside",
            "mailbox.instructions: expected 2 items, got 1",
        )],
        also: &[
            "server/MBX/an-instruction-expires-at-its-end",
            "server/MBX/what-does-not-fit-waits",
            "server/MBX/what-is-final-stays-as-it-is",
            "server/MBX/called-off-before-it-is-due-it-is-cancelled",
            "server/MBX/when-it-was-taken-is-told",
        ],
        defect: Defect::Decision(|scene| {
            showing(scene.decide(), |mailbox| {
                let waits = |it: &wire::Instruction| it.attempt > 1;
                if mailbox.instructions.first().is_some_and(waits) {
                    mailbox.instructions.truncate(1);
                }
            })
        }),
    },
    Fault {
        name: "attempt-in-the-tag",
        says: "The tag of a mailbox changes with a second delivery.",
        breaks: &["MBX-010"],
        kills: &[(
            "server/MBX/the-tag-knows-no-attempt",
            "in the reply polled, mailbox.etag: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            showing(scene.decide(), |mailbox| {
                let attempts: u32 = mailbox.instructions.iter().map(|it| it.attempt).sum();
                if mailbox.instructions.iter().any(|it| it.attempt > 1) {
                    mailbox.etag = tag(&attempts.to_be_bytes());
                }
            })
        }),
    },
    Fault {
        name: "tag-without-instructions",
        says: "The tag of a mailbox says nothing of its instructions.",
        breaks: &["MBX-010"],
        kills: &[(
            "server/MBX/the-tag-changes-with-what-is-shown",
            "expected the reply polled; in the reply polled, mailbox: expected",
        )],
        also: &[
            "server/MBX/before-its-time-nothing-is-shown",
            "server/MBX/called-off-after-delivery-it-is-marked",
            "server/MBX/the-tag-knows-no-attempt",
        ],
        defect: Defect::Decision(|scene| {
            let present = tag(b"always the same");
            let has = match scene.device() {
                Some(DeviceRequest::Poll(poll)) => poll.have.as_ref() == Some(&present),
                _ => false,
            };
            let unchanged = PollReply::Unchanged(schedule(scene).poll);
            scene.decide().answering(|reply| match reply {
                DeviceReply::Polled(polled) if has => *polled = unchanged,
                DeviceReply::Polled(PollReply::Mailbox(mailbox)) => mailbox.etag = present,
                _ => {}
            })
        }),
    },
    Fault {
        name: "what-does-not-fit-counts-as-delivered",
        says: "What a small device is not shown for want of room counts as delivered.",
        breaks: &["MBX-016"],
        kills: &[(
            "server/MBX/what-does-not-fit-waits",
            "mailbox.instructions: expected an item like",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match scene.device() {
            Some(DeviceRequest::Poll(Poll {
                have,
                max_message: Some(_),
                tag,
            })) => {
                let decided = scene.decide();
                let (have, tag) = (have.clone(), tag.clone());
                let whole = scene.asked(DeviceRequest::Poll(Poll {
                    have,
                    max_message: None,
                    tag,
                }))?;
                decided.map(|small| restante_core::center::Decision {
                    outcome: small.outcome,
                    ..whole
                })
            }
            _ => scene.decide(),
        }),
    },
];

/// The decision with the mailbox altered that it shows.
fn showing(decided: Decided, change: impl FnOnce(&mut wire::Mailbox)) -> Decided {
    decided.answering(|reply| {
        if let DeviceReply::Polled(PollReply::Mailbox(mailbox)) = reply {
            change(mailbox);
        }
    })
}

/// The decision for a poll that finds mailboxes altered; anything else is decided rightly.
fn polled(scene: &Scene<'_>, change: impl Fn(&mut Mailbox)) -> Decided {
    match scene.device() {
        Some(DeviceRequest::Poll(_)) => scene.seeing(Kind::Mailbox, change),
        _ => scene.decide(),
    }
}

/// The present delivery, if it is under way.
const fn delivery(state: &mut InstructionState) -> Option<&mut Delivery> {
    match state {
        InstructionState::Delivered(it)
        | InstructionState::Taken(it)
        | InstructionState::Proceeding(it) => Some(it),
        InstructionState::Waiting | InstructionState::Finished(_) => None,
    }
}

fn tag(of: &[u8]) -> ETag {
    let hash = RingCrypto.sha256(&[of]);
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(hash) {
        *to = from;
    }
    ETag::from_bytes(&bytes)
}
