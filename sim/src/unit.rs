//! A device or a gateway in the world: the real machine, its non-volatile memory, and its power.
//!
//! A write to the memory is whole or does not happen; the power can fail right before or right
//! after it, and what the machine wanted to do afterwards is then lost. When the power comes back a
//! new machine begins with what the memory holds, and its clock begins at zero.

use std::net::{IpAddr, Ipv4Addr};

use restante_core::code::{Presented, ProvisionalCode};
use restante_core::device::{Device, Exchange, Input, Kept, Output, Phase};
use restante_core::id::{CenterAddress, Model, Serial, Vendor};
use restante_core::machine::Machine as _;
use restante_core::registrant::{Attempt, Standing};
use restante_core::wire::{
    Contacts, Counted, Counter, Counters, DeviceEntry, DeviceReply, DeviceRequest, DeviceState,
    Function, FunctionSet, Identification, Refusal, RefusalCode, Status,
};
use restante_core::{Seed, Uptime};
use restante_crypto::RingCrypto;

use crate::clock::Moment;

/// A device or a gateway.
pub struct Unit {
    /// What traces call it.
    pub name: String,
    /// The address that its requests come from.
    pub address: IpAddr,
    /// The devices that it can speak for, itself or its children.
    pub entries: Vec<DeviceEntry>,
    /// Non-volatile memory.
    pub memory: Option<Vec<u8>>,
    /// When its alarm goes off is said by this number; older alarms do not count.
    pub alarm: u64,
    sent: u64,
    throttled: u64,
    in_use_since: Option<u64>,
    machine: Option<Machine>,
    boots: u64,
    switched_on: Moment,
    cut: Option<Cut>,
    sheets: u64,
}

enum Machine {
    Device(Box<Device<RingCrypto>>),
}

/// A power cut that waits for a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cut {
    skip: u32,
    after: bool,
}

/// What happens to a unit.
#[derive(Clone, Debug)]
pub enum Event {
    /// A person has entered a code.
    CodeEntered(ProvisionalCode),
    /// A reply has come.
    Replied(Exchange, DeviceReply),
    /// A refusal has come.
    Refused(Exchange, Refusal),
    /// No answer will come.
    LinkFailed(Exchange),
    /// The deadline has passed.
    TimePassed,
    /// It has done some work.
    Worked,
    /// A person wants a new formal code.
    Rotate,
    /// A person wants the registration to end.
    Leave,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Deeds {
    /// Requests to send, in order.
    pub sends: Vec<Send>,
    /// What people were shown.
    pub shown: Vec<String>,
    /// How often the memory was written.
    pub writes: u32,
    /// The power failed meanwhile: right before a write, or right after it.
    pub cut: Option<&'static str>,
    /// The machine did not take the input.
    pub declined: bool,
}

/// One request of a machine.
#[derive(Debug)]
pub struct Send {
    /// Its number.
    pub exchange: Exchange,
    /// What opens the communication.
    pub presented: Presented,
    /// What it says.
    pub request: DeviceRequest,
}

impl Unit {
    /// A device at the site, switched off.
    #[must_use]
    pub fn device(number: usize, address: IpAddr) -> Self {
        Self::new(format!("device {number}"), address, vec![entry(number)])
    }

    fn new(name: String, address: IpAddr, entries: Vec<DeviceEntry>) -> Self {
        Self {
            name,
            address,
            entries,
            memory: None,
            alarm: 0,
            sent: 0,
            throttled: 0,
            in_use_since: None,
            machine: None,
            boots: 0,
            switched_on: 0,
            cut: None,
            sheets: 0,
        }
    }

    /// Whether it has power.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.machine.is_some()
    }

    /// How often it was switched on.
    #[must_use]
    pub const fn boots(&self) -> u64 {
        self.boots
    }

    /// Where its machine stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match &self.machine {
            None => Phase::Off,
            Some(Machine::Device(device)) => device.phase(),
        }
    }

    /// Whether its formal code is in use.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        matches!(self.phase(), Phase::InUse | Phase::Rotating)
    }

    /// How many requests it has sent, less those that were answered without being evaluated.
    #[must_use]
    pub const fn evaluated(&self) -> u64 {
        self.sent.saturating_sub(self.throttled)
    }

    /// How many there had been when its formal code came into use, if it is.
    #[must_use]
    pub const fn in_use_since(&self) -> Option<u64> {
        self.in_use_since
    }

    /// The enrolment that it has under way, as its memory says.
    #[must_use]
    pub fn attempt(&self) -> Option<Attempt> {
        let kept = Kept::from_bytes(self.memory.as_deref()?).ok()?;
        match kept.standing() {
            Standing::Enrolling { attempt, .. } => Some(attempt.clone()),
            Standing::Enrolled { holding } => holding.unused.clone(),
            _ => None,
        }
    }

    /// When its machine wants to be told that time has passed.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let Some(Machine::Device(device)) = &self.machine else {
            return None;
        };
        device
            .deadline()
            .map(|at| self.switched_on.saturating_add(at.as_millis()))
    }

    /// The power will fail at a write.
    pub fn cut_at_write(&mut self, skip: u32, after: bool) {
        self.cut = Some(Cut { skip, after });
    }

    /// No power cut waits any more.
    pub fn calm(&mut self) {
        self.cut = None;
    }

    /// The power fails.
    pub fn switch_off(&mut self) {
        self.machine = None;
    }

    /// The power comes back.
    ///
    /// # Panics
    /// If the memory cannot be read: it is written whole or not at all, so that the machine has
    /// written what it cannot read.
    pub fn switch_on(&mut self, now: Moment, seed: &Seed) -> Deeds {
        self.switched_on = now;
        self.boots += 1;
        let entry = self.entries.first().cloned().unwrap_or_else(|| entry(0));
        let kept = self.memory.as_deref().map(Kept::from_bytes);
        let kept = kept.map(|kept| Box::new(kept.expect("what the machine itself has written")));
        self.machine = Some(Machine::Device(Box::new(Device::new(
            RingCrypto, entry, None,
        ))));
        let mut deeds = self.feed(now, seed, Input::Booted { kept });
        if self.is_on() {
            let reading = Input::StatusChanged(Box::new(self.reading()));
            deeds.append(self.feed(now, seed, reading));
        }
        deeds
    }

    /// Tells the machine what happens and carries out what it answers, up to a power cut.
    pub fn handle(&mut self, now: Moment, seed: &Seed, event: Event) -> Deeds {
        let input = match event {
            Event::CodeEntered(code) => Input::CodeEntered {
                code,
                center: center(),
            },
            Event::Replied(exchange, reply) => Input::Replied { exchange, reply },
            Event::Refused(exchange, refusal) => {
                self.throttled += u64::from(refusal.code == RefusalCode::Throttled);
                Input::Refused { exchange, refusal }
            }
            Event::LinkFailed(exchange) => Input::LinkFailed { exchange },
            Event::TimePassed => Input::TimePassed,
            Event::Worked => {
                self.sheets += 1;
                Input::StatusChanged(Box::new(self.reading()))
            }
            Event::Rotate => Input::RotateNow,
            Event::Leave => Input::LeaveNow,
        };
        self.feed(now, seed, input)
    }

    fn feed(&mut self, now: Moment, seed: &Seed, input: Input) -> Deeds {
        let mut deeds = Deeds::default();
        let mut outputs = Vec::new();
        let uptime = Uptime::from_millis(now.saturating_sub(self.switched_on));
        let Some(Machine::Device(device)) = &mut self.machine else {
            return deeds;
        };
        let asked = self.sent.saturating_sub(self.throttled);
        deeds.declined = device.handle(uptime, seed, input, &mut outputs).is_err();
        for output in outputs {
            match output {
                Output::Keep(kept) => self.write(kept.to_bytes(), &mut deeds),
                Output::Send {
                    exchange,
                    presented,
                    request,
                    ..
                } => deeds.sends.push(Send {
                    exchange,
                    presented,
                    request,
                }),
                Output::Show(notice) => deeds.shown.push(notice.to_string()),
                _ => {}
            }
            if !self.is_on() {
                break;
            }
        }
        self.in_use_since = self.is_in_use().then(|| self.in_use_since.unwrap_or(asked));
        self.sent += deeds.sends.len() as u64;
        deeds
    }

    fn write(&mut self, bytes: Vec<u8>, deeds: &mut Deeds) {
        deeds.writes += 1;
        match &mut self.cut {
            Some(cut) if cut.skip == 0 => {
                if cut.after {
                    self.memory = Some(bytes);
                    deeds.cut = Some("power: cut after a write");
                } else {
                    deeds.cut = Some("power: cut before a write");
                }
                self.cut = None;
                self.switch_off();
            }
            Some(cut) => {
                cut.skip -= 1;
                self.memory = Some(bytes);
            }
            None => self.memory = Some(bytes),
        }
    }

    fn reading(&self) -> Status {
        let sheets = Counter::new(self.sheets).unwrap_or_default();
        let total = Counted {
            media_sheets_completed: Some(sheets),
            ..Counted::default()
        };
        Status {
            state: DeviceState::Idle,
            reasons: Default::default(),
            counters: Counters {
                total,
                ..Counters::default()
            },
        }
    }
}

impl Deeds {
    fn append(&mut self, mut more: Self) {
        self.sends.append(&mut more.sends);
        self.shown.append(&mut more.shown);
        self.writes += more.writes;
        self.cut = self.cut.or(more.cut);
        self.declined |= more.declined;
    }
}

/// The address of the site, which all units share.
pub const SITE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// The device with this number.
#[must_use]
pub fn entry(number: usize) -> DeviceEntry {
    let functions = [Function::Printer, Function::Scanner];
    DeviceEntry {
        identification: Identification {
            vendor: Vendor::new("Acme").expect("a name"),
            model: Model::new("C-100").expect("a name"),
            serial: Serial::new(format!("{number:06}")).expect("a name"),
            functions: FunctionSet::new(functions).expect("two functions"),
        },
        contacts: Contacts::default(),
    }
}

fn center() -> CenterAddress {
    CenterAddress::new("https://center.example").expect("an address")
}
