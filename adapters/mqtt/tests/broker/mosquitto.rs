//! mosquitto with a configuration of the test's own, on a free port of this machine.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

/// A broker that runs until it is dropped.
pub(crate) struct Mosquitto {
    pub(crate) port: u16,
    folder: TempDir,
    child: Option<Child>,
}

impl Mosquitto {
    /// A broker with these lines in its configuration, in which `@` is its folder, and these files
    /// there. It is not started yet.
    pub(crate) fn planned(lines: &str, files: &[(&str, &str)]) -> Option<Self> {
        if !is_installed() {
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("written");
        }
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = free.local_addr().expect("bound").port();
        let lines = lines.replace('@', folder.path().to_str().expect("a plain path"));
        // Where the tests run as root, it would change to a user who cannot read this folder.
        let config = format!("listener {port} 127.0.0.1\nuser root\npersistence false\n{lines}\n");
        fs::write(folder.path().join("mosquitto.conf"), config).expect("written");
        let child = None;
        Some(Self {
            port,
            folder,
            child,
        })
    }

    pub(crate) fn start(&mut self) {
        let config = self.folder.path().join("mosquitto.conf");
        let mut command = Command::new(program());
        command.arg("-c").arg(config);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = self.child.insert(child.expect("mosquitto starts"));
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert_eq!(child.try_wait().expect("a child"), None, "mosquitto ended");
            sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("killed");
            child.wait().expect("ended");
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A password file in which each of these users has their name as the password, made by the
/// broker's own program.
pub(crate) fn passwords(users: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("passwords");
    fs::write(&file, "").expect("written");
    for user in users {
        let mut command = Command::new("mosquitto_passwd");
        command.arg("-b").arg(&file).args([user, user]);
        assert!(command.status().expect("mosquitto_passwd").success());
    }
    fs::read_to_string(file).expect("written")
}

/// Whether it is here. CI says by `RESTANTE_CI` that it has to be.
pub(crate) fn is_installed() -> bool {
    let is = Command::new(program())
        .arg("-h")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !is {
        let why = "there is no mosquitto; apt-get install mosquitto";
        assert!(std::env::var_os("RESTANTE_CI").is_none(), "{why}");
        eprintln!("skipped: {why}");
    }
    is
}

/// Debian puts it where a user's path does not lead.
fn program() -> &'static str {
    let path = "/usr/sbin/mosquitto";
    if Path::new(path).exists() {
        path
    } else {
        "mosquitto"
    }
}
