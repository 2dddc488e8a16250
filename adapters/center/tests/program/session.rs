//! The console's commands, with the center stopped and with it running: the same words, the same
//! results.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use restante_core::code::{Presented, ProvisionalCode};
use restante_core::wire::{DeviceReply, DeviceRequest};
use restante_http::client::{Client, Trust};

use crate::place::Place;

/// One dealer's and operator's session; `center` may run or not.
fn session(place: &Place) {
    let issued = place.json(&["code", "issue", "--user", "Anna Weber", "--limit", "3"]);
    let grant = issued["row"]["grant"].as_str().expect("an id");
    assert_eq!(issued["code"].as_str().expect("a code").len(), 29);
    assert_eq!(issued["row"]["limit"], 3);
    let shown = place.run(&["code", "issue", "--user", "Ben Okafor", "--validity", "12h"]);
    assert!(shown.contains("\n  for      Ben Okafor\n"), "{shown}");
    assert!(shown.contains(" UTC (12h)\n"), "{shown}");
    let listed = place.run(&["code", "list"]);
    assert!(
        listed.contains(grant) && listed.contains("Ben Okafor"),
        "{listed}"
    );
    place.run(&["code", "revoke", grant]);
    let codes = place.json(&["code", "list"]);
    let revoked = codes
        .as_array()
        .expect("rows")
        .iter()
        .find(|row| row["grant"] == *grant);
    assert_eq!(revoked.expect("still listed")["state"], "revoked");
    let token = place.json(&["token", "issue", "--role", "dealer", "--account", "Harbour"]);
    let id = token["row"]["token"].as_str().expect("an id");
    place.run(&["token", "revoke", id]);
    assert!(
        place
            .run(&["token", "list"])
            .contains(&format!("{id}  dealer"))
    );
    assert!(place.run(&["clock", "accept"]).starts_with("accepted: "));
    let devices = place.run(&["devices", "list", "--user", "Anna Weber"]);
    assert_eq!(devices, "There are no devices yet.\n");
    let csv = place.run(&["readings", "export", "--user", "Anna Weber"]);
    assert!(
        csv.starts_with("device,vendor,model,serial,user,taken,"),
        "{csv}"
    );
}

#[test]
fn every_command_works_while_no_center_runs() {
    session(&Place::new());
}

#[test]
fn every_command_works_while_the_center_runs() {
    let place = Place::new();
    let _served = place.serve();
    session(&place);
}

#[test]
fn codes_made_on_either_way_are_the_same_dealers() {
    let place = Place::new();
    let before = place.json(&["code", "issue", "--user", "Anna Weber"]);
    let served = place.serve();
    let during = place.json(&["code", "issue", "--user", "Anna Weber"]);
    drop(served);
    assert_eq!(before["row"]["customer"], during["row"]["customer"]);
    let listed = place.json(&["code", "list"]);
    assert_eq!(listed.as_array().expect("rows").len(), 2);
}

#[test]
fn a_dealer_elsewhere_asks_with_a_token() {
    let place = Place::new();
    let token = place.json(&["token", "issue", "--role", "dealer", "--account", "Harbour"]);
    let token = token["token"].as_str().expect("a token");
    fs::write(place.path("token"), token).expect("written");
    let served = place.serve();
    let far = ["--center", served.url(), "--token-file", "token"];
    place.run(&[&["code", "issue", "--user", "Anna Weber"], &far[..]].concat());
    assert!(
        place
            .run(&[&["code", "list"], &far[..]].concat())
            .contains("Anna Weber")
    );
    let other = place
        .command(&[&["token", "list"], &far[..]].concat())
        .output()
        .expect("runs");
    assert_eq!(other.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&other.stderr),
        "restante-center: refused (role-forbidden): the access token's role does not allow this. \
         Ask the center's operator for a token with the role that this needs.\n"
    );
    let named = ["--center", served.url(), "--token-env"];
    let mut command = place.command(&[&["code", "list"], &named[..]].concat());
    let output = command.env("RESTANTE_TOKEN", token).output().expect("runs");
    assert!(String::from_utf8_lossy(&output.stdout).contains("Anna Weber"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_that_a_device_reports_come_out_as_a_table_and_as_files() {
    let place = Place::new();
    let issued = place.json(&["code", "issue", "--user", "Anna Weber"]);
    let code: ProvisionalCode = issued["code"]
        .as_str()
        .and_then(|it| it.parse().ok())
        .expect("a code");
    let served = place.serve();
    let client = Client::new(served.url(), &Trust::system()).expect("a client");
    let device = report_once(&client, code).await;
    let whose = ["--user", "Anna Weber"];
    let listed = place.run(&[&["devices", "list"], &whose[..]].concat());
    assert!(
        listed.contains("=MF 1") && listed.contains(" 1234 "),
        "{listed}"
    );
    let readings = place.run(&[&["readings", "list", &device], &whose[..]].concat());
    assert!(readings.contains("toner-low"), "{readings}");
    place.run(&[&["readings", "export", "--output", "r.csv"], &whose[..]].concat());
    let csv = fs::read_to_string(place.path("r.csv")).expect("written");
    let line = csv.lines().nth(1).expect("one reading");
    assert!(
        line.starts_with(&format!("{device},Example,'=MF 1,A-1,Anna Weber,")),
        "{line}"
    );
    assert!(line.contains(",1,1,idle,toner-low,0,,1234,"), "{line}");
    let lines = place.run(&[&["readings", "export", "--format", "jsonl"], &whose[..]].concat());
    let line: serde_json::Value = serde_json::from_str(&lines).expect("one line of JSON");
    assert_eq!(
        line["reading"]["counters"]["total"]["mediaSheetsCompleted"],
        1234
    );
    assert_eq!(line["device"]["device"], *device);
}

/// Enrols a device and reports its status once; the device's id.
async fn report_once(client: &Client, code: ProvisionalCode) -> String {
    let enrol = serde_json::json!({
        "request": "req-00000000000000000000000001",
        "devices": [{ "identification": {
            "vendor": "Example", "model": "=MF 1", "serial": "A-1", "functions": ["printer"],
        }}],
    });
    let enrol = DeviceRequest::Enrol(serde_json::from_value(enrol).expect("a message"));
    let reply = client.send(&Presented::Provisional(code), &enrol).await;
    let Ok(DeviceReply::Enrolled(enrolled)) = reply else {
        panic!("{reply:?}");
    };
    let device = enrolled.devices[0].device.to_string();
    let report = serde_json::json!({ "reports": [{
        "device": device, "boot": 1, "seq": 1, "state": "idle", "reasons": ["toner-low"],
        "counters": { "total": { "mediaSheetsCompleted": 1234 } },
    }]});
    let report = DeviceRequest::ReportStatus(serde_json::from_value(report).expect("a message"));
    let reply = client
        .send(&Presented::Formal(enrolled.formal_code), &report)
        .await;
    assert!(
        matches!(reply, Ok(DeviceReply::StatusReported(_))),
        "{reply:?}"
    );
    device
}

#[test]
fn what_cannot_be_asked_for_is_refused_in_one_line() {
    let place = Place::new();
    let asked = ["code", "issue", "--user", "Anna Weber", "--limit", "0"];
    let output = place.command(&asked).output().expect("runs");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "restante-center: refused (invalid): limit is 0 devices; it is 1 at least and 1000 at most\n"
    );
}

#[test]
fn an_export_fills_a_new_center_with_the_same_keys() {
    let (place, fresh) = (Place::new(), Place::new());
    place.run(&["code", "issue", "--user", "Anna Weber"]);
    let mut served = place.serve();
    let said = place.run(&["export", "all.jsonl"]);
    assert!(said.starts_with("exported "), "{said}");
    served.kill();
    fs::copy(place.path("keys.toml"), fresh.path("keys.toml")).expect("copied");
    fs::copy(place.path("all.jsonl"), fresh.path("all.jsonl")).expect("copied");
    fresh.run(&["import", "all.jsonl"]);
    assert_eq!(fresh.json(&["code", "list"]), place.json(&["code", "list"]));
    let mode = fs::metadata(place.path("all.jsonl"))
        .expect("made")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_rotated_master_key_is_for_what_comes() {
    let place = Place::new();
    place.run(&["keys", "rotate"]);
    let checked = place.json(&["keys", "check"]);
    assert_eq!(checked["masters"][1]["version"], 2);
    place.run(&["code", "issue", "--user", "Anna Weber"]);
    assert!(place.run(&["keys", "check"]).contains("new registrations"));
}
