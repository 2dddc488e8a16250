//! Registrations by mail, from a device's or a gateway's program through a mail server of others
//! and its pipe to the center; and what `take-mail` says to mail servers.
//!
//! The mail server is aiosmtpd, in the virtual environment that `.ci/mail-server` makes. Where that
//! is not there, what needs it is skipped and says so; in CI it fails.

#[path = "../beside/mod.rs"]
mod beside;
#[path = "../../../mail/tests/mail_server/mod.rs"]
mod mail_server;
#[path = "../place/mod.rs"]
mod place;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use mail_server::python;
use place::Place;

const USER: [&str; 2] = ["--user", "Anna Weber"];
const URL: &str = "https://localhost/v1/services/pull-print/registrations";

#[test]
fn a_device_is_entitled_by_a_mail_that_waits_for_its_center_and_comes_twice() {
    let Some(python) = python() else {
        return;
    };
    let place = place();
    let mut center = place.serve();
    define_and_enrol(&place, center.url());
    place.run(&[&["apply", "pull-print", "--all"], &USER[..]].concat());
    fs::write(place.path("hold"), "").expect("written");
    let server = MailServer::start(&python, &place);

    let device = registering(&place, &server, &["run", "--state", "device.state"]);
    until("a mail is taken", || {
        log(&place).contains("taken for services@center.example")
    });
    assert_eq!(rows(&place), 0, "it waits");

    center.kill();
    fs::remove_file(place.path("hold")).expect("it was there");
    until("the mail is kept", || log(&place).contains("delivered 75"));
    let said = "no center runs on this machine; start it with: restante-center serve";
    assert!(log(&place).contains(said), "{}", log(&place));
    drop(device);
    let _center = place.serve();
    until("both copies are delivered", || {
        log(&place).matches("delivered 0").count() == 2
    });
    assert_eq!(rows(&place), 1);
    let serve = fs::read_to_string(place.path("serve.log")).expect("a log");
    let accepted = serve.matches("a mail's registration is accepted").count();
    assert_eq!(accepted, 2, "{serve}");
    let entitled = || shown(&place).contains("\"entitled\"");
    until("the application counts it", entitled);
}

#[test]
fn a_gateway_registers_its_device_by_mail() {
    let Some(python) = python() else {
        return;
    };
    let place = place();
    let center = place.serve();
    place.run(&["service", "define", "pull-print", "--url", URL]);
    let (_child, address) = child(&place);
    let site = ["--state", "gw.state", "--no-multicast", "--child", &address];
    let code = issued(&place);
    let enrol = ["--center", center.url(), "--code", &code];
    run_device(&place, &[&["gateway", "enrol"], &enrol[..], &site].concat());
    place.run(&[&["apply", "pull-print", "--all"], &USER[..]].concat());
    let server = MailServer::start(&python, &place);
    let _gateway = registering(&place, &server, &[&["gateway", "run"], &site[..]].concat());
    until("the device is entitled", || rows(&place) == 1);
}

#[test]
fn mail_servers_are_told_what_to_do_with_a_mail() {
    let place = place();
    let mail = "Subject: hello\r\n\r\nNothing for a center.\r\n";
    let kept = take(&place, &[], mail);
    assert_eq!(kept.status.code(), Some(75), "no center runs");
    assert_eq!(
        text(&kept.stderr),
        "restante-center: no center runs on this machine; start it with: restante-center serve\n"
    );
    let _center = place.serve();
    assert_eq!(take(&place, &[], mail).status.code(), Some(0));
    assert_eq!(
        take(&place, &[], &"x".repeat(400_000)).status.code(),
        Some(0)
    );
    let rejected = take(&place, &["--reject"], mail);
    assert_eq!(rejected.status.code(), Some(65));
    assert_eq!(
        text(&rejected.stderr),
        "restante-center: the mail has no part of the type application/vnd.restante+json\n"
    );
    let stranger = concat!(
        "Content-Type: application/vnd.restante+json\r\n\r\n",
        r#"{"register": {"url": "https://localhost/start", "#,
        r#""device": "dev-3a8vb17nbj0ppvb2k328nzj1mg", "code": "163abc45"}}"#
    );
    let refused = take(&place, &["--reject"], stranger);
    assert_eq!(
        refused.status.code(),
        Some(0),
        "nobody learns that it is refused"
    );
    assert_eq!(
        (text(&refused.stdout), text(&refused.stderr)),
        (String::new(), String::new())
    );
    for slip in [
        &["--nonsense"][..],
        &["--center", "https://center.example"],
        &["--config", "nowhere.toml"],
    ] {
        let status = take(&place, slip, mail).status.code();
        assert_eq!(status, Some(75), "{slip:?} can be mended");
    }
    let log = fs::read_to_string(place.path("serve.log")).expect("a log");
    for words in [
        "a mail holds no message",
        "the mail has more than 262144 bytes",
        "registration-device-mismatch",
    ] {
        assert!(log.contains(words), "{words}: {log}");
    }
}

/// A center whose devices may go to localhost, and come every second.
fn place() -> Place {
    let place = Place::new();
    let path = place.path("restante.toml");
    let config = fs::read_to_string(&path).expect("made by init");
    let policy = "service-hosts = [\"localhost\"]\npoll = \"1s\"";
    fs::write(path, config.replace("# service-hosts = []", policy)).expect("written");
    place
}

fn define_and_enrol(place: &Place, url: &str) {
    place.run(&["service", "define", "pull-print", "--url", URL]);
    let code = issued(place);
    let enrol = ["enrol", "--center", url, "--code", &code];
    let me = ["--serial", "D10020102", "--state", "device.state"];
    run_device(place, &[&enrol[..], &me].concat());
}

/// A provisional code.
fn issued(place: &Place) -> String {
    let issued = place.json(&[&["code", "issue"], &USER[..]].concat());
    issued["code"].as_str().expect("a code").to_owned()
}

/// Runs the device's program to its end.
fn run_device(place: &Place, arguments: &[&str]) {
    let mut command = Command::new(beside::device());
    let command = command.current_dir(place.path(".")).args(arguments);
    let output = command.output().expect("the device runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// A device or a gateway that polls for ever and registers by mail.
fn registering(place: &Place, server: &MailServer, arguments: &[&str]) -> Running {
    Running(
        Command::new(beside::device())
            .current_dir(place.path("."))
            .args(arguments)
            .args(["--smtp", &format!("127.0.0.1:{}", server.port)])
            .args(["--register-by-mail", "services@center.example"])
            .args(["--mail-from", "copier@site.example"])
            .args(["--smtp-security", "plain"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("the device runs"),
    )
}

/// A device behind a gateway, and where it listens.
fn child(place: &Place) -> (Running, String) {
    let mut child = Command::new(beside::device())
        .current_dir(place.path("."))
        .args(["child", "--serial", "D10020103", "--no-multicast"])
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the device runs");
    let output = child.stdout.take().expect("piped");
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).expect("a line");
    let (_, address) = line.trim().split_once("listens at ").expect("an address");
    (Running(child), address.to_owned())
}

/// How many devices use the service.
fn rows(place: &Place) -> usize {
    let listed = place.json(&[&["entitlements", "pull-print"], &USER[..]].concat());
    listed.as_array().map_or(0, Vec::len)
}

/// The devices of the only application.
fn shown(place: &Place) -> String {
    let listed = place.json(&[&["applications", "list"], &USER[..]].concat());
    let id = listed[0]["application"].as_str().expect("an id");
    let shown = place.json(&[&["applications", "show", id], &USER[..]].concat());
    shown.to_string()
}

fn take(place: &Place, options: &[&str], mail: &str) -> Output {
    let mut command = place.command(&[&["take-mail"], options].concat());
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it runs");
    let mut input = child.stdin.take().expect("piped");
    // One that is used wrongly ends before it has read.
    let _ = input.write_all(mail.as_bytes());
    drop(input);
    child.wait_with_output().expect("it ends")
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A mail server that pipes into `take-mail`.
struct MailServer {
    port: u16,
    _process: Running,
}

impl MailServer {
    fn start(python: &Path, place: &Place) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/by_mail/mail_server.py");
        let mut child = Command::new(python)
            .current_dir(place.path("."))
            .arg(script)
            .args([
                "hold",
                "mail.log",
                env!("CARGO_BIN_EXE_restante-center"),
                "take-mail",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python runs");
        let output = child.stdout.take().expect("piped");
        let mut port = String::new();
        BufReader::new(output).read_line(&mut port).expect("a line");
        Self {
            port: port.trim().parse().expect("a port"),
            _process: Running(child),
        }
    }
}

fn log(place: &Place) -> String {
    fs::read_to_string(place.path("mail.log")).unwrap_or_default()
}

fn until(what: &str, is: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < PATIENCE, "never seen: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// For programs on a machine that does other things as well.
const PATIENCE: Duration = Duration::from_secs(120);
