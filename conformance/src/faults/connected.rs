//! The proof of a fault that shows on real connections only: the bundled center on loopback, the
//! cases that the fault names, and a few others that have to be as they were.

use std::time::Duration;

use crate::bundled::{LoopbackCenter, bounds, core_center};
use crate::case::{Case, Catalogue, Role};
use crate::profile::{Limits, Profile};
use crate::run::{Circumstances, run_case};

use super::{Defect, Fault, Front, Proof};

/// Proves one fault of connections.
pub(super) async fn proof(fault: &'static Fault, catalogue: &Catalogue, seed: u64) -> Proof {
    let mut proof = Proof::new(fault);
    let concerned = |case: &&Case| {
        let id = case.id.as_str();
        SMOKE.contains(&id) || fault.kills.iter().any(|(named, _)| *named == id)
    };
    let cases: Vec<&Case> = catalogue.of_role(Role::Server).filter(concerned).collect();
    if let Err(why) = played(&mut proof, &cases, seed).await {
        cases
            .iter()
            .for_each(|case| proof.cannot(case, why.clone()));
    }
    proof
}

async fn played(proof: &mut Proof, cases: &[&Case], seed: u64) -> Result<(), String> {
    let profile = Profile {
        limits: SHORT,
        ..Profile::bundled(Role::Server)
    };
    let around = Circumstances {
        profile: &profile,
        seed,
        again: "restante-conformance self-test --faults",
    };
    let right = bounds(SHORT);
    let mut altered = right;
    if let Defect::Patience(alter) = proof.fault.defect {
        alter(&mut altered);
    }
    let center = LoopbackCenter::start(core_center(seed), seed, altered).await?;
    let front = match proof.fault.defect {
        Defect::Front(oddness) => Some(Front::before(center.post(), oddness, right.header).await?),
        _ => None,
    };
    let url = front
        .as_ref()
        .map_or_else(|| center.post().url(), |front| front.url().to_owned());
    let target = center.target_at(&url, Duration::from_secs(SHORT.reply.into()))?;
    for case in cases {
        proof.take(case, run_case(case, &target, None, around).await);
    }
    center.stop().await;
    Ok(())
}

/// A case waits for a peer that is never cut as long as it takes; here that is not long.
const SHORT: Limits = Limits {
    late: 2,
    handshake: 1,
    head: 1,
    body: 1,
    ..Limits::BUNDLED
};
/// What has to be as it was, whatever is wrong with slow peers: one exchange of each kind.
const SMOKE: [&str; 5] = [
    "server/ENR/a-first-enrolment",
    "server/HTTP/each-route-has-its-success",
    "server/HTTP/health-and-readiness",
    "server/MBX/a-poll-gets-the-mailbox",
    "server/STA/one-message-for-all-devices",
];
