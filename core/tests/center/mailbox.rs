//! Mailboxes from both sides: people give orders, devices fetch them and say what became of them.

use restante_core::center::{Credential, Message};
use restante_core::code::FormalCode;
use restante_core::id::{CustomerId, DeviceId, InstructionId, Note, RequestId};
use restante_core::limits::{
    DELIVERIES, DELIVERY_LEASE, FINISHED_PER_MAILBOX, INSTRUCTION_TIME, INSTRUCTIONS_PER_MAILBOX,
    WORK_LEASE,
};
use restante_core::record::Kind;
use restante_core::wire::enrol::MaxMessage;
use restante_core::wire::instruct::{
    CancelInstruction, Instruct, InstructionRow, InstructionState, ListInstructions,
};
use restante_core::wire::people::{PeopleReply, PeopleRequest, Role};
use restante_core::wire::{
    Acknowledge, Acknowledgement, Act, ActResult, Acts, DeviceReply, DeviceRequest, ETag,
    Instruction, Mailbox, NoteResult, Noted, Notify, Outcome, Poll, PollReply, Progress, Refusal,
    RefusalCode, json,
};
use restante_core::{Seconds, Timestamp};

use crate::world::{Code, World, formal, leave, remove};

/// One device of one customer, and who gives it orders.
struct Site {
    world: World,
    code: FormalCode,
    customer: CustomerId,
    device: DeviceId,
    orders: u8,
}

impl Site {
    fn new() -> Self {
        let mut world = World::new();
        let code = world.issue("Miller", None);
        let enrolled = world.activate(&code, 1, &["A"]);
        Self {
            world,
            code: enrolled.formal_code,
            customer: code.customer,
            device: enrolled.devices[0].device,
            orders: 0,
        }
    }

    fn order(&mut self) -> Instruct {
        self.orders += 1;
        Instruct {
            customer: Some(self.customer),
            devices: vec![self.device],
            acts: Acts::one(Act::ReportStatus),
            not_before: None,
            expires: None,
            request: RequestId::from_bytes([self.orders; 16]),
        }
    }

    /// Gives one order; its id.
    fn instruct(&mut self) -> InstructionId {
        let order = self.order();
        self.give(order).expect("given")[0]
    }

    fn give(&mut self, order: Instruct) -> Result<Vec<InstructionId>, RefusalCode> {
        give(&mut self.world, Credential::Console, order)
    }

    fn poll(&mut self) -> Mailbox {
        poll(&mut self.world, &self.code)
    }

    fn poll_having(&mut self, have: &ETag) -> PollReply {
        let poll = Poll {
            have: Some(have.clone()),
            max_message: None,
        };
        ask(&mut self.world, &self.code, poll)
    }

    fn say(
        &mut self,
        instruction: InstructionId,
        attempt: u32,
        progress: Progress,
    ) -> (NoteResult, String) {
        let said = word(self.device, instruction, attempt, progress);
        let noted = acknowledge(&mut self.world, &self.code, vec![said]).expect("noted");
        (noted[0].result, noted[0].state.clone())
    }

    fn cancel(&mut self, instruction: InstructionId) -> InstructionRow {
        let cancel = self.cancellation(instruction);
        match self.world.people(Credential::Console, cancel) {
            Ok(PeopleReply::InstructionCancelled(row)) => row,
            other => panic!("a cancellation was answered by {other:?}"),
        }
    }

    fn cancellation(&self, instruction: InstructionId) -> PeopleRequest {
        PeopleRequest::CancelInstruction(CancelInstruction {
            instruction,
            device: self.device,
            customer: Some(self.customer),
        })
    }

    fn list(&mut self) -> Vec<InstructionRow> {
        let list = PeopleRequest::ListInstructions(ListInstructions {
            device: self.device,
            customer: Some(self.customer),
            after: None,
        });
        match self.world.people(Credential::Console, list) {
            Ok(PeopleReply::Instructions(page)) => page.rows,
            other => panic!("a list was answered by {other:?}"),
        }
    }

    fn states(&mut self) -> Vec<InstructionState> {
        self.list().into_iter().map(|row| row.state).collect()
    }
}

fn give(
    world: &mut World,
    who: Credential,
    order: Instruct,
) -> Result<Vec<InstructionId>, RefusalCode> {
    let devices = order.devices.clone();
    match world.people(who, PeopleRequest::Instruct(order))? {
        PeopleReply::Instructed(told) => {
            let named: Vec<DeviceId> = told.rows.iter().map(|row| row.device).collect();
            assert_eq!(named, devices, "one row per device, in order");
            Ok(told.rows.iter().map(|row| row.instruction).collect())
        }
        other => panic!("an order was answered by {other:?}"),
    }
}

fn ask(world: &mut World, code: &FormalCode, poll: Poll) -> PollReply {
    match world.device(formal(code), DeviceRequest::Poll(poll)) {
        Ok(DeviceReply::Polled(reply)) => reply,
        other => panic!("a poll was answered by {other:?}"),
    }
}

fn poll(world: &mut World, code: &FormalCode) -> Mailbox {
    match ask(world, code, Poll::default()) {
        PollReply::Mailbox(mailbox) => mailbox,
        PollReply::Unchanged(_) => panic!("nothing was said to have been seen"),
    }
}

fn word(
    device: DeviceId,
    instruction: InstructionId,
    attempt: u32,
    progress: Progress,
) -> Acknowledgement {
    let result = ActResult {
        outcome: Outcome::Done,
        detail: None,
    };
    let is_final = progress.is_final();
    Acknowledgement {
        instruction,
        device,
        attempt,
        progress,
        results: if is_final { vec![result] } else { Vec::new() },
    }
}

fn acknowledge(
    world: &mut World,
    code: &FormalCode,
    acknowledgements: Vec<Acknowledgement>,
) -> Result<Vec<Noted>, RefusalCode> {
    let message = Acknowledge { acknowledgements };
    match world.device(formal(code), DeviceRequest::Acknowledge(message))? {
        DeviceReply::Acknowledged(told) => Ok(told.acknowledgements),
        other => panic!("an acknowledgement was answered by {other:?}"),
    }
}

fn ids(mailbox: &Mailbox) -> Vec<InstructionId> {
    mailbox.instructions.iter().map(|it| it.id).collect()
}

fn only(mailbox: Mailbox) -> Instruction {
    let [instruction] = <[Instruction; 1]>::try_from(mailbox.instructions).expect("one");
    instruction
}

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
fn the_same_order_twice_makes_nothing_twice() {
    let mut site = Site::new();
    let order = site.order();
    let first = site.give(order.clone()).expect("given");
    site.poll();
    let rows = site.world.durable();
    assert_eq!(site.give(order.clone()), Ok(first.clone()));
    assert_eq!(site.world.durable(), rows);
    site.say(first[0], 1, Progress::Done);
    assert_eq!(
        site.give(order.clone()),
        Ok(first),
        "finished ones count too"
    );
    let rows = site.world.durable();
    for other in [
        Instruct {
            acts: Acts::one(Act::RotateCode),
            ..order.clone()
        },
        Instruct {
            expires: Some(Seconds::DAY),
            ..order
        },
    ] {
        assert_eq!(site.give(other), Err(RefusalCode::RequestMismatch));
        assert_eq!(site.world.durable(), rows);
    }
}

#[test]
fn an_order_for_many_is_carried_out_whole_or_not_at_all() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let enrolled = world.activate(&code, 1, &["A", "B", "C"]);
    let devices: Vec<DeviceId> = enrolled.devices.iter().map(|it| it.device).collect();
    let order = |request: u8, devices: &[DeviceId]| Instruct {
        customer: Some(code.customer),
        devices: devices.to_vec(),
        acts: Acts::one(Act::ReportStatus),
        not_before: None,
        expires: None,
        request: RequestId::from_bytes([request; 16]),
    };
    for request in 0..INSTRUCTIONS_PER_MAILBOX {
        let request = u8::try_from(request).expect("few");
        give(
            &mut world,
            Credential::Console,
            order(request, &devices[1..2]),
        )
        .expect("room");
    }
    let rows = world.durable();
    let refused = refusal(&mut world, order(200, &devices));
    assert_eq!(refused.code, RefusalCode::MailboxFull);
    assert_eq!(refused.devices, [devices[1]]);
    let nobody = DeviceId::from_bytes([8; 16]);
    let refused = refusal(&mut world, order(201, &[devices[0], nobody]));
    assert_eq!(refused.code, RefusalCode::NotFound);
    assert_eq!(refused.devices, [nobody]);
    assert_eq!(world.durable(), rows);
    let made = give(
        &mut world,
        Credential::Console,
        order(202, &[devices[0], devices[2]]),
    );
    let made = made.expect("room");
    let shown = poll(&mut world, &enrolled.formal_code);
    for (id, device) in made.iter().zip([devices[0], devices[2]]) {
        let mut shown = shown.instructions.iter();
        assert!(shown.any(|it| (it.id, it.device) == (*id, device)));
    }
}

fn refusal(world: &mut World, order: Instruct) -> Refusal {
    let message = Message::People(PeopleRequest::Instruct(order));
    let decided = world.decide(Credential::Console, message);
    let refused = decided.decision.outcome.expect_err("refused").refusal;
    assert!(decided.decision.written.writes.is_empty());
    refused
}

#[test]
fn there_is_room_again_once_something_is_finished_or_has_run_out() {
    let mut site = Site::new();
    let short = Instruct {
        expires: Some(Seconds::MINUTE),
        ..site.order()
    };
    site.give(short).expect("given");
    for _ in 1..INSTRUCTIONS_PER_MAILBOX {
        site.instruct();
    }
    let order = site.order();
    assert_eq!(site.give(order.clone()), Err(RefusalCode::MailboxFull));
    site.world.pass_unnoticed(Seconds::MINUTE);
    site.give(order).expect("one has run out");
}

#[test]
fn the_latest_finished_ones_are_kept() {
    let mut site = Site::new();
    let mut made = Vec::new();
    for _ in 0..FINISHED_PER_MAILBOX + 3 {
        let id = site.instruct();
        made.push(id);
        site.cancel(id);
    }
    let listed: Vec<InstructionId> = site.list().iter().map(|row| row.instruction).collect();
    assert_eq!(listed, made[3..]);
    assert_eq!(site.world.count(Kind::Mailbox), 1, "nothing is open");
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

/// What a token may and may not do with a device of `code`'s customer.
fn orders(code: &Code, device: DeviceId, acts: Acts) -> [PeopleRequest; 3] {
    let instruction = InstructionId::from_bytes([1; 16]);
    [
        PeopleRequest::Instruct(Instruct {
            customer: None,
            devices: vec![device],
            acts,
            not_before: None,
            expires: None,
            request: RequestId::from_bytes([1; 16]),
        }),
        PeopleRequest::ListInstructions(ListInstructions {
            device,
            customer: Some(code.customer),
            after: None,
        }),
        PeopleRequest::CancelInstruction(CancelInstruction {
            instruction,
            device,
            customer: Some(code.customer),
        }),
    ]
}

#[test]
fn an_administrator_instructs_the_own_customers_devices_and_no_other() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let device = world.activate(&code, 1, &["A"]).devices[0].device;
    let other = world.issue("Smith", None);
    let report = || Acts::one(Act::ReportStatus);
    let own = world.token(Role::Administrator, "ada", Some(code.customer));
    let foreign = world.token(Role::Administrator, "bob", Some(other.customer));
    let dealer = world.token(Role::Dealer, "acme", None);
    let manager = world.token(Role::Manager, "max", Some(code.customer));
    for request in orders(&code, device, report()) {
        let refused = world.people(foreign.clone(), request.clone());
        assert_eq!(refused, Err(RefusalCode::NotFound));
        for who in [&dealer, &manager] {
            let refused = world.people(who.clone(), request.clone());
            assert_eq!(refused, Err(RefusalCode::RoleForbidden));
        }
    }
    let [order, list, _] = orders(&code, device, report());
    assert!(world.people(own.clone(), order).is_ok());
    let listed = world.people(own.clone(), list);
    assert!(matches!(listed, Ok(PeopleReply::Instructions(page)) if page.rows.len() == 1));
    let [rotate, ..] = orders(&code, device, Acts::one(Act::RotateCode));
    assert_eq!(world.people(own, rotate), Err(RefusalCode::RoleForbidden));
}

#[test]
fn an_order_of_a_kind_that_the_center_does_not_know_is_refused_by_name() {
    let mut site = Site::new();
    let acts: Acts = serde_json::from_str(r#"[{"fold-paper":{}}]"#).expect("acts");
    let order = Instruct {
        acts,
        ..site.order()
    };
    let refused = refusal(&mut site.world, order);
    assert_eq!(refused.code, RefusalCode::Invalid);
    assert_eq!(
        refused.detail,
        "this center knows no act of the kind fold-paper"
    );
    let acts = r#"[{"register-service":{"url":"https://a.example/","code":"x"}}]"#;
    let order = Instruct {
        acts: serde_json::from_str(acts).expect("acts"),
        ..site.order()
    };
    assert_eq!(site.give(order), Err(RefusalCode::Invalid));
}

#[test]
fn times_of_an_order_are_bounded() {
    let mut site = Site::new();
    for (not_before, expires) in [
        (None, Some(59)),
        (None, Some(90 * 86_400 + 1)),
        (Some(3_600), Some(3_600)),
        (Some(u32::MAX), None),
    ] {
        let order = Instruct {
            not_before: not_before.map(Seconds::new),
            expires: expires.map(Seconds::new),
            ..site.order()
        };
        assert_eq!(site.give(order), Err(RefusalCode::Invalid));
    }
}

#[test]
fn an_unchanged_poll_reads_one_row_more_than_the_registration() {
    let mut site = Site::new();
    let have = site.poll().etag;
    assert!(matches!(site.poll_having(&have), PollReply::Unchanged(_)));
    let poll = Poll {
        have: Some(have),
        max_message: None,
    };
    let message = Message::Device(DeviceRequest::Poll(poll));
    let decided = site.world.decide(formal(&site.code), message);
    let needs: usize = decided.rounds.iter().map(Vec::len).sum();
    assert_eq!(needs, 3, "{:?}", decided.rounds);
}

#[test]
fn a_poll_of_a_site_loads_all_of_its_mailboxes_in_one_round() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let site = world.activate(&code, 1, &["A", "B", "C", "D"]);
    let message = Message::Device(DeviceRequest::Poll(Poll::default()));
    let decided = world.decide(formal(&site.formal_code), message);
    let rounds: Vec<usize> = decided.rounds.iter().map(Vec::len).collect();
    assert_eq!(rounds, [1, 1, 4]);
}

#[test]
fn a_list_is_the_same_whatever_is_read_in_between() {
    let mut site = Site::new();
    let first = site.instruct();
    site.world.now = Timestamp::from_millis(site.world.now.as_millis() + 1_000);
    let second = site.instruct();
    site.poll();
    site.say(second, 1, Progress::Done);
    let listed: Vec<InstructionId> = site.list().iter().map(|row| row.instruction).collect();
    assert_eq!(listed, [first, second]);
    let after = PeopleRequest::ListInstructions(ListInstructions {
        device: site.device,
        customer: Some(site.customer),
        after: Some(first),
    });
    let rest = site.world.people(Credential::Console, after);
    assert!(
        matches!(rest, Ok(PeopleReply::Instructions(page)) if page.rows.len() == 1
            && page.rows[0].instruction == second)
    );
}
