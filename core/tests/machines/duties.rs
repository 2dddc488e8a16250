//! How a device carries out what its mailbox asks for, told as what happens to it.

use restante_core::Seconds;
use restante_core::code::Presented;
use restante_core::device::{Input, Notice, Phase};
use restante_core::limits::DUTIES_PER_DEVICE;
use restante_core::machine::Machine;
use restante_core::wire::{
    Act, ActResult, DeviceReply, DeviceRequest, NoteResult, Outcome, Progress, Refusal, RefusalCode,
};

use crate::post::{notify, register_service, unknown};
use crate::scripted::{World, device_id, formal, polled, reported, word};
use crate::upkeep::Upkeep;

#[test]
fn a_message_is_shown_and_acknowledged_in_one_go() {
    let (mut upkeep, ids) = Upkeep::polled(&[&[notify("Service is coming")]]);
    let shown: Vec<String> = upkeep.world.shown.iter().map(ToString::to_string).collect();
    let told = "a message for the people at this device: Service is coming";
    assert!(shown.iter().any(|it| it == told), "{shown:?}");
    assert_eq!(upkeep.said(), [(ids[0], Progress::Done)]);
    upkeep.answer();
    assert_eq!(upkeep.post.entry(ids[0]).finals, 1);
    assert!(upkeep.world.device.duties().is_empty());
}

#[test]
fn an_act_of_an_unknown_kind_is_rejected_by_name_and_the_others_are_carried_out() {
    let (mut upkeep, ids) = Upkeep::polled(&[&[notify("one"), unknown(), notify("two")]]);
    assert_eq!(upkeep.said(), [(ids[0], Progress::Rejected)]);
    upkeep.answer();
    let results = upkeep.post.entry(ids[0]).results.clone();
    assert_eq!(results[0], ActResult::DONE);
    let detail = results[1].detail.as_ref().map(ToString::to_string);
    let expected = "this device carries out no act of kind fold-paper";
    assert_eq!(detail.as_deref(), Some(expected));
    assert_eq!(results[1].outcome, Outcome::Rejected);
    assert_eq!(results[2], ActResult::DONE);
    let messages = upkeep.world.shown.iter();
    let messages = messages.filter(|it| matches!(it, Notice::Message { .. }));
    assert_eq!(messages.count(), 2);
}

#[test]
fn a_report_is_made_at_once_and_the_instruction_is_done_when_it_was_answered() {
    let (mut upkeep, ids) = Upkeep::polled(&[&[Act::ReportStatus]]);
    assert_eq!(upkeep.said(), [(ids[0], Progress::Taken)]);
    let at = upkeep.world.now;
    upkeep.answer();
    assert_eq!(word(&upkeep.world.last().request), "report-status");
    assert_eq!(upkeep.world.now, at, "at once");
    upkeep.world.lose();
    upkeep.world.sleep();
    assert_eq!(word(&upkeep.world.last().request), "report-status");
    upkeep.answer();
    assert_eq!(upkeep.said(), [(ids[0], Progress::Done)]);
}

#[test]
fn a_report_that_is_refused_fails_the_act() {
    let (mut upkeep, ids) = Upkeep::polled(&[&[Act::ReportStatus]]);
    upkeep.answer();
    upkeep.world.refuse(RefusalCode::Malformed);
    assert_eq!(upkeep.said(), [(ids[0], Progress::Failed)]);
}

#[test]
fn a_rotation_is_done_with_the_new_code() {
    let (mut upkeep, ids) = Upkeep::polled(&[&[Act::RotateCode]]);
    assert_eq!(upkeep.said(), [(ids[0], Progress::Taken)]);
    upkeep.answer();
    assert_eq!(word(&upkeep.world.last().request), "rotate");
    upkeep.answer();
    assert_eq!(word(&upkeep.world.last().request), "poll");
    upkeep.answer();
    assert_eq!(upkeep.said(), [(ids[0], Progress::Done)]);
    assert_eq!(
        upkeep.world.last().presented,
        Presented::Formal(formal(2)),
        "what the new code says"
    );
    upkeep.answer();
    assert_eq!(upkeep.world.device.phase(), Phase::InUse);
    assert_eq!(upkeep.post.entry(ids[0]).finals, 1);
}

#[test]
fn a_rotation_whose_new_code_is_not_accepted_fails_and_the_former_code_goes_on() {
    let (mut upkeep, ids) = Upkeep::polled(&[&[Act::RotateCode]]);
    upkeep.answer();
    upkeep.answer();
    upkeep.world.refuse(RefusalCode::FormalCodeRefused);
    upkeep.answer();
    assert_eq!(upkeep.said(), [(ids[0], Progress::Failed)]);
    assert_eq!(upkeep.world.last().presented, Presented::Formal(formal(1)));

    let (mut upkeep, ids) = Upkeep::polled(&[&[Act::RotateCode]]);
    upkeep.answer();
    upkeep.world.refuse(RefusalCode::Malformed);
    assert_eq!(upkeep.said(), [(ids[0], Progress::Failed)]);
}

#[test]
fn a_lost_acknowledgement_is_repeated_with_patience_and_nothing_is_carried_out_twice() {
    let (mut upkeep, ids) = Upkeep::polled(&[&[notify("once")]]);
    let first = upkeep.world.last().request.clone();
    for round in 0..4 {
        // The center notes it, and its answer gets lost.
        let _ = upkeep.right();
        upkeep.world.lose();
        let wait = upkeep.world.sleep();
        assert!(wait <= Seconds::new(4 << round), "{wait:?}");
        assert_eq!(upkeep.world.last().request, first);
    }
    upkeep.answer();
    assert_eq!(upkeep.post.entry(ids[0]).finals, 1);
    let messages = upkeep.world.shown.iter();
    let messages = messages.filter(|it| matches!(it, Notice::Message { .. }));
    assert_eq!(messages.count(), 1);
}

#[test]
fn after_a_power_cut_the_instruction_is_delivered_and_carried_out_again() {
    let (mut upkeep, ids) = Upkeep::polled(&[&[notify("twice at the most")]]);
    upkeep.world.power_cut();
    upkeep.poll();
    while word(&upkeep.world.last().request) != "acknowledge" {
        upkeep.answer();
    }
    assert_eq!(upkeep.said(), [(ids[0], Progress::Done)]);
    upkeep.answer();
    assert_eq!(upkeep.post.entry(ids[0]).finals, 1);
}

#[test]
fn instructions_are_carried_out_one_after_the_other_in_their_order() {
    let (mut upkeep, ids) = Upkeep::polled(&[
        &[register_service(), notify("first")],
        &[notify("second")],
        &[notify("third"), register_service()],
    ]);
    let taken = |id| (id, Progress::Taken);
    assert_eq!(
        upkeep.said(),
        [taken(ids[0]), taken(ids[1]), taken(ids[2])],
        "none waits to be acknowledged until its turn comes"
    );
    upkeep.answer();
    let messages = |upkeep: &Upkeep| {
        let text = |it: &Notice| match it {
            Notice::Message { text } => Some(text.to_string()),
            _ => None,
        };
        upkeep
            .world
            .shown
            .iter()
            .filter_map(text)
            .collect::<Vec<_>>()
    };
    assert!(messages(&upkeep).is_empty(), "the first act is under way");
    assert_eq!(upkeep.world.errands.len(), 1);
    upkeep.served(Outcome::Done);
    assert_eq!(messages(&upkeep), ["first", "second", "third"]);
    assert_eq!(
        upkeep.said(),
        [(ids[0], Progress::Done), (ids[1], Progress::Done)]
    );
    upkeep.answer();
    upkeep.served(Outcome::Failed);
    assert_eq!(upkeep.said(), [(ids[2], Progress::Failed)]);
    upkeep.answer();
    assert_eq!(
        upkeep.outcomes(ids[2]),
        [Outcome::Done, Outcome::Failed],
        "each act has a result of its own"
    );
}

#[test]
fn what_is_called_off_before_it_has_begun_is_omitted() {
    let (mut upkeep, ids) = Upkeep::polled(&[
        &[register_service(), notify("not any more")],
        &[notify("not at all"), Act::RotateCode],
    ]);
    upkeep.answer();
    for id in &ids {
        upkeep.post.entry(*id).instruction.cancel = true;
    }
    let mut early = upkeep.clone();
    early.served(Outcome::Done);
    assert_eq!(early.said()[0], (ids[0], Progress::Done), "not known yet");

    // The mailbox is shown with the cancellation while the first act is under way.
    let (mut upkeep, ids) = Upkeep::new(&[
        &[register_service(), notify("not any more")],
        &[notify("not at all"), Act::RotateCode],
    ]);
    upkeep.poll();
    upkeep.answer();
    for id in &ids {
        upkeep.post.entry(*id).instruction.cancel = true;
    }
    upkeep.world.give(Input::RotateNow);
    upkeep.answer();
    upkeep.answer();
    assert_eq!(upkeep.said(), [(ids[1], Progress::Rejected)]);
    upkeep.answer();
    assert_eq!(
        upkeep.outcomes(ids[1]),
        [Outcome::Omitted, Outcome::Omitted]
    );
    upkeep.served(Outcome::Done);
    assert_eq!(upkeep.said(), [(ids[0], Progress::Rejected)]);
    upkeep.answer();
    assert_eq!(upkeep.outcomes(ids[0]), [Outcome::Done, Outcome::Omitted]);
    let message = |it: &Notice| matches!(it, Notice::Message { .. });
    assert!(!upkeep.world.shown.iter().any(message));
}

#[test]
fn what_has_run_out_before_its_turn_is_omitted() {
    let (mut upkeep, ids) = Upkeep::new(&[&[register_service()], &[notify("too late")]]);
    upkeep.post.entry(ids[1]).instruction.expires = Seconds::new(30);
    upkeep.poll();
    upkeep.answer();
    let mut in_time = upkeep.clone();
    in_time.world.now = in_time.world.now.after(Seconds::new(30));
    in_time.served(Outcome::Done);
    assert_eq!(in_time.said()[1], (ids[1], Progress::Done));
    upkeep.world.now = upkeep.world.now.after(Seconds::new(31));
    upkeep.served(Outcome::Done);
    assert_eq!(upkeep.said()[1], (ids[1], Progress::Rejected));
    upkeep.answer();
    assert_eq!(upkeep.outcomes(ids[1]), [Outcome::Omitted]);
}

#[test]
fn another_delivery_is_acknowledged_as_such_and_not_carried_out_again() {
    let (mut upkeep, ids) = Upkeep::polled(&[&[register_service()]]);
    upkeep.answer();
    let entry = upkeep.post.entry(ids[0]);
    (entry.lease_over, entry.instruction.cancel) = (true, true);
    upkeep.world.give(Input::RotateNow);
    upkeep.answer();
    upkeep.answer();
    let DeviceRequest::Acknowledge(said) = upkeep.world.last().request.clone() else {
        panic!("another delivery is to be acknowledged");
    };
    assert_eq!(said.acknowledgements[0].attempt, 2);
    assert_eq!(said.acknowledgements[0].progress, Progress::Taken);
    upkeep.answer();
    assert_eq!(upkeep.world.errands.len(), 1);
    upkeep.served(Outcome::Done);
    upkeep.answer();
    assert_eq!(upkeep.post.entry(ids[0]).finals, 1);
}

#[test]
fn an_instruction_for_somebody_else_is_passed_over() {
    let (mut upkeep, ids) = Upkeep::new(&[&[notify("mine")]]);
    upkeep.post.put(device_id(7), vec![notify("not mine")]);
    upkeep.poll();
    assert_eq!(upkeep.said(), [(ids[0], Progress::Done)]);
}

#[test]
fn a_mailbox_that_holds_more_is_looked_into_again_as_soon_as_all_is_acknowledged() {
    let (mut upkeep, ids) = Upkeep::new(&[&[notify("one")], &[notify("two")], &[notify("three")]]);
    upkeep.post.room = Some(1);
    upkeep.poll();
    let at = upkeep.world.now;
    for id in &ids {
        assert_eq!(upkeep.said(), [(*id, Progress::Done)]);
        upkeep.answer();
        if id != ids.last().expect("three") {
            assert_eq!(word(&upkeep.world.last().request), "poll");
            upkeep.answer();
        }
    }
    assert_eq!(upkeep.world.now, at, "without waiting");
    assert_eq!(word(&upkeep.world.last().request), "acknowledge");
}

#[test]
fn a_center_that_shows_more_and_notes_nothing_is_polled_no_sooner_than_scheduled() {
    let (mut upkeep, _) = Upkeep::new(&[&[notify("one")], &[notify("two")]]);
    upkeep.post.room = Some(1);
    upkeep.poll();
    let DeviceReply::Acknowledged(mut reply) = upkeep.right() else {
        panic!("an acknowledgement is outstanding");
    };
    reply.acknowledgements[0].result = NoteResult::Unknown;
    let (sent, at) = (upkeep.world.sent.len(), upkeep.world.now);
    upkeep.world.reply(DeviceReply::Acknowledged(reply));
    assert_eq!(upkeep.world.sent.len(), sent);
    upkeep.poll();
    assert!(upkeep.world.now >= at.after(Seconds::HOUR));
}

#[test]
fn what_does_not_fit_into_memory_is_left_in_the_mailbox_and_fetched_later() {
    let one: &[Act] = &[notify("one of many")];
    let many = vec![one; 3 * DUTIES_PER_DEVICE + 1];
    let (mut upkeep, ids) = Upkeep::new(&many);
    upkeep.poll();
    let mut most = 0;
    while word(&upkeep.world.last().request) != "report-status"
        && ids.iter().any(|id| upkeep.post.entry(*id).finals == 0)
    {
        most = most.max(upkeep.world.device.duties().len());
        upkeep.answer();
    }
    assert_eq!(most, DUTIES_PER_DEVICE);
    for id in ids {
        assert_eq!(upkeep.post.entry(id).finals, 1);
    }
}

#[test]
fn an_acknowledgement_that_is_refused_for_good_is_not_repeated_and_the_mailbox_is_read_anew() {
    let (mut upkeep, _) = Upkeep::polled(&[&[notify("one")]]);
    upkeep.world.refuse(RefusalCode::Malformed);
    assert_eq!(upkeep.world.device.phase(), Phase::InUse);
    assert!(upkeep.world.device.duties().is_empty());
    let acknowledged = |world: &World| {
        let words = world.sent.iter().map(|it| word(&it.request));
        words.filter(|it| *it == "acknowledge").count()
    };
    assert_eq!(acknowledged(&upkeep.world), 1);
    upkeep.poll();
    assert_eq!(acknowledged(&upkeep.world), 2, "it is delivered again");
}

#[test]
fn a_device_that_is_not_covered_any_more_asks_a_person_and_enrols_nothing() {
    let (mut upkeep, _) = Upkeep::polled(&[&[notify("one")]]);
    upkeep.world.refuse_with(Refusal {
        devices: vec![device_id(0)],
        ..Refusal::plain(RefusalCode::DeviceNotCovered)
    });
    assert_eq!(upkeep.world.device.phase(), Phase::NeedsPerson);
    assert_eq!(upkeep.world.device.deadline(), None);
}

#[test]
fn an_answer_that_does_not_fit_what_was_said_is_as_if_it_had_never_come() {
    let (mut upkeep, ids) = Upkeep::polled(&[&[notify("one")], &[notify("two")]]);
    let DeviceReply::Acknowledged(right) = upkeep.right() else {
        panic!("an acknowledgement is outstanding");
    };
    let before = upkeep.world.device.clone();
    let mut short = right.clone();
    short.acknowledgements.pop();
    upkeep.world.reply(DeviceReply::Acknowledged(short));
    let mut swapped = right.clone();
    swapped.acknowledgements.reverse();
    upkeep.world.reply(DeviceReply::Acknowledged(swapped));
    assert_eq!(upkeep.world.device, before);
    upkeep.world.reply(DeviceReply::Acknowledged(right));
    assert!(upkeep.world.device.duties().is_empty());
    assert_eq!(upkeep.post.entry(ids[1]).finals, 1);
}

#[test]
fn a_poll_that_shows_nothing_new_costs_nothing() {
    let mut world = World::in_use();
    let before = world.sent.len();
    while word(&world.last().request) != "poll" || world.sent.len() == before {
        world.sleep();
        if word(&world.last().request) == "report-status" {
            world.reply(reported());
        }
    }
    let sent = world.sent.len();
    world.reply(polled());
    assert_eq!(world.sent.len(), sent);
}
