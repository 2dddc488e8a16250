//! Running status and polls: what is kept, what is superseded, and how little it costs.

use restante_core::center::{Credential, Message};
use restante_core::id::CustomerId;
use restante_core::record::{Kind, Reading};
use restante_core::wire::people::{
    ListDevices, ListReadings, Page, PeopleReply, PeopleRequest, Reading as Shown,
};
use restante_core::wire::{
    DeviceReply, DeviceRequest, Poll, PollReply, RefusalCode, ReportResult, StatusReport,
};
use restante_core::{Seconds, Timestamp};

use crate::world::{World, add, formal, poll, report, reports};

fn told(
    world: &mut World,
    code: &restante_core::code::FormalCode,
    told: Vec<StatusReport>,
) -> Result<Vec<ReportResult>, RefusalCode> {
    match world.device(formal(code), reports(told))? {
        DeviceReply::StatusReported(reported) => {
            Ok(reported.results.iter().map(|it| it.result).collect())
        }
        other => panic!("a report was answered by {other:?}"),
    }
}

fn readings(
    world: &mut World,
    customer: CustomerId,
    device: restante_core::id::DeviceId,
    after: Option<u32>,
) -> Page<Shown, u32> {
    let request = PeopleRequest::ListReadings(ListReadings {
        device,
        customer: Some(customer),
        after,
    });
    match world.people(Credential::Console, request) {
        Ok(PeopleReply::Readings(page)) => page,
        other => panic!("no readings: {other:?}"),
    }
}

#[test]
fn a_report_is_kept_once_and_an_older_one_is_superseded() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let enrolled = world.activate(&code, 1, &["A"]);
    let (device, formal_code) = (enrolled.devices[0].device, &enrolled.formal_code);
    let mut first = report(device, 3, 7, 1_234);
    first.age = Seconds::new(90);
    assert_eq!(
        told(&mut world, formal_code, vec![first.clone()]),
        Ok(vec![ReportResult::Accepted])
    );
    let before = world.rows.clone();
    for late in [
        first.clone(),
        report(device, 3, 6, 9),
        report(device, 2, 99, 9),
    ] {
        assert_eq!(
            told(&mut world, formal_code, vec![late]),
            Ok(vec![ReportResult::Superseded])
        );
        assert_eq!(world.rows, before, "nothing is written");
    }
    assert_eq!(
        told(&mut world, formal_code, vec![report(device, 4, 0, 1_300)]),
        Ok(vec![ReportResult::Accepted])
    );
    let page = readings(&mut world, code.customer, device, None);
    let seen: Vec<(u32, u32)> = page.rows.iter().map(|row| (row.boot, row.seq)).collect();
    assert_eq!(seen, [(4, 0), (3, 7)], "newest first");
    assert_eq!(page.rows[1].counters, first.counters);
    let taken = Timestamp::from_millis(world.now.as_millis() - 90_000);
    assert_eq!(page.rows[1].taken.0, taken);
    assert_eq!(page.rows[1].received.0, world.now);
}

/// The address at which the center holds the customer's only device.
fn held_at(world: &mut World, customer: CustomerId) -> Option<String> {
    let request = PeopleRequest::ListDevices(ListDevices {
        customer: Some(customer),
        ..ListDevices::default()
    });
    match world.people(Credential::Console, request) {
        Ok(PeopleReply::Devices(page)) => page.rows[0].address.as_ref().map(ToString::to_string),
        other => panic!("no devices: {other:?}"),
    }
}

#[test]
fn the_address_of_a_report_is_taken_if_the_report_is() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let other = world.issue("Smith", None);
    let customer = code.customer;
    let enrolled = world.activate(&code, 1, &["A"]);
    let foreign = world.activate(&other, 2, &["B"]).formal_code;
    let (device, formal_code) = (enrolled.devices[0].device, &enrolled.formal_code);
    let from = |address: &str, seq| {
        let address = address.parse().ok();
        vec![StatusReport {
            address,
            ..report(device, 1, seq, 9)
        }]
    };
    let steps = [
        (
            formal_code,
            "192.0.2.7",
            5,
            Ok(ReportResult::Accepted),
            "192.0.2.7",
        ),
        (formal_code, "", 6, Ok(ReportResult::Accepted), "192.0.2.7"),
        (
            formal_code,
            "192.0.2.8",
            6,
            Ok(ReportResult::Superseded),
            "192.0.2.7",
        ),
        (
            &foreign,
            "192.0.2.9",
            7,
            Err(RefusalCode::DeviceNotCovered),
            "192.0.2.7",
        ),
        (
            formal_code,
            "copier.example:8443",
            7,
            Ok(ReportResult::Accepted),
            "copier.example:8443",
        ),
    ];
    for (code, address, seq, result, held) in steps {
        let told = told(&mut world, code, from(address, seq));
        assert_eq!(told, result.map(|it| vec![it]), "{address}");
        assert_eq!(
            held_at(&mut world, customer).as_deref(),
            Some(held),
            "{address}"
        );
    }
}

#[test]
fn a_device_that_comes_back_in_a_new_registration_counts_from_the_beginning() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let old = world.activate(&code, 1, &["A"]);
    let device = old.devices[0].device;
    let accepted = Ok(vec![ReportResult::Accepted]);
    let before = told(&mut world, &old.formal_code, vec![report(device, 40, 5, 9)]);
    assert_eq!(before, accepted);
    let new = world.activate(&code, 2, &["A"]);
    assert_eq!(new.devices[0].device, device, "the same holding");
    let after = told(&mut world, &new.formal_code, vec![report(device, 1, 2, 1)]);
    assert_eq!(after, accepted);
    assert_eq!(
        told(&mut world, &new.formal_code, vec![report(device, 1, 2, 1)]),
        Ok(vec![ReportResult::Superseded])
    );
}

#[test]
fn a_report_from_before_a_device_was_elsewhere_is_superseded() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let gateway = world.activate(&code, 1, &["A", "B"]).formal_code;
    let panel = world.activate(&code, 2, &["A"]);
    let device = panel.devices[0].device;
    let adding = || add(&["A"], None);
    assert!(world.device(formal(&gateway), adding()).is_ok());
    let late = vec![report(device, 3, 5, 9)];
    let accepted = Ok(vec![ReportResult::Accepted]);
    assert_eq!(told(&mut world, &gateway, late.clone()), accepted);
    let panel = world.activate(&code, 3, &["A"]).formal_code;
    assert_eq!(
        told(&mut world, &panel, vec![report(device, 1, 1, 10)]),
        accepted
    );
    assert!(world.device(formal(&gateway), adding()).is_ok());
    let before = world.rows.clone();
    assert_eq!(
        told(&mut world, &gateway, late),
        Ok(vec![ReportResult::Superseded])
    );
    assert_eq!(world.rows, before, "nothing is written");
    assert_eq!(
        told(&mut world, &gateway, vec![report(device, 3, 6, 11)]),
        accepted
    );
}

#[test]
fn how_far_a_registration_had_come_is_remembered_while_eight_others_report() {
    for others in [8_u8, 9] {
        let mut world = World::new();
        let code = world.issue("Miller", None);
        let gateway = world.activate(&code, 1, &["A", "B"]);
        let device = gateway.devices[0].device;
        let late = vec![report(device, 3, 5, 9)];
        let accepted = Ok(vec![ReportResult::Accepted]);
        assert_eq!(
            told(&mut world, &gateway.formal_code, late.clone()),
            accepted
        );
        for other in 0..others {
            let panel = world.activate(&code, 10 + other, &["A"]).formal_code;
            let own = vec![report(device, 1, 1, 10)];
            assert_eq!(told(&mut world, &panel, own), accepted);
        }
        let adding = add(&["A"], None);
        assert!(world.device(formal(&gateway.formal_code), adding).is_ok());
        let expected = if others > 8 {
            ReportResult::Accepted
        } else {
            ReportResult::Superseded
        };
        assert_eq!(
            told(&mut world, &gateway.formal_code, late),
            Ok(vec![expected]),
            "{others} others"
        );
    }
}

#[test]
fn one_foreign_device_refuses_the_whole_message_and_is_named() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let own = world.activate(&code, 1, &["A"]);
    let other = world.activate(&code, 2, &["B"]);
    let (a, b) = (own.devices[0].device, other.devices[0].device);
    let message = reports(vec![report(a, 1, 1, 1), report(b, 1, 1, 1)]);
    let decided = world.decide(formal(&own.formal_code), Message::Device(message));
    assert!(decided.decision.written.is_empty());
    let refusal = decided.decision.outcome.expect_err("refused").refusal;
    assert_eq!(refusal.code, RefusalCode::DeviceNotCovered);
    assert_eq!(refusal.devices, [b]);
}

#[test]
fn the_latest_four_hundred_readings_are_kept_and_listed_in_pages() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let enrolled = world.activate(&code, 1, &["A"]);
    let (device, formal_code) = (enrolled.devices[0].device, &enrolled.formal_code);
    for seq in 0..450 {
        told(&mut world, formal_code, vec![report(device, 1, seq, 1)]).expect("accepted");
    }
    assert_eq!(world.count(Kind::Reading), 400);
    let (mut after, mut seqs) = (None, Vec::new());
    loop {
        let page = readings(&mut world, code.customer, device, after);
        assert!(page.rows.len() <= 100);
        seqs.extend(page.rows.iter().map(|row| row.seq));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let expected: Vec<u32> = (50..450).rev().collect();
    assert_eq!(seqs, expected);
    let latest: Reading = world
        .stored(&Reading::latest_key(device))
        .expect("the latest");
    assert_eq!(latest.seq, 449);
}

#[test]
fn five_hundred_reports_fit_one_message() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let names: Vec<String> = (0..500).map(|n| format!("S{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let enrolled = world.enrol(&code, 1, &names).expect("enrolled");
    let devices = enrolled.devices.iter().map(|it| it.device);
    let all: Vec<StatusReport> = devices.map(|device| report(device, 1, 1, 5)).collect();
    let decided = world.decide(
        formal(&enrolled.formal_code),
        Message::Device(reports(all.clone())),
    );
    assert!(decided.decision.outcome.is_ok(), "with the first use");
    assert!(decided.rounds.len() <= 5, "{} rounds", decided.rounds.len());
    world.commit(&decided.decision.written).expect("committed");
    assert_eq!(
        told(&mut world, &enrolled.formal_code, all),
        Ok(vec![ReportResult::Superseded; 500])
    );
}

#[test]
fn an_unchanged_poll_reads_two_records_and_writes_none() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let enrolled = world.activate(&code, 1, &["A"]);
    let Ok(PollReply::Mailbox(mailbox)) = world.poll(&enrolled.formal_code) else {
        panic!("a mailbox");
    };
    let request = DeviceRequest::Poll(Poll {
        have: Some(mailbox.etag),
        max_message: None,
        tag: None,
    });
    let decided = world.decide(formal(&enrolled.formal_code), Message::Device(request));
    let sizes: Vec<usize> = decided.rounds.iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 1], "locator, mailbox");
    assert!(decided.decision.written.is_empty());
    assert_eq!(
        decided.decision.outcome.expect("accepted"),
        restante_core::center::Reply::Device(DeviceReply::Polled(PollReply::Unchanged(
            Seconds::DAY
        )))
    );
}

#[test]
fn a_report_takes_two_rounds_and_writes_two_records() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let enrolled = world.activate(&code, 1, &["A"]);
    let device = enrolled.devices[0].device;
    let message = Message::Device(reports(vec![report(device, 1, 1, 1)]));
    let decided = world.decide(formal(&enrolled.formal_code), message);
    assert_eq!(decided.rounds.len(), 2);
    assert_eq!(decided.decision.written.writes.len(), 2);
}

#[test]
fn a_small_enrolment_takes_two_rounds() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let decided = world.decide(
        code.shown(),
        Message::Device(crate::world::enrol(1, &["A"])),
    );
    assert_eq!(decided.rounds.len(), 2);
    assert_eq!(
        decided.decision.written.writes.len(),
        4,
        "grant, registration, locator, due"
    );
}

#[test]
fn the_etag_follows_the_schedule() {
    let tag = |hours: u32| {
        let mut world = World::with(restante_core::center::Policy {
            poll: Seconds::new(hours * 3_600),
            ..Default::default()
        });
        let code = world.issue("Miller", None);
        let enrolled = world.enrol(&code, 1, &["A"]).expect("enrolled");
        match world.device(formal(&enrolled.formal_code), poll()) {
            Ok(DeviceReply::Polled(PollReply::Mailbox(mailbox))) => mailbox.etag,
            other => panic!("no mailbox: {other:?}"),
        }
    };
    assert_eq!(tag(1), tag(1));
    assert_ne!(tag(1), tag(2));
}

#[test]
fn holdings_show_the_latest_reading() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let enrolled = world.activate(&code, 1, &["A", "B"]);
    let device = enrolled.devices[0].device;
    told(
        &mut world,
        &enrolled.formal_code,
        vec![report(device, 1, 1, 77)],
    )
    .expect("accepted");
    let request = PeopleRequest::ListDevices(ListDevices {
        customer: Some(code.customer),
        ..ListDevices::default()
    });
    let Ok(PeopleReply::Devices(page)) = world.people(Credential::Console, request) else {
        panic!("a list");
    };
    let with: Vec<bool> = page
        .rows
        .iter()
        .map(|row| (row.device == device) == row.latest.is_some())
        .collect();
    assert_eq!(with, [true, true]);
}
