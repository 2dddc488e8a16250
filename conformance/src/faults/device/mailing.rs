//! Faults of registering for services by mail: spec section 13.3.

use restante_core::Seconds;
use restante_core::id::{DeviceId, Note};
use restante_core::registrant::ServiceAnswer;
use restante_core::wire::{DeviceRequest, Progress};

use crate::faults::{Defect, Fault, Mailing, message};
use crate::mail::Letter;

use super::services;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "mails-about-another-device",
        says: "A device names another in its mails.",
        breaks: &["MAIL-012"],
        kills: &[(PAIR, NO_MAIL)],
        also: &["device/MAIL/"],
        defect: Defect::Mailing(Mailing {
            says: |errand| errand.message.device = DeviceId::from_bytes([7; 16]),
            ..Mailing::RIGHT
        }),
    },
    Fault {
        name: "mails-without-the-code",
        says: "A device leaves its registration code out of its mails.",
        breaks: &["MAIL-012"],
        kills: &[(PAIR, NO_MAIL)],
        also: &["device/MAIL/"],
        defect: Defect::Mailing(Mailing {
            says: |errand| errand.message.code = None,
            ..Mailing::RIGHT
        }),
    },
    Fault {
        name: "mails-the-formal-code",
        says: "A device writes its formal code into a part beside the message.",
        breaks: &["MAIL-012"],
        kills: &[(PAIR, NO_MAIL)],
        also: &["device/MAIL/"],
        defect: Defect::Mailing(Mailing::writing(|errand, code| {
            let beside = format!("Content-Type: text/plain\r\n\r\n{code}\r\n");
            let letter = Letter {
                beside: Some(1),
                ..Letter::default()
            };
            let mail = letter.written(&[message(errand)], &Default::default());
            let mail = String::from_utf8_lossy(&mail).into_owned();
            let end = mail.rfind("--kit--").unwrap_or(mail.len());
            let (before, after) = mail.split_at(end);
            format!("{before}--kit\r\n{beside}{after}").into_bytes()
        })),
    },
    Fault {
        name: "mails-about-any-host",
        says: "A device sends mails about URLs whose host its schedule does not name.",
        breaks: &["MAIL-013"],
        kills: &[(
            "device/MAIL/nothing-is-mailed-about-a-foreign-host",
            "expected the request acknowledge within 300 s; got the request acknowledge, in which",
        )],
        also: &[],
        defect: Defect::Mailing(Mailing {
            shown: services::all_hosts_allowed,
            ..Mailing::RIGHT
        }),
    },
    Fault {
        name: "mails-about-plain-http",
        says: "A device sends mails about URLs whatever they begin with.",
        breaks: &["MAIL-013"],
        kills: &[(
            "device/MAIL/nothing-is-mailed-about-a-url-that-breaks-a-rule",
            "expected the request acknowledge within 300 s; got the request acknowledge, in which",
        )],
        also: &[],
        defect: Defect::Mailing(Mailing {
            shown: services::all_urls_secure,
            ..Mailing::RIGHT
        }),
    },
    Fault {
        name: "a-refused-mail-counts-as-taken",
        says: "A device calls the act done whatever its mail server says for good.",
        breaks: &["MAIL-014"],
        kills: &[
            (REFUSED, ANOTHER_END),
            (
                "device/MAIL/a-refused-recipient-is-a-refused-mail",
                ANOTHER_END,
            ),
        ],
        also: &[],
        defect: Defect::Mailing(Mailing::hearing(|_, answer| match answer {
            ServiceAnswer::Refused(_) => ServiceAnswer::HandedOver,
            other => other,
        })),
    },
    Fault {
        name: "a-refused-mail-is-sent-again",
        says: "A device does not hear that its mail server refuses a mail for good.",
        breaks: &["MAIL-014"],
        kills: &[(REFUSED, ANOTHER_END)],
        also: &["device/MAIL/a-refused-recipient-is-a-refused-mail"],
        defect: Defect::Mailing(Mailing::hearing(|_, answer| match answer {
            ServiceAnswer::Refused(_) => ServiceAnswer::Nothing,
            other => other,
        })),
    },
    Fault {
        name: "a-taken-mail-is-sent-again",
        says: "A device does not hear that its mail server has taken a mail.",
        breaks: &["MAIL-014"],
        kills: &[(PAIR, ANOTHER_END)],
        also: &["device/MAIL/"],
        defect: Defect::Mailing(Mailing::hearing(|_, answer| match answer {
            ServiceAnswer::HandedOver => ServiceAnswer::Nothing,
            other => other,
        })),
    },
    Fault {
        name: "a-mail-is-sent-once",
        says: "A device calls the act done once it has tried to hand a mail over.",
        breaks: &["MAIL-015"],
        kills: &[(
            AGAIN,
            "expected the request mail within 6 s; got the request acknowledge",
        )],
        also: &["device/MAIL/"],
        defect: Defect::Mailing(Mailing::hearing(|_, answer| match answer {
            ServiceAnswer::Nothing => ServiceAnswer::HandedOver,
            other => other,
        })),
    },
    Fault {
        name: "for-now-is-for-good",
        says: "A device takes a mail server's no for now for a no for good.",
        breaks: &["MAIL-015"],
        kills: &[(
            AGAIN,
            "expected the request mail within 6 s; got the request acknowledge",
        )],
        also: &["device/MAIL/"],
        defect: Defect::Mailing(Mailing::hearing(|_, answer| refused_if(true, answer))),
    },
    Fault {
        name: "a-mail-waits-an-hour",
        says: "A device waits an hour whenever its mail server has not taken a mail.",
        breaks: &["MAIL-015"],
        kills: &[(AGAIN, "expected the request mail within 6 s; ")],
        also: &["device/MAIL/a-mail-server-can-be-away-for-eleven-hours"],
        defect: Defect::Mailing(Mailing::hearing(|_, answer| match answer {
            ServiceAnswer::Nothing => ServiceAnswer::Later(Seconds::new(3_600)),
            other => other,
        })),
    },
    Fault {
        name: "gives-mails-up-after-ten-tries",
        says: "A device gives a mail up that it has tried to hand over ten times.",
        breaks: &["MAIL-015"],
        kills: &[(
            "device/MAIL/a-mail-server-can-be-away-for-eleven-hours",
            "the request acknowledge came after",
        )],
        also: &["device/MAIL/a-mail-in-vain-has-failed-after-twelve-hours"],
        defect: Defect::Mailing(Mailing::hearing(|tries, answer| {
            refused_if(tries >= 10, answer)
        })),
    },
    Fault {
        name: "a-mail-in-vain-is-not-told",
        says: "A device never tells its center that it could not hand a mail over.",
        breaks: &["MAIL-015"],
        kills: &[(
            "device/MAIL/a-mail-in-vain-has-failed-after-twelve-hours",
            "expected the request acknowledge within 50400 s; ",
        )],
        also: &[REFUSED, "device/MAIL/a-refused-recipient-is-a-refused-mail"],
        defect: Defect::Mailing(Mailing {
            loses: |request| match request {
                DeviceRequest::Acknowledge(message) => {
                    let mut all = message.acknowledgements.iter();
                    all.any(|it| it.progress == Progress::Failed)
                }
                _ => false,
            },
            ..Mailing::RIGHT
        }),
    },
    Fault {
        name: "mails-in-the-clear",
        says: "A device hands its mails over without TLS whatever a person has set.",
        breaks: &["MAIL-016"],
        kills: &[(
            "device/MAIL/nothing-is-handed-over-in-the-clear",
            "the request mail came after",
        )],
        also: &[],
        defect: Defect::Mailing(Mailing {
            set: |by| by.tls = false,
            ..Mailing::RIGHT
        }),
    },
];

/// A mail that was not taken, as if it had been refused for good.
fn refused_if(so: bool, answer: ServiceAnswer) -> ServiceAnswer {
    match (answer, Note::new("the mail server does not take the mail")) {
        (ServiceAnswer::Nothing, Ok(why)) if so => ServiceAnswer::Refused(why),
        (other, _) => other,
    }
}

/// The case about what a mail holds.
const PAIR: &str = "device/MAIL/a-mail-holds-the-pair-and-nothing-else";
/// The case about a mail that is refused for good.
const REFUSED: &str = "device/MAIL/a-refused-mail-has-failed";
/// The case about a mail that is not taken for now.
const AGAIN: &str = "device/MAIL/a-mail-that-is-not-taken-is-sent-again";
/// How a case says that another mail than the right one has come.
const NO_MAIL: &str = "expected the request mail within 60 s; ";
/// How a case says that an act has not ended as it should.
const ANOTHER_END: &str = "expected the request acknowledge within 300 s; ";
