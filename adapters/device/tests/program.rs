//! The program at the shell: what it says to mistakes, and that it changes nothing then.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use restante_core::Seed;
use restante_core::code::ProvisionalCode;
use restante_crypto::RingCrypto;

fn program(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_restante-device"));
    command
        .env_remove("RESTANTE_CODE")
        .env_remove("RESTANTE_STATE");
    command.args(args).output().expect("the program runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn enrol(code: &str, center: &str, state: &Path) -> Output {
    let state = state.to_str().expect("a path");
    program(&[
        "enrol",
        "--center",
        center,
        "--code",
        code,
        "--serial",
        "D10010101",
        "--state",
        state,
        "--patience",
        "1",
    ])
}

fn code() -> String {
    ProvisionalCode::draw(&RingCrypto, &Seed::new([5; 32])).to_text()
}

/// An address at which nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";

#[test]
fn mistyped_code_is_named_by_its_group_and_nothing_is_kept_or_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("device.state");
    let mut wrong: Vec<char> = code().chars().collect();
    wrong[14] = if wrong[14] == '7' { '8' } else { '7' };
    let wrong: String = wrong.into_iter().collect();
    let output = enrol(&wrong, NOBODY, &state);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("there is a typing error in group 3"),
        "{}",
        said(&output)
    );
    assert!(
        !said(&output).contains(&wrong),
        "what was typed is not repeated"
    );
    assert!(!state.exists());
}

#[test]
fn center_that_does_not_answer_leaves_an_enrolment_to_go_on_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("device.state");
    let output = enrol(&code(), NOBODY, &state);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let shown = program(&["status", "--state", state.to_str().expect("a path")]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(text.contains("enrolling with http://127.0.0.1:9"), "{text}");
    assert!(!text.contains(&code()), "a status shows no code");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let why = "no answer: no connection to http://127.0.0.1:9: ";
    assert_eq!(told.matches(why).count(), 1, "{told}");
}

#[test]
fn damaged_state_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("device.state");
    enrol(&code(), NOBODY, &state);
    let mut bytes = std::fs::read(&state).expect("kept");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&state, &bytes).expect("written");
    let path = state.to_str().expect("a path");
    for args in [
        vec!["run", "--state", path],
        vec!["status", "--state", path],
    ] {
        let output = program(&args);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            said(&output).contains("its checksum does not fit"),
            "{}",
            said(&output)
        );
    }
    assert_eq!(enrol(&code(), NOBODY, &state).status.code(), Some(2));
    assert_eq!(std::fs::read(&state).expect("still there"), bytes);
}

#[test]
fn state_of_another_device_or_kind_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("device.state");
    enrol(&code(), NOBODY, &state);
    let before = std::fs::read(&state).expect("kept");
    let path = state.to_str().expect("a path");
    let code = code();
    let other = program(&[
        "enrol", "--center", NOBODY, "--code", &code, "--serial", "D2", "--state", path,
    ]);
    assert!(said(&other).contains("belongs to another device (ACME M1001 D10010101)"));
    let gateway = program(&["gateway", "run", "--no-multicast", "--state", path]);
    assert!(
        said(&gateway).contains("it is a record of another kind"),
        "{}",
        said(&gateway)
    );
    assert_eq!(std::fs::read(&state).expect("still there"), before);
}

#[test]
fn credential_goes_over_no_plain_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("device.state");
    let output = enrol(&code(), "http://center.example", &state);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(!state.exists());
}

#[test]
fn run_without_a_registration_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("device.state");
    let path = state.to_str().expect("a path");
    let output = program(&["run", "--state", path]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("there is no such state file; enrol first"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("device.state");
    enrol(&code(), NOBODY, &state);
    let mut child = Command::new(env!("CARGO_BIN_EXE_restante-device"))
        .args(["status", "--state", state.to_str().expect("a path")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn help_shows_examples() {
    let output = program(&["--help"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("restante-device gateway enrol --center"));
}
