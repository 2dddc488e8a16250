//! What a device does, told as what happens to it.

use restante_core::code::Presented;
use restante_core::device::{Input, InputError, Kept, Notice, Phase, Trouble};
use restante_core::limits::BOOT_SPREAD;
use restante_core::machine::Machine;
use restante_core::wire::{DeviceRequest, Refusal, RefusalCode, json};
use restante_core::{Seconds, Uptime};

use crate::scripted::{
    World, code, device_id, enrolled, formal, left, new_device, polled, reported, rotated, status,
    word,
};

#[test]
fn nothing_is_sent_before_it_is_kept() {
    let mut world = World::with_code();
    world.reply(enrolled(1));
    world.reply(polled());
    assert_eq!(
        world.trace,
        [
            "keep", // switched on
            "keep",
            "send enrol", // code and request id
            "keep",
            "send poll", // the formal code
            "keep",
            "send report-status", // that it is in use
        ]
    );
}

#[test]
fn lost_reply_repeats_the_same_request_byte_for_byte() {
    let mut world = World::with_code();
    for _ in 0..5 {
        world.lose();
        world.sleep();
    }
    let bytes: Vec<_> = world
        .sent
        .iter()
        .map(|s| json::to_bytes(&s.request))
        .collect();
    assert_eq!(bytes.len(), 6);
    assert!(bytes.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(world.phase(), Phase::Enrolling);
}

#[test]
fn power_cut_while_enrolling_repeats_the_same_request() {
    let mut world = World::with_code();
    let before = world.last().clone();
    world.power_cut();
    world.sleep();
    assert_eq!(world.sent.len(), 2);
    assert_eq!(world.last().request, before.request);
    assert_eq!(world.last().presented, before.presented);
}

#[test]
fn devices_whose_power_returns_together_speak_at_different_times_and_soon() {
    let mut leaving = World::in_use();
    leaving.give(Input::LeaveNow);
    for world in [World::with_code(), World::in_use(), leaving] {
        let first_words: Vec<Seconds> = (0..50)
            .map(|n| {
                let mut world = world.clone();
                for _ in 0..n {
                    world.seed();
                }
                let sent = world.sent.len();
                world.power_cut();
                let slept = world.sleep();
                assert_eq!(world.sent.len(), sent + 1, "one word, and not before");
                slept
            })
            .collect();
        let earliest = first_words.iter().min().expect("fifty");
        let latest = first_words.iter().max().expect("fifty");
        assert!(*latest <= BOOT_SPREAD, "the last comes soon: {latest:?}");
        assert!(*earliest < Seconds::new(2), "{earliest:?}");
        assert!(*latest > Seconds::new(8), "{latest:?}");
    }
}

#[test]
fn a_person_who_types_a_code_after_a_power_cut_does_not_wait() {
    let mut world = World::with_code();
    world.power_cut();
    assert_eq!(world.sent.len(), 1);
    world.enter(code(1));
    assert_eq!(world.sent.len(), 2);
    assert_eq!(world.now, Uptime::BOOT);
}

#[test]
fn power_cut_after_the_formal_code_is_kept_goes_on_with_its_first_use() {
    let mut world = World::with_code();
    world.reply(enrolled(1));
    assert_eq!(world.phase(), Phase::Enrolled);
    world.power_cut();
    world.sleep();
    assert_eq!(world.last().presented, Presented::Formal(formal(1)));
    assert_eq!(word(&world.last().request), "poll");
}

#[test]
fn power_cut_before_the_formal_code_is_kept_asks_for_it_again() {
    let mut world = World::with_code();
    let flash = world.flash.clone();
    let first = world.last().clone();
    world.reply(enrolled(1));
    world.flash = flash;
    world.power_cut();
    world.sleep();
    assert_eq!(world.last().request, first.request);
}

#[test]
fn provisional_code_is_forgotten_once_the_formal_one_is_in_use() {
    let world = World::in_use();
    let flash = String::from_utf8(world.flash.expect("kept")).expect("text");
    assert!(flash.contains("rfc1."));
    assert!(!flash.contains(&code(1).to_text()));
}

#[test]
fn first_use_is_a_poll_at_once_and_the_first_report_follows_at_once() {
    let world = World::in_use();
    let words: Vec<_> = world.sent.iter().map(|sent| word(&sent.request)).collect();
    assert_eq!(words, ["enrol", "poll", "report-status"]);
    assert_eq!(world.now, Uptime::BOOT, "no time has passed");
    assert_eq!(world.phase(), Phase::InUse);
}

#[test]
fn polls_and_reports_come_when_scheduled_and_never_earlier() {
    let mut world = World::in_use();
    let (mut polls, mut reports) = (vec![Uptime::BOOT], vec![Uptime::BOOT]);
    while polls.len() < 3 {
        world.sleep();
        match world.last().request {
            DeviceRequest::Poll(_) => {
                polls.push(world.now);
                world.reply(polled());
            }
            DeviceRequest::ReportStatus(_) => {
                reports.push(world.now);
                world.reply(reported());
            }
            ref other => panic!("unexpected {other:?}"),
        }
    }
    let gaps = |times: &[Uptime]| -> Vec<u64> {
        let pairs = times.windows(2);
        pairs.map(|p| p[1].as_millis() - p[0].as_millis()).collect()
    };
    let day = 86_400_000..=86_400_000 + 300_000;
    let hour = 3_600_000..=3_600_000 + 225_000;
    assert!(gaps(&polls).iter().all(|gap| day.contains(gap)));
    assert!(gaps(&reports).iter().all(|gap| hour.contains(gap)));
    assert!(reports.len() > 40, "{} reports in two days", reports.len());
}

#[test]
fn a_poll_says_what_it_has_seen_but_not_after_a_power_cut() {
    let mut world = World::in_use();
    world.give(Input::StatusChanged(Box::new(status(1))));
    while word(&world.last().request) != "poll" || world.sent.len() < 4 {
        world.sleep();
        if word(&world.last().request) == "report-status" {
            world.reply(reported());
        }
    }
    let has_tag = |world: &World| match &world.last().request {
        DeviceRequest::Poll(poll) => poll.have.is_some(),
        other => panic!("unexpected {other:?}"),
    };
    assert!(has_tag(&world));
    world.power_cut();
    world.sleep();
    assert!(!has_tag(&world));
}

#[test]
fn back_off_windows_double_up_to_an_hour() {
    let mut world = World::with_code();
    let mut widest = Seconds::ZERO;
    for failures in 0..40_u32 {
        world.lose();
        let wait = world.sleep();
        let window = 4_u32.checked_shl(failures).map_or(3600, |w| w.min(3600));
        let window = if failures > 10 { 3600 } else { window };
        assert!(wait <= Seconds::new(window), "{wait:?} in window {window}");
        widest = widest.max(wait);
    }
    assert!(widest > Seconds::new(1800), "jitter fills the window");
    world.reply(enrolled(1));
    world.lose();
    assert!(world.sleep() <= Seconds::new(4), "success forgets failures");
}

#[test]
fn retry_after_is_waited_for() {
    let mut world = World::with_code();
    let refusal = Refusal {
        retry_after: Some(Seconds::new(2_400)),
        ..Refusal::plain(RefusalCode::Throttled)
    };
    world.refuse_with(refusal);
    let shown = world.shown.last().expect("told").clone();
    assert!(matches!(
        shown,
        Notice::Waiting { why: Trouble::Refused(RefusalCode::Throttled), wait, .. }
            if wait >= Seconds::new(2_400)
    ));
    world.enter(code(2));
    assert_eq!(world.sent.len(), 1, "a person cannot hurry the center");
    assert!(world.sleep() >= Seconds::new(2_400));
    assert_eq!(world.sent.len(), 2);
}

#[test]
fn no_answer_at_all_counts_as_lost() {
    let mut world = World::with_code();
    let waited = world.sleep();
    assert_eq!(waited, restante_core::limits::REPLY_WAIT);
    world.sleep();
    assert_eq!(world.sent.len(), 2);
    assert_eq!(world.sent[0].request, world.sent[1].request);
}

#[test]
fn late_repeated_and_foreign_replies_change_nothing() {
    let mut world = World::with_code();
    let first = world.last().exchange;
    world.reply(polled());
    assert_eq!(world.phase(), Phase::Enrolling, "not what was asked");
    world.reply(enrolled(2));
    assert_eq!(world.phase(), Phase::Enrolling, "another number of devices");
    world.lose();
    world.sleep();
    let before = world.device.clone();
    world.give(Input::Replied {
        exchange: first,
        reply: enrolled(1),
    });
    assert_eq!(world.device, before, "late");
    world.reply(enrolled(1));
    let before = world.device.clone();
    let refusal = Refusal::plain(RefusalCode::CodeRefused);
    world.give(Input::Refused {
        exchange: first,
        refusal,
    });
    assert_eq!(world.device, before, "late");
}

#[test]
fn refused_code_asks_a_person_and_is_not_repeated() {
    let mut world = World::with_code();
    world.refuse(RefusalCode::CodeRefused);
    assert_eq!(world.phase(), Phase::NeedsPerson);
    assert_eq!(world.device.deadline(), None);
    assert_eq!(
        world.shown.last().expect("told").to_string(),
        "the provisional access code is not accepted. Check the code, or ask the dealer for a new one."
    );
    world.power_cut();
    assert_eq!(world.phase(), Phase::NeedsPerson);
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn another_code_draws_another_request_id() {
    let mut world = World::with_code();
    let request = |world: &World| match &world.last().request {
        DeviceRequest::Enrol(enrol) => enrol.request,
        other => panic!("unexpected {other:?}"),
    };
    let first = request(&world);
    world.enter(code(1));
    assert_eq!(
        request(&world),
        first,
        "the same code again is the same enrolment"
    );
    world.enter(code(2));
    assert_ne!(request(&world), first);
    let second = request(&world);
    world.refuse(RefusalCode::RequestMismatch);
    world.enter(code(2));
    assert_ne!(request(&world), second, "the request id is spent");
}

#[test]
fn wrong_code_leaves_an_enrolled_device_as_it_was() {
    let mut world = World::in_use();
    world.enter(code(2));
    assert_eq!(world.phase(), Phase::Enrolling);
    world.refuse(RefusalCode::CodeRefused);
    assert_eq!(world.phase(), Phase::InUse);
    assert_eq!(world.last().presented, Presented::Formal(formal(1)));
}

#[test]
fn formal_code_refused_at_first_use_enrols_again_twice_and_then_asks() {
    let mut world = World::with_code();
    let enrolment = world.last().request.clone();
    for _ in 0..2 {
        world.reply(enrolled(1));
        world.refuse(RefusalCode::FormalCodeRefused);
        assert_eq!(world.last().request, enrolment, "the same request id");
    }
    world.reply(enrolled(1));
    world.refuse(RefusalCode::FormalCodeRefused);
    assert_eq!(world.phase(), Phase::NeedsPerson);
}

#[test]
fn formal_code_refused_in_use_asks_a_person() {
    let mut world = World::in_use();
    world.sleep();
    world.refuse(RefusalCode::FormalCodeRefused);
    assert_eq!(world.phase(), Phase::NeedsPerson);
    assert_eq!(world.device.deadline(), None);
}

#[test]
fn request_redeemed_goes_on_with_the_code_that_was_kept() {
    let mut world = World::with_code();
    world.reply(enrolled(1));
    world.refuse(RefusalCode::FormalCodeRefused);
    world.refuse(RefusalCode::RequestRedeemed);
    assert_eq!(world.phase(), Phase::InUse);
    assert_eq!(world.last().presented, Presented::Formal(formal(1)));

    let mut without = World::with_code();
    without.refuse(RefusalCode::RequestRedeemed);
    assert_eq!(without.phase(), Phase::NeedsPerson);
}

#[test]
fn boot_and_seq_never_go_back() {
    let mut world = World::in_use();
    for _ in 0..3 {
        world.sleep();
        world.reply(reported());
        world.power_cut();
        world.sleep();
        world.reply(polled());
        world.reply(reported());
    }
    let numbers: Vec<(u32, u32)> = world
        .sent
        .iter()
        .filter_map(|sent| match &sent.request {
            DeviceRequest::ReportStatus(report) => Some(&report.reports),
            _ => None,
        })
        .flatten()
        .map(|report| (report.boot, report.seq))
        .collect();
    assert!(numbers.len() >= 7);
    assert!(
        numbers.windows(2).all(|pair| pair[0] < pair[1]),
        "{numbers:?}"
    );
}

#[test]
fn a_report_says_how_old_its_readings_are() {
    let mut world = World::in_use();
    world.give(Input::StatusChanged(Box::new(status(140))));
    let slept = world.sleep();
    let DeviceRequest::ReportStatus(report) = &world.last().request else {
        panic!("a report is due");
    };
    let report = &report.reports[0];
    assert_eq!(report.device, device_id(0));
    assert_eq!(report.age, slept);
    assert_eq!(report.counters, status(140).counters);
}

/// The address that the request sent last states.
fn stated(world: &World) -> Option<String> {
    let DeviceRequest::ReportStatus(report) = &world.last().request else {
        panic!("a report is due");
    };
    report.reports[0].address.as_ref().map(ToString::to_string)
}

fn moved(world: &mut World, to: &str) {
    world.give(Input::AddressChanged(to.parse().expect("an address")));
}

#[test]
fn a_changed_address_is_reported_until_that_is_answered_and_stated_ever_after() {
    let mut world = World::in_use();
    assert_eq!(stated(&world), None, "it knows none");
    world.now = world.now.after(Seconds::new(100));
    let from = world.sent.len();
    moved(&mut world, "192.0.2.7");
    assert_eq!(world.sent.len(), from + 1, "at once");
    assert_eq!(stated(&world).as_deref(), Some("192.0.2.7"));
    world.lose();
    world.sleep();
    assert_eq!(stated(&world).as_deref(), Some("192.0.2.7"));
    world.reply(reported());
    let told = world.now;
    moved(&mut world, "192.0.2.7");
    world.sleep();
    assert!(
        world.now >= told.after(Seconds::HOUR),
        "not before its time"
    );
    assert_eq!(stated(&world).as_deref(), Some("192.0.2.7"));
}

#[test]
fn an_address_that_goes_to_and_fro_is_reported_once_in_a_minute() {
    let mut world = World::in_use();
    moved(&mut world, "192.0.2.7");
    let from = world.now;
    for _ in 0..5 {
        world.sleep();
        assert_eq!(stated(&world).as_deref(), Some("192.0.2.7"));
        moved(&mut world, "192.0.2.8");
        world.reply(reported());
        moved(&mut world, "192.0.2.7");
        let sent = world.sent.len();
        moved(&mut world, "192.0.2.8");
        assert_eq!(world.sent.len(), sent, "not yet");
        world.sleep();
        assert_eq!(stated(&world).as_deref(), Some("192.0.2.8"));
        world.reply(reported());
        moved(&mut world, "192.0.2.7");
    }
    assert_eq!(world.now.since(from), Seconds::new(600));
}

#[test]
fn a_report_that_is_refused_for_good_is_not_repeated_for_its_address() {
    let mut world = World::in_use();
    moved(&mut world, "192.0.2.7");
    world.sleep();
    let from = world.now;
    world.refuse(RefusalCode::Invalid);
    world.sleep();
    assert!(world.now >= from.after(Seconds::HOUR));
}

#[test]
fn device_that_was_taken_out_of_its_registration_asks_a_person() {
    let mut world = World::in_use();
    world.sleep();
    world.refuse_with(Refusal {
        devices: vec![device_id(0)],
        ..Refusal::plain(RefusalCode::DeviceNotCovered)
    });
    assert_eq!(world.phase(), Phase::NeedsPerson);
}

#[test]
fn rotation_keeps_both_codes_until_the_new_one_is_accepted() {
    let mut world = World::in_use();
    world.give(Input::RotateNow);
    world.reply(rotated(2));
    let flash = String::from_utf8(world.flash.clone().expect("kept")).expect("text");
    assert!(flash.contains(&formal(1).to_text()) && flash.contains(&formal(2).to_text()));
    assert_eq!(world.last().presented, Presented::Formal(formal(2)));
    world.power_cut();
    world.sleep();
    assert_eq!(world.last().presented, Presented::Formal(formal(2)));
    world.reply(polled());
    assert_eq!(world.phase(), Phase::InUse);
    let flash = String::from_utf8(world.flash.clone().expect("kept")).expect("text");
    assert!(!flash.contains(&formal(1).to_text()));
}

#[test]
fn new_code_that_is_refused_gives_way_to_the_former_one() {
    let mut world = World::in_use();
    world.give(Input::RotateNow);
    world.reply(rotated(2));
    world.refuse(RefusalCode::FormalCodeRefused);
    assert_eq!(world.last().presented, Presented::Formal(formal(1)));
    world.reply(polled());
    assert_eq!(world.phase(), Phase::InUse);
    assert!(world.shown.contains(&Notice::RotationFailed));
}

#[test]
fn both_codes_refused_asks_a_person() {
    let mut world = World::in_use();
    world.give(Input::RotateNow);
    world.reply(rotated(2));
    world.refuse(RefusalCode::FormalCodeRefused);
    world.refuse(RefusalCode::FormalCodeRefused);
    assert_eq!(world.phase(), Phase::NeedsPerson);
}

#[test]
fn leaving_goes_on_after_a_lost_reply_and_a_power_cut() {
    let mut world = World::in_use();
    world.give(Input::LeaveNow);
    world.lose();
    world.power_cut();
    world.sleep();
    assert_eq!(word(&world.last().request), "leave");
    world.refuse(RefusalCode::FormalCodeRefused);
    assert_eq!(world.phase(), Phase::Blank, "it had left before");

    let mut world = World::in_use();
    world.give(Input::LeaveNow);
    world.reply(left());
    assert_eq!(world.phase(), Phase::Blank);
    assert_eq!(world.device.deadline(), None);
}

#[test]
fn refused_poll_waits_for_its_next_regular_time() {
    let mut world = World::in_use();
    while word(&world.last().request) != "poll" || world.sent.len() < 4 {
        world.sleep();
        if word(&world.last().request) == "report-status" {
            world.reply(reported());
        }
    }
    world.refuse(RefusalCode::Malformed);
    assert_eq!(world.phase(), Phase::InUse);
    world.sleep();
    assert_eq!(word(&world.last().request), "report-status");
}

#[test]
fn inputs_that_do_not_fit_are_errors_and_change_nothing() {
    let mut off = World::new();
    off.device = new_device();
    for input in [Input::TimePassed, Input::RotateNow, Input::LeaveNow] {
        assert_eq!(off.try_give(input), Err(InputError::Off));
    }
    let mut on = World::new();
    assert_eq!(
        on.try_give(Input::Booted { kept: None }),
        Err(InputError::On)
    );
    assert_eq!(on.try_give(Input::RotateNow), Err(InputError::NotEnrolled));
    assert_eq!(on.try_give(Input::LeaveNow), Err(InputError::NotEnrolled));
}

#[test]
fn what_another_device_kept_is_refused() {
    let world = World::in_use();
    let flash = world.flash.expect("kept");
    let kept = Kept::from_bytes(&flash).expect("sound");
    let mut other = World::new();
    other.device = restante_core::device::Device::new(
        restante_crypto::RingCrypto,
        crate::scripted::entry("D10020102"),
        None,
    );
    let error = other.try_give(Input::Booted {
        kept: Some(Box::new(kept)),
    });
    assert_eq!(
        error.expect_err("foreign").to_string(),
        "what was kept belongs to another device (ACME M1001 D10010101)"
    );
}

#[test]
fn every_flipped_byte_of_what_was_kept_is_noticed() {
    let flash = World::in_use().flash.expect("kept");
    assert!(Kept::from_bytes(&flash).is_ok());
    for at in 0..flash.len() {
        for bit in 0..8 {
            let mut damaged = flash.clone();
            damaged[at] ^= 1 << bit;
            assert!(
                Kept::from_bytes(&damaged).is_err(),
                "bit {bit} of byte {at}"
            );
        }
        assert!(Kept::from_bytes(&flash[..at]).is_err(), "cut at {at}");
    }
}

impl World {
    fn phase(&self) -> Phase {
        self.device.phase()
    }
}
