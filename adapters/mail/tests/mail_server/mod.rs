//! The Python that has a mail server of others: aiosmtpd, in the virtual environment that
//! `.ci/mail-server` makes.

use std::path::{Path, PathBuf};

/// That Python. Where it is missing, a test has to do without it: CI says by `RESTANTE_CI` that it
/// must not, and elsewhere the reason is printed.
pub(crate) fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join("target/mail-server/bin/python");
    if python.exists() {
        return Some(python);
    }
    let why = "there is no mail server; .ci/mail-server installs one";
    assert!(std::env::var_os("RESTANTE_CI").is_none(), "{why}");
    eprintln!("skipped: {why}");
    None
}
