//! The loop around a machine: order, losses, and memory that fails.

mod hurried;
mod scripted;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use restante_core::code::Presented;
use restante_core::device::{Device, Input, Phase};
use restante_core::id::CenterAddress;
use restante_core::registrant::{Errand, PeerCall};
use restante_core::wire::{
    Contacts, DeviceEntry, DeviceRequest, Function, FunctionSet, Identification, PollRequest, json,
};
use restante_crypto::RingCrypto;
use restante_device::act::Milestone;
use restante_device::driver::Nobody;
use restante_device::line::{Answer, Line};
use restante_device::memory::{Memory, MemoryError};
use restante_device::{Driver, DriverError, Ended, Until, trial};
use restante_http::client::Served;

use scripted::{Center, Event, Noted, Trace, center, code};

fn identification(serial: &str) -> Identification {
    Identification {
        vendor: "ACME".parse().expect("a vendor"),
        model: "M1001".parse().expect("a model"),
        serial: serial.parse().expect("a serial number"),
        functions: FunctionSet::new([Function::Printer]).expect("a function"),
    }
}

fn device() -> Device<RingCrypto> {
    let identification = identification("D10010101");
    let contacts = Contacts::default();
    let entry = DeviceEntry {
        identification,
        contacts,
    };
    Device::new(RingCrypto, entry, None)
}

fn driver(trace: &Trace, loses: u32) -> Driver<Device<RingCrypto>, Noted, Center, Nobody> {
    let line = Center {
        trace: Arc::clone(trace),
        loses: Mutex::new(loses),
    };
    enrolling(trace, line)
}

/// A device on this line that has just been given a code.
fn enrolling<L: Line>(trace: &Trace, line: L) -> Driver<Device<RingCrypto>, Noted, L, Nobody> {
    let mut driver = Driver::new(device(), Noted(Arc::clone(trace)), line, Nobody);
    driver.give(Input::Booted { kept: None }).expect("on");
    let status = trial::status(Some(100)).expect("a count");
    driver
        .give(Input::StatusChanged(Box::new(status)))
        .expect("taken");
    driver
        .give(Input::CodeEntered {
            code: code(),
            center: center(),
        })
        .expect("taken");
    driver
}

async fn to_first_report<L: Line>(
    driver: &mut Driver<Device<RingCrypto>, Noted, L, Nobody>,
) -> Ended {
    let until = Until::Reached(Milestone::Reported);
    let patience = Some(Duration::from_secs(600));
    driver
        .run(until, patience, std::future::pending())
        .await
        .expect("it runs")
}

#[tokio::test]
async fn everything_is_kept_before_what_depends_on_it_is_sent() {
    let trace = Trace::default();
    let mut driver = driver(&trace, 0);
    assert_eq!(to_first_report(&mut driver).await, Ended::Reached);
    let words: Vec<&str> = trace
        .lock()
        .expect("whole")
        .iter()
        .map(|event| match event {
            Event::Kept => "keep",
            Event::Sent(DeviceRequest::Enrol(_)) => "enrol",
            Event::Sent(DeviceRequest::Poll(_)) => "poll",
            Event::Sent(_) => "report",
        })
        .collect();
    assert_eq!(
        words,
        ["keep", "keep", "enrol", "keep", "poll", "keep", "report"]
    );
    assert_eq!(driver.machine().phase(), Phase::InUse);
}

#[tokio::test(start_paused = true)]
async fn lost_messages_are_repeated_as_they_were() {
    let trace = Trace::default();
    let mut driver = driver(&trace, 4);
    assert_eq!(to_first_report(&mut driver).await, Ended::Reached);
    let enrolments: Vec<Vec<u8>> = trace
        .lock()
        .expect("whole")
        .iter()
        .filter_map(|event| match event {
            Event::Sent(request @ DeviceRequest::Enrol(_)) => Some(json::to_bytes(request)),
            _ => None,
        })
        .collect();
    assert_eq!(enrolments.len(), 5);
    assert!(enrolments.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test(start_paused = true)]
async fn patience_has_an_end() {
    let trace = Trace::default();
    let mut driver = driver(&trace, u32::MAX);
    assert_eq!(to_first_report(&mut driver).await, Ended::OutOfTime);
    assert_eq!(driver.machine().phase(), Phase::Enrolling);
}

/// A center, and a LAN on which every peer is silent.
struct Lan {
    center: Center,
    called: Arc<Mutex<Vec<PeerCall>>>,
}

impl Line for Lan {
    async fn exchange(
        &self,
        center: &CenterAddress,
        presented: &Presented,
        request: &DeviceRequest,
    ) -> Answer {
        self.center.exchange(center, presented, request).await
    }

    async fn register(&self, errand: &Errand) -> Served {
        self.center.register(errand).await
    }

    async fn call_peer(&self, call: &PeerCall) -> bool {
        self.called.lock().expect("whole").push(call.clone());
        false
    }
}

#[tokio::test(start_paused = true)]
async fn asked_on_the_lan_it_polls_and_calls_whom_the_center_names() {
    let (trace, called) = (Trace::default(), Arc::default());
    let lan = Lan {
        center: Center {
            trace: Arc::clone(&trace),
            loses: Mutex::new(0),
        },
        called: Arc::clone(&called),
    };
    let mut driver = enrolling(&trace, lan);
    to_first_report(&mut driver).await;
    let request = PollRequest::read("/doPolling?tag=a-plan").expect("a poll request");
    let asked = Input::PollRequested(request.clone());
    driver.inbox().send(asked).await.expect("it listens");
    let patience = Some(Duration::from_secs(60));
    let ended = driver
        .run(Until::Forever, patience, std::future::pending())
        .await;
    assert_eq!(ended.expect("it runs"), Ended::OutOfTime);
    let trace = trace.lock().expect("whole");
    let Some(Event::Sent(DeviceRequest::Poll(poll))) = trace.last() else {
        panic!("it polls last: {trace:?}");
    };
    assert_eq!(poll.tag, request.tag);
    // The first is silent, so that the one behind it is called in its place.
    let called = called.lock().expect("whole");
    let addresses: Vec<&str> = called.iter().map(|it| it.address.as_str()).collect();
    assert_eq!(addresses, ["192.0.2.2", "192.0.2.3"]);
    assert!(called.iter().all(|it| it.request == request), "{called:?}");
}

/// A memory that has become read-only.
struct Full;

impl Memory for Full {
    fn keep(&mut self, _: &[u8]) -> Result<(), MemoryError> {
        Err(MemoryError::Missing {
            path: "gone".to_owned(),
        })
    }
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_sent() {
    let trace = Trace::default();
    let line = Center {
        trace: Arc::clone(&trace),
        loses: Mutex::new(0),
    };
    let mut driver = Driver::new(device(), Full, line, Nobody);
    let error = driver
        .give(Input::Booted { kept: None })
        .expect_err("nowhere to keep it");
    assert!(matches!(error, DriverError::Memory(_)));
    let entered = Input::CodeEntered {
        code: code(),
        center: center(),
    };
    assert!(driver.give(entered).is_err());
    tokio::task::yield_now().await;
    assert!(trace.lock().expect("whole").is_empty());
}
