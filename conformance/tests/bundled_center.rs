//! The bundled center holds against every server case inside this process, in any order.

use restante_conformance::bundled::core_center;
use restante_conformance::case::{Catalogue, Role, Selection};
use restante_conformance::command::run_inside;
use restante_conformance::profile::Profile;
use restante_conformance::results::Results;
use restante_conformance::run::Plan;
use restante_conformance::verdict::{Exit, Verdict};
use restante_core::center::{Call, Decide, Decision, Message, Reason, Refused};
use restante_core::record::{Pause, Records};
use restante_core::wire::people::PeopleRequest;
use restante_core::wire::{Refusal, RefusalCode};
use restante_core::{Seed, Timestamp};

async fn results(seed: u64) -> Results {
    results_of(seed, core_center(seed)).await
}

async fn results_of(seed: u64, decide: impl Decide + 'static) -> Results {
    let catalogue = Catalogue::embedded().expect("good cases");
    let profile = Profile::bundled(Role::Server);
    let selection = Selection::default();
    let plan = Plan {
        cases: selection
            .select(&catalogue, Role::Server)
            .expect("there are cases"),
        profile: &profile,
        seed,
        partial: false,
        accept_untested: true,
        line: "inside".to_owned(),
    }
    .shuffled();
    run_inside(&plan, Role::Server, true, decide)
        .await
        .expect("runs")
}

#[tokio::test]
async fn the_bundled_center_conforms_in_any_order() {
    let mut orders = Vec::new();
    for seed in 1..=3 {
        let results = results(seed).await;
        let bad: Vec<String> = results
            .cases
            .iter()
            .filter(|case| !matches!(case.verdict, Verdict::Pass | Verdict::Untested))
            .map(|case| format!("{} {}: {}", case.verdict, case.case, case.reason))
            .collect();
        assert!(bad.is_empty(), "seed {seed}: {bad:#?}");
        let summary = results.summary.expect("it ended");
        assert_eq!(summary.exit, Exit::Conformant);
        orders.push(results.cases[0].case.clone());
    }
    orders.dedup();
    assert!(orders.len() > 1, "three seeds gave one order: {orders:?}");
}

#[tokio::test]
async fn a_run_repeats_from_its_seed() {
    let (one, other) = (results(7).await, results(7).await);
    let story = |results: &Results| {
        let cases = results.cases.iter();
        cases
            .map(|case| (case.case.clone(), case.transcript.len()))
            .collect::<Vec<_>>()
    };
    assert_eq!(story(&one), story(&other));
}

/// A center that knows no lists of devices, whatever its maker says.
struct NoLists<D>(D);

impl<D: Decide> Decide for NoLists<D> {
    fn decide(
        &self,
        now: Timestamp,
        seed: &Seed,
        call: &Call,
        records: &Records,
    ) -> Result<Decision, Pause> {
        let mut decision = self.0.decide(now, seed, call, records)?;
        if matches!(
            call.message,
            Message::People(PeopleRequest::ListDevices(_) | PeopleRequest::ListReadings(_))
        ) {
            decision.outcome = Err(Refused {
                refusal: Refusal::plain(RefusalCode::NotFound),
                reason: Reason {
                    word: "not-found",
                    detail: String::new(),
                },
            });
        }
        Ok(decision)
    }
}

#[tokio::test]
async fn a_declared_feature_that_is_not_served_fails() {
    let results = results_of(1, NoLists(core_center(1))).await;
    let exit = results.summary.map(|summary| summary.exit);
    assert_eq!(exit, Some(Exit::NotConformant));
    let failed = |case: &str| {
        let mut cases = results.cases.iter();
        cases.any(|result| result.case.as_str() == case && result.verdict == Verdict::Fail)
    };
    assert!(failed("server/HTTP/an-administrator-sees-one-customer"));
    assert!(failed("server/STA/four-hundred-readings-are-kept"));
}
