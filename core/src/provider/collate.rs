//! Collation: a device and a registration code, against what was made for that device.
//!
//! Three things have to hold: something was made for the device, a code is given, and it is the one
//! that was made. Which of them fails is for the operator's log; an outsider is told the same after
//! the same work, so that nobody learns by asking which devices are about to start a service.

use alloc::format;

use crate::code::RegistrationCode;
use crate::crypto::Crypto;
use crate::decision::{Judge, Keys, Stop, Suspect, count_wrong};
use crate::id::{DeviceId, ServiceId};
use crate::record::{Bytes, Desk, Pause};
use crate::time::Timestamp;
use crate::wire::{Refusal, RefusalCode, Register};

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

impl<'p> PresentedPair<'p> {
    /// What a registration for this service presents.
    #[must_use]
    pub fn of(
        crypto: &impl Crypto,
        keys: &Keys,
        service: &'p ServiceId,
        message: &Register,
    ) -> Self {
        let code = message.code.as_ref();
        let text = code.map_or("", RegistrationCode::as_str);
        Self {
            device: message.device,
            service,
            code: keys.pair(crypto, message.device, service, text),
            has_code: code.is_some(),
        }
    }
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
    /// The device was told to register elsewhere.
    Elsewhere,
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
            Self::Elsewhere => "registration-url-mismatch",
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

/// The refusal of a wrong pair, in the same words whatever was wrong. It is counted against its
/// source. A code whose time is over stays over: the time by which that was judged is written down.
// spec: SVC-027, SVC-033, PRV-026
pub(crate) fn wrong_pair(
    desk: &mut Desk<'_>,
    judge: &mut Judge,
    source: Option<Suspect>,
    presented: &PresentedPair<'_>,
    wrong: Wrong,
) -> Result<Stop, Pause> {
    let (mark, _) = presented.code.0.split_at(16);
    let mark = Bytes(mark.try_into().unwrap_or_default());
    count_wrong(desk, source, judge.wall(), mark)?;
    if wrong == Wrong::Expired {
        let key = Pair::key(presented.device, presented.service);
        if let Some(pair) = desk.peek::<Pair>(&key)? {
            judge.has_passed(desk, pair.expires)?;
        }
    }
    let detail = format!("{} for {}", presented.device, presented.service);
    let refusal = Refusal::plain(RefusalCode::RegistrationRefused);
    Ok(Stop::refusal(refusal, wrong.word(), detail))
}
