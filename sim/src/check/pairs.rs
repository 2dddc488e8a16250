//! Invariant 9: a device with its registration code has its effect at most once, for its own
//! customer and service alone; repeated by the same device it gets the same answer.

use restante_core::center::Message;
use restante_core::id::{CustomerId, DeviceId, ServiceId};
use restante_core::record::{Entitlement, Kind};
use restante_core::wire::{RefusalCode, Register};

use crate::catalogue;
use crate::posted::{Offered, begins, in_use};
use crate::state::Changed;

use super::replay::is_change;
use super::{Found, Invariant, View};
use restante_core::center::Reply;

const IT: Invariant = Invariant::OnePair;

pub(super) fn once(view: &View<'_>, found: &mut Found) {
    for changed in view.step.changed(Kind::Entitlement) {
        effect(view, changed, found);
    }
    let Some(by) = &view.step.by else { return };
    let Message::Register(service, register) = &by.running.call.message else {
        return;
    };
    if view.step.answer.is_none() {
        return;
    }
    let offered = offered(view, service, register);
    match view.step.reply() {
        Some(Reply::Registered(told)) => {
            let own = told.device == register.device && told.service == *service;
            found.that(IT, offered.is_some() && own, || {
                format!("{told:?} answers {register:?}, which the device was never shown")
            });
            comes_again(view, service, register, found);
        }
        _ => refused(view, service, register, offered, found),
    }
}

/// The pair as the device was shown it.
fn offered<'a>(view: &View<'a>, service: &ServiceId, register: &Register) -> Option<&'a Offered> {
    view.witness.posted.pairs.get(&pair(service, register)?)
}

fn pair(service: &ServiceId, register: &Register) -> Option<(DeviceId, usize, String)> {
    let number = (0..catalogue::SERVICES).find(|it| catalogue::service(*it) == *service)?;
    let code = register.code.as_ref()?.as_str().to_owned();
    Some((register.device, number, code))
}

/// A use that begins is begun by its own pair, for the first time.
fn effect(view: &View<'_>, changed: &Changed, found: &mut Found) {
    let before = changed.before.as_ref().map(|it| &it.entry);
    let begun = changed.after.as_ref().map(|it| begins(before, &it.entry));
    let (Some(Some(begun)), Some(device)) = (begun, Entitlement::device(&changed.key)) else {
        return;
    };
    let call = view.step.by.as_ref().map(|by| &by.running.call.message);
    let pair = match call {
        Some(Message::Register(service, register)) => offered(view, service, register),
        // A commit that arrives late is nobody's.
        None => return,
        _ => None,
    };
    let customer = CustomerId::from_bytes(changed.key.owner.0);
    let own = pair.is_some_and(|pair| {
        let service = catalogue::service(pair.service);
        let key = Entitlement::key(pair.customer, &service, pair.device);
        key == changed.key && pair.application == begun.application
    });
    found.that(IT, own, || {
        format!("{device} of {customer} begins to use something by {pair:?}")
    });
    let application = begun.application;
    let times = view.witness.posted.entitled.get(&(application, device));
    found.that(IT, times.is_none(), || {
        format!("the code of {application} has had its effect for {device} before")
    });
    let cancelled = view.witness.posted.cancelled.get(&application);
    let cancelled = cancelled.filter(|step| **step < view.step.begun());
    found.that(IT, cancelled.is_none(), || {
        format!("{application} was called off in step {cancelled:?} and has had an effect since")
    });
}

/// A pair that was accepted before changes nothing.
fn comes_again(view: &View<'_>, service: &ServiceId, register: &Register, found: &mut Found) {
    let Some(pair) = pair(service, register) else {
        return;
    };
    let before = view.witness.posted.registered.get(&pair);
    if before.is_some_and(|step| *step < view.step.begun()) {
        let changed = view.step.changed.iter().find(|it| is_change(it));
        found.that(IT, changed.is_none(), || {
            format!("accepted once more, a pair has changed {changed:?}")
        });
    }
}

/// A refusal changes nothing but the time, and a pair that was accepted is not refused.
fn refused(
    view: &View<'_>,
    service: &ServiceId,
    register: &Register,
    offered: Option<&Offered>,
    found: &mut Found,
) {
    let Some(refused) = view.step.refused() else {
        return;
    };
    let changed = view.step.changed.iter().find(|it| is_change(it));
    found.that(IT, changed.is_none(), || {
        format!("a pair that was refused has changed {changed:?}")
    });
    if refused.refusal.code != RefusalCode::RegistrationRefused {
        return;
    }
    let before = pair(service, register).and_then(|it| view.witness.posted.registered.get(&it));
    let before = before.filter(|step| **step < view.step.begun());
    let goes_on = offered.is_some_and(|offered| in_use(view.state, offered));
    found.that(IT, before.is_none() || !goes_on, || {
        format!(
            "accepted in step {before:?}, and refused: {}",
            refused.reason.word
        )
    });
}
