//! Ports that cannot be had, each with one clear line.

use std::path::Path;

use restante_serial::host::{Port, PortError};

use crate::place::named;

fn refused(path: &Path) -> PortError {
    Port::open(path, 9_600, false).expect_err("no port")
}

#[tokio::test]
async fn a_missing_port_is_named() {
    let error = refused(Path::new("/dev/ttyNONE7"));
    assert!(matches!(error, PortError::Missing(_)));
    assert_eq!(error.to_string(), "/dev/ttyNONE7: there is no such port");
}

#[tokio::test]
async fn a_file_and_a_folder_are_no_ports() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    assert!(matches!(refused(file.path()), PortError::NoPort(_)));
    let error = refused(Path::new("/dev"));
    assert_eq!(error.to_string(), "/dev: this is no serial port");
}

#[tokio::test]
async fn a_port_that_is_taken_is_refused_until_it_is_free() {
    let (_controller, name) = named();
    let first = Port::open(&name, 9_600, false).expect("it is free");
    let error = refused(&name);
    assert!(matches!(error, PortError::Taken(_)), "{error}");
    let text = format!("{}: another program is using this port", name.display());
    assert_eq!(error.to_string(), text);
    drop(first);
    Port::open(&name, 9_600, false).expect("it is free again");
}
