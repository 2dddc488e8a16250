//! Two servers and a device, each a program of its own, over TLS: an administrator applies at the
//! center, the provider makes the code and collates it, and the center learns who uses the service.

#[path = "beside/mod.rs"]
mod beside;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use beside::device;
use serde_json::Value;

const CENTER: &str = env!("CARGO_BIN_EXE_restante-center");
const PROVIDER: &str = env!("CARGO_BIN_EXE_restante-provider");

#[test]
fn a_device_registers_at_its_providers_host_and_the_center_hears_of_it() {
    let site = Site::new();
    let center = site.serve(CENTER, "center");
    site.prepare(center.url());
    let provider = site.serve(PROVIDER, "provider");
    assert!(provider.url().starts_with("https://"), "{}", provider.url());
    site.enrol();
    site.center(&["apply", "scan-cloud", "--user", "Anna Weber", "--all"]);
    let listed = site.center(&["applications", "list", "--user", "Anna Weber"]);
    let application = &listed[0]["application"];
    let application = application.as_str().expect("an id");
    let device = site.run_device();
    let show = ["applications", "show", application, "--user", "Anna Weber"];
    let shown = site.until("the application is complete", || {
        let shown = site.center(&show);
        let states = shown["devices"].as_array().expect("a list");
        let is = |it: &Value| it["state"] == "entitled";
        (!states.is_empty() && states.iter().all(is)).then_some(shown)
    });
    assert_eq!(shown["devices"].as_array().map(Vec::len), Some(1));
    let held = shown["devices"][0]["device"].as_str().expect("an id");
    let provider_knows = || site.provider(&["devices", "list", "--service", "scan-cloud"]);
    let known = site.until("the provider knows that the center knows", || {
        let known = provider_knows();
        (known[0]["state"] == "entitled").then_some(known)
    });
    assert_eq!(known[0]["device"], held);
    assert_eq!(known[0]["application"], application);
    assert!(known[0]["since"].is_string(), "{known}");
    let log = provider.terminate();
    assert!(log.contains("Given") && log.contains("Entitled"), "{log}");
    assert!(log.contains("stopped"), "it ends cleanly: {log}");
    assert_eq!(
        provider_knows(),
        known,
        "the store is read without the server too"
    );
    site.exported(application, held);

    let provider = site.serve(PROVIDER, "provider");
    site.center(&["stop-use", "scan-cloud", "--user", "Anna Weber", "--all"]);
    site.until("the provider settles", || {
        provider.log().contains("settled").then_some(())
    });
    assert_eq!(provider_knows()[0]["state"], "ended");
    drop(device);
}

#[test]
fn what_is_wrong_with_a_providers_settings_is_said_in_a_line() {
    let site = Site::new();
    let missing = site.command(PROVIDER, &["serve"]).output().expect("runs");
    assert_eq!(missing.status.code(), Some(2));
    assert_eq!(
        text(&missing.stderr),
        "restante-provider: there is no configuration at restante-provider.toml; make one with: \
         restante-provider init\n"
    );
    let config = ["serve", "--config", "provider/restante-provider.toml"];
    let output = site.command(PROVIDER, &config).output().expect("runs");
    assert_eq!(output.status.code(), Some(2), "no token yet");
    let said = text(&output.stderr);
    assert!(said.contains("center-token cannot be read"), "{said}");
    fs::write(site.path("provider/center-token"), "rtk1.x").expect("written");
    let output = site.command(PROVIDER, &config).output().expect("runs");
    let said = text(&output.stderr);
    assert!(said.contains("can be read or written by others"), "{said}");
    let again = site.command(PROVIDER, &["init", "--dir", "provider"]);
    let again = { again }.output().expect("runs");
    assert_eq!(again.status.code(), Some(2), "nothing is overwritten");
    let help = site.command(PROVIDER, &["serve", "--help"]).output();
    let help = text(&help.expect("runs").stdout);
    assert!(
        help.contains("restante-provider serve --ready-file"),
        "{help}"
    );
}

/// A folder in which everything lies.
struct Site {
    folder: tempfile::TempDir,
    /// Where the provider listens.
    port: u16,
}

/// A server that runs.
struct Served {
    child: Child,
    ready: Value,
    log: PathBuf,
}

impl Site {
    /// A center and a provider as `init` makes them; the center on any free port.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let site = Self { folder, port };
        site.run(CENTER, &["init", "--dir", "center"]);
        site.run(PROVIDER, &["init", "--dir", "provider"]);
        site.edit(
            "center/restante.toml",
            &[
                (
                    "# listen = [\"127.0.0.1:8443\"]",
                    "listen = [\"127.0.0.1:0\"]",
                ),
                (
                    "# service-hosts = []",
                    "service-hosts = [\"localhost\"]\npoll = \"1s\"",
                ),
            ],
        );
        site
    }

    /// The center knows the provider and its service, and the provider the center.
    fn prepare(&self, url: &str) {
        let url = url.replace("127.0.0.1", "localhost");
        let issue = ["token", "issue", "--role", "provider", "--account", "scan"];
        let token = self.center(&issue);
        let token = token["token"].as_str().expect("a token");
        let mut private = fs::OpenOptions::new();
        let private = private.write(true).create_new(true).mode(0o600);
        let mut file = private
            .open(self.path("provider/center-token"))
            .expect("made");
        std::io::Write::write_all(&mut file, token.as_bytes()).expect("written");
        let service = format!("https://localhost:{}/start", self.port);
        let listen = format!("listen = [\"127.0.0.1:{}\"]", self.port);
        self.edit(
            "provider/restante-provider.toml",
            &[
                ("https://center.example:8443", &url),
                ("https://localhost:8444/start", &service),
                ("listen = [\"127.0.0.1:8444\"]", &listen),
                (
                    "# ca = \"center.pem\"",
                    "ca = \"../center/tls/certificate.pem\"",
                ),
                ("# every = \"10s\"", "every = \"1s\""),
            ],
        );
        let pem = |name: &str| {
            let path = format!("{name}/tls/certificate.pem");
            fs::read_to_string(self.path(&path)).expect("made by init")
        };
        fs::write(self.path("trust.pem"), pem("center") + &pem("provider")).expect("written");
        let define = [
            "service",
            "define",
            "scan-cloud",
            "--by-provider",
            "--url",
            &service,
        ];
        let reach = ["--center", &url, "--token-file", "provider/center-token"];
        let trust = ["--ca", "center/tls/certificate.pem"];
        self.run(CENTER, &[&define[..], &reach, &trust].concat());
        fs::write(self.path("url"), url).expect("written");
    }

    fn enrol(&self) {
        let issued = self.center(&["code", "issue", "--user", "Anna Weber"]);
        let code = issued["code"].as_str().expect("a code").to_owned();
        let url = fs::read_to_string(self.path("url")).expect("written");
        let reach = ["enrol", "--center", &url, "--code", &code];
        let own = ["--serial", "D10010101", "--state", "device.state"];
        let words = [&reach[..], &own, &["--trust", "trust.pem"]].concat();
        self.run(&device().display().to_string(), &words);
    }

    /// The device runs from now on, until what is returned is dropped.
    fn run_device(&self) -> Served {
        let words = ["run", "--state", "device.state", "--trust", "trust.pem"];
        let log = self.path("device.log");
        let child = self.spawn(&device().display().to_string(), &words, &log);
        let ready = Value::Null;
        Served { child, ready, log }
    }

    fn serve(&self, program: &str, name: &str) -> Served {
        let (config, ready) = match name {
            "center" => ("center/restante.toml", "center.json"),
            _ => ("provider/restante-provider.toml", "provider.json"),
        };
        let _ = fs::remove_file(self.path(ready));
        let words = ["serve", "--config", config, "--ready-file", ready];
        let log = self.path(&format!("{name}.log"));
        let mut child = self.spawn(program, &words, &log);
        let ready = self.until("the server is ready", || {
            let ended = child.try_wait().expect("a process of ours");
            let said = || fs::read_to_string(&log).unwrap_or_default();
            assert!(ended.is_none(), "{program} has ended: {}", said());
            let text = fs::read(self.path(ready)).ok()?;
            serde_json::from_slice(&text).ok()
        });
        Served { child, ready, log }
    }

    fn spawn(&self, program: &str, words: &[&str], log: &Path) -> Child {
        let log = fs::File::create(log).expect("a log");
        let mut command = self.command(program, words);
        let command = command.stdout(Stdio::null()).stderr(log);
        command.spawn().expect("the program runs")
    }

    /// Asks the center at its own console.
    fn center(&self, words: &[&str]) -> Value {
        let own = ["--json", "--config", "center/restante.toml"];
        let output = self.run(CENTER, &[words, &own].concat());
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Reads the provider's store beside the provider.
    fn provider(&self, words: &[&str]) -> Value {
        let own = ["--json", "--config", "provider/restante-provider.toml"];
        let output = self.run(PROVIDER, &[words, &own].concat());
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Writes the devices to files of both forms, and reads them.
    fn exported(&self, application: &str, device: &str) {
        let own = ["--config", "provider/restante-provider.toml", "--output"];
        self.run(
            PROVIDER,
            &[&["export"][..], &own, &["devices.csv"]].concat(),
        );
        let csv = fs::read_to_string(self.path("devices.csv")).expect("written");
        let start = format!(
            "device,application,service,state,since,until\r\n\
             {device},{application},scan-cloud,entitled,"
        );
        assert!(csv.starts_with(&start), "{csv}");
        let lines = ["export", "--format", "jsonl", "--service", "scan-cloud"];
        self.run(PROVIDER, &[&lines[..], &own, &["devices.jsonl"]].concat());
        let line = fs::read_to_string(self.path("devices.jsonl")).expect("written");
        let line: Value = serde_json::from_str(&line).expect("one line");
        assert_eq!(line["device"], device);
        let table = [
            "devices",
            "list",
            "--config",
            "provider/restante-provider.toml",
        ];
        let table = text(&self.run(PROVIDER, &table).stdout);
        assert!(
            table.starts_with(" DEVICE ") && table.contains(" entitled "),
            "{table}"
        );
        for (words, says) in [
            (
                &["devices", "list", "--service", "print", own[0], own[1]][..],
                "restante-provider: there is no service print in [services]\n",
            ),
            (
                &["export", own[0], own[1], "--output", "devices.csv"],
                "restante-provider: devices.csv cannot be written: ",
            ),
        ] {
            let output = self.command(PROVIDER, words).output().expect("it runs");
            let said = text(&output.stderr);
            assert!(!output.status.success() && said.starts_with(says), "{said}");
        }
    }

    fn run(&self, program: &str, words: &[&str]) -> Output {
        let output = self.command(program, words).output().expect("it runs");
        let said = text(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
        output
    }

    fn command(&self, program: &str, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).args(words);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RESTANTE_")) {
            command.env_remove(name);
        }
        command
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn edit(&self, name: &str, changes: &[(&str, &str)]) {
        let mut config = fs::read_to_string(self.path(name)).expect("made by init");
        for (from, to) in changes {
            assert!(config.contains(from), "{name} has no {from}");
            config = config.replace(from, to);
        }
        fs::write(self.path(name), config).expect("written");
    }

    /// Looks until there is something to see.
    fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(seen) = look() {
                return seen;
            }
            if begun.elapsed() > PATIENCE {
                let log = |name: &str| fs::read_to_string(self.path(name)).unwrap_or_default();
                let logs = ["center.log", "provider.log", "device.log"].map(log);
                panic!("never seen: {what}\n{}", logs.join("\n"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Served {
    fn url(&self) -> &str {
        self.ready["urls"][0].as_str().expect("an address")
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("a log")
    }

    /// Stops it as a service manager does; what it logged.
    fn terminate(mut self) -> String {
        let id = self.child.id().to_string();
        let kill = Command::new("kill").args(["-TERM", &id]).status();
        assert!(kill.expect("there is a kill").success());
        let status = self.child.wait().expect("a process of ours");
        assert_eq!(status.code(), Some(0), "{}", self.log());
        self.log()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// For three programs on a machine that does other things as well.
const PATIENCE: Duration = Duration::from_secs(120);
