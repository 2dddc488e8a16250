//! The catalogue of faults agrees with the cases, and a fault is killed where it says.
//!
//! All of them are proven by `self-test --faults`, and here where `RESTANTE_ALL_FAULTS` is set.

use std::collections::BTreeSet;
use std::process::Command;

use restante_conformance::benign::{all, try_out};
use restante_conformance::case::{Case, Catalogue};
use restante_conformance::faults::{self, Fault};
use restante_conformance::report::{Flipped, coverage, html, junit, markdown, terminal};
use restante_conformance::results::read;
use restante_conformance::trace::Demands;
use restante_conformance::verdict::Verdict;

fn catalogue() -> Catalogue {
    Catalogue::embedded().expect("good cases")
}

fn find<'c>(catalogue: &'c Catalogue, id: &str) -> Option<&'c Case> {
    catalogue.iter().find(|case| case.id.as_str() == id)
}

#[test]
fn faults_and_cases_name_each_other() {
    let catalogue = catalogue();
    for fault in faults::all() {
        assert!(!fault.kills.is_empty(), "{} kills nothing", fault.name);
        for (case, words) in fault.kills {
            assert!(find(&catalogue, case).is_some(), "{}: {case}", fault.name);
            assert!(!words.is_empty(), "{} says no reason", fault.name);
        }
        for also in fault.also {
            let fits = |case: &Case| faults::allows(also, case.id.as_str());
            assert!(catalogue.iter().any(fits), "{}: {also}", fault.name);
        }
        for id in fault.breaks {
            let cited = |(case, _): &(&str, &str)| {
                let case = find(&catalogue, case);
                case.is_some_and(|case| case.requirements.iter().any(|it| it.id == *id))
            };
            let cited = fault.kills.iter().any(cited);
            assert!(cited, "{}: no case that it kills cites {id}", fault.name);
        }
    }
    for case in catalogue.iter() {
        if let Some(name) = &case.killed_by {
            let fault = faults::named(name);
            let kills = |fault: &Fault| fault.kills.iter().any(|(id, _)| *id == case.id.as_str());
            assert!(fault.is_some_and(kills), "{}: {name}", case.id);
        } else {
            let kills = |fault: &Fault| fault.kills.iter().any(|(id, _)| *id == case.id.as_str());
            assert!(!faults::all().any(kills), "{} names no fault", case.id);
        }
    }
}

#[test]
fn each_fault_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = faults::all().map(|fault| fault.name).collect();
    assert_eq!(names.len(), faults::all().count());
}

#[test]
fn faults_are_killed_as_they_say() {
    let some = [
        "expiry-a-second-late",
        "a-new-secret-each-time",
        "nothing-survives-a-crash",
        "weak-etags",
        "plain-beside-tls",
        "boot-not-raised",
        "formal-code-used-before-kept",
        "silent-child-removed",
    ];
    let every = std::env::var_os("RESTANTE_ALL_FAULTS").is_some();
    let chosen: Vec<&Fault> = faults::all()
        .filter(|fault| every || some.contains(&fault.name))
        .collect();
    let proven = faults::prove_all(&chosen, &catalogue(), 1, |_| {});
    for proof in &proven.proofs {
        assert!(proof.holds(), "{proof:#?}");
    }
    assert!(proven.holds());
}

#[tokio::test]
async fn cases_stay_green_under_benign_variants() {
    let catalogue = catalogue();
    for name in ["unknown-members", "bodies-in-chunks", "calls-a-little-late"] {
        let variant = all().find(|it| it.name == name);
        let outcome = try_out(variant.expect("there is one"), &catalogue, 1).await;
        let outcome = outcome.expect("the kit's center answers");
        assert!(outcome.holds(), "{name}: {:#?}", outcome.red);
        assert!(outcome.passed > 100, "{name}: {} cases", outcome.passed);
    }
}

#[test]
fn a_fault_that_survives_fails_every_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = ["silent-child-removed", "age-frozen"];
    let output = Command::new(env!("CARGO_BIN_EXE_restante-conformance"))
        .args(["self-test", "--quiet", "--faults", "--out"])
        .arg(folder.path())
        .args(names)
        .output()
        .expect("the kit runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("2 faults of a gateway are killed as they say"),
        "{text}"
    );
    let mut results = read(&folder.path().join("faults/gateway")).expect("results");
    let told: Vec<&str> = results.faults.iter().map(|it| it.fault.as_str()).collect();
    assert_eq!(told, ["silent-child-removed", "age-frozen"]);
    let page = html(&results).expect("a page");
    assert!(page.contains("id=\"fault-age-frozen\""), "{page}");

    let fault = results.faults.first_mut().expect("a fault");
    fault.killed = false;
    for kill in &mut fault.kills {
        (kill.killed, kill.verdict) = (false, Verdict::Pass);
        kill.reason.clear();
    }
    let says = "gateway/GWY/a-silent-child-is-left-out-once does not notice it (pass)";
    assert!(html(&results).expect("a page").contains(says));
    assert!(junit(&results).expect("JUnit").contains(says));
    assert!(markdown(&results).contains(says));
    assert!(terminal(&results, false).contains(says));
    let gone = coverage(&results).into_iter().find(|it| it.id == "GWY-006");
    assert_eq!(gone.map(|it| it.flipped), Some(Flipped::Never));
}

#[test]
fn every_must_that_cases_try_has_a_fault_that_breaks_it() {
    let loose = Demands::of_this_specification().loose_faults(&catalogue());
    assert_eq!(loose, []);
}
