//! A place for one center of a test: a folder with a configuration and keys, commands that run in
//! it, and a served process that is killed when the test ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A folder with a center that `restante-center init` has made, on plain HTTP and any free port.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// A center that runs as a process of its own.
pub(crate) struct Served {
    child: Child,
    /// What the ready file says.
    pub(crate) ready: serde_json::Value,
}

impl Place {
    /// Makes a center.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Self { folder };
        place.run(&["init", "--dir", "."]);
        let config = fs::read_to_string(place.path("restante.toml")).expect("made by init");
        let (before, after) = config.split_once("[http.tls]").expect("made by init");
        let (_, after) = after.split_once("[metrics]").expect("made by init");
        let config = format!("{before}[metrics]{after}")
            .replace(
                "# listen = [\"127.0.0.1:8443\"]",
                "listen = [\"127.0.0.1:0\"]",
            )
            .replace("# listen = \"127.0.0.1:9463\"", "listen = \"127.0.0.1:0\"");
        fs::write(place.path("restante.toml"), config).expect("written");
        place
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command that will run in the folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_restante-center"));
        command.current_dir(self.folder.path()).args(arguments);
        for name in [
            "RESTANTE_CONFIG",
            "RESTANTE_CENTER",
            "RESTANTE_CA",
            "RESTANTE_TOKEN",
        ] {
            command.env_remove(name);
        }
        command
    }

    /// Runs a command that has to succeed, and yields what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("the program runs");
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        text(output)
    }

    /// Runs a command that has to succeed with `--json`, and yields what it printed.
    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let text = self.run(&[arguments, &["--json"]].concat());
        serde_json::from_str(&text).expect("JSON")
    }

    /// Starts the center and waits until it is ready.
    pub(crate) fn serve(&self) -> Served {
        let ready = self.path("ready.json");
        let _ = fs::remove_file(&ready);
        let log = fs::File::create(self.path("serve.log")).expect("a log");
        let mut child = self
            .command(&["serve", "--ready-file", "ready.json"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program runs");
        let begun = Instant::now();
        while !ready.exists() {
            let ended = child.try_wait().expect("a process of ours");
            let log = fs::read_to_string(self.path("serve.log")).expect("a log");
            assert!(ended.is_none(), "the center has ended: {log}");
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "the center is not ready: {log}"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        let ready = read_json(&ready);
        Served { child, ready }
    }
}

impl Served {
    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        self.ready["urls"][0].as_str().expect("an address")
    }

    /// Ends it at once, with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a process of ours");
        self.child.wait().expect("a process of ours");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(output: Output) -> String {
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn read_json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}
