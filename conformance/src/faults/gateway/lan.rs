//! Faults of a gateway's side of its LAN. They show on real connections alone.

use restante_device::site::recorded;

use crate::faults::{Defect, Fault, LanManners};
use crate::party::{Announced, heard};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "incomplete-answer-completed",
        says: "A gateway takes a child without a serial number for one without a number.",
        breaks: &["SITE-003"],
        kills: &[(
            ANSWERS,
            "got the request enrol, in which devices: expected 2 items",
        )],
        also: &[],
        defect: Defect::Lan(LanManners::hearing(|announced| {
            let completed = |it: &Announced| {
                let text = |key: &str| match (it.record.get(key), key) {
                    (Some(text), _) => Some(text.as_str()),
                    (None, "serial") => Some("none"),
                    (None, _) => None,
                };
                Some(it.entry(recorded(text)?))
            };
            announced.iter().filter_map(completed).collect()
        })),
    },
    Fault {
        name: "unknown-key-resented",
        says: "A gateway passes over a child whose record holds a key that it does not know.",
        breaks: &["SITE-003"],
        kills: &[(
            ANSWERS,
            "got the request enrol, in which devices: expected 2 items",
        )],
        also: &[],
        defect: Defect::Lan(LanManners::hearing(|announced| {
            let known = |it: &&Announced| it.record.keys().all(|key| KEYS.contains(&&**key));
            announced
                .iter()
                .filter(known)
                .filter_map(Announced::child)
                .collect()
        })),
    },
    Fault {
        name: "call-given-up-at-a-bad-answer",
        says: "A gateway hears no more answers to a general call after one that it cannot read.",
        breaks: &["SITE-003"],
        kills: &[(
            ANSWERS,
            "got the request enrol, in which devices: expected 2 items",
        )],
        also: &[],
        defect: Defect::Lan(LanManners::hearing(|announced| {
            let children = announced.iter().map_while(Announced::child);
            children.collect()
        })),
    },
    Fault {
        name: "code-shown-to-children",
        says: "A gateway presents its formal code to each child that it asks.",
        breaks: &["SITE-007"],
        kills: &[(
            "gateway/SITE/no-child-gets-an-access-code",
            "got an access code",
        )],
        also: &[],
        defect: Defect::Lan(LanManners {
            hears: heard,
            indiscreet: true,
        }),
    },
];

/// The case about answers that are none.
const ANSWERS: &str = "gateway/SITE/answers-that-are-none-are-passed-over";
/// The keys of a record (section 8.1).
const KEYS: [&str; 5] = ["txtvers", "vendor", "model", "serial", "functions"];
