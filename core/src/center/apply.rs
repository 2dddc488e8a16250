//! Applying for a service: which devices it is about, and that the instructions are to be made.
//!
//! What can be judged at once is judged at once: the service exists, the devices are the
//! customer's, at least one of them could start it. The instructions themselves are made by a job
//! that ticks carry on with (`fill`), so that ten thousand devices cost no request a minute.

use alloc::format;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::{ApplicationId, CustomerId, DeviceId, Model, ServiceId};
use crate::limits::{APPLICATION_VALIDITY, APPLICATION_VALIDITY_MAX, DEVICES_LOOKED_AT};
use crate::provider::Pair;
use crate::record::{
    Application, ApplicationLocator, Device, Due, Key, Kind, Owner, Phase, Range, Service,
};
use crate::time::Seconds;
use crate::wire::RefusalCode;
use crate::wire::people::{Page, Role};
use crate::wire::services::{
    ApplicationRow, Applied, Apply, Choose, ListApplications, Selection, Tally,
};

use super::codes::{page, page_of};
use super::devices::not_found;
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Applies for one service or for several, each by itself; all of them or none.
    // spec: SVC-007, SVC-010, SVC-013, SVC-019, SVC-020, SVC-021
    pub(super) fn apply(&mut self, message: &Apply) -> Result<Applied, Stop> {
        let person = self.person(&APPLICANTS)?;
        let customer = self.readable(&person, message.customer)?;
        self.named_are_held(customer, &message.on)?;
        let services = self.applied_for(&message.services)?;
        let validity = validity(message.validity)?;
        let center = self.center;
        let (crypto, keys) = (&center.crypto, &center.keys);
        let mut known = Vec::with_capacity(services.len());
        for (service, _) in &services {
            let id = keys.application(crypto, customer, message.request, service);
            let made = self
                .desk
                .get::<Application>(&Application::key(customer, id))?;
            if made
                .as_ref()
                .is_some_and(|it| it.is_other(message, validity))
            {
                let detail = format!("{}, of which {id} was made", message.request);
                return Err(Stop::plain(
                    RefusalCode::RequestMismatch,
                    "request-mismatch",
                    detail,
                ));
            }
            known.push((id, made));
        }
        let mut applications = Vec::with_capacity(services.len());
        for ((id, made), (service, particulars)) in known.into_iter().zip(services) {
            let made = match made {
                Some(made) => made,
                None => {
                    self.eligible(customer, &service, &particulars, &message.on)?;
                    let now = self.time()?;
                    let made = Application {
                        service,
                        url: particulars.url,
                        collator: particulars.collator,
                        account: person.account.clone(),
                        on: message.on.clone(),
                        chosen: None,
                        made: now,
                        expires: now.after(validity),
                        phase: Phase::Choosing,
                        tally: Tally::default(),
                        counting: None,
                    };
                    self.begin(customer, id, made)?
                }
            };
            applications.push(made.row(id));
        }
        Ok(Applied { applications })
    }

    /// Chooses devices among the candidates of an application.
    // spec: SVC-013, SVC-015, SVC-016
    pub(super) fn choose(&mut self, message: &Choose) -> Result<ApplicationRow, Stop> {
        let (customer, made) = self.application(message.customer, message.application)?;
        let id = message.application;
        self.named_are_held(customer, &message.on)?;
        if message.on == Selection::Chosen {
            let detail = "name all, models or devices to choose";
            return Err(Stop::invalid(detail));
        }
        if made.chosen.as_ref() == Some(&message.on) {
            return Ok(made.row(id));
        }
        if made.phase != Phase::Choosing {
            return Err(past(&made, id));
        }
        let service = self.service(&made.service)?;
        self.eligible(customer, &made.service, &service, &message.on)?;
        let chosen = Some(message.on.clone());
        let made = self.begin(customer, id, Application { chosen, ..made })?;
        Ok(made.row(id))
    }

    /// Keeps an application, and has the job begin if it is known which devices it is about.
    fn begin(
        &mut self,
        customer: CustomerId,
        id: ApplicationId,
        mut made: Application,
    ) -> Result<Application, Stop> {
        if !made.collator.is_center() {
            let center = self.center;
            let service = center.keys.service(&center.crypto, &made.service);
            let located = ApplicationLocator { customer };
            self.desk
                .put(ApplicationLocator::key(service, id), &located);
        }
        if *made.about() != Selection::Chosen {
            made.phase = Phase::FILLING;
            let due = Due::Fill {
                customer,
                application: id,
            };
            let now = self.time()?;
            self.desk.put(due.key(now), &due);
        }
        self.desk.put(Application::key(customer, id), &made);
        Ok(made)
    }

    /// Refuses what names a device that is not the customer's.
    fn named_are_held(&mut self, customer: CustomerId, on: &Selection) -> Result<(), Stop> {
        match on {
            Selection::Devices(devices) => self.all_held(customer, &devices.0, &[]).map(drop),
            _ => Ok(()),
        }
    }

    /// The services that are applied for. Where the center has only one, none need be named.
    // spec: SVC-008, SVC-009
    fn applied_for(&mut self, named: &[ServiceId]) -> Result<Vec<(ServiceId, Service)>, Stop> {
        if named.is_empty() {
            let mut all = self.services()?;
            return match (all.pop(), all.len()) {
                (Some(only), 0) => Ok(alloc::vec![only]),
                (None, _) => Err(Stop::openly(
                    RefusalCode::ServiceUnknown,
                    "this center has no service",
                )),
                (Some(_), _) => Err(Stop::invalid("name a service: this center has several")),
            };
        }
        let keys: Vec<Key> = named.iter().map(Service::key).collect();
        self.load(&keys)?;
        let mut services: Vec<(ServiceId, Service)> = Vec::with_capacity(named.len());
        for id in named {
            if !services.iter().any(|(known, _)| known == id) {
                services.push((id.clone(), self.service(id)?));
            }
        }
        Ok(services)
    }

    /// Refuses an application that can come to nothing.
    // spec: SVC-011, SVC-012, SVC-063
    fn eligible(
        &mut self,
        customer: CustomerId,
        id: &ServiceId,
        service: &Service,
        on: &Selection,
    ) -> Result<(), Stop> {
        let candidates = match on {
            Selection::Devices(devices) => {
                let held = self.all_held(customer, &devices.0, &[])?;
                let named = devices.0.iter().copied().zip(held);
                named
                    .filter(|(_, device)| service.applies_to(&device.identification.model))
                    .collect()
            }
            Selection::Chosen | Selection::All | Selection::Models(_) => {
                let looked_at = self.holdings(customer, None, DEVICES_LOOKED_AT + 1)?;
                let undecided = looked_at.len() > DEVICES_LOOKED_AT;
                if !undecided {
                    each_model_is_held(on, &looked_at)?;
                }
                let fits = |(_, device): &(DeviceId, Device)| is_among(device, service, on);
                let found: Vec<_> = looked_at.into_iter().filter(fits).collect();
                if found.is_empty() && undecided {
                    return Ok(());
                }
                found
            }
        };
        if candidates.is_empty() {
            let detail = format!("{id} applies to none of the devices that were named");
            return Err(Stop::openly(RefusalCode::NoEligibleDevice, detail));
        }
        self.any_without_application(id, &candidates)
    }

    /// Refuses an application if each device has one for the service that is open.
    fn any_without_application(
        &mut self,
        id: &ServiceId,
        candidates: &[(DeviceId, Device)],
    ) -> Result<(), Stop> {
        let pair = |(device, _): &(DeviceId, Device)| Pair::key(*device, id);
        let pairs: Vec<Key> = candidates.iter().map(pair).collect();
        self.load(&pairs)?;
        let now = self.time()?;
        for key in &pairs {
            let open = self.desk.peek::<Pair>(key)?;
            if !open.is_some_and(|pair| pair.is_open(now)) {
                return Ok(());
            }
        }
        let detail = format!("each of the devices has an open application for {id}");
        Err(Stop::openly(RefusalCode::ApplicationOpen, detail))
    }

    /// The customer's devices behind `after`, at most `limit`.
    pub(super) fn holdings(
        &mut self,
        customer: CustomerId,
        after: Option<DeviceId>,
        limit: usize,
    ) -> Result<Vec<(DeviceId, Device)>, Stop> {
        let after = after.map_or(Vec::new(), |id| id.as_bytes().to_vec());
        let range = Range {
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            ..page_of(Kind::Device, Owner::customer(customer), after)
        };
        let rows = self.desk.range::<Device>(&range)?;
        let named = |(key, device)| Some((Device::id(&key)?, device));
        Ok(rows.into_iter().filter_map(named).collect())
    }

    /// A customer's applications.
    pub(super) fn list_applications(
        &mut self,
        message: &ListApplications,
    ) -> Result<Page<ApplicationRow, ApplicationId>, Stop> {
        let person = self.person(&APPLICANTS)?;
        let customer = self.readable(&person, message.customer)?;
        let after = message
            .after
            .map_or(Vec::new(), |id| id.as_bytes().to_vec());
        let range = page_of(Kind::Application, Owner::customer(customer), after);
        let rows = self.desk.range::<Application>(&range)?;
        let rows = rows.into_iter().filter_map(|(key, made)| {
            let id = Application::id(&key)?;
            Some((id, made.row(id)))
        });
        Ok(page(rows))
    }

    /// An application of a customer that this person may act for.
    pub(super) fn application(
        &mut self,
        customer: Option<CustomerId>,
        id: ApplicationId,
    ) -> Result<(CustomerId, Application), Stop> {
        let person = self.person(&APPLICANTS)?;
        let customer = self.readable(&person, customer)?;
        match self
            .desk
            .get::<Application>(&Application::key(customer, id))?
        {
            Some(made) => Ok((customer, made)),
            None => Err(not_found(format!("{customer} has no {id}"))),
        }
    }
}

/// Refuses models that are none of these devices'. These have to be all that the customer holds.
fn each_model_is_held(on: &Selection, held: &[(DeviceId, Device)]) -> Result<(), Stop> {
    let Selection::Models(models) = on else {
        return Ok(());
    };
    let is_held = |model: &Model| {
        held.iter()
            .any(|(_, device)| device.identification.model == *model)
    };
    let unknown: Vec<&str> = models
        .0
        .iter()
        .filter(|model| !is_held(model))
        .map(Model::as_str)
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "the customer holds no device of model {}; `devices list` names the models",
        unknown.join(", ")
    );
    Err(Stop::openly(RefusalCode::ModelUnknown, detail))
}

/// Whether a device is one that the application is about.
pub(super) fn is_among(device: &Device, service: &Service, on: &Selection) -> bool {
    let model = &device.identification.model;
    service.applies_to(model)
        && match on {
            Selection::Models(models) => models.0.contains(model),
            _ => true,
        }
}

fn past(made: &Application, id: ApplicationId) -> Stop {
    let detail = format!("{id} is {:?}", made.phase.state());
    Stop::openly(RefusalCode::ApplicationClosed, detail.to_lowercase())
}

fn validity(wanted: Option<Seconds>) -> Result<Seconds, Stop> {
    let validity = wanted.unwrap_or(APPLICATION_VALIDITY);
    if (Seconds::MINUTE..=APPLICATION_VALIDITY_MAX).contains(&validity) {
        return Ok(validity);
    }
    let detail = format!(
        "an application is open for {} to {} seconds",
        Seconds::MINUTE.get(),
        APPLICATION_VALIDITY_MAX.get()
    );
    Err(Stop::invalid(detail))
}

/// Who may apply for services.
pub(super) const APPLICANTS: [Role; 2] = [Role::Administrator, Role::Operator];
