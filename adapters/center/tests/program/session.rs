//! The console's commands, with the center stopped and with it running: the same words, the same
//! results.

use std::fs;
use std::os::unix::fs::PermissionsExt;

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

#[test]
fn starting_often_makes_no_tokens() {
    let place = Place::new();
    for _ in 0..3 {
        drop(place.serve());
    }
    let tokens = place.json(&["token", "list"]);
    assert_eq!(tokens.as_array().expect("rows").len(), 2);
    let mode = fs::metadata(place.path("data/console.json"))
        .expect("left")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
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
