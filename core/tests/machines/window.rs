//! Polling at a time of day: each registration at its own place in the window, the same each time,
//! and at once where a window was missed.

use restante_core::code::FormalCode;
use restante_core::device::Input;
use restante_core::id::{Epoch, RegistrationId};
use restante_core::machine::Machine;
use restante_core::wire::poll::{Mailbox, PollReply};
use restante_core::wire::{DeviceReply, ETag, Enrolled, PollWindow, RefusalCode, Schedule};
use restante_core::{Seconds, Uptime};

use crate::scripted::{World, results, word};

/// Four hours, of which the first begins two hours after the device was switched on.
const LASTS: u64 = 4 * 3_600_000;
const OPENS: u64 = 2 * 3_600_000;
const DAY: u64 = 86_400_000;

fn window(now: Uptime) -> PollWindow {
    let of_day = now.as_millis() % DAY;
    let wait = (OPENS + DAY - of_day) % DAY;
    // As a center says it: not within the hour.
    let wait = if wait < 3_600_000 { wait + DAY } else { wait };
    PollWindow {
        opens_in: Seconds::new(u32::try_from(wait / 1_000).expect("a day")),
        lasts: Seconds::new(u32::try_from(LASTS / 1_000).expect("hours")),
    }
}

fn schedule(now: Uptime) -> Schedule {
    Schedule {
        window: Some(window(now)),
        ..Schedule::every(Seconds::DAY)
    }
}

fn mailbox(now: Uptime) -> DeviceReply {
    DeviceReply::Polled(PollReply::Mailbox(Mailbox {
        etag: ETag::from_bytes(&[1; 16]),
        instructions: Vec::new(),
        more: false,
        schedule: schedule(now),
        calls: Vec::new(),
    }))
}

fn unchanged(now: Uptime) -> DeviceReply {
    DeviceReply::Polled(PollReply::Unchanged(window(now).opens_in))
}

/// A device with this registration that has polled once.
fn polled(registration: u8) -> World {
    let mut world = World::with_code();
    let registration = RegistrationId::from_bytes([registration; 16]);
    world.reply(DeviceReply::Enrolled(Enrolled {
        registration,
        formal_code: FormalCode::new(registration, Epoch::new(1), [1; 32]),
        devices: results(1),
        schedule: schedule(world.now),
    }));
    assert_eq!(
        word(&world.last().request),
        "poll",
        "the first use is at once"
    );
    world.reply(mailbox(world.now));
    world
}

/// Lets time pass up to the next poll; where in the window it comes, in milliseconds.
fn next_place(world: &mut World) -> u64 {
    let sent = world.sent.len();
    while world.sent.len() == sent {
        world.sleep();
    }
    assert_eq!(word(&world.last().request), "poll");
    (world.now.as_millis() + DAY - OPENS) % DAY
}

#[test]
fn each_poll_comes_at_the_same_place_of_its_window() {
    for registration in 1..40 {
        let mut world = polled(registration);
        let place = next_place(&mut world);
        assert!(place <= LASTS, "{place}");
        for day in 0..5 {
            let reply = [mailbox, unchanged][day % 2](world.now);
            world.reply(reply);
            let next = next_place(&mut world);
            assert!(next.abs_diff(place) <= 1_000, "day {day}: {next}, {place}");
        }
    }
}

#[test]
fn places_are_spread_over_the_whole_window() {
    let mut quarters = [0_u32; 4];
    for registration in 0..200 {
        let place = next_place(&mut polled(registration));
        quarters[usize::try_from(4 * place / (LASTS + 1)).expect("one of four")] += 1;
    }
    assert!(
        quarters.iter().all(|it| (25..=80).contains(it)),
        "{quarters:?}"
    );
}

#[test]
fn a_device_that_was_off_in_its_window_polls_when_it_is_switched_on() {
    let mut world = polled(1);
    world.now = Uptime::from_millis(OPENS + LASTS + 5 * 3_600_000);
    world.power_cut();
    let booted = world.now;
    let sent = world.sent.len();
    while world.sent.len() == sent {
        world.sleep();
    }
    assert_eq!(word(&world.last().request), "poll");
    assert!(world.now.since(booted) <= Seconds::new(10));
}

#[test]
fn a_device_that_slept_through_its_window_polls_when_it_wakes() {
    let mut world = polled(1);
    let due = world.device.deadline().expect("a poll");
    world.now = due.after(Seconds::new(9 * 3_600));
    world.give(Input::TimePassed);
    assert_eq!(word(&world.last().request), "poll");
    world.reply(unchanged(world.now));
    let place = next_place(&mut world);
    assert!(place.abs_diff((due.as_millis() + DAY - OPENS) % DAY) <= 1_000);
}

#[test]
fn a_poll_that_fails_is_repeated_and_the_next_window_is_kept() {
    let mut world = polled(1);
    let place = next_place(&mut world);
    for _ in 0..6 {
        world.lose();
        next_place(&mut world);
    }
    world.reply(unchanged(world.now));
    assert!(next_place(&mut world).abs_diff(place) <= 1_000);
}

#[test]
fn a_poll_that_is_refused_for_good_comes_again_in_the_next_window() {
    let mut world = polled(1);
    let place = next_place(&mut world);
    let at = world.now;
    world.refuse(RefusalCode::Malformed);
    assert_eq!(next_place(&mut world), place);
    assert_eq!(world.now.since(at), Seconds::DAY);
}

#[test]
fn a_schedule_without_a_window_ends_the_habit() {
    let mut world = polled(1);
    next_place(&mut world);
    let at = world.now;
    world.reply(DeviceReply::Polled(PollReply::Mailbox(Mailbox {
        etag: ETag::from_bytes(&[2; 16]),
        instructions: Vec::new(),
        more: false,
        schedule: Schedule::every(Seconds::HOUR),
        calls: Vec::new(),
    })));
    next_place(&mut world);
    let waited = world.now.since(at);
    assert!((Seconds::HOUR..=Seconds::new(3_600 + 226)).contains(&waited));
}
