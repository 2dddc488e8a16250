//! How far each device of an application is, and calling an application off.

use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::{CustomerId, DeviceId};
use crate::limits::PAGE_ROWS;
use crate::record::{Application, Due, Key, Phase, Target};
use crate::wire::people::Page;
use crate::wire::services::{
    ApplicationRow, CancelApplication, ListTargets, TargetRow, TargetState,
};

use super::apply::is_among;
use super::codes::page;
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// The devices of an application. While nothing has been chosen, they are the candidates.
    pub(super) fn list_targets(
        &mut self,
        message: &ListTargets,
    ) -> Result<Page<TargetRow, DeviceId>, Stop> {
        let (customer, made) = self.application(message.customer, message.application)?;
        if made.phase == Phase::Choosing {
            return self.candidates(customer, &made, message.after);
        }
        let limit = u32::try_from(PAGE_ROWS).unwrap_or(u32::MAX);
        let range = Target::of(
            customer,
            message.application,
            message.after,
            limit.saturating_add(1),
        );
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
            .filter(|(_, device)| is_among(device, &service, &made.on))
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
    pub(super) fn cancel_application(
        &mut self,
        message: &CancelApplication,
    ) -> Result<ApplicationRow, Stop> {
        let (customer, made) = self.application(message.customer, message.application)?;
        let id = message.application;
        if matches!(made.phase, Phase::Complete | Phase::Cancelled) {
            return Ok(made.row(id));
        }
        let due = Due::Count {
            customer,
            application: id,
        };
        let now = self.time()?;
        match &message.devices {
            None => {
                let called_off = Application {
                    phase: Phase::Cancelled,
                    counting: None,
                    ..made
                };
                self.desk.put(Application::key(customer, id), &called_off);
                self.desk.put(due.key(now), &due);
                Ok(called_off.row(id))
            }
            Some(devices) => {
                let key = |device: &DeviceId| Target::key(customer, id, *device);
                let keys: Vec<Key> = devices.0.iter().map(key).collect();
                self.load(&keys)?;
                let mut targets = Vec::with_capacity(keys.len());
                for (key, device) in keys.into_iter().zip(&devices.0) {
                    if let Some(target) = self.desk.get::<Target>(&key)? {
                        targets.push((key, *device, target));
                    }
                }
                self.withdraw(&made, &targets)?;
                self.desk.put(due.key(Due::counted_after(now)), &due);
                Ok(made.row(id))
            }
        }
    }
}
