//! Faults about adding, removing and leaving.

use restante_core::center::Reply;
use restante_core::record::{Active, Change, Grant, Kind, Registration, Slots, State};
use restante_core::wire::enrol::DeviceList;
use restante_core::wire::{
    AddDevices, DeviceReply, DeviceRequest, DevicesAdded, EnrolResult, RefusalCode,
};

use crate::faults::scene::{
    Alter, Decided, Scene, free, instead, refusal, refused_as, refused_for, schedule, store,
};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "additions-are-free-after-expiry",
        says: "An addition is answered as accepted although its code has expired.",
        breaks: &[],
        kills: &[(
            "server/ENR/a-new-code-pays-for-additions",
            "expected the refusal code-refused; got devicesAdded",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match adding(scene).is_some() && refused_for(&decided, "code-expired") {
                true => instead(decided, added(scene)),
                false => decided,
            }
        }),
    },
    Fault {
        name: "foreign-codes-pay",
        says: "The code of another customer pays for an addition.",
        breaks: &[],
        kills: &[(
            "server/ENR/a-new-code-pays-for-additions",
            "expected the refusal code-refused; got devicesAdded",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match adding(scene).is_some() && refused_for(&decided, "code-of-another-customer") {
                true => instead(decided, added(scene)),
                false => decided,
            }
        }),
    },
    Fault {
        name: "a-thousand-and-one",
        says: "A registration may name more than 1,000 devices.",
        breaks: &[],
        kills: &[(
            "server/ENR/a-registration-has-a-thousand-devices",
            "expected the refusal too-many-devices; got devicesAdded",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match refused_as(&decided, RefusalCode::TooManyDevices) {
                true => instead(decided, added(scene)),
                false => decided,
            }
        }),
    },
    Fault {
        name: "adding-again-costs-a-slot",
        says: "Adding a device that is there already takes a slot.",
        breaks: &[],
        kills: &[(
            "server/ENR/adding-again-costs-nothing",
            "expected the reply devicesAdded; got refusal code-refused",
        )],
        also: &[],
        defect: Defect::Decision(paid_again),
    },
    Fault {
        name: "too-few-adds-some",
        says: "Of too many devices an addition adds as many as there are slots.",
        breaks: &[],
        kills: &[
            (
                "server/ENR/adding-needs-slots",
                "expected the refusal too-few-slots; got devicesAdded",
            ),
            (
                "server/MSG/a-refusal-changes-nothing",
                "expected the refusal too-few-slots; got devicesAdded",
            ),
        ],
        also: &[],
        defect: Defect::Decision(as_many_as_fit),
    },
    Fault {
        name: "added-devices-are-not-spoken-for",
        says: "A device that is added is a holding, and nobody speaks for it.",
        breaks: &[],
        kills: &[(
            "server/ENR/devices-are-added",
            "expected the reply statusReported; got refusal device-not-covered",
        )],
        also: &["server/ENR/adding-again-costs-nothing"],
        defect: Defect::Decision(|scene| match adding(scene) {
            Some(_) => scene.decide().unwriting(Kind::Registration),
            None => scene.decide(),
        }),
    },
    Fault {
        name: "additions-take-no-slot",
        says: "An addition takes no slot.",
        breaks: &[],
        kills: &[(
            "server/ENR/devices-are-added",
            "expected the reply codes; in the reply codes, rows.0.used: expected 2, got 1",
        )],
        also: &[
            "server/ENR/a-new-code-pays-for-additions",
            "server/ENR/adding-again-costs-nothing",
        ],
        defect: Defect::Decision(|scene| match adding(scene) {
            Some(_) => scene.decide().unwriting(Kind::Grant),
            None => scene.decide(),
        }),
    },
    Fault {
        name: "leaving-leaves-the-code",
        says: "The formal code is accepted after leaving.",
        breaks: &[],
        kills: &[(
            "server/ENR/leaving-ends-the-registration",
            "expected the refusal formal-code-refused; got polled",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match scene.device() {
            Some(DeviceRequest::Leave(_)) => scene.decide().unwriting(Kind::Registration),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "leaving-forgets-the-devices",
        says: "Leaving takes the devices from their customer.",
        breaks: &[],
        kills: &[(
            "server/ENR/leaving-ends-the-registration",
            "expected the reply devices; in the reply devices, rows: expected 1 items, got 0",
        )],
        also: &["server/POL/who-cannot-be-called-is-left-out"],
        defect: Defect::Decision(|scene| match scene.device() {
            Some(DeviceRequest::Leave(_)) => devices_deleted(scene.decide()),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "removal-forgets-the-device",
        says: "A removed device vanishes from the customer's holdings.",
        breaks: &[],
        kills: &[(
            "server/ENR/removed-devices-are-not-spoken-for",
            "expected the reply devices; in the reply devices, rows: expected 2 items, got 1",
        )],
        also: &["server/ENR/the-last-device-ends-the-registration"],
        defect: Defect::Decision(|scene| match scene.device() {
            Some(DeviceRequest::RemoveDevices(_)) => devices_deleted(scene.decide()),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "removed-devices-are-spoken-for",
        says: "The registration goes on speaking for a device that was removed.",
        breaks: &[],
        kills: &[
            (
                "server/ENR/removed-devices-are-not-spoken-for",
                "expected the refusal device-not-covered; got statusReported",
            ),
            (
                "server/MBX/another-registration-is-not-shown-it",
                "mailbox.instructions: expected 1 items, got 2",
            ),
        ],
        also: &["server/ENR/the-last-device-ends-the-registration"],
        defect: Defect::Decision(|scene| match scene.device() {
            Some(DeviceRequest::RemoveDevices(_)) => scene.decide().unwriting(Kind::Registration),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "empty-registration-lives",
        says: "A registration whose last device is removed goes on.",
        breaks: &[],
        kills: &[(
            "server/ENR/the-last-device-ends-the-registration",
            "expected the refusal formal-code-refused; got polled",
        )],
        also: &[],
        defect: Defect::Decision(empty_goes_on),
    },
    Fault {
        name: "leaving-gives-slots-back",
        says: "Leaving gives the slots of its devices back.",
        breaks: &[],
        kills: &[(
            "server/ENR/used-slots-never-come-back",
            "expected the reply codes; in the reply codes, rows.0.used: expected 1, got 0",
        )],
        also: &[],
        defect: Defect::Decision(slots_given_back),
    },
];

fn adding<'a>(scene: &Scene<'a>) -> Option<&'a AddDevices> {
    match scene.device() {
        Some(DeviceRequest::AddDevices(message)) => Some(message),
        _ => None,
    }
}

fn added(scene: &Scene<'_>) -> Reply {
    Reply::Device(DeviceReply::DevicesAdded(DevicesAdded {
        devices: Vec::new(),
        schedule: schedule(scene),
    }))
}

fn paid_again(scene: &Scene<'_>) -> Decided {
    let mut decided = scene.decide();
    let (Some(_), Ok(decision)) = (adding(scene), &mut decided) else {
        return decided;
    };
    let Ok(Reply::Device(DeviceReply::DevicesAdded(reply))) = &decision.outcome else {
        return decided;
    };
    let known = scene.any::<Registration>(Kind::Registration);
    let (true, Some((_, registration, _))) = (
        reply
            .devices
            .iter()
            .all(|it| it.result == EnrolResult::Already),
        known,
    ) else {
        return decided;
    };
    let key = scene.grant_of(&registration);
    if let Some((mut grant, at)) = scene.load::<Grant>(&key)? {
        let Some(slots) = grant.slots.take(1).and_then(|slots| slots.redeem(1)) else {
            return refusal(scene, RefusalCode::CodeRefused);
        };
        grant.slots = slots;
        store(decision, key, at, &grant);
    }
    decided
}

fn as_many_as_fit(scene: &Scene<'_>) -> Decided {
    let decided = scene.decide();
    let (Some(message), Some(free)) = (adding(scene), free(&decided)) else {
        return decided;
    };
    let first = message.devices.as_slice().iter().take(free).cloned();
    match DeviceList::new(first.collect()) {
        Ok(devices) => scene.asked(DeviceRequest::AddDevices(AddDevices {
            devices,
            ..message.clone()
        })),
        Err(_) => decided,
    }
}

/// Devices that are left without a registration vanish.
fn devices_deleted(mut decided: Decided) -> Decided {
    if let Ok(decision) = &mut decided {
        for write in &mut decision.written.writes {
            if write.key.kind == Kind::Device {
                write.change = Change::Delete;
            }
        }
    }
    decided
}

fn empty_goes_on(scene: &Scene<'_>) -> Decided {
    let decided = scene.decide();
    let (
        Some(DeviceRequest::RemoveDevices(_)),
        Some((
            _,
            Registration {
                state: State::Active(active),
                ..
            },
            _,
        )),
    ) = (
        scene.device(),
        scene.any::<Registration>(Kind::Registration),
    )
    else {
        return decided;
    };
    decided.writing(Kind::Registration, |registration: &mut Registration| {
        if let State::Ended(_) = registration.state {
            let (active, devices) = (active.clone(), Vec::new());
            registration.state = State::Active(Active { devices, ..active });
        }
    })
}

fn slots_given_back(scene: &Scene<'_>) -> Decided {
    let mut decided = scene.decide();
    let (Some(DeviceRequest::Leave(_)), Some((_, registration, _)), Ok(decision)) = (
        scene.device(),
        scene.any::<Registration>(Kind::Registration),
        &mut decided,
    ) else {
        return decided;
    };
    let key = scene.grant_of(&registration);
    if let Some((mut grant, at)) = scene.load::<Grant>(&key)? {
        grant.slots = Slots::new(grant.slots.limit());
        store(decision, key, at, &grant);
    }
    decided
}
