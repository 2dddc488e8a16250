//! The device's real transition table, as a snapshot; and the law that an error changes nothing.

use std::fmt::Write as _;

use proptest::prelude::*;
use restante_core::device::{Input, Phase};
use restante_core::machine::Machine;
use restante_core::wire::{Refusal, RefusalCode};
use restante_core::{Seconds, Uptime};

use crate::peers::asked;
use crate::scripted::{
    World, code, enrolled, left, new_device, polled, reported, rotated, status, word,
};

/// What happens, by name, to whatever is outstanding.
const HAPPENINGS: &[&str] = &[
    "booted",
    "code entered",
    "another code entered",
    "enrolled",
    "polled",
    "status reported",
    "rotated",
    "left",
    "busy",
    "code-refused",
    "request-redeemed",
    "formal-code-refused",
    "malformed",
    "link failed",
    "time passed",
    "status changed",
    "asked to poll",
    "asked to poll for a plan",
    "rotate now",
    "leave now",
];

fn happen(world: &mut World, what: &str) -> Result<(), restante_core::device::InputError> {
    let exchange = world
        .sent
        .last()
        .map(|sent| sent.exchange)
        .unwrap_or_default();
    let replied = |reply| Input::Replied { exchange, reply };
    let refused = |code| Input::Refused {
        exchange,
        refusal: Refusal::plain(code),
    };
    let entered = |n| Input::CodeEntered {
        code: code(n),
        center: crate::scripted::center(),
    };
    let input = match what {
        "booted" => Input::Booted { kept: None },
        "code entered" => entered(1),
        "another code entered" => entered(2),
        "enrolled" => replied(enrolled(1)),
        "polled" => replied(polled()),
        "status reported" => replied(reported()),
        "rotated" => replied(rotated(2)),
        "left" => replied(left()),
        "busy" => refused(RefusalCode::Busy),
        "code-refused" => refused(RefusalCode::CodeRefused),
        "request-redeemed" => refused(RefusalCode::RequestRedeemed),
        "formal-code-refused" => refused(RefusalCode::FormalCodeRefused),
        "malformed" => refused(RefusalCode::Malformed),
        "link failed" => Input::LinkFailed { exchange },
        "time passed" => {
            world.now = world.device.deadline().unwrap_or(world.now).max(world.now);
            Input::TimePassed
        }
        "status changed" => Input::StatusChanged(Box::new(status(140))),
        "asked to poll" => asked("/doPolling"),
        "asked to poll for a plan" => asked("/doPolling?tag=a-plan"),
        "rotate now" => Input::RotateNow,
        "leave now" => Input::LeaveNow,
        other => panic!("no such happening: {other}"),
    };
    world.try_give(input)
}

/// A world in each state, with what is outstanding in its name.
fn states() -> Vec<(&'static str, World)> {
    let mut off = World::new();
    off.device = new_device();
    let enrolling = World::with_code();
    let mut enrolled_ = enrolling.clone();
    enrolled_.reply(enrolled(1));
    let idle = World::in_use();
    let mut reporting = idle.clone();
    reporting.sleep();
    let mut wanting = idle.clone();
    wanting.give(Input::RotateNow);
    let mut trying = wanting.clone();
    trying.reply(rotated(2));
    let mut back = trying.clone();
    back.refuse(RefusalCode::FormalCodeRefused);
    let mut leaving = idle.clone();
    leaving.give(Input::LeaveNow);
    let mut asking = enrolling.clone();
    asking.refuse(RefusalCode::CodeRefused);
    vec![
        ("off", off),
        ("blank", World::new()),
        ("enrolling", enrolling),
        ("enrolled, first poll outstanding", enrolled_),
        ("in use, nothing outstanding", idle),
        ("in use, report outstanding", reporting),
        ("rotating, rotate outstanding", wanting),
        ("rotating, poll with the new code outstanding", trying),
        ("rotating, poll with the old code outstanding", back),
        ("leaving", leaving),
        ("needs person", asking),
    ]
}

#[test]
fn transition_table() {
    let mut table = String::new();
    for (name, state) in states() {
        writeln!(table, "{name}").expect("a string");
        for what in HAPPENINGS {
            let mut world = state.clone();
            world.trace.clear();
            world.shown.clear();
            let error = happen(&mut world, what).err();
            let told = world
                .shown
                .iter()
                .map(|notice| format!("show {:?}", notice.to_string()));
            let outputs: Vec<String> = world.trace.iter().cloned().chain(told).collect();
            let same = world.device == state.device;
            let line = match error {
                Some(error) => format!("error: {error}"),
                None if same && outputs.is_empty() => "·".to_owned(),
                None => format!("{:?}: {}", world.device.phase(), outputs.join(", ")),
            };
            writeln!(table, "  {what:22} {line}").expect("a string");
        }
    }
    insta::assert_snapshot!(table);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Any sequence of happenings: an error leaves the machine as it was, sends are preceded by
    /// what they depend on, and at most one request is outstanding between two answers.
    #[test]
    fn an_error_changes_nothing(
        steps in prop::collection::vec((0..HAPPENINGS.len(), 0..400_000_u64), 1..60)
    ) {
        let mut world = World::new();
        for (what, millis) in steps {
            world.now = Uptime::from_millis(world.now.as_millis() + millis);
            let before = world.device.clone();
            let sent = world.sent.len();
            let result = happen(&mut world, HAPPENINGS[what]);
            if result.is_err() {
                prop_assert_eq!(&world.device, &before);
            }
            prop_assert!(world.sent.len() <= sent + 1);
            if let Some(flash) = &world.flash {
                let kept = restante_core::device::Kept::from_bytes(flash).expect("sound");
                prop_assert_eq!(&kept, &world.device.kept(), "flash follows RAM");
            }
        }
    }

    /// Whatever happened before, once the line works a device with a good code is in use after
    /// three exchanges.
    #[test]
    fn it_recovers_within_three_exchanges(
        steps in prop::collection::vec(0..HAPPENINGS.len(), 0..40),
        cut in any::<bool>(),
    ) {
        let mut world = World::new();
        for what in steps {
            // What is wanted here ends the registration or the code: a person's act, not a fault.
            if !["leave now", "left", "booted"].contains(&HAPPENINGS[what]) {
                let _ = happen(&mut world, HAPPENINGS[what]);
            }
        }
        if cut {
            world.power_cut();
        }
        if matches!(world.device.phase(), Phase::Blank | Phase::NeedsPerson) {
            world.enter(code(3));
        }
        let mut exchanges = 0;
        while world.device.phase() != Phase::InUse {
            let slept = world.sleep();
            prop_assert!(slept <= Seconds::DAY.plus(Seconds::new(300)));
            let request = world.last().request.clone();
            let reply = match word(&request) {
                "enrol" => enrolled(1),
                "poll" => polled(),
                "report-status" => reported(),
                "rotate" => rotated(2),
                other => panic!("unexpected {other}"),
            };
            let before = world.device.clone();
            world.reply(reply);
            if world.device != before {
                exchanges += 1;
            }
            prop_assert!(exchanges <= 3, "{exchanges} exchanges");
        }
    }
}
