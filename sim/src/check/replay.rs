//! Invariant 12: replayed, reordered, cut or altered messages change nothing but bounded counters.
//!
//! A message that was answered with a reply and comes once more, byte for byte, must change
//! nothing, whatever has happened in between. A refused message changes nothing whatever it was.
//! The one record that any call may move is the time.

use restante_core::center::{Credential, Reply};
use restante_core::record::Kind;
use restante_core::wire::{DeviceReply, DeviceRequest, NoteResult, ReportResult};

use crate::parcel::Desk;
use crate::state::Changed;

use super::{Found, Invariant, View, is_stranger};

pub(super) fn changes_nothing(view: &View<'_>, found: &mut Found) {
    let changed: Vec<&Changed> = view
        .step
        .changed
        .iter()
        .filter(|it| is_change(it))
        .collect();
    let known = view.step.refused().is_some() && !is_stranger(view);
    if known && view.step.request().is_some() {
        found.that(Invariant::Replay, changed.is_empty(), || {
            format!("a refusal has changed {:?}", keys(&changed))
        });
    }
    comes_again(view, &changed, found);
    superseded(view, found);
}

fn comes_again(view: &View<'_>, changed: &[&Changed], found: &mut Found) {
    let Some(by) = &view.step.by else { return };
    let Some(parcel) = by.parcel.filter(|parcel| parcel.desk == Desk::Devices) else {
        return;
    };
    let begun = by.running.begun;
    let Some(handled) = view.witness.handled(&parcel.header, &parcel.body, begun) else {
        return;
    };
    let known: Vec<&Changed> = changed
        .iter()
        .copied()
        .filter(|it| !by_time(view, it))
        .collect();
    let changed = known.as_slice();
    found.that(Invariant::Replay, changed.is_empty(), || {
        format!(
            "answered in step {handled}, and once more it changed {:?}",
            keys(changed)
        )
    });
}

/// Whether this has changed because time has passed: an instruction that waits is delivered once
/// more to whoever polls once more, and one whose time is over is seen to be over by whoever comes.
/// Both are counted, and bounded: invariant 8 follows them.
fn by_time(view: &View<'_>, changed: &Changed) -> bool {
    let kinds = [Kind::Mailbox, Kind::Target, Kind::Pair, Kind::Due];
    let comes = matches!(
        view.step.request(),
        Some(DeviceRequest::Poll(_) | DeviceRequest::Acknowledge(_))
    );
    comes && kinds.contains(&changed.key.kind) && !has_recorded(view)
}

/// Whether an acknowledgement was answered as recorded.
fn has_recorded(view: &View<'_>) -> bool {
    let Some(Reply::Device(DeviceReply::Acknowledged(told))) = view.step.reply() else {
        return false;
    };
    let mut noted = told.acknowledgements.iter();
    noted.any(|it| it.result == NoteResult::Recorded)
}

/// A report that is not above another of its run is answered with `superseded`.
fn superseded(view: &View<'_>, found: &mut Found) {
    let (Some(DeviceRequest::ReportStatus(asked)), Some(Reply::Device(reply)), Some(by)) =
        (view.step.request(), view.step.reply(), &view.step.by)
    else {
        return;
    };
    let (DeviceReply::StatusReported(told), Credential::Formal(code)) =
        (reply, &by.running.call.presented)
    else {
        return;
    };
    let registration = code.registration();
    for (report, told) in asked.reports.iter().zip(&told.results) {
        let held = view.witness.reported.get(&(report.device, registration));
        let held = held.filter(|(_, step)| *step < view.step.begun());
        let number = (report.boot, report.seq);
        let older = held.is_some_and(|(held, _)| number <= *held);
        found.that(
            Invariant::Replay,
            !(older && told.result == ReportResult::Accepted),
            || {
                format!(
                    "{}: ({}, {}) was accepted after {held:?}",
                    report.device, report.boot, report.seq
                )
            },
        );
    }
}

/// Whether anything but the time has changed: the same bytes once more are no change.
pub(super) fn is_change(changed: &Changed) -> bool {
    let same = match (&changed.before, &changed.after) {
        (Some(before), Some(after)) => before.body == after.body,
        _ => false,
    };
    changed.key.kind != Kind::Clock && !same
}

fn keys(changed: &[&Changed]) -> Vec<Kind> {
    changed.iter().map(|it| it.key.kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use restante_core::record::Key;

    #[test]
    fn the_time_alone_may_move() {
        let moved = |kind| Changed {
            key: Key::unowned(kind, &[]),
            before: None,
            after: None,
        };
        assert!(!is_change(&moved(Kind::Clock)));
        assert!(is_change(&moved(Kind::Device)));
    }
}
