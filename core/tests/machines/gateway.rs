//! What a gateway does, told as what happens to it.

use proptest::prelude::*;
use restante_core::gateway::{ChildState, Gateway, Input, InputError, Kept, Notice, Phase};
use restante_core::id::LanAddress;
use restante_core::limits::{CALL_EVERY, MESSAGE_BYTES};
use restante_core::machine::Machine;
use restante_core::wire::{DeviceRequest, Refusal, RefusalCode, json};
use restante_core::{Seconds, Uptime};
use restante_crypto::RingCrypto;

use crate::scripted::{code, device_id, enrolled, left, polled, rotated, word};
use crate::site::{Site, added, child, removed};

#[test]
fn all_children_are_enrolled_in_one_communication() {
    let mut site = Site::enrolling(3);
    assert_eq!(site.named(), ["D00000000", "D00000001", "D00000002"]);
    assert_eq!(site.trace, ["keep", "keep", "call", "keep", "send enrol"]);
    site.reply(enrolled(3));
    site.reply(polled());
    let children = site.gateway.children();
    assert!(
        children
            .iter()
            .all(|it| matches!(it.state, ChildState::Registered(_)))
    );
    assert_eq!(children.len(), 3);
    assert_eq!(site.gateway.phase(), Phase::InUse);
}

#[test]
fn one_report_speaks_for_all_children_in_their_own_numbers() {
    let mut site = Site::enrolling(3);
    site.reply(enrolled(3));
    site.reply(polled());
    site.answer_asked();
    let DeviceRequest::ReportStatus(report) = &site.last().request else {
        panic!("a report is due");
    };
    assert_eq!(report.reports.len(), 3);
    assert!(report.reports.iter().all(|it| (it.boot, it.seq) == (5, 17)));
}

#[test]
fn silent_child_is_left_out_shown_and_stays_registered() {
    let mut site = Site::enrolling(3);
    site.lan[1].1 = false;
    site.reply(enrolled(3));
    site.reply(polled());
    site.answer_asked();
    let mut reported = site.reported();
    reported.sort();
    assert_eq!(reported, [device_id(0), device_id(2)]);
    assert!(
        site.shown
            .contains(&Notice::Silent(child(1).identification))
    );
    assert_eq!(site.gateway.children().len(), 3);
}

#[test]
fn child_that_never_says_anything_counts_as_silent_after_ten_seconds() {
    let mut site = Site::enrolling(2);
    site.reply(enrolled(2));
    site.reply(polled());
    assert_eq!(site.sleep(), Seconds::new(10));
    assert_eq!(
        word(&site.last().request),
        "poll",
        "there is nothing to report"
    );
    site.sleep_until("report-status");
    assert!(
        site.now >= Uptime::BOOT.after(Seconds::HOUR),
        "an hour later, as scheduled"
    );
}

#[test]
fn nobody_answers_and_nothing_is_sent_until_somebody_does() {
    let mut site = Site::new(0);
    site.enter(1);
    site.sleep();
    assert!(site.shown.contains(&Notice::NobodyAnswered));
    assert!(site.sent.is_empty());
    site.lan.push((child(0), true));
    site.power_cut();
    site.sleep();
    assert_eq!(site.named(), ["D00000000"]);
}

#[test]
fn what_one_message_cannot_hold_follows_once_the_code_is_in_use() {
    let mut site = Site::enrolling(501);
    let first = site.named().len() as u32;
    assert!(first <= 500);
    assert!(json::to_bytes(&site.last().request).len() <= MESSAGE_BYTES);
    site.reply(enrolled(first));
    assert_eq!(word(&site.last().request), "poll", "first use comes first");
    site.reply(polled());
    let mut registered = first;
    while registered < 501 {
        assert_eq!(word(&site.last().request), "add-devices");
        assert!(json::to_bytes(&site.last().request).len() <= MESSAGE_BYTES);
        let count = site.named().len() as u32;
        site.reply(added(registered, count));
        registered += count;
    }
    let children = site.gateway.children();
    assert_eq!(children.len(), 501);
    assert!(
        children
            .iter()
            .all(|it| matches!(it.state, ChildState::Registered(_)))
    );
}

#[test]
fn children_are_asked_a_few_at_a_time_and_all_reported() {
    let mut site = Site::enrolling(200);
    let count = site.named().len() as u32;
    assert_eq!(count, 200);
    site.reply(enrolled(count));
    site.reply(polled());
    let mut reported = Vec::new();
    site.answer_asked();
    while word(&site.last().request) == "report-status" {
        let from = site.sent.len();
        reported.extend(site.reported());
        site.take_report();
        if site.sent.len() == from {
            break;
        }
    }
    reported.sort();
    reported.dedup();
    assert_eq!(reported.len(), 200);
    assert!(site.trace.iter().filter(|it| *it == "ask 64").count() == 3);
}

#[test]
fn child_found_later_is_added() {
    let mut site = Site::in_use(3);
    site.lan.push((child(3), true));
    site.give(Input::CallNow);
    site.sleep();
    assert_eq!(word(&site.last().request), "add-devices");
    assert_eq!(site.named(), ["D00000003"]);
    site.reply(added(3, 1));
    assert_eq!(site.gateway.children().len(), 4);
}

#[test]
fn a_report_states_where_each_child_has_answered() {
    let mut site = Site::in_use(2);
    let stated = |site: &Site| -> Vec<String> {
        let DeviceRequest::ReportStatus(report) = &site.last().request else {
            panic!("a report is due");
        };
        let addresses = report.reports.iter().filter_map(|it| it.address.as_ref());
        let mut addresses: Vec<String> = addresses.map(ToString::to_string).collect();
        addresses.sort();
        addresses
    };
    site.sleep_until("report-status");
    assert_eq!(stated(&site), ["192.0.2.1:10000", "192.0.2.1:10001"]);
    site.take_report();
    site.lan[1].0.contacts.address = "192.0.2.21".parse().ok();
    site.give(Input::CallNow);
    site.sleep_until("report-status");
    assert_eq!(stated(&site), ["192.0.2.1:10000", "192.0.2.21"]);
}

#[test]
fn a_call_goes_out_every_day() {
    let mut site = Site::in_use(1);
    let calls = |site: &Site| site.trace.iter().filter(|it| *it == "call").count();
    assert_eq!(calls(&site), 1);
    let until = Uptime::BOOT.after(CALL_EVERY).after(Seconds::HOUR);
    while site.now < until {
        site.sleep();
        site.answer_asked();
        match site.last().request {
            DeviceRequest::Poll(_) => site.reply(polled()),
            DeviceRequest::ReportStatus(_) => site.take_report(),
            ref other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(calls(&site), 2);
}

#[test]
fn addition_that_is_refused_waits_for_a_code_that_pays() {
    let mut site = Site::in_use(1);
    site.lan.push((child(1), true));
    site.give(Input::CallNow);
    site.sleep();
    site.refuse_as(RefusalCode::CodeRefused);
    assert_eq!(
        site.gateway.held_up().map(|need| need.code),
        Some(RefusalCode::CodeRefused)
    );
    let sent = site.sent.len();
    site.give(Input::CallNow);
    site.sleep();
    assert_eq!(site.sent.len(), sent, "not again without a change");
    site.enter(2);
    site.sleep();
    match &site.last().request {
        DeviceRequest::AddDevices(add) => assert_eq!(add.code, Some(code(2).to_text())),
        other => panic!("unexpected {other:?}"),
    }
    site.reply(added(1, 1));
    let flash = String::from_utf8(site.flash.clone().expect("kept")).expect("text");
    assert!(
        !flash.contains(&code(2).to_text()),
        "a code that has paid is forgotten"
    );
}

#[test]
fn removed_child_is_told_to_the_center_and_not_found_again() {
    let mut site = Site::in_use(3);
    site.give(Input::RemoveChild(child(1).identification));
    assert_eq!(word(&site.last().request), "remove-devices");
    site.power_cut();
    site.sleep_until("remove-devices");
    site.reply(removed(2));
    site.give(Input::CallNow);
    site.sleep();
    let state = |site: &Site| {
        let children = site.gateway.children();
        let it = children
            .into_iter()
            .find(|it| it.identification == child(1).identification);
        it.expect("known").state
    };
    assert_eq!(state(&site), ChildState::Gone);
    assert_eq!(
        site.try_give(Input::RemoveChild(child(9).identification)),
        Err(InputError::NoSuchDevice)
    );
}

#[test]
fn child_removed_while_the_enrolment_is_under_way_is_removed_once_it_is_registered() {
    let mut site = Site::enrolling(3);
    site.give(Input::RemoveChild(child(1).identification));
    site.reply(enrolled(3));
    site.reply(polled());
    let DeviceRequest::RemoveDevices(remove) = &site.last().request else {
        panic!("the removal is due");
    };
    assert_eq!(remove.devices, [device_id(1)]);
    site.reply(removed(2));
    let states: Vec<_> = site
        .gateway
        .children()
        .into_iter()
        .map(|it| it.state)
        .collect();
    let gone = states.iter().filter(|it| **it == ChildState::Gone).count();
    assert_eq!((states.len(), gone), (3, 1));
}

#[test]
fn removed_child_stays_removed_when_the_enrolment_is_repeated() {
    let mut site = Site::enrolling(2);
    site.reply(enrolled(2));
    site.give(Input::RemoveChild(child(0).identification));
    site.refuse_as(RefusalCode::FormalCodeRefused);
    assert_eq!(word(&site.last().request), "enrol");
    site.reply(enrolled(2));
    assert_eq!(site.gateway.children().len(), 2, "each child once");
    site.reply(polled());
    let DeviceRequest::RemoveDevices(remove) = &site.last().request else {
        panic!("the removal is due");
    };
    assert_eq!(remove.devices, [device_id(0)]);
}

#[test]
fn last_child_removed_ends_the_registration() {
    let mut site = Site::in_use(1);
    site.give(Input::RemoveChild(child(0).identification));
    site.reply(removed(0));
    assert_eq!(site.gateway.phase(), Phase::Blank);
    assert_eq!(site.gateway.deadline(), None);
}

#[test]
fn last_child_is_removed_even_if_the_reply_is_lost() {
    let mut site = Site::in_use(1);
    site.give(Input::RemoveChild(child(0).identification));
    site.lose();
    site.sleep_until("remove-devices");
    site.refuse_as(RefusalCode::FormalCodeRefused);
    assert_eq!(site.gateway.phase(), Phase::Blank, "nobody is asked");

    let mut site = Site::in_use(2);
    site.give(Input::RemoveChild(child(0).identification));
    site.lose();
    site.sleep_until("remove-devices");
    site.refuse_as(RefusalCode::FormalCodeRefused);
    assert_eq!(site.gateway.phase(), Phase::NeedsPerson, "one is left");
}

#[test]
fn child_that_is_registered_elsewhere_is_left_and_the_others_reported() {
    let mut site = Site::in_use(3);
    site.sleep_until("report-status");
    site.refuse(Refusal {
        devices: vec![device_id(1)],
        ..Refusal::plain(RefusalCode::DeviceNotCovered)
    });
    let mut reported = site.reported();
    reported.sort();
    assert_eq!(reported, [device_id(0), device_id(2)]);
    site.take_report();
    site.give(Input::CallNow);
    site.sleep();
    assert_ne!(word(&site.last().request), "add-devices", "no tug of war");
}

#[test]
fn lost_reply_repeats_the_first_enrolment_without_children_found_since() {
    let mut site = Site::enrolling(2);
    let first = json::to_bytes(&site.last().request);
    site.lan.push((child(2), true));
    site.give(Input::CallNow);
    site.lose();
    site.sleep_until("enrol");
    assert_eq!(json::to_bytes(&site.last().request), first);
    site.power_cut();
    site.sleep_until("enrol");
    assert_eq!(json::to_bytes(&site.last().request), first);
}

#[test]
fn report_that_was_lost_is_repeated_and_says_how_old_it_is() {
    let mut site = Site::in_use(2);
    site.sleep_until("report-status");
    let before = site.reported();
    site.lose();
    let waited = site.sleep();
    assert_eq!(site.reported(), before);
    match &site.last().request {
        DeviceRequest::ReportStatus(report) => assert_eq!(report.reports[0].age, waited),
        other => panic!("unexpected {other:?}"),
    }
}

#[test]
fn after_a_boot_children_are_asked_where_the_call_has_found_them() {
    let mut site = Site::in_use(1);
    site.lan[0].0.contacts.address = Some(LanAddress::new("10.0.0.9").expect("an address"));
    site.power_cut();
    site.shown.clear();
    site.sleep_until("report-status");
    let silent = |it: &Notice| matches!(it, Notice::Silent(_));
    assert!(!site.shown.iter().any(silent), "{:?}", site.shown);
}

#[test]
fn child_that_answers_from_ever_new_addresses_costs_no_write() {
    let mut site = Site::in_use(1);
    site.trace.clear();
    for n in 0..100 {
        let mut moved = child(0);
        let address = format!("198.51.100.{n}");
        moved.contacts.address = Some(LanAddress::new(address).expect("an address"));
        site.give(Input::CallAnswered(Box::new(moved)));
    }
    assert_eq!(site.trace, [""; 0]);
    site.lan[0].0.contacts.address = Some(LanAddress::new("198.51.100.99").expect("an address"));
    site.shown.clear();
    site.sleep_until("report-status");
    let silent = |it: &Notice| matches!(it, Notice::Silent(_));
    assert!(!site.shown.iter().any(silent), "asked where it was last");
}

#[test]
fn reply_with_a_result_too_few_is_no_reply() {
    let mut site = Site::in_use(1);
    site.lan.push((child(1), true));
    site.lan.push((child(2), true));
    site.give(Input::CallNow);
    site.sleep();
    site.reply(added(1, 1));
    assert_eq!(
        site.gateway
            .children()
            .iter()
            .filter(|it| it.state == ChildState::Found)
            .count(),
        2
    );
    site.sleep_until("add-devices");
    site.reply(added(1, 2));
    assert_eq!(
        site.gateway
            .children()
            .iter()
            .filter(|it| it.state == ChildState::Found)
            .count(),
        0
    );
}

#[test]
fn power_cut_during_the_call_calls_again() {
    let mut site = Site::new(2);
    site.enter(1);
    site.power_cut();
    site.sleep();
    assert_eq!(site.named().len(), 2);
}

#[test]
fn refused_code_asks_a_person_and_the_next_code_calls_again() {
    let mut site = Site::enrolling(2);
    site.refuse_as(RefusalCode::CodeRefused);
    assert_eq!(site.gateway.phase(), Phase::NeedsPerson);
    assert_eq!(site.gateway.deadline(), None);
    site.enter(2);
    site.sleep();
    assert_eq!(word(&site.last().request), "enrol");
}

#[test]
fn what_a_device_kept_is_not_taken_for_a_gateways() {
    let device = crate::scripted::World::in_use().flash.expect("kept");
    assert_eq!(
        Kept::from_bytes(&device)
            .expect_err("of another kind")
            .to_string(),
        "what was kept is damaged: it is a record of another kind; restore it, or begin anew with a \
         new code"
    );
}

const HAPPENINGS: usize = 19;

fn happen(site: &mut Site, what: usize) -> Result<(), InputError> {
    let exchange = site
        .sent
        .last()
        .map(|sent| sent.exchange)
        .unwrap_or_default();
    let replied = |reply| Input::Replied { exchange, reply };
    let refused = |code| {
        let devices = vec![device_id(0)];
        let refusal = Refusal {
            devices,
            ..Refusal::plain(code)
        };
        Input::Refused { exchange, refusal }
    };
    let center = crate::scripted::center();
    let input = match what {
        0 => Input::Booted { kept: None },
        1 => Input::CodeEntered {
            code: code(1),
            center,
        },
        2 => Input::CodeEntered {
            code: code(2),
            center,
        },
        3 if site.sent.is_empty() => Input::TimePassed,
        3 => replied(site.right()),
        4 => replied(polled()),
        5 => replied(rotated(2)),
        6 => replied(left()),
        7 => Input::CallNow,
        8 => replied(removed(1)),
        9 => refused(RefusalCode::Busy),
        10 => refused(RefusalCode::CodeRefused),
        11 => refused(RefusalCode::FormalCodeRefused),
        12 => refused(RefusalCode::DeviceNotCovered),
        13 => Input::LinkFailed { exchange },
        14 | 15 => {
            site.now = site.gateway.deadline().unwrap_or(site.now).max(site.now);
            Input::TimePassed
        }
        16 => Input::RemoveChild(child(0).identification),
        17 => Input::RotateNow,
        18 => Input::LeaveNow,
        other => panic!("no such happening: {other}"),
    };
    let result = site.try_give(input);
    site.answer_asked();
    result
}

/// A code for an enrolment that a person gives up again; then the center names the child as another
/// gateway's.
#[test]
fn a_child_that_was_found_again_for_an_enrolment_that_came_to_nothing_is_gone_once_it_is_anothers()
{
    let mut site = Site::new(1);
    let steps = [
        (2, 0),
        (8, 4000),
        (1, 0),
        (3, 4000),
        (18, 0),
        (3, 0),
        (12, 0),
    ];
    for (what, millis) in steps {
        site.now = Uptime::from_millis(site.now.as_millis() + millis);
        happen(&mut site, what).expect("it is possible here");
    }
    let states: Vec<_> = site.gateway.children().iter().map(|it| it.state).collect();
    assert_eq!(states, [ChildState::Gone]);
    let last = &site.sent.last().expect("much was sent").request;
    assert!(!matches!(last, DeviceRequest::AddDevices(_)), "{last:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Any sequence of happenings: an error leaves the gateway as it was, what is kept follows what
    /// is known, and no child stands in the book twice.
    #[test]
    fn an_error_changes_nothing(
        children in 0..4_u32,
        steps in prop::collection::vec((0..HAPPENINGS, 0..400_000_u64), 1..60),
    ) {
        let mut site = Site::new(children);
        for (what, millis) in steps {
            site.now = Uptime::from_millis(site.now.as_millis() + millis);
            let before = site.gateway.clone();
            if happen(&mut site, what).is_err() {
                prop_assert_eq!(&site.gateway, &before);
            }
            let flash = site.flash.as_deref().expect("kept at boot");
            let kept = Kept::from_bytes(flash).expect("sound");
            prop_assert_eq!(&kept, &site.gateway.kept(), "flash follows RAM");
            let mut serials: Vec<_> = site
                .gateway
                .children()
                .into_iter()
                .map(|it| it.identification.serial)
                .collect();
            let count = serials.len();
            serials.sort();
            serials.dedup();
            prop_assert_eq!(serials.len(), count, "a child stands in the book twice");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever happened before: once the line works and a person has entered a good code, all
    /// children that are on the LAN and were not removed are registered within two days.
    #[test]
    fn it_recovers(
        children in 1..5_u32,
        steps in prop::collection::vec(0..HAPPENINGS, 0..50),
        cut in any::<bool>(),
    ) {
        let mut site = Site::new(children);
        for what in steps {
            // An error is an answer, too.
            let _ = happen(&mut site, what);
        }
        if cut {
            site.power_cut();
        }
        site.enter(3);
        let (from, until) = (site.sent.len(), site.now.after(Seconds::DAY).after(Seconds::DAY));
        while site.now < until && site.gateway.deadline().is_some() {
            site.sleep();
            site.answer_asked();
            if site.sent.len() > from {
                let reply = site.right();
                site.reply(reply);
                site.answer_asked();
            }
        }
        prop_assert_eq!(site.gateway.phase(), Phase::InUse);
        let known = site.gateway.children();
        prop_assert_eq!(known.len(), children as usize, "{:?}", known);
        let settled = |it: &restante_core::gateway::Child| it.state != ChildState::Found;
        prop_assert!(known.iter().all(settled), "{:?}", known);
    }
}

#[test]
fn an_input_before_the_first_boot_is_an_error() {
    let mut site = Site::new(1);
    site.gateway = Gateway::new(RingCrypto, None);
    assert_eq!(site.try_give(Input::CallNow), Err(InputError::Off));
}
