//! The catalogue of services, and which of a customer's devices may use each.

use alloc::format;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::{CustomerId, DeviceId, Note, ServiceId};
use crate::limits::SERVICES;
use crate::provider::{Pair, PairState};
use crate::record::{Entitlement, InForce, Key, Kind, Owner, Range, Service};
use crate::wire::people::{Page, Role};
use crate::wire::services::{
    DefineService, EntitlementRow, ListEntitlements, ListServices, ServiceRow, StopUse, UseStopped,
};
use crate::wire::{RefusalCode, ServiceUrl};

use super::authenticate::{Person, forbidden};
use super::codes::{page, page_of};
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Makes a service, or changes it.
    // spec: SVC-001, SVC-002, SVC-004, PRV-001, PRV-043
    pub(super) fn define_service(&mut self, message: &DefineService) -> Result<ServiceRow, Stop> {
        let person = self.person(&[Role::Operator, Role::Provider])?;
        let key = Service::key(&message.service);
        let held = self.desk.get::<Service>(&key)?;
        is_served(&person, message, held.as_ref())?;
        let foreign = |held: &Service| person.is_provider() && held.account != person.account;
        if held.as_ref().is_some_and(foreign) {
            let detail = format!("{} is another provider's", message.service);
            return Err(forbidden(detail));
        }
        if held.is_none() && self.desk.range::<Service>(&all_services())?.len() >= SERVICES {
            let detail = format!("a center has at most {SERVICES} services");
            return Err(Stop::invalid(detail));
        }
        let (since, account) = match held {
            Some(held) => (held.since, held.account),
            None => (self.time()?, person.account.clone()),
        };
        self.check_host(&message.url)?;
        let service = Service {
            title: match &message.title {
                Some(title) => title.clone(),
                None => titled(&message.service)?,
            },
            url: message.url.clone(),
            models: message.models.clone(),
            collator: message.collator,
            account,
            since,
        };
        self.desk.put(key, &service);
        Ok(shown(&person, message.service.clone(), service, None))
    }

    /// Devices go to the hosts that their schedule names and to no other, so that nobody could
    /// start a service whose host it does not name.
    // spec: SVC-049, PRV-014
    pub(super) fn check_host(&self, url: &ServiceUrl) -> Result<(), Stop> {
        let mut hosts = self.center.policy.service_hosts.iter();
        if hosts.any(|host| host.eq_ignore_ascii_case(url.host())) {
            return Ok(());
        }
        let detail = format!(
            "the host {} is not among the service hosts of this center; its operator adds it to \
             `service-hosts` in the configuration first",
            url.host()
        );
        Err(Stop::invalid(detail))
    }

    /// The services, and whether the customer uses them. A provider sees nobody's use.
    // spec: SVC-003, SVC-004, SVC-005, SVC-006
    pub(super) fn list_services(
        &mut self,
        message: &ListServices,
    ) -> Result<Page<ServiceRow, ServiceId>, Stop> {
        let person = self.person(&[
            Role::Administrator,
            Role::Dealer,
            Role::Operator,
            Role::Provider,
        ])?;
        let customer = match (person.customer, message.customer) {
            (None, Some(_)) if person.is_provider() => {
                return Err(forbidden(format!("{} names a customer", person.account)));
            }
            (None, None) => None,
            (_, named) => Some(self.readable(&person, named)?),
        };
        let mut services = self.services()?;
        services.retain(|(id, _)| message.after.as_ref().is_none_or(|after| id > after));
        let used = self.used_by(customer, &services)?;
        let rows = services
            .into_iter()
            .zip(used)
            .filter(|(_, used)| !(message.unused && *used == Some(true)))
            .map(|((id, service), used)| (id.clone(), shown(&person, id, service, used)));
        Ok(page(rows))
    }

    /// All services, in the order of their ids.
    pub(super) fn services(&mut self) -> Result<Vec<(ServiceId, Service)>, Stop> {
        let rows = self.desk.range::<Service>(&all_services())?;
        let named = |(key, service)| Some((Service::id(&key)?, service));
        Ok(rows.into_iter().filter_map(named).collect())
    }

    /// Whether any device of the customer uses each of these services: one row of each tells.
    fn used_by(
        &mut self,
        customer: Option<CustomerId>,
        services: &[(ServiceId, Service)],
    ) -> Result<Vec<Option<bool>>, Stop> {
        let Some(customer) = customer else {
            return Ok(services.iter().map(|_| None).collect());
        };
        let ranges: Vec<Range> = services
            .iter()
            .map(|(id, _)| InForce::first(customer, id))
            .collect();
        self.desk.ranges(&ranges)?;
        let mut used = Vec::with_capacity(ranges.len());
        for range in &ranges {
            used.push(Some(!self.desk.range::<InForce>(range)?.is_empty()));
        }
        Ok(used)
    }

    /// The devices that use a service, or did.
    // spec: SVC-047, SVC-048
    pub(super) fn list_entitlements(
        &mut self,
        message: &ListEntitlements,
    ) -> Result<Page<EntitlementRow, DeviceId>, Stop> {
        let person = self.person(&[Role::Administrator, Role::Dealer, Role::Operator])?;
        let customer = self.readable(&person, message.customer)?;
        self.service(&message.service)?;
        let range = Entitlement::of(customer, &message.service, message.after);
        let rows = self.desk.range::<Entitlement>(&range)?;
        let rows = rows.into_iter().filter_map(|(key, row)| {
            let device = Entitlement::device(&key)?;
            Some((device, row.row(device)))
        });
        Ok(page(rows))
    }

    /// Stops the use of a service by these devices. Those that do not use it are left as they are.
    // spec: SVC-020, SVC-045, PRV-004
    pub(super) fn stop_use(&mut self, message: &StopUse) -> Result<UseStopped, Stop> {
        let person = self.person(&[Role::Administrator, Role::Operator])?;
        let customer = self.readable(&person, message.customer)?;
        let devices = &message.devices.0;
        self.all_held(customer, devices, &[])?;
        self.service(&message.service)?;
        let entitlement = |it: &DeviceId| Entitlement::key(customer, &message.service, *it);
        let entitlements: Vec<Key> = devices.iter().map(entitlement).collect();
        let pair = |it: &DeviceId| Pair::key(*it, &message.service);
        let pairs: Vec<Key> = devices.iter().map(pair).collect();
        self.load(entitlements.iter().chain(&pairs))?;
        let now = self.time()?;
        let mut stopped = 0_u32;
        for ((device, entitlement), pair) in devices.iter().zip(entitlements).zip(pairs) {
            let held = self.desk.get::<Entitlement>(&entitlement)?;
            let Some(held) = held.filter(Entitlement::is_in_force) else {
                continue;
            };
            let ended = Entitlement {
                stopped: Some(now),
                ..held
            };
            self.desk.put(entitlement, &ended);
            let mark = InForce::key(customer, &message.service, *device);
            self.desk.delete(mark);
            if let Some(used) = self.desk.get::<Pair>(&pair)?
                && matches!(used.state, PairState::Entitled { .. })
            {
                if used.code.is_none() {
                    let of = used.application;
                    self.has_ended(&message.service, of, *device, used.expires);
                }
                let state = PairState::Withdrawn { at: now };
                self.desk.put(pair, &Pair { state, ..used });
            }
            stopped = stopped.saturating_add(1);
        }
        Ok(UseStopped { stopped })
    }

    /// The service of this id.
    // spec: SVC-009
    pub(super) fn service(&mut self, id: &ServiceId) -> Result<Service, Stop> {
        match self.desk.peek::<Service>(&Service::key(id))? {
            Some(service) => Ok(service),
            None => Err(Stop::openly(
                RefusalCode::ServiceUnknown,
                format!("there is no service {id}"),
            )),
        }
    }
}

/// Refuses a service whose provider is to give the codes where no provider could: its account is
/// that of whoever defines it, and only a provider's account asks for what is handed over.
// spec: PRV-043
fn is_served(person: &Person, message: &DefineService, held: Option<&Service>) -> Result<(), Stop> {
    let stays = held.is_some_and(|held| held.collator == message.collator);
    if message.collator.is_center() || person.is_provider() || stays {
        return Ok(());
    }
    let detail = format!(
        "a service whose provider gives the codes belongs to that provider's account: define {} \
         with a token of the role provider (`token issue --role provider`, then `--token-file`)",
        message.service
    );
    Err(Stop::openly(RefusalCode::RoleForbidden, detail))
}

/// A service as this person may see it.
// spec: SVC-062
fn shown(person: &Person, id: ServiceId, service: Service, used: Option<bool>) -> ServiceRow {
    let own = person.is_provider() && person.account == service.account;
    let account = (own || person.is_operator()).then(|| service.account.clone());
    ServiceRow {
        account,
        ..service.row(id, used)
    }
}

/// The title of a service that was given none: its id.
fn titled(service: &ServiceId) -> Result<Note, Stop> {
    Note::new(service.as_str()).map_err(|error| Stop::invalid(format!("{error}")))
}

fn all_services() -> Range {
    Range {
        limit: u32::try_from(SERVICES).unwrap_or(u32::MAX),
        ..page_of(Kind::Service, Owner::NONE, Vec::new())
    }
}
