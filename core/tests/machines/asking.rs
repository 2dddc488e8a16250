//! Poll requests: when a device polls for one, whom it calls then, and when; what nobody on its LAN
//! can make it do.

use std::collections::BTreeSet;

use proptest::prelude::*;
use restante_core::device::Input;
use restante_core::limits::{POLL_REQUEST_EVERY, POLL_REQUEST_TIME, POLL_TAGS};
use restante_core::machine::Machine;
use restante_core::wire::{DeviceReply, DeviceRequest, PollReply, Refusal, RefusalCode};
use restante_core::{Seconds, Uptime, gateway};

use crate::peers::{address, asked, call, naming, request};
use crate::scripted::{World, polled, reported, rotated, word};
use crate::site::Site;

/// How many requests of this kind went out since.
fn polls(world: &World, since: usize) -> usize {
    let sent = world.sent.iter().skip(since);
    sent.filter(|it| word(&it.request) == "poll").count()
}

#[test]
fn a_device_polls_at_once_and_says_what_it_has() {
    let mut world = World::in_use();
    world.give(asked("/doPolling"));
    let poll = world.last_poll();
    assert!(poll.have.is_some() && poll.tag.is_none());
}

#[test]
fn a_poll_for_a_plan_names_it_and_not_what_the_device_has() {
    let mut world = World::in_use();
    world.give(asked("/doPolling?tag=a-plan"));
    let poll = world.last_poll();
    assert_eq!(poll.tag.as_ref().map(|it| it.as_str()), Some("a-plan"));
    assert_eq!(poll.have, None);
    world.reply(polled());
    world.give(asked("/doPolling"));
    let poll = world.last_poll();
    assert!(poll.have.is_some() && poll.tag.is_none(), "{poll:?}");
}

#[test]
fn a_request_for_later_is_honoured_then() {
    let mut world = World::in_use();
    let (sent, began) = (world.sent.len(), world.now);
    world.give(asked("/doPolling?after=90"));
    while polls(&world, sent) == 0 {
        world.sleep();
    }
    assert_eq!(world.now.since(began), Seconds::new(90));
}

#[test]
fn requests_for_tomorrow_do_not_keep_the_next_from_being_heard() {
    let mut world = World::in_use();
    for n in 0..50 {
        world.give(asked(&format!("/doPolling?tag=t{n}&after=86400")));
    }
    world.give(asked("/doPolling?tag=now"));
    assert_eq!(world.last_poll().tag, request("/doPolling?tag=now").tag);
}

#[test]
fn a_device_that_is_not_registered_passes_requests_over() {
    let mut world = World::new();
    world.give(asked("/doPolling"));
    world.give(asked("/doPolling?tag=a-plan"));
    assert!(world.sent.is_empty());
    assert_eq!(world.device.deadline(), None);
    world.give(Input::StatusChanged(Box::new(crate::scripted::status(1))));
    world.enter(crate::scripted::code(1));
    world.give(asked("/doPolling?tag=a-plan"));
    assert_eq!(polls(&world, 0), 0, "it enrols first");
}

#[test]
fn requests_make_a_device_poll_in_half_minutes_after_a_burst_of_three() {
    let mut world = World::in_use();
    let began = world.now;
    let mut at = Vec::new();
    for second in 0..181_u32 {
        world.now = began.after(Seconds::new(second));
        for n in 0..5 {
            let sent = world.sent.len();
            world.give(asked(&format!("/doPolling?tag=t{second}-{n}")));
            if polls(&world, sent) > 0 {
                at.push(second);
                world.reply(polled());
            }
        }
    }
    assert_eq!(at, [0, 0, 0, 30, 60, 90, 120, 150, 180]);
}

#[test]
fn one_poll_serves_all_who_ask_for_one_before_it_goes_out() {
    let mut world = World::in_use();
    world.give(Input::RotateNow);
    let sent = world.sent.len();
    for _ in 0..10 {
        world.give(asked("/doPolling"));
    }
    world.reply(rotated(2));
    world.reply(polled());
    assert_eq!(polls(&world, sent), 1);
    world.give(asked("/doPolling"));
    assert_eq!(polls(&world, sent), 2, "the gate is not shut");
}

#[test]
fn a_tag_is_honoured_once_while_it_is_among_the_last_64() {
    let mut world = World::in_use();
    world.give(asked("/doPolling?tag=first"));
    world.reply(polled());
    for n in 1..POLL_TAGS {
        world.now = world.now.after(POLL_REQUEST_EVERY);
        world.give(asked(&format!("/doPolling?tag=t{n}")));
        world.reply(polled());
    }
    world.now = world.now.after(POLL_REQUEST_EVERY);
    let sent = world.sent.len();
    world.give(asked("/doPolling?tag=first"));
    assert_eq!(polls(&world, sent), 0);
    world.give(asked("/doPolling?tag=another"));
    assert_eq!(polls(&world, sent), 1);
}

#[test]
fn a_tag_that_the_gate_was_shut_for_can_be_used_again() {
    let mut world = World::in_use();
    for n in 0..4 {
        world.give(asked(&format!("/doPolling?tag=t{n}")));
        world.reply(polled());
    }
    let sent = world.sent.len();
    world.now = world.now.after(POLL_REQUEST_EVERY);
    world.give(asked("/doPolling?tag=t3"));
    assert_eq!(polls(&world, sent), 1);
}

#[test]
fn a_request_does_not_shorten_what_the_center_asked_for() {
    let mut world = World::in_use();
    world.give(asked("/doPolling"));
    let mut busy = Refusal::plain(RefusalCode::Busy);
    busy.retry_after = Some(Seconds::new(300));
    world.refuse_with(busy);
    let (sent, began) = (world.sent.len(), world.now);
    world.give(asked("/doPolling?tag=a-plan"));
    while polls(&world, sent) == 0 {
        world.sleep();
    }
    assert!(world.now.since(began) >= Seconds::new(300));
}

#[test]
fn a_poll_that_is_not_answered_is_tried_for_the_same_plan_and_given_up() {
    let mut world = World::in_use();
    let (began, mut sent) = (world.now, world.sent.len());
    let (mut for_it, mut for_none) = (Vec::new(), Vec::new());
    world.give(asked("/doPolling?tag=a-plan"));
    while world.now.since(began) < Seconds::DAY.plus(Seconds::DAY) {
        if world.sent.len() > sent {
            sent = world.sent.len();
            match &world.last().request {
                DeviceRequest::Poll(it) if it.tag.is_some() => &mut for_it,
                _ => &mut for_none,
            }
            .push(world.now.since(began));
        }
        world.lose();
        world.sleep();
    }
    assert!(for_it.len() > 4, "{for_it:?}");
    assert!(
        for_it.iter().all(|it| *it <= POLL_REQUEST_TIME),
        "{for_it:?}"
    );
    assert!(
        for_none.iter().all(|it| *it > POLL_REQUEST_TIME),
        "{for_none:?}"
    );
}

#[test]
fn peers_are_called_each_at_its_time() {
    let calls = vec![call("b", 10, &[]), call("c", 11, &[]), call("d", 40, &[])];
    let mut world = World::asked_to_call("/doPolling?tag=a-plan", calls);
    let received = world.now;
    world.call_for(300, &[]);
    let expected = [("b", 10_000), ("c", 11_000), ("d", 40_000)];
    let expected = expected.map(|(to, at)| (to.to_owned(), at));
    assert_eq!(world.called_since(received), expected);
    let (_, first) = &world.calls[0];
    assert_eq!(first.request, request("/doPolling?tag=a-plan"));
}

#[test]
fn a_device_sees_to_its_own_instructions_first_and_keeps_the_distances() {
    let (mut upkeep, _) = crate::upkeep::Upkeep::new(&[&[crate::post::register_service()]]);
    upkeep.world.give(asked("/doPolling?tag=a-plan"));
    let poll = upkeep.world.last_poll().clone();
    let calls = vec![call("b", 1, &[]), call("c", 3, &[])];
    let reply = match upkeep.post.polled(&poll) {
        DeviceReply::Polled(PollReply::Mailbox(mut mailbox)) => {
            mailbox.calls = calls;
            DeviceReply::Polled(PollReply::Mailbox(mailbox))
        }
        other => panic!("{other:?}"),
    };
    upkeep.world.reply(reply);
    let received = upkeep.world.now;
    upkeep.answer();
    // The service takes twenty seconds.
    upkeep.world.now = received.after(Seconds::new(20));
    upkeep.world.give(Input::TimePassed);
    assert!(upkeep.world.calls.is_empty());
    let mut silent = upkeep.clone();
    upkeep.served(restante_core::wire::Outcome::Done);
    assert!(upkeep.world.calls.is_empty(), "its final word comes first");
    upkeep.answer();
    upkeep.world.call_for(10, &[]);
    let expected = [("b".to_owned(), 20_000), ("c".to_owned(), 22_000)];
    assert_eq!(upkeep.world.called_since(received), expected);
    // Where the service never answers, two minutes are waited for.
    silent.world.call_for(200, &[]);
    let expected = [("b".to_owned(), 120_000), ("c".to_owned(), 122_000)];
    assert_eq!(silent.world.called_since(received), expected);
}

#[test]
fn those_below_a_silent_peer_are_called_in_its_place() {
    let calls = vec![
        call("b", 10, &[("d", 60), ("e", 70)]),
        call("c", 11, &[("f", 65)]),
    ];
    let mut world = World::asked_to_call("/doPolling?tag=a-plan&pollreq=b,c,d,e,f,g", calls);
    let received = world.now;
    world.call_for(300, &["b"]);
    let called = world.called_since(received);
    let expected = [("b", 10_000), ("c", 11_000), ("d", 60_000), ("e", 70_000)];
    assert_eq!(called, expected.map(|(to, at)| (to.to_owned(), at)));
    let passed = |n: usize| world.calls[n].1.request.target();
    assert_eq!(passed(0), "/doPolling?tag=a-plan&pollreq=d,e,f,g");
    assert_eq!(passed(2), "/doPolling?tag=a-plan&pollreq=f,g");
}

#[test]
fn those_below_one_that_was_silent_for_long_keep_their_distances() {
    let calls = vec![call("b", 0, &[("c", 1), ("d", 3)])];
    let mut world = World::asked_to_call("/doPolling?tag=a-plan", calls);
    let received = world.now;
    // Nobody says that it is silent: after ten seconds it is.
    world.sleep();
    world.sleep();
    world.call_for(30, &[]);
    let expected = [("b", 0), ("c", 10_000), ("d", 12_000)];
    let expected = expected.map(|(to, at)| (to.to_owned(), at));
    assert_eq!(world.called_since(received), expected);
}

#[test]
fn one_without_an_address_and_one_that_the_link_leaves_out_are_stepped_over() {
    let mut nowhere = call("x", 5, &[("b", 9)]);
    nowhere.address = None;
    let calls = vec![nowhere, call("left-out", 6, &[("c", 12), ("also-out", 13)])];
    let mut world = World::asked_to_call("/doPolling?tag=a-plan&pollreq=b,c", calls);
    let received = world.now;
    world.call_for(60, &[]);
    let expected = [("b".to_owned(), 9_000), ("c".to_owned(), 12_000)];
    assert_eq!(world.called_since(received), expected);
    assert_eq!(
        world.calls[1].1.request,
        request("/doPolling?tag=a-plan&pollreq=")
    );
}

#[test]
fn nobody_is_called_but_for_the_tag_that_was_asked_for() {
    let calls = || vec![call("b", 0, &[])];
    let mut plain = World::asked_to_call("/doPolling", calls());
    plain.call_for(300, &[]);
    assert_eq!(plain.calls, []);
    let mut plain = World::asked_to_call("/doPolling?pollreq=b", calls());
    plain.call_for(300, &[]);
    assert_eq!(plain.calls, []);
    // Nor for what a poll of the timetable brings.
    let mut world = World::in_use();
    while word(&world.last().request) != "poll" || world.sent.len() < 4 {
        world.sleep();
        if word(&world.last().request) == "report-status" {
            world.reply(reported());
        }
    }
    world.reply(naming(Vec::new(), calls()));
    world.call_for(300, &[]);
    assert_eq!(world.calls, []);
}

#[test]
fn a_refused_poll_calls_nobody_and_the_tag_is_used_up() {
    let mut world = World::in_use();
    world.give(asked("/doPolling?tag=a-plan"));
    world.refuse(RefusalCode::Malformed);
    let sent = world.sent.len();
    world.give(asked("/doPolling?tag=a-plan"));
    assert_eq!(polls(&world, sent), 0);
}

#[test]
fn calls_end_with_the_registration_and_with_the_power() {
    let calls = || vec![call("b", 10, &[]), call("c", 20, &[])];
    let mut left = World::asked_to_call("/doPolling?tag=a-plan", calls());
    left.give(Input::LeaveNow);
    left.call_for(60, &[]);
    assert_eq!(left.calls, []);
    let mut cut = World::asked_to_call("/doPolling?tag=a-plan", calls());
    cut.power_cut();
    cut.call_for(60, &[]);
    assert_eq!(cut.calls, []);
}

#[test]
fn a_gateway_polls_and_calls_as_a_device_does() {
    let mut site = Site::in_use(3);
    let asked = gateway::Input::PollRequested(request("/doPolling?tag=a-plan"));
    site.give(asked.clone());
    assert_eq!(word(&site.last().request), "poll");
    site.reply(naming(Vec::new(), vec![call("b", 2, &[("c", 4)])]));
    site.sleep();
    assert_eq!(site.calls[0].address, address("b"));
    let exchange = site.calls[0].exchange;
    let answered = false;
    site.give(gateway::Input::PeerCalled { exchange, answered });
    site.sleep();
    assert_eq!(site.calls[1].address, address("c"));
    let sent = site.sent.len();
    site.give(asked);
    assert_eq!(site.sent.len(), sent);
}

/// A LAN of devices that are told to call one another, in whatever circles.
struct Lan {
    devices: Vec<World>,
    /// Whom each is told to call: number and seconds.
    graph: Vec<Vec<(usize, u32)>>,
    /// How many polls each has made for the plan.
    polls: Vec<usize>,
    heard: Vec<usize>,
}

impl Lan {
    fn new(graph: Vec<Vec<(usize, u32)>>) -> Self {
        let count = graph.len();
        Self {
            devices: (0..count).map(|_| World::in_use()).collect(),
            graph,
            polls: vec![0; count],
            heard: vec![0; count],
        }
    }

    fn ask(&mut self, device: usize) {
        self.devices[device].give(asked("/doPolling?tag=a-plan"));
        self.serve(device);
    }

    /// The center answers, and peers hear what they are called for.
    fn serve(&mut self, device: usize) {
        let world = &mut self.devices[device];
        if let DeviceRequest::Poll(poll) = &world.last().request
            && poll.tag.is_some()
        {
            let calls = self.graph[device].iter();
            let calls = calls.map(|(to, after)| call(&to.to_string(), *after, &[]));
            let before = world.device.clone();
            world.reply(naming(Vec::new(), calls.collect()));
            self.polls[device] += usize::from(world.device != before);
        }
        while let Some((_, call)) = self.devices[device].calls.get(self.heard[device]) {
            self.heard[device] += 1;
            let exchange = call.exchange;
            let to: usize = call.address.as_str().parse().expect("a number");
            assert!(
                self.graph[device].iter().any(|it| it.0 == to),
                "{to} was never named"
            );
            let answered = true;
            self.devices[device].give(Input::PeerCalled { exchange, answered });
            self.ask(to);
        }
    }

    /// Lets so many seconds pass for all of them.
    fn pass(&mut self, seconds: u32) {
        for _ in 0..seconds {
            for device in 0..self.devices.len() {
                let world = &mut self.devices[device];
                world.now = world.now.after(Seconds::new(1));
                world.give(Input::TimePassed);
                self.serve(device);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// One trigger causes at most one poll per device on any graph, reaches all that the graph
    /// reaches, and ends.
    #[test]
    fn a_trigger_reaches_each_device_of_any_graph_once(
        graph in prop::collection::vec(prop::collection::vec((0..6_usize, 0..4_u32), 0..5), 6),
        again in prop::collection::vec(0..6_usize, 0..6),
    ) {
        let mut lan = Lan::new(graph.clone());
        lan.ask(0);
        for device in again {
            lan.pass(3);
            if lan.polls[device] > 0 {
                lan.ask(device);
            }
        }
        lan.pass(40);
        let mut reached = BTreeSet::from([0]);
        for _ in 0..6 {
            let next = reached.iter().flat_map(|it: &usize| &graph[*it]);
            let further: Vec<usize> = next.map(|it| it.0).collect();
            reached.extend(further);
        }
        for (device, polls) in lan.polls.iter().enumerate() {
            prop_assert_eq!(*polls, usize::from(reached.contains(&device)), "device {}", device);
        }
    }

    /// Whatever is asked, and whenever: never more polls than the burst and one in 30 seconds, and
    /// the machine wants nothing any more once all is over.
    #[test]
    fn no_sequence_of_requests_causes_more_polls_than_allowed(
        requests in prop::collection::vec((0..20_u8, 0..20_000_u64, 0..200_u32), 1..120),
    ) {
        let mut world = World::in_use();
        let mut at: Vec<Uptime> = Vec::new();
        for (tag, millis, after) in requests {
            let next = world.now.after_millis(millis);
            while let Some(due) = world.device.deadline().filter(|due| *due <= next) {
                world.now = due.max(world.now);
                step(&mut world, Input::TimePassed, &mut at);
            }
            world.now = next;
            let tag = if tag == 0 { String::new() } else { format!("tag=t{tag}&") };
            step(&mut world, asked(&format!("/doPolling?{tag}after={after}")), &mut at);
        }
        for first in 0..at.len() {
            for last in first..at.len() {
                let span = at[last].as_millis() - at[first].as_millis();
                let allowed = 3 + span / 30_000;
                prop_assert!((last - first + 1) as u64 <= allowed, "{:?}", at);
            }
        }
    }
}

/// Gives an input, answers whatever is sent, and notes when a poll went out that nobody but a poll
/// request can have caused: the schedule's next is a day away.
fn step(world: &mut World, input: Input, at: &mut Vec<Uptime>) {
    let mut sent = world.sent.len();
    world.give(input);
    while world.sent.len() > sent {
        sent = world.sent.len();
        match word(&world.last().request) {
            "poll" => {
                at.push(world.now);
                world.reply(polled());
            }
            _ => world.reply(reported()),
        }
    }
}
