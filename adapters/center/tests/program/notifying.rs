//! Telling a webhook: signed, over TLS, and again until the receiver has taken it.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use restante_center::Setup;
use restante_core::Timestamp;
use restante_core::center::{Center, EffectKind, Keys, Policy};
use restante_core::id::{AttemptId, EffectId};
use restante_core::record::{Change, Outbox, Write, Written};
use restante_crypto::RingCrypto;
use restante_http::client::{Trust, Webhook};
use restante_store::{Clock, Driver, MemoryStore, SystemClock};

use crate::instructing::Enrolled;
use crate::place::Place;
use crate::receiver::{Receiver, SECRET, free};
use crate::serving::get_as;

/// A center that tells `address`, gives an attempt a second, and lets devices go to localhost.
fn place(address: SocketAddr) -> Place {
    let place = Place::new();
    let path = place.path("restante.toml");
    let config = fs::read_to_string(&path).expect("made by init");
    let hosts = "service-hosts = [\"localhost\"]";
    let notify = format!(
        "[notify]\nwebhook = \"https://{address}/hook\"\nsecret = \"secret\"\n\
         ca = \"tls/certificate.pem\"\nwithin = \"1s\""
    );
    let config = config
        .replace("# service-hosts = []", hosts)
        .replace("[notify]", &notify);
    fs::write(path, config).expect("written");
    fs::write(place.path("secret"), format!("{SECRET}\n")).expect("written");
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(place.path("secret"), private).expect("set");
    place
}

/// Enrols a device and applies for a service on it; the application's id.
async fn apply(place: &Place, url: &str) -> String {
    Enrolled::at(place, url).await;
    let at = "https://localhost/v1/services/pull-print/registrations";
    place.run(&["service", "define", "pull-print", "--url", at]);
    let applied = place.json(&["apply", "--user", "Anna Weber", "--all"]);
    let id = applied["applications"][0]["application"].as_str();
    id.expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_down_and_then_fails_is_told_once_it_takes_what_it_is_told() {
    let address = free();
    let place = place(address);
    let served = place.serve();
    let application = apply(&place, served.url()).await;
    let log = || fs::read_to_string(place.path("serve.log")).expect("a log");
    while !log().contains("the webhook was not told") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(log().contains("the instructions of an application are in the mailboxes"));
    let script = vec![(500, Duration::ZERO), (500, Duration::ZERO)];
    let receiver = Receiver::start(address, &place.path("tls"), script).await;
    let messages = receiver.messages(3).await;
    let (id, told) = &messages[0];
    assert!(id.starts_with("eff-"), "{id}");
    assert!(
        messages
            .iter()
            .all(|(other, body)| other == id && body == told)
    );
    assert_eq!(told["type"], "instructions-waiting");
    assert_eq!(told["data"]["application"], *application);
    assert_eq!(told["data"]["service"], "pull-print");
    assert_eq!(told["data"]["devices"], 1);
    while !log().contains("the webhook answers again") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // What was taken leaves the outbox, and with it the exports.
    let is_kept = |number: u32| {
        let name = format!("{number}.jsonl");
        place.run(&["export", &name]);
        let all = fs::read_to_string(place.path(&name)).expect("written");
        all.contains("instructionsWaiting")
    };
    (0..).find(|number| !is_kept(*number));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_says_how_many_devices_wait_and_where_they_are_listed_by_their_ids() {
    let address = free();
    let place = place(address);
    let receiver = Receiver::start(address, &place.path("tls"), Vec::new()).await;
    let served = place.serve();
    apply(&place, served.url()).await;
    let (_, told) = receiver.messages(1).await.remove(0);
    assert_eq!(told["data"]["devices"], 1);
    assert!(!told.to_string().contains("dev-"), "{told}");
    let operator = ["token", "issue", "--role", "operator", "--account", "Ops"];
    let operator = place.json(&operator);
    let token = operator["token"].as_str().expect("a token");
    let list = told["data"]["list"].as_str().expect("a place");
    let path = list.find("/v1/").and_then(|at| list.get(at..));
    let listed = get_as(
        served.url(),
        path.expect("a path"),
        &format!("Bearer {token}"),
    );
    assert!(listed.contains("\"device\":\"dev-"), "{listed}");
    assert!(listed.contains("\"state\":\"waiting\""), "{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_slow_is_told_again_under_the_same_id() {
    let address = free();
    let place = place(address);
    let script = vec![(204, Duration::from_secs(3))];
    let receiver = Receiver::start(address, &place.path("tls"), script).await;
    let served = place.serve();
    apply(&place, served.url()).await;
    let messages = receiver.messages(2).await;
    assert_eq!(messages[0], messages[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirection_is_not_followed_and_holds_up_no_other() {
    let address = free();
    let place = place(address);
    let script = vec![(307, Duration::ZERO)];
    let receiver = Receiver::start(address, &place.path("tls"), script).await;
    let served = place.serve();
    apply(&place, served.url()).await;
    receiver.messages(1).await;
    let log = || fs::read_to_string(place.path("serve.log")).expect("a log");
    while !log().contains("the receiver answered 307") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let at = "https://localhost/v1/services/scan/registrations";
    place.run(&["service", "define", "scan", "--url", at]);
    place.run(&["apply", "scan", "--user", "Anna Weber", "--all"]);
    let messages = receiver.messages(2).await;
    let of = |at: usize| messages[at].1["data"]["service"].as_str();
    assert_eq!((of(0), of(1)), (Some("pull-print"), Some("scan")));
}

/// An alarm that lay in the outbox when the center before this one ended.
fn left_behind() -> (MemoryStore, EffectId) {
    let mut id = [7; 16];
    let at = Timestamp::from_millis(SystemClock.now().as_millis() - 120_000);
    id[..8].copy_from_slice(&(at.as_millis() << 16).to_be_bytes());
    let id = EffectId::from_bytes(id);
    let what = EffectKind::Alarm {
        word: "test".into(),
        detail: "a test".into(),
    };
    let outbox = Outbox { at, what };
    let written = Written {
        expects: Vec::new(),
        writes: vec![Write {
            key: Outbox::<EffectKind>::key(id),
            change: Change::Put {
                format: 1,
                body: serde_json::to_vec(&outbox).expect("JSON"),
            },
        }],
    };
    let store = MemoryStore::new();
    store.commit_now(AttemptId::from_bytes([1; 16]), written);
    (store, id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_center_that_ended_had_not_told_is_told_by_the_next() {
    let (store, id) = left_behind();
    let place = Place::new();
    let address = free();
    let receiver = Receiver::start(address, &place.path("tls"), Vec::new()).await;
    let pem = fs::read(place.path("tls/certificate.pem")).expect("made by init");
    let trust = Trust::only(&pem).expect("a certificate");
    let secret = SECRET.parse().expect("a secret");
    let url = format!("https://{address}/hook");
    let webhook = Webhook::new(&url, secret, &trust, Duration::from_secs(5)).expect("a webhook");
    let keys = Keys::new([1; 32], vec![(1, [2; 32])]).expect("one master key");
    let center = Center::new(RingCrypto, keys, Policy::default());
    let setup = Setup::new(Driver::new(center, store)).notify(webhook, None);
    let running = setup.start().await.expect("started");
    let messages = receiver.messages(1).await;
    assert_eq!(messages[0].0, id.to_string());
    assert_eq!(messages[0].1["data"]["alarm"], "test");
    let left = || {
        let held = running.driver().store().held();
        held.rows()
            .any(|row| row.body.windows(4).any(|it| it == b"test"))
    };
    while left() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn a_section_that_cannot_serve_is_refused_with_what_would_be_right() {
    let place = Place::new();
    let path = place.path("restante.toml");
    let config = fs::read_to_string(&path).expect("made by init");
    let refused = |section: &str| {
        let config = config.replace("[notify]", &format!("[notify]\n{section}"));
        fs::write(&path, config).expect("written");
        crate::refusals::refusal(&place)
    };
    let text = refused("webhook = \"https://hooks.example/\"");
    assert!(
        text.contains("make one with: (umask 077; echo whsec_"),
        "{text}"
    );
    let text = refused("webhook = \"hooks.example\"\nsecret = \"secret\"");
    assert!(text.contains("has to be a URL"), "{text}");
    let text = refused("webhook = \"https://hooks.example/\"\nsecret = \"restante.toml\"");
    assert!(text.contains("can be read or written by others"), "{text}");
    fs::write(place.path("secret"), "secret").expect("written");
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(place.path("secret"), private).expect("set");
    let text = refused("webhook = \"https://hooks.example/\"\nsecret = \"secret\"");
    assert!(
        text.ends_with("expected whsec_ and the base64 of 24 to 64 random bytes"),
        "{text}"
    );
    let section = "webhook = \"http://hooks.example/\"\nsecret = \"secret\"";
    fs::write(place.path("secret"), SECRET).expect("written");
    let text = refused(section);
    assert!(text.contains("expected an https URL"), "{text}");
}
