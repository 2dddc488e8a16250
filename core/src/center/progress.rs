//! How far each device of an application is, and calling an application off.

use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::{ApplicationId, CustomerId, DeviceId};
use crate::limits::{PAGE_READ, PAGE_ROWS};
use crate::record::{Application, Device, Due, Key, Phase, Service, Target};
use crate::wire::people::Page;
use crate::wire::services::{
    ApplicationRow, CancelApplication, ListTargets, TargetRow, TargetState,
};

use super::apply::is_among;
use super::codes::page;
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// The devices of an application. While nothing has been chosen, they are the candidates.
    // spec: SVC-014, SVC-035
    pub(super) fn list_targets(
        &mut self,
        message: &ListTargets,
    ) -> Result<Page<TargetRow, DeviceId>, Stop> {
        let (customer, made) = self.application(message.customer, message.application)?;
        if made.phase == Phase::Choosing {
            return self.candidates(customer, &made, message.after);
        }
        let range = Target::of(customer, message.application, message.after, PAGE_READ);
        let rows = self.desk.range::<Target>(&range)?;
        let rows = rows.into_iter().filter_map(|(key, target)| {
            let device = Target::device(&key)?;
            Some((device, target.row(device)))
        });
        Ok(page(rows))
    }

    /// The held devices that the service applies to. A page looks at so many holdings, of which
    /// only some may be candidates.
    fn candidates(
        &mut self,
        customer: CustomerId,
        made: &Application,
        after: Option<DeviceId>,
    ) -> Result<Page<TargetRow, DeviceId>, Stop> {
        let service = self.service(&made.service)?;
        let held = self.holdings(customer, after, PAGE_ROWS)?;
        let last = held.last().map(|(id, _)| *id);
        let next = last.filter(|_| held.len() >= PAGE_ROWS);
        let rows = held
            .into_iter()
            .filter(|(_, device)| is_among(device, &service, made.about()))
            .map(|(device, _)| TargetRow {
                device,
                state: TargetState::Candidate,
                since: None,
                detail: None,
            });
        Ok(Page {
            rows: rows.collect(),
            next,
        })
    }

    /// Calls an application off, for some devices or as a whole.
    // spec: SVC-041, SVC-042, SVC-043, SVC-044
    pub(super) fn cancel_application(
        &mut self,
        message: &CancelApplication,
    ) -> Result<ApplicationRow, Stop> {
        let (customer, made) = self.application(message.customer, message.application)?;
        let id = message.application;
        let devices = message.devices.as_ref().map(|devices| &*devices.0);
        let held = self.all_held(customer, devices.unwrap_or_default(), &[])?;
        if matches!(made.phase, Phase::Complete | Phase::Cancelled) {
            return Ok(made.row(id));
        }
        let Some(devices) = devices else {
            let called_off = Application {
                phase: Phase::Cancelled,
                counting: None,
                ..made
            };
            self.desk.put(Application::key(customer, id), &called_off);
            let due = Due::Count {
                customer,
                application: id,
            };
            let now = self.time()?;
            self.desk.put(due.key(now), &due);
            return Ok(called_off.row(id));
        };
        if made.phase == Phase::Choosing {
            let detail = "nothing is chosen yet; choose the others, or call off the whole";
            return Err(Stop::invalid(detail));
        }
        let devices = devices.iter().copied().zip(held).collect();
        self.withdraw_these(customer, id, &made, devices)?;
        self.count_soon(customer, id)?;
        Ok(made.row(id))
    }

    /// Calls an application off for these devices. What the job has yet to reach is noted, so that
    /// it passes it over.
    fn withdraw_these(
        &mut self,
        customer: CustomerId,
        id: ApplicationId,
        made: &Application,
        devices: Vec<(DeviceId, Device)>,
    ) -> Result<(), Stop> {
        let key = |(device, _): &(DeviceId, Device)| Target::key(customer, id, *device);
        let keys: Vec<Key> = devices.iter().map(key).collect();
        let service = Service::key(&made.service);
        self.load(keys.iter().chain([&service]))?;
        let service = self.desk.peek::<Service>(&service)?;
        let since = self.time()?;
        let mut targets = Vec::with_capacity(keys.len());
        for (key, (device, held)) in keys.into_iter().zip(devices) {
            let is_meant = |service: &Service| is_among(&held, service, made.about());
            match self.desk.get::<Target>(&key)? {
                Some(target) => targets.push((key, device, target)),
                None if made.phase != Phase::Open && service.as_ref().is_some_and(is_meant) => {
                    let target = Target {
                        state: TargetState::Withdrawn,
                        since,
                        instruction: None,
                        detail: None,
                        given: None,
                    };
                    self.desk.put(key, &target);
                }
                None => {}
            }
        }
        self.withdraw(id, made, &mut targets)
    }
}
