//! Invariant 2: for each code, free, pending and ever-active slots add up to its limit.
//!
//! What is pending is counted from the registrations themselves. What is used is followed from
//! commit to commit: it rises by exactly as many devices as become active, and never falls.

use std::collections::BTreeMap;

use restante_core::id::{DeviceId, GrantId};
use restante_core::record::{Grant, Kind, Registration, State as Standing};

use crate::state::{Changed, Entry, Kept};

use super::{Found, Invariant, View, devices_of, is_used};

pub(super) fn add_up(view: &View<'_>, found: &mut Found) {
    let touched = |kind| view.step.changed(kind).next().is_some();
    if !touched(Kind::Grant) && !touched(Kind::Registration) {
        return;
    }
    pending_as_counted(view, found);
    for changed in view.step.changed(Kind::Grant) {
        one_grant(changed, found);
    }
    used_as_activated(view, found);
}

/// The pending slots of each grant are those that its pending registrations hold.
fn pending_as_counted(view: &View<'_>, found: &mut Found) {
    let mut pending: BTreeMap<GrantId, u64> = BTreeMap::new();
    for (_, registration) in view.state.registrations() {
        if let Standing::Pending(it) = &registration.state {
            *pending.entry(registration.facts.grant).or_default() += it.devices.len() as u64;
        }
    }
    for (id, grant) in view.state.grants() {
        let counted = pending.remove(&id).unwrap_or(0);
        let slots = grant.slots;
        found.that(
            Invariant::Slots,
            u64::from(slots.pending()) == counted,
            || {
                format!(
                    "{id} says {} pending; its registrations hold {counted}",
                    slots.pending()
                )
            },
        );
        let taken = u64::from(slots.pending()) + u64::from(slots.used());
        let sum = u64::from(slots.free()) + taken;
        found.that(Invariant::Slots, sum == u64::from(slots.limit()), || {
            format!("{id}: {slots:?} do not add up")
        });
    }
    found.that(Invariant::Slots, pending.is_empty(), || {
        format!("registrations are pending on grants that are gone: {pending:?}")
    });
}

/// A limit stays what the dealer was told, and a used slot stays used.
fn one_grant(changed: &Changed, found: &mut Found) {
    let (before, after) = (
        grant(changed.before.as_ref()),
        grant(changed.after.as_ref()),
    );
    if let (Some(before), Some(after)) = (before, after) {
        let (before, after) = (before.slots, after.slots);
        let stays = before.limit() == after.limit() && before.used() <= after.used();
        found.that(Invariant::Slots, stays, || {
            format!("{before:?} became {after:?}")
        });
    }
}

/// As many slots become used in one commit as devices become active in it.
fn used_as_activated(view: &View<'_>, found: &mut Found) {
    let used = |kept: Option<&Kept>| grant(kept).map_or(0, |grant| u64::from(grant.slots.used()));
    let spent: u64 = view
        .step
        .changed(Kind::Grant)
        .filter(|changed| changed.after.is_some())
        .map(|it| used(it.after.as_ref()).saturating_sub(used(it.before.as_ref())))
        .sum();
    let activated: u64 = view.step.changed(Kind::Registration).map(activated).sum();
    found.that(Invariant::Slots, spent == activated, || {
        format!("{spent} slots became used while {activated} devices became active")
    });
}

/// How many devices have become active: those of a registration at its first use, whatever that use
/// was, and those that were added to one that is active.
fn activated(changed: &Changed) -> u64 {
    let Some(after) = registration(changed.after.as_ref()) else {
        return 0;
    };
    let before = registration(changed.before.as_ref()).map(|it| &it.state);
    match (before, &after.state) {
        (Some(Standing::Pending(pending)), _) if is_used(&after.state) => {
            let enrolled =
                |device: &DeviceId| pending.devices.iter().any(|it| it.device == *device);
            let added = devices_of(&after.state)
                .iter()
                .filter(|it| !enrolled(it))
                .count();
            (pending.devices.len() + added) as u64
        }
        (Some(Standing::Active(before)), Standing::Active(after)) => {
            let new = |device: &&DeviceId| !before.devices.contains(*device);
            after.devices.iter().filter(new).count() as u64
        }
        (None, Standing::Active(active)) => active.devices.len() as u64,
        _ => 0,
    }
}

fn grant(kept: Option<&Kept>) -> Option<&Grant> {
    match &kept?.entry {
        Entry::Grant(grant) => Some(grant),
        _ => None,
    }
}

fn registration(kept: Option<&Kept>) -> Option<&Registration> {
    match &kept?.entry {
        Entry::Registration(registration) => Some(registration),
        _ => None,
    }
}
