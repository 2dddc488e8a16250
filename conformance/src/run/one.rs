//! One case from its needs to its verdict.

use std::time::Instant;

use crate::case::{Case, Role};
use crate::profile::Profile;
use crate::results::CaseResult;
use crate::transcript::Transcript;
use crate::verdict::Verdict;

use super::party::Party;
use super::player::Player;
use super::steps::Ended;
use super::target::ServerTarget;

/// What every case of a run shares.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// What the vendor declares.
    pub profile: &'a Profile,
    /// From which every drawn value comes.
    pub seed: u64,
    /// The command line that runs one case again, up to the case's id.
    pub again: &'a str,
}

/// Runs one case against a center, or against a party with the kit's center behind it.
pub async fn run_case<'a>(
    case: &Case,
    target: &'a ServerTarget,
    party: Option<&'a mut dyn Party>,
    around: Circumstances<'_>,
) -> CaseResult {
    let began = Instant::now();
    if let Some((verdict, reason)) = not_tried(case, target, around.profile) {
        return result(case, around, verdict, Played::untried(reason), began);
    }
    let mut player = Player::new(target, party, case, around);
    let played = player.play(&case.steps).await;
    let settled = player.settle().await;
    let ended = match (played, settled) {
        (Err(ended), _) | (Ok(()), Err(ended)) => ended,
        (Ok(()), Ok(())) => Ended::Held,
    };
    let (checks, mut transcript) = (player.checks, player.transcript);
    let (verdict, reason, expected, actual) = match ended {
        Ended::Held if checks == 0 => (
            Verdict::Error,
            "the case made no check".to_owned(),
            String::new(),
            String::new(),
        ),
        Ended::Held => (Verdict::Pass, String::new(), String::new(), String::new()),
        Ended::Broken(failure) => (
            Verdict::Fail,
            failure.reason,
            failure.expected,
            failure.actual,
        ),
        Ended::Untested(why) => (Verdict::Untested, why, String::new(), String::new()),
        Ended::Error(why) => (Verdict::Error, why, String::new(), String::new()),
    };
    let played = Played {
        reason: transcript.redact(&reason),
        expected: transcript.redact(&expected),
        actual: transcript.redact(&actual),
        checks,
        transcript,
    };
    result(case, around, verdict, played, began)
}

/// What came of playing a case, without secrets.
struct Played {
    reason: String,
    expected: String,
    actual: String,
    checks: u32,
    transcript: Transcript,
}

impl Played {
    fn untried(reason: String) -> Self {
        Self {
            reason,
            expected: String::new(),
            actual: String::new(),
            checks: 0,
            transcript: Transcript::default(),
        }
    }
}

fn result(
    case: &Case,
    around: Circumstances<'_>,
    verdict: Verdict,
    played: Played,
    began: Instant,
) -> CaseResult {
    CaseResult {
        case: case.id.clone(),
        title: case.title.clone(),
        requirements: case
            .requirements
            .iter()
            .map(|cited| cited.id.clone())
            .collect(),
        verdict,
        reason: played.reason,
        expected: played.expected,
        actual: played.actual,
        why: case.why.clone(),
        checks: played.checks,
        millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        transcript: played.transcript.into_lines(),
        again: format!("{} --seed {} {}", around.again, around.seed, case.id),
    }
}

/// Why a case is not tried at all, if so.
fn not_tried(case: &Case, target: &ServerTarget, profile: &Profile) -> Option<(Verdict, String)> {
    let missing = case.features.iter().find(|feature| !profile.has(feature));
    if let Some(feature) = missing {
        let why = format!("the profile does not declare the feature {feature:?}");
        return Some((Verdict::NotApplicable, why));
    }
    if case
        .binding
        .is_some_and(|binding| !profile.transports.contains(&binding))
    {
        return Some((
            Verdict::NotApplicable,
            "the profile does not declare the binding".into(),
        ));
    }
    let needs = &case.needs;
    let untested = |why: &str| Some((Verdict::Untested, why.to_owned()));
    if needs.control > profile.control {
        return untested(&format!("it needs control level {}", needs.control.word()));
    }
    let needs_hook = needs.clock || !needs.hooks.is_empty();
    if needs_hook && case.role == Role::Server && target.time.is_none() {
        return untested("it needs a hook that moves the center's time and power");
    }
    if needs.sources && !target.line.has_sources() {
        return untested("it needs several addresses, which the kit has on loopback under Linux");
    }
    if needs.sockets && !target.line.has_sockets() {
        return untested("it needs real connections");
    }
    None
}
