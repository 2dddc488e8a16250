//! Making an application's instructions: the job behind it, a chunk of devices at each tick.
//!
//! For every device a registration code is made, of which a keyed hash is kept, and an instruction
//! goes into the device's mailbox. What is left out is named, with the reason. A chunk is one
//! commit, so that a crash between chunks leaves nothing half; the last one tells the
//! administrator.

use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::{ApplicationId, CustomerId, DeviceId};
use crate::limits::FILLED_PER_TICK;
use crate::provider::{Pair, PairState};
use crate::record::{
    Application, Bytes, Device, Due, Entitlement, Invitation, Key, Phase, Service, Target,
};
use crate::wire::services::{Selection, TargetState};

use super::EffectKind;
use super::apply::is_among;
use super::tick::Part;
use super::work::{Stop, Work};

/// A device of the chunk, with the places of what is known of it.
struct Candidate {
    device: DeviceId,
    held: Option<Device>,
    pair: Key,
    entitlement: Key,
    target: Key,
}

impl<C: Crypto> Work<'_, C> {
    /// Makes the next chunk of an application's instructions.
    pub(super) fn fill(&mut self, customer: CustomerId, id: ApplicationId) -> Result<Part, Stop> {
        let key = Application::key(customer, id);
        let Some(mut made) = self.desk.get::<Application>(&key)? else {
            return Ok(Part::Last);
        };
        let Phase::Filling {
            after,
            made: so_far,
        } = made.phase
        else {
            return Ok(Part::Last);
        };
        let (chunk, is_last) = self.chunk((customer, id), &made, after)?;
        let service = self.desk.peek::<Service>(&Service::key(&made.service))?;
        let mut sent = so_far;
        for candidate in &chunk {
            let state = self.target_of(customer, id, &made, service.as_ref(), candidate)?;
            if state == Some(TargetState::Waiting) {
                sent = sent.saturating_add(1);
            }
        }
        let part = match chunk.last() {
            Some(last) if !is_last => {
                made.phase = Phase::Filling {
                    after: Some(last.device),
                    made: sent,
                };
                Part::More
            }
            _ => {
                made.phase = self.filled(customer, id, &made, sent)?;
                Part::Last
            }
        };
        self.desk.put(key, &made);
        Ok(part)
    }

    /// All instructions are made: the administrator is told, and a count at the end of the time
    /// will withdraw what is open then.
    // spec: SVC-039
    fn filled(
        &mut self,
        customer: CustomerId,
        id: ApplicationId,
        made: &Application,
        devices: u32,
    ) -> Result<Phase, Stop> {
        let due = Due::Count {
            customer,
            application: id,
        };
        self.desk.put(due.key(made.expires), &due);
        self.count_soon(customer, id)?;
        if devices > 0 {
            self.tell(EffectKind::InstructionsWaiting {
                customer,
                application: id,
                service: made.service.clone(),
                devices,
            })?;
        }
        Ok(Phase::Open)
    }

    /// The next devices of an application, with all that has to be known of them loaded, and
    /// whether there are no more.
    fn chunk(
        &mut self,
        (customer, id): (CustomerId, ApplicationId),
        made: &Application,
        after: Option<DeviceId>,
    ) -> Result<(Vec<Candidate>, bool), Stop> {
        let (devices, is_last) = match made.about() {
            Selection::Devices(named) => {
                let mut named = named.0.clone();
                named.sort_unstable();
                named.dedup();
                let rest = named.into_iter().filter(|id| Some(*id) > after);
                let rest: Vec<DeviceId> = rest.take(FILLED_PER_TICK.saturating_add(1)).collect();
                let is_last = rest.len() <= FILLED_PER_TICK;
                let chunk: Vec<DeviceId> = rest.into_iter().take(FILLED_PER_TICK).collect();
                let key = |device: &DeviceId| Device::key(customer, *device);
                let keys: Vec<Key> = chunk.iter().map(key).collect();
                self.load(&keys)?;
                let mut devices = Vec::with_capacity(chunk.len());
                for (device, key) in chunk.into_iter().zip(&keys) {
                    devices.push((device, self.desk.peek::<Device>(key)?));
                }
                (devices, is_last)
            }
            _ => {
                let held = self.holdings(customer, after, FILLED_PER_TICK)?;
                let is_last = held.len() < FILLED_PER_TICK;
                let held = held.into_iter().map(|(id, device)| (id, Some(device)));
                (held.collect(), is_last)
            }
        };
        let candidate = |(device, held): (DeviceId, Option<Device>)| Candidate {
            device,
            held,
            pair: Pair::key(device, &made.service),
            entitlement: Entitlement::key(customer, &made.service, device),
            target: Target::key(customer, id, device),
        };
        let chunk: Vec<Candidate> = devices.into_iter().map(candidate).collect();
        let keys = chunk
            .iter()
            .flat_map(|it| [&it.pair, &it.entitlement, &it.target]);
        self.load(keys.chain([&Service::key(&made.service)]))?;
        self.load_mailboxes(chunk.iter().map(|it| it.device))?;
        Ok((chunk, is_last))
    }

    /// Decides what becomes of one device, and writes it down. A device that the application is not
    /// about is passed over, unless it was named; so is one for which it was called off already.
    // spec: SVC-017, SVC-018, PRV-002
    fn target_of(
        &mut self,
        customer: CustomerId,
        id: ApplicationId,
        made: &Application,
        service: Option<&Service>,
        candidate: &Candidate,
    ) -> Result<Option<TargetState>, Stop> {
        let is_among = match (service, &candidate.held) {
            (Some(service), Some(held)) => is_among(held, service, made.about()),
            _ => false,
        };
        if !is_among && !matches!(made.about(), Selection::Devices(_)) {
            return Ok(None);
        }
        if self.desk.get::<Target>(&candidate.target)?.is_some() {
            return Ok(None);
        }
        let now = self.time()?;
        let entitlement = self.desk.get::<Entitlement>(&candidate.entitlement)?;
        let pair = self.desk.get::<Pair>(&candidate.pair)?;
        let (state, instruction) = if !is_among {
            (TargetState::NotApplicable, None)
        } else if entitlement.is_some_and(|it| it.is_in_force()) {
            (TargetState::AlreadyEntitled, None)
        } else if pair.is_some_and(|pair| pair.is_open(now)) {
            (TargetState::AlreadyApplied, None)
        } else if made.collator.is_center() {
            match self.invite(customer, id, made, candidate)? {
                Some(instruction) => (TargetState::Waiting, Some(instruction)),
                None => (TargetState::MailboxFull, None),
            }
        } else {
            self.want_code(id, made, candidate.device);
            self.expect_pair(customer, id, made, candidate, None);
            (TargetState::HandedOver, None)
        };
        let target = Target {
            state,
            since: now,
            instruction,
            detail: None,
            given: None,
        };
        self.desk.put(candidate.target.clone(), &target);
        Ok(Some(state))
    }

    /// Makes a device's registration code and its instruction; `None` if its mailbox is full.
    // spec: SVC-022, SVC-023, SVC-025
    fn invite(
        &mut self,
        customer: CustomerId,
        id: ApplicationId,
        made: &Application,
        candidate: &Candidate,
    ) -> Result<Option<crate::id::InstructionId>, Stop> {
        let center = self.center;
        let (crypto, keys) = (&center.crypto, &center.keys);
        let (device, master) = (candidate.device, keys.current());
        let Some(code) = keys.registration_code(crypto, id, device, master) else {
            return Ok(None);
        };
        let invitation = Invitation {
            customer,
            application: id,
            master,
            given: None,
        };
        let instruction = self.post_invitation(device, &made.url, made.expires, invitation)?;
        if instruction.is_some() {
            let code = keys.pair(crypto, device, &made.service, code.as_str());
            self.expect_pair(customer, id, made, candidate, Some(code));
        }
        Ok(instruction)
    }

    /// From now on this device is waited for, with this code or, where there is none, with one that
    /// its provider knows.
    fn expect_pair(
        &mut self,
        customer: CustomerId,
        application: ApplicationId,
        made: &Application,
        candidate: &Candidate,
        code: Option<Bytes<32>>,
    ) {
        let pair = Pair {
            customer: Some(customer),
            application,
            code,
            expires: made.expires,
            state: PairState::Open,
        };
        self.desk.put(candidate.pair.clone(), &pair);
    }
}
