//! Services from the command line: from the catalogue to devices that use one, and back.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use restante_core::code::FormalCode;
use restante_core::wire::{Act, Mailbox, Register};
use restante_http::client::Client;

use crate::instructing::{Enrolled, poll};
use crate::place::Place;

const URL: &str = "https://localhost/v1/services/pull-print/registrations";
const USER: [&str; 2] = ["--user", "Anna Weber"];

/// A center whose devices may go to localhost.
fn place() -> Place {
    let place = Place::new();
    let path = place.path("restante.toml");
    let config = fs::read_to_string(&path).expect("made by init");
    let hosts = "service-hosts = [\"localhost\"]";
    let config = config.replace("# service-hosts = []", hosts);
    fs::write(path, config).expect("written");
    place
}

fn of<'a>(words: &[&'a str]) -> Vec<&'a str> {
    [words, &USER[..]].concat()
}

/// What a device presents for the service that its mailbox names.
fn pair(device: &str, mailbox: &Mailbox) -> Register {
    let instruction = mailbox.instructions.first().expect("an instruction");
    let [Act::RegisterService(register)] = instruction.acts.as_slice() else {
        panic!("{instruction:?}");
    };
    assert_eq!(register.url, URL);
    Register {
        device: device.parse().expect("an id"),
        code: register.code.parse().ok(),
    }
}

/// The device's mailbox once the job has made the instruction: the first poll may be too early.
async fn instructed(client: &Client, code: &FormalCode) -> Mailbox {
    loop {
        let mailbox = poll(client, code).await;
        if !mailbox.instructions.is_empty() {
            return mailbox;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_starts_a_service_that_was_applied_for_and_stops_it() {
    let place = place();
    let served = place.serve();
    let Enrolled {
        client,
        device,
        code,
        customer,
    } = Enrolled::at(&place, served.url()).await;
    let defined = place.run(&["service", "define", "pull-print", "--url", URL]);
    assert!(
        defined.starts_with("pull-print can be applied for\n"),
        "{defined}"
    );
    let unused = place.run(&of(&["service", "list", "--unused"]));
    assert!(
        unused.contains("pull-print  pull-print  no    every"),
        "{unused}"
    );

    let shown = place.run(&of(&["apply"]));
    assert!(shown.contains("Candidates for pull-print"), "{shown}");
    assert!(
        shown.contains(&format!("{device}  MF 1   A-1     candidate")),
        "{shown}"
    );
    let listed = place.json(&of(&["applications", "list"]));
    let application = listed[0]["application"].as_str().expect("an id");
    assert_eq!(listed[0]["state"], "choosing");
    no_links(
        &place,
        application,
        &format!(
            "nothing of {application} waits for a device: its devices have yet to be chosen. Choose \
         first:  restante-center choose {application} --user 'Anna Weber' --all"
        ),
    );
    choose_from_elsewhere(&place, served.url(), &customer, (application, &device));

    let mailbox = instructed(&client, &code).await;
    is_open_already(&place, application);
    no_links(
        &place,
        application,
        "none of these devices can be called: 1 without an address. Devices that cannot be called \
         come at their own time",
    );
    let watching = place
        .command(&of(&["applications", "show", application, "--watch"]))
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let service = "pull-print".parse().expect("an id");
    let registered = client.register(&service, &pair(&device, &mailbox)).await;
    assert!(registered.is_ok(), "{registered:?}");
    let watched = watching.wait_with_output().expect("ends by itself");
    let watched = String::from_utf8(watched.stdout).expect("text");
    assert!(
        watched.ends_with("pull-print complete: 1 entitled\n"),
        "{watched}"
    );
    let shown = place.json(&of(&["applications", "show", application]));
    assert_eq!(shown["devices"][0]["state"], "entitled");
    stops(&place, application, &device);
}

/// Nobody can be called for the application, and the refusal says so in these words.
fn no_links(place: &Place, application: &str, says: &str) {
    let plan = ["poll-links", "--application", application];
    let (code, text) = complaint(place, &of(&plan));
    let refused = "restante-center: refused (no-eligible-device): ";
    assert_eq!((code, text), (Some(1), format!("{refused}{says}\n")));
}

/// A second application is refused, with the command that calls the first one off.
fn is_open_already(place: &Place, application: &str) {
    let (refused, text) = complaint(place, &of(&["apply", "--all"]));
    assert_eq!(refused, Some(1));
    assert_eq!(
        text,
        format!(
            "restante-center: refused (application-open): each of the devices has an open \
             application for pull-print. Wait until it is complete, or call it off:  \
             restante-center call-off {application} --user 'Anna Weber'\n"
        )
    );
}

/// The device uses the service, so that nobody is told to start it; and then no longer.
fn stops(place: &Place, application: &str, device: &str) {
    no_links(
        place,
        application,
        &format!(
            "nothing of {application} waits for a device: something has become of each of its devices"
        ),
    );
    let applied = place.run(&of(&["apply", "--all"]));
    let says = "\nLeft out: 1 (uses it already)\nNo device is told to start pull-print.\n";
    assert!(applied.ends_with(says), "{applied}");
    let using = place.run(&of(&["entitlements", "pull-print"]));
    assert!(using.contains(&format!("{device}  MF 1")), "{using}");
    assert_eq!(
        place.run(&of(&["service", "list", "--unused"])),
        "Every service is in use.\n"
    );
    assert_eq!(
        place.run(&of(&["stop-use", "pull-print", "--all"])),
        "stopped: 1 device uses pull-print no longer\n"
    );
    assert_eq!(
        place.run(&of(&["stop-use", "pull-print", "--device", device])),
        "None of these devices uses pull-print.\n"
    );
}

/// An operator chooses the device from another machine; the hint says how to watch it from there.
fn choose_from_elsewhere(place: &Place, url: &str, customer: &str, (id, device): (&str, &str)) {
    let token = place.json(&["token", "issue", "--role", "operator", "--account", "Op"]);
    let token = token["token"].as_str().expect("a token");
    fs::write(place.path("token"), token).expect("written");
    let elsewhere = [
        "--customer",
        customer,
        "--center",
        url,
        "--token-file",
        "token",
    ];
    let choose = ["choose", id, "--device", device];
    let chosen = place.run(&[&choose[..], &elsewhere[..]].concat());
    let options = elsewhere.join(" ");
    let watch = format!("restante-center applications show {id} {options} --watch\n");
    assert!(chosen.ends_with(&watch), "{chosen}");
}

#[test]
fn a_user_whom_nobody_knows_is_named() {
    let place = place();
    place.run(&["service", "define", "pull-print", "--url", URL]);
    let nobody = place
        .command(&["apply", "--user", "Anna Weber", "--all"])
        .output()
        .expect("runs");
    assert_eq!(
        String::from_utf8_lossy(&nobody.stderr),
        "restante-center: you have no user Anna Weber; `code list` shows whom you have\n"
    );
    place.run(&["code", "issue", "--user", "Anna Weber"]);
    let (code, text) = complaint(&place, &["apply", "--user", "Anna Weber", "--all"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        text,
        "restante-center: Anna Weber holds no device yet: its code has not been used\n"
    );
}

#[test]
fn an_administrator_elsewhere_applies_for_the_own_customer_without_naming_it() {
    let place = place();
    let issued = place.json(&["code", "issue", "--user", "Anna Weber"]);
    let role = ["--role", "administrator", "--account", "Anna"];
    let token = place.json(&of(&[&["token", "issue"], &role[..]].concat()));
    assert_eq!(token["row"]["customer"], issued["row"]["customer"]);
    let text = token["token"].as_str().expect("a token");
    fs::write(place.path("token"), text).expect("written");
    place.run(&["service", "define", "pull-print", "--url", URL]);
    let served = place.serve();
    let far = ["--center", served.url(), "--token-file", "token"];
    let ask = |words: &[&str]| complaint(&place, &[words, &far[..]].concat());
    let (code, text) = ask(&["apply", "--all"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("no-eligible-device"), "{text}");
    let listed = place.run(&[&["service", "list", "--unused"], &far[..]].concat());
    assert!(listed.contains("pull-print  pull-print  no"), "{listed}");
    let (_, text) = ask(&["apply", "--all", "--user", "Anna Weber"]);
    assert_eq!(
        text,
        "restante-center: this token knows no user Anna Weber: users are named by the dealer who \
         made their codes; leave --user out where the token is for one customer, and give \
         --customer ID otherwise\n"
    );
    let (code, text) = ask(&["service", "define", "pull-print", "--url", URL]);
    assert_eq!(code, Some(1));
    assert!(text.contains("role-forbidden"), "{text}");
}

/// What the program complains of.
fn complaint(place: &Place, words: &[&str]) -> (Option<i32>, String) {
    let output = place.command(words).output().expect("runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), text)
}

#[test]
fn what_cannot_be_asked_is_said_with_what_to_do() {
    let place = place();
    let application = "app-00000000000000000000000001";
    let (code, text) = complaint(&place, &["choose", application]);
    assert_eq!(code, Some(2));
    assert_eq!(
        text,
        "restante-center: say which devices: --all, --model MODEL or --device ID\n"
    );
    let url = "https://elsewhere.example/";
    let (code, text) = complaint(&place, &["service", "define", "x", "--url", url]);
    assert_eq!(code, Some(1));
    assert!(text.contains("adds it to `service-hosts`"), "{text}");
    let (code, text) = complaint(&place, &["service", "define", "X", "--url", url]);
    assert_eq!(code, Some(2));
    assert!(text.contains("the service id"), "{text}");
    let (code, text) = complaint(&place, &["stop-use", "x"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("--all"), "{text}");
    let (_, text) = complaint(&place, &["entitlements", "x"]);
    assert!(text.contains("name the customer"), "{text}");
}
