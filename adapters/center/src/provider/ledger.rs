//! What a provider's server knows of its devices, read from its store while it runs or not.
//!
//! Nothing is asked of the program: the store can be read beside it, and shows one moment. Codes
//! are not in it. Serves spec chapter PRV.

use std::collections::BTreeSet;

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

/// Why the devices cannot be listed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] TransferError),
    /// Some records in it cannot be read.
    #[error("{0} records of devices cannot be read; the others are left out too")]
    Damaged(usize),
    /// The provider has no such service.
    #[error("there is no service {0} in [services]")]
    NoService(ServiceId),
}

/// The devices of all services, or of one, as they stand at `now`: by service, then by application.
///
/// # Errors
/// [`LedgerError`] says in one line what is wrong.
pub fn devices(
    config: &ProviderConfig,
    service: Option<&ServiceId>,
    now: Timestamp,
) -> Result<Vec<DeviceRow>, LedgerError> {
    if let Some(unknown) = service.filter(|it| !config.services.contains_key(*it)) {
        return Err(LedgerError::NoService(unknown.clone()));
    }
    let mut pairs = Vec::new();
    let mut unreported = BTreeSet::new();
    let mut damaged = 0;
    sqlite::read(&store_path(config), |row| match row.key.kind {
        Kind::Pair => match pair(&row) {
            Some(pair) => pairs.push(pair),
            None => damaged += 1,
        },
        Kind::Unreported => unreported.extend(Unreported::of(&row.key)),
        _ => {}
    })?;
    if damaged > 0 {
        return Err(LedgerError::Damaged(damaged));
    }
    let of_service = |row: &(DeviceId, ServiceId, Pair)| service.is_none_or(|it| row.1 == *it);
    let rows = pairs.into_iter().filter(of_service);
    let mut rows: Vec<DeviceRow> = rows
        .map(|(device, service, pair)| {
            let is_unreported = unreported.contains(&(pair.application, device));
            row(device, service, &pair, is_unreported, now)
        })
        .collect();
    rows.sort_by(|a, b| {
        let place = |row: &DeviceRow| (row.application, row.device);
        a.service.cmp(&b.service).then(place(a).cmp(&place(b)))
    });
    Ok(rows)
}

fn pair(row: &Row) -> Option<(DeviceId, ServiceId, Pair)> {
    let (device, service) = Pair::of(&row.key)?;
    Some((device, service, Pair::read(row.format, &row.body).ok()?))
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
