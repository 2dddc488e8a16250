//! Faults of the throttle on wrong provisional codes.

use std::net::{IpAddr, Ipv4Addr};

use restante_core::Seconds;
use restante_core::limits::WRONG_CODES;
use restante_core::record::{Bytes, Kind, Throttle, WrongCode};
use restante_core::wire::RefusalCode;

use crate::faults::scene::{Alter, Decided, Scene, refused_as};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "throttle-counts-repetitions",
        says: "A wrong code counts each time that it is tried.",
        breaks: &[],
        kills: &[(
            "server/COD/one-stale-code-counts-once",
            "expected the refusal code-refused; got refusal throttled",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            wrong_codes(scene, |place, wrong| wrong.mark = Bytes([place; 16]))
        }),
    },
    Fault {
        name: "throttle-for-everybody",
        says: "Wrong codes count against everybody.",
        breaks: &[],
        kills: &[(
            "server/COD/others-wrong-codes-do-not-throttle",
            "expected the reply enrolled; got refusal throttled",
        )],
        also: &["server/SVC/ten-wrong-pairs-are-throttled"],
        defect: Defect::Decision(|scene| from(scene, Some(IpAddr::V4(Ipv4Addr::LOCALHOST)))),
    },
    Fault {
        name: "throttle-never",
        says: "Nobody is ever throttled.",
        breaks: &[],
        kills: &[(
            "server/COD/ten-wrong-codes-are-throttled",
            "expected the refusal throttled; got refusal code-refused",
        )],
        also: &[
            "server/COD/others-wrong-codes-do-not-throttle",
            "server/COD/the-throttle-ends-with-the-hour",
            "server/HTTP/retry-after-is-a-header-too",
            "server/SEA/a-flood-from-one-source",
            "server/SVC/ten-wrong-pairs-are-throttled",
        ],
        defect: Defect::Decision(|scene| from(scene, None)),
    },
    Fault {
        name: "throttle-lets-right-codes-through",
        says: "A throttled source is heard when its code is right.",
        breaks: &[],
        kills: &[(
            "server/COD/ten-wrong-codes-are-throttled",
            "expected the refusal throttled; got enrolled",
        )],
        also: &[
            "server/COD/the-throttle-ends-with-the-hour",
            "server/HTTP/retry-after-is-a-header-too",
            "server/SVC/ten-wrong-pairs-are-throttled",
        ],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            let heard = from(scene, None);
            match (refused_as(&decided, RefusalCode::Throttled), heard) {
                (true, Err(pause)) => Err(pause),
                (true, Ok(heard)) if heard.outcome.is_ok() => Ok(heard),
                _ => decided,
            }
        }),
    },
    Fault {
        name: "throttle-too-early",
        says: "A source is throttled after five wrong codes.",
        breaks: &[],
        kills: &[(
            "server/COD/ten-wrong-codes-are-throttled",
            "expected the refusal code-refused; got refusal throttled",
        )],
        also: &[
            "server/COD/the-throttle-ends-with-the-hour",
            "server/COD/others-wrong-codes-do-not-throttle",
            "server/HTTP/retry-after-is-a-header-too",
            "server/SEA/a-flood-from-one-source",
            "server/SEA/a-flood-under-one-sender",
            "server/SVC/ten-wrong-pairs-are-throttled",
            "server/SVC/wrong-pairs-are-refused-alike",
        ],
        defect: Defect::Decision(|scene| {
            scene.seeing(Kind::Throttle, |throttle: &mut Throttle| {
                if let (5.., Some(last)) = (throttle.wrong.len(), throttle.wrong.last().copied()) {
                    throttle.wrong.resize(WRONG_CODES, last);
                }
            })
        }),
    },
    Fault {
        name: "throttle-never-ends",
        says: "A source that is throttled stays throttled.",
        breaks: &[],
        kills: &[(
            "server/COD/the-throttle-ends-with-the-hour",
            "expected the reply enrolled; got refusal throttled",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let now = scene.now;
            wrong_codes(scene, |_, wrong| wrong.at = now)
        }),
    },
    Fault {
        name: "throttle-for-a-day",
        says: "A throttled source is told to wait for a day.",
        breaks: &[],
        kills: &[(
            "server/COD/ten-wrong-codes-are-throttled",
            "in which retryAfter: expected at most 3600, got 86400",
        )],
        also: &[
            "server/HTTP/retry-after-is-a-header-too",
            "server/COD/the-throttle-ends-with-the-hour",
            "server/SEA/a-flood-from-one-source",
            "server/SEA/a-flood-under-one-sender",
            "server/SVC/ten-wrong-pairs-are-throttled",
        ],
        defect: Defect::Decision(|scene| {
            scene.decide().refusing("throttled", |refusal| {
                refusal.retry_after = Some(Seconds::DAY);
            })
        }),
    },
];

/// The decision for an enrolment whose source's wrong codes are altered, each by its place.
fn wrong_codes(scene: &Scene<'_>, change: impl Fn(u8, &mut WrongCode)) -> Decided {
    if scene.enrol().is_none() {
        return scene.decide();
    }
    scene.seeing(Kind::Throttle, |throttle: &mut Throttle| {
        for (place, wrong) in (0..).zip(&mut throttle.wrong) {
            change(place, wrong);
        }
    })
}

/// The decision as if the call had come from there.
fn from(scene: &Scene<'_>, address: Option<IpAddr>) -> Decided {
    let mut call = scene.call.clone();
    call.source.address = address;
    scene.calling(&call)
}
