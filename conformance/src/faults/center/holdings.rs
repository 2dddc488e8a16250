//! Faults about what makes a device the same, whose it is, and what is kept of it.

use restante_core::center::Reply;
use restante_core::id::{Model, Serial, Vendor};
use restante_core::record::Sighting;
use restante_core::wire::enrol::DeviceList;
use restante_core::wire::people::PeopleReply;
use restante_core::wire::{DeviceReply, Enrol, EnrolResult, Function, FunctionSet};
use restante_crypto::RingCrypto;
use serde_json::{Value, json};

use crate::faults::http::Wire;
use crate::faults::scene::{Alter, Decided, Scene};
use crate::faults::{Defect, Fault};
use crate::line::{Request, Response};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "ids-in-capitals",
        says: "An identifier in capitals is taken for the same in small letters.",
        breaks: &[],
        kills: &[(
            "server/MOD/ids-have-one-form",
            "expected the refusal invalid; got enrolled",
        )],
        also: &[],
        defect: Defect::Wire(Wire::asking(small_letters)),
    },
    Fault {
        name: "serials-folded",
        says: "Serial numbers, vendors and models are compared without regard to case.",
        breaks: &[],
        kills: &[(
            "server/MOD/serials-are-compared-byte-for-byte",
            "expected the reply enrolled; in the reply enrolled, devices.0.device: expected anything but",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            scene.enrolling(|enrol| renamed(enrol, |text| text.to_uppercase()))
        }),
    },
    Fault {
        name: "functions-are-identity",
        says: "A device that names other functions is another device.",
        breaks: &[],
        kills: &[(
            "server/MOD/functions-make-no-other-device",
            "expected the reply enrolled; in the reply enrolled, devices.0.device: expected",
        )],
        also: &[
            "server/ENR/a-late-change-is-refused",
            "server/ENR/an-idle-addition-counts-too",
            "server/ENR/numbers-outlive-a-rotation",
            "server/STA/a-report-from-before-it-was-elsewhere",
        ],
        defect: Defect::Decision(identified_by_functions),
    },
    Fault {
        name: "second-customer-inherits",
        says: "A device that appears under a second customer is called known there.",
        breaks: &[],
        kills: &[(
            "server/MOD/a-second-customer-inherits-nothing",
            "expected the reply enrolled; in the reply enrolled, devices.0.result: expected",
        )],
        also: &[],
        defect: Defect::Decision(known_anywhere),
    },
    Fault {
        name: "addresses-dropped",
        says: "The address of a device is not kept.",
        breaks: &[],
        kills: &[(
            "server/SCN/one-code-registers-a-site",
            "expected the reply devices; in the reply devices, rows: expected an item like",
        )],
        also: &[
            "server/POL/",
            "server/SCN/a-link-to-each-address",
            "server/SCN/one-link-for-three",
            "server/SCN/poll-requests-at-an-interval",
            "server/SCN/a-tree-of-fourteen",
            "server/SCN/polled-now-for-a-provider-s-service",
            "server/STA/nobody-moves-another-s-device",
            "server/STA/the-address-of-a-report-is-taken",
        ],
        defect: Defect::Decision(|scene| {
            scene.enrolling(|enrol| {
                let mut entries = enrol.devices.as_slice().to_vec();
                entries
                    .iter_mut()
                    .for_each(|entry| entry.contacts.address = None);
                enrol.devices = DeviceList::new(entries).unwrap_or(enrol.devices.clone());
            })
        }),
    },
    Fault {
        name: "functions-completed",
        says: "Every device is listed as able to do everything.",
        breaks: &[],
        kills: &[(
            "server/SCN/three-panels-three-formal-codes",
            "expected the reply devices; in the reply devices, rows: expected an item like",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let mut decided = scene.decide();
            if let Ok(decision) = &mut decided
                && let Ok(Reply::People(PeopleReply::Devices(page))) = &mut decision.outcome
            {
                for row in &mut page.rows {
                    row.functions = FunctionSet::new(Function::ALL).unwrap_or(row.functions);
                }
            }
            decided
        }),
    },
];

fn small_letters(request: &mut Request) -> Option<Response> {
    let body = request.body.as_mut()?;
    let mut value: Value = serde_json::from_slice(body).ok()?;
    if value.to_string().into_bytes() != *body {
        return None;
    }
    let id = value.get_mut("request")?;
    *id = json!(id.as_str()?.to_lowercase());
    *body = value.to_string().into_bytes();
    None
}

/// Alters the names of an enrolment's devices, where that gives devices that differ.
fn renamed(enrol: &mut Enrol, change: impl Fn(&str) -> String) {
    let mut entries = enrol.devices.as_slice().to_vec();
    for entry in &mut entries {
        let device = &mut entry.identification;
        if let Ok(vendor) = Vendor::new(change(device.vendor.as_str())) {
            device.vendor = vendor;
        }
        if let Ok(model) = Model::new(change(device.model.as_str())) {
            device.model = model;
        }
    }
    if let Ok(devices) = DeviceList::new(entries) {
        enrol.devices = devices;
    }
}

fn identified_by_functions(scene: &Scene<'_>) -> Decided {
    let mut decided = scene.enrolling(|enrol| {
        let mut entries = enrol.devices.as_slice().to_vec();
        for entry in &mut entries {
            let device = &mut entry.identification;
            let marked = format!(
                "{}~{}",
                device.serial.as_str(),
                device.functions.iter().count()
            );
            device.serial = Serial::new(marked).unwrap_or(device.serial.clone());
        }
        enrol.devices = DeviceList::new(entries).unwrap_or(enrol.devices.clone());
    });
    if let Ok(decision) = &mut decided
        && let Ok(Reply::People(PeopleReply::Devices(page))) = &mut decision.outcome
    {
        for row in &mut page.rows {
            let plain = row.serial.as_str().split('~').next().unwrap_or_default();
            row.serial = Serial::new(plain).unwrap_or(row.serial.clone());
        }
    }
    decided
}

fn known_anywhere(scene: &Scene<'_>) -> Decided {
    let Some(enrol) = scene.enrol() else {
        return scene.decide();
    };
    let mut known = Vec::new();
    for entry in enrol.devices.as_slice() {
        let hash = scene
            .center
            .keys()
            .sighting(&RingCrypto, &entry.identification);
        let seen = scene.load::<Sighting>(&Sighting::key(&hash))?;
        known.push(seen.is_some());
    }
    scene.decide().answering(|reply| {
        if let DeviceReply::Enrolled(enrolled) = reply {
            for (device, known) in enrolled.devices.iter_mut().zip(known) {
                if known {
                    device.result = EnrolResult::Known;
                }
            }
        }
    })
}
