//! The console's socket: who may open it, what becomes of it when a center is killed, and what the
//! console says where nobody listens.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::place::Place;
use crate::refusals::refusal;

#[test]
fn a_running_center_leaves_a_private_socket_and_no_token() {
    let place = Place::new();
    let _served = place.serve();
    let folder = fs::metadata(place.path("data/console")).expect("made");
    assert_eq!(folder.mode() & 0o777, 0o700);
    let socket = fs::metadata(place.path("data/console/socket")).expect("made");
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.mode() & 0o777, 0o600);
    assert_eq!(place.run(&["token", "list"]), "There are no tokens yet.\n");
}

#[test]
fn a_socket_that_a_killed_center_has_left_is_passed_over_and_replaced() {
    let place = Place::new();
    place.serve().kill();
    let left = place.path("data/console/socket");
    assert!(left.exists(), "a killed center cannot tidy up");
    place.run(&["code", "issue", "--user", "Anna Weber"]);
    let served = place.serve();
    assert!(place.run(&["code", "list"]).contains("Anna Weber"));
    let process = served.ready["process"].to_string();
    let sent = Command::new("kill").args(["-TERM", &process]).status();
    assert!(sent.expect("kill runs").success());
    let begun = Instant::now();
    while left.exists() {
        let waited = begun.elapsed();
        assert!(waited < Duration::from_secs(60), "a center tidies up");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_lies_in_the_sockets_place_is_not_removed() {
    let place = Place::new();
    let folder = place.path("data/console");
    fs::create_dir(&folder).expect("made");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("set");
    // The store is made before the console is.
    place.run(&["code", "list"]);
    fs::write(folder.join("socket"), "somebody's").expect("written");
    assert_eq!(
        refusal(&place),
        "data/console/socket is there, and it is no socket; move it away, the center will not"
    );
}

#[test]
fn a_folder_that_others_can_enter_holds_no_console() {
    let place = Place::new();
    place.run(&["code", "list"]);
    let folder = place.path("data/console");
    fs::create_dir(&folder).expect("made");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("set");
    assert_eq!(
        refusal(&place),
        "data/console can be entered by others (mode 0755), and whoever opens the console's socket \
         in it is the operator; run: chmod 700 data/console"
    );
}

#[test]
fn a_store_that_somebody_else_has_open_is_explained() {
    let place = Place::new();
    place.run(&["code", "list"]);
    let lock = fs::File::open(place.path("data/restante.sqlite.lock")).expect("a lock file");
    lock.lock().expect("free");
    let by = std::process::id();
    fs::write(place.path("data/restante.sqlite.lock"), by.to_string()).expect("written");
    let output = place.command(&["code", "list"]).output().expect("runs");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        format!(
            "restante-center: the store data/restante.sqlite is in use by process {by}; stop that \
             one first, or wait until it has ended: it is no center that serves, since nobody \
             listens at data/console/socket\n"
        )
    );
}

#[test]
fn a_listener_that_is_no_center_gets_no_secret_and_is_not_believed() {
    let place = Place::new();
    place.run(&["code", "list"]);
    fs::create_dir(place.path("data/console")).expect("made");
    let false_center = UnixListener::bind(place.path("data/console/socket")).expect("bound");
    let heard = std::thread::spawn(move || {
        use std::io::{Read, Write};
        // The first connection only looks whether somebody is there.
        drop(false_center.accept().expect("a look"));
        let (mut asked, _) = false_center.accept().expect("a question");
        let mut bytes = [0; 4096];
        let read = asked.read(&mut bytes).expect("a request");
        asked
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno")
            .expect("sent");
        String::from_utf8_lossy(&bytes[..read]).to_lowercase()
    });
    let output = place.command(&["code", "list"]).output().expect("runs");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the center did not answer: "), "{said}");
    let heard = heard.join().expect("no panic");
    assert!(heard.starts_with("get /v1/codes http/1.1\r\n"), "{heard}");
    assert!(!heard.contains("authorization"), "{heard}");
}
