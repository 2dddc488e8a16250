//! Faults of calling others: whom a device that has polled for a plan calls, when, and with what.

use restante_core::device::{Input, Output, PeerCall};
use restante_core::registrant::ServiceAnswer;
use restante_core::time::Seconds;
use restante_core::wire::poll::{Mailbox, PollCall};
use restante_core::wire::{DeviceReply, PollReply, PollRequest, PollTag};

use crate::faults::machine::Wiring;
use crate::faults::memo::Memo;
use crate::faults::{Defect, Fault};
use crate::party::{DeviceKind, Senses};

use super::instructions::shown;
use super::poll_requests::asked;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
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
            "device/SCN/the-middle-of-a-tree",
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
        also: &[
            "device/SCN/the-middle-of-a-tree",
            "device/SCN/the-top-of-a-tree",
        ],
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
        name: "calls-the-last-first",
        says: "A device calls whom the reply names the other way round.",
        breaks: &["POL-059"],
        kills: &[(
            "device/SCN/one-link-has-the-root-tell-the-others",
            "expected the request callPeer within 24 s; ",
        )],
        also: &["device/POL/", "device/SCN/"],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            shown(input, |mailbox| {
                let calls = mailbox.calls.iter();
                let addresses: Vec<_> = calls.map(|call| call.address.clone()).collect();
                let calls = mailbox.calls.iter_mut().rev();
                calls
                    .zip(addresses)
                    .for_each(|(call, it)| call.address = it);
            })
        })),
    },
    Fault {
        name: "calls-nobody",
        says: "A device that is to call others keeps silent.",
        breaks: &["POL-065"],
        kills: &[
            (
                "device/SCN/one-link-has-the-root-tell-the-others",
                "expected the request callPeer within 24 s; no request came within 24 s",
            ),
            (
                "device/SCN/targets-of-one-model-alone",
                "expected the request callPeer within 24 s; no request came within 24 s",
            ),
            (
                "device/SCN/the-middle-of-a-tree",
                "expected the request callPeer within 24 s; no request came within 24 s",
            ),
            (
                "device/POL/all-whom-the-reply-names-are-called",
                "expected the request callPeer within 12 s; no request came within 12 s",
            ),
        ],
        also: &[
            "device/POL/",
            "device/SCN/the-root-tells-the-others-though-it-failed",
            "device/SCN/the-top-of-a-tree",
        ],
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
            "device/SCN/",
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
            "device/SCN/",
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
        also: &["device/POL/", "device/SCN/"],
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
            "device/SCN/one-link-has-the-root-tell-the-others",
            "device/SCN/the-root-tells-the-others-though-it-failed",
            "device/SCN/the-top-of-a-tree",
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
        kills: &[
            (
                "device/SCN/the-root-tells-the-others-though-it-failed",
                "expected not the request callPeer within 27 s; the request callPeer came after",
            ),
            (
                "device/POL/its-own-instructions-come-first",
                "expected not the request callPeer within 57 s; the request callPeer came after",
            ),
        ],
        also: &[
            "device/POL/two-minutes-are-enough",
            "device/POL/calls-never-bunch-up",
            "device/SCN/a-link-without-a-tag-reaches-one",
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
        also: &[
            "device/SCN/one-link-has-the-root-tell-the-others",
            "device/SCN/the-root-tells-the-others-though-it-failed",
        ],
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
        also: &["device/SCN/the-top-of-a-tree"],
        defect: Defect::Device(Wiring::hearing(|_, input| heard(input, true))),
    },
    Fault {
        name: "calls-those-below-as-well",
        says: "A device calls those below a peer that has answered.",
        breaks: &["POL-061"],
        kills: &[
            (
                "device/SCN/the-top-of-a-tree",
                "expected the request callPeer within 24 s; got the request callPeer, in which pollreq",
            ),
            (
                "device/POL/one-that-answers-keeps-those-below-it",
                "expected not the request callPeer within 600 s; the request callPeer came after",
            ),
        ],
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
        kills: &[
            (
                "device/SCN/a-link-without-a-tag-reaches-one",
                "expected not the request callPeer within 600 s; the request callPeer came after",
            ),
            (
                "device/POL/without-a-tag-nobody-is-called",
                "expected not the request callPeer within 600 s; the request callPeer came after",
            ),
        ],
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
];

/// The same input, but that a peer has answered, or has not.
fn heard(mut input: Input, whether: bool) -> Vec<Input> {
    if let Input::PeerCalled { answered, .. } = &mut input {
        *answered = whether;
    }
    vec![input]
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

/// What is wanted, and what the fault holds back.
fn in_addition(memo: &mut Memo<DeviceKind>, mut outputs: Vec<Output>) -> Vec<Output> {
    outputs.append(&mut memo.held);
    outputs
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
