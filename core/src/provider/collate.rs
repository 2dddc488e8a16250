//! Collation: a device and a registration code, against what was made for that device.
//!
//! Three things have to hold: something was made for the device, a code is given, and it is the one
//! that was made. Which of them fails is for the operator's log; an outsider is told the same after
//! the same work, so that nobody learns by asking which devices are about to start a service.

use crate::crypto::Crypto;
use crate::id::{DeviceId, ServiceId};
use crate::record::{Bytes, Desk, Pause};
use crate::time::Timestamp;

use super::pair::{Pair, PairState};

/// A device and what it knows of its registration code.
#[derive(Clone, Copy, Debug)]
pub struct PresentedPair<'p> {
    /// Which device.
    pub device: DeviceId,
    /// For which service, as the URL tells.
    pub service: &'p ServiceId,
    /// The keyed hash of the code; where none was given, that of an empty text, so that the work is
    /// the same.
    pub code: Bytes<32>,
    /// Whether a code was given.
    pub has_code: bool,
}

/// A pair that is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collated {
    /// What is kept of it, as it is now.
    pub pair: Pair,
    /// Whether it has had its effect just now, or had it before.
    pub is_new: bool,
}

/// Why a registration is refused, for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Wrong {
    /// Nothing was made for such a device and service.
    Device,
    /// No code was given.
    NoCode,
    /// The code is not the one that was made.
    Code,
    /// The code was called off, or the use was stopped.
    Withdrawn,
    /// The code's time has run out.
    Expired,
}

impl Wrong {
    /// The word in the operator's log.
    // spec: SVC-034
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Device => "registration-device-mismatch",
            Self::NoCode => "registration-code-missing",
            Self::Code => "registration-code-wrong",
            Self::Withdrawn => "registration-code-withdrawn",
            Self::Expired => "registration-code-expired",
        }
    }
}

/// Collates what a device presents, and entitles it if all is right.
///
/// # Errors
/// [`Pause`] until the pair has been loaded.
// spec: SVC-026, SVC-028, SVC-030, SVC-040
pub fn collate(
    desk: &mut Desk<'_>,
    crypto: &impl Crypto,
    now: Timestamp,
    presented: &PresentedPair<'_>,
) -> Result<Result<Collated, Wrong>, Pause> {
    let key = Pair::key(presented.device, presented.service);
    let kept = desk.get::<Pair>(&key)?;
    // Where there is nothing to compare with, something is compared all the same.
    let ours = kept.as_ref().and_then(|pair| pair.code);
    let ours_or_none = ours.unwrap_or(Bytes([0; 32]));
    let same = crypto.same_secret(&ours_or_none.0, &presented.code.0);
    let (Some(pair), Some(_)) = (kept, ours) else {
        return Ok(Err(Wrong::Device));
    };
    if !presented.has_code {
        return Ok(Err(Wrong::NoCode));
    }
    if !same {
        return Ok(Err(Wrong::Code));
    }
    Ok(match pair.state {
        PairState::Withdrawn { .. } => Err(Wrong::Withdrawn),
        PairState::Entitled { .. } => Ok(Collated {
            pair,
            is_new: false,
        }),
        PairState::Open | PairState::Failed { .. } if now >= pair.expires => Err(Wrong::Expired),
        PairState::Open | PairState::Failed { .. } => {
            let state = PairState::Entitled { at: now };
            let pair = Pair { state, ..pair };
            desk.put(key, &pair);
            Ok(Collated { pair, is_new: true })
        }
    })
}
