//! The proof: each fault makes the cases that it names fail, in the words that it names, and leaves
//! all others as they were.
//!
//! Everything happens inside this process, in virtual time, each case in a new world; faults of
//! connections alone are proven on real ones. A few cases register hundreds of devices; they are
//! run where a fault names them, and otherwise left out.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::bundled::{InsideCenter, core_center};
use crate::case::{Case, CaseId, Catalogue};
use crate::profile::Profile;
use crate::results::CaseResult;
use crate::run::{Circumstances, Party, run_case};
use crate::verdict::Verdict;

use super::machine::faulty;
use super::mail::Misread;
use super::power::Forgetful;
use super::{Defect, Fault, Faulty, FaultyLine};

/// What became of one fault.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The fault.
    pub fault: &'static Fault,
    /// The cases that it names.
    pub kills: Vec<Kill>,
    /// Cases that failed although it does not name them.
    pub collateral: Vec<Collateral>,
}

/// A case that a fault names.
#[derive(Clone, Debug)]
pub struct Kill {
    /// Which case.
    pub case: CaseId,
    /// The words that the reason has to hold.
    pub wanted: &'static str,
    /// What the case came to.
    pub result: CaseResult,
}

/// A case that failed without being named.
#[derive(Clone, Debug)]
pub struct Collateral {
    /// Which case.
    pub case: CaseId,
    /// What it came to.
    pub verdict: Verdict,
    /// In its own words.
    pub reason: String,
}

/// What became of all faults.
#[derive(Clone, Debug, Default)]
pub struct Proven {
    /// In the catalogue's order.
    pub proofs: Vec<Proof>,
}

impl Kill {
    /// Whether it failed in the words that were named.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.result.verdict == Verdict::Fail && self.result.reason.contains(self.wanted)
    }
}

impl Proof {
    /// Whether the fault was killed by every case that it names, and by no other.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.kills.is_empty() && self.kills.iter().all(Kill::holds) && self.collateral.is_empty()
    }
}

impl Proven {
    /// Whether every fault was killed as it says.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.proofs.is_empty() && self.proofs.iter().all(Proof::holds)
    }
}

/// Proves all of these faults, some at a time, and tells of each as it is proven.
#[must_use]
pub fn prove_all(
    faults: &[&'static Fault],
    catalogue: &Catalogue,
    seed: u64,
    told: impl Fn(&Proof),
) -> Proven {
    let next = AtomicUsize::new(0);
    let (say, heard) = mpsc::channel();
    let workers = thread::available_parallelism().map_or(2, NonZeroUsize::get);
    let mut proofs: Vec<(usize, Proof)> = thread::scope(|scope| {
        for _ in 0..workers {
            let (say, next) = (say.clone(), &next);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(fault) = faults.get(at) else { return };
                    let proof = prove(fault, catalogue, seed);
                    if say.send((at, proof)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(say);
        heard.iter().inspect(|(_, proof)| told(proof)).collect()
    });
    proofs.sort_by_key(|(at, _)| *at);
    Proven {
        proofs: proofs.into_iter().map(|(_, proof)| proof).collect(),
    }
}

/// Proves one fault.
#[must_use]
pub fn prove(fault: &'static Fault, catalogue: &Catalogue, seed: u64) -> Proof {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime of this thread alone");
    runtime.block_on(proof(fault, catalogue, seed))
}

async fn proof(fault: &'static Fault, catalogue: &Catalogue, seed: u64) -> Proof {
    let decision = match fault.defect {
        Defect::Decision(defect) => Some(defect),
        Defect::Patience(_) | Defect::Front(_) => {
            return super::connected::proof(fault, catalogue, seed).await;
        }
        Defect::Client(manners) => {
            return super::dialling::proof(fault, manners.around(), catalogue, seed).await;
        }
        Defect::Mailing(mailing) => {
            return super::dialling::proof(fault, mailing.around(), catalogue, seed).await;
        }
        Defect::Lan(manners) => {
            return super::dialling::proof(fault, manners.around(), catalogue, seed).await;
        }
        Defect::Provider(wrong) => {
            return super::provider::proof(fault, wrong, catalogue, seed).await;
        }
        _ => None,
    };
    let role = fault.defect.role();
    let center = InsideCenter::deciding(Faulty::new(core_center(seed), decision));
    let profile = Profile::bundled(role);
    let around = Circumstances {
        profile: &profile,
        seed,
        again: "restante-conformance self-test --faults",
    };
    let mut proof = Proof::new(fault);
    for case in catalogue.of_role(role) {
        let wanted = fault.kills.iter().find(|(id, _)| *id == case.id.as_str());
        if wanted.is_none() && is_left_out(fault, case) {
            continue;
        }
        let mut target = match center.target(seed, case.id.as_str()).await {
            Ok(target) => target,
            Err(why) => {
                proof.cannot(case, why);
                continue;
            }
        };
        if let Defect::Wire(wire) = fault.defect {
            target.line = Box::new(FaultyLine::new(target.line, wire));
        }
        if let Defect::Mail(read) = fault.defect {
            let misread = |behind| Box::new(Misread { behind, read }) as _;
            target.mail = target.mail.map(misread);
        }
        if let Defect::Power = fault.defect {
            let forgetful = Forgetful::new(&center, target.time.take(), seed, &case.id);
            target.time = Some(Box::new(forgetful));
        }
        let (line, time) = (Box::new(center.line()), center.time());
        let mut party = match fault.defect {
            Defect::Device(wiring) => Some(faulty(wiring, line, time, seed, case.id.as_str())),
            Defect::Gateway(wiring) => Some(faulty(wiring, line, time, seed, case.id.as_str())),
            _ => None,
        };
        let party = party.as_deref_mut().map(|party| party as &mut dyn Party);
        let result = run_case(case, &target, party, around).await;
        proof.take(case, result);
    }
    proof
}

impl Proof {
    /// A proof in which no case has run yet.
    pub(super) const fn new(fault: &'static Fault) -> Self {
        Self {
            fault,
            kills: Vec::new(),
            collateral: Vec::new(),
        }
    }

    /// Takes in that a case could not be tried.
    pub(super) fn cannot(&mut self, case: &Case, why: String) {
        self.collateral.push(Collateral {
            case: case.id.clone(),
            verdict: Verdict::Error,
            reason: why,
        });
    }

    /// Takes in what became of a case. A fault names the words that are wanted of those that it
    /// kills.
    pub(super) fn take(&mut self, case: &Case, result: CaseResult) {
        let mut kills = self.fault.kills.iter();
        let wanted = kills.find(|(id, _)| *id == case.id.as_str());
        let wanted = wanted.map(|(_, words)| *words);
        let case = case.id.clone();
        let verdict = result.verdict;
        match wanted {
            Some(wanted) => self.kills.push(Kill {
                case,
                wanted,
                result,
            }),
            None if matches!(verdict, Verdict::Pass | Verdict::Untested) => {}
            None => self.collateral.push(Collateral {
                case,
                verdict,
                reason: result.reason,
            }),
        }
    }
}

/// Whether a case says nothing about a fault that does not name it.
pub(super) fn is_left_out(fault: &Fault, case: &Case) -> bool {
    let id = case.id.as_str();
    LEFT_OUT.contains(&id) || fault.also.iter().any(|also| allows(also, id))
}

/// Whether a fault that says `also` lets this case fail.
#[must_use]
pub fn allows(also: &str, case: &str) -> bool {
    case == also || (also.ends_with('/') && case.starts_with(also))
}

/// Cases of hundreds of devices or reports and one that waits, which are run only where a fault
/// names them.
pub const LEFT_OUT: [&str; 4] = [
    "server/ENR/a-registration-has-a-thousand-devices",
    "server/HTTP/a-poll-waits-as-long-as-it-wants",
    "server/MSG/five-hundred-devices-fit",
    "server/STA/four-hundred-readings-are-kept",
];
