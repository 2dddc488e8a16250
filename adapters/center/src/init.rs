//! Making a new center: configuration, keys, and a certificate for trials.
//!
//! Nothing is ever overwritten. All files that it would make are looked for before the first is
//! made, and each is made as a new file, so that a second `init` in the same folder changes
//! nothing.

use std::io;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use restante_core::Timestamp;
use restante_core::id::CenterId;
use restante_core::wire::UrlError;

use crate::keyfile::{KeyFile, KeyFileError};
use crate::private::{make_private, make_private_folder};

/// What [`init`] made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The new center's id.
    pub center: CenterId,
    /// The configuration.
    pub config: PathBuf,
    /// The key file.
    pub keys: PathBuf,
    /// The certificate for trials.
    pub certificate: PathBuf,
    /// Its private key.
    pub certificate_key: PathBuf,
}

/// Why a new center cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// There is one already.
    #[error("{} is there already; nothing was changed. Choose another folder with --dir", .0.display())]
    Exists(PathBuf),
    /// A file or folder cannot be made.
    #[error("{} cannot be made: {why}", path.display())]
    Unwritable {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// The key file cannot be made.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// A service cannot be at an address: devices follow URLs with host names alone.
    #[error(
        "no service can be started at {host}: devices go to no address; give a host name with \
         --host"
    )]
    Address {
        /// The address.
        host: String,
    },
    /// A service cannot be at such a host.
    #[error("no service can be started at {host:?}: {why}; give a host name with --host")]
    Host {
        /// What was given as its name.
        host: String,
        /// What is wrong with it.
        why: UrlError,
    },
    /// A host name cannot stand in a certificate.
    #[error("no certificate can be made for {host:?}: {why}")]
    Certificate {
        /// The name.
        host: String,
        /// What is wrong.
        why: rcgen::Error,
    },
}

/// Makes a center in `folder`, reachable as `host`.
///
/// # Errors
/// [`InitError`]; what was there before is untouched.
pub fn init(folder: &Path, host: &str, now: Timestamp) -> Result<Made, InitError> {
    let config = CONFIG.replace("@URL@", &url(host));
    make(folder, host, now, ("restante.toml", &config))
}

/// Makes a server with this configuration, of this name, in `folder`, reachable as `host`.
pub(crate) fn make(
    folder: &Path,
    host: &str,
    now: Timestamp,
    (config_name, config): (&str, &str),
) -> Result<Made, InitError> {
    let keys = KeyFile::draw(now);
    let made = Made {
        center: keys.center(),
        config: folder.join(config_name),
        keys: folder.join("keys.toml"),
        certificate: folder.join("tls/certificate.pem"),
        certificate_key: folder.join("tls/key.pem"),
    };
    let data = folder.join("data");
    let files = [
        &made.config,
        &made.keys,
        &made.certificate,
        &made.certificate_key,
        &data,
    ];
    if let Some(there) = files
        .into_iter()
        .find(|path| path.symlink_metadata().is_ok())
    {
        return Err(InitError::Exists(there.clone()));
    }
    let (certificate, certificate_key) = trial_certificate(host)?;
    for made_folder in [folder, &folder.join("tls"), &data] {
        make_private_folder(made_folder).map_err(|why| unwritable(made_folder, why))?;
    }
    keys.make(&made.keys)?;
    make_private(&made.certificate_key, &certificate_key)
        .map_err(|why| unwritable(&made.certificate_key, why))?;
    make_public(&made.certificate, &certificate)?;
    make_public(&made.config, config)?;
    Ok(made)
}

/// A certificate that nobody has signed, for `host` and for this machine's own names, and its key.
fn trial_certificate(host: &str) -> Result<(String, String), InitError> {
    let error = |why| InitError::Certificate {
        host: host.into(),
        why,
    };
    let mut names: Vec<String> = LOCAL_NAMES.map(String::from).into();
    if !names.iter().any(|name| name == host) {
        names.insert(0, host.into());
    }
    let mut params = CertificateParams::new(names).map_err(error)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Restante server for trials");
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2046, 1, 1);
    let key = KeyPair::generate().map_err(error)?;
    let certificate = params.self_signed(&key).map_err(error)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// An IPv6 address needs brackets in a URL.
pub(crate) fn url(host: &str) -> String {
    match host.parse() {
        Ok(IpAddr::V6(address)) => format!("https://[{address}]:8443"),
        _ => format!("https://{host}:8443"),
    }
}

fn make_public(path: &Path, text: &str) -> Result<(), InitError> {
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(path);
    file.and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()))
        .map_err(|why| unwritable(path, why))
}

fn unwritable(path: &Path, why: io::Error) -> InitError {
    InitError::Unwritable {
        path: path.to_owned(),
        why,
    }
}

const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
const CONFIG: &str = include_str!("config/restante.toml");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::os::unix::fs::MetadataExt;

    fn mode(path: &Path) -> u32 {
        path.metadata().expect("there").mode() & 0o777
    }

    #[test]
    fn secrets_are_private_from_the_start() {
        let outer = tempfile::tempdir().expect("a folder");
        let folder = outer.path().join("restante");
        let made = init(&folder, "localhost", Timestamp::EPOCH).expect("made");
        for private in [&folder, &folder.join("data"), &folder.join("tls")] {
            assert_eq!(mode(private), 0o700, "{}", private.display());
        }
        assert_eq!(mode(&made.keys), 0o600);
        assert_eq!(mode(&made.certificate_key), 0o600);
        assert_eq!(
            KeyFile::read(&made.keys).expect("keys").center(),
            made.center
        );
    }

    #[test]
    fn a_second_time_changes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = init(folder.path(), "localhost", Timestamp::EPOCH).expect("made");
        let before = std::fs::read(&made.keys).expect("keys");
        std::fs::remove_file(&made.config).expect("removed");
        let again = init(folder.path(), "localhost", Timestamp::EPOCH).expect_err("keys are there");
        assert!(matches!(again, InitError::Exists(path) if path == made.keys));
        assert_eq!(std::fs::read(&made.keys).expect("keys"), before);
        assert!(!made.config.exists());
    }

    #[test]
    fn the_defaults_that_the_file_names_are_the_defaults() {
        let folder = Path::new("/somewhere");
        let set: String = CONFIG
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest) if rest.split(' ').nth(1) == Some("=") => format!("{rest}\n"),
                Some(rest) if rest.starts_with("[[") => format!("{rest}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        let read = Config::from_text(
            &folder.join("restante.toml"),
            &set.replace("@URL@", "https://a"),
        )
        .expect("right");
        let mut default = Config::default_in(folder);
        default.http.url = Some("https://a".into());
        default.http.tls = read.http.tls.clone();
        default.metrics = read.metrics;
        default.serial.clone_from(&read.serial);
        let notify = read.notify.as_ref().expect("shown");
        assert_eq!(notify.within, std::time::Duration::from_secs(10));
        default.notify.clone_from(&read.notify);
        let mqtt = read.mqtt.as_ref().expect("shown");
        assert!(mqtt.broker.is_tls() && mqtt.credentials.is_some());
        default.mqtt.clone_from(&read.mqtt);
        assert_eq!(read, default);
        assert!(read.metrics.is_some() && read.serial.len() == 1 && read.http.tls.is_some());
        assert_eq!(set.matches(" = ").count(), 36);
    }
}
