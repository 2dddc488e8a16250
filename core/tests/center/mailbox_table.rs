//! What can become of one instruction: every state against everything that can happen, printed; and
//! laws that hold whatever happens in whatever order.

use std::fmt::Write as _;

use proptest::prelude::*;
use restante_core::id::InstructionId;
use restante_core::limits::{
    DELIVERIES, DELIVERY_LEASE, FINISHED_PER_MAILBOX, INSTRUCTIONS_PER_MAILBOX, WORK_LEASE,
};
use restante_core::record::{
    Delivery, End, Event, Finished, Instruction, InstructionState, Mailbox, Verdict, Word,
};
use restante_core::wire::{Act, ActResult, Acts, Outcome, Progress};
use restante_core::{Seconds, Timestamp};

const MADE: Timestamp = Timestamp::from_millis(1_000_000);
const EXPIRY: Seconds = Seconds::new(30 * 86_400);

fn instruction(number: u8, state: InstructionState) -> Instruction {
    Instruction {
        id: InstructionId::from_bytes([number; 16]),
        acts: Acts::one(Act::ReportStatus),
        made: MADE,
        not_before: None,
        expires: MADE.after(EXPIRY),
        state,
        taken: None,
        invitation: None,
    }
}

fn result() -> ActResult {
    ActResult {
        outcome: Outcome::Done,
        detail: None,
    }
}

fn delivery(attempt: u32, cancel: bool) -> Delivery {
    Delivery {
        attempt,
        until: MADE.after(DELIVERY_LEASE),
        cancel,
    }
}

/// Every state that tells events apart, by name.
fn states() -> Vec<(String, Instruction)> {
    use InstructionState as S;
    let mut later = instruction(1, S::Waiting);
    later.not_before = Some(MADE.after(Seconds::HOUR));
    let mut states = vec![
        ("waiting, not due".to_owned(), later),
        ("waiting".to_owned(), instruction(1, S::Waiting)),
    ];
    for (attempt, cancel) in [(2, false), (2, true), (DELIVERIES, false)] {
        let under_way = delivery(attempt, cancel);
        for state in [
            S::Delivered(under_way),
            S::Taken(under_way),
            S::Proceeding(under_way),
        ] {
            let name = format!(
                "{}({attempt}){}",
                state.shown().word(),
                if cancel { ", called off" } else { "" }
            );
            states.push((name, instruction(1, state)));
        }
    }
    for (end, attempt, results) in [
        (End::Done, 2, vec![result()]),
        (End::Failed, 2, vec![result()]),
        (End::Rejected, 2, vec![result()]),
        (End::Cancelled, 0, vec![]),
        (End::Cancelled, 2, vec![result()]),
        (End::Expired, 0, vec![]),
        (End::Expired, 2, vec![]),
        (End::SetAside, DELIVERIES, vec![]),
    ] {
        let state = S::Finished(Finished {
            end,
            at: MADE,
            attempt,
            results,
        });
        let name = format!("{}({attempt})", state.shown().word());
        states.push((name, instruction(1, state)));
    }
    states
}

fn told<'r>(attempt: u32, progress: Progress, results: &'r [ActResult]) -> Event<'r> {
    Event::Word(Word {
        attempt,
        progress,
        results,
    })
}

/// The verdict in a word or two.
fn verdict(it: &Instruction, event: Event<'_>, at: Timestamp) -> String {
    match it.verdict(event, at) {
        Verdict::Becomes(state) => {
            let off = state.delivery().is_some_and(|it| it.cancel);
            let off = if off { ", called off" } else { "" };
            format!("→ {}({}){off}", state.shown().word(), state.attempt())
        }
        Verdict::Stays => "=".into(),
        Verdict::Superseded => "superseded".into(),
        Verdict::NeverDelivered => "never delivered".into(),
    }
}

#[test]
fn the_whole_table() {
    let results = [result()];
    let soon = MADE;
    let over = MADE.after(WORK_LEASE);
    let end = MADE.after(EXPIRY);
    let mut table = String::new();
    for (name, it) in states() {
        writeln!(table, "{name}").expect("a string");
        let events = [
            ("shown", Event::Shown, soon),
            ("shown, delivery over", Event::Shown, over),
            ("cancel", Event::Cancel, soon),
            ("time", Event::Time, soon),
            ("time: delivery over", Event::Time, over),
            ("time: expiry", Event::Time, end),
        ];
        for (event, what, at) in events {
            writeln!(table, "  {event:<22} {}", verdict(&it, what, at)).expect("a string");
        }
        for attempt in [0, 1, 2, 3] {
            let words: Vec<String> = Progress::ALL
                .into_iter()
                .map(|progress| {
                    let results = if progress.is_final() {
                        &results[..]
                    } else {
                        &[]
                    };
                    let verdict = verdict(&it, told(attempt, progress, results), soon);
                    format!("{progress:?}: {verdict}")
                })
                .collect();
            writeln!(
                table,
                "  word of delivery {attempt}     {}",
                words.join("; ")
            )
            .expect("a string");
        }
    }
    insta::assert_snapshot!(table);
}

/// Something that happens to a mailbox.
#[derive(Clone, Debug)]
enum Happening {
    Made,
    Shown,
    Said(usize, u32, usize),
    Cancelled(usize),
    Passed(u32),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        2 => Just(Happening::Made),
        3 => Just(Happening::Shown),
        4 => (0..8_usize, 0..8_u32, 0..5_usize)
            .prop_map(|(which, attempt, word)| Happening::Said(which, attempt, word)),
        1 => (0..8_usize).prop_map(Happening::Cancelled),
        3 => prop_oneof![1..700_u32, Just(86_400), Just(2_000_000)].prop_map(Happening::Passed),
    ]
}

/// A mailbox in which things happen as the center has them happen: time first.
struct Lived {
    open: Mailbox,
    finished: Mailbox,
    now: Timestamp,
    made: u8,
}

impl Lived {
    fn new() -> Self {
        Self {
            open: Mailbox::default(),
            finished: Mailbox::default(),
            now: MADE,
            made: 0,
        }
    }

    fn happens(&mut self, what: &Happening) {
        self.open.pass(self.now);
        match *what {
            Happening::Made => {
                let made = Instruction {
                    made: self.now,
                    expires: self.now.after(EXPIRY),
                    ..instruction(self.made, InstructionState::Waiting)
                };
                if self.open.add(made) {
                    self.made = self.made.wrapping_add(1);
                }
            }
            Happening::Shown => {
                for it in &mut self.open.instructions {
                    it.apply(Event::Shown, self.now);
                }
            }
            Happening::Said(which, attempt, word) => {
                let results = [result()];
                let progress = Progress::ALL[word];
                let event = told(attempt, progress, &results);
                let now = self.now;
                if let Some(it) = self.nth(which) {
                    it.apply(event, now);
                }
            }
            Happening::Cancelled(which) => {
                let now = self.now;
                if let Some(it) = self.nth(which) {
                    it.apply(Event::Cancel, now);
                }
            }
            Happening::Passed(seconds) => self.now = self.now.after(Seconds::new(seconds)),
        }
        self.open.clear_into(&mut self.finished);
    }

    fn nth(&mut self, which: usize) -> Option<&mut Instruction> {
        let all = self.open.instructions.iter_mut();
        all.chain(&mut self.finished.instructions).nth(which)
    }
}

fn ids(mailbox: &Mailbox) -> Vec<InstructionId> {
    mailbox.instructions.iter().map(|it| it.id).collect()
}

proptest! {
    #[test]
    fn whatever_happens_nothing_is_lost_reordered_or_undone(
        happenings in proptest::collection::vec(happening(), 0..120)
    ) {
        let mut lived = Lived::new();
        for what in &happenings {
            let before = (lived.open.clone(), lived.finished.clone());
            lived.happens(what);
            prop_assert!(lived.open.instructions.len() <= INSTRUCTIONS_PER_MAILBOX);
            prop_assert!(lived.finished.instructions.len() <= FINISHED_PER_MAILBOX);
            prop_assert!(!lived.open.instructions.iter().any(Instruction::is_finished));
            prop_assert!(lived.finished.instructions.iter().all(Instruction::is_finished));
            let (open, finished) = (ids(&lived.open), ids(&lived.finished));
            // What stays open stays in its order.
            let earlier = ids(&before.0).into_iter();
            let stayed: Vec<_> = earlier.filter(|id| open.contains(id)).collect();
            prop_assert!(open.starts_with(&stayed));
            let room = finished.len() < FINISHED_PER_MAILBOX;
            for it in before.0.instructions.iter().chain(&before.1.instructions) {
                let after = lived.open.get(it.id).or_else(|| lived.finished.get(it.id));
                let Some(after) = after else {
                    prop_assert!(!room, "{} is lost", it.id);
                    continue;
                };
                prop_assert!(after.state.attempt() >= it.state.attempt());
                prop_assert!(after.state.attempt() <= DELIVERIES);
                if let InstructionState::Finished(was) = &it.state {
                    let by_time = matches!(was.end, End::Expired | End::SetAside);
                    let done = after.state.shown().word() == "done";
                    prop_assert!(after.state == it.state || (by_time && was.attempt > 0 && done));
                }
                let off = |it: &Instruction| it.state.delivery().is_some_and(|it| it.cancel);
                prop_assert!(!off(it) || off(after) || after.is_finished());
            }
        }
    }
}
