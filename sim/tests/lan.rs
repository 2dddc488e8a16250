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
        per_minute: 66,
        seed: 1,
    });
    assert_eq!(
        (figures.layers, figures.arrivals.len(), figures.missed),
        (3, 300, 0)
    );
    assert_eq!(figures.planned.get(), 1 + 15 + 64 + 226);
    assert!(figures.longest_wait() < 308_000);
    assert!(svg(&figures).ends_with("</svg>\n"));
}

/// With each of these seeds, inner devices near the root are among the dead.
#[test]
fn no_minute_sees_more_than_the_set_rate_although_inner_devices_are_dead() {
    for (dead, seed) in [(0, 0), (20, 2), (20, 11), (20, 13)] {
        let figures = run(Settings {
            devices: 600,
            dead,
            per_minute: 300,
            seed,
        });
        let most = figures.most_within(60_000);
        assert!(most <= 300, "{most} with {dead} of 1,000 dead, seed {seed}");
        assert_eq!(figures.dead > 0, dead > 0);
        let came = figures.arrivals.len();
        assert_eq!(came + figures.missed + figures.dead, 600);
    }
}

const LANS: u64 = 80;
