//! What is wrong with configuration, keys, certificate or store is a refusal to start: one clear
//! line, exit code 2, and nothing overwritten. The lines are compared word for word.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::place::Place;

/// Runs `serve` in a place where it cannot, and yields its complaint.
pub(crate) fn refusal(place: &Place) -> String {
    refusal_of(place, &["serve"])
}

fn refusal_of(place: &Place, arguments: &[&str]) -> String {
    let before = contents(&place.path("."));
    let output = place.command(arguments).output().expect("the program runs");
    let complaint = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{complaint}");
    let after = contents(&place.path("."));
    assert!(after.keys().eq(before.keys()), "a file was made or removed");
    for (name, bytes) in before {
        assert!(after[&name] == bytes, "{name} was written");
    }
    let line = complaint.strip_suffix('\n').expect("a line");
    assert!(!line.contains('\n'), "one line: {line}");
    line.strip_prefix("restante-center: ")
        .expect("who complains")
        .to_owned()
}

/// Every file and what it holds. A lock file says who has asked last, and is no content.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else if path.extension().is_none_or(|it| it != "lock") {
            let name = path.display().to_string();
            all.insert(name, fs::read(&path).expect("a file"));
        }
    }
    all
}

/// Changes the configuration; the line in which the change ends.
fn configure(place: &Place, before: &str, after: &str) -> usize {
    let path = place.path("restante.toml");
    let text = fs::read_to_string(&path).expect("made by init");
    let (front, back) = text.split_once(before).expect("the configuration has it");
    fs::write(path, format!("{front}{after}{back}")).expect("written");
    1 + front.matches('\n').count() + after.matches('\n').count()
}

#[test]
fn no_configuration_says_how_to_make_one() {
    let place = Place::new();
    fs::remove_file(place.path("restante.toml")).expect("removed");
    assert_eq!(
        refusal(&place),
        "there is no configuration at restante.toml; make one with: restante-center init"
    );
}

#[test]
fn a_wrong_setting_is_named_with_its_place_and_what_would_be_right() {
    for (before, after, complaint) in [
        (
            "# poll-at = \"01:00+00:00\"",
            "pol = \"1d\"",
            "1: there is no setting `pol` in [policy]; did you mean `poll`?",
        ),
        (
            "# poll-at = \"01:00+00:00\"",
            "poll = 7",
            "8: `poll` has to be a text in quotation marks, not a number",
        ),
        (
            "# poll-at = \"01:00+00:00\"",
            "poll = \"7\"",
            "8: `poll`: \"7\" is no duration; write a number and a unit, such as 45s, 90m, 12h, 7d or 2w",
        ),
        (
            "# poll-at = \"01:00+00:00\"",
            "poll = \"31d\"",
            "8: `poll` is 31d; it can be 1s to 30d",
        ),
        (
            "# devices-per-grant = 1000",
            "devices-per-grant = 0",
            "21: `devices-per-grant` is 0; it can be 1 to 1000",
        ),
        (
            "# capable-models = []",
            "capable-models = [\"M1003\", \"\"]",
            "28: `capable-models` holds \"\", which is not a model, such as M1001",
        ),
        (
            "# capable-models = []",
            "capable-models = [\"M1003\", \"M1001\", \"M1003\"]",
            "37: `capable-models` names M1003 twice",
        ),
        (
            "[policy]",
            "[polcy]",
            "2: there is no section [polcy]; did you mean [policy]?",
        ),
        (
            "[log]",
            "[log]\nlevel = \"loud\"",
            "9: `level` is \"loud\"; it can be error, warn, info, debug or trace",
        ),
        (
            "[\"127.0.0.1:0\"]",
            "[\"127.0.0.1\"]",
            "11: `listen` holds \"127.0.0.1\", which is not an address and a port, such as 127.0.0.1:8443 or [::]:8443",
        ),
        (
            "[\"127.0.0.1:0\"]",
            "[\"0.0.0.0:0\"]",
            "11: `listen` 0.0.0.0:0 would take plain HTTP from other machines; give a certificate in [http.tls], listen on 127.0.0.1, or name the proxy in front of it in `proxies`",
        ),
        (
            "[\"127.0.0.1:0\"]",
            "127.0.0.1:0",
            "15: invalid float, expected nothing; a setting is written as name = value, texts and durations in quotation marks, lists in square brackets",
        ),
    ] {
        let place = Place::new();
        let line = configure(&place, before, after);
        assert_eq!(refusal(&place), format!("restante.toml:{line}:{complaint}"));
    }
}

#[test]
fn a_damaged_key_file_is_not_used() {
    let place = Place::new();
    let path = place.path("keys.toml");
    let text = fs::read_to_string(&path).expect("made by init");
    let (before, pepper) = text.split_once("pepper = \"").expect("a pepper");
    let (first, rest) = pepper.split_at(1);
    let other = if first == "A" { "B" } else { "A" };
    fs::write(&path, format!("{before}pepper = \"{other}{rest}")).expect("written");
    assert_eq!(
        refusal(&place),
        "the key file keys.toml is damaged: its checksum does not fit; put back a copy of it, and \
         never make a new one for an old database"
    );
}

#[test]
fn a_missing_key_file_is_not_made_anew() {
    let place = Place::new();
    fs::remove_file(place.path("keys.toml")).expect("removed");
    assert_eq!(
        refusal(&place),
        "there is no key file at keys.toml; put back a copy of it, or check `keys` in [center]"
    );
}

#[test]
fn a_key_file_that_others_can_read_is_not_used() {
    let place = Place::new();
    set_mode(&place, "keys.toml", 0o644);
    assert_eq!(
        refusal(&place),
        "the key file keys.toml can be read or written by others (mode 0644); if nobody has read \
         it, run: chmod 600 keys.toml"
    );
}

#[test]
fn a_key_file_from_a_later_version_is_not_guessed_at() {
    let place = Place::new();
    let path = place.path("keys.toml");
    let text = fs::read_to_string(&path).expect("made by init");
    fs::write(&path, text.replace("form = 1", "form = 2")).expect("written");
    assert_eq!(
        refusal(&place),
        "the key file keys.toml has form 2; this version reads form 1"
    );
}

#[test]
fn the_key_file_of_another_center_does_not_open_this_store() {
    let (place, other) = (Place::new(), Place::new());
    place.run(&["code", "issue", "--user", "Anna Weber"]);
    let ours = center_of(&other);
    let theirs = center_of(&place);
    fs::copy(other.path("keys.toml"), place.path("keys.toml")).expect("copied");
    assert_eq!(
        refusal(&place),
        format!(
            "the store data/restante.sqlite belongs to the center {theirs}, and this is the center \
             {ours}; check the store's path and the key file in the configuration"
        )
    );
}

#[test]
fn a_file_that_is_no_store_is_left_alone() {
    let place = Place::new();
    fs::write(place.path("data/restante.sqlite"), "a letter to Anna").expect("written");
    assert_eq!(
        refusal(&place),
        "data/restante.sqlite is not a Restante store; name another file in the configuration"
    );
}

#[test]
fn a_missing_data_folder_is_not_made() {
    let place = Place::new();
    fs::remove_dir(place.path("data")).expect("removed");
    assert_eq!(
        refusal(&place),
        "there is no folder data for the database; check `data` in [center]"
    );
}

#[test]
fn a_missing_certificate_is_named() {
    let place = Place::new();
    with_tls(&place);
    fs::remove_file(place.path("tls/certificate.pem")).expect("removed");
    assert_eq!(
        refusal(&place),
        "the certificate tls/certificate.pem cannot be read: No such file or directory (os error \
         2); check `certificate` in [http.tls]"
    );
}

#[test]
fn a_certificate_of_another_key_is_not_served() {
    let (place, other) = (Place::new(), Place::new());
    with_tls(&place);
    fs::copy(other.path("tls/key.pem"), place.path("tls/key.pem")).expect("copied");
    assert_eq!(
        refusal(&place),
        "tls/certificate.pem with tls/key.pem: certificate and key cannot be used together: keys \
         may not be consistent: KeyMismatch"
    );
}

#[test]
fn a_certificates_key_that_others_can_read_is_not_used() {
    let place = Place::new();
    with_tls(&place);
    set_mode(&place, "tls/key.pem", 0o640);
    assert_eq!(
        refusal(&place),
        "the certificate's key tls/key.pem can be read or written by others (mode 0640); if nobody \
         has read it, run: chmod 600 tls/key.pem"
    );
}

#[test]
fn a_second_center_does_not_open_the_same_store() {
    let place = Place::new();
    let served = place.serve();
    let process = &served.ready["process"];
    let output = place
        .command(&["serve"])
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        format!(
            "restante-center: the store data/restante.sqlite is in use by process {process}; stop \
             that one first\n"
        )
    );
}

#[test]
fn an_address_that_is_taken_is_named() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address");
    configure(&place, "127.0.0.1:0", &address.to_string());
    let output = place
        .command(&["serve"])
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        format!(
            "restante-center: cannot listen on {address}: Address already in use (os error 98)\n"
        )
    );
}

#[test]
fn a_second_init_changes_nothing() {
    let place = Place::new();
    assert_eq!(
        refusal_of(&place, &["init", "--dir", "."]),
        "./restante.toml is there already; nothing was changed. Choose another folder with --dir"
    );
}

#[test]
fn a_damaged_export_is_not_imported() {
    let (place, fresh) = (Place::new(), Place::new());
    place.run(&["code", "issue", "--user", "Anna Weber"]);
    place.run(&["export", "all.jsonl"]);
    fs::copy(place.path("keys.toml"), fresh.path("keys.toml")).expect("copied");
    let text = fs::read_to_string(place.path("all.jsonl")).expect("exported");
    fs::write(
        fresh.path("all.jsonl"),
        text.replace("Anna Weber", "Anna Wuber"),
    )
    .expect("written");
    let complaint = refusal_of(&fresh, &["import", "all.jsonl"]);
    assert!(
        complaint.starts_with("the export is damaged in line "),
        "{complaint}"
    );
}

fn center_of(place: &Place) -> String {
    let checked = place.json(&["keys", "check"]);
    checked["center"].as_str().expect("an id").to_owned()
}

fn with_tls(place: &Place) {
    let tls =
        "[http.tls]\ncertificate = \"tls/certificate.pem\"\nkey = \"tls/key.pem\"\n\n[metrics]";
    configure(place, "[metrics]", tls);
}

fn set_mode(place: &Place, name: &str, mode: u32) {
    let mode = fs::Permissions::from_mode(mode);
    fs::set_permissions(place.path(name), mode).expect("set");
}
