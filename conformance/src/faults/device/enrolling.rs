//! Faults of an enrolment: whose it is, under which request id, and when its code is used.

use restante_core::device::Output;
use restante_core::id::{RequestId, Serial};
use restante_core::registrant::Standing;
use restante_core::wire::enrol::DeviceList;
use restante_core::wire::{DeviceRequest, Enrol};

use crate::faults::machine::Wiring;
use crate::faults::memo::{Seam, sending};
use crate::faults::{Defect, Fault};
use crate::party::DeviceKind;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "another-serial-number",
        says: "A device enrols under the serial number of another.",
        breaks: &["MOD-008"],
        kills: &[
            (
                "device/MOD/a-device-names-itself",
                "in which devices.0.identification: expected",
            ),
            (
                "device/ENR/a-first-enrolment",
                "in which devices.0.identification: expected",
            ),
        ],
        also: &["device/SCN/three-panels-one-code"],
        defect: Defect::Device(Wiring::wanting(|_, outputs| {
            enrolling(outputs, |enrol| {
                let mut entries = enrol.devices.as_slice().to_vec();
                for entry in &mut entries {
                    let other = Serial::new("another");
                    entry.identification.serial =
                        other.unwrap_or(entry.identification.serial.clone());
                }
                enrol.devices = DeviceList::new(entries).unwrap_or(enrol.devices.clone());
            })
        })),
    },
    Fault {
        name: "request-id-reused",
        says: "A device uses one request id for all its enrolments.",
        breaks: &["ENR-002"],
        kills: &[
            (
                "device/ENR/another-code-is-another-request",
                "in which request: expected anything but",
            ),
            (
                "device/SCN/three-panels-one-code",
                "expected a request that the kit's own center accepts; it is refused as request-mismatch",
            ),
        ],
        also: &[],
        defect: Defect::Device(Wiring::wanting(|_, outputs| {
            enrolling(outputs, |enrol| {
                enrol.request = RequestId::from_bytes([7; 16]);
            })
        })),
    },
    Fault {
        name: "new-request-id-for-the-same-code",
        says: "A device draws another request id each time that somebody types the code.",
        breaks: &["ENR-002"],
        kills: &[(
            "device/ENR/the-same-code-keeps-the-request",
            "in which request: expected",
        )],
        also: &[
            "device/COD/a-code-is-typed-in-any-way",
            "device/ERR/a-person-does-not-overrule-retry-after",
        ],
        defect: Defect::Device(Wiring::wanting(|memo, outputs| {
            let entered = memo.entered;
            renumbered(outputs, entered.saturating_sub(1))
        })),
    },
    Fault {
        name: "new-request-id-on-retry",
        says: "A device that gets no answer draws another request id.",
        breaks: &["ENR-003"],
        kills: &[(
            "device/ENR/a-lost-reply-repeats-the-enrolment",
            "in which request: expected",
        )],
        also: &[
            "device/COD/a-damaged-formal-code-is-no-reply",
            "device/COD/a-code-is-typed-in-any-way",
            "device/ENR/the-back-off-is-bounded",
            "device/ENR/the-same-code-keeps-the-request",
            "device/MSG/what-cannot-be-read-counts-as-lost",
        ],
        defect: Defect::Device(Wiring::wanting(|memo, outputs| {
            let unanswered = memo.unanswered;
            renumbered(outputs, unanswered)
        })),
    },
    Fault {
        name: "request-id-drawn-at-boot",
        says: "A device that comes back with an enrolment under way draws another request id.",
        breaks: &["ENR-003"],
        kills: &[
            (
                "device/ENR/a-power-cut-repeats-the-enrolment",
                "in which request: expected",
            ),
            (
                "device/ENR/a-power-cut-before-the-code-is-kept",
                "in which request: expected",
            ),
        ],
        also: &[],
        defect: Defect::Device(Wiring::wanting(|memo, outputs| {
            let again = matches!(memo.stood, Some(Standing::Enrolling { .. }));
            renumbered(outputs, u32::from(again))
        })),
    },
    Fault {
        name: "first-use-waits",
        says: "A device uses a formal code only when its schedule asks for something.",
        breaks: &["ENR-046"],
        kills: &[(
            "device/ENR/a-first-enrolment",
            "expected the request poll within 10 s; no request came within 10 s",
        )],
        also: &["device/"],
        defect: Defect::Device(Wiring::wanting(|memo, mut outputs| {
            let enrolled = matches!(memo.asked(), Some(DeviceRequest::Enrol(_)));
            let polls = |output: &mut Output| {
                let sent = DeviceKind::sent(output);
                matches!(sent, Some((_, DeviceRequest::Poll(_))))
            };
            outputs.retain_mut(|output| !(enrolled && polls(output)));
            outputs
        })),
    },
];

/// The messages of an enrolment, altered.
pub(super) fn enrolling(outputs: Vec<Output>, change: impl Fn(&mut Enrol)) -> Vec<Output> {
    sending::<DeviceKind>(outputs, |_, request| {
        if let DeviceRequest::Enrol(enrol) = request {
            change(enrol);
        }
    })
}

/// The messages of an enrolment under another request id, which belongs to this number.
fn renumbered(outputs: Vec<Output>, number: u32) -> Vec<Output> {
    enrolling(outputs, |enrol| {
        if number > 0 {
            let mut id = *enrol.request.as_bytes();
            let [.., last] = &mut id;
            *last = last.wrapping_add(u8::try_from(number).unwrap_or(u8::MAX));
            enrol.request = RequestId::from_bytes(id);
        }
    })
}
