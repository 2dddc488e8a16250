//! Instructing devices: orders for many, orders given twice, who may give which, and what people
//! are shown afterwards.

use restante_core::center::{Credential, Message};
use restante_core::id::{DeviceId, InstructionId, RequestId};
use restante_core::limits::{FINISHED_PER_MAILBOX, INSTRUCTIONS_PER_MAILBOX};
use restante_core::record::Kind;
use restante_core::wire::instruct::{CancelInstruction, Instruct, ListInstructions};
use restante_core::wire::people::{PeopleReply, PeopleRequest, Role};
use restante_core::wire::{Act, Acts, Progress, Refusal, RefusalCode};
use restante_core::{Seconds, Timestamp};

use crate::site::{Site, give, poll};
use crate::world::{Code, World};

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
