//! Benign variants: oddities that the specification allows, under which every case has to stay
//! green.
//!
//! A variant changes how messages travel and nothing of what they mean, in the kit's requests, in
//! the center's responses, or in both; or what a device does, within what it may. A case that fails
//! under one asks for more than the specification does. What is no JSON of an ordinary size is left
//! as it is: cases about bytes mean the bytes that they send.

mod devices;
mod json;
mod manners;
mod variants;

use std::time::Duration;

use serde_json::Value;

use crate::bundled::{InsideCenter, core_center};
use crate::case::{Case, CaseId, Catalogue, Role};
use crate::faults::{FaultyLine, Mailing, Wire, Wiring};
use crate::line::{Habit, SocketLine};
use crate::party::DeviceKind;
use crate::profile::Profile;
use crate::results::CaseResult;
use crate::run::{Circumstances, run_case};
use crate::verdict::Verdict;

pub use manners::Manner;
use variants::VARIANTS;

/// One oddity.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// What it is called.
    pub name: &'static str,
    /// What is odd, in a sentence.
    pub says: &'static str,
    /// What it does.
    pub oddity: Oddity,
}

/// What is odd.
#[derive(Clone, Copy, Debug)]
pub enum Oddity {
    /// How the JSON of messages is written.
    Json(fn(&Value) -> String),
    /// What else is odd in requests and responses.
    Wire(Wire),
    /// How mails are written.
    Mail(fn(&[u8]) -> Vec<u8>),
    /// Each poll comes twice, and the second answer counts.
    PollsTwice,
    /// Time passes in uneven steps.
    UnevenTime,
    /// How requests are written, on real connections.
    Manner(Manner),
    /// How real connections are used.
    Habit(Habit),
    /// What a device does.
    Device(Wiring<DeviceKind>),
    /// How a device registers by mail, on real connections.
    Mailing(Mailing),
}

impl Oddity {
    /// Whether it is one of real connections.
    #[must_use]
    pub const fn needs_sockets(self) -> bool {
        matches!(self, Self::Manner(_) | Self::Habit(_) | Self::Mailing(_))
    }
}

/// What became of the cases under one variant.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The variant.
    pub variant: &'static Variant,
    /// How many cases passed.
    pub passed: usize,
    /// Cases that did not, with their reasons.
    pub red: Vec<(CaseId, Verdict, String)>,
}

impl Outcome {
    /// That of a variant under which nothing has run yet.
    const fn new(variant: &'static Variant) -> Self {
        Self {
            variant,
            passed: 0,
            red: Vec::new(),
        }
    }

    /// Takes in what became of a case.
    fn take(&mut self, result: CaseResult) {
        match result.verdict {
            Verdict::Pass => self.passed += 1,
            Verdict::Untested => {}
            verdict => self.red.push((result.case, verdict, result.reason)),
        }
    }

    /// Whether all cases that were tried passed.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.passed > 0 && self.red.is_empty()
    }
}

/// All variants.
pub fn all() -> impl Iterator<Item = &'static Variant> {
    VARIANTS.iter().chain(devices::VARIANTS)
}

/// Runs all server cases under a variant, or all cases about devices where it is one of theirs,
/// each in a new world of a center of this process, over real connections where the variant is
/// about them. Cases that write bytes themselves are not concerned.
///
/// # Errors
/// A sentence, if the kit's own center fails.
pub async fn try_out(
    variant: &'static Variant,
    catalogue: &Catalogue,
    seed: u64,
) -> Result<Outcome, String> {
    if let Oddity::Device(wiring) = variant.oddity {
        return devices::try_out((variant, wiring), catalogue, seed).await;
    }
    if let Oddity::Mailing(mailing) = variant.oddity {
        return devices::mailed((variant, mailing), catalogue, seed).await;
    }
    let center = InsideCenter::deciding(core_center(seed));
    let profile = Profile::bundled(Role::Server);
    let around = Circumstances {
        profile: &profile,
        seed,
        again: "restante-conformance self-test --benign",
    };
    let mut outcome = Outcome::new(variant);
    let served = match variant.oddity.needs_sockets() {
        true => Some(center.serve().await?),
        false => None,
    };
    let concerned = |case: &&Case| !case.needs.sockets;
    for case in catalogue.of_role(Role::Server).filter(concerned) {
        let mut target = center.target(seed, case.id.as_str()).await?;
        if let Some(served) = &served {
            let habit = match variant.oddity {
                Oddity::Habit(habit) => habit,
                _ => Habit::Agreed,
            };
            let post = served.post();
            let line = SocketLine::new(&post.url(), post.trust(), PATIENCE);
            let line = line.map_err(|why| why.to_string())?.using(habit);
            target.line = Box::new(line);
        }
        match variant.oddity {
            Oddity::Habit(_) | Oddity::Device(_) | Oddity::Mailing(_) => {}
            Oddity::Manner(manner) => {
                let behind = target.line;
                target.line = Box::new(manners::Mannered { behind, manner });
            }
            Oddity::Json(write) => {
                let behind = target.line;
                target.line = Box::new(variants::Rewritten { behind, write });
            }
            Oddity::Wire(wire) => target.line = Box::new(FaultyLine::new(target.line, wire)),
            Oddity::Mail(write) => {
                let rewritten = |behind| Box::new(variants::Rephrased { behind, write }) as _;
                target.mail = target.mail.map(rewritten);
            }
            Oddity::PollsTwice => target.line = Box::new(variants::Twice(target.line)),
            Oddity::UnevenTime => {
                target.time = target
                    .time
                    .map(|time| Box::new(variants::Uneven(time)) as _);
            }
        }
        outcome.take(run_case(case, &target, None, around).await);
    }
    Ok(outcome)
}

/// The largest message that a center has to take.
const MESSAGE_BYTES: usize = 65_536;
/// How long a response may take.
const PATIENCE: Duration = Duration::from_secs(10);
