//! Enrolment: the initial communication, opened by a provisional code.
//!
//! One atomic write takes the slots and keeps the registration, pending. Nothing becomes a holding
//! before the formal code is used. The same request with the same content gets the same answer as
//! often as it comes, until then; so a lost reply costs nothing.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::{DeviceId, Epoch, RegistrationId};
use crate::limits::{EARLY_READS, PENDING_GRACE};
use crate::record::{
    Bytes, Device, Due, Facts, Generation, Grant, Key, Pending, PendingDevice, Registration,
    Secret, State,
};
use crate::wire::{
    DeviceEntry, Enrol, EnrolDeviceResult, EnrolResult, Enrolled, Identification, Refusal,
    RefusalCode, json,
};

use super::authenticate::no_master_key;
use super::collate::{Collated, Shortage, too_few};
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Registers the devices, or answers once more what was answered before.
    // spec: ENR-007
    pub(super) fn enrol(&mut self, enrol: &Enrol) -> Result<Enrolled, Stop> {
        let code = self.provisional()?;
        let code = self.collate(code)?;
        let center = self.center;
        let crypto = &center.crypto;
        let id = center.keys.registration(crypto, code.grant, enrol.request);
        let key = Registration::key(code.customer, id);
        let content = Bytes(content(crypto, enrol.devices.as_slice()));
        let early = self.device_keys(&code, enrol, EARLY_READS);
        self.load(early.iter().chain([&code.key, &key, &Generation::key()]))?;
        let (grant, made) = (self.desk.get(&code.key)?, self.desk.get(&key)?);
        let Some(grant) = grant else {
            return Err(self.wrong(&code, "code-unknown"));
        };
        match made {
            None => self.register(enrol, &code, &grant, id, content),
            Some(made) => self.answer_again(enrol, &code, &grant, id, made, content),
        }
    }

    /// A request that is here for the first time.
    // spec: ENR-006
    fn register(
        &mut self,
        enrol: &Enrol,
        code: &Collated,
        grant: &Grant,
        id: RegistrationId,
        content: Bytes<32>,
    ) -> Result<Enrolled, Stop> {
        if let Some(word) = self.closed(grant)? {
            return Err(self.wrong(code, word));
        }
        let devices = u32::try_from(enrol.devices.as_slice().len()).unwrap_or(u32::MAX);
        let taken = match self.take_slots(grant, devices) {
            Ok(taken) => taken,
            Err(Shortage::Exhausted) => return Err(self.wrong(code, "code-exhausted")),
            Err(Shortage::TooFew { free }) => return Err(too_few(code.grant, free, devices)),
        };
        let pending = Pending {
            secret: Secret {
                epoch: self.generation()?.hands_out(Epoch::FIRST),
                master: self.center.keys.current(),
            },
            devices: self.pending_devices(enrol, code)?,
            gives_back: grant.expires.after(PENDING_GRACE),
        };
        let enrolled = self.enrolled(enrol, id, &pending)?;
        self.desk.put(code.key.clone(), &taken);
        self.keep(enrol, code, grant, id, content, pending)?;
        Ok(enrolled)
    }

    /// Keeps the registration, the way to it, and the reminder to give its slots back.
    // spec: ENR-012
    fn keep(
        &mut self,
        enrol: &Enrol,
        code: &Collated,
        grant: &Grant,
        id: RegistrationId,
        content: Bytes<32>,
        pending: Pending,
    ) -> Result<(), Stop> {
        let customer = code.customer;
        let due = Due::GiveBack {
            customer,
            registration: id,
        };
        let facts = Facts {
            user: grant.user.clone(),
            account: grant.account.clone(),
            customer,
            grant: code.grant,
            request: self.center.keys.request(&self.center.crypto, enrol.request),
            content,
            made: self.time()?,
        };
        self.desk.put(due.key(pending.gives_back), &due);
        let registration = Registration {
            facts,
            state: State::Pending(pending),
        };
        self.put_registration(id, &registration);
        Ok(())
    }

    /// A request that has been here before.
    // spec: ENR-009, ENR-011, ENR-014
    fn answer_again(
        &mut self,
        enrol: &Enrol,
        code: &Collated,
        grant: &Grant,
        id: RegistrationId,
        made: Registration,
        content: Bytes<32>,
    ) -> Result<Enrolled, Stop> {
        let same = made.facts.content == content;
        if let State::Pending(pending) = &made.state
            && same
            && !grant.is_revoked()
            && !self.has_passed(pending.gives_back)?
        {
            return self.enrolled(enrol, id, pending);
        }
        if let Some(word) = self.closed(grant)? {
            return Err(self.wrong(code, word));
        }
        let refusal = if same {
            RefusalCode::RequestRedeemed
        } else {
            RefusalCode::RequestMismatch
        };
        let detail = format!("{id} is {}", made.state.word());
        Err(Stop::plain(refusal, refusal.word(), detail))
    }

    /// The devices as they are kept until the first use, each with what the answer says of it.
    fn pending_devices(
        &mut self,
        enrol: &Enrol,
        code: &Collated,
    ) -> Result<Vec<PendingDevice>, Stop> {
        let keys = self.device_keys(code, enrol, usize::MAX);
        self.load(&keys)?;
        let entries = enrol.devices.as_slice().iter().zip(&keys);
        entries
            .map(|(entry, key)| {
                Ok(PendingDevice {
                    device: Device::id(key).unwrap_or(DeviceId::from_bytes([0; 16])),
                    entry: entry.clone(),
                    known: self.desk.peek::<Device>(key)?.is_some(),
                })
            })
            .collect()
    }

    /// Where the devices are or will be; none if there are more than `most`.
    fn device_keys(&self, code: &Collated, enrol: &Enrol, most: usize) -> Vec<Key> {
        let devices = enrol.devices.as_slice();
        if devices.len() > most {
            return Vec::new();
        }
        let key = |entry: &DeviceEntry| {
            let id = self.device_id(code.customer, &entry.identification);
            Device::key(code.customer, id)
        };
        devices.iter().map(key).collect()
    }

    /// The answer, in the order of the request; refused if the sender could not take it.
    fn enrolled(
        &self,
        enrol: &Enrol,
        id: RegistrationId,
        pending: &Pending,
    ) -> Result<Enrolled, Stop> {
        let center = self.center;
        let secret = pending.secret;
        let formal_code = center
            .keys
            .formal_code(&center.crypto, id, secret)
            .ok_or_else(|| no_master_key(id, secret.master))?;
        let enrolled = Enrolled {
            registration: id,
            formal_code,
            devices: results(enrol.devices.as_slice(), &pending.devices),
            schedule: self.schedule(),
        };
        self.fits(enrol, &enrolled)?;
        Ok(enrolled)
    }

    /// A sender that could not take the answer is refused before anything is registered.
    // spec: ENR-041
    fn fits(&self, enrol: &Enrol, enrolled: &Enrolled) -> Result<(), Stop> {
        let Some(most) = enrol.max_message else {
            return Ok(());
        };
        let bytes = json::to_bytes(enrolled).len().saturating_add(self.frame);
        if u32::try_from(bytes).is_ok_and(|bytes| bytes <= most.get()) {
            return Ok(());
        }
        let detail = format!(
            "the answer would have {bytes} bytes; the sender takes {}",
            most.get()
        );
        let refusal = Refusal::new(RefusalCode::TooLarge, detail.clone());
        Err(Stop::refusal(refusal, "answer-too-large", detail))
    }
}

/// One result per device of the request, whatever the order in which they were kept.
// spec: ENR-018
fn results(asked: &[DeviceEntry], kept: &[PendingDevice]) -> Vec<EnrolDeviceResult> {
    let kept: BTreeMap<Same<'_>, &PendingDevice> = kept
        .iter()
        .map(|device| (Same(&device.entry.identification), device))
        .collect();
    asked
        .iter()
        .filter_map(|entry| kept.get(&Same(&entry.identification)))
        .map(|device| EnrolDeviceResult {
            device: device.device,
            result: if device.known {
                EnrolResult::Known
            } else {
                EnrolResult::New
            },
        })
        .collect()
}

/// An identification, ordered by what makes it the same device.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Same<'a>(&'a Identification);

/// The digest of the identifications in canonical form: each as JSON, in order. Contacts are not
/// part of it, nor is the order in which the sender named them.
// spec: ENR-010
fn content(crypto: &impl Crypto, devices: &[DeviceEntry]) -> [u8; 32] {
    let mut devices: Vec<&Identification> =
        devices.iter().map(|entry| &entry.identification).collect();
    devices.sort_unstable();
    crypto.sha256(&[&json::to_bytes(&devices)])
}
