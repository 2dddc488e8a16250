//! A device or a gateway in the world: the real machine, its non-volatile memory, and its power.
//!
//! A write to the memory is whole or does not happen; the power can fail right before or right
//! after it, and what the machine wanted to do afterwards is then lost. When the power comes back a
//! new machine begins with what the memory holds, and its clock begins at zero.

use std::net::{IpAddr, Ipv4Addr};

use restante_core::id::{DeviceId, LanAddress, Model, Serial, Vendor};
use restante_core::registrant::{Attempt, Errand, Holding, PeerCall, Phase, Standing};
use restante_core::time::Seconds;
use restante_core::wire::site::{CarriedOut, CarryOut, OwnStatus, SelfDescription};
use restante_core::wire::{
    Act, ActResult, Contacts, Counted, Counter, Counters, DeviceEntry, DeviceState, Function,
    FunctionSet, Identification, RefusalCode, Status,
};
use restante_core::{Seed, Uptime};

use crate::clock::Moment;
use crate::machine::{Event, Machine, Send, Wish};
use crate::party::{self, OTHER};

/// A device or a gateway.
pub struct Unit {
    /// What traces call it.
    pub name: String,
    /// The address that its requests come from.
    pub address: IpAddr,
    /// Non-volatile memory.
    pub memory: Option<Vec<u8>>,
    /// When its alarm goes off is said by this number; older alarms do not count.
    pub alarm: u64,
    kind: Kind,
    sent: u64,
    throttled: u64,
    came_into_use: Option<u64>,
    machine: Option<Machine>,
    boots: u64,
    forgets: u64,
    switched_on: Moment,
    cut: Option<Cut>,
    sheets: u64,
}

enum Kind {
    Device(DeviceEntry),
    Gateway(Vec<Child>),
}

/// A child of a gateway.
struct Child {
    entry: DeviceEntry,
    there: bool,
    seq: u32,
}

/// A power cut that waits for a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cut {
    skip: u32,
    after: bool,
}

/// What came of an input.
#[derive(Debug, Default)]
pub struct Deeds {
    /// Requests to send, in order.
    pub sends: Vec<Send>,
    /// What people were shown.
    pub shown: Vec<String>,
    /// Errands to the servers of services, in order.
    pub errands: Vec<Errand>,
    /// Peers to call, in order.
    pub calls: Vec<PeerCall>,
    /// What an instruction has had it show.
    pub messages: Vec<String>,
    /// How often the memory was written.
    pub writes: u32,
    /// The children are called.
    pub call: bool,
    /// These children are asked how they are.
    pub asks: Vec<DeviceId>,
    /// What children are handed.
    pub handed: Vec<(DeviceId, Box<CarryOut>)>,
    /// The power failed meanwhile: right before a write, or right after it.
    pub cut: Option<&'static str>,
    /// The machine did not take the input.
    pub declined: bool,
}

impl Unit {
    /// A device at the site, switched off.
    #[must_use]
    pub fn device(number: usize) -> Self {
        Self::new(format!("device {number}"), Kind::Device(entry(number)))
    }

    /// A device of another customer, switched off, with the same serial number.
    #[must_use]
    pub fn other_device(number: usize) -> Self {
        let name = format!("other device {number}");
        let mut unit = Self::new(name, Kind::Device(entry(number)));
        unit.address = party::address(OTHER, SITE);
        unit
    }

    /// A gateway at the site, switched off. The first of its children is the site's first device,
    /// which may have been registered at its own panel before.
    #[must_use]
    pub fn gateway(number: usize, children: usize) -> Self {
        let child = |place| Child {
            entry: entry(if place == 0 {
                0
            } else {
                100 * (number + 1) + place
            }),
            // Every third comes later, if at all, and is added.
            there: place % 3 != 2,
            seq: 0,
        };
        let children = (0..children).map(child).collect();
        Self::new(format!("gateway {number}"), Kind::Gateway(children))
    }

    /// A gateway, switched off, over these children: the number of each, and where it is.
    #[must_use]
    pub fn gateway_of(number: usize, children: Vec<(usize, LanAddress)>) -> Self {
        let child = |(number, address): (usize, LanAddress)| Child {
            entry: entry_at(number, &address),
            there: true,
            seq: 0,
        };
        let children = children.into_iter().map(child).collect();
        Self::new(format!("gateway {number}"), Kind::Gateway(children))
    }

    /// A device that tells this address, switched off.
    #[must_use]
    pub fn device_at(number: usize, address: &LanAddress) -> Self {
        let me = entry_at(number, address);
        Self::new(format!("device {number}"), Kind::Device(me))
    }

    fn new(name: String, kind: Kind) -> Self {
        Self {
            name,
            address: SITE,
            memory: None,
            alarm: 0,
            kind,
            sent: 0,
            throttled: 0,
            came_into_use: None,
            machine: None,
            boots: 0,
            forgets: 0,
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

    /// Whether it is a gateway.
    #[must_use]
    pub const fn is_gateway(&self) -> bool {
        matches!(self.kind, Kind::Gateway(_))
    }

    /// How often it was switched on.
    #[must_use]
    pub const fn boots(&self) -> u64 {
        self.boots
    }

    /// How often it has forgotten what it was told to do: at each switching on, and where a person
    /// has entered a code, which begins another holding even if the former one comes back.
    #[must_use]
    pub const fn forgets(&self) -> u64 {
        self.forgets
    }

    /// Where its machine stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.machine.as_ref().map_or(Phase::Off, Machine::phase)
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

    /// From now on, sees whether a formal code comes into use; how many requests there were so far.
    pub fn watch_use(&mut self) -> u64 {
        self.came_into_use = None;
        self.evaluated()
    }

    /// After how many requests a formal code has come into use since that was watched.
    #[must_use]
    pub const fn came_into_use(&self) -> Option<u64> {
        self.came_into_use
    }

    /// The enrolment that it has under way; none while a gateway is about to begin another one,
    /// with whoever answers its call.
    #[must_use]
    pub fn attempt(&self) -> Option<Attempt> {
        let memory = String::from_utf8_lossy(self.memory.as_deref()?);
        if memory.contains("\"entered\":{") {
            return None;
        }
        match self.machine.as_ref()?.standing() {
            Standing::Enrolling { attempt, .. } => Some(attempt),
            Standing::Enrolled { holding } => holding.unused,
            _ => None,
        }
    }

    /// When its machine wants to be told that time has passed.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let at = self.machine.as_ref()?.deadline()?;
        Some(self.switched_on.saturating_add(at.as_millis()))
    }

    /// The devices that it would register now: itself, or the children that are there.
    #[must_use]
    pub fn present(&self) -> Vec<DeviceEntry> {
        match &self.kind {
            Kind::Device(entry) => vec![entry.clone()],
            Kind::Gateway(children) => {
                let there = children.iter().filter(|child| child.there);
                there.map(|child| child.entry.clone()).collect()
            }
        }
    }

    /// A child comes or goes; which one, if there is one.
    pub fn child(&mut self, number: usize, there: bool) -> Option<DeviceEntry> {
        let Kind::Gateway(children) = &mut self.kind else {
            return None;
        };
        let number = number.checked_rem(children.len())?;
        children[number].there = there;
        Some(children[number].entry.clone())
    }

    /// What a child of this id at the center says when it is asked; nothing if it is not there.
    pub fn ask(&mut self, device: DeviceId) -> Event {
        let silent = Event::ChildSilent(device);
        let member = self.member(device);
        let sheets = self.sheets;
        let Kind::Gateway(children) = &mut self.kind else {
            return silent;
        };
        let same = |child: &&mut Child| Some(&child.entry.identification) == member.as_ref();
        match children.iter_mut().filter(|child| child.there).find(same) {
            Some(child) => {
                child.seq += 1;
                Event::ChildSays(device, Box::new(child.describe(sheets)))
            }
            None => silent,
        }
    }

    /// What a child of this id says when it was handed something; nothing if it is not there.
    #[must_use]
    pub fn hand(&self, device: DeviceId, order: CarryOut) -> Option<Event> {
        let member = self.member(device)?;
        let Kind::Gateway(children) = &self.kind else {
            return None;
        };
        let same = |child: &&Child| child.there && child.entry.identification == member;
        children.iter().find(same)?;
        let result = |act: &Act| match act {
            Act::Notify(_) => ActResult::DONE,
            other => ActResult::unknown_kind(other),
        };
        let results = order.acts.as_slice().iter().map(result).collect();
        let id = order.id;
        Some(Event::ChildDone(
            device,
            Box::new(CarriedOut { id, results }),
        ))
    }

    /// The registration that it holds, while that is in force.
    #[must_use]
    pub fn holding(&self) -> Option<Holding> {
        match self.machine.as_ref()?.standing() {
            Standing::Enrolled { holding } | Standing::Rotating { holding, .. } => Some(holding),
            _ => None,
        }
    }

    fn member(&self, device: DeviceId) -> Option<Identification> {
        let mut members = self.holding()?.members.into_iter();
        members
            .find(|member| member.device == device)
            .map(|member| member.identification)
    }

    /// The power will fail at a write.
    pub fn cut_at_write(&mut self, skip: u32, after: bool) {
        self.cut = Some(Cut { skip, after });
    }

    /// No power cut waits any more, and every child is there.
    pub fn calm(&mut self) {
        self.cut = None;
        if let Kind::Gateway(children) = &mut self.kind {
            children.iter_mut().for_each(|child| child.there = true);
        }
    }

    /// The power fails.
    pub fn switch_off(&mut self) {
        self.machine = None;
    }

    /// The power comes back.
    pub fn switch_on(&mut self, now: Moment, seed: &Seed) -> Deeds {
        self.switched_on = now;
        self.boots += 1;
        self.forgets += 1;
        let memory = self.memory.as_deref();
        let (machine, wishes) = match &self.kind {
            Kind::Device(me) => Machine::device(me.clone(), memory, seed),
            Kind::Gateway(_) => Machine::gateway(memory, seed),
        };
        self.machine = Some(machine);
        let mut deeds = Deeds::default();
        self.carry_out(wishes, &mut deeds);
        if self.is_on() && matches!(self.kind, Kind::Device(_)) {
            deeds.append(self.handle(now, seed, self.worked()));
        }
        deeds
    }

    /// It has done some work.
    pub fn work(&mut self) -> Event {
        self.sheets += 1;
        self.worked()
    }

    fn worked(&self) -> Event {
        Event::Worked(Box::new(reading(self.sheets)))
    }

    /// Tells the machine what happens and carries out what it answers, up to a power cut.
    pub fn handle(&mut self, now: Moment, seed: &Seed, event: Event) -> Deeds {
        let mut deeds = Deeds::default();
        let uptime = Uptime::from_millis(now.saturating_sub(self.switched_on));
        if matches!(&event, Event::Refused(_, it) if it.code == RefusalCode::Throttled) {
            self.throttled += 1;
        }
        self.forgets += u64::from(matches!(&event, Event::CodeEntered(_)));
        let (asked, was_in_use) = (self.evaluated(), self.is_in_use());
        let Some(machine) = &mut self.machine else {
            return deeds;
        };
        match machine.handle(uptime, seed, event) {
            Some(wishes) => self.carry_out(wishes, &mut deeds),
            None => deeds.declined = true,
        }
        if self.is_in_use() && !was_in_use {
            self.came_into_use = Some(asked);
        }
        deeds
    }

    fn carry_out(&mut self, wishes: Vec<Wish>, deeds: &mut Deeds) {
        for wish in wishes {
            match wish {
                Wish::Keep(bytes) => self.write(bytes, deeds),
                Wish::Send(send) => {
                    self.sent += 1;
                    deeds.sends.push(send);
                }
                Wish::Register(errand) => deeds.errands.push(*errand),
                Wish::CallPeer(call) => deeds.calls.push(*call),
                Wish::Show(text) => deeds.shown.push(text),
                Wish::Message(text) => deeds.messages.push(text),
                Wish::Call => deeds.call = true,
                Wish::Ask(children) => deeds.asks.extend(children),
                Wish::Hand(device, order) => deeds.handed.push((device, order)),
            }
            if !self.is_on() {
                break;
            }
        }
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
}

impl Child {
    fn describe(&self, sheets: u64) -> SelfDescription {
        let Status {
            state,
            reasons,
            counters,
        } = reading(sheets);
        SelfDescription {
            identification: self.entry.identification.clone(),
            status: OwnStatus {
                boot: 1,
                seq: self.seq,
                age: Seconds::ZERO,
                state,
                reasons,
                counters,
            },
        }
    }
}

impl Deeds {
    fn append(&mut self, mut more: Self) {
        self.sends.append(&mut more.sends);
        self.shown.append(&mut more.shown);
        self.errands.append(&mut more.errands);
        self.calls.append(&mut more.calls);
        self.messages.append(&mut more.messages);
        self.asks.append(&mut more.asks);
        self.handed.append(&mut more.handed);
        self.call |= more.call;
        self.writes += more.writes;
        self.cut = self.cut.or(more.cut);
        self.declined |= more.declined;
    }
}

fn reading(sheets: u64) -> Status {
    let total = Counted {
        media_sheets_completed: Counter::new(sheets).ok(),
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

fn entry_at(number: usize, address: &LanAddress) -> DeviceEntry {
    let mut entry = entry(number);
    entry.contacts.address = Some(address.clone());
    entry
}
