//! Many devices of one customer, each enrolled at its panel with an address of its own, and what
//! people plan for them.

use std::collections::BTreeMap;

use restante_core::center::{Credential, Policy};
use restante_core::code::FormalCode;
use restante_core::id::{ApplicationId, CustomerId, DeviceId, LanAddress, RequestId};
use restante_core::wire::enrol::DeviceList;
use restante_core::wire::people::{Page, PeopleReply, PeopleRequest};
use restante_core::wire::plan::{
    ListPollLinks, PlanFirst, PlanOf, PlanPolls, PlanShape, PollLinkRow, PollPlan,
};
use restante_core::wire::services::{
    Apply, Collator, DefineService, Devices, Selection, ServicesReply, ServicesRequest,
};
use restante_core::wire::{
    DeviceEntry, DeviceReply, DeviceRequest, Enrol, Function, FunctionSet, Hosts, Mailbox, Poll,
    PollReply, PollRequest, PollTag, RefusalCode, ServiceUrl,
};

use crate::world::{Code, World, entry, formal};

/// Devices of one customer, each enrolled at its panel and in the order of its id.
pub(crate) struct Fleet {
    pub(crate) world: World,
    pub(crate) code: Code,
    pub(crate) devices: BTreeMap<DeviceId, (String, FormalCode)>,
    requests: u16,
}

impl Fleet {
    pub(crate) fn new(count: u16) -> Self {
        let host = "service.example".parse().expect("a host");
        let policy = Policy {
            service_hosts: Hosts::new([host]).expect("one host"),
            ..Policy::default()
        };
        Self::with(policy, count)
    }

    pub(crate) fn with(policy: Policy, count: u16) -> Self {
        let mut world = World::with(policy);
        let code = world.issue("Miller", None);
        let mut fleet = Self {
            world,
            code,
            devices: BTreeMap::new(),
            requests: 0,
        };
        for number in 0..count {
            let address = format!("10.0.{}.{}", number / 250, number % 250 + 1);
            fleet.enrol(&format!("S{number}"), Some(&address), &[Function::Printer]);
        }
        fleet
    }

    /// Enrols a device, or enrols it again at another address.
    pub(crate) fn enrol(
        &mut self,
        serial: &str,
        at: Option<&str>,
        functions: &[Function],
    ) -> DeviceId {
        let mut entry = entry(serial);
        entry.contacts.address = at.map(address);
        let functions = functions.iter().copied();
        entry.identification.functions = FunctionSet::new(functions).expect("some");
        self.join(entry)
    }

    /// Enrols this device.
    pub(crate) fn join(&mut self, entry: DeviceEntry) -> DeviceId {
        let (serial, at) = (
            entry.identification.serial.clone(),
            entry.contacts.address.clone(),
        );
        let request = DeviceRequest::Enrol(Enrol {
            request: self.request(),
            devices: DeviceList::one(entry),
            max_message: None,
        });
        let Ok(DeviceReply::Enrolled(enrolled)) = self.world.device(self.code.shown(), request)
        else {
            panic!("{serial} is not enrolled");
        };
        self.world.poll(&enrolled.formal_code).expect("in use");
        let device = enrolled.devices[0].device;
        let at = at.map(|it| it.to_string()).unwrap_or_default();
        self.devices.insert(device, (at, enrolled.formal_code));
        device
    }

    pub(crate) fn request(&mut self) -> RequestId {
        self.requests += 1;
        let mut bytes = [7; 16];
        bytes[..2].copy_from_slice(&self.requests.to_be_bytes());
        RequestId::from_bytes(bytes)
    }

    pub(crate) fn id(&self, number: usize) -> DeviceId {
        *self.devices.keys().nth(number).expect("so many devices")
    }

    pub(crate) fn address(&self, number: usize) -> &str {
        &self.devices[&self.id(number)].0
    }

    /// Two functions more than the others have, so that this device is the most capable.
    pub(crate) fn improve(&mut self, number: usize) -> DeviceId {
        let (device, address) = (self.id(number), self.address(number).to_owned());
        let row = self.holding(device);
        let all = Function::ALL;
        assert_eq!(self.enrol(&row, Some(&address), &all), device);
        device
    }

    /// The serial number of a device.
    pub(crate) fn holding(&self, device: DeviceId) -> String {
        let key = restante_core::record::Device::key(self.code.customer, device);
        let held: restante_core::record::Device = self.world.stored(&key).expect("held");
        held.identification.serial.to_string()
    }

    /// Applies for a service on all devices, and has the instructions made.
    pub(crate) fn applied(&mut self) -> ApplicationId {
        let define = ServicesRequest::Define(DefineService {
            service: "service".parse().expect("an id"),
            title: None,
            url: ServiceUrl::new("https://service.example/").expect("a URL"),
            models: Vec::new(),
            collator: Collator::Center,
        });
        let apply = ServicesRequest::Apply(Apply {
            request: self.request(),
            customer: Some(self.code.customer),
            services: Vec::new(),
            on: Selection::All,
            validity: None,
        });
        let ask = |request| PeopleRequest::Services(request);
        self.world
            .people(Credential::Console, ask(define))
            .expect("defined");
        let reply = self.world.people(Credential::Console, ask(apply));
        self.world.tick();
        match reply {
            Ok(PeopleReply::Services(ServicesReply::Applied(applied))) => {
                applied.applications[0].application
            }
            other => panic!("not applied: {other:?}"),
        }
    }

    pub(crate) fn all(&mut self) -> PlanPolls {
        let devices = self.devices.keys().copied().take(500).collect();
        PlanPolls {
            request: self.request(),
            customer: Some(self.code.customer),
            of: PlanOf::Devices(Devices(devices)),
            shape: PlanShape::default(),
            first: PlanFirst::default(),
            widths: Vec::new(),
            per_minute: None,
        }
    }

    pub(crate) fn plan(&mut self, message: PlanPolls) -> PollPlan {
        plan(&mut self.world, message).expect("planned")
    }

    pub(crate) fn rows(&mut self, tag: &PollTag) -> Vec<PollLinkRow> {
        rows(&mut self.world, self.code.customer, tag)
    }

    /// What the device with this number is answered when it polls for a plan.
    pub(crate) fn poll(&mut self, device: DeviceId, tag: &PollTag) -> Mailbox {
        let poll = Poll {
            tag: Some(tag.clone()),
            ..Poll::default()
        };
        self.ask(device, poll)
    }

    pub(crate) fn ask(&mut self, device: DeviceId, poll: Poll) -> Mailbox {
        let code = self.devices[&device].1.clone();
        mailbox(&mut self.world, &code, poll)
    }
}

pub(crate) fn mailbox(world: &mut World, code: &FormalCode, poll: Poll) -> Mailbox {
    let request = DeviceRequest::Poll(poll);
    match world.device(formal(code), request) {
        Ok(DeviceReply::Polled(PollReply::Mailbox(mailbox))) => mailbox,
        other => panic!("not the mailbox: {other:?}"),
    }
}

pub(crate) fn plan(world: &mut World, message: PlanPolls) -> Result<PollPlan, RefusalCode> {
    match world.people(Credential::Console, PeopleRequest::PlanPolls(message))? {
        PeopleReply::PollsPlanned(plan) => Ok(plan),
        other => panic!("a plan was answered by {other:?}"),
    }
}

pub(crate) fn page(
    world: &mut World,
    customer: CustomerId,
    tag: &PollTag,
    after: Option<u32>,
) -> Result<Page<PollLinkRow, u32>, RefusalCode> {
    let list = PeopleRequest::ListPollLinks(ListPollLinks {
        tag: tag.clone(),
        customer: Some(customer),
        after,
    });
    match world.people(Credential::Console, list)? {
        PeopleReply::PollLinks(page) => Ok(page),
        other => panic!("a list was answered by {other:?}"),
    }
}

pub(crate) fn rows(world: &mut World, customer: CustomerId, tag: &PollTag) -> Vec<PollLinkRow> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = page(world, customer, tag, after).expect("listed");
        rows.extend(page.rows);
        match page.next {
            Some(next) => after = Some(next),
            None => return rows,
        }
    }
}

pub(crate) fn address(text: &str) -> LanAddress {
    LanAddress::new(text).expect("an address")
}

/// What the link asks of the device at this address.
pub(crate) fn asked(link: &str, at: &str) -> PollRequest {
    let target = link.strip_prefix(&format!("https://{at}")).expect(link);
    PollRequest::read(target).expect(link)
}
