//! Wrong codes, counted against where they came from: provisional codes and registration codes
//! alike, at a center and at a provider.

use alloc::format;
use core::net::IpAddr;

use crate::record::{Bytes, Desk, Pause, Throttle};
use crate::time::Timestamp;
use crate::wire::{Refusal, RefusalCode};

use super::Stop;

/// Counts a wrong code against its source, if that is known.
// spec: COD-022
pub(crate) fn count_wrong(
    desk: &mut Desk<'_>,
    source: Option<IpAddr>,
    wall: Timestamp,
    mark: Bytes<16>,
) -> Result<(), Pause> {
    let Some(key) = source.map(Throttle::key) else {
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
    source: Option<IpAddr>,
    wall: Timestamp,
) -> Result<(), Stop> {
    let Some(address) = source else {
        return Ok(());
    };
    let throttle = desk.peek::<Throttle>(&Throttle::key(address))?;
    let Some(wait) = throttle.and_then(|it| it.wait(wall)) else {
        return Ok(());
    };
    let mut refusal = Refusal::plain(RefusalCode::Throttled);
    refusal.retry_after = Some(wait);
    let detail = format!("{address}, for {} s", wait.get());
    Err(Stop::refusal(refusal, "throttled", detail))
}
