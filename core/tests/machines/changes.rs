//! The numbers of a gateway's additions and removals: kept before they are sent, never used twice,
//! and raised where the center has seen higher ones.

use restante_core::device;
use restante_core::gateway::{Gateway, Input, Kept, Notice, Trouble};
use restante_core::wire::{DeviceRequest, Refusal, RefusalCode};
use restante_crypto::RingCrypto;

use crate::scripted::{enrolled, polled};
use crate::site::{Site, added, child, removed};

/// The number that the last message bears.
fn change(site: &Site) -> u32 {
    match &site.last().request {
        DeviceRequest::AddDevices(add) => add.change.get(),
        DeviceRequest::RemoveDevices(remove) => remove.change.get(),
        other => panic!("it has no number: {other:?}"),
    }
}

/// One that adds a child.
fn adding() -> Site {
    let mut site = Site::in_use(2);
    site.lan.push((child(2), true));
    site.give(Input::CallNow);
    site.sleep();
    site
}

#[test]
fn each_sending_has_a_number_above_those_before_it_and_it_is_kept_first() {
    let mut site = adding();
    assert_eq!(change(&site), 1);
    let [.., kept, sent] = site.trace.as_slice() else {
        panic!("it has done something");
    };
    assert_eq!((kept.as_str(), sent.as_str()), ("keep", "send add-devices"));
    site.lose();
    site.sleep_until("add-devices");
    assert_eq!(change(&site), 2);
    site.reply(added(2, 1));
    site.give(Input::RemoveChild(child(0).identification));
    assert_eq!(change(&site), 3);
}

#[test]
fn a_number_that_was_sent_before_a_power_cut_is_not_sent_again() {
    let mut site = adding();
    let flash = site.flash.clone().expect("kept");
    let kept = Kept::from_bytes(&flash).expect("readable");
    site.gateway = Gateway::new(RingCrypto, None);
    site.give(Input::Booted {
        kept: Some(Box::new(kept)),
    });
    site.sleep_until("add-devices");
    assert_eq!(change(&site), 2);
}

#[test]
fn a_gateway_whose_memory_was_restored_goes_on_from_the_number_that_the_center_names() {
    let mut site = adding();
    site.refuse(Refusal {
        change: Some(40),
        ..Refusal::plain(RefusalCode::ChangeSuperseded)
    });
    let why = Trouble::Refused(RefusalCode::ChangeSuperseded);
    let waits = |it: &Notice| match it {
        Notice::Center(device::Notice::Waiting { why: told, .. }) => *told == why,
        _ => false,
    };
    assert!(
        site.shown.iter().any(waits),
        "not at once: {:?}",
        site.shown
    );
    assert_eq!(site.gateway.held_up(), None, "no person is asked");
    site.sleep_until("add-devices");
    assert_eq!(change(&site), 41);
    site.reply(added(2, 1));
    site.give(Input::RemoveChild(child(0).identification));
    site.refuse(Refusal {
        change: Some(7),
        ..Refusal::plain(RefusalCode::ChangeSuperseded)
    });
    site.sleep_until("remove-devices");
    assert_eq!(change(&site), 43, "numbers never fall");
    site.reply(removed(2));
}

#[test]
fn where_no_number_is_left_a_person_is_asked_and_everything_else_goes_on() {
    for change in [Some(u32::MAX), None] {
        let mut site = adding();
        site.refuse(Refusal {
            change,
            ..Refusal::plain(RefusalCode::ChangeSuperseded)
        });
        let need = site.gateway.held_up().expect("a person is asked");
        assert_eq!(need.code, RefusalCode::ChangeSuperseded);
        site.sleep_until("poll");
    }
}

#[test]
fn another_registration_counts_anew() {
    let mut site = adding();
    site.reply(added(2, 1));
    site.sleep_until("poll");
    site.refuse_as(RefusalCode::FormalCodeRefused);
    site.enter(2);
    site.sleep();
    site.reply(enrolled(3));
    site.reply(polled());
    site.give(Input::RemoveChild(child(0).identification));
    assert_eq!(change(&site), 1);
}
