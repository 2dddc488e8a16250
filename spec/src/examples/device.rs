//! What devices and gateways say, and what they are answered.

use core::num::NonZeroU32;

use restante_core::Seconds;
use restante_core::id::{CorrelationId, InstructionId, LanAddress, RequestId};
use restante_core::wire::enrol::{DeviceList, MaxMessage};
use restante_core::wire::{
    Acknowledge, Acknowledged, Acknowledgement, Act, ActResult, Acts, AddDevices, Below, Contacts,
    Counted, Counter, Counters, DeviceEntry, DeviceState, DevicesAdded, DevicesRemoved, ETag,
    Enrol, EnrolDeviceResult, EnrolResult, Enrolled, Identification, Instruction, Mailbox,
    NoteResult, Noted, Notify, Outcome, Poll, PollCall, PollReply, PollTag, Progress, Refusal,
    RefusalCode, RemoveDevices, ReportResult, ReportStatus, Reported, Rotated, ServiceCounters,
    StateReason, StatusReport, StatusReported,
};

use super::{
    device_id, formal_code, id, multifunction, printer, provisional_code, read, registration,
    scanner, schedule,
};

pub(crate) fn enrol_panel() -> Enrol {
    enrol("panel", vec![entry(multifunction())])
}

pub(crate) fn enrol_gateway() -> Enrol {
    enrol("gateway", site())
}

fn enrol(request: &str, devices: Vec<DeviceEntry>) -> Enrol {
    Enrol {
        request: RequestId::from_bytes(id(request)),
        devices: list(devices),
        max_message: None,
    }
}

fn site() -> Vec<DeviceEntry> {
    vec![entry(scanner()), entry(multifunction()), entry(printer())]
}

/// Where a device of the examples is on its LAN.
fn at(identification: &Identification) -> Option<LanAddress> {
    let serials = [scanner(), multifunction(), printer()].map(|it| it.serial);
    let place = serials.iter().position(|it| *it == identification.serial);
    place.map(|place| read(&format!("192.0.2.{}", place + 1)))
}

fn entry(identification: Identification) -> DeviceEntry {
    let contacts = Contacts {
        address: at(&identification),
        manager_mail: Some(read("office@minato.example")),
    };
    DeviceEntry {
        identification,
        contacts,
    }
}

fn list(devices: Vec<DeviceEntry>) -> DeviceList {
    DeviceList::new(devices).expect("the devices of the examples differ")
}

pub(crate) fn enrolled_panel() -> Enrolled {
    enrolled(vec![result(&multifunction(), EnrolResult::New)])
}

pub(crate) fn enrolled_gateway() -> Enrolled {
    enrolled(vec![
        result(&scanner(), EnrolResult::New),
        result(&multifunction(), EnrolResult::Known),
        result(&printer(), EnrolResult::New),
    ])
}

fn enrolled(devices: Vec<EnrolDeviceResult>) -> Enrolled {
    Enrolled {
        registration: registration(),
        formal_code: formal_code(1),
        devices,
        schedule: schedule(),
    }
}

fn result(identification: &Identification, result: EnrolResult) -> EnrolDeviceResult {
    let device = device_id(identification);
    EnrolDeviceResult { device, result }
}

pub(crate) fn poll_first() -> Poll {
    let max_message = MaxMessage::new(4_096).ok();
    Poll {
        have: None,
        max_message,
        tag: None,
    }
}

pub(crate) fn poll_again() -> Poll {
    Poll {
        have: Some(etag()),
        max_message: None,
        tag: None,
    }
}

pub(crate) fn poll_requested() -> Poll {
    Poll {
        tag: Some(poll_tag()),
        ..Poll::default()
    }
}

pub(crate) fn poll_tag() -> PollTag {
    PollTag::from_bytes(&id("poll plan"))
}

/// What D10010101 is answered in the plan of the example `poll-plan`.
pub(crate) fn mailbox_calls() -> Mailbox {
    let call = |address, after| PollCall {
        address: Some(read(address)),
        after: Seconds::new(after),
        below: Vec::new(),
    };
    let beyond = PollCall {
        address: None,
        after: Seconds::new(22),
        below: vec![Below {
            address: read("192.0.2.4"),
            after: Seconds::new(33),
        }],
    };
    Mailbox {
        calls: vec![call("192.0.2.2", 11), beyond],
        ..mailbox()
    }
}

pub(crate) fn polled() -> PollReply {
    PollReply::Mailbox(mailbox())
}

pub(crate) fn polled_unchanged() -> PollReply {
    PollReply::Unchanged(Seconds::DAY)
}

pub(crate) fn mailbox() -> Mailbox {
    Mailbox {
        etag: etag(),
        instructions: Vec::new(),
        more: false,
        schedule: schedule(),
        calls: Vec::new(),
    }
}

pub(crate) fn mailbox_waiting() -> Mailbox {
    Mailbox {
        etag: ETag::from_bytes(&id("mailbox with an instruction")),
        instructions: vec![Instruction {
            id: instruction(),
            device: device_id(&multifunction()),
            attempt: 1,
            expires: Seconds::new(30 * 86_400),
            cancel: false,
            acts: acts(),
        }],
        more: false,
        schedule: schedule(),
        calls: Vec::new(),
    }
}

pub(crate) fn acts() -> Acts {
    let text = read("A technician will come on Monday.");
    let acts = vec![Act::ReportStatus, Act::Notify(Notify { text })];
    Acts::new(acts).expect("two acts")
}

pub(crate) fn instruction() -> InstructionId {
    InstructionId::from_bytes(id("instruction"))
}

pub(crate) fn taken() -> Acknowledge {
    acknowledge(Progress::Taken, Vec::new())
}

pub(crate) fn carried_out() -> Acknowledge {
    acknowledge(Progress::Failed, carried_out_results())
}

pub(crate) fn carried_out_results() -> Vec<ActResult> {
    let done = ActResult {
        outcome: Outcome::Done,
        detail: None,
    };
    let failed = ActResult {
        outcome: Outcome::Failed,
        detail: Some(read("The panel is switched off.")),
    };
    vec![done, failed]
}

fn acknowledge(progress: Progress, results: Vec<ActResult>) -> Acknowledge {
    let acknowledgement = Acknowledgement {
        instruction: instruction(),
        device: device_id(&multifunction()),
        attempt: 1,
        progress,
        results,
    };
    Acknowledge {
        acknowledgements: vec![acknowledgement],
    }
}

pub(crate) fn acknowledged() -> Acknowledged {
    let noted = Noted {
        instruction: instruction(),
        result: NoteResult::Recorded,
        state: "taken".into(),
    };
    Acknowledged {
        acknowledgements: vec![noted],
        schedule: schedule(),
    }
}

fn etag() -> ETag {
    ETag::from_bytes(&id("mailbox"))
}

pub(crate) fn report_panel() -> ReportStatus {
    ReportStatus {
        reports: vec![status(&multifunction(), 7, 140, &["toner-low-warning"])],
    }
}

pub(crate) fn report_gateway() -> ReportStatus {
    let reports = vec![
        status(&scanner(), 3, 12, &[]),
        status(&multifunction(), 7, 140, &["toner-low-warning"]),
    ];
    ReportStatus { reports }
}

fn status(
    identification: &Identification,
    boot: u32,
    sheets: u64,
    reasons: &[&str],
) -> StatusReport {
    StatusReport {
        device: device_id(identification),
        boot,
        seq: 2,
        age: Seconds::new(20),
        state: DeviceState::Idle,
        reasons: reasons
            .iter()
            .filter_map(|word| StateReason::new(word).ok())
            .collect(),
        counters: counters(sheets),
        address: at(identification),
    }
}

pub(crate) fn counters(sheets: u64) -> Counters {
    let counted = |sheets: u64| Counted {
        impressions_completed: Counter::new(sheets * 2).ok(),
        media_sheets_completed: Counter::new(sheets).ok(),
        ..Counted::default()
    };
    let copy = Some(counted(sheets));
    let services = ServiceCounters {
        copy,
        ..ServiceCounters::default()
    };
    Counters {
        epoch: 0,
        total: counted(sheets + 60),
        services,
    }
}

pub(crate) fn reported() -> StatusReported {
    let reported = |identification: &Identification, result: ReportResult| Reported {
        device: device_id(identification),
        result,
    };
    let results = vec![
        reported(&scanner(), ReportResult::Superseded),
        reported(&multifunction(), ReportResult::Accepted),
    ];
    StatusReported {
        results,
        schedule: schedule(),
    }
}

pub(crate) fn rotated() -> Rotated {
    Rotated {
        formal_code: formal_code(2),
        schedule: schedule(),
    }
}

pub(crate) fn add() -> AddDevices {
    AddDevices {
        change: NonZeroU32::MIN,
        devices: list(vec![entry(printer())]),
        code: Some(provisional_code().to_text()),
    }
}

pub(crate) fn added() -> DevicesAdded {
    let devices = vec![result(&printer(), EnrolResult::New)];
    DevicesAdded {
        devices,
        schedule: schedule(),
    }
}

pub(crate) fn remove() -> RemoveDevices {
    RemoveDevices {
        change: NonZeroU32::MIN.saturating_add(1),
        devices: vec![device_id(&printer())],
    }
}

pub(crate) fn removed() -> DevicesRemoved {
    DevicesRemoved {
        remaining: 2,
        schedule: schedule(),
    }
}

pub(crate) fn refused() -> Refusal {
    refusal(RefusalCode::CodeRefused)
}

pub(crate) fn throttled() -> Refusal {
    let retry_after = Some(Seconds::new(2_400));
    Refusal {
        retry_after,
        ..refusal(RefusalCode::Throttled)
    }
}

pub(crate) fn too_few_slots() -> Refusal {
    Refusal {
        free: Some(2),
        ..refusal(RefusalCode::TooFewSlots)
    }
}

pub(crate) fn mailbox_full() -> Refusal {
    Refusal {
        devices: vec![device_id(&multifunction())],
        ..refusal(RefusalCode::MailboxFull)
    }
}

pub(crate) fn not_covered() -> Refusal {
    let devices = vec![device_id(&printer())];
    Refusal {
        devices,
        ..refusal(RefusalCode::DeviceNotCovered)
    }
}

fn refusal(code: RefusalCode) -> Refusal {
    let correlation = Some(CorrelationId::from_bytes(id("correlation")));
    Refusal {
        correlation,
        ..Refusal::plain(code)
    }
}
