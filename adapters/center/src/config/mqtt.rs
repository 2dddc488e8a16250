//! `[mqtt]`: the broker through which devices send sealed envelopes, if there is one.
//!
//! Without the section nobody is connected to. User name and password have a private file of their
//! own; what they protect is the broker and not what devices say, which is sealed.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use restante_mqtt::{Broker, Name};

use super::document::{ConfigError, Document, Found, Section};

/// Through which broker envelopes come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mqtt {
    /// Where it is.
    pub broker: Broker,
    /// This center's client id there; the center's id where nothing is said.
    pub client: Option<Name>,
    /// The share under which it listens; the center's id where nothing is said.
    pub share: Option<Name>,
    /// The private file with the user's name and the password.
    pub credentials: Option<PathBuf>,
    /// Certificates to trust besides the system's, as a PEM file.
    pub ca: Option<PathBuf>,
}

/// Reads the section.
pub(super) fn read(
    mut section: Section<'_>,
    document: &Document<'_>,
    folder: &Path,
) -> Result<Option<Mqtt>, ConfigError> {
    let there = section.is_there();
    let place = section.place().clone();
    let broker = section.text("broker")?;
    let client = section.text("client-id")?;
    let share = section.text("share")?;
    let credentials = section.text("credentials")?;
    let ca = section.text("ca")?;
    section.done()?;
    let settings = [&client, &share, &credentials, &ca];
    let Some(broker) = broker else {
        let is_empty = settings.into_iter().all(Option::is_none);
        return match there && !is_empty {
            true => Err(document.mistake(&place, NO_BROKER)),
            false => Ok(None),
        };
    };
    let broker: Broker = parsed(document, "broker", &broker)?;
    if let (false, Some(ca)) = (broker.is_tls(), &ca) {
        let what = "`ca` is for a broker over TLS; write `broker` as mqtts://…";
        return Err(document.mistake(&ca.at, what));
    }
    if let (false, false, Some(credentials)) = (broker.is_tls(), is_here(&broker), &credentials) {
        let what = "a password would travel in the clear; write `broker` as mqtts://…";
        return Err(document.mistake(&credentials.at, what));
    }
    let name = |key, text: Option<Found<String>>| {
        text.map(|text| parsed(document, key, &text)).transpose()
    };
    Ok(Some(Mqtt {
        broker,
        client: name("client-id", client)?,
        share: name("share", share)?,
        credentials: credentials.map(|path| folder.join(path.value)),
        ca: ca.map(|path| folder.join(path.value)),
    }))
}

/// Whether a broker is on this machine.
fn is_here(broker: &Broker) -> bool {
    let host = broker.host();
    let is_loopback = host.parse::<IpAddr>().is_ok_and(|at| at.is_loopback());
    is_loopback || host == "localhost"
}

fn parsed<T: FromStr>(
    document: &Document<'_>,
    key: &str,
    text: &Found<String>,
) -> Result<T, ConfigError>
where
    T::Err: std::fmt::Display,
{
    text.value.parse().map_err(|why| {
        let what = format!("`{key}` is {:?}; {why}", text.value);
        document.mistake(&text.at, what)
    })
}

const NO_BROKER: &str = "[mqtt] needs `broker`, such as mqtts://broker.example";
