//! Which devices a registration speaks for: adding, removing, leaving. Each can be repeated without
//! harm: what is there takes no further slot, and what is gone is not missed. A copy that comes
//! after a later addition or removal is told by its number.

use alloc::format;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::code::ProvisionalCode;
use crate::crypto::Crypto;
use crate::id::{CustomerId, DeviceId, GrantId};
use crate::limits::DEVICES_PER_REGISTRATION;
use crate::record::{Active, Clock, Device, Ended, Grant, Key, Registration, State, Why};
use crate::wire::{
    AddDevices, DeviceEntry, DevicesAdded, DevicesRemoved, EnrolDeviceResult, EnrolResult, Left,
    Refusal, RefusalCode, RemoveDevices,
};

use super::authenticate::Speaker;
use super::collate::{Collated, Shortage, code_refused, miscounted, too_few};
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Has the registration speak for more devices. They are active at once.
    // spec: ENR-032, ENR-033
    pub(super) fn add_devices(&mut self, message: &AddDevices) -> Result<DevicesAdded, Stop> {
        let mut speaker = self.speaker(&[])?;
        let customer = speaker.facts.customer;
        let named: Vec<(DeviceId, &DeviceEntry)> = message
            .devices
            .as_slice()
            .iter()
            .map(|entry| (self.device_id(customer, &entry.identification), entry))
            .collect();
        let added: Vec<(DeviceId, &DeviceEntry)> = named
            .iter()
            .copied()
            .filter(|(device, _)| !speaker.active.covers(*device))
            .collect();
        let results = self.results(&speaker, &named)?;
        let is_new = in_turn(&mut speaker.active, message.change, added.is_empty())?;
        if !added.is_empty() {
            not_too_many(&speaker, added.len())?;
            let devices = u32::try_from(added.len()).unwrap_or(u32::MAX);
            self.pay(&speaker, message.code.as_deref(), devices)?;
            self.take_over(speaker.id, &speaker.facts, &added)?;
            added
                .iter()
                .for_each(|(device, _)| speaker.active.add(*device));
        }
        if is_new {
            self.save(&speaker);
        }
        Ok(DevicesAdded {
            devices: results,
            schedule: self.schedule(),
        })
    }

    /// What becomes of each device that is named.
    fn results(
        &mut self,
        speaker: &Speaker,
        named: &[(DeviceId, &DeviceEntry)],
    ) -> Result<Vec<EnrolDeviceResult>, Stop> {
        let key = |device: DeviceId| Device::key(speaker.facts.customer, device);
        let keys: Vec<Key> = named.iter().map(|(device, _)| key(*device)).collect();
        self.load(&keys)?;
        let devices = named.iter().zip(&keys);
        devices
            .map(|((device, _), key)| {
                let result = if speaker.active.covers(*device) {
                    EnrolResult::Already
                } else if self.desk.peek::<Device>(key)?.is_some() {
                    EnrolResult::Known
                } else {
                    EnrolResult::New
                };
                Ok(EnrolDeviceResult {
                    device: *device,
                    result,
                })
            })
            .collect()
    }

    /// Takes slots for devices that are active at once: from the grant that the registration was
    /// made with, or where that has not enough, from the code that came with the message.
    // spec: ENR-030, ENR-031
    fn pay(&mut self, speaker: &Speaker, code: Option<&str>, devices: u32) -> Result<(), Stop> {
        let unpaid = match self.pay_by_own_grant(speaker, devices) {
            Ok(()) => return Ok(()),
            Err(Stop::Pause(pause)) => return Err(Stop::Pause(pause)),
            Err(unpaid) => unpaid,
        };
        let Some(text) = code else {
            return Err(unpaid);
        };
        let code: ProvisionalCode = text
            .parse()
            .map_err(|_| code_refused("code-unreadable", format!("{}", speaker.id)))?;
        let code = self.collate(code.enrol_id(&self.center.crypto))?;
        self.pay_by_code(speaker.facts.customer, &code, devices)
    }

    fn pay_by_own_grant(&mut self, speaker: &Speaker, devices: u32) -> Result<(), Stop> {
        let facts = &speaker.facts;
        let owner = self
            .center
            .keys
            .account(&self.center.crypto, &facts.account);
        let key = Grant::key(owner, facts.grant);
        let detail = format!("{}, {}", speaker.id, facts.grant);
        self.load([&key, &Clock::key()])?;
        let Some(grant) = self.desk.get::<Grant>(&key)? else {
            return Err(code_refused("code-expired", detail));
        };
        if let Some(word) = self.closed(&grant)? {
            return Err(code_refused(word, detail));
        }
        self.spend(&key, facts.grant, &grant, devices)?
            .map_err(|word| code_refused(word, detail))
    }

    fn pay_by_code(
        &mut self,
        customer: CustomerId,
        code: &Collated,
        devices: u32,
    ) -> Result<(), Stop> {
        let Some(grant) = self.desk.get::<Grant>(&code.key)? else {
            return Err(self.wrong(code, "code-unknown"));
        };
        if code.customer != customer {
            return Err(self.wrong(code, "code-of-another-customer"));
        }
        if let Some(word) = self.closed(&grant)? {
            return Err(self.wrong(code, word));
        }
        match self.spend(&code.key, code.grant, &grant, devices)? {
            Ok(()) => Ok(()),
            Err(word) => Err(self.wrong(code, word)),
        }
    }

    /// Takes slots and uses them at once. The inner error is the reason for which the code is
    /// refused.
    fn spend(
        &mut self,
        key: &Key,
        id: GrantId,
        grant: &Grant,
        devices: u32,
    ) -> Result<Result<(), &'static str>, Stop> {
        let mut taken = match self.take_slots(grant, devices) {
            Ok(taken) => taken,
            Err(Shortage::Exhausted) => return Ok(Err("code-exhausted")),
            Err(Shortage::TooFew { free }) => return Err(too_few(id, free, devices)),
        };
        taken.slots = taken.slots.redeem(devices).ok_or_else(|| miscounted(key))?;
        self.desk.put(key.clone(), &taken);
        Ok(Ok(()))
    }

    /// Has the registration speak for fewer devices; without any, it ends.
    // spec: ENR-020, ENR-035
    pub(super) fn remove_devices(
        &mut self,
        message: &RemoveDevices,
    ) -> Result<DevicesRemoved, Stop> {
        let mut speaker = self.speaker(&[])?;
        let mut gone = Vec::with_capacity(message.devices.len());
        for device in &message.devices {
            if speaker.active.remove(*device) {
                gone.push(*device);
            }
        }
        let remaining = u32::try_from(speaker.active.devices.len()).unwrap_or(u32::MAX);
        if in_turn(&mut speaker.active, message.change, gone.is_empty())? {
            self.load([&Clock::key()])?;
            self.release(speaker.facts.customer, speaker.id, &gone)?;
            let state = speaker.active.clone().or_ended(self.time()?, Why::Emptied);
            self.put_state(&speaker, state);
        }
        Ok(DevicesRemoved {
            remaining,
            schedule: self.schedule(),
        })
    }

    /// Ends the registration. Its devices stay with the customer.
    // spec: ENR-036, ENR-038
    pub(super) fn leave(&mut self) -> Result<Left, Stop> {
        let speaker = self.speaker(&[Clock::key()])?;
        self.release(speaker.facts.customer, speaker.id, &speaker.active.devices)?;
        let ended = Ended {
            at: self.time()?,
            why: Why::Left,
        };
        self.put_state(&speaker, State::Ended(ended));
        Ok(Left {})
    }

    fn put_state(&mut self, speaker: &Speaker, state: State) {
        let facts = speaker.facts.clone();
        self.put_registration(speaker.id, &Registration { facts, state });
    }
}

/// Whether an addition or removal is above all before it; its number is remembered then. One that
/// is not is a late copy, or its sender has forgotten what it said: it may be answered
/// `as_things_stand`, and changes nothing.
// spec: ENR-043, ENR-044, ENR-045
fn in_turn(active: &mut Active, change: NonZeroU32, as_things_stand: bool) -> Result<bool, Stop> {
    let highest = active.change;
    if change.get() > highest {
        active.change = change.get();
        return Ok(true);
    }
    if as_things_stand {
        return Ok(false);
    }
    let code = RefusalCode::ChangeSuperseded;
    let detail = format!("change is {change}; {highest} was accepted before");
    let mut refusal = Refusal::new(code, detail.clone());
    refusal.change = Some(highest);
    Err(Stop::refusal(refusal, code.word(), detail))
}

/// A registration that would speak for more devices than one may.
// spec: ENR-034
fn not_too_many(speaker: &Speaker, added: usize) -> Result<(), Stop> {
    let named = speaker.active.devices.len().saturating_add(added);
    if named <= DEVICES_PER_REGISTRATION {
        return Ok(());
    }
    Err(Stop::openly(
        RefusalCode::TooManyDevices,
        format!(
            "the registration would name {named} devices; at most {DEVICES_PER_REGISTRATION} are \
             allowed"
        ),
    ))
}
