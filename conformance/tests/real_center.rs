//! The kit against a center that is a process of its own, as a vendor runs it: over HTTPS, with a
//! hook, and with everything that can go wrong with both in the middle of a run.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use restante_conformance::results::{Results, read};
use restante_conformance::verdict::Verdict;

const KIT: &str = env!("CARGO_BIN_EXE_restante-conformance");

/// A hook that can do what a center's operator can: pull the plug. It cannot move time.
const PLUG: &str = r#"
    *'"factory":true'*)
      printf '{"id":%s,"unsupported":"the center runs by its own clock"}\n' "$id";;
    *'"verb":"reset"'*)
      pid=$(cat center.pid); kill -9 "$pid"; rm -f ready.json
      # It holds the store until it is gone, or a zombie that nobody has waited for.
      while [ -e "/proc/$pid" ] && ! grep -q '^State:.Z' "/proc/$pid/status"; do sleep 0.02; done
      "$CENTER" serve --ready-file ready.json </dev/null >/dev/null 2>>serve.log &
      echo $! >center.pid
      while [ ! -f ready.json ]; do sleep 0.02; done
      printf '{"id":%s,"ok":{}}\n' "$id";;
    *'"verb":"mail"'*)
      mail=$(printf '%s' "$line" | sed 's/.*"mail":"\([^"]*\)".*/\1/')
      if printf '%s' "$mail" | base64 -d | "$CENTER" take-mail 2>>serve.log
      then printf '{"id":%s,"ok":{}}\n' "$id"
      else printf '{"id":%s,"error":"the center did not take the mail"}\n' "$id"
      fi;;"#;

#[test]
fn a_real_center_holds_as_far_as_its_hook_reaches() {
    let place = Place::serving();
    let (code, text) = place.kit(&[
        "--hook",
        &place.hook(&answering(PLUG, "the center runs by its own clock")),
    ]);
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("MUSTs could not be tested"), "{text}");
    let results = place.results();
    for case in &results.cases {
        let fair = matches!(case.verdict, Verdict::Pass | Verdict::Untested);
        assert!(fair, "{} {}: {}", case.verdict, case.case, case.reason);
        let said = case.verdict == Verdict::Pass || case.reason.contains("its own clock");
        assert!(said, "{} does not say why: {}", case.case, case.reason);
    }
    let crash = "server/MSG/what-was-acknowledged-survives-a-crash";
    let crash = results
        .cases
        .iter()
        .find(|case| case.case.as_str() == crash);
    assert_eq!(crash.map(|case| case.verdict), Some(Verdict::Pass));
    let (code, text) = place.run(&["claim", "out"]);
    assert_eq!(code, Some(2), "an untested MUST allows no claim: {text}");
}

#[test]
fn a_center_set_up_anew_without_an_operator_s_token_ends_the_run() {
    let place = Place::serving();
    // Its operator is another one from now on, and the hook names no token.
    let forgetting = answering(
        r#"
    *'"factory":true'*)
      "$CENTER" token revoke "$(cat token.id)" >/dev/null 2>>serve.log
      printf '{"id":%s,"ok":{}}\n' "$id";;"#,
        "no",
    );
    let resets = "server/SCN/the-only-service-is-not-named";
    let hook = place.hook(&forgetting);
    let arguments = ["--hook", &hook, "--seed", "2", resets, "server/MOD/*"];
    let (code, text) = place.kit(&arguments);
    assert_eq!(code, Some(3), "{text}");
    let results = place.results();
    let last = results.cases.last().expect("some ran");
    assert_eq!(last.case.as_str(), resets, "nothing is tried after it");
    assert!(
        results.cases.len() < 7,
        "it is not the last of those chosen"
    );
    let says = "without naming a token of its operator (`operator`), and the one that the kit was \
                given is refused there: the run ends";
    assert!(last.reason.contains(says), "{text}");
}

#[test]
fn a_center_set_up_anew_that_keeps_its_operator_s_token_is_tried_on() {
    let place = Place::serving();
    let keeping = answering(
        r#"    *'"factory":true'*) printf '{"id":%s,"ok":{}}\n' "$id";;"#,
        "no",
    );
    let resets = "server/SCN/the-only-service-is-not-named";
    let (code, text) = place.kit(&["--hook", &place.hook(&keeping), resets]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn untested_musts_are_accepted_aloud() {
    let place = Place::serving();
    let expiry = "server/COD/a-code-*";
    let (code, text) = place.kit(&["--accept-untested", expiry, "server/ENR/a-first-enrolment"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("went untested, as was accepted"), "{text}");
}

#[test]
fn a_center_that_is_killed_in_mid_run_is_no_verdict() {
    let place = Place::serving();
    let mut kit = place.command(&[]);
    let mut child = kit.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let child = child.as_mut().expect("the kit starts");
    let progress = BufReader::new(child.stderr.take().expect("piped"));
    let mut lines = progress.lines();
    assert!(lines.by_ref().take(5).all(|line| line.is_ok()));
    place.kill();
    lines.for_each(drop);
    let mut text = String::new();
    let output = child.stdout.as_mut().expect("piped");
    output.read_to_string(&mut text).expect("text");
    let code = child.wait().expect("it ends").code();
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("The kit cannot tell"), "{text}");
    let (code, text) = place.run(&["claim", "out"]);
    assert_eq!(code, Some(2), "{text}");
}

#[test]
fn a_hook_that_says_yes_to_anything_ends_the_run() {
    let place = Place::serving();
    let (code, text) = place.kit(&["--hook", &place.hook(&saying("\"ok\":{}"))]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("prove nothing"), "{text}");
    assert!(!place.path("out").exists(), "no report of what was no run");
}

#[test]
fn a_hook_that_lies_about_time_makes_no_pass() {
    let place = Place::serving();
    let lying = answering(
        r#"    *'"verb":"advance"'*) printf '{"id":%s,"ok":{}}\n' "$id";;"#,
        "no",
    );
    let expiry = "server/COD/a-code-expires-at-its-instant";
    let (code, text) = place.kit(&["--hook", &place.hook(&lying), expiry]);
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(place.results().cases[0].verdict, Verdict::Fail, "{text}");
}

#[test]
fn a_hook_that_dies_is_no_verdict() {
    let place = Place::serving();
    let once = saying("\"unsupported\":\"no\"").replace("done", "exit; done");
    let expiry = "server/COD/a-code-expires-at-its-instant";
    let (code, text) = place.kit(&["--hook", &place.hook(&once), expiry]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("the hook ended"), "{text}");
}

/// A hook with these arms of a `case`, which is unable to do anything else, and why.
fn answering(arms: &str, unable: &str) -> String {
    let id = r#"id=$(printf '%s' "$line" | sed 's/.*"id":\([0-9]*\).*/\1/')"#;
    let rest = format!(r#"*) printf '{{"id":%s,"unsupported":"{unable}"}}\n' "$id";;"#);
    format!(
        "while read -r line; do\n  {id}\n  case \"$line\" in\n{arms}\n    {rest}\n  esac\ndone\n"
    )
}

/// A hook that answers everything alike.
fn saying(what: &str) -> String {
    let id = r#"id=$(printf '%s' "$line" | sed 's/.*"id":\([0-9]*\).*/\1/')"#;
    let what = what.replace('"', "\\\"");
    format!("while read -r line; do {id}; echo \"{{\\\"id\\\":$id,{what}}}\"; done\n")
}

/// A folder with a center that serves on a port of this machine.
struct Place {
    folder: tempfile::TempDir,
    url: String,
    token: String,
    /// The center that the test itself started; a hook may have put another in its place.
    first: Option<Child>,
}

impl Place {
    fn serving() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let mut place = Self {
            folder,
            url: format!("https://127.0.0.1:{port}"),
            token: String::new(),
            first: None,
        };
        place.center(&["init", "--dir", "."]);
        place.configure(port);
        fs::write(place.path("profile.toml"), PROFILE).expect("written");
        place.serve();
        let token = ["token", "issue", "--role", "operator", "--account", "kit"];
        let issued = place.center(&[&token[..], &["--json"]].concat());
        let issued: serde_json::Value = serde_json::from_str(&issued).expect("JSON");
        let id = issued["row"]["token"].as_str().expect("its id");
        fs::write(place.path("token.id"), id).expect("written");
        issued["token"]
            .as_str()
            .expect("a token")
            .clone_into(&mut place.token);
        place
    }

    /// The port, and times so short that cases about slow peers end soon.
    fn configure(&self, port: u16) {
        let path = self.path("restante.toml");
        let config = fs::read_to_string(&path).expect("made by init");
        let config = config
            .replace(
                "# listen = [\"127.0.0.1:8443\"]",
                &format!("listen = [\"127.0.0.1:{port}\"]"),
            )
            .replace(
                "# service-hosts = []",
                "service-hosts = [\"kit.services.example\", \"service-x.a.com\", \
                 \"service-y.a.com\", \"service-z.a.com\"]",
            )
            .replace("# head-time = \"10s\"", "head-time = \"3s\"")
            .replace("# body-time = \"30s\"", "body-time = \"4s\"");
        assert!(config.contains("\nhead-time") && config.contains("\nbody-time"));
        fs::write(path, config).expect("written");
    }

    fn serve(&mut self) {
        let log = fs::File::create(self.path("serve.log")).expect("a log");
        let child = Command::new(center())
            .current_dir(self.folder.path())
            .args(["serve", "--ready-file", "ready.json"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the center starts");
        fs::write(self.path("center.pid"), child.id().to_string()).expect("written");
        self.first = Some(child);
        let begun = Instant::now();
        while !self.path("ready.json").exists() {
            assert!(begun.elapsed() < PATIENCE, "the center is not ready");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends the center that serves now, whoever has started it.
    fn kill(&self) {
        let process = fs::read_to_string(self.path("center.pid")).expect("a number");
        let killed = Command::new("kill").args(["-9", process.trim()]).status();
        assert!(killed.is_ok());
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn hook(&self, script: &str) -> String {
        fs::write(self.path("hook.sh"), script).expect("written");
        format!("CENTER={} sh hook.sh", center().display())
    }

    fn center(&self, arguments: &[&str]) -> String {
        let output = Command::new(center())
            .current_dir(self.folder.path())
            .args(arguments)
            .output()
            .expect("the center's program runs");
        let (status, text) = said(output);
        assert_eq!(status, Some(0), "{text}");
        text
    }

    /// The kit, told to test this center.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(KIT);
        command
            .current_dir(self.folder.path())
            .env("RESTANTE_OPERATOR_TOKEN", &self.token)
            .args(["server", "--target", &self.url, "--profile", "profile.toml"])
            .args(["--ca", "tls/certificate.pem", "--out", "out"])
            .args(arguments);
        command
    }

    fn kit(&self, arguments: &[&str]) -> (Option<i32>, String) {
        said(self.command(arguments).output().expect("the kit runs"))
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(KIT);
        command.current_dir(self.folder.path()).args(arguments);
        said(command.output().expect("the kit runs"))
    }

    fn results(&self) -> Results {
        read(&self.path("out")).expect("results")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.kill();
        if let Some(first) = &mut self.first {
            // It is dead by now, one way or the other.
            let _ = first.wait();
        }
    }
}

fn said(output: Output) -> (Option<i32>, String) {
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.code(), text)
}

/// A port on which nobody listens: taken and given back.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("bound").port()
}

/// The center's program beside the kit's. Testing the whole workspace builds it; testing this
/// package alone does not, and then it is built here, with the features that both have together.
fn center() -> &'static Path {
    static CENTER: OnceLock<PathBuf> = OnceLock::new();
    CENTER.get_or_init(|| {
        let beside = Path::new(KIT).with_file_name("restante-center");
        if beside.exists() {
            return beside;
        }
        let release = beside.parent().is_some_and(|dir| dir.ends_with("release"));
        let mut build = Command::new(env!("CARGO"));
        build.current_dir(env!("CARGO_MANIFEST_DIR"));
        build.args(["build", "--quiet", "--bins"]);
        build.args(["-p", "restante-center", "-p", "restante-conformance"]);
        if release {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo runs").success());
        beside
    })
}

const PROFILE: &str = "role = \"server\"\nspec = 1\ntransports = [\"http\"]\ncontrol = \"c2\"\n\
                       features = [\"operator\", \"readings\", \"throttle\", \
                       \"instructions\", \"services\", \"waiting\", \"providers\", \
                       \"poll-requests\", \"mail\", \"sealed\"]\n\
                       [limits]\nhead = 3\nbody = 4\n\
                       [product]\nvendor = \"Restante\"\nname = \"restante-center\"\n";
/// How long a center may take until it serves, on a machine that has much to do.
const PATIENCE: Duration = Duration::from_secs(60);
