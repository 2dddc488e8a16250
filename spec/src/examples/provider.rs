//! How a provider's own server starts a service on devices: what was handed over, the codes that it
//! gives, what it reports and settles.

use restante_core::code::RegistrationCode;
use restante_core::id::{ApplicationId, HandoverId, ServiceId};
use restante_core::wire::ServiceUrl;
use restante_core::wire::people::Page;
use restante_core::wire::provider::{
    CodesGiven, EntitledOutcome, EntitledResult, EntitlementsReported, GiveCodes, GiveOutcome,
    GiveResult, GivenCode, HandoverRow, HandoverState, HandoversSettled, ListHandovers,
    ReportEntitlements, SettleHandovers,
};
use restante_core::wire::services::Devices;

use super::people::day;
use super::{device_id, id, multifunction, printer, read, scanner};

pub(crate) fn list() -> ListHandovers {
    ListHandovers {
        service: scan_cloud(),
        after: None,
    }
}

pub(crate) fn handovers() -> Page<HandoverRow, HandoverId> {
    let wanted = |number: &str, device| HandoverRow {
        handover: HandoverId::from_bytes(id(number)),
        application: application(),
        device,
        state: HandoverState::Wanted,
        expires: day(30),
    };
    let ended = HandoverRow {
        application: ApplicationId::from_bytes(id("application before")),
        state: HandoverState::Ended,
        ..wanted("handover 3", device_id(&printer()))
    };
    Page {
        rows: vec![
            wanted("handover 1", device_id(&multifunction())),
            wanted("handover 2", device_id(&scanner())),
            ended,
        ],
        next: None,
    }
}

pub(crate) fn give() -> GiveCodes {
    let code = |device, code| GivenCode {
        device,
        code: read::<RegistrationCode>(code),
    };
    GiveCodes {
        service: scan_cloud(),
        application: application(),
        url: ServiceUrl::new("https://scan.example/start")
            .expect("the URL of the examples is one that devices follow"),
        codes: vec![
            code(device_id(&multifunction()), "163abc45"),
            code(device_id(&scanner()), "rjew582s"),
        ],
    }
}

pub(crate) fn given() -> CodesGiven {
    let result = |device, result| GiveResult { device, result };
    CodesGiven {
        results: vec![
            result(device_id(&multifunction()), GiveOutcome::Given),
            result(device_id(&scanner()), GiveOutcome::Refused),
        ],
    }
}

pub(crate) fn report() -> ReportEntitlements {
    ReportEntitlements {
        service: scan_cloud(),
        application: application(),
        devices: Devices(vec![device_id(&multifunction())]),
    }
}

pub(crate) fn reported() -> EntitlementsReported {
    EntitlementsReported {
        results: vec![EntitledResult {
            device: device_id(&multifunction()),
            result: EntitledOutcome::Entitled,
        }],
    }
}

pub(crate) fn settle() -> SettleHandovers {
    SettleHandovers {
        service: scan_cloud(),
        handovers: vec![HandoverId::from_bytes(id("handover 3"))],
    }
}

pub(crate) fn settled() -> HandoversSettled {
    HandoversSettled { settled: 1 }
}

fn application() -> ApplicationId {
    ApplicationId::from_bytes(id("application of a provider's service"))
}

fn scan_cloud() -> ServiceId {
    read("scan-cloud")
}
