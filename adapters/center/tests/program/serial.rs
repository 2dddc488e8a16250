//! The center's serial ports: a device at the other end of a cable, by a pseudo-terminal, and ports
//! that cannot be had.

use std::fs;
use std::path::Path;
use std::time::Duration;

use restante_core::limits::SEALED_BYTES;
use restante_core::wire::PollReply;
use restante_serial::host::{Kind, Line, Pseudo};
use restante_serial::{Link, Pace};
use tokio::runtime::Runtime;

use crate::place::Place;
use crate::sealing::{enrolled, polled};

/// A center with a cable at this port.
fn place(port: &Path) -> Place {
    let place = Place::new();
    let path = place.path("restante.toml");
    let config = fs::read_to_string(&path).expect("made by init");
    let table = format!("[[serial]]\nport = {port:?}\n\n[metrics]");
    fs::write(&path, config.replace("[metrics]", &table)).expect("written");
    place
}

/// The device's end of a cable.
struct Device {
    runtime: Runtime,
    line: Line,
}

impl Device {
    fn at(controller: Pseudo, runtime: Runtime) -> Self {
        let link = Link::new(7, Pace::cable(115_200), SEALED_BYTES);
        let line =
            runtime.block_on(async { Line::start(controller, link, Kind::Cable, Vec::new()) });
        Self { runtime, line }
    }

    /// Takes an envelope to the center: the one that comes back.
    fn hand(&mut self, envelope: &[u8]) -> Vec<u8> {
        let line = &mut self.line;
        self.runtime.block_on(async {
            line.send(envelope.to_vec()).await.expect("delivered");
            line.next().await.expect("an envelope")
        })
    }
}

#[test]
fn a_device_on_a_cable_enrols_and_polls_in_envelopes() {
    let runtime = Runtime::new().expect("a runtime");
    let controller = {
        let _inside = runtime.enter();
        Pseudo::open().expect("a pseudo-terminal")
    };
    let place = place(controller.path());
    let _served = place.serve();
    let issued = place.json(&["code", "issue", "--user", "Anna Weber"]);
    let code = issued["code"].as_str().and_then(|it| it.parse().ok());
    let mut device = Device::at(controller, runtime);
    let code = enrolled(|it| device.hand(it), &code.expect("a code"));
    let reply = polled(|it| device.hand(it), &code);
    assert!(matches!(reply, PollReply::Mailbox(_)), "{reply:?}");
}

#[test]
fn a_port_that_is_missing_is_named_once_and_the_center_serves() {
    let missing = Path::new("/dev/restante-no-such-port");
    let place = place(missing);
    let _served = place.serve();
    let log = || fs::read_to_string(place.path("serve.log")).expect("a log");
    let says = "there is no such port";
    while !log().contains(says) {
        std::thread::sleep(Duration::from_millis(20));
    }
    place.json(&["code", "issue", "--user", "Anna Weber"]);
    let log = log();
    assert!(log.contains("/dev/restante-no-such-port"), "{log}");
    assert_eq!(log.matches(says).count(), 1, "{log}");
}

#[test]
fn a_mistake_about_a_port_has_its_place() {
    for (table, says) in [
        (
            "speed = 9600",
            "[[serial]] needs a `port`, such as \"/dev/ttyUSB0\"",
        ),
        (
            "port = \"/dev/ttyS0\"\nanswer = \"script\"",
            "`answer` is what a modem is told; say `behind = \"modem\"`",
        ),
        (
            "port = \"/dev/ttyS0\"\nspeed = 12",
            "`speed` is 12; it can be 300 to 4000000",
        ),
        (
            "port = \"/dev/ttyS0\"\nbehind = \"telephone\"",
            "`behind` is \"telephone\"; it can be cable or modem",
        ),
    ] {
        let place = Place::new();
        let path = place.path("restante.toml");
        let config = fs::read_to_string(&path).expect("made by init");
        let table = format!("[[serial]]\n{table}\n\n[metrics]");
        fs::write(&path, config.replace("[metrics]", &table)).expect("written");
        let refused = place.command(&["serve"]).output().expect("runs");
        let text = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{text}");
        assert!(text.contains(says), "{text}");
    }
}
