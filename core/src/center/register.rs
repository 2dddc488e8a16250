//! A device registers for a service where the center is the provider as well: the pair is collated,
//! and the device is entitled or refused.
//!
//! Wrong pairs are counted against their source as wrong codes are. What is refused changes nothing
//! else, whoever asks and however often.

use crate::crypto::Crypto;
use crate::decision::Suspect;
use crate::id::{CustomerId, DeviceId, ServiceId};
use crate::provider::{Collated, Pair, PresentedPair, Wrong, collate, wrong_pair};
use crate::record::{Application, Clock, Entitlement, InForce, Key, Pause, Phase, Target};
use crate::wire::services::TargetState;
use crate::wire::{Register, Registered};

use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Collates a device and its registration code.
    // spec: SVC-026, SVC-029, SVC-030, SVC-032
    pub(super) fn register_for_service(
        &mut self,
        service: &ServiceId,
        message: &Register,
    ) -> Result<Registered, Stop> {
        let pair = Pair::key(message.device, service);
        let throttle = self.source().map(Suspect::key);
        self.load(throttle.iter().chain([&Clock::key(), &pair]))?;
        self.check_throttle()?;
        let center = self.center;
        let presented = PresentedPair::of(&center.crypto, &center.keys, service, message);
        match self.collated(&presented)? {
            Ok(registered) => Ok(registered),
            Err(wrong) => Err(self.wrong_pair(self.source(), &presented, wrong)?),
        }
    }

    /// Collates a pair, by whichever line it came, and entitles the device if all is right.
    pub(super) fn collated(
        &mut self,
        presented: &PresentedPair<'_>,
    ) -> Result<Result<Registered, Wrong>, Stop> {
        let now = self.time()?;
        let crypto = &self.center.crypto;
        let collated = match collate(&mut self.desk, crypto, now, presented)? {
            Ok(collated) => self.not_called_off(presented, collated)?,
            Err(wrong) => Err(wrong),
        };
        let (device, service) = (presented.device, presented.service);
        match collated {
            Ok(collated) if collated.is_new => self.entitle(device, service, &collated.pair)?,
            Ok(_) => {}
            Err(wrong) => return Ok(Err(wrong)),
        }
        let service = service.clone();
        Ok(Ok(Registered { device, service }))
    }

    /// An application that was called off entitles nobody from that moment on, however far the job
    /// is that withdraws its codes.
    // spec: SVC-041
    fn not_called_off(
        &mut self,
        presented: &PresentedPair<'_>,
        collated: Collated,
    ) -> Result<Result<Collated, Wrong>, Stop> {
        if !collated.is_new {
            return Ok(Ok(collated));
        }
        let customer = self.whose(presented.device, presented.service, &collated.pair)?;
        let key = Application::key(customer, collated.pair.application);
        let made = self.desk.get::<Application>(&key)?;
        Ok(match made {
            Some(made) if made.phase != Phase::Cancelled => Ok(collated),
            _ => Err(Wrong::Withdrawn),
        })
    }

    /// The device may use the service from now on. Nothing else writes such an entitlement.
    // spec: SVC-031, SVC-046, PRV-020
    pub(super) fn entitle(
        &mut self,
        device: DeviceId,
        service: &ServiceId,
        pair: &Pair,
    ) -> Result<(), Stop> {
        let (customer, application) = (self.whose(device, service, pair)?, pair.application);
        let target = Target::key(customer, application, device);
        let entitlement = Entitlement::key(customer, service, device);
        self.load([&target, &entitlement])?;
        let now = self.time()?;
        self.desk.get::<Entitlement>(&entitlement)?;
        let entitled = Entitlement {
            application,
            since: now,
            stopped: None,
        };
        self.desk.put(entitlement, &entitled);
        let mark = InForce::key(customer, service, device);
        self.desk.put(mark, &InForce {});
        self.target_is(&target, TargetState::Entitled, None)
    }

    /// Something has become of a device of an application: it is noted, and will be counted.
    pub(super) fn target_is(
        &mut self,
        key: &Key,
        state: TargetState,
        detail: Option<crate::id::Note>,
    ) -> Result<(), Stop> {
        let now = self.time()?;
        let Some(target) = self.desk.get::<Target>(key)? else {
            return Ok(());
        };
        let Some(moved) = target.moved(state, now, detail) else {
            return Ok(());
        };
        self.desk.put(key.clone(), &moved);
        if let Some((customer, application)) = Target::application(key) {
            self.count_soon(customer, application)?;
        }
        Ok(())
    }

    pub(super) fn wrong_pair(
        &mut self,
        suspect: Option<Suspect>,
        presented: &PresentedPair<'_>,
        wrong: Wrong,
    ) -> Result<Stop, Pause> {
        wrong_pair(&mut self.desk, &mut self.judge, suspect, presented, wrong)
    }

    /// Whose device a pair is about. At a center each names somebody.
    fn whose(
        &self,
        device: DeviceId,
        service: &ServiceId,
        pair: &Pair,
    ) -> Result<CustomerId, Pause> {
        pair.customer.ok_or_else(|| Pause::Damaged {
            key: Pair::key(device, service),
            why: "it names no customer".into(),
        })
    }
}
