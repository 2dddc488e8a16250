//! Collating a provisional code: which grant it stands for, and whether that grant still opens
//! anything.
//!
//! An outsider must not learn whether a code never existed, has run out, is used up or was revoked.
//! All of these are refused in the same words, after the same hashes and the same loads: where
//! there is no grant, a place where none can be is looked up instead.

use alloc::format;
use alloc::string::String;

use crate::code::EnrolId;
use crate::crypto::{Crypto, Digest};
use crate::decision::{Suspect, count_wrong, throttled};
use crate::id::{CustomerId, GrantId};
use crate::record::{Bytes, Clock, Grant, GrantLocator, Key, Owner, Pause};
use crate::wire::{Refusal, RefusalCode};

use super::Credential;
use super::authenticate::missing;
use super::work::{Stop, Work};

/// A provisional code, and where its grant is if it has one.
pub(super) struct Collated {
    /// The code's mark in the throttle.
    mark: Bytes<16>,
    /// The grant's id.
    pub(super) grant: GrantId,
    /// Where the grant is.
    pub(super) key: Key,
    /// Whose holdings its devices become.
    pub(super) customer: CustomerId,
}

impl<C: Crypto> Work<'_, C> {
    /// The enrol id of the provisional code that came with the call, or that it was sealed under.
    pub(super) fn provisional(&mut self) -> Result<EnrolId, Stop> {
        match &self.call.presented {
            Credential::Provisional(code) => Ok(code.enrol_id(&self.center.crypto)),
            Credential::EnrolId(id) => Ok(*id),
            Credential::BadProvisional => {
                self.check_throttle()?;
                Err(code_refused("code-unreadable", ""))
            }
            _ => Err(missing("a provisional access code")),
        }
    }

    /// Where the code's grant is. A source that has tried too many wrong codes is told to wait
    /// before anything of its code is evaluated.
    // spec: COD-020, COD-021
    pub(super) fn collate(&mut self, id: EnrolId) -> Result<Collated, Stop> {
        let crypto = &self.center.crypto;
        let keys = &self.center.keys;
        let hash = keys.enrol_id(crypto, id);
        let mark = mark(&hash);
        let locator = GrantLocator::key(&hash);
        let throttle = self.source().map(Suspect::key);
        self.load(throttle.iter().chain([&Clock::key(), &locator]))?;
        self.check_throttle()?;
        let nowhere = GrantLocator {
            owner: Bytes(keys.decoy(crypto, "owner", &hash)),
            grant: GrantId::from_bytes(keys.decoy(crypto, "grant", &hash)),
            customer: CustomerId::from_bytes(keys.decoy(crypto, "customer", &hash)),
        };
        let at = self.desk.peek::<GrantLocator>(&locator)?.unwrap_or(nowhere);
        Ok(Collated {
            mark,
            grant: at.grant,
            key: Grant::key(Owner(at.owner.0), at.grant),
            customer: at.customer,
        })
    }

    /// Why the grant opens nothing any more, if it does not.
    // spec: COD-016, COD-017
    pub(super) fn closed(&mut self, grant: &Grant) -> Result<Option<&'static str>, Pause> {
        if grant.is_revoked() {
            return Ok(Some("code-revoked"));
        }
        let expired = self.has_passed(grant.expires)?;
        Ok(expired.then_some("code-expired"))
    }

    /// The grant with `devices` slots taken.
    // spec: ENR-017
    pub(super) fn take_slots(&self, grant: &Grant, devices: u32) -> Result<Grant, Shortage> {
        let free = grant.slots.free();
        match grant.slots.take(devices) {
            Some(slots) => Ok(Grant {
                slots,
                ..grant.clone()
            }),
            None if free == 0 => Err(Shortage::Exhausted),
            None => Err(Shortage::TooFew { free }),
        }
    }

    /// Refuses a wrong code and counts it against its source.
    // spec: COD-022
    pub(super) fn wrong(&mut self, code: &Collated, word: &'static str) -> Stop {
        match self.count(code.mark) {
            Ok(()) => code_refused(word, format!("{}", code.grant)),
            Err(pause) => Stop::Pause(pause),
        }
    }

    fn count(&mut self, mark: Bytes<16>) -> Result<(), Pause> {
        let source = self.source();
        count_wrong(&mut self.desk, source, self.wall, mark)
    }

    /// Tells a source that has tried too many wrong codes to wait.
    // spec: COD-021, ERR-006
    pub(super) fn check_throttle(&mut self) -> Result<(), Stop> {
        let source = self.source();
        throttled(&mut self.desk, source, self.wall)
    }

    /// Where the call came from, where the line has such a thing.
    pub(super) fn source(&self) -> Option<Suspect> {
        self.call.source.address.map(Suspect::Address)
    }
}

/// Why a grant has no slots for so many devices.
pub(super) enum Shortage {
    /// None is left.
    Exhausted,
    /// Fewer are left than are needed.
    TooFew { free: u32 },
}

/// A provisional code that opens nothing: the same words whatever the reason.
// spec: COD-019
pub(super) fn code_refused(word: &'static str, detail: impl Into<String>) -> Stop {
    Stop::plain(RefusalCode::CodeRefused, word, detail)
}

/// Fewer slots are free than devices are named: the whole message is refused.
// spec: ENR-008
pub(super) fn too_few(grant: GrantId, free: u32, devices: u32) -> Stop {
    let mut refusal = Refusal::new(
        RefusalCode::TooFewSlots,
        format!("{devices} devices are named; the code can register {free} more"),
    );
    refusal.free = Some(free);
    let detail = format!("{grant}: {devices} asked for, {free} free");
    Stop::refusal(refusal, "too-few-slots", detail)
}

/// A grant whose slots do not add up: its record was altered by somebody else.
pub(super) fn miscounted(grant: &Key) -> Pause {
    Pause::Damaged {
        key: grant.clone(),
        why: "it has fewer pending slots than its registrations hold".into(),
    }
}

/// The mark in the throttle of what has this hash: half of it.
pub(super) fn mark(hash: &Digest) -> Bytes<16> {
    let (mark, _) = hash.split_at(16);
    Bytes(mark.try_into().unwrap_or_default())
}
