//! The kit as a center that a device, a gateway or a provider in a process of its own dials: the
//! bundled ones hold, and a hook that is none, that ends or that does nothing never makes a passing
//! report.

use std::fs;
use std::process::Command;

use restante_conformance::results::{Results, read};
use restante_conformance::verdict::Verdict;
use restante_core::code::AccessToken;
use restante_core::id::TokenId;

const KIT: &str = env!("CARGO_BIN_EXE_restante-conformance");

/// Runs the kit against a party that this hook stands for. Its exit code and its results.
fn run(role: &str, control: &str, hook: Option<&str>, cases: &[&str]) -> (i32, Option<Results>) {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = format!(
        "role = \"{role}\"\nspec = 1\ntransports = [\"http\", \"http-sealed\"]\ncontrol = \"{control}\"\n\
         features = [\"mail\", \"poll-requests\"]\n[limits]\nlate = 2\nboot = 5\n"
    );
    fs::write(folder.path().join("profile.toml"), profile).expect("written");
    let mut command = Command::new(KIT);
    command
        .current_dir(folder.path())
        .args([role, "--profile", "profile.toml", "--out", "out", "--quiet"])
        .args(cases);
    if let Some(hook) = hook {
        command.args(["--hook", hook]);
    }
    let output = command.output().expect("the kit runs");
    let code = output.status.code().expect("it ended by itself");
    (code, read(&folder.path().join("out")).ok())
}

fn bundled(role: &str) -> String {
    format!("'{KIT}' bundled-hook {role}")
}

fn verdicts(results: &Results) -> Vec<String> {
    let bad = results
        .cases
        .iter()
        .filter(|case| case.verdict != Verdict::Pass);
    bad.map(|case| format!("{} {}: {}", case.verdict, case.case, case.reason))
        .collect()
}

#[test]
fn the_bundled_parties_conform_over_real_connections() {
    for role in ["device", "gateway", "provider"] {
        let (code, results) = run(role, "c2", Some(&bundled(role)), &[]);
        let results = results.expect("results");
        assert_eq!((code, verdicts(&results)), (0, Vec::new()), "{role}");
    }
}

#[test]
fn the_bundled_device_conforms_in_sealed_envelopes_as_well() {
    let cases = [
        "--transport",
        "http-sealed",
        "device/ENR",
        "device/MSG",
        "device/STA",
    ];
    let (code, results) = run("device", "c2", Some(&bundled("device")), &cases);
    let results = results.expect("results");
    assert_eq!((code, verdicts(&results)), (0, Vec::new()));
    assert_eq!(results.header.line, "http-sealed, the kit listening");
}

#[test]
fn without_a_hook_everything_goes_untested_and_nothing_passes() {
    let (code, results) = run("device", "c0", None, &[]);
    assert_eq!(code, 3, "no case ran");
    let results = results.expect("results");
    assert!(
        results
            .cases
            .iter()
            .all(|case| case.verdict == Verdict::Untested)
    );
}

#[test]
fn a_hook_that_claims_to_know_everything_ends_the_run() {
    let yes = r#"while read -r line; do id=$(printf '%s' "$line" | sed 's/.*"id":\([0-9]*\).*/\1/'); printf '{"id":%s,"ok":{}}\n' "$id"; done"#;
    let (code, results) = run("device", "c2", Some(yes), &[]);
    assert_eq!((code, results.is_none()), (3, true));
}

/// It says ok to each verb that there is, and does nothing.
const IDLE: &str = r#"while read -r line; do
  id=$(printf '%s' "$line" | sed 's/.*"id":\([0-9]*\).*/\1/')
  case "$line" in
    *'"verb":"zz-'*) printf '{"id":%s,"unsupported":"unknown"}\n' "$id";;
    *) printf '{"id":%s,"ok":{"identification":{}}}\n' "$id";;
  esac
done"#;

#[test]
fn a_hook_that_does_nothing_fails_its_cases() {
    let (code, results) = run(
        "device",
        "c2",
        Some(IDLE),
        &["device/ENR/a-first-enrolment"],
    );
    let results = results.expect("results");
    let case = results.cases.first().expect("it ran");
    assert_eq!((code, case.verdict), (1, Verdict::Fail));
    assert!(case.reason.contains("no request came"), "{}", case.reason);
}

/// What became of a provider's first registration where its hook's lines are altered by these
/// filters on their way in and out.
fn altered(on_the_way_in: &str, on_the_way_out: &str) -> (i32, Verdict, String) {
    let hook = format!(
        "sed -u '{on_the_way_in}' | {} | sed -u '{on_the_way_out}'",
        bundled("provider")
    );
    let registers = ["provider/PRV/a-code-opens-before-the-center-answers"];
    let (code, results) = run("provider", "c2", Some(&hook), &registers);
    let results = results.expect("results");
    let case = results.cases.first().expect("it ran");
    (code, case.verdict, case.reason.clone())
}

#[test]
fn a_provider_that_presents_another_token_fails() {
    let another = AccessToken::new(TokenId::from_bytes([7; 16]), [7; 32]).to_text();
    let (code, verdict, reason) = altered(&format!("s/rtk1[.][^\"]*/{another}/"), "");
    assert_eq!((code, verdict), (1, Verdict::Fail), "{reason}");
    let says = "/v1/services/kit-x/handovers without the token that it was told";
    assert!(reason.contains(says), "{reason}");
}

#[test]
fn a_provider_whose_certificate_nobody_knows_is_no_verdict() {
    let (code, verdict, reason) = altered("", "s/\"certificates\":\"[^\"]*\",//");
    assert_eq!((code, verdict), (3, Verdict::Error), "{reason}");
    assert!(
        reason.contains("cannot reach https://localhost:"),
        "{reason}"
    );
}

#[test]
fn a_provider_at_no_url_of_its_own_fails() {
    let (code, verdict, reason) = altered("", "s/https:..localhost/https:\\/\\/127.0.0.1/");
    assert_eq!((code, verdict), (1, Verdict::Fail), "{reason}");
    assert!(reason.contains("`url`: "), "{reason}");
}

#[test]
fn a_provider_that_dials_nobody_fails() {
    let idle = IDLE.replace(
        "\"identification\":{}",
        "\"service\":\"kit-x\",\"url\":\"https://localhost:9/start\"",
    );
    let cases = ["provider/PRV/each-wanted-device-is-given-a-code"];
    let (code, results) = run("provider", "c2", Some(&idle), &cases);
    let results = results.expect("results");
    let case = results.cases.first().expect("it ran");
    assert_eq!((code, case.verdict), (1, Verdict::Fail));
    assert!(case.reason.contains("no request came"), "{}", case.reason);
}

#[test]
fn a_hook_that_ends_is_no_verdict() {
    let brief = r#"read -r line; printf '{"id":1,"unsupported":"unknown"}\n'"#;
    let (code, results) = run("gateway", "c2", Some(brief), &[]);
    assert_eq!(code, 3);
    let errors = results.map(|it| it.cases.iter().all(|case| case.verdict == Verdict::Error));
    assert_ne!(errors, Some(false));
}

#[test]
fn a_hook_is_checked_before_it_is_needed() {
    let check = |hook: &str| {
        let output = Command::new(KIT).args(["hook-check", hook]).output();
        let output = output.expect("the kit runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), text)
    };
    let (code, text) = check(&bundled("gateway"));
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("the hook speaks the kit's language"),
        "{text}"
    );
}
