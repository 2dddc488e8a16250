//! LANs of liars, and what is reported where somebody is trusted who should not be; the fan-out of
//! a fleet that is small enough for a test.

use std::collections::BTreeSet;

use restante_sim::Invariant;
use restante_sim::history::Play;
use restante_sim::lan::Trust;
use restante_sim::lan::fan_out::{Settings, run, svg};
use restante_sim::lan::history::{play_trusting, real};

/// What is reported of some LANs on which somebody is trusted.
fn reported(trust: Trust) -> BTreeSet<Invariant> {
    let lans = (0..LANS).map(|seed| play_trusting(seed, Play::default(), real(), trust));
    let broken = lans.flat_map(|outcome| outcome.found.violations);
    broken.map(|it| it.invariant).collect()
}

#[test]
fn devices_among_liars_keep_the_thirteenth() {
    assert_eq!(reported(Trust::Nobody), BTreeSet::new());
}

#[test]
fn a_device_that_calls_whoever_a_link_names_breaks_the_thirteenth() {
    assert_eq!(reported(Trust::Liars), BTreeSet::from([Invariant::OnePoll]));
}

#[test]
fn a_device_that_forgets_tags_breaks_the_thirteenth() {
    let only = BTreeSet::from([Invariant::OnePoll]);
    assert_eq!(reported(Trust::Forgetful), only);
}

#[test]
fn one_link_makes_a_fleet_poll_at_the_set_rate() {
    let figures = run(Settings {
        devices: 300,
        dead: 0,
        per_minute: 60,
        seed: 1,
    });
    assert_eq!(
        (figures.layers, figures.arrivals.len(), figures.missed),
        (3, 300, 0)
    );
    assert_eq!(figures.planned.get(), 299);
    assert!(figures.longest_wait() < 302_000);
    assert!(figures.most_within(60_000) <= 61);
    assert!(svg(&figures).ends_with("</svg>\n"));
}

const LANS: u64 = 80;
