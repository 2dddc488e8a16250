//! Invariants 5 and 6: what was acknowledged is there, and the store is what was committed.

use restante_core::code::Presented;
use restante_core::id::{Epoch, RegistrationId};
use restante_core::limits::REGISTRATIONS_PER_READING;
use restante_core::record::{Registration, State as Standing, Token};
use restante_store::memory::Held;

use crate::machine::Send;
use crate::state::State;
use crate::unit::Unit;
use crate::witness::Witness;

use super::{Found, Invariant, View};

/// 5: What was acknowledged is there: after every step that changes or acknowledges something.
pub(super) fn acknowledged(view: &View<'_>, found: &mut Found) {
    if !view.step.changed.is_empty() || view.step.answer.is_some() {
        all_acknowledged(view.state, view.witness, found);
    }
}

/// 5: Everything that was ever acknowledged is there.
pub(super) fn all_acknowledged(state: &State, witness: &Witness, found: &mut Found) {
    registrations(state, witness, found);
    readings(state, witness, found);
    grants(state, witness, found);
    for token in &witness.tokens {
        let kept = state.entry(&Token::key(*token)).is_some();
        found.that(Invariant::Acknowledged, kept, || {
            format!("{token} was handed out")
        });
    }
    if let Some(accepted) = witness.accepted_clock {
        let highest = state.highest();
        found.that(Invariant::Acknowledged, highest >= Some(accepted), || {
            format!("the time was accepted as {accepted:?} and is written down as {highest:?}")
        });
    }
}

fn registrations(state: &State, witness: &Witness, found: &mut Found) {
    for id in witness.made_by.keys() {
        let there = state.registration(*id).is_some();
        found.that(Invariant::Acknowledged, there, || {
            format!("{id} was acknowledged")
        });
    }
    for (id, epoch) in witness.handed_out.keys() {
        let stands = state
            .registration(*id)
            .is_some_and(|it| has_epoch(it, *epoch));
        found.that(Invariant::Acknowledged, stands, || {
            format!(
                "{id}: the formal code of epoch {} was handed out",
                epoch.get()
            )
        });
    }
    for (id, epochs) in &witness.used {
        let latest = epochs.keys().next_back().copied().unwrap_or_default();
        let stands = state
            .registration(*id)
            .is_some_and(|it| is_past(it, latest));
        found.that(Invariant::Acknowledged, stands, || {
            format!("{id}: the use of epoch {} was acknowledged", latest.get())
        });
    }
    for id in witness.ended.keys() {
        let ended = ended(state, *id);
        found.that(Invariant::Acknowledged, ended, || {
            format!("{id} was said to have ended")
        });
    }
    for device in &witness.holdings {
        let held = state.holds(*device);
        found.that(Invariant::Acknowledged, held, || {
            format!("{device} was added")
        });
    }
}

fn readings(state: &State, witness: &Witness, found: &mut Found) {
    for ((device, registration), (told, _)) in &witness.reported {
        let latest = state.latest(*device);
        let reached = latest.and_then(|it| it.reached(*registration));
        // Of a device that many registrations have reported, the oldest are forgotten.
        let forgotten = latest.is_some_and(|it| it.earlier.len() >= REGISTRATIONS_PER_READING);
        let stands = reached.map_or(forgotten, |it| (it.boot, it.seq) >= *told);
        found.that(Invariant::Acknowledged, stands, || {
            format!("{device}: report {told:?} was acknowledged, {latest:?} is held")
        });
    }
}

/// A code that was handed out is there until its time is over; a revoked one is revoked until then.
fn grants(state: &State, witness: &Witness, found: &mut Found) {
    for issued in witness.codes.values() {
        let over = witness.highest_wall >= issued.expires;
        let grant = state.grant(issued.grant);
        let stands = grant.map_or(over, |it| {
            it.slots.limit() == issued.limit && it.expires == issued.expires
        });
        found.that(Invariant::Acknowledged, stands, || {
            format!("{issued:?} was handed out, and {grant:?} is held")
        });
    }
    for id in witness.revoked.keys() {
        let stands = state.grant(*id).is_none_or(|grant| grant.is_revoked());
        found.that(Invariant::Acknowledged, stands, || {
            format!("{id} was said to be revoked")
        });
    }
}

fn has_epoch(registration: &Registration, epoch: Epoch) -> bool {
    match &registration.state {
        Standing::Pending(pending) => pending.secret.epoch == epoch,
        Standing::Active(active) => {
            active.secret.epoch >= epoch || active.next.is_some_and(|next| next.epoch == epoch)
        }
        Standing::Ended(_) => true,
    }
}

fn is_past(registration: &Registration, epoch: Epoch) -> bool {
    match &registration.state {
        Standing::Pending(_) => false,
        Standing::Active(active) => active.secret.epoch >= epoch,
        Standing::Ended(_) => true,
    }
}

fn ended(state: &State, id: RegistrationId) -> bool {
    let registration = state.registration(id);
    registration.is_some_and(|it| matches!(it.state, Standing::Ended(_)))
}

/// 6: After a crash the store equals a prefix of the committed transitions that holds all the
/// acknowledged ones. Acknowledged is what was committed here, so that the prefix is the whole.
pub(super) fn prefix(held: &Held, state: &State, found: &mut Found) {
    let mut ours = state.iter();
    let mut differs = None;
    for row in held.rows() {
        let same = ours
            .next()
            .is_some_and(|(key, kept)| *key == row.key && kept.body == row.body);
        if !same {
            differs = Some(row.key.clone());
            break;
        }
    }
    let rest = if differs.is_none() { ours.next() } else { None };
    found.that(
        Invariant::Prefix,
        differs.is_none() && rest.is_none(),
        || format!("the store differs from what was committed at {differs:?} {rest:?}"),
    );
}

/// The device's side of 4 and 5: a code or a request id is in non-volatile memory before it is
/// used.
pub(super) fn before_use(unit: &Unit, send: &Send, found: &mut Found) {
    let memory = unit.memory.as_deref().unwrap_or_default();
    let code = match &send.presented {
        Presented::Formal(code) => code.to_text(),
        Presented::Provisional(code) => code.to_text(),
    };
    let kept = memory
        .windows(code.len())
        .any(|part| part == code.as_bytes());
    found.that(Invariant::SameAnswer, kept, || {
        format!(
            "{} sends a code that it has not kept: {:?}",
            unit.name, send.request
        )
    });
}
