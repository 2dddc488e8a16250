//! How many instructions the core's transitions take: counted by Callgrind, so that noise does not
//! matter and a change of one per cent is seen.
//!
//! Each benchmark measures one call into the core; what it needs is prepared outside the count.
//! Needs valgrind and `cargo install gungraun-runner` in the version of the gungraun crate.

#![expect(
    missing_docs,
    reason = "the macros make public modules without documentation"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use gungraun::prelude::*;
use restante_core::center::{
    Call, Center, Credential, Decide, Decision, Keys, Message, Policy, Reply, Source,
};
use restante_core::code::ProvisionalCode;
use restante_core::entropy::Seed;
use restante_core::id::{CorrelationId, Model, RequestId, Serial, UserName, Vendor};
use restante_core::record::{Change, Key, Loaded, Need, Pause, Records, Revision, Row};
use restante_core::time::{Seconds, Timestamp};
use restante_core::wire::enrol::DeviceList;
use restante_core::wire::people::{IssueCode, PeopleReply, PeopleRequest};
use restante_core::wire::{
    Contacts, Counters, DeviceEntry, DeviceReply, DeviceRequest, DeviceState, Enrol, Enrolled,
    Function, FunctionSet, Identification, Poll, PollReply, ReportStatus, StatusReport, json,
};
use restante_crypto::RingCrypto;

/// A call with everything loaded that its decision reads.
struct Ready {
    center: Center<RingCrypto>,
    call: Call,
    records: Records<'static>,
}

impl Ready {
    fn decide(&self) -> Decision {
        let seed = Seed::new([7; 32]);
        match self.center.decide(NOW, &seed, &self.call, &self.records) {
            Ok(decision) => decision,
            Err(pause) => panic!("not everything was loaded: {pause}"),
        }
    }
}

/// A center whose store is a map: the smallest that can prepare a call.
struct Small {
    center: Center<RingCrypto>,
    rows: BTreeMap<Key, Arc<Row>>,
}

impl Small {
    fn new() -> Self {
        let keys = Keys::new([1; 32], vec![(1, [2; 32])]).expect("good keys");
        let center = Center::new(RingCrypto, keys, Policy::default());
        Self {
            center,
            rows: BTreeMap::new(),
        }
    }

    /// Loads what the decision asks for until it is reached.
    fn load(&self, call: &Call) -> (Records<'static>, Decision) {
        let mut records = Records::new();
        loop {
            match self.center.decide(NOW, &Seed::new([7; 32]), call, &records) {
                Ok(decision) => return (records, decision),
                Err(Pause::Read(needs)) => {
                    for need in needs {
                        let found = self.find(&need);
                        records.add(need, found);
                    }
                }
                Err(other) => panic!("{other}"),
            }
        }
    }

    fn find(&self, need: &Need) -> Loaded {
        match need {
            Need::Record(key) => Loaded::Record(self.rows.get(key).cloned()),
            Need::Range(_) => Loaded::Range {
                rows: Vec::new(),
                head: Revision::ABSENT,
            },
        }
    }

    fn ask(&mut self, presented: Credential, message: Message) -> Reply {
        let (_, decision) = self.load(&call(presented, message));
        for write in decision.written.writes {
            match write.change {
                Change::Delete => drop(self.rows.remove(&write.key)),
                Change::Put { format, body } => {
                    let (key, revision) = (write.key.clone(), Revision(1));
                    self.rows.insert(
                        write.key,
                        Arc::new(Row {
                            key,
                            revision,
                            format,
                            body,
                        }),
                    );
                }
            }
        }
        decision
            .outcome
            .unwrap_or_else(|refused| panic!("{}", refused.reason.word))
    }

    fn code(&mut self) -> ProvisionalCode {
        let user = UserName::new("C001").expect("a name");
        let issue = IssueCode {
            user,
            validity: None,
            limit: None,
            note: None,
        };
        let message = Message::People(PeopleRequest::IssueCode(issue));
        match self.ask(Credential::Console, message) {
            Reply::People(PeopleReply::CodeIssued(issued)) => issued.code.parse().expect("a code"),
            other => panic!("{other:?}"),
        }
    }

    fn enrolled(&mut self) -> Enrolled {
        let code = self.code();
        let message = Message::Device(DeviceRequest::Enrol(enrol(1)));
        match self.ask(Credential::Provisional(code), message) {
            Reply::Device(DeviceReply::Enrolled(enrolled)) => enrolled,
            other => panic!("{other:?}"),
        }
    }

    fn ready(self, presented: Credential, request: DeviceRequest) -> Ready {
        let call = call(presented, Message::Device(request));
        let (records, _) = self.load(&call);
        Ready {
            center: self.center,
            call,
            records,
        }
    }
}

fn call(presented: Credential, message: Message) -> Call {
    let source = Source {
        address: None,
        correlation: CorrelationId::from_bytes([0; 16]),
    };
    Call {
        source,
        presented,
        message,
    }
}

fn enrol(devices: u32) -> Enrol {
    let entry = |number| DeviceEntry {
        identification: Identification {
            vendor: Vendor::new("ACME").expect("a vendor"),
            model: Model::new("M1001").expect("a model"),
            serial: Serial::new(format!("D{number:08}")).expect("a serial number"),
            functions: FunctionSet::new([Function::Printer]).expect("a function"),
        },
        contacts: Contacts::default(),
    };
    Enrol {
        request: RequestId::from_bytes([9; 16]),
        devices: DeviceList::new((0..devices).map(entry).collect()).expect("devices"),
        max_message: None,
    }
}

fn enrolment(devices: u32) -> Ready {
    let mut small = Small::new();
    let code = small.code();
    small.ready(
        Credential::Provisional(code),
        DeviceRequest::Enrol(enrol(devices)),
    )
}

fn first_use() -> Ready {
    let mut small = Small::new();
    let enrolled = small.enrolled();
    small.ready(
        Credential::Formal(enrolled.formal_code),
        DeviceRequest::Poll(Poll::default()),
    )
}

fn unchanged_poll() -> Ready {
    let mut small = Small::new();
    let code = Credential::Formal(small.enrolled().formal_code);
    let poll = Message::Device(DeviceRequest::Poll(Poll::default()));
    let Reply::Device(DeviceReply::Polled(PollReply::Mailbox(mailbox))) =
        small.ask(code.clone(), poll)
    else {
        panic!("the first poll has a mailbox");
    };
    small.ready(
        code,
        DeviceRequest::Poll(Poll {
            have: Some(mailbox.etag),
            max_message: None,
            tag: None,
        }),
    )
}

fn status_report() -> Ready {
    let mut small = Small::new();
    let enrolled = small.enrolled();
    let device = enrolled.devices.first().expect("one device").device;
    let code = Credential::Formal(enrolled.formal_code);
    small.ask(
        code.clone(),
        Message::Device(DeviceRequest::Poll(Poll::default())),
    );
    small.ready(code, DeviceRequest::ReportStatus(report(device)))
}

fn report(device: restante_core::id::DeviceId) -> ReportStatus {
    let report = StatusReport {
        device,
        boot: 1,
        seq: 1,
        age: Seconds::ZERO,
        state: DeviceState::Idle,
        reasons: Vec::new(),
        counters: Counters::default(),
        address: None,
    };
    json::parse(&json::to_bytes(&serde_json::json!({ "reports": [report] }))).expect("a report")
}

#[library_benchmark]
#[bench::one_device(args = (1,), setup = enrolment)]
#[bench::hundred_devices(args = (100,), setup = enrolment)]
fn decide_enrolment(ready: Ready) -> Decision {
    black_box(ready.decide())
}

#[library_benchmark(setup = first_use)]
fn decide_first_use(ready: Ready) -> Decision {
    black_box(ready.decide())
}

#[library_benchmark(setup = unchanged_poll)]
fn decide_unchanged_poll(ready: Ready) -> Decision {
    black_box(ready.decide())
}

#[library_benchmark(setup = status_report)]
fn decide_status_report(ready: Ready) -> Decision {
    black_box(ready.decide())
}

#[library_benchmark]
#[bench::whole_code("8XK2M-8XK2M-8XK2M-8XK2M-8XK2M")]
fn read_provisional_code(text: &str) -> bool {
    black_box(text).parse::<ProvisionalCode>().is_ok()
}

#[library_benchmark]
#[bench::hundred_devices(json::to_bytes(&enrol(100)))]
fn read_enrolment(bytes: Vec<u8>) -> Enrol {
    json::parse(&black_box(bytes)).expect("an enrolment")
}

/// The moment at which everything is decided.
const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

library_benchmark_group!(
    name = transitions,
    benchmarks = [
        decide_enrolment,
        decide_first_use,
        decide_unchanged_poll,
        decide_status_report,
        read_provisional_code,
        read_enrolment
    ]
);

main!(library_benchmark_groups = transitions);
