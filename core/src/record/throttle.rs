//! The throttle record: the distinct wrong codes that one source has tried within the last hour, or
//! that were tried about one device where there is no source; and likewise the sealed requests that
//! did not open.
//!
//! One stale code that every panel of a site tries counts once. When the table is full, no code
//! from there is evaluated, be it right or wrong, until the oldest has left the window. The record
//! lives in one node's memory; a stranger can fill only the table of an own address.

use alloc::vec::Vec;
use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::id::DeviceId;
use crate::limits::{THROTTLE_WINDOW, WRONG_CODES};
use crate::time::{Seconds, Timestamp};

use super::bytes::Bytes;
use super::desk::Record;
use super::key::{Key, Kind};

/// Wrong codes of one source, oldest first.
///
/// ```text
///                 a new wrong code               a new wrong code (the tenth)
///  open (0 … 8) ───────────────────▶ open (… 9) ─────────────────────────────▶ full (10)
///        ▲                                                                        │
///        └──────────────────── the oldest is an hour old ─────────────────────────┘
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Throttle {
    /// At most [`WRONG_CODES`].
    pub wrong: Vec<WrongCode>,
}

/// One wrong code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WrongCode {
    /// The beginning of the code's keyed hash.
    pub mark: Bytes<16>,
    /// When it was tried first.
    pub at: Timestamp,
}

impl Throttle {
    /// Where the record of a source is: an IPv4 address by itself, an IPv6 address by its /64.
    // spec: COD-021
    #[must_use]
    pub fn key(source: IpAddr) -> Key {
        Key::unowned(Kind::Throttle, &place(source))
    }

    /// Where the record about a device is. It is longer than that of any address.
    // spec: MAIL-011
    #[must_use]
    pub fn about(device: DeviceId) -> Key {
        Key::unowned(Kind::Throttle, device.as_bytes())
    }

    /// Where the record of a source's requests is that did not open: apart from that of its codes,
    /// so that neither keeps the other out.
    // spec: SEA-019
    #[must_use]
    pub fn unopened_from(source: IpAddr) -> Key {
        Self::unopened(&place(source))
    }

    /// Where the record of the requests is that bore this sender and did not open.
    // spec: SEA-019
    #[must_use]
    pub fn unopened_under(sender: &[u8; 16]) -> Key {
        Self::unopened(sender)
    }

    fn unopened(whose: &[u8]) -> Key {
        let mut key = Vec::from(*UNOPENED);
        key.extend_from_slice(whose);
        Key::unowned(Kind::Throttle, &key)
    }

    /// How long the source has to wait before a code from there is evaluated; `None` if it need not
    /// wait.
    // spec: COD-021, COD-023
    #[must_use]
    pub fn wait(&self, now: Timestamp) -> Option<Seconds> {
        let live = self.live(now);
        if live.clone().count() < WRONG_CODES {
            return None;
        }
        let oldest = live.map(|wrong| wrong.at).min()?;
        let wait = oldest.after(THROTTLE_WINDOW).since(now);
        Some(wait.clamp(Seconds::new(1), THROTTLE_WINDOW))
    }

    /// The record after a wrong code with this mark; `None` if nothing changes.
    // spec: COD-022
    #[must_use]
    pub fn noting(&self, mark: Bytes<16>, now: Timestamp) -> Option<Self> {
        let mut wrong: Vec<WrongCode> = self.live(now).copied().collect();
        if wrong.iter().any(|known| known.mark == mark) || wrong.len() >= WRONG_CODES {
            return None;
        }
        wrong.push(WrongCode { mark, at: now });
        Some(Self { wrong })
    }

    /// Those within the window. One that lies ahead by more than the window was noted by a clock
    /// that has been set back since, and is forgotten.
    fn live(&self, now: Timestamp) -> impl Iterator<Item = &WrongCode> + Clone {
        self.wrong.iter().filter(move |wrong| {
            now < wrong.at.after(THROTTLE_WINDOW) && wrong.at < now.after(THROTTLE_WINDOW)
        })
    }
}

impl Record for Throttle {}

/// What stands for a source in keys: an IPv4 address, or the /64 of an IPv6 address.
fn place(source: IpAddr) -> Vec<u8> {
    match source.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => {
            let octets = address.octets();
            let prefix = octets.first_chunk::<8>().map_or(&octets[..], |p| &p[..]);
            prefix.to_vec()
        }
    }
}

/// Begins the keys that are about requests that did not open: no key of an address or a device is
/// as long as one of these.
const UNOPENED: &[u8; 20] = b"sealed and unopened ";
