//! `vectors check` believes a program that is right, and none that only seems so.

use std::fs;
use std::path::Path;
use std::process::Command;

use restante_conformance::vectors::{Judged, embedded, read};
use serde_json::json;

fn check(folder: &Path, program: &str, more: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_restante-conformance"))
        .current_dir(folder)
        .args(["vectors", "check", "--cmd", program])
        .args(more)
        .output()
        .expect("the kit runs");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.code(), text)
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A program that gives the right answers, in the order in which it will be asked.
const RECITING: &str =
    "while read -r line; do read -r answer <&3; echo \"$answer\"; done 3<answers";

fn answers(folder: &Path, but: Option<&str>) {
    let mut answers = String::new();
    for (name, text) in embedded().iter().filter(|(name, _)| *name != "draw") {
        for vector in read(name, text).expect("vectors").cases {
            let answer = match vector.result {
                _ if but == Some(*name) => json!({ "result": "unsupported" }),
                Judged::Valid => json!({ "result": "valid", "output": vector.expected }),
                Judged::Invalid => json!({ "result": "invalid" }),
            };
            answers.push_str(&format!("{answer}\n"));
        }
    }
    fs::write(folder.join("answers"), answers).expect("written");
}

#[test]
fn right_answers_pass_and_a_gap_is_named() {
    let folder = folder();
    answers(folder.path(), None);
    let (code, text) = check(folder.path(), RECITING, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(" 0 wrong, 0 unsupported"), "{text}");
    answers(folder.path(), Some("sha256"));
    assert_eq!(check(folder.path(), RECITING, &[]).0, Some(4));
    let accepted = check(folder.path(), RECITING, &["--accept-untested"]);
    assert_eq!(accepted.0, Some(0), "{}", accepted.1);
}

#[test]
fn a_program_that_takes_or_refuses_everything_fails() {
    let folder = folder();
    for always in ["valid", "invalid"] {
        let program = format!("while read -r line; do echo '{{\"result\":\"{always}\"}}'; done");
        let (code, text) = check(folder.path(), &program, &[]);
        assert_eq!(code, Some(1), "{text}");
    }
}

#[test]
fn a_program_that_supports_nothing_or_says_nothing_is_no_verdict() {
    let folder = folder();
    let nothing = "while read -r line; do echo '{\"result\":\"unsupported\"}'; done";
    assert_eq!(check(folder.path(), nothing, &[]).0, Some(3));
    assert_eq!(check(folder.path(), "true", &[]).0, Some(3));
    assert_eq!(check(folder.path(), "cat", &[]).0, Some(3));
    let (code, text) = check(folder.path(), "cat", &["--only", "no-such"]);
    assert_eq!(code, Some(2), "{text}");
}

#[test]
fn exported_vectors_are_those_of_the_specification() {
    let folder = folder();
    let output = Command::new(env!("CARGO_BIN_EXE_restante-conformance"))
        .args(["vectors", "export"])
        .arg(folder.path())
        .output()
        .expect("the kit runs");
    assert!(output.status.success());
    for (name, text) in embedded() {
        let path = folder.path().join(format!("{name}.json"));
        assert_eq!(fs::read_to_string(path).expect("written"), *text);
    }
}
