//! Poll requests: devices are planned to poll at once, and the links for it.

use restante_core::Seconds;
use restante_core::id::RequestId;
use restante_core::wire::people::Page;
use restante_core::wire::plan::{
    ListPollLinks, PlanFirst, PlanOf, PlanPolls, PlanShape, PollLink, PollLinkRow, PollLinkState,
    PollPlan,
};
use restante_core::wire::services::Devices;
use restante_core::wire::{Addresses, Identification, PollRequest};

use super::device::poll_tag;
use super::people::{customer, day};
use super::services::application;
use super::{device_id, id, multifunction, printer, read, scanner};

pub(crate) fn plan_polls() -> PlanPolls {
    PlanPolls {
        request: RequestId::from_bytes(id("poll plan")),
        customer: None,
        of: PlanOf::Application(application()),
        shape: PlanShape::Roots(1),
        first: PlanFirst::Holdings,
        widths: vec![3, 4],
        per_minute: Some(6),
    }
}

pub(crate) fn plan_each() -> PlanPolls {
    PlanPolls {
        customer: Some(customer()),
        of: PlanOf::Devices(Devices(vec![device_id(&scanner()), device_id(&printer())])),
        shape: PlanShape::Each,
        widths: Vec::new(),
        ..plan_polls()
    }
}

/// One link for the three devices of the story: the scanner polls, then tells the others.
pub(crate) fn poll_plan() -> PollPlan {
    let others = ["192.0.2.2", "192.0.2.3"].map(read).to_vec();
    let request = PollRequest {
        tag: Some(poll_tag()),
        addresses: Some(Addresses::new(others).expect("two addresses")),
        after: Seconds::ZERO,
    };
    PollPlan {
        tag: poll_tag(),
        made: day(1),
        expires: day(8),
        devices: 3,
        left_out: 1,
        layers: 1,
        per_minute: 6,
        lasts: Seconds::new(22),
        links: vec![link(&scanner(), &request)],
    }
}

pub(crate) fn poll_plan_each() -> PollPlan {
    let later = PollRequest {
        after: Seconds::new(11),
        ..PollRequest::default()
    };
    PollPlan {
        devices: 2,
        left_out: 0,
        layers: 0,
        lasts: Seconds::new(11),
        links: vec![
            link(&scanner(), &PollRequest::default()),
            link(&printer(), &later),
        ],
        ..poll_plan()
    }
}

fn link(identification: &Identification, request: &PollRequest) -> PollLink {
    PollLink {
        device: device_id(identification),
        link: request.link(&read(address(identification))),
    }
}

fn address(identification: &Identification) -> &'static str {
    match identification.serial.as_str() {
        "D10010101" => "192.0.2.1",
        "D10020102" => "192.0.2.2",
        _ => "192.0.2.3",
    }
}

pub(crate) fn list_poll_links() -> ListPollLinks {
    ListPollLinks {
        tag: poll_tag(),
        customer: Some(customer()),
        after: None,
    }
}

pub(crate) fn poll_links() -> Page<PollLinkRow, u32> {
    let row = |number, identification: &Identification, state| PollLinkRow {
        number,
        device: device_id(identification),
        model: Some(identification.model.clone()),
        address: Some(read(address(identification))),
        state,
        caller: (number > 0).then(|| device_id(&scanner())),
        after: Some(Seconds::new(number * 11)),
        link: None,
    };
    let root = PollLinkRow {
        link: Some(
            PollRequest {
                tag: Some(poll_tag()),
                ..PollRequest::default()
            }
            .link(&read("192.0.2.1")),
        ),
        ..row(0, &scanner(), PollLinkState::Root)
    };
    Page {
        rows: vec![
            root,
            row(1, &multifunction(), PollLinkState::Called),
            row(2, &printer(), PollLinkState::Called),
        ],
        next: None,
    }
}
