//! Invariant 15: memory per unauthenticated peer is bounded, and work is linear in the bytes
//! received.
//!
//! That no input panics is seen by whoever runs a history: a panic is reported with its seed.

use restante_core::limits::{FILLED_PER_TICK, READS_PER_DECISION, WRONG_CODES};
use restante_core::record::Kind;
use restante_core::wire::DeviceRequest;

use super::{Found, Invariant, View, is_stranger};

pub(super) fn bounded(view: &View<'_>, found: &mut Found) {
    let Some(by) = &view.step.by else { return };
    if view.step.answer.is_none() {
        return stranger_wrote(view, found);
    }
    let looked = by.running.looked;
    found.that(
        Invariant::Bounded,
        looked.wrong_codes <= WRONG_CODES,
        || {
            format!(
                "{} wrong codes are remembered of one source",
                looked.wrong_codes
            )
        },
    );
    let named = named(view.step.request());
    let most = if is_stranger(view) {
        STRANGER_READS + STRANGER_READS_PER_DEVICE * named.min(STRANGER_DEVICES)
    } else if view.step.request().is_some() {
        READS + READS_PER_DEVICE * named
    } else {
        READS + READS_PER_DEVICE * FILLED_PER_TICK
    };
    found.that(
        Invariant::Bounded,
        looked.needs <= most.min(READS_PER_DECISION),
        || {
            format!(
                "{} records were read for {named} devices; at most {most}",
                looked.needs
            )
        },
    );
    stranger_wrote(view, found);
}

/// A stranger leaves nothing on the disk.
fn stranger_wrote(view: &View<'_>, found: &mut Found) {
    if !is_stranger(view) {
        return;
    }
    let left = view
        .step
        .changed
        .iter()
        .find(|it| it.key.kind != Kind::Clock);
    found.that(Invariant::Bounded, left.is_none(), || {
        format!("a stranger left {:?} on the disk", left.map(|it| &it.key))
    });
}

/// How many devices a message names: its bytes are a multiple of that. People and ticks
/// name hardly anybody and work for as many as a chunk of an application has.
fn named(request: Option<&DeviceRequest>) -> usize {
    match request {
        Some(DeviceRequest::Enrol(enrol)) => enrol.devices.as_slice().len(),
        Some(DeviceRequest::AddDevices(add)) => add.devices.as_slice().len(),
        Some(DeviceRequest::RemoveDevices(remove)) => remove.devices.len(),
        Some(DeviceRequest::ReportStatus(report)) => report.reports.len(),
        _ => 0,
    }
}

/// Records that a call without a good credential may make the center read.
const STRANGER_READS: usize = 8;
/// Records per device that it may make the center read besides, for the first few devices.
const STRANGER_READS_PER_DEVICE: usize = 2;
/// For how many devices.
const STRANGER_DEVICES: usize = 32;
/// Records that any call may read: a sweep of 64 due times with what they lead to is the most.
const READS: usize = 400;
/// Records per device that is named: holding, sighting, former registration, reading.
const READS_PER_DEVICE: usize = 6;
