//! Faults of poll requests: what a device makes of them, whom it calls then, when, and with what.

use restante_core::device::{Input, Output, PeerCall};
use restante_core::registrant::ServiceAnswer;
use restante_core::time::Seconds;
use restante_core::wire::poll::{Mailbox, Poll, PollCall};
use restante_core::wire::{DeviceReply, DeviceRequest, ETag, PollReply, PollRequest, PollTag};

use crate::faults::machine::Wiring;
use crate::faults::memo::{Memo, sending};
use crate::faults::{Defect, Fault};
use crate::party::{DeviceKind, Senses};

use super::instructions::shown;

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
        kills: &[(
            "device/POL/a-device-polls-when-it-is-asked",
            "expected the request poll within 10 s; no request came within 10 s",
        )],
        also: &["device/POL/"],
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
        also: &["device/POL/"],
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
        also: &["device/POL/"],
        defect: Defect::Device(Wiring::wanting(|_, outputs| {
            polling(outputs, |poll| poll.tag = None)
        })),
    },
    Fault {
        name: "after-ignored",
        says: "A device that is asked to poll later polls at once.",
        breaks: &["POL-052"],
        kills: &[(
            "device/POL/a-request-for-later-is-honoured-then",
            "expected not the request poll within 87 s; the request poll came after",
        )],
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
        breaks: &["POL-054"],
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
        name: "follows-the-link",
        says: "A device calls whomever the link names.",
        breaks: &["POL-056"],
        kills: &[(
            "device/POL/only-whom-the-reply-names-is-called",
            "expected not the request callPeer within 3600 s; the request callPeer came after",
        )],
        also: &[
            "device/POL/the-rest-is-passed-on",
            "device/POL/pollreq-leaves-others-out",
            "device/POL/without-a-tag-nobody-is-called",
        ],
        defect: Defect::Device(Wiring {
            hears: |memo, input| {
                if let (Some(mailbox), Some(request)) = (mailbox(&input), memo.requests.last()) {
                    let named = request.addresses.iter().flat_map(|it| it.as_slice());
                    let known = |it: &&restante_core::id::LanAddress| {
                        let mut calls = mailbox.calls.iter();
                        !calls.any(|call| call.address.as_ref() == Some(it))
                    };
                    let calls = named.filter(known).map(|address| PollCall {
                        address: Some(address.clone()),
                        after: Seconds::ZERO,
                        below: Vec::new(),
                    });
                    memo.held = calls.filter_map(|call| calling(request, &call)).collect();
                }
                vec![input]
            },
            wants: in_addition,
            ..Wiring::RIGHT
        }),
    },
    Fault {
        name: "remembers-whom-it-called",
        says: "A device calls again whom it has called for another tag.",
        breaks: &["POL-056"],
        kills: &[(
            "device/POL/an-earlier-reply-s-calls-are-not-repeated",
            "expected not the request callPeer within 600 s; the request callPeer came after",
        )],
        also: &[],
        defect: Defect::Device(Wiring::wanting(|memo, mut outputs| {
            let called: Vec<Output> = outputs.iter().filter(|it| called(it)).cloned().collect();
            let tag = called.iter().find_map(tag_of).cloned();
            let another = |it: &&Output| tag.is_some() && tag_of(it) != tag.as_ref();
            outputs.extend(memo.held.iter().filter(another).cloned());
            memo.held.extend(called);
            outputs
        })),
    },
    Fault {
        name: "calls-nobody",
        says: "A device that is to call others keeps silent.",
        breaks: &["POL-065"],
        kills: &[(
            "device/POL/all-whom-the-reply-names-are-called",
            "expected the request callPeer within 12 s; no request came within 12 s",
        )],
        also: &["device/POL/"],
        defect: Defect::Device(Wiring::wanting(|_, mut outputs| {
            outputs.retain(|it| !called(it));
            outputs
        })),
    },
    Fault {
        name: "pollreq-passed-over",
        says: "A device calls all whom the reply names, whatever the link says.",
        breaks: &["POL-057"],
        kills: &[(
            "device/POL/pollreq-leaves-others-out",
            "expected the request callPeer within 12 s; got the request callPeer, in which",
        )],
        also: &[
            "device/POL/only-whom-the-reply-names-is-called",
            "device/POL/the-rest-is-passed-on",
        ],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            asked(input, |request| request.addresses = None)
        })),
    },
    Fault {
        name: "pollreq-passed-on-whole",
        says: "A device passes on a link as it came.",
        breaks: &["POL-058"],
        kills: &[(
            "device/POL/the-rest-is-passed-on",
            "expected the request callPeer within 12 s; got the request callPeer, in which",
        )],
        also: &[
            "device/POL/only-whom-the-reply-names-is-called",
            "device/POL/pollreq-leaves-others-out",
        ],
        defect: Defect::Device(Wiring::wanting(|memo, mut outputs| {
            for call in calls(&mut outputs) {
                let of = memo.requests.iter().find(|it| it.tag == call.request.tag);
                call.request.addresses = of.and_then(|it| it.addresses.clone());
            }
            outputs
        })),
    },
    Fault {
        name: "tag-not-passed-on",
        says: "A device calls others without the plan's tag.",
        breaks: &["POL-058"],
        kills: &[(
            "device/POL/the-tag-is-passed-on",
            "expected the request callPeer within 12 s; got the request callPeer, in which tag",
        )],
        also: &["device/POL/"],
        defect: Defect::Device(Wiring::wanting(|_, mut outputs| {
            calls(&mut outputs).for_each(|call| call.request.tag = None);
            outputs
        })),
    },
    Fault {
        name: "calls-at-once",
        says: "A device calls everybody as soon as it knows whom.",
        breaks: &["POL-059"],
        kills: &[(
            "device/POL/nobody-is-called-early",
            "expected not the request callPeer within 38 s; the request callPeer came after",
        )],
        also: &[
            "device/POL/calls-never-bunch-up",
            "device/POL/one-without-an-address-is-stepped-over",
            "device/POL/those-below-a-silent-one-are-called",
        ],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            shown(input, |mailbox| {
                let calls = mailbox.calls.iter_mut();
                calls.for_each(|call| call.after = Seconds::ZERO);
            })
        })),
    },
    Fault {
        name: "calls-before-it-is-done-itself",
        says: "A device calls others while it is still at its own instructions.",
        breaks: &["POL-060"],
        kills: &[(
            "device/POL/its-own-instructions-come-first",
            "expected not the request callPeer within 57 s; the request callPeer came after",
        )],
        also: &[
            "device/POL/two-minutes-are-enough",
            "device/POL/calls-never-bunch-up",
        ],
        defect: Defect::Device(Wiring {
            hears: |memo, input| {
                if let (Some(mailbox), Some(request)) = (mailbox(&input), memo.requests.last())
                    && !mailbox.instructions.is_empty()
                {
                    let at_once = mailbox.calls.iter().filter(|it| it.after == Seconds::ZERO);
                    memo.held = at_once.filter_map(|it| calling(request, it)).collect();
                }
                vec![input]
            },
            wants: in_addition,
            ..Wiring::RIGHT
        }),
    },
    Fault {
        name: "waits-for-its-own-instructions-for-ever",
        says: "A device calls nobody before its own instructions are over, however long that takes.",
        breaks: &["POL-065"],
        kills: &[(
            "device/POL/two-minutes-are-enough",
            "expected the request callPeer within 16 s; no request came within 16 s",
        )],
        also: &[],
        defect: Defect::Device(Wiring {
            hears: |memo, input| {
                if let Input::ServiceAnswered { answer, .. } = &input {
                    memo.number = u64::from(matches!(answer, ServiceAnswer::Later(_)));
                }
                vec![input]
            },
            wants: |memo, mut outputs| {
                outputs.retain(|it| memo.number == 0 || !called(it));
                outputs
            },
            ..Wiring::RIGHT
        }),
    },
    Fault {
        name: "calls-bunch-up",
        says: "A device that is late with its calls makes them all at once.",
        breaks: &["POL-064"],
        kills: &[(
            "device/POL/calls-never-bunch-up",
            "expected not the request callPeer within 46 s; the request callPeer came after",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            shown(input, |mailbox| {
                if !mailbox.instructions.is_empty() {
                    let calls = mailbox.calls.iter_mut();
                    calls.for_each(|call| call.after = Seconds::ZERO);
                }
            })
        })),
    },
    Fault {
        name: "a-silent-one-ends-the-branch",
        says: "A device takes it for an answer when a peer gives none.",
        breaks: &["POL-061"],
        kills: &[(
            "device/POL/those-below-a-silent-one-are-called",
            "expected the request callPeer within 40 s; no request came within 40 s",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|_, input| heard(input, true))),
    },
    Fault {
        name: "calls-those-below-as-well",
        says: "A device calls those below a peer that has answered.",
        breaks: &["POL-061"],
        kills: &[(
            "device/POL/one-that-answers-keeps-those-below-it",
            "expected not the request callPeer within 600 s; the request callPeer came after",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|_, input| heard(input, false))),
    },
    Fault {
        name: "nobody-behind-the-missing",
        says: "A device passes over an entry without an address, and those below it.",
        breaks: &["POL-061"],
        kills: &[(
            "device/POL/one-without-an-address-is-stepped-over",
            "expected the request callPeer within 30 s; no request came within 30 s",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            shown(input, |mailbox| {
                mailbox.calls.retain(|call| call.address.is_some());
            })
        })),
    },
    Fault {
        name: "calls-without-a-tag",
        says: "A device calls others whether it was asked with a tag or not.",
        breaks: &["POL-062"],
        kills: &[(
            "device/POL/without-a-tag-nobody-is-called",
            "expected not the request callPeer within 600 s; the request callPeer came after",
        )],
        also: &[],
        defect: Defect::Device(Wiring {
            hears: |memo, input| {
                if let (Some(mailbox), Some(request)) = (mailbox(&input), memo.requests.last())
                    && request.tag.is_none()
                {
                    let named = mailbox.calls.iter();
                    memo.held = named.filter_map(|it| calling(request, it)).collect();
                }
                vec![input]
            },
            wants: in_addition,
            ..Wiring::RIGHT
        }),
    },
    Fault {
        name: "credential-goes-to-peers",
        says: "A device presents an access code to those whom it calls.",
        breaks: &["POL-063"],
        kills: &[(
            "device/POL/a-call-holds-nothing-but-the-link",
            "expected the request callPeer within 12 s; got the request callPeer with another",
        )],
        also: &[],
        defect: Defect::Device(Wiring::sensing(Senses {
            says: |typed, asked| {
                if asked.conversation == "callPeer" {
                    asked.credential = Some(typed.to_owned());
                }
            },
            ..Senses::RIGHT
        })),
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
fn asked(mut input: Input, change: impl FnOnce(&mut PollRequest)) -> Vec<Input> {
    if let Input::PollRequested(request) = &mut input {
        change(request);
    }
    vec![input]
}

/// The same input, but that a peer has answered, or has not.
fn heard(mut input: Input, whether: bool) -> Vec<Input> {
    if let Input::PeerCalled { answered, .. } = &mut input {
        *answered = whether;
    }
    vec![input]
}

const fn requested(input: &Input) -> bool {
    matches!(input, Input::PollRequested(_))
}

const fn mailbox(input: &Input) -> Option<&Mailbox> {
    match input {
        Input::Replied {
            reply: DeviceReply::Polled(PollReply::Mailbox(mailbox)),
            ..
        } => Some(mailbox),
        _ => None,
    }
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

/// What is wanted, and what the fault holds back.
fn in_addition(memo: &mut Memo<DeviceKind>, mut outputs: Vec<Output>) -> Vec<Output> {
    outputs.append(&mut memo.held);
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

/// A call of this entry for this request.
fn calling(request: &PollRequest, call: &PollCall) -> Option<Output> {
    let address = call.address.clone()?;
    Some(Output::CallPeer(Box::new(PeerCall {
        exchange: Default::default(),
        request: request.passed_on([&address]),
        address,
    })))
}

const fn called(output: &Output) -> bool {
    matches!(output, Output::CallPeer(_))
}

fn tag_of(output: &Output) -> Option<&PollTag> {
    match output {
        Output::CallPeer(call) => call.request.tag.as_ref(),
        _ => None,
    }
}

/// The calls that a device wants to make, to be altered.
fn calls(outputs: &mut [Output]) -> impl Iterator<Item = &mut PeerCall> {
    outputs.iter_mut().filter_map(|output| match output {
        Output::CallPeer(call) => Some(&mut **call),
        _ => None,
    })
}
