//! The first use of a formal code: the registration becomes active, its slots are used for good,
//! and its devices become the customer's holdings. It is written together with what the message
//! brings about; a message that is refused uses nothing.

use alloc::format;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::RegistrationId;
use crate::record::{Active, Clock, Device, Due, Facts, Grant, Key, Pending, PendingDevice};

use super::authenticate::formal;
use super::collate::miscounted;
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Makes the registration active, unless its grant was revoked or its time is over.
    // spec: ENR-013, ENR-015, ENR-016
    pub(super) fn first_use(
        &mut self,
        id: RegistrationId,
        facts: &Facts,
        pending: &Pending,
    ) -> Result<Active, Stop> {
        let owner = self
            .center
            .keys
            .account(&self.center.crypto, &facts.account);
        let grant_key = Grant::key(owner, facts.grant);
        let device_key = |device: &PendingDevice| Device::key(facts.customer, device.device);
        let devices: Vec<Key> = pending.devices.iter().map(device_key).collect();
        self.load(devices.iter().chain([&grant_key, &Clock::key()]))?;
        if self.has_passed(pending.gives_back)? {
            return Err(formal("registration-given-back", format!("{id}")));
        }
        let grant: Option<Grant> = self.desk.get(&grant_key)?;
        let Some(mut grant) = grant.filter(|grant| !grant.is_revoked()) else {
            return Err(formal("code-revoked", format!("{id}, {}", facts.grant)));
        };
        grant.slots = grant
            .slots
            .redeem(pending.slots())
            .ok_or_else(|| miscounted(&grant_key))?;
        self.desk.put(grant_key, &grant);
        let due = Due::GiveBack {
            customer: facts.customer,
            registration: id,
        };
        self.desk.delete(due.key(pending.gives_back));
        let taken = pending.devices.iter().map(|it| (it.device, &it.entry));
        self.take_over(id, facts, &taken.collect::<Vec<_>>())?;
        Ok(pending.activate(self.time()?))
    }
}
