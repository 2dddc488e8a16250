//! A provider's own server: core's provider on SQLite, the URLs of its services, and the loop that
//! dials the center.
//!
//! It is made of what a center is made of: keys in a file, the same store and driver, the same
//! listeners. What differs is what decides, that only registrations are served, and that it dials.
//! Serves spec chapter PRV.

mod around;
mod dial;
mod ledger;
mod notes;
mod serving;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use restante_core::Timestamp;
use restante_core::code::AccessToken;
use restante_core::provider::Provider;
use restante_core::wire::{ServiceUrl, UrlError};
use restante_crypto::RingCrypto;
use restante_http::client::{Client, ClientError, Trust};
use restante_store::sqlite::Options;
use restante_store::{Driver, SqliteStore};

pub use crate::config::{Dialled, ProviderConfig};
use crate::init::{InitError, Made, make, url};
use crate::keyfile::KeyFile;
use crate::open::{CenterError, behind, line, webhook};
use crate::private::{PrivateFileError, read_private};
use crate::setup::Setup;

pub use around::{Answered, ClientLink, Link, Pace, Pending};
pub use ledger::{DeviceRow, DeviceState, Ledger, LedgerError, devices};
pub use serving::{ProviderSetup, Serving};

/// Why a provider's server cannot be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The key file.
    #[error("there is no key file at {}; put back a copy of it, or check `keys` in [provider]", .0.display())]
    NoKeys(PathBuf),
    /// The folder of the database.
    #[error("there is no folder {} for the database; check `data` in [provider]", .0.display())]
    NoData(PathBuf),
    /// What a center has as well: keys, certificate, store.
    #[error(transparent)]
    Server(#[from] CenterError),
    /// The token's file cannot be read, or others can.
    #[error("the center's access token {0}; check `token` in [center]")]
    TokenFile(PrivateFileError),
    /// What stands in it is no token.
    #[error("the access token in {} cannot be used: {why}", path.display())]
    Token {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The certificates that the center is known by cannot be used.
    #[error("{}: {why}; check `ca` in [center]", path.display())]
    Ca {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The center's address cannot be used.
    #[error("`url` in [center]: {0}")]
    Url(#[from] ClientError),
}

/// Makes a provider's server in `folder`, reachable as `host`.
///
/// # Errors
/// [`InitError`]; what was there before is untouched.
pub fn init(folder: &Path, host: &str, now: Timestamp) -> Result<Made, InitError> {
    let url = url(host).replace(":8443", ":8444");
    ServiceUrl::new(&url).map_err(|why| {
        let host = host.into();
        match why {
            UrlError::IpLiteral => InitError::Address { host },
            why => InitError::Host { host, why },
        }
    })?;
    let config = CONFIG.replace("@URL@", &url);
    make(folder, host, now, (CONFIG_NAME, &config))
}

/// The server that `config` describes, ready to listen and to dial.
///
/// # Errors
/// [`ProviderError`] says in one line what is wrong.
pub fn prepare(
    config: &ProviderConfig,
) -> Result<ProviderSetup<Provider<RingCrypto>, SqliteStore>, ProviderError> {
    if !config.keys.exists() {
        return Err(ProviderError::NoKeys(config.keys.clone()));
    }
    let file = KeyFile::read(&config.keys).map_err(CenterError::from)?;
    let keys = file.keys().map_err(|why| CenterError::Keys {
        path: config.keys.clone(),
        why,
    })?;
    if !config.data.is_dir() {
        return Err(ProviderError::NoData(config.data.clone()));
    }
    let token = token(&config.center.token)?;
    let webhook = config.notify.as_ref().map(webhook).transpose()?;
    let client = Client::new(&config.center.url, &trust(&config.center)?)?;
    let line = line(&config.http)?;
    let store = SqliteStore::open(
        &store_path(config),
        &file.center().to_string(),
        Options::default(),
    )
    .map_err(CenterError::from)?;
    let provider = Provider::new(RingCrypto, keys, config.services.clone());
    let setup = Setup::new(Driver::new(provider, store)).metrics(config.metrics);
    let mut setup = behind(&config.http, &line, setup);
    if let Some(webhook) = webhook {
        setup = setup.notify(webhook, None);
    }
    let link = Arc::new(ClientLink::new(client, token));
    let setup = ProviderSetup::new(setup, config.services.clone(), link);
    Ok(setup.every(config.center.every))
}

fn store_path(config: &ProviderConfig) -> PathBuf {
    config.data.join("restante-provider.sqlite")
}

fn token(path: &Path) -> Result<AccessToken, ProviderError> {
    let text = read_private(path).map_err(ProviderError::TokenFile)?;
    text.trim().parse().map_err(|why| ProviderError::Token {
        path: path.into(),
        why: format!("{why}"),
    })
}

fn trust(center: &Dialled) -> Result<Trust, ProviderError> {
    let Some(path) = &center.ca else {
        return Ok(Trust::system());
    };
    let unfit = |why: String| ProviderError::Ca {
        path: path.clone(),
        why,
    };
    let pem = fs::read(path).map_err(|error| unfit(error.to_string()))?;
    Trust::system()
        .and(&pem)
        .map_err(|error| unfit(error.to_string()))
}

const CONFIG: &str = include_str!("../config/provider.toml");
/// What the configuration is called.
pub const CONFIG_NAME: &str = "restante-provider.toml";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_init_makes_can_be_read_and_lacks_the_token_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = init(folder.path(), "localhost", Timestamp::EPOCH).expect("made");
        let config = ProviderConfig::read(&made.config).expect("right");
        let url = config.services.values().next().expect("an example");
        assert_eq!(url.as_str(), "https://localhost:8444/start");
        let error = prepare(&config).expect_err("no token").to_string();
        assert!(error.contains("center-token cannot be read"), "{error}");
        assert!(error.ends_with("check `token` in [center]"), "{error}");
        assert!(init(folder.path(), "localhost", Timestamp::EPOCH).is_err());
    }

    #[test]
    fn init_makes_nothing_for_a_host_to_which_no_device_goes() {
        let outer = tempfile::tempdir().expect("a folder");
        let folder = outer.path().join("restante-provider");
        let cases = [
            (
                "192.0.2.1",
                "no service can be started at 192.0.2.1: devices go to no address",
            ),
            (
                "::1",
                "devices go to no address; give a host name with --host",
            ),
            (
                "a b",
                "no service can be started at \"a b\": the URL holds a character",
            ),
        ];
        for (host, says) in cases {
            let error = init(&folder, host, Timestamp::EPOCH);
            let error = error.expect_err("no host name").to_string();
            assert!(error.contains(says), "{error}");
            assert!(!folder.exists());
        }
    }
}
