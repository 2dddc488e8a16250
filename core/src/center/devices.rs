//! A customer's holdings as people see them: its devices, and the readings of each.
//!
//! Every read names its customer. Another customer's id answers exactly like one that does not
//! exist.

use alloc::format;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::{CustomerId, DeviceId};
use crate::limits::{PAGE_ROWS, READINGS_PER_DEVICE};
use crate::record::{Customer, Device, Key, Kind, Owner, Reading};
use crate::wire::RefusalCode;
use crate::wire::people::{self, DateTime, DeviceRow, ListDevices, ListReadings, Page, Role};

use super::authenticate::Person;
use super::codes::{page, page_of};
use super::instruct::refuse;
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// A page of a customer's devices, each with its latest reading.
    // spec: MOD-007
    pub(super) fn list_devices(
        &mut self,
        message: &ListDevices,
    ) -> Result<Page<DeviceRow, DeviceId>, Stop> {
        let person = self.person(&READERS)?;
        let customer = match (&message.user, message.customer) {
            (Some(user), None) => {
                let center = self.center;
                let made = center.keys.customer(&center.crypto, &person.account, user);
                Some(made)
            }
            (None, customer) => customer,
            (Some(_), Some(_)) => return Err(one_of_both()),
        };
        let customer = self.readable(&person, customer)?;
        let after = message
            .after
            .map_or(Vec::new(), |id| id.as_bytes().to_vec());
        let range = page_of(Kind::Device, Owner::customer(customer), after);
        let devices = self.desk.range::<Device>(&range)?;
        let devices: Vec<(DeviceId, Device)> = devices
            .into_iter()
            .filter_map(|(key, device)| Some((Device::id(&key)?, device)))
            .collect();
        let latest: Vec<Key> = devices
            .iter()
            .map(|(id, _)| Reading::latest_key(*id))
            .collect();
        self.load(&latest)?;
        let mut rows = Vec::with_capacity(devices.len());
        for ((id, device), latest) in devices.into_iter().zip(&latest) {
            let latest = self.desk.peek::<Reading>(latest)?;
            rows.push((id, row(customer, id, device, latest)));
        }
        Ok(page(rows.into_iter()))
    }

    /// A page of one device's readings, newest first.
    // spec: STA-013, STA-015
    pub(super) fn list_readings(
        &mut self,
        message: &ListReadings,
    ) -> Result<Page<people::Reading, u32>, Stop> {
        let person = self.person(&READERS)?;
        let customer = self.readable(&person, message.customer)?;
        let (device, id) = (Device::key(customer, message.device), message.device);
        let latest = Reading::latest_key(id);
        self.load([&device, &latest])?;
        if self.desk.peek::<Device>(&device)?.is_none() {
            return Err(not_found(format!("{customer} has no {id}")));
        }
        let Some(latest) = self.desk.peek::<Reading>(&latest)? else {
            return Ok(Page {
                rows: Vec::new(),
                next: None,
            });
        };
        let numbers = numbers(latest.number, message.after);
        let keys: Vec<Key> = numbers.iter().map(|it| Reading::key(id, *it)).collect();
        self.load(&keys)?;
        let mut rows = Vec::with_capacity(numbers.len());
        for (number, key) in numbers.iter().zip(&keys) {
            let reading = self.desk.peek::<Reading>(key)?;
            rows.extend(
                reading
                    .filter(|it| it.number == *number)
                    .map(|it| (*number, it.row())),
            );
        }
        Ok(page(rows.into_iter()))
    }

    /// The records of these devices, all of which have to be the customer's; those that are not are
    /// named. Loads `also` in the same round.
    // spec: MOD-002
    pub(super) fn all_held(
        &mut self,
        customer: CustomerId,
        devices: &[DeviceId],
        also: &[Key],
    ) -> Result<Vec<Device>, Stop> {
        let key = |device: &DeviceId| Device::key(customer, *device);
        let keys: Vec<Key> = devices.iter().map(key).collect();
        self.load(keys.iter().chain(also))?;
        let mut held = Vec::with_capacity(keys.len());
        let mut foreign = Vec::new();
        for (device, key) in devices.iter().zip(&keys) {
            match self.desk.peek::<Device>(key)? {
                Some(found) => held.push(found),
                None => foreign.push(*device),
            }
        }
        refuse(RefusalCode::NotFound, foreign)?;
        Ok(held)
    }

    /// The customer whose holdings this person may read.
    // spec: MOD-002
    pub(super) fn readable(
        &mut self,
        person: &Person,
        named: Option<CustomerId>,
    ) -> Result<CustomerId, Stop> {
        let customer = match (person.customer, named) {
            (Some(own), None) => own,
            (Some(own), Some(named)) if own == named => own,
            (Some(_), Some(named)) => return Err(not_found(format!("{named}"))),
            (None, Some(named)) => named,
            (None, None) => return Err(no_customer()),
        };
        let kept = self.desk.peek::<Customer>(&Customer::key(customer))?;
        let own = |kept: &Customer| !person.is_dealer() || kept.account == person.account;
        match kept.filter(own) {
            Some(_) => Ok(customer),
            None => Err(not_found(format!("{}, {customer}", person.account))),
        }
    }
}

/// The numbers of one page of readings and one more, newest first, as far as they are kept.
fn numbers(latest: u32, after: Option<u32>) -> Vec<u32> {
    let kept = READINGS_PER_DEVICE.saturating_sub(1);
    let oldest = latest.saturating_sub(kept);
    let newest = match after {
        None => Some(latest),
        Some(after) => after.checked_sub(1).map(|number| number.min(latest)),
    };
    let Some(newest) = newest else {
        return Vec::new();
    };
    (oldest..=newest)
        .rev()
        .take(PAGE_ROWS.saturating_add(1))
        .collect()
}

fn row(customer: CustomerId, id: DeviceId, device: Device, latest: Option<Reading>) -> DeviceRow {
    let identification = device.identification;
    DeviceRow {
        device: id,
        customer,
        vendor: identification.vendor,
        model: identification.model,
        serial: identification.serial,
        functions: identification.functions,
        user: device.user,
        address: device.contacts.address,
        registration: device.registration,
        since: DateTime(device.since),
        latest: latest.map(Reading::row),
    }
}

pub(super) fn not_found(detail: alloc::string::String) -> Stop {
    Stop::plain(RefusalCode::NotFound, "not-found", detail)
}

fn no_customer() -> Stop {
    let detail = "name the customer, or as a dealer one of your users";
    Stop::invalid(detail)
}

fn one_of_both() -> Stop {
    Stop::invalid("name the customer or the user, not both")
}

/// Who may read holdings.
const READERS: [Role; 3] = [Role::Dealer, Role::Administrator, Role::Operator];
