//! Wrong codes, counted against where they came from, or where nobody can know that, against the
//! device that they name: provisional codes and registration codes alike, at a center and at a
//! provider. Sealed requests that do not open are counted in the same way.

use alloc::format;
use core::fmt;
use core::net::IpAddr;

#[cfg(feature = "center")]
use crate::id::{DeviceId, RegistrationId};
use crate::record::{Bytes, Desk, Key, Pause, Throttle};
use crate::time::Timestamp;
use crate::wire::{Refusal, RefusalCode};

use super::Stop;

/// Against what wrong codes are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suspect {
    /// The address that they came from.
    Address(IpAddr),
    /// The device that they name; mails are a center's.
    // spec: MAIL-011
    #[cfg(feature = "center")]
    Device(DeviceId),
    /// The address that sealed requests came from.
    // spec: SEA-019
    #[cfg(feature = "center")]
    Line(IpAddr),
    /// The sender that sealed requests name.
    // spec: SEA-019
    #[cfg(feature = "center")]
    Sender(RegistrationId),
}

impl Suspect {
    /// Where the record about it is.
    pub(crate) fn key(self) -> Key {
        match self {
            Self::Address(address) => Throttle::key(address),
            #[cfg(feature = "center")]
            Self::Device(device) => Throttle::about(device),
            #[cfg(feature = "center")]
            Self::Line(address) => Throttle::unopened_from(address),
            #[cfg(feature = "center")]
            Self::Sender(id) => Throttle::unopened_under(id.as_bytes()),
        }
    }
}

impl fmt::Display for Suspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            #[cfg(feature = "center")]
            Self::Device(device) => device.fmt(f),
            #[cfg(feature = "center")]
            Self::Line(address) => address.fmt(f),
            #[cfg(feature = "center")]
            Self::Sender(id) => id.fmt(f),
        }
    }
}

/// Counts a wrong code, by its mark, against its source, if that is known.
// spec: COD-022
pub(crate) fn count_wrong(
    desk: &mut Desk<'_>,
    suspect: Option<Suspect>,
    wall: Timestamp,
    mark: Bytes<16>,
) -> Result<(), Pause> {
    let Some(key) = suspect.map(Suspect::key) else {
        return Ok(());
    };
    let throttle = desk.get::<Throttle>(&key)?.unwrap_or_default();
    if let Some(noted) = throttle.noting(mark, wall) {
        desk.put(key, &noted);
    }
    Ok(())
}

/// Tells a source that has tried too many wrong codes to wait.
// spec: COD-021, ERR-006
pub(crate) fn throttled(
    desk: &mut Desk<'_>,
    suspect: Option<Suspect>,
    wall: Timestamp,
) -> Result<(), Stop> {
    let Some(suspect) = suspect else {
        return Ok(());
    };
    let throttle = desk.peek::<Throttle>(&suspect.key())?;
    let Some(wait) = throttle.and_then(|it| it.wait(wall)) else {
        return Ok(());
    };
    let mut refusal = Refusal::plain(RefusalCode::Throttled);
    refusal.retry_after = Some(wait);
    let detail = format!("{suspect}, for {} s", wait.get());
    Err(Stop::refusal(refusal, "throttled", detail))
}
