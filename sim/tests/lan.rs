//! LANs of liars, and what is reported where somebody is trusted who should not be, or where the
//! center names a stranger; the fan-out of a fleet that is small enough for a test.

use std::collections::BTreeSet;
use std::sync::Arc;

use restante_core::center::{Call, Decide, Decision, Reply};
use restante_core::record::{Pause, Records};
use restante_core::wire::{Below, DeviceReply, PollReply};
use restante_core::{Seed, Timestamp};
use restante_sim::Invariant;
use restante_sim::history::Play;
use restante_sim::lan::Trust;
use restante_sim::lan::fan_out::{Settings, run, svg};
use restante_sim::lan::history::{play_trusting, real};

/// A center that names this address as well, to whom it names anybody.
struct Naming {
    center: Arc<dyn Decide>,
    stranger: &'static str,
}

impl Decide for Naming {
    fn decide(
        &self,
        now: Timestamp,
        seed: &Seed,
        call: &Call,
        records: &Records<'_>,
    ) -> Result<Decision, Pause> {
        let mut decision = self.center.decide(now, seed, call, records)?;
        if let Ok(Reply::Device(DeviceReply::Polled(PollReply::Mailbox(mailbox)))) =
            &mut decision.outcome
            && let Some(call) = mailbox.calls.last_mut()
        {
            let address = self.stranger.parse().expect("an address");
            let after = call.after;
            call.below.push(Below { address, after });
        }
        Ok(decision)
    }
}

/// What is reported of some LANs on which somebody is trusted.
fn reported(trust: Trust) -> BTreeSet<Invariant> {
    reported_of(&real(), trust)
}

fn reported_of(center: &Arc<dyn Decide>, trust: Trust) -> BTreeSet<Invariant> {
    let center = || Arc::clone(center);
    let lans = (0..LANS).map(|seed| play_trusting(seed, Play::default(), center(), trust));
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

/// Nobody is at the first address. At the second stands a device that is of another customer in
/// some LANs, and that was not planned for in others.
#[test]
fn a_center_that_names_a_stranger_breaks_the_thirteenth() {
    let only = BTreeSet::from([Invariant::OnePoll]);
    for stranger in ["10.9.9.9", "10.0.0.2"] {
        let center = real();
        let center: Arc<dyn Decide> = Arc::new(Naming { center, stranger });
        assert_eq!(reported_of(&center, Trust::Nobody), only, "{stranger}");
    }
}

#[test]
fn one_link_makes_a_fleet_poll_at_the_set_rate() {
    let figures = run(Settings {
        devices: 300,
        dead: 0,
        dead_below_root: 0,
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

#[test]
fn no_minute_sees_more_than_the_set_rate_although_inner_devices_are_dead() {
    for (dead, dead_below_root, seed) in [(0, 0, 0), (20, 0, 1), (20, 1, 2), (20, 3, 3)] {
        let figures = run(Settings {
            devices: 600,
            dead,
            dead_below_root,
            per_minute: 300,
            seed,
        });
        let most = figures.most_within(60_000);
        assert!(most <= 300, "{most} with {dead_below_root}, seed {seed}");
        assert_eq!(figures.dead > 0, dead > 0);
        let came = figures.arrivals.len();
        assert_eq!(came + figures.missed + figures.dead, 600);
    }
}

const LANS: u64 = 80;
