//! What people have devices do: instructions, applications for services, and calling both off.
//!
//! An administrator of the customer writes, or the operator in the customer's name. Both know the
//! devices from their lists; here they are read off the state, which spares the asking. A customer
//! whose administrator has no token yet is given one first.

use std::collections::BTreeMap;

use restante_core::code::AccessToken;
use restante_core::id::{
    AccountName, ApplicationId, CustomerId, DeviceId, InstructionId, Note, RequestId, ServiceId,
};
use restante_core::time::Seconds;
use restante_core::wire::instruct::{CancelInstruction, Instruct, ListInstructions};
use restante_core::wire::instruction::Notify;
use restante_core::wire::people::{IssueToken, PeopleReply, PeopleRequest, Role};
use restante_core::wire::services::{
    Applied, Apply, CancelApplication, Collator, DefineService, Devices, ListApplications,
    ListEntitlements, ListServices, Selection, ServicesReply, ServicesRequest, StopUse,
};
use restante_core::wire::{Act, Acts};

use crate::catalogue;
use crate::link::Weather;
use crate::parcel::Header;
use crate::people::Errand;
use crate::world::{Event, World};

/// What administrators have in hand.
#[derive(Clone, Debug, Default)]
pub struct Orders {
    /// Instructions that were made, oldest first.
    pub instructions: Vec<(CustomerId, DeviceId, InstructionId)>,
    /// Applications that were made, oldest first.
    pub applications: Vec<(CustomerId, ApplicationId, ServiceId)>,
    administrators: BTreeMap<CustomerId, AccessToken>,
    texts: u64,
}

impl World {
    /// The operator defines the services, at the console, which is no bad line.
    pub(crate) fn define_services(&mut self) {
        let weather = std::mem::replace(&mut self.weather, Weather::FAIR);
        for number in 0..catalogue::SERVICES {
            let request = ServicesRequest::Define(DefineService {
                service: catalogue::service(number),
                title: None,
                url: catalogue::url(number),
                models: Vec::new(),
                collator: Collator::default(),
            });
            let request = PeopleRequest::Services(request);
            self.write(Errand::Other, Header::Console, &request);
        }
        self.weather = weather;
    }

    /// People have a device do something, or all devices of its customer.
    pub(crate) fn instruct(&mut self, choice: usize, acts: u32) {
        let Some((customer, devices)) = self.chosen(choice, acts & 8 != 0) else {
            return;
        };
        let by_operator = acts & 4 != 0;
        let wanted = self.acts(acts, by_operator);
        let instruct = PeopleRequest::Instruct(Instruct {
            customer: Some(customer),
            devices,
            acts: wanted,
            not_before: (acts & 48 == 48).then(|| Seconds::new(self.own.rng.u32(1..3_600))),
            expires: (acts & 192 == 192).then(|| Seconds::new(self.own.rng.u32(3_601..90_000))),
            request: self.draw_request(),
        });
        self.order(Errand::Instruct(customer), customer, by_operator, &instruct);
    }

    /// One to three acts. Nobody but an operator has a code rotated.
    fn acts(&mut self, wanted: u32, by_operator: bool) -> Acts {
        let mut acts = Vec::new();
        if by_operator && wanted & 2 != 0 {
            acts.push(Act::RotateCode);
        }
        if wanted & 1 != 0 {
            acts.push(Act::ReportStatus);
        }
        if acts.is_empty() || wanted & 16 != 0 {
            self.own.people.orders.texts += 1;
            let text = Note::new(format!("word {}", self.own.people.orders.texts));
            let text = text.expect("a note");
            acts.push(Act::Notify(Notify { text }));
        }
        Acts::new(acts).expect("one to three acts")
    }

    /// People call an instruction off.
    pub(crate) fn call_off(&mut self, choice: usize) {
        let made = &self.own.people.orders.instructions;
        let chosen = choice.checked_rem(made.len()).and_then(|it| made.get(it));
        if let Some((customer, device, instruction)) = chosen.copied() {
            let request = PeopleRequest::CancelInstruction(CancelInstruction {
                instruction,
                device,
                customer: Some(customer),
            });
            self.order(Errand::Other, customer, choice.is_multiple_of(2), &request);
        }
    }

    /// People apply for a service, on one device or on all.
    pub(crate) fn apply(&mut self, choice: usize, service: usize) {
        let Some((customer, devices)) = self.chosen(choice, false) else {
            return;
        };
        let request = ServicesRequest::Apply(Apply {
            request: self.draw_request(),
            customer: Some(customer),
            services: vec![catalogue::service(service)],
            on: match service % 3 {
                0 => Selection::Devices(Devices(devices)),
                _ => Selection::All,
            },
            validity: (service.is_multiple_of(5))
                .then(|| Seconds::new(self.own.rng.u32(60..90_000))),
        });
        let request = PeopleRequest::Services(request);
        self.order(
            Errand::Apply(customer),
            customer,
            choice.is_multiple_of(2),
            &request,
        );
    }

    /// People call an application off, wholly or for one device.
    pub(crate) fn withdraw(&mut self, choice: usize) {
        let made = &self.own.people.orders.applications;
        let chosen = choice.checked_rem(made.len()).and_then(|it| made.get(it));
        let Some((customer, application, _)) = chosen.cloned() else {
            return;
        };
        let device = self.devices_of(customer).into_iter().next();
        let one = device.filter(|_| choice.is_multiple_of(3));
        let request = ServicesRequest::CancelApplication(CancelApplication {
            application,
            customer: Some(customer),
            devices: one.map(|device| Devices(vec![device])),
        });
        let request = PeopleRequest::Services(request);
        self.order(Errand::Jobs, customer, choice.is_multiple_of(2), &request);
    }

    /// People have a device stop using a service.
    pub(crate) fn stop_use(&mut self, choice: usize, service: usize) {
        let Some((customer, devices)) = self.chosen(choice, true) else {
            return;
        };
        let request = ServicesRequest::StopUse(StopUse {
            service: catalogue::service(service),
            customer: Some(customer),
            devices: Devices(devices),
        });
        let request = PeopleRequest::Services(request);
        self.order(Errand::Other, customer, choice.is_multiple_of(2), &request);
    }

    /// An administrator looks at services, applications and a device's instructions.
    pub(crate) fn look_around(&mut self, choice: usize) {
        let Some((customer, devices)) = self.chosen(choice, false) else {
            return;
        };
        let of = Some(customer);
        let services = [
            ServicesRequest::List(ListServices {
                customer: of,
                ..ListServices::default()
            }),
            ServicesRequest::ListApplications(ListApplications {
                customer: of,
                after: None,
            }),
            ServicesRequest::ListEntitlements(ListEntitlements {
                service: catalogue::service(choice),
                customer: of,
                after: None,
            }),
        ];
        let mut asked: Vec<_> = services.map(PeopleRequest::Services).into();
        asked.extend(devices.into_iter().map(|device| {
            PeopleRequest::ListInstructions(ListInstructions {
                device,
                customer: of,
                after: None,
            })
        }));
        let request = &asked[choice % asked.len()];
        self.order(Errand::Other, customer, choice.is_multiple_of(3), request);
    }

    /// The operator's or the administrator's hand writes it.
    fn order(
        &mut self,
        errand: Errand,
        customer: CustomerId,
        by_operator: bool,
        request: &PeopleRequest,
    ) {
        let token = match by_operator {
            true => self.own.people.operator.clone(),
            false => self
                .own
                .people
                .orders
                .administrators
                .get(&customer)
                .cloned(),
        };
        match token {
            Some(token) => self.write(errand, Header::Token(token.to_text()), request),
            None => self.hire_administrator(customer),
        }
    }

    fn hire_administrator(&mut self, customer: CustomerId) {
        let request = PeopleRequest::IssueToken(IssueToken {
            role: Role::Administrator,
            account: AccountName::new("administrator").expect("a name"),
            customer: Some(customer),
            validity: None,
        });
        self.write(Errand::Administrator(customer), Header::Console, &request);
    }

    /// A device that somebody holds, or all devices of its customer, and the customer.
    fn chosen(&self, choice: usize, all: bool) -> Option<(CustomerId, Vec<DeviceId>)> {
        let known = |it: &(CustomerId, DeviceId)| {
            let mut codes = self.own.people.codes.iter();
            codes.any(|code| code.customer == it.0)
        };
        let held: Vec<_> = self.state.devices().filter(known).collect();
        let (customer, device) = *held.get(choice.checked_rem(held.len())?)?;
        let devices = match all {
            true => self.devices_of(customer),
            false => vec![device],
        };
        Some((customer, devices))
    }

    fn devices_of(&self, customer: CustomerId) -> Vec<DeviceId> {
        let held = self.state.devices();
        let own = held.filter(|(holder, _)| *holder == customer);
        own.map(|(_, device)| device).collect()
    }

    fn draw_request(&mut self) -> RequestId {
        let mut request = [0; 16];
        self.own.rng.fill(&mut request);
        RequestId::from_bytes(request)
    }

    /// What people remember of what they are answered.
    pub(crate) fn order_heard(&mut self, errand: Errand, reply: PeopleReply) {
        let orders = &mut self.own.people.orders;
        match (errand, reply) {
            (Errand::Administrator(customer), PeopleReply::TokenIssued(issued)) => {
                orders.administrators.insert(customer, issued.token);
            }
            (Errand::Instruct(customer), PeopleReply::Instructed(made)) => {
                let rows = made.rows.iter();
                let rows = rows.map(|row| (customer, row.device, row.instruction));
                orders.instructions.extend(rows);
            }
            (Errand::Apply(customer), PeopleReply::Services(ServicesReply::Applied(made))) => {
                let Applied { applications } = made;
                let rows = applications.into_iter();
                let rows = rows.map(|row| (customer, row.application, row.service));
                orders.applications.extend(rows);
                self.jobs_begin();
            }
            (Errand::Jobs, _) => self.jobs_begin(),
            _ => {}
        }
    }

    /// The center goes about its jobs at once, as its driver does that is woken for them.
    fn jobs_begin(&mut self) {
        // Between twins, one party's jobs must not hurry another's: both wait for the tick.
        if self.is_twin() {
            return;
        }
        for after in [500, 3_000] {
            let node = self.own.rng.usize(0..self.nodes.len());
            self.schedule(after, Event::Job(node));
        }
    }
}
