//! Faults of what a gateway makes of poll requests.

use restante_core::gateway::{Input, Output};

use crate::faults::machine::Wiring;
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "a-gateway-is-asked-in-vain",
        says: "A gateway hears no poll requests.",
        breaks: &["POL-067"],
        kills: &[
            (
                "gateway/SCN/a-site-polls-now-and-at-a-time",
                "expected the request poll within 10 s; no request came within 10 s",
            ),
            (
                "gateway/SCN/a-link-to-the-gateway",
                "expected the request poll within 10 s; no request came within 10 s",
            ),
            (
                "gateway/POL/a-gateway-polls-once-for-all-its-children",
                "expected the request poll within 10 s; no request came within 10 s",
            ),
        ],
        also: &["gateway/SCN/one-link-for-a-site"],
        defect: Defect::Gateway(Wiring::hearing(|_, input| match input {
            Input::PollRequested(_) => Vec::new(),
            other => vec![other],
        })),
    },
    Fault {
        name: "a-gateway-calls-nobody",
        says: "A gateway polls for a plan and asks nobody else to.",
        breaks: &["POL-067"],
        kills: &[
            (
                "gateway/SCN/one-link-for-a-site",
                "expected the request callPeer within 30 s; no request came within 30 s",
            ),
            (
                "gateway/POL/a-gateway-polls-once-for-all-its-children",
                "expected the request callPeer within 14 s; no request came within 14 s",
            ),
        ],
        also: &[],
        defect: Defect::Gateway(Wiring::wanting(|_, mut outputs| {
            outputs.retain(|it| !matches!(it, Output::CallPeer(_)));
            outputs
        })),
    },
];
