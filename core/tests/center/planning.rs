//! Poll requests: plans, their links, and whom each device is told to call.

use std::collections::BTreeMap;

use restante_core::Seconds;
use restante_core::center::{Credential, Message, Policy};
use restante_core::id::{DeviceId, LanAddress, RequestId};
use restante_core::limits::PLAN_TIME;
use restante_core::record::Kind;
use restante_core::tree::Tree;
use restante_core::wire::enrol::MaxMessage;
use restante_core::wire::people::{PeopleRequest, Role};
use restante_core::wire::plan::{PlanFirst, PlanOf, PlanPolls, PlanShape, PollLinkState};
use restante_core::wire::services::{Devices, Selection};
use restante_core::wire::{
    DeviceRequest, Function, Leave, Poll, PollReply, PollTag, RefusalCode, json,
};

use crate::fleet::{Fleet, address, asked, mailbox, page, plan, rows};
use crate::trial::Trial;
use crate::world::{entry, formal};

#[test]
fn one_link_reaches_every_device_once_and_in_time() {
    let mut fleet = Fleet::new(30);
    let message = PlanPolls {
        widths: vec![3, 4],
        per_minute: Some(66),
        ..fleet.all()
    };
    let plan = fleet.plan(message);
    assert_eq!((plan.devices, plan.left_out, plan.layers), (30, 0, 3));
    assert_eq!(plan.lasts, Seconds::new(44));
    let [link] = &plan.links[..] else {
        panic!("one link, not {:?}", plan.links);
    };
    let root = fleet.id(0);
    assert_eq!(link.device, root);
    let request = asked(&link.link, fleet.address(0));
    assert_eq!(request.tag.as_ref(), Some(&plan.tag));
    assert_eq!(request.after, Seconds::ZERO);
    let named = request.addresses.expect("a small plan names all");
    assert_eq!(named.as_slice().len(), 29);
    let numbers: BTreeMap<String, usize> = (0..30)
        .map(|number| (fleet.address(number).to_owned(), number))
        .collect();
    let mut called = vec![(0, 0)];
    let mut at = 0;
    while let Some((number, time)) = called.get(at).copied() {
        let mailbox = fleet.poll(fleet.id(number), &plan.tag);
        for call in mailbox.calls {
            let address = call.address.expect("each has one");
            called.push((numbers[address.as_str()], time + call.after.get()));
        }
        at += 1;
    }
    let layers = [(1_usize, 0), (3, 1), (12, 16), (14, 31)];
    let times = layers.map(|(devices, begins)| (begins..).take(devices));
    let expected: Vec<(usize, u32)> = (0..30).zip(times.into_iter().flatten()).collect();
    assert_eq!(called, expected, "each once, at its time");
}

#[test]
fn each_call_names_those_below_for_the_case_that_nobody_answers() {
    let mut fleet = Fleet::new(14);
    let message = PlanPolls {
        widths: vec![3, 4],
        per_minute: Some(7),
        ..fleet.all()
    };
    let plan = fleet.plan(message);
    let tree = Tree::new(14, 1, &[3, 4]).expect("a tree");
    let mailbox = fleet.poll(fleet.id(0), &plan.tag);
    assert_eq!(mailbox.calls.len(), 3);
    for (call, child) in mailbox.calls.iter().zip(1_u32..) {
        assert_eq!(call.after, tree.wait(0, child, 7));
        let below = call.below.iter().map(|it| (it.address.as_str(), it.after));
        let expected = tree.below(child).map(|it| {
            let number = usize::try_from(it).expect("small");
            (fleet.address(number), tree.arrival(it, 7))
        });
        assert!(below.eq(expected));
    }
    assert!(fleet.poll(fleet.id(13), &plan.tag).calls.is_empty());
}

#[test]
fn a_link_for_each_device_bears_its_time_and_no_tag() {
    let mut fleet = Fleet::new(5);
    let message = PlanPolls {
        shape: PlanShape::Each,
        per_minute: Some(6),
        ..fleet.all()
    };
    let plan = fleet.plan(message);
    assert_eq!((plan.layers, plan.links.len()), (0, 5));
    let rows = fleet.rows(&plan.tag);
    for (number, row) in rows.iter().enumerate() {
        let link = row.link.as_ref().expect("each has one");
        assert_eq!(link, &plan.links[number].link);
        let request = asked(link, fleet.address(number));
        let after = Seconds::new(11 * u32::try_from(number).expect("small"));
        assert_eq!((request.tag, request.addresses), (None, None));
        assert_eq!((request.after, row.after), (after, Some(after)));
        assert_eq!((row.state, row.caller), (PollLinkState::Root, None));
    }
    let first = fleet.id(0);
    assert!(fleet.poll(first, &plan.tag).calls.is_empty());
}

#[test]
fn the_most_capable_devices_are_the_roots_if_that_is_asked_for() {
    let mut fleet = Fleet::new(6);
    let strong = [fleet.improve(2), fleet.improve(4)];
    let message = PlanPolls {
        shape: PlanShape::Roots(2),
        first: PlanFirst::MostCapable,
        ..fleet.all()
    };
    let plan = fleet.plan(message);
    let roots: Vec<DeviceId> = plan.links.iter().map(|it| it.device).collect();
    assert_eq!(roots, strong);
    let rows = fleet.rows(&plan.tag);
    let order: Vec<DeviceId> = rows.iter().map(|row| row.device).collect();
    let expected = [2, 4, 0, 1, 3, 5].map(|number| fleet.id(number));
    assert_eq!(order, expected);
    assert_eq!(rows[2].caller, Some(strong[0]));
    assert_eq!(rows[5].caller, Some(strong[1]));
    let mailbox = fleet.poll(strong[1], &plan.tag);
    let called: Vec<&str> = mailbox
        .calls
        .iter()
        .filter_map(|it| it.address.as_ref())
        .map(LanAddress::as_str)
        .collect();
    assert_eq!(called, [fleet.address(3), fleet.address(5)]);
}

// spec: POL-031
#[test]
fn models_that_the_operator_puts_first_come_before_those_with_more_functions() {
    let order = ["M1003", "M1002"].map(|it| it.parse().expect("a model"));
    let policy = Policy {
        capable_models: order.to_vec(),
        ..Policy::default()
    };
    let mut fleet = Fleet::with(policy, 3);
    let strong = fleet.improve(1);
    let mut of_model = |model: &str, serial: &str| {
        let mut entry = entry(serial);
        entry.identification.model = model.parse().expect("a model");
        entry.contacts.address = Some(address("10.1.0.1"));
        fleet.join(entry)
    };
    let second = of_model("M1002", "S8");
    let first = of_model("M1003", "S9");
    let others = [0, 1, 2, 3, 4].map(|number| fleet.id(number));
    let plain = others
        .into_iter()
        .find(|it| ![first, second, strong].contains(it));
    let message = PlanPolls {
        shape: PlanShape::Roots(4),
        first: PlanFirst::MostCapable,
        ..fleet.all()
    };
    let plan = fleet.plan(message);
    let roots: Vec<DeviceId> = plan.links.iter().map(|it| it.device).collect();
    assert_eq!(roots, [first, second, strong, plain.expect("another")]);
}

#[test]
fn the_same_request_makes_one_plan_and_another_content_none() {
    let mut fleet = Fleet::new(3);
    let message = fleet.all();
    let plan = fleet.plan(message.clone());
    let rows = fleet.world.durable();
    assert_eq!(fleet.plan(message.clone()), plan);
    let other = PlanPolls {
        widths: vec![2],
        ..message
    };
    let refused = self::plan(&mut fleet.world, other);
    assert_eq!(refused, Err(RefusalCode::RequestMismatch));
    assert_eq!(fleet.world.durable(), rows);
    let message = fleet.all();
    assert_ne!(fleet.plan(message).tag, plan.tag);
}

#[test]
fn who_cannot_be_called_is_left_out_with_the_reason() {
    let mut fleet = Fleet::new(2);
    let silent = fleet.enrol("without", None, &[Function::Fax]);
    let gone = fleet.enrol("gone", Some("10.1.0.1"), &[Function::Fax]);
    let code = fleet.devices[&gone].1.clone();
    let leave = DeviceRequest::Leave(Leave {});
    fleet.world.device(formal(&code), leave).expect("left");
    let gateway = fleet
        .world
        .activate(&fleet.code, 99, &["child 1", "child 2"]);
    let child = gateway.devices[0].device;
    fleet
        .devices
        .insert(child, (String::new(), gateway.formal_code));
    let message = fleet.all();
    let plan = fleet.plan(message);
    assert_eq!((plan.devices, plan.left_out), (2, 3));
    let rows = fleet.rows(&plan.tag);
    let left: Vec<(DeviceId, PollLinkState)> = rows[2..]
        .iter()
        .map(|row| (row.device, row.state))
        .collect();
    let expected = [
        (silent, PollLinkState::NoAddress),
        (child, PollLinkState::BehindGateway),
        (gone, PollLinkState::Unregistered),
    ];
    assert_eq!(left, expected);
    assert!(
        rows[2..]
            .iter()
            .all(|row| row.link.is_none() && row.after.is_none())
    );
    let alone = PlanPolls {
        of: PlanOf::Devices(Devices(vec![silent, child])),
        ..fleet.all()
    };
    let refused = self::plan(&mut fleet.world, alone);
    assert_eq!(refused, Err(RefusalCode::NoEligibleDevice));
}

#[test]
fn a_device_is_called_where_it_is_now_and_passed_over_where_it_is_gone() {
    let mut fleet = Fleet::new(6);
    let message = PlanPolls {
        widths: vec![1],
        ..fleet.all()
    };
    let plan = fleet.plan(message);
    let [root, first, second] = [0, 1, 2].map(|number| fleet.id(number));
    let serial = fleet.holding(first);
    fleet.enrol(&serial, Some("10.9.9.9"), &[Function::Printer]);
    let calls = fleet.poll(root, &plan.tag).calls;
    assert_eq!(calls[0].address, Some(address("10.9.9.9")));
    let after = calls[0].after;
    let code = fleet.devices[&first].1.clone();
    let leave = DeviceRequest::Leave(Leave {});
    fleet.world.device(formal(&code), leave).expect("left");
    let calls = fleet.poll(root, &plan.tag).calls;
    assert_eq!((calls.len(), &calls[0].address), (1, &None));
    assert_eq!(calls[0].after, after);
    assert_eq!(calls[0].below[0].address.as_str(), fleet.address(2));
    let code = fleet.devices[&second].1.clone();
    let leave = DeviceRequest::Leave(Leave {});
    fleet.world.device(formal(&code), leave).expect("left");
    assert!(
        fleet.poll(root, &plan.tag).calls.is_empty(),
        "nobody is there"
    );
}

#[test]
fn a_plan_of_an_application_calls_those_that_still_wait() {
    let mut trial = Trial::new();
    let application = trial.applied("C001", "service-x", Selection::All);
    let message = PlanPolls {
        request: RequestId::from_bytes([200; 16]),
        customer: Some(trial.customer("C001")),
        of: PlanOf::Application(application),
        shape: PlanShape::default(),
        first: PlanFirst::default(),
        widths: Vec::new(),
        per_minute: None,
    };
    let refused = plan(&mut trial.world, message.clone());
    assert_eq!(refused, Err(RefusalCode::NoEligibleDevice), "no addresses");
    trial.moves("D10010101", "192.0.2.1");
    trial.moves("D10020102", "192.0.2.2");
    trial.moves("D10020103", "192.0.2.3");
    let made = plan(&mut trial.world, message.clone()).expect("planned");
    assert_eq!((made.devices, made.layers), (3, 1));
    let customer = trial.customer("C001");
    let list = rows(&mut trial.world, customer, &made.tag);
    let serials: Vec<&str> = list.iter().map(|row| trial.serial(row.device)).collect();
    let poll = Poll {
        tag: Some(made.tag.clone()),
        ..Poll::default()
    };
    let root = trial.formal(serials[0]);
    assert_eq!(
        mailbox(&mut trial.world, &root, poll.clone()).calls.len(),
        2
    );
    trial.starts(serials[1], "service-x");
    let calls = mailbox(&mut trial.world, &root, poll).calls;
    assert_eq!(calls.len(), 1, "one has started already");
    assert_eq!(calls[0].address, list[2].address);
    let message = PlanPolls {
        request: RequestId::from_bytes([201; 16]),
        ..message
    };
    let later = plan(&mut trial.world, message.clone()).expect("planned");
    assert_eq!(later.devices, 2);
    let foreign = PlanPolls {
        customer: Some(trial.customer("C002")),
        ..message
    };
    let refused = plan(&mut trial.world, foreign);
    assert_eq!(refused, Err(RefusalCode::NotFound));
}

#[test]
fn a_tag_that_is_no_plans_has_nobody_called() {
    let mut fleet = Fleet::new(3);
    let all = fleet.all();
    let plan = fleet.plan(all);
    let root = fleet.id(0);
    assert_eq!(fleet.poll(root, &plan.tag).calls.len(), 2);
    let unknown = PollTag::from_bytes(&[1; 16]);
    assert!(fleet.poll(root, &unknown).calls.is_empty());
    assert!(
        fleet
            .poll(root, &"x".parse().expect("a tag"))
            .calls
            .is_empty()
    );
    let stranger = fleet.world.issue("Smith", None);
    let enrolled = fleet.world.activate(&stranger, 1, &["A"]);
    let poll = Poll {
        tag: Some(plan.tag.clone()),
        ..Poll::default()
    };
    let told = mailbox(&mut fleet.world, &enrolled.formal_code, poll);
    assert!(told.calls.is_empty());
    let foreign = page(&mut fleet.world, stranger.customer, &plan.tag, None);
    assert_eq!(foreign, Err(RefusalCode::NotFound));
    let last_day = PLAN_TIME.get() - Seconds::DAY.get();
    fleet.world.pass(Seconds::new(last_day));
    assert_eq!(fleet.poll(root, &plan.tag).calls.len(), 2);
    fleet.world.pass_unnoticed(Seconds::DAY);
    assert!(fleet.poll(root, &plan.tag).calls.is_empty(), "it is over");
    let customer = fleet.code.customer;
    let over = page(&mut fleet.world, customer, &plan.tag, None);
    assert_eq!(over, Err(RefusalCode::NotFound));
    fleet.world.tick();
    for kind in [Kind::Plan, Kind::PlanPart] {
        assert_eq!(fleet.world.count(kind), 0, "{kind:?}");
    }
}

#[test]
fn a_poll_for_a_plan_is_shown_the_mailbox_and_changes_nothing() {
    let mut fleet = Fleet::new(3);
    let all = fleet.all();
    let plan = fleet.plan(all);
    let root = fleet.id(0);
    let plain = fleet.ask(root, Poll::default());
    assert!(plain.calls.is_empty());
    let poll = Poll {
        have: Some(plain.etag.clone()),
        max_message: None,
        tag: Some(plan.tag.clone()),
    };
    let rows = fleet.world.rows.clone();
    let told = fleet.ask(root, poll.clone());
    assert_eq!(told.etag, plain.etag, "calls are no part of the state");
    assert_eq!(fleet.ask(root, poll), told);
    assert_eq!(fleet.world.rows, rows);
}

#[test]
fn an_ordinary_poll_reads_no_more_than_before() {
    let mut fleet = Fleet::new(3);
    let root = fleet.id(0);
    let code = fleet.devices[&root].1.clone();
    let decided = |fleet: &mut Fleet, tag| {
        let poll = Poll {
            tag,
            ..Poll::default()
        };
        let message = Message::Device(DeviceRequest::Poll(poll));
        let rounds = fleet.world.decide(formal(&code), message).rounds;
        rounds.iter().map(Vec::len).collect::<Vec<usize>>()
    };
    assert_eq!(decided(&mut fleet, None), [1, 1], "locator, mailbox");
    let all = fleet.all();
    let tag = fleet.plan(all).tag;
    let rounds = decided(&mut fleet, Some(tag));
    let expected = [1, 1, 1, 1, 1, 2];
    assert_eq!(rounds, expected, "plan, clock, its list, two devices");
}

#[test]
fn what_does_not_fit_beside_the_instructions_is_left_out_from_the_end() {
    let mut fleet = Fleet::new(73);
    let message = fleet.all();
    let plan = fleet.plan(message);
    let root = fleet.id(0);
    let reply = fleet.poll(root, &plan.tag);
    let bytes = json::to_bytes(&PollReply::Mailbox(reply.clone())).len();
    let bytes = u32::try_from(bytes).expect("small");
    let whole = reply.calls;
    assert!(whole.iter().all(|it| it.below.len() == 8));
    let mut last = usize::MAX;
    for most in [bytes, bytes - 1, 2_048] {
        let poll = Poll {
            max_message: MaxMessage::new(most).ok(),
            tag: Some(plan.tag.clone()),
            ..Poll::default()
        };
        let told = fleet.ask(root, poll);
        let bytes = json::to_bytes(&PollReply::Mailbox(told.clone())).len();
        assert!(bytes <= usize::try_from(most).expect("small"));
        let direct = told.calls.iter().map(|it| &it.address);
        assert!(direct.eq(whole.iter().map(|it| &it.address)), "{most}");
        let below = told.calls.iter().map(|it| it.below.len()).sum();
        assert!(below < last && below % 8 == 0, "{most}: {below}");
        last = below;
    }
}

#[test]
fn a_plan_out_of_bounds_is_refused_and_nothing_kept() {
    let mut fleet = Fleet::new(3);
    let rows = fleet.world.durable();
    let message = fleet.all();
    let with = |change: fn(&mut PlanPolls)| {
        let mut message = message.clone();
        change(&mut message);
        message
    };
    for wrong in [
        with(|it| it.widths = vec![0]),
        with(|it| it.widths = vec![3, 9]),
        with(|it| it.shape = PlanShape::Roots(0)),
        with(|it| it.shape = PlanShape::Roots(65)),
        with(|it| it.per_minute = Some(0)),
        with(|it| it.per_minute = Some(1_201)),
    ] {
        let refused = plan(&mut fleet.world, wrong.clone());
        assert_eq!(refused, Err(RefusalCode::Invalid), "{wrong:?}");
    }
    let unknown = with(|it| it.of = PlanOf::Devices(Devices(vec![DeviceId::from_bytes([9; 16])])));
    assert_eq!(plan(&mut fleet.world, unknown), Err(RefusalCode::NotFound));
    assert_eq!(fleet.world.durable(), rows);
    let mut chain = Fleet::new(7);
    let message = PlanPolls {
        widths: vec![1],
        ..chain.all()
    };
    let refused = plan(&mut chain.world, message);
    assert_eq!(refused, Err(RefusalCode::Invalid), "six layers");
}

#[test]
fn only_administrators_and_operators_plan() {
    let mut fleet = Fleet::new(2);
    let customer = fleet.code.customer;
    let message = PlanPolls {
        customer: None,
        ..fleet.all()
    };
    let administrator = fleet
        .world
        .token(Role::Administrator, "anna", Some(customer));
    let planned = |fleet: &mut Fleet, as_whom: &Credential, message: &PlanPolls| {
        let request = PeopleRequest::PlanPolls(message.clone());
        fleet.world.people(as_whom.clone(), request)
    };
    assert!(planned(&mut fleet, &administrator, &message).is_ok());
    for (role, of) in [
        (Role::Dealer, None),
        (Role::Manager, Some(customer)),
        (Role::Provider, None),
        (Role::Engineer, None),
    ] {
        let token = fleet.world.token(role, "somebody", of);
        let refused = planned(&mut fleet, &token, &message);
        assert_eq!(refused, Err(RefusalCode::RoleForbidden), "{role:?}");
    }
}

#[test]
fn a_plan_of_several_parts_finds_each_device_and_its_place() {
    let mut fleet = Fleet::new(620);
    let strong = fleet.improve(610);
    let application = fleet.applied();
    let message = PlanPolls {
        of: PlanOf::Application(application),
        first: PlanFirst::MostCapable,
        ..fleet.all()
    };
    let plan = fleet.plan(message);
    assert_eq!((plan.devices, plan.layers), (620, 4));
    assert_eq!(plan.links[0].device, strong);
    let root = asked(&plan.links[0].link, fleet.address(610));
    assert_eq!(
        root.addresses, None,
        "a large plan is named by its tag alone"
    );
    let rows = fleet.rows(&plan.tag);
    let tree = Tree::new(620, 1, &[]).expect("a tree");
    assert_eq!(rows.len(), 620);
    for number in [0, 1, 61, 62, 70, 200] {
        let row = &rows[number];
        let called = tree.below(row.number).map(|it| {
            let it = usize::try_from(it).expect("small");
            rows[it].address.clone()
        });
        let calls = fleet.poll(row.device, &plan.tag).calls;
        assert!(
            calls.into_iter().map(|it| it.address).eq(called),
            "{number}"
        );
    }
    for (row, number) in rows.iter().zip(0..) {
        assert_eq!(row.number, number);
        let caller = tree.above(number).and_then(|it| usize::try_from(it).ok());
        assert_eq!(row.caller, caller.map(|it| rows[it].device));
    }
}

#[test]
fn what_a_poll_for_a_plan_reads_is_bounded() {
    let mut fleet = Fleet::new(73);
    let message = fleet.all();
    let plan = fleet.plan(message);
    let code = fleet.devices[&fleet.id(0)].1.clone();
    let poll = Poll {
        tag: Some(plan.tag),
        ..Poll::default()
    };
    let message = Message::Device(DeviceRequest::Poll(poll));
    let rounds = fleet.world.decide(formal(&code), message).rounds;
    let reads: usize = rounds.iter().map(Vec::len).sum();
    assert_eq!(reads, 5 + 72, "with each of those below once");
}
