//! How a device, and a gateway for its children, registers for services: where it goes, what it
//! says there, and how patient it is.

use restante_core::Seconds;
use restante_core::device::{Errand, Input, ServiceAnswer};
use restante_core::gateway;
use restante_core::id::{InstructionId, Note};
use restante_core::limits::REGISTER_TIME;
use restante_core::machine::Machine;
use restante_core::wire::{Act, DeviceReply, Outcome, Progress, RegisterService, Registered};

use crate::post::{Post, notify, register_service};
use crate::scripted::{device_id, hosts, word};
use crate::site::Site;
use crate::upkeep::Upkeep;

fn at(url: &str) -> Act {
    Act::RegisterService(RegisterService {
        url: url.into(),
        code: "163abc45".into(),
    })
}

fn refused(why: &str) -> ServiceAnswer {
    ServiceAnswer::Refused(Note::new(why).expect("a note"))
}

fn registered(errand: &Errand) -> ServiceAnswer {
    ServiceAnswer::Registered(Registered {
        device: errand.message.device,
        service: "service-x".parse().expect("an id"),
    })
}

/// What the center holds of an instruction's only act.
fn detail(upkeep: &mut Upkeep, id: InstructionId) -> (Outcome, String) {
    let result = &upkeep.post.entry(id).results[0];
    let detail = result.detail.as_ref();
    (
        result.outcome,
        detail.map_or_else(String::new, ToString::to_string),
    )
}

/// A device that was told to register, has said that it is at it, and is on its errand.
fn on_its_errand() -> (Upkeep, InstructionId) {
    let (mut upkeep, ids) = Upkeep::polled(&[&[register_service()]]);
    upkeep.answer();
    (upkeep, ids[0])
}

/// Answers whatever the center is asked until the next errand; how long that took.
fn next_errand(upkeep: &mut Upkeep) -> Option<u64> {
    let (errands, began) = (upkeep.world.errands.len(), upkeep.world.now.as_millis());
    for _ in 0..1_000 {
        if upkeep.world.errands.len() > errands {
            return Some(upkeep.world.now.as_millis() - began);
        }
        if upkeep.post.entries.iter().all(|it| it.finals > 0) {
            return None;
        }
        upkeep.world.sleep();
        upkeep.answer_if_asked();
    }
    panic!("neither an errand nor a final word");
}

#[test]
fn a_device_presents_itself_and_its_code_and_is_done() {
    let (mut upkeep, id) = on_its_errand();
    let [errand] = upkeep.world.errands.as_slice() else {
        panic!("one errand");
    };
    assert_eq!(errand.url.as_str(), "https://service.example/register");
    assert_eq!(errand.message.device, device_id(0));
    let code = errand.message.code.as_ref().expect("a code");
    assert_eq!(code.as_str(), "163abc45");
    upkeep.served(Outcome::Done);
    assert_eq!(upkeep.said(), [(id, Progress::Done)]);
}

#[test]
fn a_url_that_breaks_a_rule_is_rejected_and_nobody_is_gone_to() {
    for (url, says) in [
        (
            "http://service.example/register",
            "the URL does not begin with https://",
        ),
        (
            "https://other.example/register",
            "the URL's host is not on the list that the center gave this device",
        ),
        (
            "https://service.example.evil.example/register",
            "the URL's host is not on the list that the center gave this device",
        ),
        (
            "https://me@service.example/register",
            "the URL carries a user name or a password before its host",
        ),
        (
            "https://192.0.2.1/register",
            "the URL's host is an IP address; only host names are allowed",
        ),
    ] {
        let (mut upkeep, ids) = Upkeep::polled(&[&[at(url)]]);
        assert_eq!(upkeep.said(), [(ids[0], Progress::Rejected)], "{url}");
        upkeep.answer();
        let expected = (Outcome::Rejected, says.to_owned());
        assert_eq!(detail(&mut upkeep, ids[0]), expected, "{url}");
        assert!(upkeep.world.errands.is_empty(), "{url}");
    }
}

#[test]
fn a_code_that_cannot_be_one_is_rejected() {
    let act = Act::RegisterService(RegisterService {
        url: "https://service.example/register".into(),
        code: "not one".into(),
    });
    let (mut upkeep, ids) = Upkeep::polled(&[&[act]]);
    upkeep.answer();
    let says = "a registration code has 1 to 64 printable ASCII characters";
    let expected = (Outcome::Rejected, says.to_owned());
    assert_eq!(detail(&mut upkeep, ids[0]), expected);
}

#[test]
fn a_refusal_fails_the_act_at_once_and_is_told_on() {
    let (mut upkeep, id) = on_its_errand();
    let errand = upkeep.world.errands[0].clone();
    upkeep.tell(&errand, refused("the registration is refused"));
    assert_eq!(upkeep.said(), [(id, Progress::Failed)]);
    upkeep.answer();
    let expected = (Outcome::Failed, "the registration is refused".to_owned());
    assert_eq!(detail(&mut upkeep, id), expected);
}

#[test]
fn a_server_that_does_not_answer_is_tried_for_half_a_day_later_each_time() {
    let (mut upkeep, id) = on_its_errand();
    let first = upkeep.world.errands[0].clone();
    let began = upkeep.world.now;
    let mut window = 4_000;
    while let Some(errand) = upkeep.world.errands.last().cloned() {
        assert_eq!((&errand.url, &errand.message), (&first.url, &first.message));
        upkeep.tell(&errand, ServiceAnswer::Nothing);
        let Some(wait) = next_errand(&mut upkeep) else {
            break;
        };
        assert!(wait <= window, "{wait} of {window} ms");
        window = (2 * window).min(3_600_000);
    }
    assert!(upkeep.world.errands.len() > 15);
    let gave_up = upkeep.world.now.since(began);
    assert!((REGISTER_TIME..REGISTER_TIME.plus(Seconds::HOUR)).contains(&gave_up));
    let expected = "the service's server gave no answer for twelve hours";
    assert_eq!(
        detail(&mut upkeep, id),
        (Outcome::Failed, expected.to_owned())
    );
}

#[test]
fn what_was_handed_over_to_a_mail_server_is_done() {
    let (mut upkeep, id) = on_its_errand();
    let errand = upkeep.world.errands[0].clone();
    upkeep.tell(&errand, ServiceAnswer::Nothing);
    next_errand(&mut upkeep).expect("another try");
    let errand = upkeep.world.errands[1].clone();
    upkeep.tell(&errand, ServiceAnswer::HandedOver);
    assert_eq!(upkeep.said(), [(id, Progress::Done)]);
}

#[test]
fn a_server_that_wants_it_later_is_given_that_time() {
    let (mut upkeep, id) = on_its_errand();
    let errand = upkeep.world.errands[0].clone();
    upkeep.tell(&errand, ServiceAnswer::Later(Seconds::new(600)));
    let wait = next_errand(&mut upkeep).expect("another try");
    assert!((600_000..=604_000).contains(&wait), "{wait}");
    let errand = upkeep.world.errands[1].clone();
    upkeep.tell(&errand, registered(&errand));
    assert_eq!(upkeep.said(), [(id, Progress::Done)]);
}

#[test]
fn an_answer_that_never_comes_and_one_for_another_device_are_none() {
    let (mut upkeep, _) = on_its_errand();
    let errand = upkeep.world.errands[0].clone();
    let other = ServiceAnswer::Registered(Registered {
        device: device_id(7),
        service: "service-x".parse().expect("an id"),
    });
    upkeep.tell(&errand, other);
    assert!(next_errand(&mut upkeep).expect("another try") <= 4_000);
    // Nobody says anything of this one.
    let wait = next_errand(&mut upkeep).expect("another try");
    assert!((120_000..=128_000).contains(&wait), "{wait}");
    // What comes too late changes nothing.
    let before = upkeep.world.device.clone();
    upkeep.tell(&errand, registered(&errand));
    assert_eq!(upkeep.world.device, before);
}

#[test]
fn what_is_called_off_between_two_tries_is_not_tried_again() {
    let (mut upkeep, id) = on_its_errand();
    upkeep.post.entry(id).instruction.cancel = true;
    let mut under_way = upkeep.clone();
    let errand = upkeep.world.errands[0].clone();
    upkeep.tell(&errand, ServiceAnswer::Later(Seconds::HOUR));
    upkeep.world.give(Input::RotateNow);
    upkeep.answer();
    upkeep.answer();
    assert_eq!(upkeep.said(), [(id, Progress::Rejected)]);
    upkeep.answer();
    assert_eq!(upkeep.outcomes(id), [Outcome::Omitted]);
    assert_eq!(upkeep.world.errands.len(), 1);

    // An errand that is under way is not called back: what the server says counts.
    under_way.world.give(Input::RotateNow);
    under_way.answer();
    assert_eq!(word(&under_way.world.last().request), "poll");
    under_way.answer();
    under_way.tell(&errand, registered(&errand));
    assert_eq!(under_way.said(), [(id, Progress::Done)]);
}

#[test]
fn a_host_that_is_not_allowed_any_more_is_not_tried_again() {
    let (mut upkeep, id) = on_its_errand();
    let errand = upkeep.world.errands[0].clone();
    upkeep.tell(&errand, ServiceAnswer::Later(Seconds::HOUR));
    while word(&upkeep.world.last().request) != "report-status" {
        upkeep.world.sleep();
    }
    let mut reply = upkeep.right();
    if let DeviceReply::StatusReported(reported) = &mut reply {
        reported.schedule.hosts = hosts(&["another.example"]);
    }
    upkeep.world.reply(reply);
    assert_eq!(upkeep.said(), [(id, Progress::Rejected)]);
    assert_eq!(upkeep.world.errands.len(), 1);
}

#[test]
fn after_a_power_cut_the_same_pair_is_presented_again() {
    let (mut upkeep, id) = on_its_errand();
    let first = upkeep.world.errands[0].message.clone();
    upkeep.world.power_cut();
    while upkeep.world.errands.is_empty() {
        upkeep.world.sleep();
        upkeep.answer_if_asked();
    }
    assert_eq!(upkeep.world.errands[0].message, first);
    upkeep.served(Outcome::Done);
    upkeep.answer_if_asked();
    upkeep.answer_if_asked();
    assert_eq!(upkeep.post.entry(id).finals, 1);
}

#[test]
fn a_service_that_does_not_answer_holds_up_nothing_that_the_center_asks() {
    let (mut upkeep, _) = on_its_errand();
    let sent = upkeep.world.sent.len();
    upkeep.poll();
    assert!(upkeep.world.sent.len() > sent);
    assert!(upkeep.world.device.deadline().is_some());
}

/// A gateway that has just taken in these instructions for its children.
fn gateway(instructions: &[(u32, Act)]) -> (Site, Post, Vec<InstructionId>) {
    let mut post = Post::default();
    let put = |(child, act): &(u32, Act)| post.put(device_id(*child), vec![act.clone()]);
    let ids = instructions.iter().map(put).collect();
    let mut site = Site::in_use(3);
    loop {
        site.sleep();
        site.answer_asked();
        let reply = match &site.last().request {
            restante_core::wire::DeviceRequest::Poll(poll) => post.polled(poll),
            _ => site.right(),
        };
        let polled = matches!(reply, DeviceReply::Polled(_));
        site.reply(reply);
        if polled {
            return (site, post, ids);
        }
    }
}

fn serve(site: &mut Site, errand: &Errand, answer: ServiceAnswer) {
    let exchange = errand.exchange;
    site.give(gateway::Input::ServiceAnswered { exchange, answer });
}

#[test]
fn a_gateway_presents_its_children_one_after_the_other_and_hands_nothing_over() {
    let all = [0, 1, 2].map(|child| (child, register_service()));
    let (mut site, _, _) = gateway(&all);
    let mut presented = Vec::new();
    for n in 0..3 {
        assert_eq!(site.errands.len(), n + 1, "one under way at a time");
        let errand = site.errands[n].clone();
        presented.push(errand.message.device);
        serve(&mut site, &errand, registered(&errand));
    }
    assert_eq!(presented, [0, 1, 2].map(device_id));
    assert!(site.handed.is_empty());
}

#[test]
fn a_gateway_goes_on_to_the_next_child_where_one_has_no_answer() {
    let mut all = [0, 1].map(|child| (child, register_service())).to_vec();
    all.push((2, notify("while you wait")));
    let (mut site, mut post, ids) = gateway(&all);
    assert_eq!(
        site.handed.len(),
        1,
        "another child's message waits for nobody"
    );
    let mut presented = Vec::new();
    for n in 0..4 {
        while site.errands.len() == n {
            site.sleep();
            if let restante_core::wire::DeviceRequest::Acknowledge(said) = &site.last().request {
                let noted = post.acknowledged(said);
                site.reply(noted);
            }
        }
        let errand = site.errands[n].clone();
        presented.push(errand.message.device);
        serve(&mut site, &errand, ServiceAnswer::Nothing);
    }
    assert_eq!(presented, [0, 1, 0, 1].map(device_id));
    assert_eq!(post.entry(ids[0]).finals, 0);
}
