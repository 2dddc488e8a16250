//! The device's program beside the center's, for tests in which both run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where it is. Testing the whole workspace builds it; testing this package alone does not, and
/// then it is built here.
pub(crate) fn device() -> &'static Path {
    static DEVICE: OnceLock<PathBuf> = OnceLock::new();
    DEVICE.get_or_init(|| {
        let center = Path::new(env!("CARGO_BIN_EXE_restante-center"));
        let beside = center.with_file_name("restante-device");
        if !beside.exists() {
            let mut build = Command::new(env!("CARGO"));
            build.current_dir(env!("CARGO_MANIFEST_DIR"));
            build.args(["build", "--quiet", "--bins", "-p", "restante-device"]);
            if beside.parent().is_some_and(|dir| dir.ends_with("release")) {
                build.arg("--release");
            }
            assert!(build.status().expect("cargo runs").success());
        }
        beside
    })
}
