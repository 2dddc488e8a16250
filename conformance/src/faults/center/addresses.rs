//! Faults about the addresses that devices state in their reports.

use restante_core::center::{Decision, Reply};
use restante_core::id::{DeviceId, LanAddress};
use restante_core::record::{Device, Pause, RegistrationLocator};
use restante_core::wire::{DeviceReply, DeviceRequest, RefusalCode, ReportResult, StatusReport};

use crate::faults::scene::{Scene, refused_as, store};
use crate::faults::{Defect, Fault};

use super::status::reporting;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "addresses-in-reports-are-not-taken",
        says: "A center keeps the address that the enrolment handed over.",
        breaks: &[],
        kills: &[
            (
                "server/POL/a-device-is-called-where-its-report-says",
                "in the reply pollLinks, rows: expected",
            ),
            (
                "server/STA/the-address-of-a-report-is-taken",
                "in the reply devices, rows: expected",
            ),
        ],
        also: &["server/STA/nobody-moves-another-s-device"],
        defect: Defect::Decision(|scene| reporting(scene, |report| report.address = None)),
    },
    Fault {
        name: "a-late-report-moves-its-device",
        says: "The address of a superseded report is taken.",
        breaks: &[],
        kills: &[(
            "server/STA/the-address-of-a-report-is-taken",
            "in the reply devices, rows: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let mut decision = scene.decide()?;
            if let Ok(Reply::Device(DeviceReply::StatusReported(reported))) = &decision.outcome {
                let mut results = reported.results.clone();
                results.retain(|it| it.result == ReportResult::Superseded);
                for late in results {
                    let report = reports(scene).find(|it| it.device == late.device);
                    if let Some(address) = report.and_then(|it| it.address.clone()) {
                        relocate(scene, &mut decision, late.device, Some(address))?;
                    }
                }
            }
            Ok(decision)
        }),
    },
    Fault {
        name: "a-report-without-address-forgets-it",
        says: "A report that states no address has the center forget the one that it has.",
        breaks: &[],
        kills: &[(
            "server/STA/the-address-of-a-report-is-taken",
            "in the reply devices, rows: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let mut decision = scene.decide()?;
            if let Ok(Reply::Device(DeviceReply::StatusReported(_))) = &decision.outcome {
                for silent in reports(scene).filter(|it| it.address.is_none()) {
                    relocate(scene, &mut decision, silent.device, None)?;
                }
            }
            Ok(decision)
        }),
    },
    Fault {
        name: "a-foreign-report-moves-a-device",
        says: "The addresses in a report that is refused for its devices are taken.",
        breaks: &[],
        kills: &[(
            "server/STA/nobody-moves-another-s-device",
            "in the reply devices, rows: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            if !refused_as(&decided, RefusalCode::DeviceNotCovered) {
                return decided;
            }
            let mut decision = decided?;
            for foreign in reports(scene).filter(|it| it.address.is_some()) {
                relocate(
                    scene,
                    &mut decision,
                    foreign.device,
                    foreign.address.clone(),
                )?;
            }
            Ok(decision)
        }),
    },
];

/// The reports of the message.
fn reports<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a StatusReport> + use<'a> {
    let message = match scene.device() {
        Some(DeviceRequest::ReportStatus(message)) => message.reports.as_slice(),
        _ => &[],
    };
    message.iter()
}

/// Has a device be here, if the sender's customer holds it.
fn relocate(
    scene: &Scene<'_>,
    decision: &mut Decision,
    device: DeviceId,
    to: Option<LanAddress>,
) -> Result<(), Pause> {
    let Some(code) = scene.formal() else {
        return Ok(());
    };
    let locator = RegistrationLocator::key(code.registration());
    let Some((located, _)) = scene.load::<RegistrationLocator>(&locator)? else {
        return Ok(());
    };
    let key = Device::key(located.customer, device);
    if let Some((mut held, at)) = scene.load::<Device>(&key)? {
        held.contacts.address = to;
        store(decision, key, at, &held);
    }
    Ok(())
}
