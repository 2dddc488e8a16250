//! Holdings: a customer's devices, and which registration speaks for each of them.
//!
//! A device that the customer held already keeps its id and its history, and moves here from the
//! registration that spoke for it; a registration that is left without a device ends. The same
//! thing at another customer is another device that inherits nothing, and the operator is told.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::{CustomerId, DeviceId, RegistrationId};
use crate::record::{Device, Facts, Key, Pause, Registration, Sighting, State, Why};
use crate::wire::{DeviceEntry, Identification};

use super::EffectKind;
use super::work::{Stop, Work};

/// A device that a registration is to speak for.
pub(super) type Taken<'t> = (DeviceId, &'t DeviceEntry);

impl<C: Crypto> Work<'_, C> {
    /// The id of a device at a customer.
    // spec: MOD-003, MOD-005
    pub(super) fn device_id(&self, customer: CustomerId, device: &Identification) -> DeviceId {
        let center = self.center;
        center.keys.device(&center.crypto, customer, device)
    }

    /// Makes these devices holdings of the customer, spoken for by this registration. Whoever calls
    /// this loads the devices' records beforehand, or pays one more round.
    // spec: ENR-019, MOD-004, MOD-007
    pub(super) fn take_over(
        &mut self,
        id: RegistrationId,
        facts: &Facts,
        taken: &[Taken<'_>],
    ) -> Result<(), Stop> {
        let keys: Vec<Key> = taken
            .iter()
            .map(|(device, _)| Device::key(facts.customer, *device))
            .collect();
        self.load(&keys)?;
        let mut held = Vec::with_capacity(keys.len());
        for key in &keys {
            held.push(self.desk.get::<Device>(key)?);
        }
        self.load_neighbours(facts.customer, taken, &held)?;
        let mut moved: BTreeMap<RegistrationId, Vec<DeviceId>> = BTreeMap::new();
        let mut elsewhere = Vec::new();
        for (((device, entry), key), held) in taken.iter().zip(keys).zip(held) {
            match &held {
                None if self.sight(facts.customer, &entry.identification)? => {
                    elsewhere.push(*entry);
                }
                None => {}
                Some(held) => {
                    if let Some(old) = held.registration.filter(|old| *old != id) {
                        moved.entry(old).or_default().push(*device);
                    }
                }
            }
            let since = match held {
                Some(held) => held.since,
                None => self.time()?,
            };
            let holding = Device {
                identification: entry.identification.clone(),
                contacts: entry.contacts.clone(),
                user: facts.user.clone(),
                registration: Some(id),
                since,
            };
            self.desk.put(key, &holding);
        }
        for (old, devices) in moved {
            self.move_out(facts.customer, old, &devices)?;
        }
        self.warn_of_doubles(facts.customer, &elsewhere)
    }

    /// Loads, in one round, what each device needs besides its own record: the registration that it
    /// leaves, or, if it is new to the customer, where else it was seen.
    fn load_neighbours(
        &mut self,
        customer: CustomerId,
        taken: &[Taken<'_>],
        held: &[Option<Device>],
    ) -> Result<(), Pause> {
        let neighbours: Vec<Key> = taken
            .iter()
            .zip(held)
            .filter_map(|((_, entry), held)| match held {
                None => Some(self.sighting_key(&entry.identification)),
                Some(held) => held
                    .registration
                    .map(|old| Registration::key(customer, old)),
            })
            .collect();
        self.load(&neighbours)
    }

    fn sighting_key(&self, device: &Identification) -> Key {
        let center = self.center;
        Sighting::key(&center.keys.sighting(&center.crypto, device))
    }

    /// Notes that the customer holds this device; whether another customer did already.
    fn sight(&mut self, customer: CustomerId, device: &Identification) -> Result<bool, Pause> {
        let key = self.sighting_key(device);
        let mut sighting = self.desk.get::<Sighting>(&key)?.unwrap_or_default();
        let elsewhere = sighting.note(customer);
        self.desk.put(key, &sighting);
        Ok(elsewhere)
    }

    /// Takes devices out of the registration that spoke for them.
    // spec: ENR-020
    fn move_out(
        &mut self,
        customer: CustomerId,
        id: RegistrationId,
        devices: &[DeviceId],
    ) -> Result<(), Pause> {
        let key = Registration::key(customer, id);
        let Some(Registration { facts, state }) = self.desk.get(&key)? else {
            return Ok(());
        };
        let State::Active(mut active) = state else {
            return Ok(());
        };
        for device in devices {
            active.remove(*device);
        }
        let state = active.or_ended(self.time()?, Why::Moved);
        self.put_registration(id, &Registration { facts, state });
        Ok(())
    }

    /// Leaves devices with their customer but without a registration.
    // spec: ENR-038
    pub(super) fn release(
        &mut self,
        customer: CustomerId,
        id: RegistrationId,
        devices: &[DeviceId],
    ) -> Result<(), Pause> {
        let keys: Vec<Key> = devices
            .iter()
            .map(|device| Device::key(customer, *device))
            .collect();
        self.load(&keys)?;
        for key in keys {
            if let Some(held) = self.desk.get::<Device>(&key)?
                && held.registration == Some(id)
            {
                let registration = None;
                self.desk.put(
                    key,
                    &Device {
                        registration,
                        ..held
                    },
                );
            }
        }
        Ok(())
    }

    /// Tells the operator of devices that another customer holds too: one alarm for all of them.
    // spec: MOD-006
    fn warn_of_doubles(
        &mut self,
        customer: CustomerId,
        elsewhere: &[&DeviceEntry],
    ) -> Result<(), Stop> {
        let Some(Identification {
            vendor,
            model,
            serial,
            ..
        }) = elsewhere.first().map(|entry| &entry.identification)
        else {
            return Ok(());
        };
        let detail = format!(
            "{} of the devices registered for {customer} are held by another customer too; the \
             first is {vendor} {model} {serial}",
            elsewhere.len()
        );
        let word = "device-at-two-customers".into();
        Ok(self.tell(EffectKind::Alarm { word, detail })?)
    }
}
