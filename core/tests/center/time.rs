//! Time at the center: what runs out, what the sweep tidies up, and what a clock that jumps can do.

use restante_core::center::{Credential, Message, Reply, Ticked};
use restante_core::limits::{CLOCK_JUMP, DUE_PER_TICK};
use restante_core::record::{Clock, Key, Kind, State, Why};
use restante_core::wire::RefusalCode;
use restante_core::wire::people::{
    AcceptClock, ClockAccepted, DateTime, PeopleReply, PeopleRequest,
};
use restante_core::{Seconds, Timestamp};

use crate::world::{World, enrol, formal, poll};

#[test]
fn an_unused_registration_gives_its_slots_back_a_day_after_the_codes_expiry_and_not_before() {
    let mut world = World::new();
    let code = world.issue("Miller", Some(3));
    let enrolled = world.enrol(&code, 1, &["A", "B"]).expect("enrolled");
    world.pass(Seconds::WEEK);
    assert_eq!(world.slots(&code), (1, 2, 0), "the grant waits for them");
    world.pass(Seconds::new(86_399));
    assert_eq!(world.slots(&code), (1, 2, 0));
    world.pass(Seconds::new(1));
    assert_eq!(
        world.grant(&code),
        None,
        "slots are back and the grant goes"
    );
    let State::Ended(ended) = world.registration(enrolled.registration).state else {
        panic!("it has ended");
    };
    assert_eq!(ended.why, Why::NeverUsed);
    assert_eq!(
        world.poll(&enrolled.formal_code),
        Err(RefusalCode::FormalCodeRefused)
    );
    for kind in [Kind::Due, Kind::Grant, Kind::GrantLocator] {
        assert_eq!(world.count(kind), 0, "{kind:?}");
    }
}

#[test]
fn a_registration_is_active_if_its_code_is_used_on_the_last_day() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let enrolled = world.enrol(&code, 1, &["A"]).expect("enrolled");
    world.pass(Seconds::WEEK.plus(Seconds::new(86_399)));
    assert!(world.poll(&enrolled.formal_code).is_ok());
    world.pass(Seconds::WEEK);
    assert!(world.poll(&enrolled.formal_code).is_ok());
    assert_eq!(world.grant(&code), None);
}

#[test]
fn user_and_code_are_gone_when_the_validity_runs_out() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    world.activate(&code, 1, &["A"]);
    world.pass(Seconds::new(Seconds::WEEK.get() - 1));
    assert!(world.grant(&code).is_some());
    assert!(world.enrol(&code, 2, &["B"]).is_ok(), "to the last second");
    let unused = world.issue("Smith", None);
    world.pass(Seconds::new(1));
    assert_eq!(world.enrol(&code, 3, &["C"]), Err(RefusalCode::CodeRefused));
    world.pass(Seconds::WEEK);
    assert_eq!(world.grant(&unused), None);
}

#[test]
fn what_was_judged_expired_stays_so_when_the_clock_jumps_back_before_a_tick() {
    let mut world = World::new();
    let code = world.issue_for("Miller", None, Some(Seconds::MINUTE));
    let before = world.now;
    world.pass_unnoticed(Seconds::MINUTE);
    assert_eq!(world.enrol(&code, 1, &["A"]), Err(RefusalCode::CodeRefused));
    world.now = before;
    assert_eq!(world.enrol(&code, 1, &["A"]), Err(RefusalCode::CodeRefused));
    let clock: Clock = world.stored(&Clock::key()).expect("the clock");
    assert_eq!(clock.highest, before.after(Seconds::MINUTE));
}

#[test]
fn an_expiry_is_written_down_once_however_often_it_is_asked_for() {
    let mut world = World::new();
    let code = world.issue_for("Miller", None, Some(Seconds::MINUTE));
    world.pass_unnoticed(Seconds::MINUTE);
    world.source = None;
    let mut writes = Vec::new();
    for _ in 0..3 {
        world.now = world.now.after(Seconds::new(1));
        let decided = world.decide(code.shown(), Message::Device(enrol(1, &["A"])));
        writes.push(decided.decision.written.writes.len());
        world.commit(&decided.decision.written).expect("committed");
    }
    assert_eq!(writes, [1, 0, 0]);
}

#[test]
fn a_tick_writes_the_time_down_once_a_minute_at_most() {
    let mut world = World::new();
    let mut writes = Vec::new();
    for _ in 0..4 {
        world.now = world.now.after(Seconds::new(30));
        let decided = world.decide(Credential::None, Message::Tick);
        writes.push(decided.decision.written.writes.len());
        world.commit(&decided.decision.written).expect("committed");
    }
    assert_eq!(writes, [0, 0, 1, 0]);
}

#[test]
fn a_jump_of_more_than_a_day_is_not_believed_until_an_operator_accepts_it() {
    let mut world = World::new();
    let code = world.issue_for("Miller", None, Some(Seconds::MINUTE));
    let start = world.now;
    let quiet = |suspended| Ticked {
        suspended,
        ..Ticked::default()
    };
    world.pass_unnoticed(Seconds::DAY);
    world.pass_unnoticed(Seconds::new(1));
    assert_eq!(world.tick(), quiet(true));
    assert!(world.enrol(&code, 1, &["A"]).is_ok(), "time stands still");
    let clock: Clock = world.stored(&Clock::key()).expect("the clock");
    assert_eq!(clock.highest, start);

    let accept = || PeopleRequest::AcceptClock(AcceptClock {});
    let accepted = world.people(Credential::Console, accept());
    let now = DateTime(world.now);
    assert_eq!(
        accepted,
        Ok(PeopleReply::ClockAccepted(ClockAccepted { now }))
    );
    assert_eq!(world.tick(), quiet(false));
    assert_eq!(world.enrol(&code, 2, &["B"]), Err(RefusalCode::CodeRefused));
}

#[test]
fn a_clock_that_is_set_right_again_is_believed_without_an_operator() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let start = world.now;
    world.now = Timestamp::from_millis(start.as_millis() * 2);
    assert!(world.tick().suspended);
    world.now = start.after(Seconds::HOUR);
    assert!(!world.tick().suspended);
    assert!(world.enrol(&code, 1, &["A"]).is_ok());
}

#[test]
fn a_sweep_takes_a_bounded_number_and_says_whether_there_is_more() {
    let mut world = World::new();
    for n in 0..100 {
        let code = world.issue_for(&format!("user {n}"), Some(1), Some(Seconds::MINUTE));
        world.enrol(&code, 1, &["A"]).expect("enrolled");
    }
    world.pass_unnoticed(Seconds::HOUR);
    let mut ticks = Vec::new();
    loop {
        let decided = world.decide(Credential::None, Message::Tick);
        assert!(decided.rounds.iter().map(Vec::len).sum::<usize>() <= 256);
        world.commit(&decided.decision.written).expect("committed");
        let Ok(Reply::Ticked(ticked)) = decided.decision.outcome else {
            panic!("ticked");
        };
        ticks.push(ticked.more);
        if !ticked.more {
            break;
        }
    }
    assert_eq!(ticks, [true, false], "100 grants wait for their slots");
    world.pass(Seconds::DAY);
    assert_eq!(world.count(Kind::Grant), 0);
    assert_eq!(world.count(Kind::Due), 0);
}

#[test]
fn a_sweep_that_comes_late_changes_nothing_for_what_has_run_out() {
    let mut world = World::new();
    let code = world.issue_for("Miller", None, Some(Seconds::MINUTE));
    let enrolled = world.enrol(&code, 1, &["A"]).expect("enrolled");
    world.pass_unnoticed(Seconds::new(86_400));
    assert!(!world.tick().suspended);
    world.pass_unnoticed(Seconds::MINUTE);
    let refused = world.device(formal(&enrolled.formal_code), poll());
    assert_eq!(refused, Err(RefusalCode::FormalCodeRefused));
    assert_eq!(world.slots(&code), (999, 1, 0), "the sweep has not come");
    world.tick();
    assert_eq!(world.grant(&code), None);
}

#[test]
fn a_tick_hands_over_again_what_a_crash_left_in_the_outbox() {
    let mut world = World::new();
    let miller = world.issue("Miller", None);
    let smith = world.issue("Smith", None);
    world.activate(&miller, 1, &["A"]);
    let enrolled = world.enrol(&smith, 1, &["A"]).expect("enrolled");
    let decided = world.decide(formal(&enrolled.formal_code), Message::Device(poll()));
    world.commit(&decided.decision.written).expect("committed");
    let tick = |world: &mut World| {
        let decided = world.decide(Credential::None, Message::Tick);
        world.commit(&decided.decision.written).expect("committed");
        decided.decision.effects
    };
    assert_eq!(tick(&mut world), [], "the driver is still at it");
    world.pass_unnoticed(Seconds::new(90));
    assert_eq!(tick(&mut world), decided.decision.effects);
    let ids: Vec<_> = decided.decision.effects.iter().map(|it| it.id).collect();
    world
        .commit(&restante_core::record::delivered(&ids))
        .expect("delivered");
    world.pass_unnoticed(Seconds::new(90));
    assert_eq!(tick(&mut world), []);
}

#[test]
fn an_alarm_that_a_crash_left_is_told_while_time_stands_still() {
    let mut world = World::new();
    let (miller, smith) = (world.issue("Miller", None), world.issue("Smith", None));
    world.activate(&miller, 1, &["A"]);
    let enrolled = world.enrol(&smith, 1, &["A"]).expect("enrolled");
    world.tick();
    let decided = world.decide(formal(&enrolled.formal_code), Message::Device(poll()));
    world.commit(&decided.decision.written).expect("committed");
    let left = decided.decision.effects;
    let told = |world: &mut World| {
        world
            .decide(Credential::None, Message::Tick)
            .decision
            .effects
    };
    let right = world.now;
    world.now = right.after(CLOCK_JUMP).after(Seconds::new(1));
    assert!(world.tick().suspended);
    assert_eq!(told(&mut world), left, "the clock jumped ahead");
    world.now = Timestamp::from_millis(right.as_millis() - 3_600_000);
    assert_eq!(told(&mut world), left, "the clock went back");
    world.now = right;
    assert_eq!(told(&mut world), [], "the driver may still be at it");
}

#[test]
fn damaged_records_are_passed_over_and_named_and_the_rest_is_swept() {
    let mut world = World::new();
    for user in ["Miller", "Smith", "Jones", "Brown"] {
        world.issue_for(user, None, Some(Seconds::MINUTE));
    }
    let due = |world: &World| -> Vec<Key> {
        let is_due = |key: &&Key| key.kind == Kind::Due;
        world.rows.keys().filter(is_due).cloned().collect()
    };
    let (first, other) = (due(&world).remove(0), due(&world).remove(2));
    world.damage(&first);
    let grants = world.rows.keys().filter(|key| key.kind == Kind::Grant);
    let mut its_grant = grants.filter(|key| other.key.ends_with(&key.key));
    let its_grant = its_grant.next().cloned().expect("what the other is about");
    world.damage(&its_grant);
    world.pass_unnoticed(Seconds::HOUR);
    let ticked = world.tick();
    assert!(!ticked.more, "no loop");
    let damage = ticked.damage.expect("the operator is told");
    assert!(damage.starts_with("2 passed over; the first: "), "{damage}");
    assert_eq!(due(&world).len(), 2, "they stay until they are restored");
    let again = world.tick();
    assert_eq!(again.damage, Some(damage), "named at each tick");
}

#[test]
fn a_stretch_of_damage_does_not_hide_what_lies_behind_it() {
    let mut world = World::new();
    for n in 0..DUE_PER_TICK + 1 {
        world.issue_for(&format!("user {n}"), None, Some(Seconds::MINUTE));
    }
    let keys: Vec<Key> = world.rows.keys().cloned().collect();
    let due = keys.iter().filter(|key| key.kind == Kind::Due);
    due.take(DUE_PER_TICK).for_each(|key| world.damage(key));
    world.pass_unnoticed(Seconds::HOUR);
    let ticked = world.tick();
    assert!(!ticked.more && ticked.damage.is_some());
    assert_eq!(world.count(Kind::Due), DUE_PER_TICK);
}
