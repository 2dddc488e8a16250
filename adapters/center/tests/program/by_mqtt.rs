//! A device and its center with a broker of others between them: what the device enrols with and
//! polls for lies in the center's store, and a broker that is away or not fit for it is named.
//!
//! The broker is mosquitto, which `.ci/run install` installs. Where it is not there, what needs it
//! is skipped and says so; in CI it fails.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use restante_core::code::ProvisionalCode;
use restante_core::wire::PollReply;
use restante_mqtt::{Device, Login, OnRumqttc, Settings};
use tokio::runtime::Runtime;

use crate::mosquitto::{Mosquitto, is_installed, passwords};
use crate::place::Place;
use crate::sealing::{enrolled, polled_again, sender};
use crate::serving::get;

/// A center with this section in its configuration, besides metrics.
fn place(section: &str) -> Place {
    let place = Place::new();
    let path = place.path("restante.toml");
    let config = fs::read_to_string(&path).expect("made by init");
    let config = config.replace("[metrics]", &format!("[mqtt]\n{section}\n\n[metrics]"));
    fs::write(&path, config).expect("written");
    place
}

/// A broker that wants a login, and a center that has one.
fn at_broker() -> Option<(Mosquitto, Place)> {
    if !is_installed() {
        return None;
    }
    let lines = "allow_anonymous false\npassword_file @/passwords";
    let files = [("passwords", &*passwords(&["center", "device"]))];
    let broker = Mosquitto::planned(lines, &files)?;
    let port = broker.port;
    let section = format!("broker = \"mqtt://127.0.0.1:{port}\"\ncredentials = \"mqtt-login\"");
    let place = place(&section);
    private(&place, "mqtt-login", "center\ncenter\n");
    Some((broker, place))
}

fn private(place: &Place, name: &str, text: &str) {
    fs::write(place.path(name), text).expect("written");
    let mode = fs::Permissions::from_mode(0o600);
    fs::set_permissions(place.path(name), mode).expect("set");
}

/// A device at the broker, which hands over envelopes until they are answered.
struct AtBroker {
    runtime: Runtime,
    device: Device<OnRumqttc>,
}

impl AtBroker {
    fn new(broker: &Mosquitto) -> Self {
        let url = format!("mqtt://127.0.0.1:{}", broker.port);
        let settings = Settings {
            broker: url.parse().expect("a broker"),
            client: "device".parse().expect("a name"),
            login: Login::from_lines("device\ndevice\n"),
            tls: None,
        };
        let client = OnRumqttc::new(settings).expect("settings");
        let runtime = Runtime::new().expect("a runtime");
        let device = Device::new(client);
        Self { runtime, device }
    }

    fn hand(&mut self, envelope: &[u8]) -> Vec<u8> {
        let begun = Instant::now();
        loop {
            let exchange = self.device.exchange(envelope, Duration::from_secs(2));
            match self.runtime.block_on(exchange) {
                Ok(reply) => return reply.expect("no mail"),
                Err(error) => assert!(begun.elapsed() < HANG, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn issued(place: &Place) -> ProvisionalCode {
    let issued = place.json(&["code", "issue", "--user", "Anna Weber"]);
    let code = issued["code"].as_str().expect("a code");
    code.parse().expect("one")
}

fn until_logged(place: &Place, what: &str) {
    let begun = Instant::now();
    let log = || fs::read_to_string(place.path("serve.log")).expect("a log");
    while !log().contains(what) {
        assert!(begun.elapsed() < HANG, "never logged {what:?}: {}", log());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The figure, as metrics show it.
fn listening(metrics: &str) -> bool {
    let shown = get(metrics.trim_end_matches("/metrics"), "/metrics");
    let line = shown
        .lines()
        .find(|line| line.starts_with("restante_mqtt_listening "));
    line.expect("a center with a broker") == "restante_mqtt_listening 1"
}

#[test]
fn a_device_enrols_and_polls_through_a_broker_that_restarts() {
    let Some((mut broker, place)) = at_broker() else {
        return;
    };
    broker.start();
    let served = place.serve();
    let metrics = served.ready["metrics"].as_str().expect("an address");
    let mut device = AtBroker::new(&broker);
    let code = enrolled(|it| device.hand(it), &issued(&place));
    let mut sealing = sender(&code);
    let reply = polled_again(|it| device.hand(it), &mut sealing);
    assert!(matches!(reply, PollReply::Mailbox(_)), "{reply:?}");
    assert!(listening(metrics));
    broker.stop();
    until_logged(&place, "nothing comes over MQTT");
    assert!(!listening(metrics));
    let ready = get(served.url(), "/readyz");
    assert!(ready.starts_with("HTTP/1.1 200 "), "{ready}");
    broker.start();
    let reply = polled_again(|it| device.hand(it), &mut sealing);
    assert!(matches!(reply, PollReply::Mailbox(_)), "{reply:?}");
    let listed = place.json(&["code", "list"]);
    assert_eq!(listed[0]["used"], 1, "{listed}");
}

#[test]
fn a_broker_that_is_away_at_the_start_is_named_and_found_later() {
    let Some((mut broker, place)) = at_broker() else {
        return;
    };
    let _served = place.serve();
    let away = format!(
        "the broker 127.0.0.1:{} cannot be reached: Connection refused (os error 111)",
        broker.port
    );
    until_logged(&place, &away);
    broker.start();
    let mut device = AtBroker::new(&broker);
    enrolled(|it| device.hand(it), &issued(&place));
}

#[test]
fn what_no_device_has_sealed_is_logged_and_leaves_the_line_as_it_is() {
    let Some((mut broker, place)) = at_broker() else {
        return;
    };
    broker.start();
    let _served = place.serve();
    until_logged(&place, "listening at the broker");
    let mut device = AtBroker::new(&broker);
    // It reads like a request and is sealed by nobody.
    let mut nobodys = vec![1, 1, 0, 0, 0, 1, 1];
    nobodys.extend([0xab; 16]);
    nobodys.extend(1_u64.to_be_bytes());
    nobodys.extend([0; 40]);
    let silent = device.device.exchange(&nobodys, Duration::from_secs(1));
    device.runtime.block_on(silent).expect_err("no answer");
    until_logged(&place, "sealed-unopened");
    enrolled(|it| device.hand(it), &issued(&place));
}

#[test]
fn a_section_that_cannot_serve_is_refused_in_one_line() {
    let refused = |section: &str, login: Option<&str>| {
        let place = place(section);
        if let Some(login) = login {
            private(&place, "mqtt-login", login);
        }
        let output = place
            .command(&["serve"])
            .output()
            .expect("the program runs");
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        said.lines().last().expect("a line").to_owned()
    };
    let with_login = "broker = \"mqtt://127.0.0.1:1\"\ncredentials = \"mqtt-login\"";
    for (section, login, says) in [
        (
            "broker = \"http://broker.example\"",
            None,
            "`broker` is \"http://broker.example\"; write it as mqtts://broker.example or \
             mqtt://broker.example:1883",
        ),
        (
            "broker = \"mqtt://me:secret@broker.example\"",
            None,
            "a user name and a password do not belong in a URL; they have a file of their own",
        ),
        (
            "share = \"centers\"",
            None,
            "[mqtt] needs `broker`, such as mqtts://broker.example",
        ),
        (
            "broker = \"mqtt://a\"\nclient-id = \"Center\"",
            None,
            "`client-id` is \"Center\"; it has to be 1 to 64 of the characters a to z, 0 to 9 and -",
        ),
        (
            "broker = \"mqtt://a\"\nca = \"ca.pem\"",
            None,
            "`ca` is for a broker over TLS; write `broker` as mqtts://…",
        ),
        (
            "broker = \"mqtt://broker.example\"\ncredentials = \"mqtt-login\"",
            Some("center\nsecret\n"),
            "a password would travel in the clear; write `broker` as mqtts://…",
        ),
        (
            with_login,
            None,
            "mqtt-login cannot be read: No such file or directory (os error 2)",
        ),
        (
            with_login,
            Some("center"),
            "mqtt-login holds no login for the broker: it has to be the user's name and the \
             password, on a line each; check `credentials` in [mqtt]",
        ),
        (
            "broker = \"mqtts://a\"\nca = \"keys.toml\"",
            None,
            "keys.toml: there is no certificate to trust in the text that was given; check `ca` \
             in [mqtt]",
        ),
    ] {
        let said = refused(section, login);
        assert!(said.ends_with(says), "{section}: {said}");
    }
}

/// What waits longer hangs: a bound for a machine under load, which no test reaches that passes.
const HANG: Duration = Duration::from_secs(60);
