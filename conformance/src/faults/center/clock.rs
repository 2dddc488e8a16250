//! Faults about a clock that jumps and power that is cut.

use restante_core::record::{Clock, Kind};
use restante_core::wire::people::PeopleRequest;

use crate::faults::scene::{Alter, unswept};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "clock-believed-backwards",
        says: "An expired code is valid again when the clock goes back.",
        breaks: &[],
        kills: &[(
            "server/ENR/a-clock-that-goes-back-revives-nothing",
            "expected the refusal code-refused; got enrolled",
        )],
        also: &[
            "server/COD/a-swept-grant-forgets-the-name",
            "server/ENR/pending-ends-a-day-after-expiry",
            "server/SCN/seven-days-and-no-more",
        ],
        defect: Defect::Decision(|scene| {
            let now = scene.now;
            unswept(scene.seeing(Kind::Clock, |clock: &mut Clock| {
                clock.highest = clock.highest.min(now);
            }))
        }),
    },
    Fault {
        name: "clock-believed-forwards",
        says: "A clock that jumps ahead by days is believed.",
        breaks: &[],
        kills: &[(
            "server/ENR/a-clock-that-leaps-expires-nothing",
            "expected HTTP status 503; got HTTP status 200",
        )],
        also: &["server/MBX/a-clock-that-leaps-expires-no-instruction"],
        defect: Defect::Decision(|scene| {
            let now = scene.now;
            scene.seeing(Kind::Clock, |clock: &mut Clock| {
                clock.highest = clock.highest.max(now)
            })
        }),
    },
    Fault {
        name: "acceptance-forgotten",
        says: "The operator's word for the clock changes nothing.",
        breaks: &[],
        kills: &[(
            "server/ENR/a-clock-that-leaps-expires-nothing",
            "expected HTTP status 200; got HTTP status 503",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match scene.people() {
            Some(PeopleRequest::AcceptClock(_)) => scene.decide().unwriting(Kind::Clock),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "nothing-survives-a-crash",
        says: "The center keeps everything in memory, and a power cut takes it.",
        breaks: &[],
        kills: &[
            (
                "server/MSG/what-was-acknowledged-survives-a-crash",
                "expected the reply enrolled; got refusal code-refused",
            ),
            (
                "server/MBX/a-mailbox-survives-a-crash",
                "expected the reply polled; got refusal formal-code-refused",
            ),
        ],
        also: &["server/SCN/copy-sheets-from-100-to-140"],
        defect: Defect::Power,
    },
];
