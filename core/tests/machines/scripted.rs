//! The tests' world: a clock, a flash memory that a power cut cannot undo, a line that the test can
//! break, and a center that says what the test tells it to say.

use restante_core::code::{FormalCode, Presented, ProvisionalCode};
use restante_core::device::{Device, Errand, Exchange, Input, Kept, Notice, Output, PeerCall};
use restante_core::id::{CenterAddress, DeviceId, Epoch, Model, RegistrationId, Serial, Vendor};
use restante_core::machine::Machine;
use restante_core::wire::poll::{Mailbox, PollReply};
use restante_core::wire::{
    Action, Contacts, Counted, Counter, Counters, DeviceEntry, DeviceReply, DeviceRequest,
    DeviceState, ETag, EnrolDeviceResult, EnrolResult, Enrolled, Function, FunctionSet, Hosts,
    Identification, Left, Refusal, RefusalCode, ReportResult, Reported, Rotated, Schedule,
    ScheduleEntry, ServiceCounters, StateReasons, Status, StatusReported,
};
use restante_core::{Seconds, Seed, Uptime};
use restante_crypto::RingCrypto;

/// A request that the device has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) exchange: Exchange,
    pub(crate) presented: Presented,
    pub(crate) request: DeviceRequest,
}

/// One device, what it has kept and sent, and the time.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) device: Device<RingCrypto>,
    pub(crate) now: Uptime,
    pub(crate) flash: Option<Vec<u8>>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) shown: Vec<Notice>,
    /// What is to be taken to services' servers.
    pub(crate) errands: Vec<Errand>,
    /// Which peers were called, and when.
    pub(crate) calls: Vec<(Uptime, PeerCall)>,
    /// Every output in order, as a word.
    pub(crate) trace: Vec<String>,
    seeds: u64,
}

impl World {
    /// A device fresh from the factory, switched on.
    pub(crate) fn new() -> Self {
        let mut world = Self {
            device: new_device(),
            now: Uptime::BOOT,
            flash: None,
            sent: Vec::new(),
            shown: Vec::new(),
            errands: Vec::new(),
            calls: Vec::new(),
            trace: Vec::new(),
            seeds: 0,
        };
        world.give(Input::Booted { kept: None });
        world
    }

    /// One that was given the trial code.
    pub(crate) fn with_code() -> Self {
        let mut world = Self::new();
        world.give(Input::StatusChanged(Box::new(status(100))));
        world.enter(code(1));
        world
    }

    /// One that has enrolled, used its code and reported once.
    pub(crate) fn in_use() -> Self {
        let mut world = Self::with_code();
        world.reply(enrolled(1));
        world.reply(polled());
        world.reply(reported());
        world
    }

    pub(crate) fn enter(&mut self, code: ProvisionalCode) {
        self.give(Input::CodeEntered {
            code,
            center: center(),
        });
    }

    pub(crate) fn give(&mut self, input: Input) {
        self.try_give(input).expect("the input fits the state");
    }

    pub(crate) fn try_give(
        &mut self,
        input: Input,
    ) -> Result<(), restante_core::device::InputError> {
        let seed = self.seed();
        let mut out = Vec::new();
        let result = self.device.handle(self.now, &seed, input, &mut out);
        assert!(result.is_ok() || out.is_empty(), "an error emits nothing");
        for output in out {
            self.carry_out(output);
        }
        result
    }

    pub(crate) fn seed(&mut self) -> Seed {
        self.seeds += 1;
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&self.seeds.to_be_bytes());
        Seed::new(bytes)
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Keep(kept) => {
                self.trace.push("keep".into());
                self.flash = Some(kept.to_bytes());
            }
            Output::Send {
                exchange,
                presented,
                request,
                ..
            } => {
                self.trace.push(format!("send {}", word(&request)));
                self.sent.push(Sent {
                    exchange,
                    presented,
                    request,
                });
            }
            Output::Show(notice) => self.shown.push(notice),
            Output::Register(errand) => {
                self.trace.push("register".into());
                self.errands.push(*errand);
            }
            Output::CallPeer(call) => {
                self.trace.push(format!("call {}", call.address));
                self.calls.push((self.now, *call));
            }
            other => panic!("an output that this world does not know: {other:?}"),
        }
    }

    /// The last request.
    pub(crate) fn last(&self) -> &Sent {
        self.sent.last().expect("something was sent")
    }

    pub(crate) fn reply(&mut self, reply: DeviceReply) {
        let exchange = self.last().exchange;
        self.give(Input::Replied { exchange, reply });
    }

    pub(crate) fn refuse(&mut self, code: RefusalCode) {
        self.refuse_with(Refusal::plain(code));
    }

    pub(crate) fn refuse_with(&mut self, refusal: Refusal) {
        let exchange = self.last().exchange;
        self.give(Input::Refused { exchange, refusal });
    }

    pub(crate) fn lose(&mut self) {
        let exchange = self.last().exchange;
        self.give(Input::LinkFailed { exchange });
    }

    /// Lets the time pass up to the machine's deadline.
    pub(crate) fn sleep(&mut self) -> Seconds {
        let deadline = self.device.deadline().expect("something is due");
        let slept = deadline.since(self.now);
        self.now = self.now.max(deadline);
        self.give(Input::TimePassed);
        slept
    }

    /// The power fails and comes back: RAM is gone, flash is not.
    pub(crate) fn power_cut(&mut self) {
        let kept = self.flash.as_deref().map(Kept::from_bytes);
        let kept = kept.transpose().expect("flash is sound").map(Box::new);
        self.device = new_device();
        self.now = Uptime::BOOT;
        self.errands.clear();
        self.give(Input::Booted { kept });
        self.give(Input::StatusChanged(Box::new(status(100))));
    }
}

/// The request's name.
pub(crate) fn word(request: &DeviceRequest) -> &'static str {
    match request {
        DeviceRequest::Enrol(_) => "enrol",
        DeviceRequest::Poll(_) => "poll",
        DeviceRequest::Acknowledge(_) => "acknowledge",
        DeviceRequest::ReportStatus(_) => "report-status",
        DeviceRequest::Rotate(_) => "rotate",
        DeviceRequest::AddDevices(_) => "add-devices",
        DeviceRequest::RemoveDevices(_) => "remove-devices",
        DeviceRequest::Leave(_) => "leave",
        _ => "another",
    }
}

pub(crate) fn new_device() -> Device<RingCrypto> {
    Device::new(RingCrypto, entry("D10010101"), None)
}

pub(crate) fn entry(serial: &str) -> DeviceEntry {
    DeviceEntry {
        identification: Identification {
            vendor: Vendor::new("ACME").expect("a vendor"),
            model: Model::new("M1001").expect("a model"),
            serial: Serial::new(serial).expect("a serial number"),
            functions: FunctionSet::new(Function::ALL).expect("three functions"),
        },
        contacts: Contacts::default(),
    }
}

pub(crate) fn center() -> CenterAddress {
    CenterAddress::new("https://center.example").expect("an address")
}

/// The `n`-th trial code.
pub(crate) fn code(n: u8) -> ProvisionalCode {
    ProvisionalCode::draw(&RingCrypto, &Seed::new([n; 32]))
}

pub(crate) fn formal(epoch: u32) -> FormalCode {
    let registration = RegistrationId::from_bytes([9; 16]);
    FormalCode::new(registration, Epoch::new(epoch), [epoch as u8; 32])
}

pub(crate) fn device_id(n: u32) -> DeviceId {
    let mut bytes = [3; 16];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    DeviceId::from_bytes(bytes)
}

pub(crate) fn hosts(names: &[&str]) -> Hosts {
    let names = names.iter().map(|it| it.parse().expect("a host"));
    Hosts::new(names).expect("few enough")
}

pub(crate) fn schedule() -> Schedule {
    Schedule {
        entries: vec![ScheduleEntry {
            action: Action::ReportStatus,
            every: Seconds::HOUR,
        }],
        hosts: hosts(&["service.example"]),
        ..Schedule::every(Seconds::DAY)
    }
}

/// The center's answer to an enrolment of so many devices.
pub(crate) fn enrolled(devices: u32) -> DeviceReply {
    DeviceReply::Enrolled(Enrolled {
        registration: formal(1).registration(),
        formal_code: formal(1),
        devices: results(devices),
        schedule: schedule(),
    })
}

pub(crate) fn results(devices: u32) -> Vec<EnrolDeviceResult> {
    let result = |n| EnrolDeviceResult {
        device: device_id(n),
        result: EnrolResult::New,
    };
    (0..devices).map(result).collect()
}

pub(crate) fn polled() -> DeviceReply {
    DeviceReply::Polled(PollReply::Mailbox(Mailbox {
        etag: ETag::from_bytes(&[1; 16]),
        instructions: Vec::new(),
        more: false,
        schedule: schedule(),
        calls: Vec::new(),
    }))
}

pub(crate) fn reported() -> DeviceReply {
    DeviceReply::StatusReported(StatusReported {
        results: vec![Reported {
            device: device_id(0),
            result: ReportResult::Accepted,
        }],
        schedule: schedule(),
    })
}

pub(crate) fn rotated(epoch: u32) -> DeviceReply {
    DeviceReply::Rotated(Rotated {
        formal_code: formal(epoch),
        schedule: schedule(),
    })
}

pub(crate) fn left() -> DeviceReply {
    DeviceReply::Left(Left {})
}

/// A status with so many copy sheets.
pub(crate) fn status(copy_sheets: u64) -> Status {
    let counted = Counted {
        media_sheets_completed: Some(Counter::new(copy_sheets).expect("a count")),
        ..Counted::default()
    };
    Status {
        state: DeviceState::Idle,
        reasons: StateReasons::default(),
        counters: Counters {
            epoch: 0,
            total: counted.clone(),
            services: ServiceCounters {
                copy: Some(counted),
                ..ServiceCounters::default()
            },
        },
    }
}
