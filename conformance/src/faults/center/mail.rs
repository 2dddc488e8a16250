//! Faults of what a center makes of mails: spec chapter 13.

use restante_core::center::{Decision, Message};
use restante_core::id::DeviceId;
use restante_core::provider::Pair;
use restante_core::record::{Change, Entitlement, Kind, Record, Revision, Throttle, WrongCode};
use restante_core::wire::{Mailed, RefusalCode, RegisterAt};

use crate::faults::scene::{Alter, Decided, Scene, is_repetition, refusal, refused_for, store};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "mailed-pairs-entitle-nobody",
        says: "A right pair in a mail is accepted, and the device cannot use the service.",
        breaks: &["MAIL-008"],
        kills: &[(
            "server/MAIL/a-pair-in-a-mail-entitles",
            "in the reply entitlements, rows: expected",
        )],
        also: ALL,
        defect: Defect::Decision(|scene| match mailed(scene) {
            Some(_) => scene.decide().unwriting(Kind::Entitlement),
            None => scene.decide(),
        }),
    },
    Fault {
        name: "any-mailed-code-opens",
        says: "A device is entitled by a mail whatever its code is.",
        breaks: &["MAIL-009"],
        kills: &[
            (
                "server/MAIL/a-wrong-pair-in-a-mail-changes-nothing",
                "in the reply entitlements, rows: expected",
            ),
            (
                "server/SCN/recognised-by-mail",
                "in the reply entitlements, rows: expected",
            ),
        ],
        also: &["server/MAIL/"],
        defect: Defect::Decision(|scene| entitled_for(scene, "registration-code-wrong")),
    },
    Fault {
        name: "a-mail-needs-no-code",
        says: "A device is entitled by a mail that holds no code.",
        breaks: &["MAIL-009"],
        kills: &[(
            "server/MAIL/a-wrong-pair-in-a-mail-changes-nothing",
            "in the reply entitlements, rows: expected",
        )],
        also: &["server/MAIL/"],
        defect: Defect::Decision(|scene| entitled_for(scene, "registration-code-missing")),
    },
    Fault {
        name: "any-url-in-a-mail-will-do",
        says: "A device is entitled by a mail about a URL that it was never told.",
        breaks: &["MAIL-009"],
        kills: &[(
            "server/MAIL/a-wrong-pair-in-a-mail-changes-nothing",
            "in the reply entitlements, rows: expected",
        )],
        also: &["server/MAIL/"],
        defect: Defect::Decision(|scene| entitled_for(scene, "registration-url-mismatch")),
    },
    Fault {
        name: "called-off-codes-open-in-mails",
        says: "A code that was called off opens still if it comes in a mail.",
        breaks: &["MAIL-009"],
        kills: &[(
            "server/MAIL/called-off-codes-open-nothing-in-a-mail",
            "in the reply entitlements, rows: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| entitled_for(scene, "registration-code-withdrawn")),
    },
    Fault {
        name: "a-mail-again-begins-anew",
        says: "A mail with a pair that was accepted before counts as the beginning of the use.",
        breaks: &["MAIL-010"],
        kills: &[(
            "server/MAIL/the-same-pair-again-has-no-second-effect",
            "in the reply entitlements, rows: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match is_repetition(&decided) {
                true => entitled(scene, decided),
                false => decided,
            }
        }),
    },
    Fault {
        name: "the-sender-is-the-device",
        says: "The device of a pair is whoever the mail says has sent it.",
        breaks: &["MAIL-004"],
        kills: &[(
            "server/MAIL/headers-say-nothing",
            "in the reply entitlements, rows: expected",
        )],
        also: &[],
        defect: Defect::Mail(|mail| {
            let text = String::from_utf8_lossy(mail);
            let after = text.split_once("From: ").map(|(_, after)| after);
            let sender = after
                .and_then(|it| it.split_once('@'))
                .map(|(name, _)| name);
            let named = after.and_then(|it| it.split_once("\"device\":\""));
            let named = named.and_then(|(_, it)| it.split_once('"'));
            match (sender, named) {
                (Some(sender), Some((device, _))) if sender.parse::<DeviceId>().is_ok() => {
                    let own = format!("\"{device}\"");
                    text.replace(&own, &format!("\"{sender}\"")).into_bytes()
                }
                _ => mail.to_vec(),
            }
        }),
    },
    Fault {
        name: "a-code-is-taken-from-the-subject",
        says: "A mail without a code is read with what stands in its subject.",
        breaks: &["MAIL-004"],
        kills: &[(
            "server/MAIL/headers-say-nothing",
            "in the reply entitlements, rows: expected",
        )],
        also: &[],
        defect: Defect::Mail(|mail| {
            let text = String::from_utf8_lossy(mail);
            let after = text.split_once("Subject: ").map(|(_, after)| after);
            let subject = after.and_then(|it| it.split_once("\r\n"));
            match subject {
                Some((code, _)) if !text.contains("\"code\":") => {
                    let with = format!("{{\"register\":{{\"code\":\"{code}\",");
                    text.replace("{\"register\":{", &with).into_bytes()
                }
                _ => mail.to_vec(),
            }
        }),
    },
    Fault {
        name: "base64-is-not-read",
        says: "A message is read as it stands in the mail, though it is encoded as base64.",
        breaks: &["MAIL-001"],
        kills: &[(
            "server/MAIL/a-message-is-read-however-it-is-encoded",
            "in the reply entitlements, rows: expected",
        )],
        also: &[],
        defect: Defect::Mail(|mail| without(mail, "Content-Transfer-Encoding: base64\r\n")),
    },
    Fault {
        name: "quoted-printable-is-not-read",
        says: "A message is read as it stands in the mail, though it is quoted.",
        breaks: &["MAIL-001"],
        kills: &[(
            "server/MAIL/a-message-is-read-however-it-is-encoded",
            "in the reply entitlements, rows: expected",
        )],
        also: &[],
        defect: Defect::Mail(|mail| {
            without(mail, "Content-Transfer-Encoding: quoted-printable\r\n")
        }),
    },
    Fault {
        name: "only-what-is-encoded-is-read",
        says: "A message is read where it is base64 or quoted-printable, and not as it stands.",
        breaks: &["MAIL-001"],
        kills: &[(AS_IT_STANDS, "in the reply entitlements, rows: expected")],
        also: &[],
        defect: Defect::Mail(|mail| hidden_if(mail, |text| text.contains("7bit"))),
    },
    Fault {
        name: "ascii-alone-is-read",
        says: "A mail with characters beyond ASCII is not read.",
        breaks: &["MAIL-001"],
        kills: &[(AS_IT_STANDS, "in the reply entitlements, rows: expected")],
        also: &[],
        defect: Defect::Mail(|mail| hidden_if(mail, |text| !text.is_ascii())),
    },
    Fault {
        name: "long-lines-are-not-read",
        says: "A mail with a line that is longer than a text's may be is not read.",
        breaks: &["MAIL-001"],
        kills: &[(AS_IT_STANDS, "in the reply entitlements, rows: expected")],
        also: &[],
        defect: Defect::Mail(|mail| hidden_if(mail, |text| text.lines().any(|it| it.len() > 998))),
    },
    Fault {
        name: "a-message-has-to-stand-alone",
        says: "A mail of several parts is not read.",
        breaks: &["MAIL-001"],
        kills: &[(
            "server/MAIL/a-message-is-read-however-it-is-encoded",
            "in the reply entitlements, rows: expected",
        )],
        also: &["server/MAIL/large-mails-are-not-read"],
        defect: Defect::Mail(|mail| without(mail, "; boundary=\"kit\"")),
    },
    Fault {
        name: "large-messages-are-read",
        says: "A message is read however large it is.",
        breaks: &["MAIL-002"],
        kills: &[(
            "server/MAIL/large-mails-are-not-read",
            "in the reply entitlements, rows: expected",
        )],
        also: &[],
        defect: Defect::Mail(|mail| without(mail, "  ")),
    },
    Fault {
        name: "large-mails-are-read",
        says: "A mail is read however large it is.",
        breaks: &["MAIL-002"],
        kills: &[(
            "server/MAIL/large-mails-are-not-read",
            "in the reply entitlements, rows: expected",
        )],
        also: &[],
        defect: Defect::Mail(|mail| without(mail, "xxxxxxxx")),
    },
    Fault {
        name: "the-first-of-several-counts",
        says: "Of several messages in a mail the first is taken.",
        breaks: &["MAIL-003"],
        kills: &[(
            "server/MAIL/what-holds-no-message-changes-nothing",
            "in the reply entitlements, rows: expected",
        )],
        also: &[],
        defect: Defect::Mail(|mail| {
            let text = String::from_utf8_lossy(mail);
            let kind = restante_mail::MEDIA_TYPE;
            match text.split_once(kind) {
                Some((before, after)) => {
                    let after = after.replace(kind, "application/octet-stream");
                    format!("{before}{kind}{after}").into_bytes()
                }
                None => mail.to_vec(),
            }
        }),
    },
    Fault {
        name: "attached-mails-are-read",
        says: "A message is taken from a mail that is attached to the one that came.",
        breaks: &["MAIL-003"],
        kills: &[(
            "server/MAIL/an-attached-mail-is-not-read",
            "in the reply entitlements, rows: expected",
        )],
        also: &[],
        defect: Defect::Mail(|mail| {
            let text = String::from_utf8_lossy(mail);
            match text.split_once("Content-Type: message/rfc822\r\n\r\n") {
                Some((_, attached)) => {
                    let end = attached.find("\r\n--around");
                    let whole = end.and_then(|end| attached.get(..end));
                    whole.unwrap_or(attached).as_bytes().to_vec()
                }
                None => mail.to_vec(),
            }
        }),
    },
    Fault {
        name: "any-json-in-a-mail-is-read",
        says: "A part is read as a message if it is JSON of whatever type.",
        breaks: &["MAIL-003"],
        kills: &[(
            "server/MAIL/what-holds-no-message-changes-nothing",
            "in the reply entitlements, rows: expected",
        )],
        also: &[],
        defect: Defect::Mail(|mail| {
            let text = String::from_utf8_lossy(mail);
            let kind = restante_mail::MEDIA_TYPE;
            text.replace("application/json", kind).into_bytes()
        }),
    },
    Fault {
        name: "wrong-mails-are-not-counted",
        says: "Wrong pairs can be tried without end in mails.",
        breaks: &["MAIL-011"],
        kills: &[(
            "server/MAIL/ten-wrong-mails-throttle-their-device-alone",
            "in the reply entitlements, rows: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match mailed(scene) {
            Some(_) => scene.decide().unwriting(Kind::Throttle),
            None => scene.decide(),
        }),
    },
    Fault {
        name: "wrong-mails-close-the-url",
        says: "A device about which wrong mails came is not heard at the URL either.",
        breaks: &["MAIL-011"],
        kills: &[(
            "server/MAIL/ten-wrong-mails-throttle-their-device-alone",
            "expected the reply registered; got refusal throttled",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let Message::Register(_, register) = &scene.call.message else {
                return scene.decide();
            };
            let about = Throttle::about(register.device);
            let noted = scene.load::<Throttle>(&about)?;
            match noted.and_then(|(noted, _)| noted.wait(scene.now)) {
                Some(_) => refusal(scene, RefusalCode::Throttled),
                None => scene.decide(),
            }
        }),
    },
    Fault {
        name: "wrong-mails-close-all-mails",
        says: "After wrong mails about one device no mail about any is evaluated.",
        breaks: &["MAIL-011"],
        kills: &[(
            "server/MAIL/ten-wrong-mails-throttle-their-device-alone",
            "in the reply entitlements, rows: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            if mailed(scene).is_none() {
                return scene.decide();
            }
            let all = Throttle::about(DeviceId::from_bytes([0; 16]));
            let noted = scene.load::<Throttle>(&all)?;
            let at = noted.as_ref().map_or(Revision::ABSENT, |(_, at)| *at);
            let noted = noted.map_or_else(Throttle::default, |(noted, _)| noted);
            if noted.wait(scene.now).is_some() {
                return refusal(scene, RefusalCode::Throttled);
            }
            scene.decide().map(|mut decision| {
                if let Some(wrong) = wrong(&decision)
                    && let Some(more) = noted.noting(wrong.mark, scene.now)
                {
                    store(&mut decision, all, at, &more);
                }
                decision
            })
        }),
    },
];

/// What a center that reads no mail breaks besides.
const ALL: &[&str] = &["server/MAIL/", "server/SCN/recognised-by-mail"];

/// The registration that a mail holds, if it is one.
fn mailed<'a>(scene: &Scene<'a>) -> Option<&'a RegisterAt> {
    match &scene.call.message {
        Message::Mailed(Mailed::Register(register)) => Some(register),
        _ => None,
    }
}

/// The decision for a mail that is refused for this reason, with the device entitled all the same.
fn entitled_for(scene: &Scene<'_>, word: &str) -> Decided {
    let decided = scene.decide();
    match refused_for(&decided, word) {
        true => entitled(scene, decided),
        false => decided,
    }
}

/// The decision, with the device of a mail entitled from now on for the service for which a code
/// was made for it.
fn entitled(scene: &Scene<'_>, decided: Decided) -> Decided {
    let (Some(register), Some((key, pair, _))) = (mailed(scene), scene.any::<Pair>(Kind::Pair))
    else {
        return decided;
    };
    let (Some(service), Some(customer)) = (Pair::service(&key), pair.customer) else {
        return decided;
    };
    let key = Entitlement::key(customer, &service, register.device);
    let held = scene.load::<Entitlement>(&key)?;
    let at = held.map_or(Revision::ABSENT, |(_, at)| at);
    let entitled = Entitlement {
        application: pair.application,
        since: scene.now,
        stopped: None,
    };
    decided.map(|mut decision: Decision| {
        store(&mut decision, key, at, &entitled);
        decision
    })
}

/// The wrong pair that a decision counts, if it counts one.
fn wrong(decision: &Decision) -> Option<WrongCode> {
    let mut writes = decision.written.writes.iter();
    let write = writes.find(|write| write.key.kind == Kind::Throttle)?;
    let Change::Put { format, body } = &write.change else {
        return None;
    };
    let throttle = Throttle::read(*format, body).ok()?;
    throttle.wrong.last().copied()
}

/// A mail whose message is none where this holds.
fn hidden_if(mail: &[u8], so: impl Fn(&str) -> bool) -> Vec<u8> {
    let text = String::from_utf8_lossy(mail);
    match so(&text) {
        true => without(mail, restante_mail::MEDIA_TYPE),
        false => mail.to_vec(),
    }
}

/// The case about messages that are not encoded.
const AS_IT_STANDS: &str = "server/MAIL/a-message-is-read-as-it-stands";

/// A mail without any of these texts.
fn without(mail: &[u8], text: &str) -> Vec<u8> {
    let read = String::from_utf8_lossy(mail);
    read.replace(text, "").into_bytes()
}
