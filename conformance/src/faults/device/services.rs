//! Faults of registering for services: where a device goes, what it says there, and what it makes
//! of the answer.

use restante_core::Seconds;
use restante_core::device::{Errand, Input, Output, ServiceAnswer};
use restante_core::id::Note;
use restante_core::wire::{
    Act, Acts, Host, Hosts, Mailbox, RegisterService, Registered, ServiceUrl,
};

use crate::faults::machine::Wiring;
use crate::faults::{Defect, Fault};
use crate::party::Senses;

use super::instructions::shown;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "formal-code-goes-along",
        says: "A device presents its formal code wherever it goes.",
        breaks: &["SVC-053"],
        kills: &[(
            "device/SVC/a-device-presents-its-pair-and-nothing-else",
            "expected the request register within 60 s; got the request acknowledge",
        )],
        also: &["device/SCN/"],
        defect: Defect::Device(Wiring::sensing(Senses {
            says: |typed, asked| {
                if asked.conversation == "register" {
                    asked.credential = Some(typed.to_owned());
                }
            },
            ..Senses::RIGHT
        })),
    },
    Fault {
        name: "code-left-out",
        says: "A device presents itself without its registration code.",
        breaks: &["SVC-052"],
        kills: &[
            (
                "device/SCN/a-provider-s-code-at-the-daily-poll",
                "expected the request register within 60 s; got the request acknowledge",
            ),
            (
                "device/SVC/a-device-presents-its-pair-and-nothing-else",
                "expected the request register within 60 s; got the request acknowledge",
            ),
            (
                "device/SCN/a-service-at-the-daily-poll",
                "expected the request register within 60 s; got the request acknowledge",
            ),
        ],
        also: &[
            "device/SVC/",
            "device/POL/calls-never-bunch-up",
            "device/POL/its-own-instructions-come-first",
            "device/POL/two-minutes-are-enough",
            "device/SCN/",
        ],
        defect: Defect::Device(Wiring::wanting(|_, mut outputs| {
            errands(&mut outputs).for_each(|errand| errand.message.code = None);
            outputs
        })),
    },
    Fault {
        name: "goes-wherever-it-is-told",
        says: "A device takes every host for one of its schedule.",
        breaks: &["SVC-050"],
        kills: &[(
            "device/SVC/a-foreign-host-is-not-gone-to",
            "expected the request acknowledge within 300 s; got the request acknowledge, in which",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|_, input| shown(input, all_hosts_allowed))),
    },
    Fault {
        name: "plain-http-will-do",
        says: "A device goes to a URL whatever it begins with.",
        breaks: &["SVC-051"],
        kills: &[(
            "device/SVC/a-url-that-breaks-a-rule-is-rejected",
            "expected the request acknowledge within 300 s; got the request acknowledge, in which",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|_, input| shown(input, all_urls_secure))),
    },
    Fault {
        name: "follows-a-service-s-redirection",
        says: "A device goes on to wherever a service's server points.",
        breaks: &["SVC-054"],
        kills: &[(
            "device/SVC/a-redirection-is-not-followed",
            "expected the request acknowledge within 300 s; got the request",
        )],
        also: &[],
        defect: Defect::Device(Wiring {
            hears: |memo, input| {
                answered(input, |answer| match answer {
                    ServiceAnswer::Refused(why) if why.as_str().contains("elsewhere") => {
                        memo.number = 1;
                        ServiceAnswer::Nothing
                    }
                    other => other,
                })
            },
            wants: |memo, mut outputs| {
                for errand in errands(&mut outputs).filter(|_| memo.number == 1) {
                    let there = errand.url.as_str().replace("/regist", "/elsewhere");
                    errand.url = ServiceUrl::new(there).unwrap_or(errand.url.clone());
                }
                outputs
            },
            ..Wiring::RIGHT
        }),
    },
    Fault {
        name: "refused-is-done",
        says: "A device calls a registration done that was refused.",
        breaks: &["SVC-056"],
        kills: &[
            (
                "device/SCN/another-s-code-starts-nothing",
                "expected the request acknowledge within 300 s; got the request acknowledge, in which",
            ),
            (
                "device/SVC/a-refused-device-has-failed",
                "expected the request acknowledge within 300 s; got the request acknowledge, in which",
            ),
        ],
        also: &[
            "device/SVC/a-stranger-s-refusal-counts",
            "device/SVC/a-redirection-is-not-followed",
            "device/SCN/the-root-tells-the-others-though-it-failed",
        ],
        defect: Defect::Device(Wiring {
            hears: |memo, input| {
                let device = memo.held.iter().find_map(|it| match it {
                    Output::Register(errand) => Some(errand.message.device),
                    _ => None,
                });
                answered(input, |answer| match (answer, device, "kit-x".parse()) {
                    (ServiceAnswer::Refused(_), Some(device), Ok(service)) => {
                        ServiceAnswer::Registered(Registered { device, service })
                    }
                    (other, ..) => other,
                })
            },
            wants: |memo, outputs| {
                let registers = |it: &&Output| matches!(it, Output::Register(_));
                memo.held.extend(outputs.iter().filter(registers).cloned());
                outputs
            },
            ..Wiring::RIGHT
        }),
    },
    Fault {
        name: "a-bare-refusal-is-a-failure-of-the-line",
        says: "A device goes on asking a server that refuses in words of its own.",
        breaks: &["SVC-056"],
        kills: &[(
            "device/SVC/a-stranger-s-refusal-counts",
            "expected the request acknowledge within 300 s; got the request",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            answered(input, |answer| match answer {
                ServiceAnswer::Refused(why) if why.as_str().ends_with("answered 403") => {
                    ServiceAnswer::Nothing
                }
                other => other,
            })
        })),
    },
    Fault {
        name: "gives-up-at-the-first-silence",
        says: "A device that gets no answer of a service has failed.",
        breaks: &["SVC-055"],
        kills: &[(
            "device/SVC/a-lost-answer-is-asked-for-again",
            "expected the request register within 6 s; ",
        )],
        also: &["device/SVC/a-lost-entitlement-is-presented-again"],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            answered(input, |answer| match (answer, Note::new("no answer")) {
                (ServiceAnswer::Nothing, Ok(why)) => ServiceAnswer::Refused(why),
                (other, _) => other,
            })
        })),
    },
    Fault {
        name: "another-code-the-second-time",
        says: "A device takes a code for spent that it has presented once.",
        breaks: &["SVC-055"],
        kills: &[(
            "device/SVC/a-lost-entitlement-is-presented-again",
            "expected the request register within 6 s; got the request acknowledge",
        )],
        also: &[
            "device/SVC/a-lost-answer-is-asked-for-again",
            "device/SVC/retry-after-is-waited-for-at-a-service",
            "device/POL/calls-never-bunch-up",
            "device/POL/its-own-instructions-come-first",
            "device/SCN/another-s-code-starts-nothing",
            "device/SCN/the-root-tells-the-others-though-it-failed",
        ],
        defect: Defect::Device(Wiring::wanting(|memo, mut outputs| {
            for errand in errands(&mut outputs) {
                memo.number += 1;
                if memo.number > 1 {
                    errand.message.code = None;
                }
            }
            outputs
        })),
    },
    Fault {
        name: "a-service-s-retry-after-ignored",
        says: "A device comes back to a service's server when it likes.",
        breaks: &["SVC-057"],
        kills: &[(
            "device/SVC/retry-after-is-waited-for-at-a-service",
            "expected not the request register within 598 s; the request register came after",
        )],
        also: &[
            "device/SVC/what-is-called-off-is-not-tried-again",
            "device/POL/calls-never-bunch-up",
            "device/POL/its-own-instructions-come-first",
            "device/POL/two-minutes-are-enough",
            "device/SCN/the-root-tells-the-others-though-it-failed",
        ],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            answered(input, |answer| match answer {
                ServiceAnswer::Later(_) => ServiceAnswer::Later(Seconds::ZERO),
                other => other,
            })
        })),
    },
    Fault {
        name: "called-off-and-tried-again",
        says: "A device that is at a registration does not hear that it is called off.",
        breaks: &["SVC-058"],
        kills: &[(
            "device/SVC/what-is-called-off-is-not-tried-again",
            "expected the request acknowledge within 300 s",
        )],
        also: &[],
        defect: Defect::Device(Wiring::hearing(|_, input| {
            shown(input, |mailbox| {
                let registers = |act: &Act| matches!(act, Act::RegisterService(_));
                for instruction in &mut mailbox.instructions {
                    instruction.cancel &= !instruction.acts.as_slice().iter().any(registers);
                }
            })
        })),
    },
];

/// The same input with the answer altered that a service's server gave.
fn answered(input: Input, change: impl FnOnce(ServiceAnswer) -> ServiceAnswer) -> Vec<Input> {
    vec![match input {
        Input::ServiceAnswered { exchange, answer } => Input::ServiceAnswered {
            exchange,
            answer: change(answer),
        },
        other => other,
    }]
}

/// What a device wants to present to services' servers, to be altered.
fn errands(outputs: &mut [Output]) -> impl Iterator<Item = &mut Errand> {
    outputs.iter_mut().filter_map(|output| match output {
        Output::Register(errand) => Some(&mut **errand),
        _ => None,
    })
}

/// Names the host of every service as one that may be gone to.
pub(super) fn all_hosts_allowed(mailbox: &mut Mailbox) {
    let instructions = mailbox.instructions.iter();
    let acts = instructions.flat_map(|it| it.acts.as_slice());
    let urls = acts.filter_map(|act| match act {
        Act::RegisterService(act) => ServiceUrl::new(act.url.as_str()).ok(),
        _ => None,
    });
    let hosts = urls.filter_map(|url| url.host().parse::<Host>().ok());
    if let Ok(hosts) = Hosts::new(hosts) {
        mailbox.schedule.hosts = hosts;
    }
}

/// Makes every plain URL of a service a secure one.
pub(super) fn all_urls_secure(mailbox: &mut Mailbox) {
    for instruction in &mut mailbox.instructions {
        let secure = |act: &Act| match act {
            Act::RegisterService(act) => Act::RegisterService(RegisterService {
                url: act.url.replace("http://", "https://"),
                code: act.code.clone(),
            }),
            other => other.clone(),
        };
        let acts = instruction.acts.as_slice().iter().map(secure).collect();
        instruction.acts = Acts::new(acts).unwrap_or(instruction.acts.clone());
    }
}
