//! What a provider's own server asks and says: which devices wait for a code, the codes that it has
//! made, the devices that it has entitled.
//!
//! What counts is the device and the application, so that whatever a lost answer has the provider
//! say again changes nothing. Only the account whose service it is gets any further than to be told
//! that there is no such thing.

use alloc::format;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::{ApplicationId, CustomerId, DeviceId, HandoverId, ServiceId};
use crate::provider::{Pair, PairState};
use crate::record::{
    Application, ApplicationLocator, Clock, Entitlement, Handover, Invitation, Key, Kind, Owner,
    Pause, Phase, Service, Target,
};
use crate::time::Timestamp;
use crate::wire::RefusalCode;
use crate::wire::people::{Page, Role};
use crate::wire::provider::{
    CodesGiven, EntitledOutcome, EntitledResult, EntitlementsReported, GiveCodes, GiveOutcome,
    GiveResult, GivenCode, HandoverRow, HandoverState, HandoversSettled, ListHandovers,
    ReportEntitlements, SettleHandovers,
};
use crate::wire::services::TargetState;

use super::EffectKind;
use super::codes::{page, page_of};
use super::devices::not_found;
use super::instruct::refuse;
use super::work::{Stop, Work};

/// An application of which a provider speaks.
struct Spoken {
    customer: CustomerId,
    id: ApplicationId,
    made: Application,
    /// Whether nothing of it opens anything any more.
    is_over: bool,
}

impl<C: Crypto> Work<'_, C> {
    /// What a service's provider has to act upon. What has run out is not wanted any more, however
    /// far the job is that tidies it away.
    // spec: PRV-003, PRV-004, PRV-006
    pub(super) fn list_handovers(
        &mut self,
        message: &ListHandovers,
    ) -> Result<Page<HandoverRow, HandoverId>, Stop> {
        let owner = self.own_service(&message.service)?;
        let after = message
            .after
            .map_or(Vec::new(), |id| id.as_bytes().to_vec());
        let rows = self
            .desk
            .range::<Handover>(&page_of(Kind::Handover, owner, after))?;
        let now = self.time()?;
        let rows = rows.into_iter().filter_map(|(key, handover)| {
            let id = Handover::id(&key)?;
            let is_over = handover.state == HandoverState::Wanted && now >= handover.expires;
            Some((id, (!is_over).then(|| handover.row(id))))
        });
        let Page { rows, next } = page(rows);
        let rows = rows.into_iter().flatten().collect();
        Ok(Page { rows, next })
    }

    /// Puts a provider's codes into the mailboxes of the devices that wait for one.
    // spec: PRV-009, PRV-010, PRV-011, PRV-012, PRV-013, PRV-014
    pub(super) fn give_codes(&mut self, message: &GiveCodes) -> Result<CodesGiven, Stop> {
        let owner = self.own_service(&message.service)?;
        self.check_host(&message.url)?;
        let spoken = self.spoken(owner, message.application)?;
        let devices: Vec<DeviceId> = message.codes.iter().map(|it| it.device).collect();
        let targets = self.handed_over(&spoken, &devices, &[])?;
        self.load_mailboxes(devices.into_iter())?;
        let mut waiting = 0_u32;
        let mut results = Vec::with_capacity(targets.len());
        for (given, key) in message.codes.iter().zip(targets) {
            let (result, is_new) = self.give(owner, &spoken, message, given, &key)?;
            waiting = waiting.saturating_add(u32::from(is_new));
            let device = given.device;
            results.push(GiveResult { device, result });
        }
        if waiting > 0 {
            self.tell(EffectKind::InstructionsWaiting {
                customer: spoken.customer,
                application: spoken.id,
                service: message.service.clone(),
                devices: waiting,
            })?;
        }
        Ok(CodesGiven { results })
    }

    /// Gives one device its code; whether it has an instruction now that it had not before.
    fn give(
        &mut self,
        owner: Owner,
        spoken: &Spoken,
        message: &GiveCodes,
        given: &GivenCode,
        key: &Key,
    ) -> Result<(GiveOutcome, bool), Stop> {
        let center = self.center;
        let (crypto, keys) = (&center.crypto, &center.keys);
        let (device, application) = (given.device, spoken.id);
        let Some(target) = self.desk.get::<Target>(key)? else {
            return Ok((GiveOutcome::Refused, false));
        };
        let code = keys.pair(crypto, device, &message.service, given.code.as_str());
        match target.given {
            Some(before) if before == code => return Ok((GiveOutcome::Given, false)),
            Some(_) => return Ok((GiveOutcome::Differs, false)),
            None if spoken.is_over || target.state != TargetState::HandedOver => {
                return Ok((GiveOutcome::Refused, false));
            }
            None => {}
        }
        let invitation = Invitation {
            customer: spoken.customer,
            application,
            master: keys.current(),
            given: Some(keys.wrap_code(crypto, application, device, &given.code)),
        };
        let expires = spoken.made.expires;
        let Some(instruction) = self.post_invitation(device, &message.url, expires, invitation)?
        else {
            return Ok((GiveOutcome::Later, false));
        };
        let target = Target {
            state: TargetState::Waiting,
            since: self.time()?,
            instruction: Some(instruction),
            given: Some(code),
            ..target
        };
        self.desk.put(key.clone(), &target);
        let id = keys.handover(crypto, application, device);
        self.desk.delete(Handover::key(owner, id));
        Ok((GiveOutcome::Given, true))
    }

    /// Takes it from a provider that devices can use its service.
    // spec: PRV-017, PRV-018, PRV-019, PRV-020
    pub(super) fn report_entitlements(
        &mut self,
        message: &ReportEntitlements,
    ) -> Result<EntitlementsReported, Stop> {
        let owner = self.own_service(&message.service)?;
        let spoken = self.spoken(owner, message.application)?;
        let devices = &message.devices.0;
        let pair = |it: &DeviceId| Pair::key(*it, &message.service);
        let entitlement = |it: &DeviceId| Entitlement::key(spoken.customer, &message.service, *it);
        let pairs = devices.iter().map(pair);
        let early: Vec<Key> = pairs.chain(devices.iter().map(entitlement)).collect();
        let targets = self.handed_over(&spoken, devices, &early)?;
        let mut results = Vec::with_capacity(devices.len());
        for (device, target) in devices.iter().zip(targets) {
            let result = self.report_one(&spoken, &message.service, *device, &target)?;
            let device = *device;
            results.push(EntitledResult { device, result });
        }
        Ok(EntitlementsReported { results })
    }

    fn report_one(
        &mut self,
        spoken: &Spoken,
        service: &ServiceId,
        device: DeviceId,
        target: &Key,
    ) -> Result<EntitledOutcome, Stop> {
        let held = Entitlement::key(spoken.customer, service, device);
        let held = self.desk.get::<Entitlement>(&held)?;
        if held.is_some_and(|it| it.application == spoken.id && it.is_in_force()) {
            return Ok(EntitledOutcome::Entitled);
        }
        let key = Pair::key(device, service);
        let target = self.desk.get::<Target>(target)?;
        let has_code = target.is_some_and(|it| it.given.is_some());
        let pair = self.desk.get::<Pair>(&key)?;
        match pair.filter(|it| it.application == spoken.id && it.opens()) {
            Some(pair) if has_code && !spoken.is_over => {
                let state = PairState::Entitled { at: self.time()? };
                let pair = Pair { state, ..pair };
                self.desk.put(key, &pair);
                self.entitle(device, service, &pair)?;
                Ok(EntitledOutcome::Entitled)
            }
            _ => Ok(EntitledOutcome::Refused),
        }
    }

    /// Takes from the list what has ended and is over at the provider too.
    // spec: PRV-005
    pub(super) fn settle_handovers(
        &mut self,
        message: &SettleHandovers,
    ) -> Result<HandoversSettled, Stop> {
        let owner = self.own_service(&message.service)?;
        let key = |id: &HandoverId| Handover::key(owner, *id);
        let keys: Vec<Key> = message.handovers.iter().map(key).collect();
        self.load(&keys)?;
        let mut settled = 0_u32;
        for key in keys {
            let handover = self.desk.get::<Handover>(&key)?;
            if handover.is_some_and(|it| it.state == HandoverState::Ended) {
                self.desk.delete(key);
                settled = settled.saturating_add(1);
            }
        }
        Ok(HandoversSettled { settled })
    }

    /// A device waits for a code of its provider.
    // spec: PRV-002
    pub(super) fn want_code(
        &mut self,
        application: ApplicationId,
        made: &Application,
        device: DeviceId,
    ) {
        let handover = Handover {
            application,
            device,
            state: HandoverState::Wanted,
            expires: made.expires,
        };
        let key = self.handover_key(&made.service, application, device);
        self.desk.put(key, &handover);
    }

    /// What a device was given opens nothing any more, or it is not to be given anything: its
    /// provider has to know, or has nothing to do.
    // spec: PRV-003, PRV-004
    pub(super) fn take_back(
        &mut self,
        application: ApplicationId,
        made: &Application,
        device: DeviceId,
        was_given: bool,
    ) {
        if made.collator.is_center() {
            return;
        }
        if was_given {
            self.has_ended(&made.service, application, device, made.expires);
        } else {
            let key = self.handover_key(&made.service, application, device);
            self.desk.delete(key);
        }
    }

    /// The provider has to know that what it gave a device opens nothing any more.
    // spec: PRV-004
    pub(super) fn has_ended(
        &mut self,
        service: &ServiceId,
        application: ApplicationId,
        device: DeviceId,
        expires: Timestamp,
    ) {
        let handover = Handover {
            application,
            device,
            state: HandoverState::Ended,
            expires,
        };
        let key = self.handover_key(service, application, device);
        self.desk.put(key, &handover);
    }

    fn handover_key(
        &self,
        service: &ServiceId,
        application: ApplicationId,
        device: DeviceId,
    ) -> Key {
        let (crypto, keys) = (&self.center.crypto, &self.center.keys);
        let id = keys.handover(crypto, application, device);
        Handover::key(keys.service(crypto, service), id)
    }

    /// Where what is handed over of a service lies, if the one who asks is its provider.
    // spec: PRV-007, PRV-008
    fn own_service(&mut self, id: &ServiceId) -> Result<Owner, Stop> {
        let person = self.person(&[Role::Provider])?;
        let key = Service::key(id);
        self.load([&key, &Clock::key()])?;
        match self.desk.peek::<Service>(&key)? {
            Some(service) if service.account == person.account => {
                let center = self.center;
                Ok(center.keys.service(&center.crypto, id))
            }
            _ => Err(not_found(format!("{} runs no {id}", person.account))),
        }
    }

    /// The application that a provider names, if it is one of its service.
    // spec: PRV-007
    fn spoken(&mut self, owner: Owner, id: ApplicationId) -> Result<Spoken, Stop> {
        let none = || not_found(format!("nothing of {id} was handed over for this service"));
        let locator = ApplicationLocator::key(owner, id);
        let Some(ApplicationLocator { customer }) = self.desk.peek(&locator)? else {
            return Err(none());
        };
        let made = self
            .desk
            .get::<Application>(&Application::key(customer, id))?;
        let made = made.ok_or_else(none)?;
        let is_over = made.phase == Phase::Cancelled || self.has_passed(made.expires)?;
        Ok(Spoken {
            customer,
            id,
            made,
            is_over,
        })
    }

    /// Where these devices of the application are; refused where one of them is none of it. What
    /// else is going to be looked at is loaded along.
    // spec: PRV-007
    fn handed_over(
        &mut self,
        spoken: &Spoken,
        devices: &[DeviceId],
        also: &[Key],
    ) -> Result<Vec<Key>, Stop> {
        let key = |device: &DeviceId| Target::key(spoken.customer, spoken.id, *device);
        let keys: Vec<Key> = devices.iter().map(key).collect();
        self.load(keys.iter().chain(also))?;
        let mut foreign = Vec::new();
        for (device, key) in devices.iter().zip(&keys) {
            if !self.was_handed_over(key)? {
                foreign.push(*device);
            }
        }
        refuse(RefusalCode::NotFound, foreign)?;
        Ok(keys)
    }

    /// Whether the device at this place is one of whose part in the application its provider knows.
    fn was_handed_over(&mut self, key: &Key) -> Result<bool, Pause> {
        let target = self.desk.peek::<Target>(key)?;
        Ok(target.is_some_and(|it| !it.state.is_left_out()))
    }
}
