//! Faults of the center's listener: peers that may be slow, and TLS that need not be.

use std::time::Duration;

use crate::faults::{Defect, Fault, Oddness};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "patient-with-handshakes",
        says: "A connection may wait for its TLS handshake as long as it likes.",
        breaks: &[],
        kills: &[("server/HTTP/an-idle-handshake-is-cut", NOTHING_CAME)],
        also: &[],
        defect: Defect::Patience(|bounds| bounds.handshake = FOR_EVER),
    },
    Fault {
        name: "patient-with-heads",
        says: "The head of a request may take as long as it likes.",
        breaks: &[],
        kills: &[
            ("server/HTTP/a-slow-head-is-cut", NOTHING_CAME),
            ("server/HTTP/a-dripping-head-is-cut", ANSWERED),
        ],
        also: &[],
        defect: Defect::Patience(|bounds| bounds.header = FOR_EVER),
    },
    Fault {
        name: "patient-with-bodies",
        says: "The body of a request may take as long as it likes.",
        breaks: &[],
        kills: &[("server/HTTP/a-slow-body-is-cut", NOTHING_CAME)],
        also: &[],
        defect: Defect::Patience(|bounds| bounds.body = FOR_EVER),
    },
    Fault {
        name: "each-piece-has-its-time",
        says: "The time for the head of a request begins anew with each piece of it.",
        breaks: &[],
        kills: &[("server/HTTP/a-dripping-head-is-cut", ANSWERED)],
        also: &[],
        defect: Defect::Front(Oddness::EachPieceHasItsTime),
    },
    Fault {
        name: "plain-beside-tls",
        says: "The port takes requests without TLS as well.",
        breaks: &[],
        kills: &[("server/HTTP/no-credentials-without-tls", ANSWERED)],
        also: &[],
        defect: Defect::Front(Oddness::PlainBesideTls),
    },
];

const NOTHING_CAME: &str = "expected a response; no response within";
const ANSWERED: &str = "got HTTP status 200";
/// Longer than any case.
const FOR_EVER: Duration = Duration::from_secs(3_600);
