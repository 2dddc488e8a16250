//! The configuration: what `restante.toml` says, or what holds where it says nothing.
//!
//! Every setting has a default, an unknown one is refused. Paths are relative to the file's folder,
//! so that a center's folder can be moved as a whole. No secret stands in here; keys and tokens
//! have files of their own.

mod document;
mod mqtt;
mod notify;
mod policy;
mod provider;
mod serial;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use restante_core::Seconds;
use restante_core::center::Policy;
use restante_http::server::Forwarding;

pub use document::ConfigError;
use document::{Document, Section};
pub use mqtt::Mqtt;
pub use notify::Notify;
pub use provider::{Dialled, ProviderConfig};
pub(crate) use provider::{EVERY, target};
pub use serial::{Behind, SerialLine};

/// A center's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The folder of the database and of what the running center leaves for its console.
    pub data: PathBuf,
    /// The key file.
    pub keys: PathBuf,
    /// The HTTP listeners.
    pub http: Http,
    /// Where sealed envelopes are taken in plain HTTP, and nothing else.
    pub sealed: Vec<SocketAddr>,
    /// The serial ports at which devices reach it.
    pub serial: Vec<SerialLine>,
    /// The broker through which sealed envelopes come, if there is one.
    pub mqtt: Option<Mqtt>,
    /// Where `/metrics` is served, if anywhere.
    pub metrics: Option<SocketAddr>,
    /// What the operator may decide.
    pub policy: Policy,
    /// Who is told what happens, besides the log.
    pub notify: Option<Notify>,
    /// The log.
    pub log: Log,
}

/// How the center listens for HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// The addresses to listen on; port 0 takes any free one.
    pub listen: Vec<SocketAddr>,
    /// How devices and people reach the center: what is shown with each code.
    pub url: Option<String>,
    /// The certificate; without one the listeners speak plain HTTP.
    pub tls: Option<Tls>,
    /// Reverse proxies that are believed when they say whose request it is.
    pub proxies: Vec<IpAddr>,
    /// In which header they say it.
    pub forwarding: Forwarding,
    /// How long a client may take to send its request's head.
    pub head_time: Duration,
    /// How long a client may take to send its request's body.
    pub body_time: Duration,
    /// How many connections may be open together.
    pub connections: u32,
    /// How many of them may come from one source.
    pub connections_per_source: u32,
}

/// A certificate and its key, in PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate, followed by its chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The least severe level that is logged.
    pub level: &'static str,
    /// The form of a line.
    pub format: LogFormat,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogFormat {
    /// For people on a terminal, JSON anywhere else.
    Auto,
    /// For people.
    Pretty,
    /// One JSON object in each line.
    Json,
}

impl Config {
    /// What holds for a center in `folder` where the file says nothing.
    #[must_use]
    pub fn default_in(folder: &Path) -> Self {
        Self {
            data: folder.join("data"),
            keys: folder.join("keys.toml"),
            http: Http {
                listen: vec![DEFAULT_LISTEN],
                url: None,
                tls: None,
                proxies: Vec::new(),
                forwarding: Forwarding::default(),
                head_time: HEAD_TIME,
                body_time: BODY_TIME,
                connections: CONNECTIONS,
                connections_per_source: CONNECTIONS_PER_SOURCE,
            },
            sealed: Vec::new(),
            serial: Vec::new(),
            mqtt: None,
            metrics: None,
            policy: policy::nightly(),
            notify: None,
            log: Log {
                level: "info",
                format: LogFormat::Auto,
            },
        }
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`ConfigError`] names the line and what would be right.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::from_text(path, &document::read(path, "restante-center")?)
    }

    /// Reads `text`, which stands in the file at `path`.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn from_text(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let document = Document { path, text };
        let table = document.parse()?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let default = Self::default_in(folder);
        let mut root = Section::root(&document, &table);
        let center = root.section("center", "center")?;
        let http = root.section("http", "http")?;
        let mut sealed = root.section("sealed", "sealed")?;
        let serial = root.sections("serial", "serial")?;
        let mqtt = root.section("mqtt", "mqtt")?;
        let metrics = root.section("metrics", "metrics")?;
        let policy = root.section("policy", "policy")?;
        let notify = root.section("notify", "notify")?;
        let log = root.section("log", "log")?;
        root.done()?;
        let listen = sealed.sockets("listen")?.unwrap_or_default();
        sealed.done()?;
        let (data, keys) = read_places(center, folder, &default)?;
        let http = read_http(http, &document, folder, default.http)?;
        Ok(Self {
            data,
            keys,
            sealed: listen.into_iter().map(|at| at.value).collect(),
            serial: serial
                .into_iter()
                .map(|line| serial::read(line, &document, folder))
                .collect::<Result<_, _>>()?,
            mqtt: mqtt::read(mqtt, &document, folder)?,
            metrics: read_metrics(metrics, &document, &http.proxies)?,
            http,
            policy: policy::read(policy, &document)?,
            notify: notify::read(notify, &document, folder)?,
            log: read_log(log, &default.log)?,
        })
    }
}

/// Where a server keeps its database and its keys.
fn read_places(
    mut section: Section<'_>,
    folder: &Path,
    default: &Config,
) -> Result<(PathBuf, PathBuf), ConfigError> {
    let data = section.text("data")?.map(|path| folder.join(path.value));
    let keys = section.text("keys")?.map(|path| folder.join(path.value));
    section.done()?;
    Ok((
        data.unwrap_or_else(|| default.data.clone()),
        keys.unwrap_or_else(|| default.keys.clone()),
    ))
}

fn read_http(
    mut section: Section<'_>,
    document: &Document<'_>,
    folder: &Path,
    default: Http,
) -> Result<Http, ConfigError> {
    let listen = section.sockets("listen")?;
    let url = section.text("url")?;
    let tls = section.section("tls", "http.tls")?;
    let proxies = section.addresses("proxies")?.unwrap_or_default();
    let forwarding = section.word("forwarding", &FORWARDING, default.forwarding)?;
    let times = Seconds::new(1)..=Seconds::new(300);
    let head_time = section.duration("head-time", times.clone(), seconds(default.head_time))?;
    let body_time = section.duration("body-time", times, seconds(default.body_time))?;
    let connections = section.number("connections", 1..=1_000_000, default.connections)?;
    let per_source = default.connections_per_source;
    let per_source = section.number("connections-per-source", 1..=1_000_000, per_source)?;
    let place = section.place().clone();
    section.done()?;
    let tls = read_tls(tls, document, folder)?;
    let is_open = |at: &&document::Found<SocketAddr>| !at.value.ip().is_loopback();
    let open = listen.iter().flatten().find(is_open);
    if let (None, true, Some(open)) = (&tls, proxies.is_empty(), open) {
        return Err(document.mistake(&open.at, plain_http(open.value)));
    }
    if listen.as_ref().is_some_and(Vec::is_empty) {
        return Err(document.mistake(&place, "`listen` is empty; name at least one address"));
    }
    if let Some(url) = &url {
        check_url(document, url)?;
    }
    let values = |list: Vec<document::Found<SocketAddr>>| list.into_iter().map(|at| at.value);
    Ok(Http {
        listen: listen.map_or(default.listen, |list| values(list).collect()),
        url: url.map(|url| url.value.trim_end_matches('/').to_owned()),
        tls,
        proxies: proxies.into_iter().map(|at| at.value).collect(),
        forwarding,
        head_time: duration(head_time),
        body_time: duration(body_time),
        connections,
        connections_per_source: per_source,
    })
}

fn read_tls(
    mut section: Section<'_>,
    document: &Document<'_>,
    folder: &Path,
) -> Result<Option<Tls>, ConfigError> {
    let there = section.is_there();
    let place = section.place().clone();
    let certificate = section.text("certificate")?;
    let key = section.text("key")?;
    section.done()?;
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some(Tls {
            certificate: folder.join(certificate.value),
            key: folder.join(key.value),
        })),
        (None, None) if !there => Ok(None),
        (None, _) => Err(document.mistake(&place, "[http.tls] needs `certificate`, a PEM file")),
        (_, None) => Err(document.mistake(&place, "[http.tls] needs `key`, a PEM file")),
    }
}

fn read_metrics(
    mut section: Section<'_>,
    document: &Document<'_>,
    proxies: &[IpAddr],
) -> Result<Option<SocketAddr>, ConfigError> {
    let listen = section.sockets("listen")?.unwrap_or_default();
    section.done()?;
    match listen.as_slice() {
        [] => Ok(None),
        [one] if one.value.ip().is_loopback() || !proxies.is_empty() => Ok(Some(one.value)),
        [one] => {
            let what = format!(
                "`listen` {} is open to other machines; {METRICS_HOW}",
                one.value
            );
            Err(document.mistake(&one.at, what))
        }
        [_, second, ..] => {
            Err(document.mistake(&second.at, "metrics are served on one address only"))
        }
    }
}

fn read_log(mut section: Section<'_>, default: &Log) -> Result<Log, ConfigError> {
    let levels = ["error", "warn", "info", "debug", "trace"].map(|level| (level, level));
    let formats = [
        ("auto", LogFormat::Auto),
        ("pretty", LogFormat::Pretty),
        ("json", LogFormat::Json),
    ];
    let log = Log {
        level: section.word("level", &levels, default.level)?,
        format: section.word("format", &formats, default.format)?,
    };
    section.done()?;
    Ok(log)
}

fn check_url(document: &Document<'_>, url: &document::Found<String>) -> Result<(), ConfigError> {
    let host = ["https://", "http://"]
        .iter()
        .find_map(|scheme| url.value.strip_prefix(scheme));
    let good = host.is_some_and(|host| {
        !host.is_empty() && !host.starts_with('/') && !host.contains([' ', '?', '#', '@'])
    });
    if good {
        return Ok(());
    }
    let what = format!(
        "`url` is {:?}; write it as https://center.example:8443",
        url.value
    );
    Err(document.mistake(&url.at, what))
}

fn plain_http(listen: SocketAddr) -> String {
    format!(
        "`listen` {listen} would take plain HTTP from other machines; give a certificate in \
         [http.tls], listen on 127.0.0.1, or name the proxy in front of it in `proxies`"
    )
}

fn seconds(time: Duration) -> Seconds {
    Seconds::covering(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

fn duration(span: Seconds) -> Duration {
    Duration::from_secs(u64::from(span.get()))
}

const METRICS_HOW: &str = "metrics are plain HTTP: serve them on 127.0.0.1, or name the proxy in \
                           front of them in `proxies` of [http]";
/// The headers that proxies write.
const FORWARDING: [(&str, Forwarding); 2] = [
    ("x-forwarded-for", Forwarding::XForwardedFor),
    ("forwarded", Forwarding::Forwarded),
];
/// Loopback: a center is opened to others by a person's decision.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8443);
/// A request's head is a few hundred bytes; ten seconds let the slowest honest line send it.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// A body is 64 KiB at most; thirty seconds suffice at 18 kbit/s.
const BODY_TIME: Duration = Duration::from_secs(30);
/// Connections together: a few kilobytes each.
const CONNECTIONS: u32 = 10_000;
/// Connections from one source: a site with many devices behind one address has dozens.
const CONNECTIONS_PER_SOURCE: u32 = 256;
