//! Files that nobody but the server's own user may read: keys, tokens, the private TLS key.
//!
//! They are made with mode 0600 from their first byte, in folders of mode 0700, and are never
//! overwritten in place. A private file that others can read is not used: whoever could read it may
//! have done so, and a person should notice.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What is wrong with a private file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateFileError {
    /// It cannot be read.
    #[error("{} cannot be read: {why}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// Its mode lets others read or write it.
    #[error(
        "{} can be read or written by others (mode {mode:04o}); if nobody has read it, run: \
         chmod 600 {}",
        path.display(), path.display()
    )]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

/// Reads a private file, unless others can read or write it.
pub(crate) fn read_private(path: &Path) -> Result<String, PrivateFileError> {
    let unreadable = |why| PrivateFileError::Unreadable {
        path: path.to_owned(),
        why,
    };
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        let path = path.to_owned();
        return Err(PrivateFileError::Open { path, mode });
    }
    io::read_to_string(file).map_err(unreadable)
}

/// Creates a new private file, empty. A file that is there already is an error.
///
/// # Errors
/// What the system says.
pub fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Makes a new private file with this text.
pub(crate) fn make_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = create_private(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Puts a private file in the place of the one before, whole or not at all.
pub(crate) fn replace_private(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let fresh = PathBuf::from(name);
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    make_private(&fresh, text)?;
    fs::rename(&fresh, path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Makes a folder, and those above it, for the server's own user alone. One that is there already
/// keeps its mode.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_private_file_is_made_for_its_user_alone_and_never_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        make_private(&path, "first").expect("made");
        assert_eq!(path.metadata().expect("there").mode() & 0o777, 0o600);
        let again = make_private(&path, "second").expect_err("there already");
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(read_private(&path).expect("readable"), "first");
    }

    #[test]
    fn replacing_leaves_the_new_file_private_and_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        make_private(&path, "first").expect("made");
        fs::write(folder.path().join("secret.new"), "left by a crash").expect("written");
        replace_private(&path, "second").expect("replaced");
        assert_eq!(read_private(&path).expect("readable"), "second");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_file_that_others_can_read_is_not_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        make_private(&path, "text").expect("made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
        let error = read_private(&path).expect_err("open to others").to_string();
        assert!(error.contains("(mode 0640)"), "{error}");
        assert!(
            error.ends_with(&format!("chmod 600 {}", path.display())),
            "{error}"
        );
    }
}
