//! Faults of polling: too early, too late, for the wrong thing, and by a schedule half understood.

use restante_core::Seconds;
use restante_core::device::Input;
use restante_core::wire::{Action, DeviceReply, DeviceRequest, ETag, PollReply, Schedule};

use crate::faults::machine::Wiring;
use crate::faults::memo::sending;
use crate::faults::{Defect, Fault};
use crate::party::DeviceKind;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "poll-interval-halved",
        says: "A device polls twice as often as it was told.",
        breaks: &["MBX-007"],
        kills: &[
            (
                "device/SCN/who-is-not-picked-waits",
                "expected not the request poll within 86390 s; the request poll came after",
            ),
            (
                "device/MBX/a-poll-comes-in-its-time",
                "expected not the request any within 86398 s; the request poll came after",
            ),
        ],
        also: &[
            "device/SCN/a-service-at-the-daily-poll",
            "device/SCN/a-provider-s-code-at-the-daily-poll",
            "device/SCN/another-s-code-starts-nothing",
            "device/SCN/polled-now-and-at-a-time",
        ],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            polled(input, |schedule| {
                schedule.poll = Seconds::new(schedule.poll.get() / 2);
            })
        })),
    },
    Fault {
        name: "poll-interval-doubled",
        says: "A device polls half as often as it was told.",
        breaks: &["MBX-007"],
        kills: &[(
            "device/MBX/a-poll-comes-in-its-time",
            "expected the request poll within 304 s; no request came within 304 s",
        )],
        also: &[
            "device/ENR/a-refused-formal-code-is-not-used-on",
            "device/MBX/a-message-is-shown-and-said-to-be-done",
            "device/MBX/a-new-code-is-asked-for-and-used",
            "device/MBX/a-rejected-one-does-not-hold-up-the-next",
            "device/MBX/a-word-is-repeated-until-it-is-answered",
            "device/MBX/an-acknowledgement-names-its-delivery",
            "device/MBX/an-unknown-kind-is-rejected-by-name",
            "device/MBX/another-s-instruction-is-passed-over",
            "device/MBX/more-is-fetched-at-once",
            "device/MBX/the-first-poll-asks-for-everything",
            "device/MBX/unchanged-names-the-next-interval",
            "device/MBX/what-was-called-off-is-not-begun",
            "device/SVC/",
            "device/SCN/a-service-at-the-daily-poll",
            "device/SCN/a-provider-s-code-at-the-daily-poll",
            "device/SCN/another-s-code-starts-nothing",
            "device/SCN/who-is-not-picked-waits",
        ],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            polled(input, |schedule| {
                schedule.poll = Seconds::new(schedule.poll.get().saturating_mul(2));
            })
        })),
    },
    Fault {
        name: "unchanged-interval-ignored",
        says: "A device told that nothing has changed keeps to the interval that it had.",
        breaks: &["MBX-007"],
        kills: &[(
            "device/MBX/unchanged-names-the-next-interval",
            "expected the request poll within 53 s; no request came within 53 s",
        )],
        also: &["device/MBX/a-poll-comes-while-its-window-is-open"],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            vec![match input {
                Input::Replied {
                    exchange,
                    reply: DeviceReply::Polled(PollReply::Unchanged(_)),
                } => {
                    let reply = DeviceReply::Polled(PollReply::Unchanged(Seconds::DAY));
                    Input::Replied { exchange, reply }
                }
                other => other,
            }]
        })),
    },
    Fault {
        name: "window-overlooked",
        says: "A device passes over the window that its schedule names.",
        breaks: &["MBX-062"],
        kills: &[(
            "device/MBX/a-poll-comes-while-its-window-is-open",
            "expected the request poll within 3604 s; no request came within 3604 s",
        )],
        also: &[
            "device/MBX/not-all-come-when-the-window-opens",
            "device/MBX/a-missed-window-is-made-up-for",
        ],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            polled(input, |schedule| schedule.window = None)
        })),
    },
    Fault {
        name: "all-come-when-the-window-opens",
        says: "A device polls as soon as its window opens.",
        breaks: &["MBX-063"],
        kills: &[(
            "device/MBX/not-all-come-when-the-window-opens",
            "expected not the request poll within 90 s; the request poll came after",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            polled(input, |schedule| {
                if let Some(window) = &mut schedule.window {
                    window.lasts = Seconds::ZERO;
                }
            })
        })),
    },
    Fault {
        name: "a-missed-window-is-missed",
        says: "A device that is switched on waits for its window.",
        breaks: &["MBX-064"],
        kills: &[(
            "device/MBX/a-missed-window-is-made-up-for",
            "expected the request poll within 14 s; no request came within 14 s",
        )],
        also: &["device/"],
        defect: Defect::Device(Wiring::waking(|memo, at| {
            let waits = memo.stood.is_some() && memo.used.is_some() && memo.sent.is_none();
            Some(if waits { at.after(Seconds::DAY) } else { at })
        })),
    },
    Fault {
        name: "have-outlives-the-power",
        says: "A device that was switched on polls for changes since a state that it does not have.",
        breaks: &["MBX-009"],
        kills: &[
            (
                "device/MBX/the-first-poll-asks-for-everything",
                "in which have: expected nothing, got",
            ),
            (
                "device/MBX/after-a-power-cut-the-mailbox-is-asked-again",
                "in which have: expected nothing, got",
            ),
        ],
        also: &["device/POL/", "device/SCN/"],
        defect: Defect::Device(Wiring::wanting(|_, outputs| {
            sending::<DeviceKind>(outputs, |_, request| {
                if let DeviceRequest::Poll(poll) = request {
                    let tag = ETag::from_bytes(&[7; 16]);
                    poll.have = poll.have.take().or(Some(tag));
                }
            })
        })),
    },
    Fault {
        name: "unknown-action-stops-the-schedule",
        says: "A device takes no reply whose schedule has an action that it does not know.",
        breaks: &["MBX-008"],
        kills: &[(
            "device/MBX/an-unknown-action-is-passed-over",
            "expected not the request any within 798 s; the request reportStatus came after",
        )],
        also: &["device/STA/another-interval-is-followed"],
        defect: Defect::Device(Wiring::hearing(|_, mut input| {
            let unknown = schedule(&mut input).is_some_and(|schedule| {
                let mut entries = schedule.entries.iter();
                entries.any(|entry| entry.action == Action::Unknown)
            });
            vec![match input {
                Input::Replied { exchange, .. } if unknown => Input::LinkFailed { exchange },
                other => other,
            }]
        })),
    },
];

/// A mailbox on its way, with its schedule altered.
fn polled(mut input: Input, change: impl FnOnce(&mut Schedule)) -> Vec<Input> {
    if let Input::Replied {
        reply: DeviceReply::Polled(PollReply::Mailbox(mailbox)),
        ..
    } = &mut input
    {
        change(&mut mailbox.schedule);
    }
    vec![input]
}

/// The schedule that comes with a reply.
pub(super) const fn schedule(input: &mut Input) -> Option<&mut Schedule> {
    let Input::Replied { reply, .. } = input else {
        return None;
    };
    match reply {
        DeviceReply::Enrolled(reply) => Some(&mut reply.schedule),
        DeviceReply::Rotated(reply) => Some(&mut reply.schedule),
        DeviceReply::StatusReported(reply) => Some(&mut reply.schedule),
        DeviceReply::Polled(PollReply::Mailbox(mailbox)) => Some(&mut mailbox.schedule),
        _ => None,
    }
}
