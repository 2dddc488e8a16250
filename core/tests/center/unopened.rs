//! Sealed requests that do not open: whom they have wait, and what a center keeps of them.

use std::net::{IpAddr, Ipv4Addr};

use restante_core::Seconds;
use restante_core::center::{Credential, Message};
use restante_core::record::Kind;
use restante_core::wire::{Answer, RefusalCode};

use crate::sealed::{in_use, sealed};
use crate::world::{World, poll};

/// The envelope with one of its bits turned.
fn altered(envelope: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = envelope.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

fn refused(world: &mut World, envelope: &[u8]) -> RefusalCode {
    sealed(world, envelope).expect_err("it does not open")
}

/// Where bits of the text begin, and those of the sender.
const TEXT: usize = 376;
const SENDER: usize = 72;

#[test]
fn a_flood_under_one_sender_from_everywhere_has_to_wait_and_the_sender_need_not() {
    let (mut world, mut device, ..) = in_use();
    let right = device.seal(&mut world, &poll());
    for number in 0..10_u8 {
        world.source = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, number)));
        let wrong = altered(&right, TEXT + usize::from(number));
        assert_eq!(refused(&mut world, &wrong), RefusalCode::FormalCodeRefused);
        // What has come already counts once.
        let first = altered(&right, TEXT);
        refused(&mut world, &first);
    }
    world.source = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 99)));
    let next = altered(&right, TEXT + 10);
    let decided = world.decide(Credential::None, Message::Sealed(next.clone()));
    let refused_so = decided.decision.outcome.expect_err("it does not open");
    assert_eq!(refused_so.refusal.code, RefusalCode::Throttled);
    assert_eq!(refused_so.refusal.retry_after, Some(Seconds::HOUR));
    let reply = sealed(&mut world, &right).expect("opens");
    let answer = device.answer(&reply.expect("a reply"));
    assert!(matches!(answer, Answer::Reply(_)));
    world.pass_unnoticed(Seconds::HOUR);
    assert_eq!(refused(&mut world, &next), RefusalCode::FormalCodeRefused);
}

#[test]
fn a_source_that_makes_senders_up_fills_one_table_and_keeps_nobody_out() {
    let (mut world, mut device, ..) = in_use();
    let right = device.seal(&mut world, &poll());
    let before = world.durable();
    for bit in 0..40 {
        let code = refused(&mut world, &altered(&right, SENDER + bit));
        let expected = match bit {
            0..10 => RefusalCode::FormalCodeRefused,
            _ => RefusalCode::Throttled,
        };
        assert_eq!(code, expected, "bit {bit}");
    }
    // A source that has to wait counts against no sender, and its codes are judged as ever.
    refused(&mut world, &altered(&right, TEXT));
    assert_eq!(world.count(Kind::Throttle), 1);
    assert_eq!(world.durable(), before);
    let reply = sealed(&mut world, &right).expect("opens");
    let answer = device.answer(&reply.expect("a reply"));
    assert!(matches!(answer, Answer::Reply(_)));
    let code = world.issue("kranz", None);
    world.activate(&code, 7, &["B-1"]);
}

#[test]
fn a_line_without_addresses_counts_by_senders_that_there_are() {
    let (mut world, mut device, ..) = in_use();
    let right = device.seal(&mut world, &poll());
    world.source = None;
    for bit in 0..40 {
        let code = refused(&mut world, &altered(&right, SENDER + bit));
        assert_eq!(code, RefusalCode::FormalCodeRefused);
    }
    assert_eq!(world.count(Kind::Throttle), 0);
    for bit in 0..10 {
        refused(&mut world, &altered(&right, TEXT + bit));
    }
    let code = refused(&mut world, &altered(&right, TEXT + 10));
    assert_eq!(code, RefusalCode::Throttled);
    assert_eq!(world.count(Kind::Throttle), 1);
}
