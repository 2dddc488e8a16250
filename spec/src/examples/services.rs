//! How a service is started: defined, applied for, chosen, registered for, stopped.

use restante_core::code::RegistrationCode;
use restante_core::id::{ApplicationId, DeviceId, RequestId, ServiceId};
use restante_core::wire::people::Page;
use restante_core::wire::services::{
    ApplicationRow, ApplicationState, Applied, Apply, CancelApplication, Choose, Collator,
    DefineService, Devices, EntitlementRow, ListApplications, ListEntitlements, ListServices,
    ListTargets, Models, Selection, ServiceRow, StopUse, Tally, TargetRow, TargetState, UseStopped,
};
use restante_core::wire::{Mailed, Register, RegisterAt, Registered, ServiceUrl};

use super::people::{customer, day};
use super::{bytes, device_id, id, multifunction, printer, read, scanner};

pub(crate) fn define() -> DefineService {
    let row = service();
    DefineService {
        service: row.service,
        title: Some(row.title),
        url: row.url,
        models: row.models,
        collator: row.collator,
    }
}

pub(crate) fn service() -> ServiceRow {
    ServiceRow {
        service: pull_print(),
        title: read("Print from any device"),
        url: ServiceUrl::new("https://center.example/v1/services/pull-print/registrations")
            .expect("the URL of the examples is one that devices follow"),
        models: vec![read("M1001"), read("M1002")],
        collator: Collator::Center,
        account: Some(read("print-shop")),
        used: None,
    }
}

pub(crate) fn list() -> ListServices {
    ListServices {
        customer: Some(customer()),
        unused: true,
        after: None,
    }
}

pub(crate) fn services() -> Page<ServiceRow, ServiceId> {
    let unused = ServiceRow {
        used: Some(false),
        ..service()
    };
    Page {
        rows: vec![unused],
        next: None,
    }
}

pub(crate) fn apply() -> Apply {
    Apply {
        request: RequestId::from_bytes(id("application")),
        customer: None,
        services: vec![pull_print()],
        on: Selection::Chosen,
        validity: None,
    }
}

pub(crate) fn apply_models() -> Apply {
    Apply {
        customer: Some(customer()),
        on: Selection::Models(Models(vec![read("M1002")])),
        ..apply()
    }
}

pub(crate) fn applied() -> Applied {
    Applied {
        applications: vec![application_row()],
    }
}

pub(crate) fn choose() -> Choose {
    Choose {
        application: application(),
        customer: None,
        on: chosen(),
    }
}

pub(crate) fn application_chosen() -> ApplicationRow {
    ApplicationRow {
        state: ApplicationState::Filling,
        ..application_row()
    }
}

pub(crate) fn list_applications() -> ListApplications {
    ListApplications {
        customer: Some(customer()),
        after: None,
    }
}

pub(crate) fn applications() -> Page<ApplicationRow, ApplicationId> {
    let open = ApplicationRow {
        state: ApplicationState::Open,
        tally: Tally {
            waiting: 1,
            entitled: 1,
            ..Tally::default()
        },
        ..application_row()
    };
    Page {
        rows: vec![open],
        next: None,
    }
}

pub(crate) fn list_targets() -> ListTargets {
    ListTargets {
        application: application(),
        customer: Some(customer()),
        after: None,
    }
}

pub(crate) fn targets() -> Page<TargetRow, DeviceId> {
    let row = |device, state| TargetRow {
        device,
        state,
        since: Some(day(1)),
        detail: None,
    };
    Page {
        rows: vec![
            row(device_id(&multifunction()), TargetState::Entitled),
            row(device_id(&scanner()), TargetState::Waiting),
        ],
        next: None,
    }
}

pub(crate) fn cancel() -> CancelApplication {
    CancelApplication {
        application: application(),
        customer: None,
        devices: Some(Devices(vec![device_id(&scanner())])),
    }
}

pub(crate) fn stop() -> StopUse {
    StopUse {
        service: pull_print(),
        customer: None,
        devices: Devices(vec![device_id(&multifunction()), device_id(&printer())]),
    }
}

pub(crate) fn stopped() -> UseStopped {
    UseStopped { stopped: 1 }
}

pub(crate) fn list_entitlements() -> ListEntitlements {
    ListEntitlements {
        service: pull_print(),
        customer: Some(customer()),
        after: None,
    }
}

pub(crate) fn entitlements() -> Page<EntitlementRow, DeviceId> {
    let ended = EntitlementRow {
        device: device_id(&multifunction()),
        since: day(1),
        stopped: Some(day(3)),
    };
    Page {
        rows: vec![ended],
        next: None,
    }
}

pub(crate) fn register() -> Register {
    Register {
        device: device_id(&multifunction()),
        code: Some(RegistrationCode::of(&bytes("registration code"))),
    }
}

pub(crate) fn mailed() -> Mailed {
    Mailed::Register(RegisterAt {
        url: service().url,
        device: device_id(&multifunction()),
        code: register().code,
    })
}

pub(crate) fn registered() -> Registered {
    Registered {
        device: device_id(&multifunction()),
        service: pull_print(),
    }
}

fn application_row() -> ApplicationRow {
    ApplicationRow {
        application: application(),
        service: pull_print(),
        state: ApplicationState::Choosing,
        made: day(0),
        expires: day(30),
        tally: Tally::default(),
    }
}

fn chosen() -> Selection {
    Selection::Devices(Devices(vec![
        device_id(&multifunction()),
        device_id(&scanner()),
    ]))
}

pub(super) fn application() -> ApplicationId {
    ApplicationId::from_bytes(id("application"))
}

fn pull_print() -> ServiceId {
    ServiceId::new("pull-print").expect("the id of the examples is a service's")
}
