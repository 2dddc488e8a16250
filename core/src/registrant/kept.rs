//! What outlives a power cut: where a device or a gateway stands with its center.
//!
//! It is written before anything that depends on it is sent. The text is JSON with a format number
//! and, on a last line, a CRC-32: what is damaged, of another kind or of a later format is refused
//! whole, for a guess about a credential is worse than none.

use alloc::format;
use alloc::vec::Vec;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::code::{FormalCode, ProvisionalCode, checksum};
use crate::id::{CenterAddress, DeviceId, RequestId};
use crate::wire::enrol::DeviceList;
use crate::wire::{Contacts, Identification, json};

use super::Need;

/// Where a device or a gateway stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum Standing {
    /// No code was ever entered, or the registration was left.
    Blank {},
    /// A code was entered and its request id drawn; no formal code has come of it yet.
    Enrolling {
        /// What is asked for, until it is answered.
        attempt: Attempt,
        /// What goes on if it is refused.
        fallback: Option<Holding>,
    },
    /// A formal code is held.
    Enrolled {
        /// The registration.
        holding: Holding,
    },
    /// A new formal code is wanted, or has come and was not used yet.
    Rotating {
        /// The registration, with the code that was used so far.
        holding: Holding,
        /// The new code, once it has come.
        next: Option<FormalCode>,
    },
    /// The registration is to end.
    Leaving {
        /// The registration.
        holding: Holding,
    },
    /// Nothing goes on before a person has done something.
    NeedsPerson {
        /// What, and why.
        need: Need,
        /// The enrolment that was refused, where the same code may be tried again.
        attempt: Option<Attempt>,
    },
}

/// One enrolment: the same code, request id and devices however often it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attempt {
    /// With whom.
    pub center: CenterAddress,
    /// What was typed.
    pub code: ProvisionalCode,
    /// Drawn once, kept before the first message.
    pub request: RequestId,
    /// The devices as they were when the code was entered.
    pub devices: DeviceList,
    /// How often the formal code that came of it was refused at its first use.
    pub refused: u8,
}

/// A registration as its holder sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Holding {
    /// With whom.
    pub center: CenterAddress,
    /// The credential.
    pub code: FormalCode,
    /// The enrolment that it came of, until the code has been used.
    pub unused: Option<Attempt>,
    /// The devices that it speaks for.
    pub members: Vec<Member>,
}

/// One device of a registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// Its id at the center.
    pub device: DeviceId,
    /// Which device it is.
    pub identification: Identification,
    /// Where it can be reached.
    pub contacts: Contacts,
}

/// Why bytes are not what was kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeptError {
    /// Cut, altered, or never written by this program.
    #[error("what was kept is damaged: {why}; restore it, or begin anew with a new code")]
    Damaged {
        /// What gave it away.
        why: &'static str,
    },
    /// Written by a later version.
    #[error("what was kept has format {format}, and this version reads format {FORMAT}; update it")]
    Format {
        /// The format's number.
        format: u32,
    },
    /// It was kept by a device with another identification.
    #[error("what was kept belongs to another device ({vendor} {model} {serial})",
        vendor = .0.vendor, model = .0.model, serial = .0.serial)]
    Foreign(Identification),
}

/// Writes what is kept: a line of JSON and a line with its checksum.
pub(crate) fn write<T: Serialize>(kept: &T) -> Vec<u8> {
    let mut bytes = json::to_bytes(kept);
    let sum = u32::from_be_bytes(checksum(&bytes));
    bytes.extend_from_slice(format!("\n{sum:08x}\n").as_bytes());
    bytes
}

/// Reads what [`write`] wrote, of at most `max` bytes.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8], max: usize) -> Result<T, KeptError> {
    let damaged = |why| KeptError::Damaged { why };
    let (body, sum) = bytes
        .split_last_chunk::<SUM_LINE>()
        .ok_or_else(|| damaged("it is too short"))?;
    let wanted = u32::from_be_bytes(checksum(body));
    if sum != format!("\n{wanted:08x}\n").as_bytes() {
        return Err(damaged("its checksum does not fit"));
    }
    let head: Head = json::parse_within(body, max).map_err(|_| damaged("it is no record"))?;
    if head.format != FORMAT {
        return Err(KeptError::Format {
            format: head.format,
        });
    }
    json::parse_within(body, max).map_err(|_| damaged("it is a record of another kind"))
}

/// What every format begins with.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

/// The present format.
pub(crate) const FORMAT: u32 = 1;
/// A line break, eight hexadecimal digits and a line break.
const SUM_LINE: usize = 10;
