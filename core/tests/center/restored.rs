//! A center whose store was put back from a copy: what was recorded since acts no more, and no
//! epoch is handed out twice.

use restante_core::Seconds;
use restante_core::center::{Credential, Message, Reply};
use restante_core::code::FormalCode;
use restante_core::record::{Generation, Kind};
use restante_core::seal::{Answer as Taken, Envelope};
use restante_core::wire::{Answer, DeviceReply, DeviceRequest, RefusalCode};
use restante_crypto::RingCrypto;

use crate::sealed::{Device, in_use, sealed};
use crate::world::{World, poll};

/// The operator says that the store was put back.
fn restored(world: &mut World) -> u32 {
    match world.call(Credential::Console, Message::Restored) {
        Ok(Reply::Restored(generation)) => generation,
        other => panic!("{other:?}"),
    }
}

fn rotate() -> DeviceRequest {
    DeviceRequest::Rotate(Default::default())
}

/// Asks, is challenged, and answers.
fn challenged(world: &mut World, device: &mut Device, request: &DeviceRequest) -> Answer {
    let envelope = device.seal(world, request);
    let reply = sealed(world, &envelope).expect("opens");
    let taken = device.take(&reply.expect("a challenge"));
    assert_eq!(taken, Taken::Challenged);
    let more = device.sender.reserve().expect("counters");
    device.sender.reserved(more);
    device.ask(world, request)
}

fn rotated(answer: Answer) -> FormalCode {
    match answer {
        Answer::Reply(DeviceReply::Rotated(rotated)) => rotated.formal_code,
        other => panic!("not rotated: {other:?}"),
    }
}

#[test]
fn nothing_recorded_before_a_restore_acts_after_it_and_devices_go_on() {
    let (mut world, mut device, ..) = in_use();
    let copy = world.clone();
    let recorded = device.seal(&mut world, &rotate());
    let reply = sealed(&mut world, &recorded).expect("opens");
    device.answer(&reply.expect("a reply"));

    world.rows = copy.rows;
    restored(&mut world);
    let before = world.durable();
    let reply = sealed(&mut world, &recorded).expect("opens");
    let challenge = reply.expect("a challenge");
    let challenge = Envelope::parse(&challenge).expect("an envelope");
    let taken = device.sender.open(&RingCrypto, &challenge);
    assert!(taken.is_err(), "nobody waits for it");
    assert_eq!(world.durable(), before, "a recording changes nothing");

    // One answer does not make the rest of the epoch believed.
    let polled = challenged(&mut world, &mut device, &poll());
    assert!(matches!(polled, Answer::Reply(DeviceReply::Polled(_))));
    let next = rotated(challenged(&mut world, &mut device, &rotate()));
    device.sender.go_on_with(&next);
    let polled = device.ask(&mut world, &poll());
    assert!(matches!(polled, Answer::Reply(DeviceReply::Polled(_))));
}

#[test]
fn an_epoch_is_not_handed_out_twice_whatever_the_copy_knew_of_it() {
    let (mut world, _, code, _) = in_use();
    let copy = world.clone();
    let next = world.rotate(&code).expect("rotates");
    for knows_next in [false, true] {
        let mut world = world.clone();
        if !knows_next {
            world.rows = copy.rows.clone();
        }
        let generation = restored(&mut world);
        let anew = world.rotate(&code).expect("rotates");
        assert!(anew.epoch() > next.epoch() && anew.epoch().get() >= generation);
        assert_eq!(world.rotate(&code), Ok(anew.clone()), "asked again");
        assert!(world.poll(&anew).is_ok());
        assert_eq!(world.poll(&next), Err(RefusalCode::FormalCodeRefused));
        let after = world.rotate(&anew).expect("rotates");
        assert_eq!(after.epoch(), anew.epoch().next().expect("not the last"));
    }
}

#[test]
fn an_enrolment_that_the_copy_does_not_know_gets_another_code_than_before() {
    let mut world = World::new();
    let code = world.issue("kranz", None);
    let copy = world.clone();
    let lost = world.activate(&code, 1, &["A-1"]).formal_code;
    world.rows = copy.rows;
    let generation = restored(&mut world);
    let anew = world.activate(&code, 1, &["A-1"]).formal_code;
    assert_eq!(anew.registration(), lost.registration());
    assert_eq!(anew.epoch().get(), generation);
    assert_eq!(world.poll(&lost), Err(RefusalCode::FormalCodeRefused));
}

#[test]
fn two_restores_have_two_generations_and_only_the_console_begins_one() {
    let mut world = World::new();
    let minute = u32::try_from(world.now.as_millis() / 60_000).expect("this century");
    let copy = world.clone();
    assert_eq!(restored(&mut world), minute);
    assert_eq!(restored(&mut world), minute + 1);
    world.rows = copy.rows;
    world.pass_unnoticed(Seconds::new(600));
    assert_eq!(restored(&mut world), minute + 10);
    let kept: Option<Generation> = world.stored(&Generation::key());
    assert_eq!(kept.map(|it| it.number), Some(minute + 10));
    let refused = world.call(Credential::None, Message::Restored);
    let code = refused.expect_err("nobody's word").refusal.code;
    assert_eq!(code, RefusalCode::NotFound);
    assert_eq!(world.count(Kind::Generation), 1);
}
