//! Invariant 10: what one customer can observe does not depend on whether another exists.
//!
//! A history is played twice: with another customer beside the first one, and without. Each party
//! has its own people, devices, dealers, addresses and chance; they share the center, its clock,
//! its ticks and its crashes. The other customer's devices bear the same serial numbers as the
//! first one's, its users the same names, and strangers write from its side. Byte for byte and to
//! the millisecond, the first customer's people and devices have to be told the same.
//!
//! What two customers do share is left out, for it shows by its nature: how long a store operation
//! takes while another waits, so that a call is one step here; the clock's jumps, which are
//! everybody's time; and a source's throttle, for parties have addresses of their own.

use std::sync::Arc;

use fastrand::Rng;
use restante_core::center::Decide;

use crate::check::Invariant;
use crate::history::{Outcome, Play};
use crate::link::Weather;
use crate::party::{CENTER, FIRST, OTHER, Told};
use crate::scenario::{Attack, Beside, Happening, Line, Scenario, opening, ordinary};
use crate::world::World;

/// Whether the history of this seed is followed by twins.
#[must_use]
pub const fn is_due(seed: u64) -> bool {
    seed.is_multiple_of(EVERY)
}

/// Plays the twins of a seed and compares them.
#[must_use]
pub fn play(seed: u64, how: Play, decide: impl Fn(&Scenario) -> Arc<dyn Decide>) -> Outcome {
    let mut outcome = Outcome::default();
    let [with, without] = [true, false].map(|present| {
        let mut scenario = draw(seed, present);
        if let Some(lines) = how.lines {
            scenario.script.truncate(lines);
        }
        let decide = decide(&scenario);
        let mut world = World::deciding(scenario, decide).traced(how.trace);
        world.run_script();
        world.run_on();
        outcome.steps += world.steps();
        outcome.found.merge(&world.found);
        outcome.coverage.merge(&world.coverage);
        world.told()
    });
    if outcome.found.violations.is_empty() {
        compare(&with, &without, &mut outcome);
    }
    outcome
}

fn compare(with: &[Told], without: &[Told], outcome: &mut Outcome) {
    outcome.coverage.note("twins: compared");
    let most = with.len().max(without.len());
    for place in 0..most {
        let (with, without) = (with.get(place), without.get(place));
        outcome.found.that(Invariant::Apart, with == without, || {
            format!(
                "answer {place}: with another customer {}, without {}",
                text(with),
                text(without)
            )
        });
        if with != without {
            return;
        }
    }
}

fn text(told: Option<&Told>) -> String {
    told.map_or_else(
        || "nothing".to_owned(),
        |told| format!("at {} {}", told.at, String::from_utf8_lossy(&told.bytes)),
    )
}

/// The scenario of a seed, with the other customer or without.
fn draw(seed: u64, present: bool) -> Scenario {
    let mut rng = Rng::with_seed(seed ^ TWINS);
    let shape = Scenario::draw(rng.u64(..));
    let weather = Weather::draw(&mut rng);
    let beside = Beside {
        devices: rng.usize(1..5),
        dealers: rng.usize(1..3),
        present,
    };
    let units = [shape.devices + shape.gateways.len(), beside.devices];
    let dealers = [shape.dealers, beside.dealers];
    let mut lines: Vec<(u64, usize, Happening)> = Vec::new();
    for party in [FIRST, OTHER] {
        let mut at = 0;
        for line in opening(&mut rng, dealers[party], units[party]) {
            at += line.after;
            lines.push((at, party, line.what));
        }
        for _ in 0..rng.usize(12..40) {
            let at = rng.u64(at..shape.length);
            let what = happening(&mut rng, party);
            lines.push((at, party, what));
        }
    }
    for _ in 0..rng.usize(0..3) {
        let (at, node) = (rng.u64(0..shape.length), rng.usize(0..2));
        lines.push((at, CENTER, Happening::Kill { node }));
    }
    lines.sort_by_key(|(at, ..)| *at);
    let mut before = 0;
    let script = lines.into_iter().map(|(at, party, what)| {
        let after = at - std::mem::replace(&mut before, at);
        Line { after, party, what }
    });
    Scenario {
        script: script.collect(),
        weather,
        stranger_on_site: false,
        beside: Some(beside),
        ..shape
    }
}

/// Something that one party does to itself. Strangers stand on the other one's side, and know
/// nothing of the first one's.
fn happening(rng: &mut Rng, party: usize) -> Happening {
    const STRANGE: [Attack; 4] = [
        Attack::WrongCode,
        Attack::ManyWrongCodes,
        Attack::StaleCode,
        Attack::Garbage,
    ];
    loop {
        match ordinary(rng) {
            Happening::Jump { .. }
            | Happening::Accept
            | Happening::Store { .. }
            | Happening::Kill { .. } => {}
            Happening::Stranger { choice, .. } => {
                if party == OTHER {
                    let attack = STRANGE[choice % STRANGE.len()];
                    return Happening::Stranger { attack, choice };
                }
            }
            what => return what,
        }
    }
}

/// Every so many histories one is followed by twins: they take twice the time and have no quiet.
const EVERY: u64 = 20;
/// Makes the twins' chance another than that of the history before them.
const TWINS: u64 = 0x7477_696e;
