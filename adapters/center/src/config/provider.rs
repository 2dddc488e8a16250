//! The configuration of a provider's own server: its services and where devices register for them,
//! the center that it dials, and how it listens.
//!
//! How it listens, its figures and its log read as in a center's configuration.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use restante_core::Seconds;
use restante_core::id::ServiceId;
use restante_core::wire::ServiceUrl;
use restante_http::route::{Operation, Route};

use super::document::{self, ConfigError, Document, Section};
use super::{Config, Http, Log, Notify, notify};
use super::{duration, read_http, read_log, read_metrics, read_places, seconds};

/// A provider's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderConfig {
    /// The folder of the database.
    pub data: PathBuf,
    /// The key file.
    pub keys: PathBuf,
    /// The center that is dialled.
    pub center: Dialled,
    /// Where devices register for each service.
    pub services: BTreeMap<ServiceId, ServiceUrl>,
    /// The HTTP listeners.
    pub http: Http,
    /// Where `/metrics` is served, if anywhere.
    pub metrics: Option<SocketAddr>,
    /// Who is told what happens, besides the log.
    pub notify: Option<Notify>,
    /// The log.
    pub log: Log,
}

/// The center, as its provider reaches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialled {
    /// Its address.
    pub url: String,
    /// The private file with the account's access token.
    pub token: PathBuf,
    /// Certificates to trust besides the system's, as a PEM file.
    pub ca: Option<PathBuf>,
    /// How often it is asked, unless a device registers meanwhile.
    pub every: Duration,
}

impl ProviderConfig {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`ConfigError`] names the line and what would be right.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::from_text(path, &document::read(path, "restante-provider")?)
    }

    /// Reads `text`, which stands in the file at `path`.
    ///
    /// # Errors
    /// As [`ProviderConfig::read`].
    pub fn from_text(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let document = Document { path, text };
        let table = document.parse()?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let default = Config::default_in(folder);
        let mut root = Section::root(&document, &table);
        let provider = root.section("provider", "provider")?;
        let center = root.section("center", "center")?;
        let services = root.section("services", "services")?;
        let http = root.section("http", "http")?;
        let metrics = root.section("metrics", "metrics")?;
        let notify = root.section("notify", "notify")?;
        let log = root.section("log", "log")?;
        root.done()?;
        let (data, keys) = read_places(provider, folder, &default)?;
        let place = http.place().clone();
        let http = read_http(http, &document, folder, default.http)?;
        if http.url.is_some() {
            return Err(document.mistake(&place, NO_URL));
        }
        Ok(Self {
            data,
            keys,
            center: read_center(center, &document, folder)?,
            services: read_services(services, &document)?,
            metrics: read_metrics(metrics, &document, &http.proxies)?,
            http,
            notify: notify::read(notify, &document, folder)?,
            log: read_log(log, &default.log)?,
        })
    }
}

fn read_center(
    mut section: Section<'_>,
    document: &Document<'_>,
    folder: &Path,
) -> Result<Dialled, ConfigError> {
    let place = section.place().clone();
    let url = section.text("url")?;
    let token = section.text("token")?;
    let ca = section.text("ca")?;
    let spans = Seconds::new(1)..=Seconds::HOUR;
    let every = section.duration("every", spans, seconds(EVERY))?;
    section.done()?;
    let Some(url) = url else {
        let what = "[center] needs `url`, such as https://center.example:8443";
        return Err(document.mistake(&place, what));
    };
    let Some(token) = token else {
        return Err(document.mistake(&place, NO_TOKEN));
    };
    Ok(Dialled {
        url: url.value,
        token: folder.join(token.value),
        ca: ca.map(|ca| folder.join(ca.value)),
        every: duration(every),
    })
}

fn read_services(
    section: Section<'_>,
    document: &Document<'_>,
) -> Result<BTreeMap<ServiceId, ServiceUrl>, ConfigError> {
    let place = section.place().clone();
    let mut services: BTreeMap<ServiceId, ServiceUrl> = BTreeMap::new();
    for (name, url) in section.texts()? {
        let service = ServiceId::new(&name.value).map_err(|why| {
            let what = format!("{:?} is no service's id: {why}", name.value);
            document.mistake(&name.at, what)
        })?;
        let judged = ServiceUrl::new(&url.value).map_err(|why| {
            let what = format!("`{service}` cannot be registered for there: {why}");
            document.mistake(&url.at, what)
        })?;
        if probes().contains(&path(&judged).as_str()) {
            let what = format!("`{service}` cannot be registered for there: {FOR_PROBES}");
            return Err(document.mistake(&url.at, what));
        }
        let same = |other: &&ServiceUrl| target(other) == target(&judged);
        if services.values().any(|other| same(&other)) {
            let what = format!("`{service}` has the path of another service; give it its own");
            return Err(document.mistake(&url.at, what));
        }
        services.insert(service, judged);
    }
    if services.is_empty() {
        return Err(document.mistake(&place, NO_SERVICE));
    }
    Ok(services)
}

/// The paths that the server itself answers, whatever their query.
fn probes() -> [&'static str; 2] {
    [Operation::Health, Operation::Ready].map(|probe| Route::of(probe).path)
}

fn path(url: &ServiceUrl) -> String {
    let target = target(url);
    target.split('?').next().unwrap_or_default().to_owned()
}

/// The path of a URL, with its query if it has one.
pub(crate) fn target(url: &ServiceUrl) -> String {
    let after_scheme = url.as_str().split_once("://").map_or("", |(_, rest)| rest);
    match after_scheme.find(['/', '?']) {
        Some(at) if after_scheme[at..].starts_with('/') => after_scheme[at..].to_owned(),
        Some(at) => format!("/{}", &after_scheme[at..]),
        None => "/".to_owned(),
    }
}

const FOR_PROBES: &str = "that path is for probes; choose another";
const NO_URL: &str = "a provider's [http] has no `url`: devices are told that of their service, in \
                      [services]";
const NO_TOKEN: &str = "[center] needs `token`, a private file with the access token that the \
                        center's operator has made for this provider";
const NO_SERVICE: &str = "[services] names no service; write each as \
                          id = \"https://services.example/start\"";
/// How often the center is asked: people who apply do not wait for longer, and one that has nothing
/// to say costs nothing.
pub(crate) const EVERY: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "[center]\nurl = \"https://center.example\"\ntoken = \"token\"\n\
                         [services]\nscan = \"https://scan.example/start\"\n";

    fn read(text: &str) -> Result<ProviderConfig, String> {
        let read = ProviderConfig::from_text(Path::new("/p/restante-provider.toml"), text);
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let config = read(RIGHT).expect("right");
        assert_eq!(config.data, Path::new("/p/data"));
        assert_eq!(config.center.token, Path::new("/p/token"));
        assert_eq!(config.center.every, Duration::from_secs(10));
        let url = config.services.values().next().expect("one service");
        assert_eq!(target(url), "/start");
    }

    #[test]
    fn mistakes_have_a_place_and_say_what_would_be_right() {
        let cases = [
            ("[center]\n", "1:1: [center] needs `url`"),
            (
                "[center]\nurl = \"https://c\"\n",
                "1:1: [center] needs `token`",
            ),
            (
                &RIGHT.replace("scan.example", "192.0.2.1"),
                "5:8: `scan` cannot be",
            ),
            (
                &RIGHT.replace("https://scan", "http://scan"),
                "5:8: `scan` cannot be",
            ),
            (
                &RIGHT.replace("scan =", "Scan ="),
                "5:1: \"Scan\" is no service's id",
            ),
            (
                &format!("{RIGHT}copy = \"https://copy.example/start\"\n"),
                "has the path of another",
            ),
            (
                &RIGHT.replace("/start", "/healthz"),
                "5:8: `scan` cannot be registered for there: that path is for probes; choose",
            ),
            (
                &RIGHT.replace("/start", "/readyz?of=scan"),
                "that path is for probes",
            ),
            (
                &RIGHT.replace("[services]\nscan", "[servces]\nscan"),
                "did you mean [services]?",
            ),
            (
                &format!("{RIGHT}[http]\nurl = \"https://a\"\n"),
                "has no `url`",
            ),
        ];
        for (text, says) in cases {
            let error = read(text).err().unwrap_or_else(|| panic!("taken: {text}"));
            assert!(error.contains(says), "{error} does not say: {says}");
        }
    }

    #[test]
    fn the_path_of_a_service_holds_its_query() {
        for (url, path) in [
            ("https://a.example", "/"),
            ("https://a.example/", "/"),
            ("https://a.example:8443/x/y?z=1", "/x/y?z=1"),
            ("https://a.example?z=1", "/?z=1"),
        ] {
            assert_eq!(target(&ServiceUrl::new(url).expect("a URL")), path);
        }
    }
}
