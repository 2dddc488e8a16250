//! Faults about adding, removing and leaving.

use std::num::NonZeroU32;

use restante_core::center::{Decision, Reply};
use restante_core::id::Epoch;
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
        also: &[
            "server/ENR/adding-again-costs-nothing",
            "server/ENR/",
            "server/STA/a-report-from-before-it-was-elsewhere",
        ],
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
        also: &[
            "server/ENR/the-last-device-ends-the-registration",
            "server/ENR/a-late-change-is-refused",
            "server/ENR/a-repeated-change-is-answered",
            "server/ENR/numbers-outlive-a-rotation",
        ],
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
        also: &[
            "server/ENR/the-last-device-ends-the-registration",
            "server/ENR/a-late-change-is-refused",
            "server/ENR/numbers-outlive-a-rotation",
        ],
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
    Fault {
        name: "late-changes-take-effect",
        says: "An addition or removal has its effect whatever was said after it.",
        breaks: &[],
        kills: &[
            (
                "server/ENR/a-late-change-is-refused",
                "expected the refusal change-superseded; got devicesRemoved",
            ),
            (
                "server/ENR/numbers-outlive-a-rotation",
                "expected the refusal change-superseded; got devicesRemoved",
            ),
        ],
        also: &["server/ENR/an-idle-addition-counts-too"],
        defect: Defect::Decision(late_takes_effect),
    },
    Fault {
        name: "repeated-changes-are-refused",
        says: "An addition or removal that comes twice is refused, though everything is as it asks.",
        breaks: &[],
        kills: &[(
            "server/ENR/a-repeated-change-is-answered",
            "expected the reply devicesAdded; got refusal change-superseded",
        )],
        also: &[],
        defect: Defect::Decision(refused_when_repeated),
    },
    Fault {
        name: "superseded-change-names-no-number",
        says: "A late addition or removal is refused without the number to go on from.",
        breaks: &[],
        kills: &[(
            "server/ENR/a-late-change-is-refused",
            "in which change: expected",
        )],
        also: &[
            "server/ENR/an-idle-addition-counts-too",
            "server/ENR/numbers-outlive-a-rotation",
        ],
        defect: Defect::Decision(|scene| {
            let mut decided = scene.decide();
            if let Ok(Decision {
                outcome: Err(refused),
                ..
            }) = &mut decided
            {
                refused.refusal.change = None;
            }
            decided
        }),
    },
    Fault {
        name: "idle-changes-are-forgotten",
        says: "An addition that had nothing to add takes a device back when it comes once more.",
        breaks: &[],
        kills: &[(
            "server/ENR/an-idle-addition-counts-too",
            "expected the refusal change-superseded; got devicesAdded",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match adding(scene).is_some() && all_there_already(&decided) {
                true => decided.unwriting(Kind::Registration),
                false => decided,
            }
        }),
    },
    Fault {
        name: "rotation-forgets-the-number",
        says: "With the first use of the next formal code additions and removals count anew.",
        breaks: &[],
        kills: &[(
            "server/ENR/numbers-outlive-a-rotation",
            "expected the refusal change-superseded; got devicesRemoved",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match scene.device() {
            Some(DeviceRequest::Poll(_)) => {
                let decided = scene.decide();
                decided.writing(Kind::Registration, |registration: &mut Registration| {
                    if let State::Active(active) = &mut registration.state
                        && active.secret.epoch != Epoch::FIRST
                    {
                        active.change = 0;
                    }
                })
            }
            _ => scene.decide(),
        }),
    },
];

/// The number of an addition or removal.
fn number(scene: &Scene<'_>) -> Option<u32> {
    match scene.device() {
        Some(DeviceRequest::AddDevices(message)) => Some(message.change.get()),
        Some(DeviceRequest::RemoveDevices(message)) => Some(message.change.get()),
        _ => None,
    }
}

fn refused_when_repeated(scene: &Scene<'_>) -> Decided {
    let known = scene.any::<Registration>(Kind::Registration);
    let (Some(change), Some((_, registration, _))) = (number(scene), known) else {
        return scene.decide();
    };
    let State::Active(Active {
        change: highest, ..
    }) = registration.state
    else {
        return scene.decide();
    };
    if change > highest {
        return scene.decide();
    }
    refusal(scene, RefusalCode::ChangeSuperseded).map(|mut decision| {
        if let Err(refused) = &mut decision.outcome {
            refused.refusal.change = Some(highest);
        }
        decision
    })
}

fn late_takes_effect(scene: &Scene<'_>) -> Decided {
    let decided = scene.decide();
    let highest = match &decided {
        Ok(Decision {
            outcome: Err(refused),
            ..
        }) => refused.refusal.change,
        _ => None,
    };
    let (Some(highest), Some(mut request)) = (highest, scene.device().cloned()) else {
        return decided;
    };
    let next = NonZeroU32::MIN.saturating_add(highest);
    match &mut request {
        DeviceRequest::AddDevices(message) => message.change = next,
        DeviceRequest::RemoveDevices(message) => message.change = next,
        _ => return decided,
    }
    scene.asked(request)
}

/// Whether an addition was answered as having had nothing to add.
fn all_there_already(decided: &Decided) -> bool {
    match decided {
        Ok(Decision {
            outcome: Ok(Reply::Device(DeviceReply::DevicesAdded(added))),
            ..
        }) => added
            .devices
            .iter()
            .all(|it| it.result == EnrolResult::Already),
        _ => false,
    }
}

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
    let idle = adding(scene).is_some() && all_there_already(&decided);
    let (true, Ok(decision)) = (idle, &mut decided) else {
        return decided;
    };
    let Some((_, registration, _)) = scene.any::<Registration>(Kind::Registration) else {
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
