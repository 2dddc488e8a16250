//! The real binary never passes for want of evidence: each way to test nothing has its exit code.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

const KIT: &str = env!("CARGO_BIN_EXE_restante-conformance");
const PROFILE: &str = "role = \"server\"\nspec = 1\ntransports = [\"http\"]\n";

fn kit(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(KIT)
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("the kit starts");
    let text = [stdout, stderr].concat();
    (status.code(), String::from_utf8_lossy(&text).into_owned())
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("profile.toml"), PROFILE).expect("written");
    folder
}

/// A port on which nobody listens: taken and given back.
fn dead_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("bound").port()
}

#[test]
fn a_pattern_that_matches_nothing_is_a_usage_error() {
    let folder = folder();
    let (code, text) = kit(folder.path(), &["self-test", "server/ENR/no-such-*"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("matches no case"), "{text}");
    let (code, text) = kit(folder.path(), &["list", "XYZ-*"]);
    assert_eq!(code, Some(2), "{text}");
}

#[test]
fn a_profile_with_a_mistake_is_a_usage_error() {
    let folder = folder();
    let path = folder.path().join("bad.toml");
    std::fs::write(&path, format!("{PROFILE}featurs = []\n")).expect("written");
    let target = ["--target", "http://127.0.0.1:9"];
    for (profile, says) in [
        ("bad.toml", "unknown field `featurs`"),
        ("none.toml", "cannot read"),
    ] {
        let arguments = [&["server", "--profile", profile][..], &target].concat();
        let (code, text) = kit(folder.path(), &arguments);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains(says), "{text}");
    }
}

#[test]
fn a_dead_port_is_no_verdict() {
    let folder = folder();
    let target = format!("http://127.0.0.1:{}", dead_port());
    let arguments = ["server", "--profile", "profile.toml", "--target", &target];
    let (code, text) = kit(folder.path(), &arguments);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("cannot reach"), "{text}");
    assert!(
        !folder.path().join("conformance-results").exists(),
        "no report of a run that was none"
    );
}

#[test]
fn a_hook_that_always_says_ok_ends_the_run() {
    let folder = folder();
    let hook = "while read line; do id=$(echo \"$line\" | sed 's/.*\"id\":\\([0-9]*\\).*/\\1/'); \
                echo \"{\\\"id\\\":$id,\\\"ok\\\":{}}\"; done";
    let (code, text) = kit(folder.path(), &["hook-check", hook]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("prove nothing"), "{text}");
}

#[test]
fn a_hook_that_can_say_no_is_believed() {
    let folder = folder();
    let hook = "while read line; do id=$(echo \"$line\" | sed 's/.*\"id\":\\([0-9]*\\).*/\\1/'); \
                echo \"{\\\"id\\\":$id,\\\"unsupported\\\":\\\"no\\\"}\"; done";
    let (code, text) = kit(folder.path(), &["hook-check", hook]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_partial_run_makes_no_claim() {
    let folder = folder();
    let only = "server/ENR/a-first-enrolment";
    let (code, text) = kit(folder.path(), &["self-test", "--quiet", only]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("partial and makes no claim"), "{text}");
    let (code, text) = kit(folder.path(), &["claim", "target/conformance/server"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("partial run allows no claim"), "{text}");
}

#[test]
fn a_run_that_did_not_end_is_no_verdict() {
    let folder = folder();
    let only = "server/ENR/a-first-enrolment";
    let (code, text) = kit(folder.path(), &["self-test", "--quiet", only]);
    assert_eq!(code, Some(0), "{text}");
    let path = folder
        .path()
        .join("target/conformance/server/results.jsonl");
    let whole = std::fs::read_to_string(&path).expect("results");
    let cut: Vec<&str> = whole
        .lines()
        .filter(|line| !line.contains("\"summary\""))
        .collect();
    std::fs::write(&path, cut.join("\n")).expect("written");
    let (_, text) = kit(
        folder.path(),
        &["report", "target/conformance/server", "--format", "md"],
    );
    assert!(text.contains("The run did not end"), "{text}");
    let (code, _) = kit(folder.path(), &["claim", "target/conformance/server"]);
    assert_eq!(code, Some(2));
}

#[test]
fn what_init_writes_runs() {
    let folder = folder();
    let (code, _) = kit(folder.path(), &["init", "server", "mine.toml"]);
    assert_eq!(code, Some(0));
    let (code, text) = kit(folder.path(), &["init", "server", "mine.toml"]);
    assert_eq!(code, Some(2), "an existing file is left alone: {text}");
}

#[test]
fn a_run_is_played_again_from_its_results() {
    let folder = folder();
    let only = "server/ENR/a-first-enrolment";
    let (code, text) = kit(
        folder.path(),
        &["self-test", "--quiet", "--seed", "9", only],
    );
    assert_eq!(code, Some(0), "{text}");
    let run = "target/conformance/server";
    let (code, text) = kit(folder.path(), &["replay", run, "--again"]);
    assert_eq!(
        code,
        Some(2),
        "nothing failed, so nothing is played: {text}"
    );
    let (code, text) = kit(folder.path(), &["replay", run, only, "--again"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("was pass; again:") && text.contains("seed 9"),
        "{text}"
    );
    let again = folder.path().join(run).join("again/server/results.jsonl");
    let kept = std::fs::read_to_string(again).expect("results of its own");
    assert_eq!(kept.matches("\"verdict\"").count(), 1);
}
