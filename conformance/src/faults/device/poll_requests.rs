//! Faults of poll requests: what a device answers, whether it polls, when, and how often.

use restante_core::device::{Input, Output};
use restante_core::time::Seconds;
use restante_core::wire::poll::Poll;
use restante_core::wire::{DeviceRequest, ETag, PollRequest};

use crate::faults::machine::Wiring;
use crate::faults::memo::{Memo, sending};
use crate::faults::{Defect, Fault};
use crate::party::{DeviceKind, Senses};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "polling-answered-with-200",
        says: "A device answers a poll request with 200.",
        breaks: &["POL-050"],
        kills: &[(
            "device/POL/a-get-of-do-polling-is-answered-204",
            "expected another answer of poll-request; status: expected 204",
        )],
        also: &["device/POL/the-answer-tells-nothing"],
        defect: Defect::Device(Wiring::sensing(Senses {
            answers: |_| 200,
            ..Senses::RIGHT
        })),
    },
    Fault {
        name: "answers-otherwise-when-it-acts",
        says: "A device tells whoever asks whether it polls.",
        breaks: &["POL-051"],
        kills: &[(
            "device/POL/the-answer-tells-nothing",
            "expected another answer of poll-request; status: expected 204",
        )],
        also: &[],
        defect: Defect::Device(Wiring::sensing(Senses {
            answers: |acts| if acts { 204 } else { 404 },
            ..Senses::RIGHT
        })),
    },
    Fault {
        name: "asked-in-vain",
        says: "A device hears no poll requests.",
        breaks: &["POL-052"],
        kills: &[
            (
                "device/SCN/a-link-to-its-own-address",
                "expected the request poll within 10 s; no request came within 10 s",
            ),
            (
                "device/SCN/a-link-by-a-host-name",
                "expected the request poll within 10 s; no request came within 10 s",
            ),
            (
                "device/POL/a-device-polls-when-it-is-asked",
                "expected the request poll within 10 s; no request came within 10 s",
            ),
        ],
        also: &["device/POL/", "device/SCN/"],
        defect: Defect::Device(Wiring::hearing(|_, input| match input {
            Input::PollRequested(_) => Vec::new(),
            other => vec![other],
        })),
    },
    Fault {
        name: "have-for-a-plan",
        says: "A device that polls for a plan says what it has seen.",
        breaks: &["POL-052"],
        kills: &[(
            "device/POL/a-poll-for-a-plan-names-it",
            "got the request poll, in which have: expected",
        )],
        also: &["device/POL/", "device/SCN/"],
        defect: Defect::Device(Wiring::wanting(|_, outputs| {
            polling(outputs, |poll| {
                let seen = poll.tag.as_ref().map(|_| ETag::from_bytes(&[0; 16]));
                poll.have = seen.or(poll.have.take());
            })
        })),
    },
    Fault {
        name: "plan-not-named",
        says: "A device polls for a plan as it polls at its own time.",
        breaks: &["POL-052"],
        kills: &[(
            "device/POL/a-poll-for-a-plan-names-it",
            "got the request poll, in which tag: expected",
        )],
        also: &["device/POL/", "device/SCN/"],
        defect: Defect::Device(Wiring::wanting(|_, outputs| {
            polling(outputs, |poll| poll.tag = None)
        })),
    },
    Fault {
        name: "after-ignored",
        says: "A device that is asked to poll later polls at once.",
        breaks: &["POL-052"],
        kills: &[
            (
                "device/SCN/polled-now-and-at-a-time",
                "expected not the request poll within 9 s; the request poll came after",
            ),
            (
                "device/POL/a-request-for-later-is-honoured-then",
                "expected not the request poll within 87 s; the request poll came after",
            ),
        ],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            asked(input, |request| request.after = Seconds::ZERO)
        })),
    },
    Fault {
        name: "polls-whatever-it-is-asked",
        says: "A device takes a link that it cannot read for one without parameters.",
        breaks: &["POL-053"],
        kills: &[(
            "device/POL/what-cannot-be-read-is-passed-over",
            "expected not the request poll within 120 s; the request poll came after",
        )],
        also: &["device/POL/the-answer-tells-nothing"],
        defect: Defect::Device(Wiring::sensing(Senses {
            asked: |link| PollRequest::read(link).or(Some(PollRequest::default())),
            ..Senses::RIGHT
        })),
    },
    Fault {
        name: "unknown-parameters-matter",
        says: "A device takes no link with a parameter that it does not know.",
        breaks: &["POL-053"],
        kills: &[(
            "device/POL/unknown-parameters-are-passed-over",
            "expected the request poll within 10 s; no request came within 10 s",
        )],
        also: &[],
        defect: Defect::Device(Wiring::sensing(Senses {
            asked: |link| PollRequest::read(link).filter(|_| !link.contains("colour=")),
            ..Senses::RIGHT
        })),
    },
    Fault {
        name: "polls-for-every-request",
        says: "A device polls as often as it is asked.",
        breaks: &["POL-069"],
        kills: &[(
            "device/POL/requests-are-rate-limited",
            "expected not the request poll within 25 s; the request poll came after",
        )],
        also: &[],
        defect: Defect::Device(Wiring {
            hears: |memo, input| {
                let last = memo.requests.last();
                let now = last.is_some_and(|it| it.after == Seconds::ZERO);
                let is_new = times_asked(memo) < 2 && memo.failed == 0;
                memo.number = u64::from(requested(&input) && now && is_new);
                vec![input]
            },
            wants: |memo, outputs| polling_anyway(memo, outputs, memo.number == 1),
            ..Wiring::RIGHT
        }),
    },
    Fault {
        name: "a-tag-honoured-twice",
        says: "A device polls for a tag as often as it is asked.",
        breaks: &["POL-055"],
        kills: &[(
            "device/POL/a-tag-is-honoured-once",
            "expected not the request poll within 60 s; the request poll came after",
        )],
        also: &[
            "device/POL/the-last-64-tags-are-remembered",
            "device/POL/the-answer-tells-nothing",
        ],
        defect: Defect::Device(Wiring {
            hears: |memo, input| {
                memo.number = u64::from(requested(&input) && times_asked(memo) > 1);
                vec![input]
            },
            wants: |memo, outputs| polling_anyway(memo, outputs, memo.number == 1),
            ..Wiring::RIGHT
        }),
    },
    Fault {
        name: "remembers-eight-tags",
        says: "A device forgets a tag when it has polled for eight others.",
        breaks: &["POL-055"],
        kills: &[(
            "device/POL/the-last-64-tags-are-remembered",
            "expected not the request poll within 60 s; the request poll came after",
        )],
        also: &[],
        defect: Defect::Device(Wiring {
            hears: |memo, input| {
                let forgets = times_asked(memo) > 1 && memo.requests.len() > 9;
                memo.number = u64::from(requested(&input) && forgets);
                vec![input]
            },
            wants: |memo, outputs| polling_anyway(memo, outputs, memo.number == 1),
            ..Wiring::RIGHT
        }),
    },
    Fault {
        name: "a-request-breaks-the-wait",
        says: "A device that was told to come later comes at once when it is asked to poll.",
        breaks: &["POL-066"],
        kills: &[(
            "device/POL/a-request-does-not-shorten-a-wait",
            "expected not the request poll within 297 s; the request poll came after",
        )],
        also: &[],
        defect: Defect::Device(Wiring {
            hears: |memo, input| {
                memo.number = u64::from(requested(&input) && memo.failed > 0);
                vec![input]
            },
            wants: |memo, outputs| polling_anyway(memo, outputs, memo.number == 1),
            ..Wiring::RIGHT
        }),
    },
];

/// The same input with the request altered by which the device is asked to poll.
pub(super) fn asked(mut input: Input, change: impl FnOnce(&mut PollRequest)) -> Vec<Input> {
    if let Input::PollRequested(request) = &mut input {
        change(request);
    }
    vec![input]
}

const fn requested(input: &Input) -> bool {
    matches!(input, Input::PollRequested(_))
}

/// How often the device has been asked with the tag with which it was asked last.
fn times_asked(memo: &Memo<DeviceKind>) -> usize {
    let last = memo.requests.last().and_then(|it| it.tag.as_ref());
    let same = |it: &&PollRequest| it.tag.as_ref() == last;
    last.map_or(0, |_| memo.requests.iter().filter(same).count())
}

/// What is wanted, and a poll for the latest request where none is under way.
fn polling_anyway(memo: &Memo<DeviceKind>, mut outputs: Vec<Output>, when: bool) -> Vec<Output> {
    let sends = outputs.iter().any(|it| matches!(it, Output::Send { .. }));
    if when && !sends && !memo.waits {
        let tag = memo.requests.last().and_then(|it| it.tag.clone());
        outputs.extend(memo.another(|outgoing| {
            outgoing.request = DeviceRequest::Poll(Poll {
                tag,
                ..Poll::default()
            });
        }));
    }
    outputs
}

/// What is wanted, with each poll altered.
fn polling(outputs: Vec<Output>, change: impl Fn(&mut Poll)) -> Vec<Output> {
    sending::<DeviceKind>(outputs, |_, request| {
        if let DeviceRequest::Poll(poll) = request {
            change(poll);
        }
    })
}
