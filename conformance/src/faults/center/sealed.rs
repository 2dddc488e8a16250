//! Faults of what a center makes of sealed envelopes: spec chapter 14.

use restante_core::center::{Decision, Message, Reply};
use restante_core::decision::Sealed;
use restante_core::id::RegistrationId;
use restante_core::record::{Kind, Lane, LaneRecord, RegistrationLocator, Throttle};
use restante_core::seal::{self, Envelope, Header, Received};
use restante_core::wire::RefusalCode;

use crate::faults::http::Wire;
use crate::faults::scene::{Alter, Decided, Scene, refusal, refused_for, store};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "envelopes-of-another-type",
        says: "What is sealed in return comes as bytes of no type in particular.",
        breaks: &["SEA-020"],
        kills: &[(
            "server/SEA/a-life-in-envelopes",
            "expected a sealed reply; got HTTP 200 without an envelope",
        )],
        also: &["server/SEA/"],
        defect: Defect::Wire(Wire::answering(|request, response| {
            if request.path == "/v1/sealed" {
                for (_, value) in response
                    .headers
                    .iter_mut()
                    .filter(|it| it.0 == "content-type")
                {
                    *value = "application/octet-stream".to_owned();
                }
            }
        })),
    },
    Fault {
        name: "sealed-enrolments-say-nothing",
        says: "An enrolment whose formal code is in use is met with silence when it comes again.",
        breaks: &["SEA-018"],
        kills: &[(
            "server/SEA/an-enrolment-again",
            "expected a sealed refusal; got HTTP 204 without an envelope",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            saying(scene.decide(), "request-redeemed", |said| {
                said.envelope = None;
            })
        }),
    },
    Fault {
        name: "unopened-envelopes-move-the-lane",
        says: "The counter of an envelope counts before it has opened.",
        breaks: &["SEA-010"],
        kills: &[(
            "server/SEA/an-altered-envelope-changes-nothing",
            "expected a sealed reply; got a sealed",
        )],
        also: &[
            "server/SEA/a-flood-from-one-source",
            "server/SEA/a-flood-under-one-sender",
        ],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match header(scene).filter(|_| refused_for(&decided, "sealed-unopened")) {
                Some(header) => moved(scene, &header, decided),
                None => decided,
            }
        }),
    },
    Fault {
        name: "kept-replies-are-lost",
        says: "A request that comes again finds that nobody has kept its reply.",
        breaks: &["SEA-011"],
        kills: &[(
            "server/SEA/a-repeated-request-hears-the-same-bytes",
            "expected a sealed reply; got HTTP 204 without an envelope",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            scene
                .decide()
                .writing(Kind::Lane, |lanes: &mut LaneRecord| {
                    for lane in &mut lanes.epochs {
                        lane.reply = None;
                    }
                })
        }),
    },
    Fault {
        name: "no-lane-is-kept",
        says: "Each request counts as the first of its lane.",
        breaks: &["SEA-012", "SEA-016"],
        kills: &[
            (
                "server/SEA/an-old-request-is-challenged",
                "expected a sealed challenge; got a sealed reply",
            ),
            (
                "server/SEA/mails-overtake-one-another",
                "in the reply readings, rows: expected",
            ),
        ],
        also: &["server/SEA/"],
        defect: Defect::Decision(|scene| scene.decide().unwriting(Kind::Lane)),
    },
    Fault {
        name: "old-requests-are-passed-over",
        says: "A request from before the last one is met with silence.",
        breaks: &["SEA-013"],
        kills: &[
            (
                "server/SEA/an-old-request-is-challenged",
                "expected a sealed challenge; got HTTP 204 without an envelope",
            ),
            (
                "server/SEA/an-answer-to-a-challenge-passes",
                "expected a sealed challenge; got HTTP 204 without an envelope",
            ),
        ],
        also: &[],
        defect: Defect::Decision(|scene| {
            saying(scene.decide(), "sealed-challenged", |said| {
                said.envelope = None;
            })
        }),
    },
    Fault {
        name: "answers-are-challenged",
        says: "The nonce of a challenge is another by the time that the answer comes.",
        breaks: &["SEA-017"],
        kills: &[(
            "server/SEA/an-answer-to-a-challenge-passes",
            "expected a sealed reply; got a sealed challenge",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            match header(scene).is_some_and(|it| it.kind == seal::Kind::Answer) {
                true => scene.seeing(Kind::Lane, |lanes: &mut LaneRecord| {
                    for lane in &mut lanes.epochs {
                        lane.tag.0[0] ^= 1;
                    }
                }),
                false => scene.decide(),
            }
        }),
    },
    Fault {
        name: "clones-go-unnoticed",
        says: "A second message with the counter of the last one is refused, and nothing more.",
        breaks: &["SEA-014"],
        kills: &[(
            "server/SEA/two-senders-are-noticed",
            "expected a sealed refusal; got a sealed reply",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match reason(&decided) == Some("registration-cloned") {
                true => decided
                    .unwriting(Kind::Registration)
                    .unwriting(Kind::RegistrationLocator),
                false => decided,
            }
        }),
    },
    Fault {
        name: "mails-only-in-order",
        says: "A mail that another has overtaken counts as one that has come.",
        breaks: &["SEA-015"],
        kills: &[(
            "server/SEA/mails-overtake-one-another",
            "in the reply readings, rows: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            scene.seeing(Kind::Lane, |lanes: &mut LaneRecord| {
                for lane in &mut lanes.epochs {
                    lane.seen = u64::MAX;
                }
            })
        }),
    },
    Fault {
        name: "failed-openings-are-free",
        says: "Nobody counts the requests that do not open.",
        breaks: &["SEA-019"],
        kills: &[
            (
                "server/SEA/a-flood-from-one-source",
                "expected the refusal throttled; got refusal formal-code-refused",
            ),
            (
                "server/SEA/a-flood-under-one-sender",
                "expected the refusal throttled; got refusal formal-code-refused",
            ),
        ],
        also: &[],
        defect: Defect::Decision(|scene| match header(scene) {
            Some(_) => scene.decide().unwriting(Kind::Throttle),
            None => scene.decide(),
        }),
    },
    Fault {
        name: "throttled-senders-are-shut-out",
        says: "Where requests of a sender have not opened, the right one has to wait with the others.",
        breaks: &["SEA-021"],
        kills: &[(
            "server/SEA/a-flood-under-one-sender",
            "expected a sealed reply; got refusal throttled",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let Some(header) = header(scene) else {
                return scene.decide();
            };
            let counted = scene.load::<Throttle>(&Throttle::unopened_under(&header.sender))?;
            match counted.and_then(|(it, _)| it.wait(scene.now)) {
                Some(_) => refusal(scene, RefusalCode::Throttled),
                None => scene.decide(),
            }
        }),
    },
];

/// The header of the envelope that a call is about.
fn header(scene: &Scene<'_>) -> Option<Header> {
    match &scene.call.message {
        Message::Sealed(bytes) => Some(*Envelope::parse(bytes).ok()?.header()),
        _ => None,
    }
}

/// Why the message inside came to nothing.
fn reason(decided: &Decided) -> Option<&'static str> {
    match decided {
        Ok(Decision {
            outcome: Ok(Reply::Sealed(said)),
            ..
        }) => said.reason.as_ref().map(|reason| reason.word),
        _ => None,
    }
}

/// Alters what is said where the message inside came to nothing for this reason.
fn saying(mut decided: Decided, word: &str, change: impl FnOnce(&mut Sealed)) -> Decided {
    if reason(&decided) == Some(word)
        && let Ok(Decision {
            outcome: Ok(Reply::Sealed(said)),
            ..
        }) = &mut decided
    {
        change(said);
    }
    decided
}

/// The same decision, and the lane is where this header says.
fn moved(scene: &Scene<'_>, header: &Header, mut decided: Decided) -> Decided {
    let id = RegistrationId::from_bytes(header.sender);
    let locator = RegistrationLocator::key(id);
    let Some((locator, _)) = scene.load::<RegistrationLocator>(&locator)? else {
        return decided;
    };
    let key = LaneRecord::key(locator.customer, id, header.lane);
    let kept = scene.load::<LaneRecord>(&key)?;
    let (lanes, at) = kept.unwrap_or_default();
    let received = Received {
        counter: header.counter,
        ..Received::nothing(0)
    };
    let lane = Lane::new(header.epoch, &received, None);
    if let Ok(decision) = &mut decided {
        store(decision, key, at, &lanes.with(lane, |_| true));
    }
    decided
}
