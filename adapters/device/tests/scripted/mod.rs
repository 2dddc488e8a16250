//! A center in the test's own process: it takes every message and registers whatever it is told.

use std::sync::{Arc, Mutex};

use restante_core::Seconds;
use restante_core::Seed;
use restante_core::code::{FormalCode, Presented, ProvisionalCode};
use restante_core::id::{CenterAddress, DeviceId, Epoch, LanAddress, RegistrationId};
use restante_core::registrant::{Errand, PeerCall};
use restante_core::wire::poll::{Below, Mailbox, PollCall, PollReply};
use restante_core::wire::{
    Action, DeviceReply, DeviceRequest, ETag, EnrolDeviceResult, EnrolResult, Enrolled,
    ReportResult, Reported, Schedule, ScheduleEntry, StatusReported,
};
use restante_crypto::RingCrypto;
use restante_device::line::{Answer, Line};
use restante_device::memory::{Memory, MemoryError};
use restante_http::client::Served;

/// What happened, in order: `keep` and the requests.
pub(crate) type Trace = Arc<Mutex<Vec<Event>>>;

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// Something was kept.
    Kept,
    /// Something was sent.
    Sent(DeviceRequest),
}

/// A center that loses the first few messages.
pub(crate) struct Center {
    pub(crate) trace: Trace,
    pub(crate) loses: Mutex<u32>,
}

impl Line for Center {
    async fn exchange(&self, _: &CenterAddress, _: &Presented, request: &DeviceRequest) -> Answer {
        self.trace
            .lock()
            .expect("whole")
            .push(Event::Sent(request.clone()));
        {
            let mut loses = self.loses.lock().expect("whole");
            if *loses > 0 {
                *loses -= 1;
                return Answer::Nothing("lost on purpose".to_owned());
            }
        }
        Answer::Reply(reply(request))
    }

    async fn register(&self, errand: &Errand) -> Served {
        panic!("nothing asks for {errand:?}");
    }

    async fn call_peer(&self, call: &PeerCall) -> bool {
        panic!("nothing asks for {call:?}");
    }
}

/// A memory that holds nothing but remembers when it was written.
pub(crate) struct Noted(pub(crate) Trace);

impl Memory for Noted {
    fn keep(&mut self, _: &[u8]) -> Result<(), MemoryError> {
        self.0.lock().expect("whole").push(Event::Kept);
        Ok(())
    }
}

pub(crate) fn code() -> ProvisionalCode {
    ProvisionalCode::draw(&RingCrypto, &Seed::new([5; 32]))
}

pub(crate) fn center() -> CenterAddress {
    CenterAddress::new("https://center.example").expect("an address")
}

fn schedule() -> Schedule {
    Schedule {
        entries: vec![ScheduleEntry {
            action: Action::ReportStatus,
            every: Seconds::HOUR,
        }],
        ..Schedule::every(Seconds::DAY)
    }
}

/// Whom a device calls that polls for a plan, and who stands behind that one.
fn to_call() -> PollCall {
    let address = |text: &str| LanAddress::new(text).expect("an address");
    PollCall {
        address: Some(address("192.0.2.2")),
        after: Seconds::new(3),
        below: vec![Below {
            address: address("192.0.2.3"),
            after: Seconds::new(9),
        }],
    }
}

fn reply(request: &DeviceRequest) -> DeviceReply {
    let registration = RegistrationId::from_bytes([9; 16]);
    match request {
        DeviceRequest::Enrol(enrol) => DeviceReply::Enrolled(Enrolled {
            registration,
            formal_code: FormalCode::new(registration, Epoch::FIRST, [1; 32]),
            devices: (0..enrol.devices.as_slice().len())
                .map(|n| EnrolDeviceResult {
                    device: DeviceId::from_bytes([n as u8; 16]),
                    result: EnrolResult::New,
                })
                .collect(),
            schedule: schedule(),
        }),
        DeviceRequest::Poll(poll) => DeviceReply::Polled(PollReply::Mailbox(Mailbox {
            etag: ETag::from_bytes(&[1; 16]),
            instructions: Vec::new(),
            more: false,
            schedule: schedule(),
            calls: poll.tag.iter().map(|_| to_call()).collect(),
        })),
        DeviceRequest::ReportStatus(report) => DeviceReply::StatusReported(StatusReported {
            results: report
                .reports
                .iter()
                .map(|report| Reported {
                    device: report.device,
                    result: ReportResult::Accepted,
                })
                .collect(),
            schedule: schedule(),
        }),
        other => panic!("this center does not know {other:?}"),
    }
}
