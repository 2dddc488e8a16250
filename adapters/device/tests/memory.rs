//! The state file: old or new and never half, for one process and its owner alone.

use restante_core::registrant::KeptError;
use restante_device::memory::{Memory, MemoryError, StateFile};

fn as_it_is(bytes: &[u8]) -> Result<Vec<u8>, KeptError> {
    Ok(bytes.to_vec())
}

#[test]
fn what_was_kept_is_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("device.state");
    let mut file = StateFile::open(&path).expect("opened");
    assert_eq!(file.read(as_it_is).expect("readable"), None);
    file.keep(b"one").expect("kept");
    file.keep(b"two").expect("kept");
    assert_eq!(
        file.read(as_it_is).expect("readable"),
        Some(b"two".to_vec())
    );
}

#[test]
fn a_second_process_is_refused_until_the_first_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("device.state");
    let first = StateFile::open(&path).expect("opened");
    assert!(matches!(
        StateFile::open(&path),
        Err(MemoryError::InUse { .. })
    ));
    drop(first);
    assert!(StateFile::open(&path).is_ok());
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("device.state");
    StateFile::open(&path)
        .expect("opened")
        .keep(b"a secret")
        .expect("kept");
    let mode = std::fs::metadata(&path)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_write_that_fails_leaves_what_was_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("device.state");
    let mut file = StateFile::open(&path).expect("opened");
    file.keep(b"old").expect("kept");
    // A folder in the new file's place: it can be neither created nor replaced.
    std::fs::create_dir(folder.path().join("device.state.new")).expect("a folder");
    let error = file.keep(b"new").expect_err("nowhere to write");
    assert!(
        error
            .to_string()
            .contains("device.state: it cannot be written")
    );
    assert_eq!(
        file.read(as_it_is).expect("readable"),
        Some(b"old".to_vec())
    );
}
