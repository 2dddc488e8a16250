//! Opening a center: its keys, its store and what decides, as its configuration says.
//!
//! The order is chosen so that nothing is made or changed before everything that can be wrong has
//! been looked at: the key file first, then the certificate, then the store, which is locked.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use restante_core::center::{Center, Decide, KeysError};
use restante_crypto::RingCrypto;
use restante_http::client::{Trust, Webhook, WebhookError, WebhookSecret, WebhookSecretError};
use restante_http::server::{Bounds, Line, Proxies, TlsError};
use restante_mqtt::{Login, Name, OnRumqttc, Settings};
use restante_store::sqlite::{OpenError, Options};
use restante_store::{Driver, SqliteStore};

use crate::config::{Config, Http, Mqtt, Notify, Tls};
use crate::figures::Vitals;
use crate::keyfile::{KeyFile, KeyFileError};
use crate::mqtt::ByMqtt;
use crate::private::{PrivateFileError, read_private};
use crate::setup::Setup;

/// Core's center on SQLite: what the program runs.
pub type SqliteDriver = Driver<Center<RingCrypto>, SqliteStore>;

/// Why a center cannot be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CenterError {
    /// The key file.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The keys in it.
    #[error("the key file {} cannot serve: {why}", path.display())]
    Keys {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: KeysError,
    },
    /// The folder of the database.
    #[error("there is no folder {} for the database; check `data` in [center]", .0.display())]
    NoData(PathBuf),
    /// The certificate cannot be read.
    #[error(
        "the certificate {} cannot be read: {why}; check `certificate` in [http.tls]",
        path.display()
    )]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// The certificate's key cannot be read, or others can.
    #[error("the certificate's key {0}")]
    CertificateKey(PrivateFileError),
    /// Certificate and key do not serve.
    #[error("{} with {}: {why}", certificate.display(), key.display())]
    Tls {
        /// The certificate.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
        /// What is wrong.
        why: TlsError,
    },
    /// The secret that signs what the webhook is told cannot be read, or others can.
    #[error("the webhook's secret {0}")]
    WebhookSecretFile(PrivateFileError),
    /// The secret is none.
    #[error("the webhook's secret in {} cannot serve: {why}", path.display())]
    WebhookSecret {
        /// Which file.
        path: PathBuf,
        /// What would be right.
        why: WebhookSecretError,
    },
    /// The certificates that the webhook's receiver is known by cannot be used.
    #[error("{}: {why}; check `ca` in [notify]", path.display())]
    WebhookCa {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The webhook's address cannot be used.
    #[error("`webhook` in [notify]: {0}")]
    Webhook(#[from] WebhookError),
    /// The file with the user's name and the password for the broker cannot be read, or others can.
    #[error("the login for the broker {0}")]
    MqttLoginFile(PrivateFileError),
    /// It holds no login.
    #[error(
        "{} holds no login for the broker: it has to be the user's name and the password, on a \
         line each; check `credentials` in [mqtt]",
        .0.display()
    )]
    MqttLogin(PathBuf),
    /// The certificates that the broker is known by cannot be used.
    #[error("{}: {why}; check `ca` in [mqtt]", path.display())]
    MqttCa {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// TLS to the broker cannot be had.
    #[error("no broker can be spoken to over TLS: {0}")]
    MqttTls(#[from] restante_mqtt::TlsError),
    /// The store.
    #[error(transparent)]
    Store(#[from] OpenError),
}

/// Opens the center that `config` describes; its store is locked until the driver is dropped.
///
/// # Errors
/// [`CenterError`] says in one line what is wrong.
pub fn open(config: &Config) -> Result<SqliteDriver, CenterError> {
    let file = KeyFile::read(&config.keys)?;
    let keys = file.keys().map_err(|why| CenterError::Keys {
        path: config.keys.clone(),
        why,
    })?;
    if !config.data.is_dir() {
        return Err(CenterError::NoData(config.data.clone()));
    }
    let path = store_path(config);
    let store = SqliteStore::open(&path, &file.center().to_string(), Options::default())?;
    let center = Center::new(RingCrypto, keys, config.policy.clone());
    Ok(Driver::new(center, store))
}

/// Where the store's file is.
#[must_use]
pub fn store_path(config: &Config) -> PathBuf {
    config.data.join("restante.sqlite")
}

/// The center that `config` describes, ready to listen where it says.
///
/// # Errors
/// As [`open`], and for a certificate that cannot serve.
pub fn prepare(config: &Config) -> Result<Setup<Center<RingCrypto>, SqliteStore>, CenterError> {
    let webhook = config.notify.as_ref().map(webhook).transpose()?;
    let line = line(&config.http)?;
    let by_mqtt = config.mqtt.as_ref();
    let by_mqtt = by_mqtt.map(|mqtt| broker(mqtt, config)).transpose()?;
    let mut setup = behind(&config.http, &line, Setup::new(open(config)?))
        .console(&config.data)
        .metrics(config.metrics);
    for address in &config.sealed {
        setup = setup.sealed(*address);
    }
    for line in &config.serial {
        setup = setup.serial(line.clone());
    }
    if let Some(by_mqtt) = by_mqtt {
        setup = setup.mqtt(by_mqtt);
    }
    if let Some(webhook) = webhook {
        setup = setup.notify(webhook, config.http.url.clone());
    }
    Ok(setup)
}

/// What is spoken on the listeners.
pub(crate) fn line(http: &Http) -> Result<Line, CenterError> {
    Ok(match &http.tls {
        None => Line::Plain,
        Some(tls) => Line::Tls(read_tls(tls)?),
    })
}

/// The same behind the listeners that the configuration names.
pub(crate) fn behind<D: Decide + 'static>(
    http: &Http,
    line: &Line,
    setup: Setup<D, SqliteStore>,
) -> Setup<D, SqliteStore> {
    let proxies = Proxies::declared(http.proxies.iter().copied(), http.forwarding);
    let bounds = Bounds {
        header: http.head_time,
        body: http.body_time,
        connections: usize::try_from(http.connections).unwrap_or(usize::MAX),
        per_source: usize::try_from(http.connections_per_source).unwrap_or(usize::MAX),
        ..Bounds::default()
    };
    let setup = setup.proxies(proxies).bounds(bounds).vitals(vitals);
    let listen = http.listen.iter();
    listen.fold(setup, |setup, address| setup.listen(*address, line.clone()))
}

/// The webhook, with its secret and whom it trusts.
pub(crate) fn webhook(notify: &Notify) -> Result<Webhook, CenterError> {
    let path = &notify.secret;
    let secret = read_private(path).map_err(CenterError::WebhookSecretFile)?;
    let secret: WebhookSecret = secret.trim().parse().map_err(|why| {
        let path = path.clone();
        CenterError::WebhookSecret { path, why }
    })?;
    let mut trust = Trust::system();
    if let Some(path) = &notify.ca {
        let unfit = |why: String| CenterError::WebhookCa {
            path: path.clone(),
            why,
        };
        let pem = fs::read(path).map_err(|error| unfit(error.to_string()))?;
        trust = trust.and(&pem).map_err(|error| unfit(error.to_string()))?;
    }
    Ok(Webhook::new(
        &notify.webhook,
        secret,
        &trust,
        notify.within,
    )?)
}

/// The broker, with the login and how it is known.
fn broker(mqtt: &Mqtt, config: &Config) -> Result<ByMqtt, CenterError> {
    let mut login = None;
    if let Some(path) = &mqtt.credentials {
        let text = read_private(path).map_err(CenterError::MqttLoginFile)?;
        let read = Login::from_lines(&text);
        login = Some(read.ok_or_else(|| CenterError::MqttLogin(path.clone()))?);
    }
    let mut tls = None;
    if let Some(path) = &mqtt.ca {
        let unfit = |why: String| CenterError::MqttCa {
            path: path.clone(),
            why,
        };
        let pem = fs::read(path).map_err(|error| unfit(error.to_string()))?;
        let trusting = restante_mqtt::Tls::trusting(Some(&pem));
        tls = Some(trusting.map_err(|error| unfit(error.to_string()))?);
    }
    let own = KeyFile::read(&config.keys)?.center().to_string();
    let own: Name = own.parse().expect("an id has the characters of a name");
    let settings = Settings {
        broker: mqtt.broker.clone(),
        client: mqtt.client.clone().unwrap_or_else(|| own.clone()),
        login,
        tls,
    };
    Ok(ByMqtt {
        broker: settings.broker.to_string(),
        client: OnRumqttc::new(settings)?,
        share: mqtt.share.clone().unwrap_or(own),
    })
}

fn read_tls(tls: &Tls) -> Result<restante_http::server::Tls, CenterError> {
    let certificate = fs::read(&tls.certificate).map_err(|why| CenterError::Certificate {
        path: tls.certificate.clone(),
        why,
    })?;
    let key = read_key(&tls.key)?;
    restante_http::server::Tls::from_pem(&certificate, key.as_bytes()).map_err(|why| {
        CenterError::Tls {
            certificate: tls.certificate.clone(),
            key: tls.key.clone(),
            why,
        }
    })
}

fn read_key(path: &Path) -> Result<String, CenterError> {
    read_private(path).map_err(CenterError::CertificateKey)
}

fn vitals(store: &SqliteStore) -> Vitals {
    let figures = store.figures();
    Vitals {
        stopped: store.is_stopped(),
        commits: figures.commits,
        groups: figures.groups,
        hits: figures.hits,
        misses: figures.misses,
        ..Vitals::default()
    }
}
