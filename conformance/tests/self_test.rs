//! `self-test` as a newcomer runs it: every case over real connections, and reports to open.

use std::fs;
use std::process::Command;

use restante_conformance::results::read;
use restante_conformance::verdict::{Exit, Verdict};

#[test]
fn the_self_test_passes_over_sockets_and_leaves_its_reports() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_restante-conformance"))
        .current_dir(folder.path())
        .args(["self-test", "--quiet"])
        .output()
        .expect("the kit runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    let role = folder.path().join("target/conformance/server");
    let results = read(&role).expect("results");
    let summary = results.summary.expect("it ended");
    assert_eq!(summary.exit, Exit::Conformant);
    assert_eq!(summary.of(Verdict::Untested), 0, "{text}");
    assert!(results.header.line.starts_with("http https://127.0.0.1:"));
    let page = fs::read_to_string(role.join("report.html")).expect("a page");
    let (bytes, cases) = (page.len(), results.cases.len());
    assert!(bytes < 16_000 * cases, "{bytes} bytes for {cases} cases");
    assert!(!page.contains("rtk1.A"), "a token is in the page");
    let junit = fs::read_to_string(role.join("junit.xml")).expect("JUnit");
    assert!(junit.contains("server/HTTP/an-idle-handshake-is-cut"));
}
