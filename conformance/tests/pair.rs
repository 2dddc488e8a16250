//! `pair`: the kit between a device and a server, neither of them its own. It sees what both do
//! right and wrong, and says nothing where nothing was said.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use restante_conformance::bundled::{LoopbackCenter, bounds, core_center};
use restante_conformance::line::{Request, Response, render};
use restante_conformance::pair::{Exchange, Schemas, Watch};
use restante_conformance::profile::Limits;
use restante_conformance::results::{CaseResult, Results, read};
use restante_conformance::run::ServerTarget;
use restante_conformance::verdict::Verdict;
use restante_core::center::Center;
use restante_crypto::RingCrypto;
use serde_json::{Value, json};

const KIT: &str = env!("CARGO_BIN_EXE_restante-conformance");

/// A center on a port, and a folder with a device's profile and the center's certificate.
struct Scene {
    center: LoopbackCenter<Center<RingCrypto>>,
    target: ServerTarget,
    folder: tempfile::TempDir,
}

impl Scene {
    async fn set() -> Self {
        let center = LoopbackCenter::start(core_center(1), 1, bounds(Limits::BUNDLED));
        let center = center.await.expect("a center");
        let target = center.target(Duration::from_secs(10)).expect("a line");
        let folder = tempfile::tempdir().expect("a folder");
        let profile = "role = \"device\"\nspec = 1\ntransports = [\"http\"]\ncontrol = \"c2\"\n";
        fs::write(folder.path().join("profile.toml"), profile).expect("written");
        fs::write(folder.path().join("center.pem"), &center.post().pem).expect("written");
        Self {
            center,
            target,
            folder,
        }
    }

    async fn ask(&self, conversation: &str, message: Value, token: &str) -> Value {
        let request = render::request(conversation, &message, Some(token)).expect("known");
        let response = self
            .target
            .line
            .carry(&request, None)
            .await
            .expect("answered");
        serde_json::from_slice(&response.body).expect("JSON")
    }

    /// A provisional code of a dealer of its own.
    async fn code(&self) -> String {
        let operator = self.target.tokens.operator.get().expect("there is one");
        let dealer = json!({ "role": "dealer", "account": "Dealer A" });
        let dealer = self.ask("issueToken", dealer, &operator).await;
        let token = dealer["token"].as_str().expect("a token");
        let issued = self
            .ask("issueCode", json!({ "user": "C001" }), token)
            .await;
        issued["code"].as_str().expect("a code").to_owned()
    }

    /// Runs `pair` with the bundled device. Its exit code and what it printed.
    fn pair(&self, more: &[&str]) -> (Option<i32>, String) {
        let output = Command::new(KIT)
            .current_dir(self.folder.path())
            .args([
                "pair",
                "--server",
                &self.center.post().url(),
                "--ca",
                "center.pem",
            ])
            .args(["--profile", "profile.toml", "--out", "out"])
            .args(["--hook", &format!("'{KIT}' bundled-hook device")])
            .args(more)
            .output()
            .expect("the kit runs");
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }
}

fn verdict(results: &Results, id: &str) -> Option<Verdict> {
    let mut cases = results.cases.iter();
    cases
        .find(|case| case.case.as_str() == id)
        .map(|case| case.verdict)
}

fn results(out: &Path, side: &str) -> Results {
    read(&out.join(side)).expect("results")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bundled_pair_does_nothing_wrong() {
    let scene = Scene::set().await;
    let code = scene.code().await;
    let (exit, text) = scene.pair(&["--code", &code, "--for", "2d"]);
    assert_eq!(exit, Some(4), "no refusal was seen: {text}");
    for side in ["device", "server"] {
        let results = results(&scene.out(), side);
        for case in &results.cases {
            let fair = matches!(case.verdict, Verdict::Pass | Verdict::Untested);
            assert!(fair, "{} {}: {}", case.verdict, case.case, case.reason);
        }
        assert!(results.header.partial, "watching allows no claim");
    }
    let device = results(&scene.out(), "device");
    for seen in ["ENR/watched-first-use", "MBX/watched-polls"] {
        let verdict = verdict(&device, &format!("device/{seen}"));
        assert_eq!(verdict, Some(Verdict::Pass), "{seen}: {text}");
    }
    let story = fs::read_to_string(scene.out().join("transcript.txt")).expect("a transcript");
    assert!(story.contains("exchange 1, after 0 s: enrol"), "{story}");
    assert!(!story.contains(&code), "a code is in the transcript");
    scene.center.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_comes_there_is_no_verdict() {
    let scene = Scene::set().await;
    let (exit, text) = scene.pair(&["--for", "1d"]);
    assert_eq!(exit, Some(3), "{text}");
    assert!(
        text.contains("nothing came over the line within 86400 s"),
        "{text}"
    );
    assert!(!scene.out().exists(), "no report of what was no run");
    scene.center.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_seen_is_accepted_aloud() {
    let scene = Scene::set().await;
    let code = scene.code().await;
    let (exit, text) = scene.pair(&["--code", &code, "--for", "1h", "--accept-untested"]);
    assert_eq!(exit, Some(0), "{text}");
    assert!(text.contains("went untested, as was accepted"), "{text}");
    scene.center.stop().await;
}

/// An exchange of a device that is all right, to be spoilt.
fn exchange(conversation: &str, message: &Value, response: Response) -> Exchange {
    let request = render::request(conversation, message, Some("rfc1.kit")).expect("known");
    Exchange {
        at: Duration::ZERO,
        answered: Duration::ZERO,
        request,
        response: Some(response),
        overlaps: false,
    }
}

fn mailbox() -> Response {
    let schedule = json!({ "poll": 60, "entries": [{ "action": "report-status", "every": 60 }] });
    let body = json!({ "etag": "a", "instructions": [], "schedule": schedule });
    respond(
        200,
        &[
            ("content-type", "application/json"),
            ("etag", "\"a\""),
            ("restante-next-poll", "60"),
        ],
        &body,
    )
}

fn respond(status: u16, headers: &[(&str, &str)], body: &Value) -> Response {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Response {
        status,
        headers: headers.collect(),
        body: body.to_string().into_bytes(),
    }
}

fn poll() -> Exchange {
    exchange(
        "poll",
        &json!({ "have": "b", "maxMessage": 4096 }),
        mailbox(),
    )
}

fn refused(code: &str, status: u16, retry_after: Option<u32>) -> Exchange {
    let mut body = json!({
        "type": format!("urn:restante:refusal:{code}"), "title": code, "status": status,
        "detail": code, "code": code, "correlation": "cor-4gc4nvwwc0d9ksa93d1ee8krhm",
    });
    let mut headers = vec![("content-type", "application/problem+json".to_owned())];
    if status == 401 {
        headers.push(("www-authenticate", "Bearer".to_owned()));
    }
    if let Some(seconds) = retry_after {
        body["retryAfter"] = json!(seconds);
        headers.push(("retry-after", seconds.to_string()));
    }
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    exchange("poll", &json!({}), respond(status, &headers, &body))
}

fn report(seq: u32, state: &str) -> Exchange {
    let device = "dev-3a8vb17nbj0ppvb2k328nzj1mg";
    let counters = json!({ "total": { "mediaSheetsCompleted": 10 } });
    let one = json!({
        "device": device, "boot": 1, "seq": seq, "age": 0, "state": state, "counters": counters,
    });
    let schedule = json!({ "poll": 60, "entries": [{ "action": "report-status", "every": 60 }] });
    let results = json!([{ "device": device, "result": "accepted" }]);
    let body = json!({ "results": results, "schedule": schedule });
    let response = respond(200, &[("content-type", "application/json")], &body);
    exchange("reportStatus", &json!({ "reports": [one] }), response)
}

fn later(mut exchange: Exchange, seconds: u64) -> Exchange {
    exchange.at = Duration::from_secs(seconds);
    exchange.answered = exchange.at;
    exchange
}

/// Which rules a story breaks.
fn broken(story: &[Exchange]) -> Vec<String> {
    use restante_conformance::pair::RULES;
    use restante_conformance::trace::Demands;
    let mut watch = Watch::new(Schemas::published().expect("schemas"));
    story.iter().for_each(|exchange| watch.take(exchange));
    let demands = Demands::of_this_specification();
    let rules = RULES.into_iter().flatten();
    let results = rules.filter_map(|rule| {
        let case = rule.case(&demands).expect("it cites what there is");
        watch.result(&case, "")
    });
    let failed = |result: &CaseResult| result.verdict == Verdict::Fail;
    results
        .filter(failed)
        .map(|result| result.case.to_string())
        .collect()
}

#[test]
fn what_is_right_breaks_no_rule() {
    let story = [
        poll(),
        report(1, "idle"),
        report(1, "idle"),
        report(2, "idle"),
        later(poll(), 61),
        later(refused("busy", 503, Some(5)), 122),
        later(refused("busy", 503, Some(5)), 128),
        later(refused("formal-code-refused", 401, None), 140),
    ];
    assert_eq!(broken(&story), Vec::<String>::new());
}

#[test]
fn each_breach_of_a_device_is_seen() {
    let spoilt = |spoil: fn(&mut Request)| {
        let mut exchange = poll();
        spoil(&mut exchange.request);
        broken(&[exchange])
    };
    assert_eq!(
        spoilt(|it| it.path.push_str("?k=rfc1.kit")),
        ["device/HTTP/watched-credentials"]
    );
    assert_eq!(
        spoilt(|it| it.path = "/v2/mailbox".into()),
        ["device/HTTP/watched-routes"]
    );
    assert_eq!(
        spoilt(|it| it.headers[0].1 = "b".into()),
        ["device/HTTP/watched-poll-headers"]
    );
    let mut second = poll();
    second.overlaps = true;
    assert_eq!(
        broken(&[second]),
        ["device/MSG/watched-one-request-at-a-time"]
    );
    assert_eq!(
        broken(&[poll(), later(poll(), 30)]),
        ["device/MBX/watched-polls"]
    );
    assert_eq!(
        broken(&[poll(), later(poll(), 70)]),
        ["device/MBX/watched-polls"]
    );
    assert_eq!(
        broken(&[report(2, "idle"), report(1, "idle")]),
        ["device/STA/watched-readings"]
    );
    assert_eq!(
        broken(&[report(2, "idle"), report(2, "stopped")]),
        ["device/STA/watched-readings"]
    );
    let busy = || refused("busy", 503, Some(5));
    assert_eq!(
        broken(&[busy(), later(busy(), 2)]),
        ["device/ERR/watched-retries"]
    );
    let last = || refused("formal-code-refused", 401, None);
    assert_eq!(
        broken(&[last(), later(last(), 99)]),
        ["device/ERR/watched-retries"]
    );
    assert_eq!(
        broken(&[report(1, "sleepy")]),
        ["device/MSG/watched-messages"]
    );
}

#[test]
fn each_breach_of_a_server_is_seen() {
    let spoilt = |mut exchange: Exchange, spoil: fn(&mut Response)| {
        spoil(exchange.response.as_mut().expect("there is one"));
        broken(&[exchange])
    };
    let busy = || refused("busy", 503, Some(5));
    assert_eq!(
        spoilt(poll(), |it| it.headers.retain(|(name, _)| name != "etag")),
        ["server/HTTP/watched-mailboxes"]
    );
    assert_eq!(
        spoilt(poll(), |it| it.body = b"{}".to_vec()),
        [
            "server/HTTP/watched-successes",
            "server/HTTP/watched-mailboxes"
        ]
    );
    assert_eq!(
        spoilt(busy(), |it| it
            .headers
            .retain(|(name, _)| name != "retry-after")),
        ["server/HTTP/watched-retry-after"]
    );
    assert_eq!(
        spoilt(busy(), |it| it.status = 500),
        ["server/ERR/watched-refusals"]
    );
    assert_eq!(
        broken(&[refused("no-such-word", 403, None)]),
        ["server/ERR/watched-refusals"]
    );
    assert_eq!(
        spoilt(refused("formal-code-refused", 401, None), |it| it
            .headers
            .truncate(1)),
        ["server/HTTP/watched-challenges"]
    );
    assert_eq!(
        spoilt(report(1, "idle"), |it| {
            let body = String::from_utf8_lossy(&it.body).replace("3a8vb17nbj", "5d4chgnzcn");
            it.body = body.into_bytes();
        }),
        ["server/STA/watched-results"]
    );
}
