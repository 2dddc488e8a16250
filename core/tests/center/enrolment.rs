//! Enrolment and first use, as a device and its dealer see them.

use restante_core::Seconds;
use restante_core::center::{Credential, Message};
use restante_core::id::RequestId;
use restante_core::record::{Device, Kind, State};
use restante_core::wire::enrol::MaxMessage;
use restante_core::wire::people::{ListDevices, PeopleReply, PeopleRequest};
use restante_core::wire::{DeviceRequest, Enrol, EnrolResult, PollReply, RefusalCode};

use crate::world::{
    Conflict, World, add, enrol, entry, formal, leave, list, poll, remove, report, reports,
};

fn holdings(world: &mut World, user: &str) -> Vec<String> {
    let request = PeopleRequest::ListDevices(ListDevices {
        user: Some(user.parse().expect("a name")),
        ..ListDevices::default()
    });
    match world.people(Credential::Console, request) {
        Ok(PeopleReply::Devices(page)) => {
            let mut serials: Vec<String> =
                page.rows.iter().map(|row| row.serial.to_string()).collect();
            serials.sort();
            serials
        }
        other => panic!("no list: {other:?}"),
    }
}

#[test]
fn a_site_is_enrolled_and_becomes_the_customers_at_first_use() {
    let mut world = World::new();
    let code = world.issue("Miller & Sons", Some(5));
    let enrolled = world.enrol(&code, 1, &["A", "B", "C"]).expect("enrolled");
    assert_eq!(enrolled.formal_code.registration(), enrolled.registration);
    assert_eq!(enrolled.formal_code.epoch().get(), 1);
    assert!(
        enrolled
            .devices
            .iter()
            .all(|device| device.result == EnrolResult::New)
    );
    assert_eq!(world.slots(&code), (2, 3, 0));
    assert_eq!(holdings(&mut world, "Miller & Sons"), [] as [&str; 0]);

    let reply = world.poll(&enrolled.formal_code).expect("active");
    let PollReply::Mailbox(mailbox) = reply else {
        panic!("the first poll sees the mailbox");
    };
    assert_eq!(mailbox.instructions, []);
    assert_eq!(world.slots(&code), (2, 0, 3));
    assert_eq!(holdings(&mut world, "Miller & Sons"), ["A", "B", "C"]);
    assert_eq!(world.count(Kind::Due), 1, "only the grant's end is due");
}

#[test]
fn lost_reply_yields_the_same_code() {
    let mut world = World::new();
    let code = world.issue("Miller", Some(2));
    let first = world.enrol(&code, 1, &["A", "B"]).expect("enrolled");
    let before = world.rows.clone();
    assert_eq!(world.enrol(&code, 1, &["A", "B"]), Ok(first.clone()));
    assert_eq!(world.rows, before, "a repetition writes nothing");

    let mut turned = world
        .enrol(&code, 1, &["B", "A"])
        .expect("the same content");
    turned.devices.reverse();
    assert_eq!(turned, first, "the results follow the order of the request");
}

#[test]
fn a_repetition_is_answered_when_the_code_has_expired_meanwhile_and_not_after_the_grace() {
    let mut world = World::new();
    let code = world.issue("Miller", Some(1));
    let first = world.enrol(&code, 1, &["A"]).expect("enrolled");
    world.pass(Seconds::WEEK.plus(Seconds::HOUR));
    assert_eq!(world.enrol(&code, 1, &["A"]), Ok(first.clone()));
    assert_eq!(
        world.enrol(&code, 2, &["B"]),
        Err(RefusalCode::CodeRefused),
        "the code itself has expired"
    );
    world.pass_unnoticed(Seconds::DAY);
    assert_eq!(
        world.enrol(&code, 1, &["A"]),
        Err(RefusalCode::CodeRefused),
        "even before a sweep"
    );
    assert_eq!(
        world.poll(&first.formal_code),
        Err(RefusalCode::FormalCodeRefused)
    );
}

#[test]
fn contacts_and_message_size_are_no_part_of_the_content() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let first = world.enrol(&code, 1, &["A"]).expect("enrolled");
    let mut moved = entry("A");
    moved.contacts.address = Some("192.0.2.77".parse().expect("an address"));
    let again = DeviceRequest::Enrol(Enrol {
        request: RequestId::from_bytes([1; 16]),
        devices: restante_core::wire::enrol::DeviceList::one(moved),
        max_message: Some(MaxMessage::new(4_096).expect("large enough")),
    });
    let again = world.device(code.shown(), again).expect("the same answer");
    assert_eq!(again, restante_core::wire::DeviceReply::Enrolled(first));
}

#[test]
fn another_request_is_another_registration_with_another_secret() {
    let mut world = World::new();
    let code = world.issue("Miller", Some(2));
    let first = world.enrol(&code, 1, &["A"]).expect("enrolled");
    let second = world.enrol(&code, 2, &["A"]).expect("enrolled");
    assert_ne!(first.registration, second.registration);
    assert_ne!(first.formal_code.secret(), second.formal_code.secret());
    assert_eq!(first.devices[0].device, second.devices[0].device);
    assert_eq!(world.slots(&code), (0, 2, 0));
}

#[test]
fn the_same_request_with_other_content_is_refused_and_changes_nothing() {
    let mut world = World::new();
    let code = world.issue("Miller", Some(1));
    let first = world.enrol(&code, 1, &["A"]).expect("enrolled");
    let before = world.rows.clone();
    assert_eq!(
        world.enrol(&code, 1, &["B"]),
        Err(RefusalCode::RequestMismatch)
    );
    assert_eq!(world.rows, before);
    world.poll(&first.formal_code).expect("active");
    let before = world.rows.clone();
    assert_eq!(
        world.enrol(&code, 1, &["A"]),
        Err(RefusalCode::RequestRedeemed)
    );
    assert_eq!(world.rows, before);
}

#[test]
fn a_refused_first_use_leaves_the_registration_pending() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let other = world.issue("Smith", None);
    let foreign = world.activate(&other, 9, &["Z"]).devices[0].device;
    let enrolled = world.enrol(&code, 1, &["A"]).expect("enrolled");
    let before = world.rows.clone();
    let refused = world.device(
        formal(&enrolled.formal_code),
        reports(vec![report(foreign, 1, 1, 5)]),
    );
    assert_eq!(refused, Err(RefusalCode::DeviceNotCovered));
    assert_eq!(world.rows, before);
    let own = enrolled.devices[0].device;
    let accepted = world.device(
        formal(&enrolled.formal_code),
        reports(vec![report(own, 1, 1, 5)]),
    );
    assert!(accepted.is_ok(), "a report can be the first use");
    assert_eq!(
        world.registration(enrolled.registration).state.word(),
        "active"
    );
}

#[test]
fn every_device_message_can_be_the_first_use() {
    let messages = |device| {
        vec![
            poll(),
            reports(vec![report(device, 1, 1, 0)]),
            DeviceRequest::Rotate(restante_core::wire::Rotate {}),
            add(&["B"], None),
            remove(&[device]),
            leave(),
        ]
    };
    for number in 0..6 {
        let mut world = World::new();
        let code = world.issue("Miller", None);
        let enrolled = world.enrol(&code, 1, &["A"]).expect("enrolled");
        let message = messages(enrolled.devices[0].device).remove(number);
        world
            .device(formal(&enrolled.formal_code), message.clone())
            .unwrap_or_else(|refused| panic!("{message:?}: {refused}"));
        let (_, pending, used) = world.slots(&code);
        assert_eq!(pending, 0, "{message:?}");
        assert!(used >= 1, "{message:?}");
        assert_eq!(holdings(&mut world, "Miller")[0], "A", "{message:?}");
    }
}

#[test]
fn too_few_slots_refuse_the_whole_message_and_say_how_many_are_free() {
    let mut world = World::new();
    let code = world.issue("Miller", Some(2));
    let before = world.rows.clone();
    let decided = world.decide(code.shown(), Message::Device(enrol(1, &["A", "B", "C"])));
    let refused = decided.decision.outcome.expect_err("too many");
    assert_eq!(refused.refusal.code, RefusalCode::TooFewSlots);
    assert_eq!(refused.refusal.free, Some(2));
    assert_eq!(
        refused.refusal.detail,
        "3 devices are named; the code can register 2 more"
    );
    assert!(decided.decision.written.is_empty());
    assert_eq!(world.rows, before);
}

#[test]
fn a_known_device_keeps_its_id_and_moves_at_first_use() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let gateway = world.activate(&code, 1, &["A", "B"]);
    let device = gateway.devices[0].device;
    let panel = world.enrol(&code, 2, &["A"]).expect("enrolled");
    assert_eq!(panel.devices[0].device, device);
    assert_eq!(panel.devices[0].result, EnrolResult::Known);
    let speaks = |world: &mut World, code: &_| {
        world
            .device(formal(code), reports(vec![report(device, 1, 1, 1)]))
            .map(|_| ())
    };
    assert_eq!(
        speaks(&mut world, &gateway.formal_code),
        Ok(()),
        "not before the first use"
    );
    world.poll(&panel.formal_code).expect("active");
    assert_eq!(
        speaks(&mut world, &gateway.formal_code),
        Err(RefusalCode::DeviceNotCovered)
    );
    assert_eq!(speaks(&mut world, &panel.formal_code), Ok(()));
    world.poll(&gateway.formal_code).expect("B is left");
}

#[test]
fn a_registration_without_devices_ends() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let first = world.activate(&code, 1, &["A"]);
    world.activate(&code, 2, &["A"]);
    assert_eq!(
        world.poll(&first.formal_code),
        Err(RefusalCode::FormalCodeRefused)
    );
    assert!(matches!(
        world.registration(first.registration).state,
        State::Ended(_)
    ));
}

#[test]
fn the_same_serial_at_another_customer_is_a_new_device_and_an_alarm() {
    let mut world = World::new();
    let miller = world.issue("Miller", None);
    let smith = world.issue("Smith", None);
    let first = world.activate(&miller, 1, &["A"]);
    let second = world.enrol(&smith, 1, &["A"]).expect("enrolled");
    assert_ne!(first.devices[0].device, second.devices[0].device);
    assert_eq!(second.devices[0].result, EnrolResult::New);
    let decided = world.decide(formal(&second.formal_code), Message::Device(poll()));
    let [effect] = &decided.decision.effects[..] else {
        panic!("one alarm");
    };
    let told = serde_json::to_value(&effect.what).expect("serialises");
    assert_eq!(told["alarm"]["word"], "device-at-two-customers");
    world.commit(&decided.decision.written).expect("committed");
    assert_eq!(world.count(Kind::Outbox), 1, "until it has been told");
    world
        .commit(&restante_core::record::delivered(&[effect.id]))
        .expect("delivered");
    assert_eq!(world.count(Kind::Outbox), 0);
    world
        .poll(&first.formal_code)
        .expect("the first is untouched");
}

#[test]
fn one_of_two_first_uses_on_the_same_snapshot_conflicts() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let enrolled = world.enrol(&code, 1, &["A"]).expect("enrolled");
    let one = world.decide(formal(&enrolled.formal_code), Message::Device(poll()));
    let two = world.decide(formal(&enrolled.formal_code), Message::Device(poll()));
    assert_eq!(world.commit(&one.decision.written), Ok(()));
    assert_eq!(world.commit(&two.decision.written), Err(Conflict));
    assert_eq!(world.slots(&code), (999, 0, 1));
    world.poll(&enrolled.formal_code).expect("once more");
}

#[test]
fn two_enrolments_cannot_take_the_last_slot_twice() {
    let mut world = World::new();
    let code = world.issue("Miller", Some(1));
    let one = world.decide(code.shown(), Message::Device(enrol(1, &["A"])));
    let two = world.decide(code.shown(), Message::Device(enrol(2, &["B"])));
    assert_eq!(world.commit(&one.decision.written), Ok(()));
    assert_eq!(world.commit(&two.decision.written), Err(Conflict));
    assert_eq!(world.enrol(&code, 2, &["B"]), Err(RefusalCode::CodeRefused));
}

#[test]
fn a_revocation_beats_a_first_use_decided_on_the_snapshot_before() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let enrolled = world.enrol(&code, 1, &["A"]).expect("enrolled");
    let late = world.decide(formal(&enrolled.formal_code), Message::Device(poll()));
    world.revoke(&code);
    assert_eq!(world.commit(&late.decision.written), Err(Conflict));
    assert_eq!(
        world.poll(&enrolled.formal_code),
        Err(RefusalCode::FormalCodeRefused)
    );
    assert_eq!(world.enrol(&code, 1, &["A"]), Err(RefusalCode::CodeRefused));
}

#[test]
fn a_sender_that_could_not_take_the_answer_is_refused_before_anything_is_registered() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let serials: Vec<String> = (0..60).map(|n| format!("S{n}")).collect();
    let serials: Vec<&str> = serials.iter().map(String::as_str).collect();
    let request = |most| {
        DeviceRequest::Enrol(Enrol {
            request: RequestId::from_bytes([1; 16]),
            devices: list(&serials),
            max_message: Some(MaxMessage::new(most).expect("large enough")),
        })
    };
    let before = world.rows.clone();
    assert_eq!(
        world.device(code.shown(), request(2_048)),
        Err(RefusalCode::TooLarge)
    );
    assert_eq!(world.rows, before);
    assert!(world.device(code.shown(), request(16_384)).is_ok());
}

#[test]
fn a_holding_says_since_when_and_who_speaks_for_it() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let enrolled = world.activate(&code, 1, &["A"]);
    let key = Device::key(code.customer, enrolled.devices[0].device);
    let device: Device = world.stored(&key).expect("held");
    assert_eq!(device.since, world.now);
    assert_eq!(device.registration, Some(enrolled.registration));
}
