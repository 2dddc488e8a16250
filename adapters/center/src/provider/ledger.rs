//! What a provider's server knows of its devices, read from its store while it runs or not.
//!
//! Nothing is asked of the program: the store can be read beside it, and shows one moment. Codes
//! are not in it. Serves spec chapter PRV.

use std::collections::BTreeSet;
use std::path::PathBuf;

use restante_core::Timestamp;
use restante_core::id::{ApplicationId, DeviceId, ServiceId};
use restante_core::provider::{Pair, PairState};
use restante_core::record::{Kind, Record, Row, Unreported};
use restante_core::wire::people::DateTime;
use restante_store::sqlite;
use restante_store::transfer::TransferError;
use serde::Serialize;

use crate::config::ProviderConfig;

use super::store_path;

/// A device and one of the provider's services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceRow {
    /// Which service.
    pub service: ServiceId,
    /// Which device.
    pub device: DeviceId,
    /// By which application; the latest, if there were several.
    pub application: ApplicationId,
    /// How far it is.
    pub state: DeviceState,
    /// Since when; none where nothing has happened since its code was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime>,
    /// Until when it can register.
    pub until: DateTime,
}

/// How far a device is with a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum DeviceState {
    /// A code was made for it, which it has not presented yet.
    Waiting,
    /// It has not presented its code, and its time is over.
    Expired,
    /// It uses the service, and the center has not taken that yet.
    Unreported,
    /// It uses the service, and the center knows.
    Entitled,
    /// Its code opens nothing any more.
    Ended,
}

impl DeviceState {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Expired => "expired",
            Self::Unreported => "unreported",
            Self::Entitled => "entitled",
            Self::Ended => "ended",
        }
    }
}

/// What a provider's store says of its devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// By service, then by application.
    pub devices: Vec<DeviceRow>,
    /// Records of the store that cannot be read, where each is and what is wrong with it. A device
    /// whose record is among them is not among the others.
    pub damaged: Vec<String>,
    /// Which file that store is.
    pub store: PathBuf,
}

/// Why the devices cannot be listed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] TransferError),
    /// The provider has no such service.
    #[error("there is no service {0} in [services]")]
    NoService(ServiceId),
}

/// The devices of all services, or of one, as they stand at `now`. Damage hides nothing but what is
/// damaged.
///
/// # Errors
/// [`LedgerError`] says in one line what is wrong.
pub fn devices(
    config: &ProviderConfig,
    service: Option<&ServiceId>,
    now: Timestamp,
) -> Result<Ledger, LedgerError> {
    if let Some(unknown) = service.filter(|it| !config.services.contains_key(*it)) {
        return Err(LedgerError::NoService(unknown.clone()));
    }
    let (mut pairs, mut damaged) = (Vec::new(), Vec::new());
    let mut unreported = BTreeSet::new();
    let store = store_path(config);
    sqlite::read(&store, |row| match row {
        Ok(row) if row.key.kind == Kind::Pair => match pair(&row) {
            Ok(pair) => pairs.push(pair),
            Err(what) => damaged.push(what),
        },
        Ok(row) if row.key.kind == Kind::Unreported => unreported.extend(Unreported::of(&row.key)),
        Ok(_) => {}
        Err(what) => damaged.push(what),
    })?;
    let of_service = |row: &(DeviceId, ServiceId, Pair)| service.is_none_or(|it| row.1 == *it);
    let rows = pairs.into_iter().filter(of_service);
    let mut devices: Vec<DeviceRow> = rows
        .map(|(device, service, pair)| {
            let is_unreported = unreported.contains(&(pair.application, device));
            row(device, service, &pair, is_unreported, now)
        })
        .collect();
    devices.sort_by(|a, b| {
        let place = |row: &DeviceRow| (row.application, row.device);
        a.service.cmp(&b.service).then(place(a).cmp(&place(b)))
    });
    Ok(Ledger {
        devices,
        damaged,
        store,
    })
}

/// A device, its service and how far it is; else which record is damaged, and how.
fn pair(row: &Row) -> Result<(DeviceId, ServiceId, Pair), String> {
    let named = Pair::of(&row.key);
    let (device, service) = named.ok_or("the record of a device names no service")?;
    match Pair::read(row.format, &row.body) {
        Ok(pair) => Ok((device, service, pair)),
        Err(why) => Err(format!("the record of {device} for {service}: {why}")),
    }
}

fn row(
    device: DeviceId,
    service: ServiceId,
    pair: &Pair,
    is_unreported: bool,
    now: Timestamp,
) -> DeviceRow {
    let (state, since) = match pair.state {
        PairState::Open | PairState::Failed { .. } if now >= pair.expires => {
            (DeviceState::Expired, Some(pair.expires))
        }
        PairState::Open => (DeviceState::Waiting, None),
        PairState::Failed { at } => (DeviceState::Waiting, Some(at)),
        PairState::Entitled { at } if is_unreported => (DeviceState::Unreported, Some(at)),
        PairState::Entitled { at } => (DeviceState::Entitled, Some(at)),
        PairState::Withdrawn { at } => (DeviceState::Ended, Some(at)),
    };
    DeviceRow {
        service,
        device,
        application: pair.application,
        state,
        since: since.map(DateTime),
        until: DateTime(pair.expires),
    }
}
