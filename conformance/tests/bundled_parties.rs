//! The bundled device, gateway and provider hold against every case of theirs inside this process,
//! in any order.

use restante_conformance::bundled::core_center;
use restante_conformance::case::{Catalogue, Role, Selection};
use restante_conformance::command::run_inside;
use restante_conformance::profile::Profile;
use restante_conformance::run::Plan;
use restante_conformance::verdict::{Exit, Verdict};

async fn conforms(role: Role, seed: u64) {
    let catalogue = Catalogue::embedded().expect("good cases");
    let profile = Profile::bundled(role);
    let selection = Selection::default();
    let plan = Plan {
        cases: selection.select(&catalogue, role).expect("there are cases"),
        profile: &profile,
        seed,
        partial: false,
        accept_untested: true,
        line: "inside".to_owned(),
    }
    .shuffled();
    let results = run_inside(&plan, role, true, core_center(seed)).await;
    let results = results.expect("runs");
    let bad: Vec<String> = results
        .cases
        .iter()
        .filter(|case| !matches!(case.verdict, Verdict::Pass | Verdict::Untested))
        .map(|case| format!("{} {}: {}", case.verdict, case.case, case.reason))
        .collect();
    assert!(bad.is_empty(), "seed {seed}: {bad:#?}");
    let untested = results.cases.iter();
    let mut untested = untested.filter(|case| case.verdict == Verdict::Untested);
    assert!(
        untested.all(|case| case.reason == "it needs real connections"),
        "nothing else goes untested here"
    );
    let summary = results.summary.expect("it ended");
    assert_eq!(summary.exit, Exit::Conformant);
}

#[tokio::test]
async fn the_bundled_device_conforms_in_any_order() {
    for seed in 1..=5 {
        conforms(Role::Device, seed).await;
    }
}

#[tokio::test]
async fn the_bundled_gateway_conforms_in_any_order() {
    for seed in 1..=5 {
        conforms(Role::Gateway, seed).await;
    }
}

#[tokio::test]
async fn the_bundled_provider_conforms_in_any_order() {
    for seed in 1..=5 {
        conforms(Role::Provider, seed).await;
    }
}
