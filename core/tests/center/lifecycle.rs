//! A registration after its first use: rotation, membership, leaving; and the whole table of its
//! states and messages, as it really is.

use std::fmt::Write as _;
use std::sync::Arc;

use restante_core::Seconds;
use restante_core::center::Message;
use restante_core::code::FormalCode;
use restante_core::id::{DeviceId, Epoch};
use restante_core::record::{Device, RegistrationLocator, Revision, Row, State};
use restante_core::wire::{DeviceReply, DeviceRequest, EnrolResult, Enrolled, RefusalCode, Rotate};

use crate::world::{Code, World, add, enrol, formal, leave, list, poll, remove, report, reports};

fn added(
    world: &mut World,
    code: &FormalCode,
    request: DeviceRequest,
) -> Result<Vec<EnrolResult>, RefusalCode> {
    match world.device(formal(code), request)? {
        DeviceReply::DevicesAdded(added) => {
            Ok(added.devices.iter().map(|device| device.result).collect())
        }
        other => panic!("an addition was answered by {other:?}"),
    }
}

fn remaining(world: &mut World, code: &FormalCode, gone: &[DeviceId]) -> Result<u32, RefusalCode> {
    match world.device(formal(code), remove(gone))? {
        DeviceReply::DevicesRemoved(removed) => Ok(removed.remaining),
        other => panic!("a removal was answered by {other:?}"),
    }
}

#[test]
fn a_rotated_code_is_pending_until_used_and_then_ends_the_old_one() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let old = world.activate(&code, 1, &["A"]).formal_code;
    let new = world.rotate(&old).expect("rotated");
    assert_eq!(new.registration(), old.registration());
    assert_eq!(new.epoch(), Epoch::new(2));
    let before = world.rows.clone();
    assert_eq!(world.rotate(&old), Ok(new.clone()), "the same next code");
    assert_eq!(world.rows, before);
    assert!(world.poll(&old).is_ok(), "valid until the new one is used");
    assert!(world.poll(&new).is_ok());
    assert_eq!(world.poll(&old), Err(RefusalCode::FormalCodeRefused));
    assert_eq!(world.rotate(&old), Err(RefusalCode::FormalCodeRefused));
    assert!(world.poll(&new).is_ok());
}

#[test]
fn rotating_with_the_next_code_is_its_first_use() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let first = world.activate(&code, 1, &["A"]).formal_code;
    let second = world.rotate(&first).expect("rotated");
    let third = world.rotate(&second).expect("rotated again");
    assert_eq!(third.epoch(), Epoch::new(3));
    assert_eq!(world.poll(&first), Err(RefusalCode::FormalCodeRefused));
    assert!(world.poll(&second).is_ok());
}

#[test]
fn a_code_that_was_never_handed_out_is_refused() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let right = world.activate(&code, 1, &["A"]).formal_code;
    let mut secret = *right.secret();
    secret[31] ^= 1;
    let forged = FormalCode::new(right.registration(), right.epoch(), secret);
    let early = FormalCode::new(right.registration(), Epoch::new(2), *right.secret());
    let never = FormalCode::new(right.registration(), Epoch::new(0), *right.secret());
    for wrong in [forged, early, never] {
        assert_eq!(world.poll(&wrong), Err(RefusalCode::FormalCodeRefused));
    }
}

#[test]
fn additions_take_the_own_grants_slots_and_repeating_them_takes_none() {
    let mut world = World::new();
    let code = world.issue("Miller", Some(3));
    let gateway = world.activate(&code, 1, &["A"]).formal_code;
    let request = || add(&["A", "B"], None);
    assert_eq!(
        added(&mut world, &gateway, request()),
        Ok(vec![EnrolResult::Already, EnrolResult::New])
    );
    assert_eq!(world.slots(&code), (1, 0, 2));
    assert_eq!(
        added(&mut world, &gateway, request()),
        Ok(vec![EnrolResult::Already; 2])
    );
    assert_eq!(world.slots(&code), (1, 0, 2));
    assert_eq!(
        added(&mut world, &gateway, add(&["C", "D"], None)),
        Err(RefusalCode::TooFewSlots)
    );
    let more = world.issue("Miller", Some(2));
    assert_eq!(
        added(&mut world, &gateway, add(&["C", "D"], Some(&more))),
        Ok(vec![EnrolResult::New; 2]),
        "where the own grant has not enough, the code pays for all"
    );
    assert_eq!(world.slots(&code), (1, 0, 2));
    assert_eq!(world.slots(&more), (0, 0, 2));
    assert_eq!(
        added(&mut world, &gateway, add(&["E", "F"], Some(&more))),
        Err(RefusalCode::CodeRefused)
    );
}

#[test]
fn after_the_own_codes_expiry_an_addition_needs_another_code_of_the_customer() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let gateway = world.activate(&code, 1, &["A"]).formal_code;
    world.pass(Seconds::WEEK.plus(Seconds::HOUR));
    assert_eq!(world.grant(&code), None, "the code's grant is gone");
    assert_eq!(
        added(&mut world, &gateway, add(&["B"], None)),
        Err(RefusalCode::CodeRefused)
    );
    assert_eq!(
        added(&mut world, &gateway, add(&["A"], None)),
        Ok(vec![EnrolResult::Already]),
        "what is there needs no code"
    );
    let foreign = world.issue("Smith", None);
    assert_eq!(
        added(&mut world, &gateway, add(&["B"], Some(&foreign))),
        Err(RefusalCode::CodeRefused)
    );
    let own = world.issue("Miller", None);
    assert_eq!(
        added(&mut world, &gateway, add(&["B"], Some(&own))),
        Ok(vec![EnrolResult::New])
    );
    assert_eq!(world.slots(&own), (999, 0, 1));
    assert_eq!(world.slots(&foreign), (1_000, 0, 0));
}

#[test]
fn an_added_device_moves_from_the_registration_that_spoke_for_it() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let panel = world.activate(&code, 1, &["A"]);
    let gateway = world.activate(&code, 2, &["B"]);
    assert_eq!(
        added(&mut world, &gateway.formal_code, add(&["A"], None)),
        Ok(vec![EnrolResult::Known])
    );
    assert_eq!(
        world.poll(&panel.formal_code),
        Err(RefusalCode::FormalCodeRefused),
        "it named no device any more"
    );
    let device = panel.devices[0].device;
    let told = reports(vec![report(device, 1, 1, 1)]);
    assert!(world.device(formal(&gateway.formal_code), told).is_ok());
}

#[test]
fn removed_devices_stay_with_the_customer_and_the_last_one_ends_the_registration() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let gateway = world.activate(&code, 1, &["A", "B"]);
    let [a, b] = [gateway.devices[0].device, gateway.devices[1].device];
    let stranger = DeviceId::from_bytes([3; 16]);
    let formal_code = &gateway.formal_code;
    assert_eq!(remaining(&mut world, formal_code, &[a, stranger, a]), Ok(1));
    assert_eq!(
        remaining(&mut world, formal_code, &[a]),
        Ok(1),
        "not missed"
    );
    let held: Device = world
        .stored(&Device::key(code.customer, a))
        .expect("still held");
    assert_eq!(held.registration, None);
    assert_eq!(
        world.device(formal(formal_code), reports(vec![report(a, 1, 1, 1)])),
        Err(RefusalCode::DeviceNotCovered)
    );
    assert_eq!(remaining(&mut world, formal_code, &[b]), Ok(0));
    assert_eq!(world.poll(formal_code), Err(RefusalCode::FormalCodeRefused));
    assert_eq!(
        world.slots(&code),
        (998, 0, 2),
        "used slots never come back"
    );
}

#[test]
fn a_late_copy_of_an_addition_or_removal_changes_nothing() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let gateway = world.activate(&code, 1, &["A", "B"]);
    let (b, formal_code) = (gateway.devices[1].device, &gateway.formal_code);
    let adding = add(&["C"], None);
    assert_eq!(
        added(&mut world, formal_code, adding.clone()),
        Ok(vec![EnrolResult::New])
    );
    let removing = remove(&[b]);
    assert!(world.device(formal(formal_code), removing.clone()).is_ok());
    let back = add(&["B"], None);
    assert_eq!(
        added(&mut world, formal_code, back),
        Ok(vec![EnrolResult::Known])
    );
    let before = world.rows.clone();
    let asked = Message::Device(removing);
    let refused = world.call(formal(formal_code), asked).expect_err("late");
    assert_eq!(refused.refusal.code, RefusalCode::ChangeSuperseded);
    let State::Active(active) = world.registration(gateway.registration).state else {
        panic!("it is in use");
    };
    let highest = Some(active.change);
    assert_eq!(refused.refusal.change, highest, "what was accepted last");
    assert_eq!(
        added(&mut world, formal_code, adding),
        Ok(vec![EnrolResult::Already]),
        "what is so already is answered as it stands"
    );
    assert_eq!(world.rows, before, "nothing is written");
}

#[test]
fn an_addition_that_had_nothing_to_add_does_not_take_a_device_back_later() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let gateway = world.activate(&code, 1, &["A", "B"]);
    let adding = add(&["A"], None);
    assert_eq!(
        added(&mut world, &gateway.formal_code, adding.clone()),
        Ok(vec![EnrolResult::Already])
    );
    let panel = world.activate(&code, 2, &["A"]);
    assert_eq!(
        added(&mut world, &gateway.formal_code, adding),
        Err(RefusalCode::ChangeSuperseded)
    );
    assert!(world.poll(&panel.formal_code).is_ok());
}

#[test]
fn numbers_of_changes_outlive_a_rotation_and_begin_anew_with_a_registration() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let gateway = world.activate(&code, 1, &["A", "B"]);
    let first = add(&["E"], None);
    let late = remove(&[gateway.devices[1].device]);
    let adding = add(&["C"], None);
    assert!(added(&mut world, &gateway.formal_code, adding).is_ok());
    let next = world.rotate(&gateway.formal_code).expect("rotated");
    assert!(world.poll(&next).is_ok());
    let refused = world.device(formal(&next), late).expect_err("late");
    assert_eq!(refused, RefusalCode::ChangeSuperseded);
    let other = world.activate(&code, 2, &["D"]).formal_code;
    assert_eq!(added(&mut world, &other, first), Ok(vec![EnrolResult::New]));
}

#[test]
fn a_registration_that_has_left_is_over_and_its_devices_can_be_enrolled_again() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let first = world.activate(&code, 1, &["A"]);
    assert!(world.device(formal(&first.formal_code), leave()).is_ok());
    assert_eq!(
        world.device(formal(&first.formal_code), leave()),
        Err(RefusalCode::FormalCodeRefused)
    );
    assert_eq!(
        world.enrol(&code, 1, &["A"]),
        Err(RefusalCode::RequestRedeemed)
    );
    let again = world.activate(&code, 2, &["A"]);
    assert_eq!(again.devices[0].device, first.devices[0].device);
    assert_eq!(again.devices[0].result, EnrolResult::Known);
}

/// A store that an older program has filled: its locators say nothing about the code in use.
#[test]
fn a_locator_of_the_first_form_leads_to_the_registration_and_is_brought_up_to_date() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let old = world.activate(&code, 1, &["A"]).formal_code;
    let customer = world.registration(old.registration()).facts.customer;
    let key = RegistrationLocator::key(old.registration());
    let first_form = Row {
        key: key.clone(),
        revision: Revision(9),
        format: 1,
        body: format!("{{\"customer\":\"{customer}\"}}").into_bytes(),
    };
    world.rows.insert(key.clone(), Arc::new(first_form));
    assert!(world.poll(&old).is_ok());
    let forged = FormalCode::new(old.registration(), old.epoch(), [0; 32]);
    assert_eq!(world.poll(&forged), Err(RefusalCode::FormalCodeRefused));
    let new = world.rotate(&old).expect("rotated");
    assert!(world.poll(&new).is_ok());
    assert_eq!(world.poll(&old), Err(RefusalCode::FormalCodeRefused));
    let located: RegistrationLocator = world.stored(&key).expect("a readable record");
    assert_eq!(located.in_use.map(|it| it.secret.epoch), Some(new.epoch()));
}

#[test]
fn a_poll_for_more_devices_than_a_locator_names_asks_the_registration() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let devices = ["A", "B", "C", "D", "E"];
    let enrolled = world.activate(&code, 1, &devices);
    let key = RegistrationLocator::key(enrolled.registration);
    let located: RegistrationLocator = world.stored(&key).expect("located");
    assert_eq!(located.in_use, None);
    assert!(world.poll(&enrolled.formal_code).is_ok());
    let gone = [enrolled.devices[4].device];
    assert_eq!(remaining(&mut world, &enrolled.formal_code, &gone), Ok(4));
    let located: RegistrationLocator = world.stored(&key).expect("located");
    assert_eq!(located.in_use.map(|it| it.devices.len()), Some(4));
    assert!(world.device(formal(&enrolled.formal_code), leave()).is_ok());
    let refused = world.poll(&enrolled.formal_code);
    assert_eq!(refused, Err(RefusalCode::FormalCodeRefused));
}

#[test]
fn a_registration_names_a_thousand_devices_at_most() {
    let mut world = World::new();
    let names = |from: usize, to: usize| (from..to).map(|n| format!("S{n}")).collect::<Vec<_>>();
    let texts = |names: &[String]| -> Vec<String> { names.to_vec() };
    let one = world.issue("Miller", None);
    let two = world.issue("Miller", None);
    let first = texts(&names(0, 500));
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    let second = texts(&names(500, 1_000));
    let second: Vec<&str> = second.iter().map(String::as_str).collect();
    let gateway = world.enrol(&one, 1, &first).expect("enrolled").formal_code;
    let results = added(&mut world, &gateway, add(&second, None));
    assert_eq!(
        results.map(|results| results.len()),
        Ok(500),
        "first use and addition of 500 devices each in one decision"
    );
    assert_eq!(
        added(&mut world, &gateway, add(&["X"], Some(&two))),
        Err(RefusalCode::TooManyDevices)
    );
    let all: Vec<DeviceId> = list(&first)
        .as_slice()
        .iter()
        .map(|entry| {
            let crypto = &restante_crypto::RingCrypto;
            world
                .keys()
                .device(crypto, one.customer, &entry.identification)
        })
        .collect();
    let told = all.iter().map(|device| report(*device, 1, 1, 1)).collect();
    assert!(world.device(formal(&gateway), reports(told)).is_ok());
    assert!(world.device(formal(&gateway), leave()).is_ok());
}

#[test]
fn five_hundred_devices_move_from_as_many_registrations_at_once() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let names: Vec<String> = (0..500).map(|n| format!("S{n}")).collect();
    for (n, name) in names.iter().enumerate() {
        let mut request = [0; 16];
        request[..8].copy_from_slice(&n.to_be_bytes());
        let DeviceRequest::Enrol(mut message) = enrol(0, &[name]) else {
            unreachable!("an enrolment");
        };
        message.request = restante_core::id::RequestId::from_bytes(request);
        let reply = world.device(code.shown(), DeviceRequest::Enrol(message));
        let Ok(DeviceReply::Enrolled(enrolled)) = reply else {
            panic!("enrolled");
        };
        world.poll(&enrolled.formal_code).expect("active");
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let gateway = world.enrol(&code, 255, &names).expect("enrolled");
    let device = gateway.devices[499].device;
    let told: Vec<_> = gateway
        .devices
        .iter()
        .map(|device| report(device.device, 1, 1, 1))
        .collect();
    let reply = world.device(formal(&gateway.formal_code), reports(told));
    assert!(reply.is_ok(), "first use and 500 reports in one decision");
    let held: Device = world
        .stored(&Device::key(code.customer, device))
        .expect("held");
    assert_eq!(held.registration, Some(gateway.registration));
}

/// A world in which the registration of `enrolled` is in one of its states, and the formal codes
/// that were handed out for it.
struct Case {
    world: World,
    code: Code,
    enrolled: Enrolled,
    next: Option<FormalCode>,
}

fn cases() -> Vec<(&'static str, Case)> {
    let pending = || {
        let mut world = World::new();
        let code = world.issue("Miller", None);
        let enrolled = world.enrol(&code, 1, &["A"]).expect("enrolled");
        Case {
            world,
            code,
            enrolled,
            next: None,
        }
    };
    let active = || {
        let mut case = pending();
        let code = case.enrolled.formal_code.clone();
        case.world.poll(&code).expect("active");
        case
    };
    let rotating = || {
        let mut case = active();
        let code = case.enrolled.formal_code.clone();
        case.next = Some(case.world.rotate(&code).expect("rotated"));
        case
    };
    let after = |mut case: Case, span: Seconds| {
        case.world.pass_unnoticed(span);
        case
    };
    let revoked = |mut case: Case| {
        let code = case.code.clone();
        case.world.revoke(&code);
        case
    };
    let left = |mut case: Case| {
        let code = case.enrolled.formal_code.clone();
        case.world.device(formal(&code), leave()).expect("left");
        case
    };
    let week = Seconds::WEEK;
    vec![
        ("pending", pending()),
        ("pending, code expired", after(pending(), week)),
        ("pending, grace over", {
            // A tick a day later, so that the clock is believed, and the sweep just not come.
            let mut case = after(pending(), Seconds::new(week.get() - 1));
            case.world.tick();
            after(case, Seconds::DAY.plus(Seconds::new(1)))
        }),
        ("pending, code revoked", revoked(pending())),
        ("active", active()),
        ("active, code revoked", revoked(active())),
        ("active, rotating", rotating()),
        ("ended", left(active())),
    ]
}

/// What a formal code says, one message after the other.
fn says(device: DeviceId) -> [(&'static str, DeviceRequest); 6] {
    [
        ("poll", poll()),
        ("report", reports(vec![report(device, 1, 1, 1)])),
        ("rotate", DeviceRequest::Rotate(Rotate {})),
        ("add", add(&["B"], None)),
        ("remove the last", remove(&[device])),
        ("leave", leave()),
    ]
}

/// Sends one message in one state and writes what came of it.
fn cell(
    table: &mut String,
    state: &str,
    message: &str,
    case: &Case,
    next: bool,
    send: &DeviceRequest,
) {
    let mut world = case.world.clone();
    let presented = match (send, next) {
        (DeviceRequest::Enrol(_), _) => case.code.shown(),
        (_, true) => formal(case.next.as_ref().expect("a next code")),
        (_, false) => formal(&case.enrolled.formal_code),
    };
    let before = world.durable();
    let was = world.registration(case.enrolled.registration).state.word();
    let outcome = world.device(presented, send.clone());
    let after = world.registration(case.enrolled.registration).state;
    let result = match outcome {
        Err(refused) => {
            assert_eq!(world.durable(), before, "{state}, {message}");
            refused.to_string()
        }
        Ok(_) if world.durable() == before => "accepted, nothing written".into(),
        Ok(_) if after.word() == was => "accepted".into(),
        Ok(_) => format!("→ {}", after.word()),
    };
    writeln!(table, "{state:<22} {message:<32} {result}").expect("a string takes it");
}

#[test]
fn the_table_of_states_and_messages() {
    let mut table = String::new();
    for (state, case) in cases() {
        // The clock jumps by a week in some cases: it is believed again before the message comes.
        let mut case = case;
        if case.world.now > World::new().now {
            let request =
                restante_core::wire::people::PeopleRequest::AcceptClock(Default::default());
            case.world
                .people(restante_core::center::Credential::Console, request)
                .expect("accepted");
        }
        for (message, request) in [
            ("enrol, same request", enrol(1, &["A"])),
            ("enrol, same request, other", enrol(1, &["Z"])),
            ("enrol, other request", enrol(2, &["A"])),
        ] {
            cell(&mut table, state, message, &case, false, &request);
        }
        for (message, request) in says(case.enrolled.devices[0].device) {
            cell(&mut table, state, message, &case, false, &request);
            if case.next.is_some() {
                let message = format!("{message}, by the next code");
                cell(&mut table, state, &message, &case, true, &request);
            }
        }
    }
    insta::assert_snapshot!(table);
}
