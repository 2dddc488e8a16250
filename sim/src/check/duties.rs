//! Invariant 8: an instruction is delivered at least once until acknowledged; its effect and its
//! acknowledgement are recorded exactly once; the order per device holds.
//!
//! What lies in mailboxes is followed from commit to commit, each answer is held against it, and
//! what devices were seen to do is held against what they were told. Carrying out twice does no
//! harm (chapter MBX), but a device does it only where the power failed between, or a person has
//! entered a code at it: its duties live in its memory and belong to one holding of a registration.

use std::collections::BTreeSet;

use restante_core::center::{Credential, Reply};
use restante_core::code::FormalCode;
use restante_core::id::{DeviceId, InstructionId};
use restante_core::limits::FINISHED_PER_MAILBOX;
use restante_core::record::{End, Instruction, InstructionState, Kind};
use restante_core::wire::people::PeopleReply;
use restante_core::wire::{
    Acknowledge, Acknowledged, Acknowledgement, Act, DeviceReply, DeviceRequest, Mailbox,
    NoteResult, Poll, PollReply, Progress,
};

use crate::posted::{Effect, Made, texts};
use crate::witness::Witness;

use super::{Found, Invariant, View, devices_of};
use restante_core::record::State as Standing;

const IT: Invariant = Invariant::Instructions;

/// 8, at the center.
pub(super) fn recorded_once(view: &View<'_>, found: &mut Found) {
    let moved: BTreeSet<DeviceId> = view
        .step
        .changed(Kind::Mailbox)
        .map(|it| DeviceId::from_bytes(it.key.owner.0))
        .collect();
    for device in moved {
        moves_forward(view, device, found);
    }
    let (Some(reply), Some(by)) = (view.step.reply(), &view.step.by) else {
        return;
    };
    let formal = match &by.running.call.presented {
        Credential::Formal(code) => Some(code),
        _ => None,
    };
    match (view.step.request(), reply, formal) {
        (Some(DeviceRequest::Poll(poll)), Reply::Device(DeviceReply::Polled(told)), Some(code)) => {
            delivered(view, code, poll, told, found)
        }
        (
            Some(DeviceRequest::Acknowledge(said)),
            Reply::Device(DeviceReply::Acknowledged(told)),
            _,
        ) => acknowledged(view, said, told, found),
        (_, Reply::People(PeopleReply::Instructed(made)), _) => {
            for row in &made.rows {
                is_there(view, row.device, row.instruction, found);
            }
        }
        _ => {}
    }
}

/// Each instruction of a device goes on as its table says, none is gone and none is there twice.
fn moves_forward(view: &View<'_>, device: DeviceId, found: &mut Found) {
    let (open, finished) = (view.state.open(device), view.state.finished(device));
    let mut ids = BTreeSet::new();
    for instruction in open.iter().chain(finished) {
        let once = ids.insert(instruction.id);
        found.that(IT, once, || format!("{} lies there twice", instruction.id));
        if let Some(before) = view.witness.posted.made.get(&instruction.id) {
            let forward = goes_on(&before.latest, instruction);
            found.that(IT, forward, || {
                format!("{:?} became {:?}", before.latest.state, instruction.state)
            });
        }
    }
    let known = view.witness.posted.made.values();
    let is_full = finished.len() >= FINISHED_PER_MAILBOX;
    for made in known.filter(|it| it.device == device) {
        let gone = !ids.contains(&made.latest.id);
        let may_go = made.latest.is_finished() && is_full;
        found.that(IT, !gone || may_go, || {
            format!("{} is gone", made.latest.id)
        });
    }
    let numbers = open.iter().map(|it| number(view.witness, it.id));
    found.that(IT, numbers.is_sorted(), || {
        format!("the mailbox of {device} is in another order than it was filled in")
    });
}

/// The place of an instruction in the order of all; what has come just now stands last.
fn number(witness: &Witness, id: InstructionId) -> u64 {
    witness
        .posted
        .made
        .get(&id)
        .map_or(u64::MAX, |made| made.number)
}

fn goes_on(before: &Instruction, after: &Instruction) -> bool {
    let same_order = before.acts == after.acts && before.expires == after.expires;
    let (from, to) = (&before.state, &after.state);
    let further = match (from, to) {
        (InstructionState::Finished(from), InstructionState::Finished(to)) => {
            let late = matches!(from.end, End::Expired | End::SetAside) && to.end == End::Done;
            from == to || late
        }
        (InstructionState::Finished(_), _) => false,
        (_, InstructionState::Finished(_)) => true,
        _ => {
            let (from, to) = ((from.attempt(), rank(from)), (to.attempt(), rank(to)));
            from <= to && to.0 <= from.0 + 1
        }
    };
    let called_off = |it: &InstructionState| it.delivery().is_some_and(|it| it.cancel);
    same_order && further && (!called_off(from) || called_off(to) || after.is_finished())
}

const fn rank(state: &InstructionState) -> u8 {
    match state {
        InstructionState::Waiting => 0,
        InstructionState::Delivered(_) => 1,
        InstructionState::Taken(_) => 2,
        InstructionState::Proceeding(_) => 3,
        InstructionState::Finished(_) => 4,
    }
}

/// A poll is shown all that is due, in order, and nothing that is over.
fn delivered(view: &View<'_>, code: &FormalCode, poll: &Poll, told: &PollReply, found: &mut Found) {
    let posted = &view.witness.posted;
    let shown = match told {
        PollReply::Mailbox(mailbox) => {
            in_order(view, mailbox, found);
            mailbox.instructions.iter().map(|it| it.id).collect()
        }
        PollReply::Unchanged(_) => {
            let have = poll.have.clone().map(|tag| (code.registration(), tag));
            let known = have.and_then(|have| posted.shown.get(&have));
            known.cloned().unwrap_or_default()
        }
    };
    let cut = matches!(told, PollReply::Mailbox(mailbox) if mailbox.more);
    for made in waiting(view, code).filter(|_| !cut) {
        found.that(IT, shown.contains(&made.latest.id), || {
            format!(
                "{} waits since step {} and was not shown",
                made.latest.id, made.step
            )
        });
    }
}

/// What has waited for the devices of this registration since before the call began, and does.
fn waiting<'a>(view: &View<'a>, code: &FormalCode) -> impl Iterator<Item = &'a Made> {
    let (witness, state, begun) = (view.witness, view.state, view.step.begun());
    let registration = state.registration(code.registration());
    let moved = witness.posted.spoken_for.get(&code.registration());
    let settled = moved.is_some_and(|step| *step < begun);
    let devices = registration
        .filter(|_| settled)
        .map_or(&[][..], |it| devices_of(&it.state));
    // A clock that has jumped far ahead is not believed, so that time is what was written down.
    let lowest = view.step.by.as_ref().map(|by| {
        let (wall, written) = (by.running.lowest_wall, by.running.highest_then);
        written.map_or(wall, |written| wall.min(written))
    });
    let highest = witness
        .highest_wall
        .max(state.highest().unwrap_or_default());
    let open = devices.iter().flat_map(move |device| state.open(*device));
    let made = open.filter_map(move |it| witness.posted.made.get(&it.id));
    made.filter(move |it| it.step < begun && it.is_due(lowest.unwrap_or_default(), highest))
}

fn in_order(view: &View<'_>, mailbox: &Mailbox, found: &mut Found) {
    let posted = &view.witness.posted;
    let shown = &mailbox.instructions;
    for (place, instruction) in shown.iter().enumerate() {
        let earlier = shown[..place].iter();
        let mut earlier = earlier.filter(|it| it.device == instruction.device);
        let own = number(view.witness, instruction.id);
        let after = earlier.all(|it| number(view.witness, it.id) < own);
        found.that(IT, after, || {
            format!("{} was shown too late", instruction.id)
        });
        let over = posted.made.get(&instruction.id).and_then(|made| made.over);
        let over = over.filter(|step| *step < view.step.begun());
        found.that(IT, over.is_none(), || {
            format!("{} was over in step {over:?} and was shown", instruction.id)
        });
    }
}

/// What was recorded is there, once, and what is recorded as done has happened.
fn acknowledged(view: &View<'_>, said: &Acknowledge, told: &Acknowledged, found: &mut Found) {
    let words = said.acknowledgements.iter().zip(&told.acknowledgements);
    for (word, noted) in words {
        if noted.result != NoteResult::Recorded {
            continue;
        }
        is_there(view, word.device, word.instruction, found);
        if !word.progress.is_final() {
            continue;
        }
        let again = view.witness.posted.recorded.contains(&word.instruction);
        found.that(IT, !again, || {
            format!("the end of {} was recorded twice", word.instruction)
        });
        let over = view.state.finished(word.device).iter();
        let mut over = over.chain(view.state.open(word.device));
        let open = over.any(|it| it.id == word.instruction && !it.is_finished());
        found.that(IT, !open, || {
            format!("{} was recorded as over and is open", word.instruction)
        });
        if word.progress == Progress::Done {
            has_happened(view, word, found);
        }
    }
}

/// A device that says that it has done something has done it.
fn has_happened(view: &View<'_>, word: &Acknowledgement, found: &mut Found) {
    let posted = &view.witness.posted;
    let Some(made) = posted.made.get(&word.instruction) else {
        return;
    };
    for text in texts(&made.latest) {
        let seen = posted.effects.contains_key(&(word.device, text.to_owned()));
        found.that(IT, seen, || {
            format!("{text:?} was never seen at {}", word.device)
        });
    }
    let mut acts = made.latest.acts.as_slice().iter();
    if acts.any(|act| matches!(act, Act::RegisterService(_))) {
        let application = made.latest.invitation.map(|it| it.application);
        let mut registered = posted.registered.keys();
        let done = registered.any(|pair| {
            let offered = posted.pairs.get(pair);
            pair.0 == word.device && offered.map(|it| it.application) == application
        });
        found.that(IT, done, || {
            format!(
                "{} says that it is registered, and nobody said so",
                word.device
            )
        });
    }
}

/// An instruction is in its mailbox, or has made room for later ones.
fn is_there(view: &View<'_>, device: DeviceId, id: InstructionId, found: &mut Found) {
    let (open, finished) = (view.state.open(device), view.state.finished(device));
    let there = open.iter().chain(finished).any(|it| it.id == id);
    let gone = finished.len() >= FINISHED_PER_MAILBOX;
    found.that(IT, there || gone, || format!("{id} is not in its mailbox"));
}

/// 8, at the device: what happens was ordered, happens in order, and once unless the power fails.
pub(super) fn carried_out(effect: &Effect, witness: &Witness, found: &mut Found) {
    let posted = &witness.posted;
    let Effect { device, text, own } = effect;
    let made = posted.with_text(*device, text);
    found.that(IT, made.is_some(), || {
        format!("{device} does {text:?}, which nobody has ordered")
    });
    let Some(made) = made else { return };
    let before = posted.effects.get(&(*device, text.clone()));
    match before {
        Some(seen) => {
            let again = own.is_some() && seen.own == *own;
            found.that(IT, !again, || format!("{device} has done {text:?} twice"));
        }
        None if made.latest.not_before.is_none() => {
            let later = |other: &&Made| {
                other.device == *device
                    && other.number > made.number
                    && other.latest.not_before.is_none()
                    && texts(&other.latest)
                        .any(|text| posted.effects.contains_key(&(*device, text.to_owned())))
            };
            let later = posted.made.values().find(later);
            found.that(IT, later.is_none(), || {
                format!(
                    "{device} does {text:?} after {:?}",
                    later.map(|it| &it.latest.acts)
                )
            });
        }
        None => {}
    }
}

/// The devices for which a registration speaks.
pub(crate) fn speaks_for(state: &Standing, device: DeviceId) -> bool {
    devices_of(state).contains(&device)
}
