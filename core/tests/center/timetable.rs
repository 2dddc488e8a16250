//! When devices are told to come, and where they may go: the policy's part of every reply.

use restante_core::Seconds;
use restante_core::center::{Credential, Daily, Policy};
use restante_core::id::Note;
use restante_core::limits::{ACTS_BYTES, HOSTS_BYTES};
use restante_core::wire::enrol::MaxMessage;
use restante_core::wire::people::PeopleRequest;
use restante_core::wire::services::{Collator, DefineService, ServicesRequest};
use restante_core::wire::{
    Act, Acts, DeviceReply, DeviceRequest, Hosts, Mailbox, Notify, Poll, PollReply, PollWindow,
    RefusalCode, ServiceUrl, json,
};

use crate::site::{Site, poll};
use crate::trial::id;
use crate::world::{World, formal};

/// A center whose devices come between two and six.
fn nightly() -> Site {
    let daily = Daily {
        at: Seconds::new(2 * 3_600),
        lasts: Seconds::new(4 * 3_600),
    };
    Site::with(Policy {
        poll_daily: Some(daily),
        ..Policy::default()
    })
}

fn opens_in(mailbox: &Mailbox) -> u32 {
    let window = mailbox.schedule.window.expect("a window");
    assert_eq!(window.lasts, Seconds::new(4 * 3_600));
    window.opens_in.get()
}

#[test]
fn devices_are_told_when_the_window_opens_whatever_the_time() {
    let mut site = nightly();
    // The world begins at eight in the morning.
    assert_eq!(opens_in(&site.poll()), 18 * 3_600);
    site.world.pass(Seconds::new(16 * 3_600 + 1_800));
    assert_eq!(opens_in(&site.poll()), 5_400, "half past midnight");
    site.world.pass(Seconds::new(1_801));
    assert_eq!(
        opens_in(&site.poll()),
        25 * 3_600 - 1,
        "not within the hour"
    );
    site.world.pass(Seconds::new(3 * 3_600));
    assert_eq!(opens_in(&site.poll()), 22 * 3_600 - 1, "the window is open");
}

#[test]
fn an_unchanged_mailbox_keeps_its_tag_while_the_hours_pass() {
    let mut site = nightly();
    let first = site.poll();
    for hour in 1..30 {
        site.world.pass(Seconds::HOUR);
        let poll = Poll {
            have: Some(first.etag.clone()),
            max_message: None,
            tag: None,
        };
        let code = formal(&site.code);
        let reply = site.world.device(code, DeviceRequest::Poll(poll));
        let Ok(DeviceReply::Polled(PollReply::Unchanged(next))) = reply else {
            panic!("after {hour} hours: {reply:?}");
        };
        let at = (8 + hour + next.get() / 3_600) % 24;
        assert_eq!((at, next.get() % 3_600), (2, 0), "after {hour} hours");
    }
}

#[test]
fn another_policy_is_another_tag() {
    let tag = |policy| Site::with(policy).poll().etag;
    let daily = |at| {
        let lasts = Seconds::HOUR;
        let at = Seconds::new(at);
        Some(Daily { at, lasts })
    };
    let with = |poll_daily| Policy {
        poll_daily,
        ..Policy::default()
    };
    assert_eq!(tag(with(daily(7))), tag(with(daily(7))));
    assert_ne!(tag(with(daily(7))), tag(with(daily(8))));
    assert_ne!(tag(with(daily(0))), tag(with(None)));
    let hosts = Policy {
        service_hosts: hosts(&["a.example"]),
        ..Policy::default()
    };
    assert_ne!(tag(hosts), tag(Policy::default()));
}

#[test]
fn a_policy_without_a_time_of_day_names_an_interval_alone() {
    let schedule = Site::new().poll().schedule;
    assert_eq!((schedule.poll, schedule.window), (Seconds::DAY, None));
    let bounded = Policy {
        poll_daily: Some(Daily {
            at: Seconds::new(u32::MAX),
            lasts: Seconds::new(u32::MAX),
        }),
        ..Policy::default()
    };
    let schedule = Site::with(bounded).poll().schedule;
    let window = PollWindow {
        opens_in: Seconds::new(16 * 3_600 - 1),
        lasts: Seconds::new(12 * 3_600),
    };
    assert_eq!(schedule.window, Some(window));
}

#[test]
fn a_service_is_defined_with_a_host_of_the_schedule_and_with_no_other() {
    let mut world = World::with(Policy {
        service_hosts: hosts(&["services.example"]),
        ..Policy::default()
    });
    let mut define = |url: &str| {
        let define = ServicesRequest::Define(DefineService {
            service: id("service-x"),
            title: None,
            url: ServiceUrl::new(url).expect("a URL"),
            models: Vec::new(),
            collator: Collator::Center,
        });
        world.call(
            Credential::Console,
            restante_core::center::Message::People(PeopleRequest::Services(define)),
        )
    };
    assert!(define("https://Services.example:8443/regist").is_ok());
    let refused = define("https://other.example/regist").expect_err("another host");
    assert_eq!(refused.refusal.code, RefusalCode::Invalid);
    assert_eq!(
        refused.refusal.detail,
        "the host other.example is not among the service hosts of this center; its operator adds \
         it to `service-hosts` in the configuration first"
    );
}

#[test]
fn the_widest_instruction_fits_the_smallest_message_beside_the_widest_schedule() {
    let daily = Daily {
        at: Seconds::HOUR,
        lasts: Seconds::new(12 * 3_600),
    };
    let host = |n: usize| format!("{}{n:02}", "h".repeat(HOSTS_BYTES / 32 - 2));
    let names: Vec<String> = (0..32).map(host).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut site = Site::with(Policy {
        poll: Seconds::new(u32::MAX),
        poll_daily: Some(daily),
        report_status: Seconds::new(u32::MAX),
        service_hosts: hosts(&names),
        ..Policy::default()
    });
    let mut order = site.order();
    let text = "\u{20000}".repeat(256);
    let text = Note::new(text).expect("256 characters");
    let mut acts = vec![Act::Notify(Notify { text })];
    while json::to_bytes(&acts).len() + 20 <= ACTS_BYTES {
        acts.push(Act::RotateCode);
    }
    order.acts = Acts::new(acts).expect("a few acts");
    site.give(order).expect("given");
    let request = DeviceRequest::Poll(Poll {
        have: None,
        max_message: Some(MaxMessage::new(2_048).expect("enough")),
        tag: None,
    });
    let code = formal(&site.code);
    let Ok(DeviceReply::Polled(reply)) = site.world.device(code, request) else {
        panic!("no reply");
    };
    assert!(json::to_bytes(&reply).len() <= 2_048);
    let PollReply::Mailbox(mailbox) = reply else {
        panic!("unchanged");
    };
    assert_eq!(mailbox.instructions.len(), 1);
}

#[test]
fn every_reply_says_when_to_come_again() {
    let mut site = nightly();
    let code = formal(&site.code);
    let reply = site.world.device(code, crate::world::reports(Vec::new()));
    let Ok(DeviceReply::StatusReported(reported)) = reply else {
        panic!("{reply:?}");
    };
    assert_eq!(
        reported.schedule,
        poll(&mut site.world, &site.code).schedule
    );
}

fn hosts(names: &[&str]) -> Hosts {
    let names = names.iter().map(|it| it.parse().expect("a host"));
    Hosts::new(names).expect("few enough")
}
