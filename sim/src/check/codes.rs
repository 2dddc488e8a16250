//! Invariants 1, 3 and 4: formal codes, registrations, and who hears of them.

use restante_core::center::Credential;
use restante_core::code::FormalCode;
use restante_core::id::{Epoch, RegistrationId};
use restante_core::record::{Kind, Registration, State as Standing};
use restante_core::wire::{DeviceReply, DeviceRequest, Enrol, Enrolled, RefusalCode};

use crate::state::{Changed, Entry, Kept};
use crate::witness::{Told, content};

use super::{Found, Invariant, View};
use restante_core::center::Reply;

/// 1: At most one active and one pending formal code per registration; a superseded or revoked one
/// is never accepted again.
pub(super) fn one_code(view: &View<'_>, found: &mut Found) {
    for changed in view.step.changed(Kind::Registration) {
        moves_forward(changed, found);
    }
    let (Some(code), Some(reply)) = (formal(view), device_reply(view)) else {
        return;
    };
    let id = code.registration();
    let begun = view.step.begun();
    let later = view.witness.used.get(&id).and_then(|epochs| {
        let mut epochs = epochs.iter();
        epochs.find(|(epoch, step)| **epoch > code.epoch() && **step < begun)
    });
    found.that(Invariant::OneCode, later.is_none(), || {
        format!(
            "{id}: epoch {} was accepted after {later:?} had been used",
            code.epoch().get()
        )
    });
    let ended = view.witness.ended.get(&id).filter(|step| **step < begun);
    found.that(Invariant::OneCode, ended.is_none(), || {
        format!("{id} had ended in step {ended:?} and was accepted: {reply:?}")
    });
    let given = view.witness.handed_out.get(&(id, code.epoch()));
    found.that(Invariant::OneCode, given == Some(code.secret()), || {
        format!(
            "{id}, epoch {}: a secret that nobody was given was accepted",
            code.epoch().get()
        )
    });
    if let DeviceReply::Rotated(rotated) = reply {
        let next = &rotated.formal_code;
        let given = view
            .witness
            .handed_out
            .get(&(next.registration(), next.epoch()));
        let same = given.is_none_or(|given| given == next.secret());
        found.that(
            Invariant::OneCode,
            same && next.registration() == id,
            || format!("{id}: another pending code than the one that was handed out"),
        );
    }
}

/// The states of a registration follow each other in one direction.
fn moves_forward(changed: &Changed, found: &mut Found) {
    let after = changed.after.as_ref().and_then(registration);
    found.that(Invariant::OneCode, after.is_some(), || {
        format!("a registration is gone or unreadable: {:?}", changed.after)
    });
    let Some(after) = after else { return };
    if let Standing::Active(active) = &after.state {
        let one_ahead = active
            .next
            .is_none_or(|next| Some(next.epoch) == active.secret.epoch.next());
        found.that(Invariant::OneCode, one_ahead, || {
            format!("epochs {active:?}")
        });
    }
    let Some(before) = changed.before.as_ref().and_then(registration) else {
        return;
    };
    let forward = match (&before.state, &after.state) {
        (Standing::Pending(_), _) => true,
        (Standing::Active(before), Standing::Active(after)) => {
            let epochs = before.secret.epoch..=before.secret.epoch.next().unwrap_or(Epoch::FIRST);
            epochs.contains(&after.secret.epoch)
        }
        (Standing::Active(_), Standing::Ended(_)) => true,
        (Standing::Ended(before), Standing::Ended(after)) => before == after,
        _ => false,
    };
    found.that(
        Invariant::OneCode,
        forward && before.facts == after.facts,
        || format!("{:?} became {:?}", before.state, after.state),
    );
}

/// 3: (code, R) names at most one registration, for ever; two R never share a secret.
pub(super) fn one_registration(view: &View<'_>, found: &mut Found) {
    for changed in view.step.changed(Kind::Registration) {
        if changed.before.is_none()
            && let Some(made) = changed.after.as_ref().and_then(registration)
        {
            let same = |it: &Registration| {
                it.facts.grant == made.facts.grant && it.facts.request == made.facts.request
            };
            let count = view
                .state
                .registrations()
                .filter(|(_, it)| same(it))
                .count();
            found.that(Invariant::OneRegistration, count == 1, || {
                format!(
                    "{count} registrations of {} and one request id",
                    made.facts.grant
                )
            });
        }
    }
    let Some((enrol, told)) = enrolled(view) else {
        return;
    };
    let Some(code) = provisional(view) else {
        return;
    };
    let key = (code, enrol.request);
    let before = view
        .witness
        .enrolments
        .get(&key)
        .map(|told| told.registration);
    found.that(
        Invariant::OneRegistration,
        before.is_none_or(|before| before == told.registration),
        || format!("{before:?} became {}", told.registration),
    );
    let other = view
        .witness
        .made_by
        .get(&told.registration)
        .filter(|made| **made != key);
    found.that(Invariant::OneRegistration, other.is_none(), || {
        format!("{} is that of another request too", told.registration)
    });
    let which = (told.registration, told.formal_code.epoch());
    let shared = view.witness.secrets.get(told.formal_code.secret());
    let shared = shared.filter(|owner| **owner != which);
    found.that(Invariant::OneRegistration, shared.is_none(), || {
        format!("{which:?} shares its secret with {shared:?}")
    });
}

/// 4: After a lost reply the same device with the same code and R gets the same formal code until
/// first use; nobody else does, and nobody afterwards.
pub(super) fn same_answer(view: &View<'_>, found: &mut Found) {
    let Some(DeviceRequest::Enrol(enrol)) = view.step.request() else {
        return;
    };
    let Some(code) = provisional(view) else {
        return;
    };
    let told = view.witness.enrolments.get(&(code, enrol.request));
    if let Some((_, now)) = enrolled(view) {
        answered_alike(view, told, now, found);
    }
    if let Some(told) = told
        && refused_for_good(view)
        && told.step < view.step.begun()
        && told.content == content(enrol)
    {
        found.that(
            Invariant::SameAnswer,
            !is_open(view, told.registration),
            || {
                format!(
                    "{} is pending, and its device was refused",
                    told.registration
                )
            },
        );
    }
}

fn answered_alike(view: &View<'_>, told: Option<&Told>, now: &Enrolled, found: &mut Found) {
    let id = now.registration;
    if let Some(told) = told.filter(|told| told.registration == id) {
        let devices = now.devices.iter().map(|it| it.device).collect();
        let same = told.formal == now.formal_code && told.devices == devices;
        found.that(Invariant::SameAnswer, same, || {
            format!("{id}: another answer than before")
        });
    }
    let used = view
        .witness
        .used
        .get(&id)
        .and_then(|epochs| epochs.values().min());
    let afterwards = used.filter(|step| **step < view.step.begun());
    found.that(Invariant::SameAnswer, afterwards.is_none(), || {
        format!("{id}: answered once more after its first use in step {afterwards:?}")
    });
}

/// Whether a refusal is one that says something about the enrolment itself.
fn refused_for_good(view: &View<'_>) -> bool {
    let busy = [
        RefusalCode::Busy,
        RefusalCode::Throttled,
        RefusalCode::Internal,
    ];
    let refused = view.step.refused();
    refused.is_some_and(|refused| !busy.contains(&refused.refusal.code))
}

/// Whether a registration is pending and nothing stands in the way of its first use.
fn is_open(view: &View<'_>, id: RegistrationId) -> bool {
    let Some(registration) = view.state.registration(id) else {
        return false;
    };
    let Standing::Pending(pending) = &registration.state else {
        return false;
    };
    let grant = view.state.grant(registration.facts.grant);
    let in_time = pending.gives_back > view.witness.highest_wall;
    in_time && grant.is_some_and(|grant| !grant.is_revoked())
}

fn registration(kept: &Kept) -> Option<&Registration> {
    match &kept.entry {
        Entry::Registration(registration) => Some(registration),
        _ => None,
    }
}

fn formal<'a>(view: &View<'a>) -> Option<&'a FormalCode> {
    match &view.step.by.as_ref()?.running.call.presented {
        Credential::Formal(code) => Some(code),
        _ => None,
    }
}

fn provisional(view: &View<'_>) -> Option<String> {
    match &view.step.by.as_ref()?.running.call.presented {
        Credential::Provisional(code) => Some(code.to_text()),
        _ => None,
    }
}

fn device_reply<'a>(view: &View<'a>) -> Option<&'a DeviceReply> {
    match view.step.reply()? {
        Reply::Device(reply) => Some(reply),
        _ => None,
    }
}

fn enrolled<'a>(view: &View<'a>) -> Option<(&'a Enrol, &'a Enrolled)> {
    match (view.step.request()?, device_reply(view)?) {
        (DeviceRequest::Enrol(enrol), DeviceReply::Enrolled(enrolled)) => Some((enrol, enrolled)),
        _ => None,
    }
}
