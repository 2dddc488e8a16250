//! Mailboxes as devices meet them: what is shown when, and what an acknowledgement does.

use restante_core::Seconds;
use restante_core::center::{Credential, Message};
use restante_core::id::{DeviceId, InstructionId, Note, RequestId};
use restante_core::limits::{DELIVERIES, DELIVERY_LEASE, INSTRUCTION_TIME, WORK_LEASE};
use restante_core::wire::enrol::MaxMessage;
use restante_core::wire::instruct::{Instruct, InstructionState};
use restante_core::wire::{
    Act, Acts, DeviceReply, DeviceRequest, Instruction, NoteResult, Notify, Poll, PollReply,
    Progress, RefusalCode, json,
};

use crate::site::{Site, acknowledge, ask, give, ids, only, poll, word};
use crate::world::{World, formal, leave, remove};

#[test]
fn an_instruction_goes_to_its_device_and_its_result_to_the_person() {
    let mut site = Site::new();
    let empty = site.poll();
    assert!(empty.instructions.is_empty());
    let id = site.instruct();
    let mailbox = site.poll();
    assert_ne!(mailbox.etag, empty.etag);
    assert!(!mailbox.more);
    let shown = only(mailbox);
    assert_eq!(
        shown,
        Instruction {
            id,
            device: site.device,
            attempt: 1,
            expires: INSTRUCTION_TIME,
            cancel: false,
            acts: Acts::one(Act::ReportStatus),
        }
    );
    let recorded = |state: &str| (NoteResult::Recorded, state.to_owned());
    assert_eq!(site.say(id, 1, Progress::Taken), recorded("taken"));
    assert_eq!(
        site.say(id, 1, Progress::Proceeding),
        recorded("proceeding")
    );
    assert_eq!(site.say(id, 1, Progress::Done), recorded("done"));
    assert_eq!(site.poll(), empty);
    let row = site.list().pop().expect("a row");
    assert_eq!(row.state, InstructionState::Done);
    assert_eq!(row.attempt, Some(1));
    assert_eq!(row.results.len(), 1);
    assert_eq!(row.finished.map(|at| at.0), Some(site.world.now));
}

#[test]
fn a_lost_reply_is_answered_again_with_the_same_delivery() {
    let mut site = Site::new();
    site.instruct();
    let first = site.poll();
    let rows = site.world.durable();
    site.world
        .pass_unnoticed(Seconds::new(DELIVERY_LEASE.get() - 1));
    let again = site.poll();
    assert_eq!(again.etag, first.etag);
    assert_eq!(only(again).attempt, 1);
    assert_eq!(site.world.durable(), rows, "nothing has moved");
}

#[test]
fn a_device_that_has_the_state_already_moves_nothing() {
    let mut site = Site::new();
    site.instruct();
    let etag = site.poll().etag;
    site.world.pass_unnoticed(DELIVERY_LEASE);
    let rows = site.world.durable();
    let poll = Poll {
        have: Some(etag),
        max_message: None,
        tag: None,
    };
    let decided = site.world.decide(
        formal(&site.code),
        Message::Device(DeviceRequest::Poll(poll)),
    );
    assert!(decided.decision.written.writes.is_empty());
    assert!(matches!(
        decided.decision.outcome,
        Ok(restante_core::center::Reply::Device(DeviceReply::Polled(
            PollReply::Unchanged(_)
        )))
    ));
    assert_eq!(site.world.durable(), rows);
}

#[test]
fn a_delivery_that_nothing_was_heard_of_is_followed_by_another_until_it_is_set_aside() {
    let mut site = Site::new();
    let id = site.instruct();
    for attempt in 1..=DELIVERIES {
        assert_eq!(only(site.poll()).attempt, attempt);
        site.world.pass_unnoticed(DELIVERY_LEASE);
    }
    assert!(site.poll().instructions.is_empty());
    assert_eq!(site.states(), [InstructionState::SetAside]);
    let late = site.say(id, 1, Progress::Taken);
    assert_eq!(late, (NoteResult::Superseded, "set-aside".into()));
    let done = site.say(id, DELIVERIES, Progress::Done);
    assert_eq!(
        done,
        (NoteResult::Recorded, "done".into()),
        "the effect is there"
    );
}

#[test]
fn what_was_taken_stays_the_same_delivery_for_a_day() {
    let mut site = Site::new();
    let id = site.instruct();
    site.poll();
    site.say(id, 1, Progress::Taken);
    site.world
        .pass_unnoticed(Seconds::new(WORK_LEASE.get() - 1));
    assert_eq!(only(site.poll()).attempt, 1);
    site.world.pass_unnoticed(Seconds::new(1));
    assert_eq!(only(site.poll()).attempt, 2);
    let late = site.say(id, 1, Progress::Proceeding);
    assert_eq!(late, (NoteResult::Superseded, "delivered".into()));
    let done = site.say(id, 1, Progress::Done);
    assert_eq!(done, (NoteResult::Recorded, "done".into()));
}

#[test]
fn one_that_is_set_aside_blocks_nobody() {
    let mut site = Site::new();
    let stuck = site.instruct();
    for _ in 0..DELIVERIES {
        site.poll();
        site.world.pass_unnoticed(DELIVERY_LEASE);
    }
    let next = site.instruct();
    assert_eq!(ids(&site.poll()), [next]);
    assert_eq!(site.list()[0].instruction, stuck);
}

#[test]
fn what_waits_is_shown_in_the_order_in_which_it_was_made() {
    let mut site = Site::new();
    let made: Vec<InstructionId> = (0..5).map(|_| site.instruct()).collect();
    assert_eq!(ids(&site.poll()), made);
    site.say(made[2], 1, Progress::Done);
    assert_eq!(ids(&site.poll()), [made[0], made[1], made[3], made[4]]);
}

#[test]
fn an_acknowledgement_can_be_repeated_and_comes_too_late_without_harm() {
    let mut site = Site::new();
    let id = site.instruct();
    let early = site.say(id, 1, Progress::Done);
    assert_eq!(early, (NoteResult::Superseded, "waiting".into()));
    site.poll();
    for progress in [Progress::Taken, Progress::Proceeding, Progress::Failed] {
        assert_eq!(site.say(id, 1, progress).0, NoteResult::Recorded);
        let rows = site.world.durable();
        assert_eq!(site.say(id, 1, progress).0, NoteResult::Repeated);
        assert_eq!(site.world.durable(), rows);
    }
    for progress in [Progress::Taken, Progress::Done, Progress::Rejected] {
        let late = site.say(id, 1, progress);
        assert_eq!(late, (NoteResult::Superseded, "failed".into()));
    }
    let unknown = InstructionId::from_bytes([99; 16]);
    let nothing = site.say(unknown, 1, Progress::Done);
    assert_eq!(nothing, (NoteResult::Unknown, "unknown".into()));
}

#[test]
fn a_delivery_that_there_never_was_has_the_whole_message_refused() {
    let mut site = Site::new();
    let (first, second) = (site.instruct(), site.instruct());
    site.poll();
    let rows = site.world.durable();
    for attempt in [0, 2] {
        let words = vec![
            word(site.device, first, 1, Progress::Done),
            word(site.device, second, attempt, Progress::Done),
        ];
        let refused = acknowledge(&mut site.world, &site.code, words);
        assert_eq!(refused, Err(RefusalCode::Invalid));
        assert_eq!(site.world.durable(), rows);
    }
}

#[test]
fn a_device_that_the_sender_does_not_speak_for_has_the_whole_message_refused() {
    let mut site = Site::new();
    let own = site.instruct();
    site.poll();
    let foreign = DeviceId::from_bytes([8; 16]);
    let words = vec![
        word(site.device, own, 1, Progress::Done),
        word(foreign, own, 1, Progress::Done),
    ];
    let rows = site.world.durable();
    let refused = acknowledge(&mut site.world, &site.code, words);
    assert_eq!(refused, Err(RefusalCode::DeviceNotCovered));
    assert_eq!(site.world.durable(), rows);
}

#[test]
fn what_waits_is_cancelled_at_once_and_never_shown() {
    let mut site = Site::new();
    let id = site.instruct();
    let row = site.cancel(id);
    assert_eq!(row.state, InstructionState::Cancelled);
    assert!(site.poll().instructions.is_empty());
    let late = site.say(id, 1, Progress::Done);
    assert_eq!(late, (NoteResult::Superseded, "cancelled".into()));
    let rows = site.world.durable();
    assert_eq!(site.cancel(id), row);
    assert_eq!(site.world.durable(), rows);
}

#[test]
fn what_was_delivered_is_shown_as_called_off_until_its_final_word() {
    for (said, state) in [
        (Progress::Rejected, InstructionState::Cancelled),
        (Progress::Done, InstructionState::Done),
        (Progress::Failed, InstructionState::Failed),
    ] {
        let mut site = Site::new();
        let id = site.instruct();
        let before = site.poll();
        let row = site.cancel(id);
        assert_eq!((row.state, row.cancel), (InstructionState::Delivered, true));
        let after = site.poll();
        assert_ne!(after.etag, before.etag);
        let shown = only(after);
        assert!(shown.cancel);
        assert_eq!(shown.attempt, 1);
        site.say(id, 1, Progress::Taken);
        assert!(only(site.poll()).cancel);
        assert_eq!(site.say(id, 1, said).0, NoteResult::Recorded);
        assert_eq!(site.say(id, 1, said).0, NoteResult::Repeated);
        assert_eq!(site.states(), [state]);
        assert!(site.poll().instructions.is_empty());
    }
}

#[test]
fn an_instruction_runs_out_unless_it_has_been_begun() {
    let mut site = Site::new();
    let order = Instruct {
        expires: Some(Seconds::HOUR),
        ..site.order()
    };
    let (waiting, delivered, taken) = (order.clone(), site.order(), site.order());
    let short = |order: Instruct| Instruct {
        expires: Some(Seconds::HOUR),
        ..order
    };
    let delivered = site.give(short(delivered)).expect("given")[0];
    let taken = site.give(short(taken)).expect("given")[0];
    site.poll();
    site.say(taken, 1, Progress::Taken);
    let waiting = site.give(waiting).expect("given")[0];
    site.world.pass_unnoticed(Seconds::HOUR);
    let mailbox = site.poll();
    assert_eq!(ids(&mailbox), [taken]);
    assert_eq!(only(mailbox).expires, Seconds::ZERO);
    let state = |site: &mut Site, id| {
        let mut rows = site.list().into_iter();
        rows.find(|row| row.instruction == id).map(|row| row.state)
    };
    assert_eq!(state(&mut site, waiting), Some(InstructionState::Expired));
    assert_eq!(state(&mut site, delivered), Some(InstructionState::Expired));
    let late = site.say(waiting, 1, Progress::Done);
    assert_eq!(late, (NoteResult::Superseded, "expired".into()));
    let late = site.say(delivered, 1, Progress::Done);
    assert_eq!(
        late,
        (NoteResult::Recorded, "done".into()),
        "the effect is there"
    );
    site.world.tick();
    site.world.pass(WORK_LEASE);
    assert!(site.poll().instructions.is_empty());
    assert_eq!(state(&mut site, taken), Some(InstructionState::Expired));
}

#[test]
fn what_was_shown_as_expired_stays_so_when_the_clock_is_set_back() {
    let mut site = Site::new();
    let order = Instruct {
        expires: Some(Seconds::MINUTE),
        ..site.order()
    };
    site.give(order).expect("given");
    let before = site.world.now;
    site.world.pass_unnoticed(Seconds::MINUTE);
    assert_eq!(site.states(), [InstructionState::Expired]);
    site.world.now = before;
    assert!(site.poll().instructions.is_empty());
}

#[test]
fn while_expiry_is_suspended_instructions_do_not_expire_either() {
    let mut site = Site::new();
    let order = Instruct {
        expires: Some(Seconds::HOUR),
        ..site.order()
    };
    let id = site.give(order).expect("given")[0];
    site.world.pass_unnoticed(Seconds::WEEK);
    assert_eq!(ids(&site.poll()), [id]);
}

#[test]
fn an_instruction_for_later_is_shown_when_its_time_has_come() {
    let mut site = Site::new();
    let order = Instruct {
        not_before: Some(Seconds::HOUR),
        ..site.order()
    };
    let later = site.give(order).expect("given")[0];
    let now = site.instruct();
    assert_eq!(ids(&site.poll()), [now]);
    site.world.pass_unnoticed(Seconds::HOUR);
    assert_eq!(ids(&site.poll()), [later, now]);
}

#[test]
fn only_as_much_is_shown_as_the_sender_can_take() {
    let mut site = Site::new();
    let text = Note::new("ä".repeat(200)).expect("a note");
    let mut made = Vec::new();
    for _ in 0..12 {
        let order = Instruct {
            acts: Acts::one(Act::Notify(Notify { text: text.clone() })),
            ..site.order()
        };
        made.extend(site.give(order).expect("given"));
    }
    let poll = |have| Poll {
        have,
        max_message: Some(MaxMessage::new(2_048).expect("enough")),
        tag: None,
    };
    let ask = |site: &mut Site, have| ask(&mut site.world, &site.code, poll(have));
    let mut done = 0;
    while done < made.len() {
        let reply = ask(&mut site, None);
        assert!(json::to_bytes(&reply).len() <= 2_048);
        let PollReply::Mailbox(mailbox) = reply else {
            panic!("nothing was said to have been seen");
        };
        let shown = ids(&mailbox);
        assert!(!shown.is_empty());
        assert_eq!(shown, made[done..done + shown.len()]);
        assert_eq!(mailbox.more, done + shown.len() < made.len());
        assert!(matches!(
            ask(&mut site, Some(mailbox.etag)),
            PollReply::Unchanged(_)
        ));
        let states = site.states();
        let waiting = states.iter().filter(|it| **it == InstructionState::Waiting);
        assert_eq!(waiting.count(), made.len() - done - shown.len());
        for id in &shown {
            site.say(*id, 1, Progress::Done);
        }
        done += shown.len();
    }
}

#[test]
fn a_state_is_known_again_however_much_of_it_is_shown() {
    let mut site = Site::new();
    let text = Note::new("ä".repeat(250)).expect("a note");
    for count in 1..=20 {
        let order = Instruct {
            acts: Acts::one(Act::Notify(Notify { text: text.clone() })),
            ..site.order()
        };
        site.give(order).expect("given");
        for bytes in [2_048, 10_000, 30_000, 65_536] {
            let poll = |have| Poll {
                have,
                max_message: Some(MaxMessage::new(bytes).expect("enough")),
                tag: None,
            };
            let PollReply::Mailbox(shown) = ask(&mut site.world, &site.code, poll(None)) else {
                panic!("nothing was said to have been seen");
            };
            let again = ask(&mut site.world, &site.code, poll(Some(shown.etag)));
            assert!(matches!(again, PollReply::Unchanged(_)), "{count}, {bytes}");
        }
    }
}

#[test]
fn the_largest_instruction_fits_the_smallest_message() {
    let mut site = Site::new();
    let text = Note::new("\u{10348}".repeat(256)).expect("a note");
    let order = Instruct {
        acts: Acts::one(Act::Notify(Notify { text })),
        ..site.order()
    };
    site.give(order).expect("a longest text can be shown");
    let poll = Poll {
        have: None,
        max_message: Some(MaxMessage::new(2_048).expect("enough")),
        tag: None,
    };
    let reply = ask(&mut site.world, &site.code, poll);
    assert!(matches!(reply, PollReply::Mailbox(mailbox) if mailbox.instructions.len() == 1));
    let notify = |_| {
        let text = Note::new("x".repeat(256)).expect("a note");
        Act::Notify(Notify { text })
    };
    let order = Instruct {
        acts: Acts::new((0..8).map(notify).collect()).expect("eight acts"),
        ..site.order()
    };
    assert_eq!(site.give(order), Err(RefusalCode::Invalid));
}

#[test]
fn a_device_that_moves_within_its_customer_keeps_its_mailbox() {
    let mut site = Site::new();
    let code = site.world.issue("Miller", None);
    let waiting = site.instruct();
    let under_way = site.instruct();
    site.poll();
    site.say(under_way, 1, Progress::Taken);
    let anew = site.world.activate(&code, 2, &["A"]);
    assert_eq!(anew.devices[0].device, site.device);
    let refused = site.world.poll(&site.code);
    assert_eq!(refused, Err(RefusalCode::FormalCodeRefused));
    site.code = anew.formal_code;
    assert_eq!(ids(&site.poll()), [waiting, under_way]);
    assert_eq!(
        site.say(under_way, 1, Progress::Done).0,
        NoteResult::Recorded
    );
}

#[test]
fn what_waits_for_a_device_without_a_registration_goes_on_waiting() {
    let mut site = Site::new();
    let before = site.instruct();
    site.world
        .device(formal(&site.code), leave())
        .expect("left");
    let after = site.instruct();
    let code = site.world.issue("Miller", None);
    site.code = site.world.activate(&code, 2, &["A"]).formal_code;
    assert_eq!(ids(&site.poll()), [before, after]);
}

#[test]
fn the_same_thing_at_another_customer_finds_nothing() {
    let mut site = Site::new();
    site.instruct();
    let other = site.world.issue("Smith", None);
    let there = site.world.activate(&other, 2, &["A"]);
    assert!(
        poll(&mut site.world, &there.formal_code)
            .instructions
            .is_empty()
    );
}

#[test]
fn a_registration_is_shown_the_mailboxes_of_its_own_devices_alone() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let gateway = world.activate(&code, 1, &["A", "B"]);
    let panel = world.activate(&code, 2, &["C"]);
    let all = [
        gateway.devices[0].device,
        gateway.devices[1].device,
        panel.devices[0].device,
    ];
    let order = Instruct {
        customer: Some(code.customer),
        devices: all.to_vec(),
        acts: Acts::one(Act::ReportStatus),
        not_before: None,
        expires: None,
        request: RequestId::from_bytes([1; 16]),
    };
    let made = give(&mut world, Credential::Console, order).expect("given");
    let mut shown = ids(&poll(&mut world, &gateway.formal_code));
    shown.sort_unstable();
    let mut own = made[..2].to_vec();
    own.sort_unstable();
    assert_eq!(shown, own);
    assert_eq!(ids(&poll(&mut world, &panel.formal_code)), made[2..]);
    let removed = remove(&all[..1]);
    world
        .device(formal(&gateway.formal_code), removed)
        .expect("removed");
    assert_eq!(ids(&poll(&mut world, &gateway.formal_code)), made[1..2]);
}

#[test]
fn a_poll_of_a_site_loads_all_of_its_mailboxes_in_one_round() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    for (names, loads) in [
        (&["A", "B", "C", "D"][..], &[1, 4][..]),
        (&["A", "B", "C", "D", "E"], &[1, 1, 5]),
    ] {
        let request = u8::try_from(names.len()).expect("few");
        let site = world.activate(&code, request, names);
        let message = Message::Device(DeviceRequest::Poll(Poll::default()));
        let decided = world.decide(formal(&site.formal_code), message);
        let rounds: Vec<usize> = decided.rounds.iter().map(Vec::len).collect();
        assert_eq!(rounds, loads);
    }
}
