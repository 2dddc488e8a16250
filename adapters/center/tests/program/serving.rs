//! A served center from outside: health, readiness, figures, a clean stop, and a log that keeps
//! secrets.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::place::Place;

/// Asks by HTTP/1.1 without any library of ours; the whole response.
pub(crate) fn get(url: &str, path: &str) -> String {
    ask(url, path, "")
}

/// The same with a credential.
pub(crate) fn get_as(url: &str, path: &str, credential: &str) -> String {
    ask(url, path, &format!("Authorization: {credential}\r\n"))
}

fn ask(url: &str, path: &str, header: &str) -> String {
    let address = url.strip_prefix("http://").expect("plain HTTP");
    let mut line = TcpStream::connect(address).expect("it listens");
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{header}Connection: close\r\n\r\n");
    line.write_all(request.as_bytes()).expect("sent");
    let mut response = String::new();
    line.read_to_string(&mut response).expect("received");
    response
}

/// The figures of the center with this ready file.
pub(crate) fn metrics(ready: &serde_json::Value) -> String {
    let url = ready["metrics"].as_str().expect("an address");
    get(url.strip_suffix("/metrics").expect("the path"), "/metrics")
}

#[test]
fn a_center_that_has_said_so_is_alive_and_ready() {
    let place = Place::new();
    let served = place.serve();
    let alive = get(served.url(), "/healthz");
    assert!(alive.starts_with("HTTP/1.1 200 OK\r\n"), "{alive}");
    let ready = get(served.url(), "/readyz");
    assert!(ready.ends_with("{\"status\":\"ready\"}"), "{ready}");
}

#[test]
fn figures_count_requests_refusals_and_decisions() {
    let place = Place::new();
    let served = place.serve();
    get(served.url(), "/healthz");
    get(served.url(), "/v1/codes");
    let figures = metrics(&served.ready);
    for line in [
        "restante_requests_total{operation=\"health\",status=\"200\"} 1",
        "restante_requests_total{operation=\"listCodes\",status=\"401\"} 1",
        "restante_refusals_total{reason=\"credential-missing\"} 1",
        "restante_calls_in_work 0",
        "restante_conflicts_total 0",
        "restante_effects_waiting 0",
        concat!(
            "restante_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1"
        ),
    ] {
        assert!(
            figures.lines().any(|it| it == line),
            "{line} is not in:\n{figures}"
        );
    }
    for name in [
        "restante_decision_seconds_bucket{le=\"0.005\"} ",
        "restante_uptime_seconds ",
        "restante_store_commits_total ",
    ] {
        assert!(
            figures.lines().any(|it| it.starts_with(name)),
            "{name} is not in:\n{figures}"
        );
    }
    assert!(get(served.url(), "/metrics").starts_with("HTTP/1.1 404 "));
}

/// Starts a center that is to be stopped: its log is in `log`, and it is ready.
pub(crate) fn started(place: &Place) -> Child {
    let child = place
        .command(&["serve", "--ready-file", "ready.json"])
        .stdout(Stdio::piped())
        .stderr(fs::File::create(place.path("log")).expect("a log"))
        .spawn()
        .expect("the program runs");
    let begun = Instant::now();
    while !place.path("ready.json").exists() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

/// Stops it as a service manager does; what it printed and what it logged.
pub(crate) fn stopped(place: &Place, mut child: Child) -> (String, String) {
    let process = child.id().to_string();
    let sent = Command::new("kill")
        .args(["-TERM", &process])
        .status()
        .expect("kill runs");
    assert!(sent.success());
    let mut said = String::new();
    let mut out = child.stdout.take().expect("piped");
    out.read_to_string(&mut said).expect("UTF-8");
    assert_eq!(child.wait().expect("a process of ours").code(), Some(0));
    let log = fs::read_to_string(place.path("log")).expect("a log");
    (said, log)
}

#[test]
fn sigterm_stops_it_cleanly() {
    let place = Place::new();
    let child = started(&place);
    let (said, log) = stopped(&place, child);
    assert!(
        said.starts_with("restante-center is ready at http://127.0.0.1:"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(log.contains("\"message\":\"stopped\""), "{log}");
    // All that was kept lies in the one file: nothing is left in a log beside it.
    assert!(!place.path("data/restante.sqlite-wal").exists());
}

#[test]
fn the_log_holds_no_secret_at_its_most_talkative() {
    let place = Place::new();
    let path = place.path("restante.toml");
    let config = fs::read_to_string(&path).expect("made by init");
    let config = config.replace("# level = \"info\"", "level = \"trace\"");
    fs::write(path, config).expect("written");
    let served = place.serve();
    let code = place.json(&["code", "issue", "--user", "Anna Weber"]);
    let token = place.json(&["token", "issue", "--role", "dealer", "--account", "Harbour"]);
    let (code, token) = (code["code"].as_str(), token["token"].as_str());
    let (code, token) = (code.expect("a code"), token.expect("a token"));
    fs::write(place.path("token"), token).expect("written");
    place.run(&[
        "code",
        "list",
        "--center",
        served.url(),
        "--token-file",
        "token",
    ]);
    drop(served);
    let log = fs::read_to_string(place.path("serve.log")).expect("a log");
    assert!(
        log.contains("listCodes"),
        "the log says what was asked: {log}"
    );
    let keys = fs::read_to_string(place.path("keys.toml")).expect("keys");
    let keys: toml::Table = keys.parse().expect("TOML");
    let pepper = keys["pepper"].as_str().expect("a pepper");
    for secret in [code, token, pepper] {
        assert!(!log.contains(secret), "the log holds {secret}");
        assert!(
            !log.contains(&secret[..14]),
            "the log holds the beginning of {secret}"
        );
    }
}
