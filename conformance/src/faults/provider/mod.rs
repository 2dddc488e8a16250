//! The faults of a provider's own server, by where they stand, and their proof.
//!
//! Every case runs inside this process with the fault, in a new world; what is wrong with the
//! client that dials the center shows on real connections alone, where the bundled provider runs
//! behind the lines of a hook.

mod deciding;
mod http;
mod serving;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::bundled::InsideCenter;
use crate::case::{Case, Catalogue};
use crate::hook::ChildHook;
use crate::line::Trust;
use crate::party::{Lapses, Listener, ProviderParty, RemoteProvider, serve_provider};
use crate::profile::Profile;
use crate::run::{Circumstances, run_case};

use super::dialling::{SHORT, concerned};
use super::prove::is_left_out;
use super::scene::Decided;
use super::{Fault, FaultyLine, Manners, Proof, Wire};

use deciding::{Faulty, Shop};

/// All of them.
pub(super) const FAULTS: &[&[Fault]] = &[deciding::FAULTS, serving::FAULTS, http::FAULTS];

/// What a provider does wrong.
#[derive(Clone, Copy, Debug)]
pub enum Wrong {
    /// It decides so.
    Decides(fn(&Shop<'_>) -> Decided),
    /// A power cut takes everything that was stored.
    Forgets,
    /// It begins its rounds when it likes.
    Hurries,
    /// What devices send it and what it answers, as HTTP carries it.
    Serves(Wire),
    /// In the place of its HTTP client. On real connections.
    Dials(Manners),
}

/// The cases of a provider with this fault.
pub(super) async fn proof(
    fault: &'static Fault,
    wrong: Wrong,
    catalogue: &Catalogue,
    seed: u64,
) -> Proof {
    let mut proof = Proof::new(fault);
    let Wrong::Dials(manners) = wrong else {
        inside(&mut proof, wrong, catalogue, seed).await;
        return proof;
    };
    let cases = concerned(fault, catalogue, &SMOKE);
    if let Err(why) = dialling(&mut proof, &cases, manners, seed).await {
        let untried = cases.iter();
        untried.for_each(|case| proof.cannot(case, why.clone()));
    }
    proof
}

/// Every case, each in a new world.
async fn inside(proof: &mut Proof, wrong: Wrong, catalogue: &Catalogue, seed: u64) {
    let fault = proof.fault;
    let role = fault.defect.role();
    let defect = match wrong {
        Wrong::Decides(defect) => Some(defect),
        _ => None,
    };
    let lapses = Lapses {
        forgetful: matches!(wrong, Wrong::Forgets),
        hurried: matches!(wrong, Wrong::Hurries),
    };
    let provider = InsideCenter::collating(Faulty::new(seed, defect));
    let profile = Profile::bundled(role);
    let around = Circumstances {
        profile: &profile,
        seed,
        again: "restante-conformance self-test --faults",
    };
    for case in catalogue.of_role(role) {
        let is_named = fault.kills.iter().any(|(id, _)| *id == case.id.as_str());
        if !is_named && is_left_out(fault, case) {
            continue;
        }
        let mut target = match provider.bare_target(seed, case.id.as_str()).await {
            Ok(target) => target,
            Err(why) => {
                proof.cannot(case, why);
                continue;
            }
        };
        if let Wrong::Serves(wire) = wrong {
            target.line = Box::new(FaultyLine::new(target.line, wire));
        }
        let mut party = ProviderParty::new(&provider, lapses);
        let result = run_case(case, &target, Some(&mut party), around).await;
        proof.take(case, result);
    }
}

/// These cases over real connections, with the bundled hook inside this process.
async fn dialling(
    proof: &mut Proof,
    cases: &[&Case],
    manners: Manners,
    seed: u64,
) -> Result<(), String> {
    let profile = Profile {
        limits: SHORT,
        ..Profile::bundled(proof.fault.defect.role())
    };
    let around = Circumstances {
        profile: &profile,
        seed,
        again: "restante-conformance self-test --faults",
    };
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = Listener::bind(here).await.map_err(|why| why.to_string())?;
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    let clock = (profile.control, seconds(SHORT.late));
    let door = (Trust::Authorities(Vec::new()), seconds(SHORT.reply));
    let hook = Some(hook(manners));
    let mut party = RemoteProvider::new(listener, hook, clock, door, seed);
    for case in cases {
        let target = party.target();
        let result = run_case(case, &target, Some(&mut party), around).await;
        proof.take(case, result);
    }
    party.end().await;
    Ok(())
}

/// The bundled hook with this client; it ends when nobody asks it any more.
fn hook(manners: Manners) -> ChildHook {
    let (asks, asked) = mpsc::channel(1);
    let (says, answers) = mpsc::channel(1);
    tokio::spawn(async move {
        // A case sees that its hook is gone, and says so.
        drop(serve_provider(asked, says, manners.reach()).await);
    });
    ChildHook::inside(asks, answers, Duration::from_secs(SHORT.boot.into()))
}

/// What has to be as it was, whatever is wrong with the client: a registration and a report.
const SMOKE: [&str; 2] = [
    "provider/PRV/a-code-opens-before-the-center-answers",
    "provider/PRV/a-use-is-reported-until-it-is-answered",
];
