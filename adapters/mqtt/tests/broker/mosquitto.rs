//! mosquitto with a configuration of the test's own, on a free port of this machine.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use restante_mqtt::{Broker, Login, Name, OnRumqttc, Settings};
use tempfile::TempDir;

/// A broker that runs until it is dropped.
pub(crate) struct Mosquitto {
    pub(crate) port: u16,
    pub(crate) folder: TempDir,
    child: Option<Child>,
}

impl Mosquitto {
    /// A broker that lets everybody do everything, and keeps nothing when it stops.
    pub(crate) fn open() -> Option<Self> {
        Self::with("allow_anonymous true", &[])
    }

    /// A broker with these lines in its configuration, in which `@` is its folder, and these files
    /// there.
    pub(crate) fn with(lines: &str, files: &[(&str, &str)]) -> Option<Self> {
        let mut broker = Self::planned(lines, files)?;
        broker.start();
        Some(broker)
    }

    /// The same, not started yet.
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

    /// Connections to it as this user, whose name is the password and the client's id as well.
    pub(crate) fn user(&self, name: &str) -> OnRumqttc {
        let mut settings = self.settings(name);
        settings.login = Login::from_lines(&format!("{name}\n{name}\n"));
        OnRumqttc::new(settings).expect("settings")
    }

    /// Connections to it as this client.
    pub(crate) fn client(&self, name: &str) -> OnRumqttc {
        OnRumqttc::new(self.settings(name)).expect("settings")
    }

    pub(crate) fn settings(&self, name: &str) -> Settings {
        let url = format!("mqtt://127.0.0.1:{}", self.port);
        Settings {
            broker: url.parse::<Broker>().expect("a broker"),
            client: name.parse::<Name>().expect("a name"),
            login: None,
            tls: None,
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

/// The broker's plugin that denies subscriptions, which its own access lists do not.
pub(crate) fn dynamic_security() -> String {
    let folders = fs::read_dir("/usr/lib").expect("a folder").flatten();
    let plugins = folders.map(|folder| folder.path().join("mosquitto_dynamic_security.so"));
    let plugin = plugins.into_iter().find(|path| path.exists());
    plugin
        .expect("it comes with mosquitto")
        .display()
        .to_string()
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
