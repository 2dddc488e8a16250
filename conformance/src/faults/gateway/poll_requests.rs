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
        kills: &[(
            "gateway/POL/a-gateway-polls-once-for-all-its-children",
            "expected the request poll within 10 s; no request came within 10 s",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::hearing(|_, input| match input {
            Input::PollRequested(_) => Vec::new(),
            other => vec![other],
        })),
    },
    Fault {
        name: "a-gateway-calls-nobody",
        says: "A gateway polls for a plan and asks nobody else to.",
        breaks: &["POL-067"],
        kills: &[(
            "gateway/POL/a-gateway-polls-once-for-all-its-children",
            "expected the request callPeer within 14 s; no request came within 14 s",
        )],
        also: &[],
        defect: Defect::Gateway(Wiring::wanting(|_, mut outputs| {
            outputs.retain(|it| !matches!(it, Output::CallPeer(_)));
            outputs
        })),
    },
];
