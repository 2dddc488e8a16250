//! Invariant 11: expiry and revocation never go back, whatever the clock does, and act from the
//! next request on.

use restante_core::Timestamp;
use restante_core::center::Credential;
use restante_core::id::{GrantId, TokenId};
use restante_core::limits::CLOCK_JUMP;
use restante_core::record::{Grant, Kind, Registration, State as Standing, Why};
use restante_core::wire::DeviceRequest;

use crate::state::{Changed, Entry, Kept};
use crate::step::By;

use super::{Found, Invariant, View, devices_of, is_used};

pub(super) fn never_back(view: &View<'_>, found: &mut Found) {
    for changed in &view.step.changed {
        record(changed, view, found);
    }
    not_before_its_time(view, found);
    let Some(by) = &view.step.by else { return };
    for changed in view.step.changed(Kind::Registration) {
        if let Some((grant, paid_now)) = opened(changed, view) {
            after_revocation(view, grant, found);
            if paid_now {
                after_expiry(view, by, grant, found);
            }
        }
    }
    if let (Credential::Token(token), Some(_)) = (&by.running.call.presented, view.step.reply()) {
        token_revoked(view, token.id(), found);
    }
}

/// Times and revocations in the store move in one direction.
fn record(changed: &Changed, view: &View<'_>, found: &mut Found) {
    let forward = match (entry(&changed.before), entry(&changed.after)) {
        (Some(Entry::Clock(before)), Some(Entry::Clock(after))) => before.highest <= after.highest,
        (Some(Entry::Clock(_)), None) => false,
        (Some(Entry::Grant(before)), Some(Entry::Grant(after))) => {
            before.expires == after.expires && (after.is_revoked() || !before.is_revoked())
        }
        (Some(Entry::Grant(before)), None) => before.expires <= view.witness.highest_wall,
        (Some(Entry::Token(before)), Some(Entry::Token(after))) => {
            before.revoked.is_none() || after.revoked == before.revoked
        }
        (Some(Entry::Token(_)), None) => false,
        (Some(Entry::Registration(before)), Some(Entry::Registration(after))) => {
            !given_back_early(before, after, view.witness.highest_wall)
        }
        _ => return,
    };
    found.that(Invariant::NeverBack, forward, || {
        format!(
            "{:?} became {:?}",
            entry(&changed.before),
            entry(&changed.after)
        )
    });
}

fn given_back_early(before: &Registration, after: &Registration, highest: Timestamp) -> bool {
    match (&before.state, &after.state) {
        (Standing::Pending(pending), Standing::Ended(ended)) => {
            ended.why == Why::NeverUsed && pending.gives_back > highest
        }
        _ => false,
    }
}

/// The grant by whose code a registration was made, activated or enlarged in this step, and whether
/// slots were taken for it just now.
fn opened(changed: &Changed, view: &View<'_>) -> Option<(GrantId, bool)> {
    let Some(Entry::Registration(after)) = entry(&changed.after) else {
        return None;
    };
    let own = after.facts.grant;
    let before = match entry(&changed.before) {
        Some(Entry::Registration(before)) => &before.state,
        _ => return Some((own, true)),
    };
    if matches!(before, Standing::Pending(_)) {
        return is_used(&after.state).then_some((own, false));
    }
    let more = devices_of(before).len() < devices_of(&after.state).len();
    let paid_by = view
        .step
        .changed(Kind::Grant)
        .find_map(|it| Grant::id(&it.key));
    more.then_some((paid_by.unwrap_or(own), true))
}

/// What was said to be revoked opens nothing for whoever asks later.
fn after_revocation(view: &View<'_>, grant: GrantId, found: &mut Found) {
    let said = view
        .witness
        .revoked
        .get(&grant)
        .filter(|step| **step < view.step.begun());
    found.that(Invariant::NeverBack, said.is_none(), || {
        format!("{grant} was revoked in step {said:?} and has opened something since")
    });
}

/// What was judged to be over stays so, and what is over is judged so.
fn after_expiry(view: &View<'_>, by: &By<'_>, id: GrantId, found: &mut Found) {
    let said = view
        .witness
        .expired
        .get(&id)
        .filter(|step| **step < view.step.begun());
    found.that(Invariant::NeverBack, said.is_none(), || {
        format!("{id} was refused as over in step {said:?} and has opened something since")
    });
    let Some(grant) = view.state.grant(id) else {
        return;
    };
    let (highest, wall) = (by.running.highest_then, by.running.lowest_wall);
    let written = highest.is_some_and(|highest| highest >= grant.expires);
    let believed = highest.is_some_and(|highest| wall <= highest.after(CLOCK_JUMP));
    let shown = believed && wall >= grant.expires;
    found.that(Invariant::NeverBack, !written && !shown, || {
        format!(
            "{id} ran out at {:?}; it was {wall:?}, after {highest:?}",
            grant.expires
        )
    });
}

/// A code is not refused as over before its time, by whatever clock there ever was.
fn not_before_its_time(view: &View<'_>, found: &mut Found) {
    let Some(refused) = view.step.refused() else {
        return;
    };
    if refused.reason.word != "code-expired" || is_add_without_grant(view) {
        return;
    }
    let Some(id) = view.witness.grant_of(view.step, view.state) else {
        return;
    };
    let issued = view
        .witness
        .codes
        .values()
        .find(|issued| issued.grant == id);
    let early = issued.is_some_and(|issued| issued.expires > view.witness.highest_wall);
    found.that(Invariant::NeverBack, !early, || {
        format!("{id} was refused before its time")
    });
}

/// An addition on a grant that has been swept away is refused as over, which is no judgement.
fn is_add_without_grant(view: &View<'_>) -> bool {
    matches!(view.step.request(), Some(DeviceRequest::AddDevices(add)) if add.code.is_none())
}

fn token_revoked(view: &View<'_>, token: TokenId, found: &mut Found) {
    let said = view.witness.revoked_tokens.get(&token);
    let said = said.filter(|step| **step < view.step.begun());
    found.that(Invariant::NeverBack, said.is_none(), || {
        format!("{token} was revoked in step {said:?} and was accepted since")
    });
}

fn entry(kept: &Option<Kept>) -> Option<&Entry> {
    kept.as_ref().map(|kept| &kept.entry)
}
