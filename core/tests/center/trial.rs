//! The trial: four customers whose devices are of several models, three services, and what people
//! and devices do about them.

use std::collections::BTreeMap;

use restante_core::Seconds;
use restante_core::center::{Credential, Message, Policy, Reply};
use restante_core::code::{FormalCode, RegistrationCode};
use restante_core::id::{
    ApplicationId, CustomerId, DeviceId, LanAddress, Model, RequestId, Serial, ServiceId,
};
use restante_core::wire::enrol::DeviceList;
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::services::{
    ApplicationRow, Apply, CancelApplication, Collator, DefineService, Devices, ListServices,
    ListTargets, Selection, ServicesReply, ServicesRequest, TargetRow, TargetState,
};
use restante_core::wire::{
    Act, DeviceReply, DeviceRequest, Enrol, Hosts, PollReply, RefusalCode, Register,
    RegisterService, Registered, ServiceUrl,
};

use crate::world::{World, entry, formal};

/// The world of the trial.
pub(crate) struct Trial {
    pub(crate) world: World,
    customers: BTreeMap<&'static str, CustomerId>,
    devices: BTreeMap<&'static str, (DeviceId, FormalCode)>,
    requests: u8,
}

/// Customer, model and serial number of each device.
const HOLDINGS: [(&str, &str, &str); 9] = [
    ("C001", "M1001", "D10010101"),
    ("C001", "M1002", "D10020102"),
    ("C001", "M1002", "D10020103"),
    ("C002", "M1001", "D10010201"),
    ("C003", "M1004", "D10040301"),
    ("C003", "M1004", "D10040302"),
    ("C004", "M1001", "D10040401"),
    ("C004", "M1002", "D10020402"),
    ("C004", "M1003", "D10030403"),
];

/// Service and models.
const SERVICES: [(&str, &[&str]); 3] = [
    (
        "service-x",
        &["M1001", "M1002", "M1003", "M1004", "M1005", "M1006"],
    ),
    (
        "service-y",
        &["M1002", "M1003", "M1004", "M1011", "M1021", "M1031"],
    ),
    (
        "service-z",
        &["M1001", "M1002", "M1003", "M1004", "M1008", "M1009"],
    ),
];

/// The services' hosts may be gone to.
fn policy() -> Policy {
    let hosts = ["service-x", "service-y", "service-z", "only"];
    let hosts = hosts.map(|it| format!("{it}.a.com").parse().expect("a host"));
    Policy {
        service_hosts: Hosts::new(hosts).expect("four hosts"),
        ..Policy::default()
    }
}

impl Trial {
    /// All devices are enrolled, each by itself, and all services defined.
    pub(crate) fn new() -> Self {
        let mut trial = Self::without_services();
        for (service, models) in SERVICES {
            trial.define(service, models);
        }
        trial
    }

    pub(crate) fn without_services() -> Self {
        let mut trial = Self {
            world: World::with(policy()),
            customers: BTreeMap::new(),
            devices: BTreeMap::new(),
            requests: 0,
        };
        for (user, model, serial) in HOLDINGS {
            trial.enrol(user, model, serial, None);
        }
        trial
    }

    /// A device is enrolled again, with an address.
    pub(crate) fn moves(&mut self, serial: &'static str, address: &str) {
        let mut holdings = HOLDINGS.iter();
        let held = holdings.find(|(_, _, it)| *it == serial);
        let (user, model, _) = held.expect("one of the trial");
        self.enrol(user, model, serial, Some(address));
    }

    fn enrol(
        &mut self,
        user: &'static str,
        model: &str,
        serial: &'static str,
        address: Option<&str>,
    ) {
        let code = self.world.issue(user, None);
        self.customers.insert(user, code.customer);
        let mut entry = entry(serial);
        entry.contacts.address = address.map(|it| LanAddress::new(it).expect("an address"));
        entry.identification.model = Model::new(model).expect("a model");
        entry.identification.serial = Serial::new(serial).expect("a serial number");
        let request = DeviceRequest::Enrol(Enrol {
            request: self.request(),
            devices: DeviceList::new(vec![entry]).expect("one device"),
            max_message: None,
        });
        let Ok(DeviceReply::Enrolled(enrolled)) = self.world.device(code.shown(), request) else {
            panic!("{serial} is not enrolled");
        };
        self.world.poll(&enrolled.formal_code).expect("in use");
        let device = enrolled.devices[0].device;
        self.devices.insert(serial, (device, enrolled.formal_code));
    }

    /// Enrols many devices of one model behind one gateway.
    pub(crate) fn crowd(
        &mut self,
        user: &'static str,
        count: usize,
    ) -> (Vec<DeviceId>, FormalCode) {
        let code = self.world.issue(user, None);
        self.customers.insert(user, code.customer);
        let before = self.requests;
        let entries = (0..count).map(|number| {
            let mut entry = entry(&format!("S{before}N{number}"));
            entry.identification.model = Model::new("M1001").expect("a model");
            entry
        });
        let request = DeviceRequest::Enrol(Enrol {
            request: self.request(),
            devices: DeviceList::new(entries.collect()).expect("a list"),
            max_message: None,
        });
        let Ok(DeviceReply::Enrolled(enrolled)) = self.world.device(code.shown(), request) else {
            panic!("they are not enrolled");
        };
        self.world.poll(&enrolled.formal_code).expect("in use");
        let devices = enrolled.devices.iter().map(|it| it.device);
        (devices.collect(), enrolled.formal_code)
    }

    pub(crate) fn formal(&self, serial: &str) -> FormalCode {
        self.devices[serial].1.clone()
    }

    /// A number that nobody has drawn yet.
    pub(crate) fn request(&mut self) -> RequestId {
        self.requests += 1;
        RequestId::from_bytes([self.requests; 16])
    }

    pub(crate) fn define(&mut self, service: &str, models: &[&str]) {
        let define = ServicesRequest::Define(DefineService {
            service: id(service),
            title: None,
            url: ServiceUrl::new(format!("https://{service}.a.com/regist")).expect("a URL"),
            models: models
                .iter()
                .map(|model| Model::new(*model).expect("a model"))
                .collect(),
            collator: Collator::Center,
        });
        self.ask(define).expect("defined");
    }

    pub(crate) fn ask(&mut self, request: ServicesRequest) -> Result<ServicesReply, RefusalCode> {
        let request = PeopleRequest::Services(request);
        match self.world.people(Credential::Console, request)? {
            PeopleReply::Services(reply) => Ok(reply),
            other => panic!("a question about services was answered by {other:?}"),
        }
    }

    pub(crate) fn customer(&self, user: &str) -> CustomerId {
        self.customers[user]
    }

    pub(crate) fn device(&self, serial: &str) -> DeviceId {
        self.devices[serial].0
    }

    pub(crate) fn named(&self, serials: &[&str]) -> Selection {
        let devices = serials.iter().map(|serial| self.device(serial));
        Selection::Devices(Devices(devices.collect()))
    }

    /// Applies for a service.
    pub(crate) fn apply(
        &mut self,
        user: &str,
        services: &[&str],
        on: Selection,
    ) -> Result<Vec<ApplicationRow>, RefusalCode> {
        let apply = Apply {
            request: self.request(),
            customer: Some(self.customer(user)),
            services: services.iter().map(|service| id(service)).collect(),
            on,
            validity: None,
        };
        self.send(apply)
    }

    pub(crate) fn send(&mut self, apply: Apply) -> Result<Vec<ApplicationRow>, RefusalCode> {
        match self.ask(ServicesRequest::Apply(apply))? {
            ServicesReply::Applied(applied) => Ok(applied.applications),
            other => panic!("an application was answered by {other:?}"),
        }
    }

    /// Applies and has the instructions made.
    pub(crate) fn applied(&mut self, user: &str, service: &str, on: Selection) -> ApplicationId {
        let rows = self.apply(user, &[service], on).expect("applied");
        self.world.tick();
        rows[0].application
    }

    /// Calls an application off, for these devices or, where none is named, as a whole.
    pub(crate) fn calls_off(&mut self, user: &str, application: ApplicationId, serials: &[&str]) {
        let devices: Vec<_> = serials.iter().map(|it| self.device(it)).collect();
        let cancel = ServicesRequest::CancelApplication(CancelApplication {
            application,
            customer: Some(self.customer(user)),
            devices: (!devices.is_empty()).then_some(Devices(devices)),
        });
        self.ask(cancel).expect("called off");
    }

    /// How far each device of an application is, by serial number.
    pub(crate) fn targets(
        &mut self,
        user: &str,
        application: ApplicationId,
    ) -> BTreeMap<&'static str, TargetState> {
        let list = ServicesRequest::ListTargets(ListTargets {
            application,
            customer: Some(self.customer(user)),
            after: None,
        });
        let Ok(ServicesReply::Targets(page)) = self.ask(list) else {
            panic!("no targets");
        };
        let row = |row: &TargetRow| (self.serial(row.device), row.state);
        page.rows.iter().map(row).collect()
    }

    pub(crate) fn serial(&self, device: DeviceId) -> &'static str {
        let found = self.devices.iter().find(|(_, (id, _))| *id == device);
        found.expect("one of the trial").0
    }

    /// The application as it is listed, after all counts that are due.
    pub(crate) fn counted(&mut self, user: &str, application: ApplicationId) -> ApplicationRow {
        self.world.pass(Seconds::new(4));
        let list =
            ServicesRequest::ListApplications(restante_core::wire::services::ListApplications {
                customer: Some(self.customer(user)),
                after: None,
            });
        let Ok(ServicesReply::Applications(page)) = self.ask(list) else {
            panic!("no applications");
        };
        let mut rows = page.rows.into_iter();
        let row = rows.find(|row| row.application == application);
        row.expect("listed")
    }

    /// The services that a customer does not use.
    pub(crate) fn unused(&mut self, user: &str) -> Vec<String> {
        let list = ServicesRequest::List(ListServices {
            customer: Some(self.customer(user)),
            unused: true,
            after: None,
        });
        let Ok(ServicesReply::Services(page)) = self.ask(list) else {
            panic!("no services");
        };
        let rows = page.rows.iter();
        rows.map(|row| row.service.to_string()).collect()
    }

    /// What waits for a device: URL and registration code of each instruction.
    pub(crate) fn invitations(&mut self, serial: &str) -> Vec<RegisterService> {
        let code = self.devices[serial].1.clone();
        let shown = self.shown(&code).into_iter();
        shown.map(|(_, invitation)| invitation).collect()
    }

    /// What waits for the devices of a registration: URL and registration code of each instruction.
    pub(crate) fn shown(&mut self, code: &FormalCode) -> Vec<(DeviceId, RegisterService)> {
        let PollReply::Mailbox(mailbox) = self.world.poll(code).expect("polled") else {
            panic!("it has nothing to compare with");
        };
        let acts = mailbox.instructions.into_iter();
        acts.filter_map(|it| match it.acts.as_slice() {
            [Act::RegisterService(register)] => Some((it.device, register.clone())),
            _ => None,
        })
        .collect()
    }

    /// What a device says of its instructions.
    pub(crate) fn say(&mut self, serial: &str, request: DeviceRequest) -> DeviceReply {
        let code = self.devices[serial].1.clone();
        let reply = self.world.device(formal(&code), request);
        reply.expect("acknowledged")
    }

    /// A device, or somebody in its name, registers for a service.
    pub(crate) fn register(
        &mut self,
        serial: &str,
        service: &str,
        code: Option<&str>,
    ) -> Result<Registered, Box<restante_core::center::Refused>> {
        let device = self.device(serial);
        self.register_device(device, service, code)
    }

    /// As [`Trial::register`], for a device that has no name here.
    pub(crate) fn register_device(
        &mut self,
        device: DeviceId,
        service: &str,
        code: Option<&str>,
    ) -> Result<Registered, Box<restante_core::center::Refused>> {
        let register = Register {
            device,
            code: code.map(|code| code.parse::<RegistrationCode>().expect("a code")),
        };
        let message = Message::Register(id(service), register);
        match self.world.call(Credential::None, message)? {
            Reply::Registered(registered) => Ok(registered),
            other => panic!("a registration was answered by {other:?}"),
        }
    }

    /// A device takes its only instruction and registers with it.
    pub(crate) fn starts(&mut self, serial: &str, service: &str) {
        let invitations = self.invitations(serial);
        let code = invitations[0].code.clone();
        self.register(serial, service, Some(&code)).expect("right");
    }
}

pub(crate) fn id(service: &str) -> ServiceId {
    ServiceId::new(service).expect("a service id")
}
