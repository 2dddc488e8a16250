//! The proof of a fault around a device or a gateway that dials the kit: the cases that need real
//! connections, and a few others that have to be as they were.
//!
//! The bundled hook runs inside this process, with the fault in what is around its unit.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::bundled::{InsideCenter, core_center};
use crate::case::{Case, Catalogue, Role};
use crate::hook::ChildHook;
use crate::party::{
    Backstage, DeviceKind, GatewayKind, Listener, Outside, RemoteParty, Stuck, serve,
};
use crate::profile::{Limits, Profile};
use crate::results::CaseResult;
use crate::run::{Circumstances, ServerTarget, run_case};

use super::{Fault, Proof, allows};

/// Proves one fault of what is around a unit.
pub(super) async fn proof(
    fault: &'static Fault,
    outside: Outside,
    catalogue: &Catalogue,
    seed: u64,
) -> Proof {
    let mut proof = Proof::new(fault);
    let cases = concerned(fault, catalogue, &SMOKE);
    let role = fault.defect.role();
    let taken = |case: &Case, result| proof.take(case, result);
    if let Err(why) = played(role, &cases, outside, seed, taken).await {
        let untried = cases.iter();
        untried.for_each(|case| proof.cannot(case, why.clone()));
    }
    proof
}

/// The cases that are tried on real connections: those that the fault names, those that need such
/// connections, and these others.
pub(super) fn concerned<'c>(
    fault: &Fault,
    catalogue: &'c Catalogue,
    smoke: &[&str],
) -> Vec<&'c Case> {
    let named = |id: &str| fault.kills.iter().any(|(killed, _)| *killed == id);
    let allowed = |id: &str| fault.also.iter().any(|also| allows(also, id));
    let concerned = |case: &&Case| {
        let id = case.id.as_str();
        let tried = case.needs.sockets || smoke.contains(&id);
        named(id) || (tried && !allowed(id))
    };
    let role = fault.defect.role();
    catalogue.of_role(role).filter(concerned).collect()
}

/// Plays these cases with the bundled party in these surroundings, and hands over what came of
/// each.
///
/// # Errors
/// A sentence, if the kit cannot listen or its own center fails.
pub(crate) async fn played(
    role: Role,
    cases: &[&Case],
    outside: Outside,
    seed: u64,
    mut taken: impl FnMut(&Case, CaseResult),
) -> Result<(), String> {
    let profile = Profile {
        limits: SHORT,
        ..Profile::bundled(role)
    };
    let around = Circumstances {
        profile: &profile,
        seed,
        again: "restante-conformance self-test --faults",
    };
    let center = InsideCenter::deciding(core_center(seed));
    let stage = || Box::new(Backstage(center.line()));
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = Listener::bind(here).await.map_err(|why| why.to_string())?;
    let hook = Some(hook(role, outside));
    let late = Duration::from_secs(SHORT.late.into());
    let behind = (stage() as _, center.time());
    let mut party = RemoteParty::new(listener, hook, behind, profile.control, late);
    for case in cases {
        let target = center.target(seed, case.id.as_str()).await?;
        let target = ServerTarget {
            line: stage(),
            ..target
        };
        party.begin_again(stage(), center.time());
        let result = run_case(case, &target, Some(&mut party), around).await;
        taken(case, result);
    }
    party.end().await;
    Ok(())
}

/// The bundled hook inside this process; it ends when nobody asks it any more.
fn hook(role: Role, outside: Outside) -> ChildHook {
    let (asks, asked) = mpsc::channel(1);
    let (says, answers) = mpsc::channel(1);
    tokio::spawn(async move {
        let ended: Result<(), Stuck> = match role {
            Role::Gateway => serve::<GatewayKind>(asked, says, outside).await,
            _ => serve::<DeviceKind>(asked, says, outside).await,
        };
        // A case sees that its hook is gone, and says so.
        drop(ended);
    });
    ChildHook::inside(asks, answers, Duration::from_secs(SHORT.boot.into()))
}

/// Everything happens on this machine, so that what is late is not long in coming.
pub(super) const SHORT: Limits = Limits {
    late: 2,
    boot: 5,
    ..Limits::BUNDLED
};
/// What has to be as it was, whatever is wrong around a unit: an enrolment and a report each.
const SMOKE: [&str; 4] = [
    "device/ENR/a-first-enrolment",
    "device/STA/the-schedule-asks-and-the-device-reports",
    "gateway/GWY/all-children-in-one-report",
    "gateway/SCN/one-code-registers-a-site",
];
