//! What can happen to an instruction wherever a device is with it: the real table as a snapshot,
//! and the law that each ends with exactly one final word.

use std::fmt::Write as _;

use proptest::prelude::*;
use restante_core::device::Input;
use restante_core::wire::{Act, Outcome, RefusalCode};
use restante_core::{Seconds, Uptime};

use crate::post::{notify, register_service, unknown};
use crate::scripted::word;
use crate::upkeep::Upkeep;

/// What an instruction can stand at, with something to happen to it.
fn standings() -> Vec<(&'static str, Upkeep)> {
    let handed = Upkeep::polled(&[&[register_service(), notify("then")]]).0;
    let mut told = handed.clone();
    told.answer();
    let mut waiting = Upkeep::polled(&[&[register_service()], &[notify("then")]]).0;
    waiting.answer();
    let mut reporting = Upkeep::polled(&[&[Act::ReportStatus, notify("then")]]).0;
    reporting.answer();
    let mut rotating = Upkeep::polled(&[&[Act::RotateCode, notify("then")]]).0;
    rotating.answer();
    let over = Upkeep::polled(&[&[notify("now")]]).0;
    vec![
        ("registering, not told", handed),
        ("registering", told),
        ("waiting for another", waiting),
        ("reporting", reporting),
        ("rotating", rotating),
        ("over, not answered", over),
    ]
}

const HAPPENINGS: &[&str] = &[
    "the right answer",
    "link failed",
    "busy",
    "malformed",
    "a deadline passes",
    "the service registers",
    "the service refuses",
    "called off and shown",
    "expired, time passes",
    "power cut",
    "leave now",
];

fn happen(upkeep: &mut Upkeep, what: &str) {
    match what {
        "the right answer" => upkeep.answer(),
        "link failed" => upkeep.world.lose(),
        "busy" => upkeep.world.refuse(RefusalCode::Busy),
        "malformed" => upkeep.world.refuse(RefusalCode::Malformed),
        "a deadline passes" => drop(upkeep.world.sleep()),
        "the service registers" if !upkeep.world.errands.is_empty() => upkeep.served(Outcome::Done),
        "the service refuses" if !upkeep.world.errands.is_empty() => {
            upkeep.served(Outcome::Failed);
        }
        "called off and shown" => {
            for entry in &mut upkeep.post.entries {
                entry.instruction.cancel = true;
            }
            if word(&upkeep.world.last().request) == "poll" {
                upkeep.answer();
            }
        }
        "expired, time passes" => {
            upkeep.world.now = upkeep.world.now.after(Seconds::WEEK).after(Seconds::DAY);
            upkeep.world.give(Input::TimePassed);
        }
        "power cut" => upkeep.world.power_cut(),
        "leave now" => {
            // An error is an answer, too.
            let _ = upkeep.world.try_give(Input::LeaveNow);
        }
        _ => {}
    }
}

#[test]
fn what_happens_to_an_instruction() {
    let mut table = String::new();
    for (name, state) in standings() {
        writeln!(table, "{name}").expect("a string");
        for what in HAPPENINGS {
            let mut upkeep = state.clone();
            upkeep.world.trace.clear();
            happen(&mut upkeep, what);
            let held = upkeep.world.device.duties().iter();
            let held: Vec<String> = held.map(|it| format!("{:?}", it.progress())).collect();
            let held = match held.is_empty() {
                true => "nothing".to_owned(),
                false => held.join(" "),
            };
            let trace = upkeep.world.trace.join(", ");
            writeln!(table, "  {what:22} {held:22} {trace}").expect("a string");
        }
    }
    insta::assert_snapshot!(table);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever is lost, repeated, called off or cut: in the end every instruction has exactly one
    /// final word at the center, and the device holds none.
    #[test]
    fn every_instruction_ends_with_exactly_one_final_word(
        kinds in prop::collection::vec(prop::collection::vec(0..5_usize, 1..4), 1..12),
        steps in prop::collection::vec((0..12_usize, 0..90_000_u64), 0..60),
        room in 1..6_usize,
    ) {
        let act = |kind: &usize| match kind {
            0 => notify("text"),
            1 => unknown(),
            2 => Act::ReportStatus,
            3 => Act::RotateCode,
            _ => register_service(),
        };
        let acts: Vec<Vec<Act>> = kinds.iter().map(|it| it.iter().map(act).collect()).collect();
        let acts: Vec<&[Act]> = acts.iter().map(Vec::as_slice).collect();
        let (mut upkeep, ids) = Upkeep::new(&acts);
        upkeep.post.room = Some(room);
        for (what, millis) in steps {
            upkeep.world.now = Uptime::from_millis(upkeep.world.now.as_millis() + millis);
            match what {
                0..3 => upkeep.answer_if_asked(),
                3 => {
                    let _ = upkeep.right();
                    upkeep.world.lose();
                }
                4 => upkeep.world.lose(),
                5 => upkeep.world.refuse(RefusalCode::Busy),
                6 => upkeep.post.entry(ids[millis as usize % ids.len()]).lease_over = true,
                7 => upkeep.post.entry(ids[millis as usize % ids.len()]).instruction.cancel = true,
                8 => upkeep.world.power_cut(),
                9 if !upkeep.world.errands.is_empty() => upkeep.served(Outcome::Done),
                _ => drop(upkeep.world.sleep()),
            }
        }
        upkeep.settle();
        for id in ids {
            prop_assert_eq!(upkeep.post.entry(id).finals, 1);
        }
        prop_assert!(upkeep.world.device.duties().is_empty());
    }
}
