//! The bundled center holds against every server case inside this process, in any order.

use restante_conformance::bundled::core_center;
use restante_conformance::case::{Catalogue, Role, Selection};
use restante_conformance::command::run_inside;
use restante_conformance::profile::Profile;
use restante_conformance::results::Results;
use restante_conformance::run::Plan;
use restante_conformance::verdict::{Exit, Verdict};

async fn results(seed: u64) -> Results {
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
    run_inside(&plan, Role::Server, true, core_center(seed))
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
