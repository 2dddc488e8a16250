//! The device: its machine, the carrier that seals what it says, and the link that brings it over
//! the line.
//!
//! ```text
//!  panel ──▶ device ──▶ carrier ──▶ link ──▶ UART
//!  shows ◀── device ◀── carrier ◀── link ◀── UART
//! ```
//!
//! Whatever happens goes in at one end, and what follows is done until nothing follows any more.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use restante_core::carrier::{self, Carrier};
use restante_core::device::{self, Device};
use restante_core::machine::Machine;
use restante_core::registrant::{Exchange, InputError};
use restante_core::wire::DeviceEntry;
use restante_core::wire::enrol::MaxMessage;
use restante_core::{Uptime, limits};
use restante_crypto::RustCrypto;
use restante_serial::{Link, Pace, link};

use crate::memory::Memory;
use crate::seeds::Seeds;
use crate::uart::Uart;

/// A device that is switched on.
pub struct Unit {
    device: Device<RustCrypto>,
    carrier: Carrier<RustCrypto>,
    link: Link,
    memory: Memory,
    seeds: Seeds,
    line: Uart,
    /// The request whose envelope is on the line.
    under_way: Option<Exchange>,
    /// The envelope that goes next: another one is still on the line.
    next: Option<(Exchange, Vec<u8>)>,
    todo: VecDeque<Todo>,
    shown: Vec<String>,
}

/// What follows from something.
enum Todo {
    Device(device::Input),
    Carrier(carrier::Input),
    Link(link::Input),
}

impl Unit {
    /// Switches a device on that is on a cable.
    ///
    /// # Errors
    /// A sentence, where its memory cannot be read or is another device's.
    pub fn switch_on(
        now: Uptime,
        me: DeviceEntry,
        (mut seeds, line): (Seeds, Uart),
    ) -> Result<Self, String> {
        let memory = Memory::read()?;
        let (kept, carried) = (memory.device()?, memory.carrier()?);
        let carrier = Carrier::new(RustCrypto, carried);
        let most = MaxMessage::new(MAX_MESSAGE).ok();
        let drawn = seeds
            .draw()
            .draw_below(&RustCrypto, "session", u64::from(u32::MAX));
        let drawn = u32::try_from(drawn).unwrap_or_default();
        let takes = limits::SEALED_BYTES.min(MAX_ENVELOPE);
        let mut unit = Self {
            device: Device::new(RustCrypto, me, most),
            link: Link::new(drawn, Pace::cable(BITS_PER_SECOND), takes),
            memory,
            seeds,
            line,
            under_way: None,
            next: None,
            todo: VecDeque::new(),
            shown: Vec::new(),
            carrier,
        };
        let challenged = unit.carrier.challenged().map(device::Input::Challenged);
        unit.todo.extend(challenged.map(Todo::Device));
        unit.todo
            .push_back(Todo::Device(device::Input::Booted { kept }));
        unit.todo.push_back(Todo::Link(link::Input::Opened));
        unit.do_all(now)?;
        Ok(unit)
    }

    /// Something has happened to the device, which takes it or says why not.
    ///
    /// # Errors
    /// A sentence that says why the device cannot go on.
    pub fn happens(
        &mut self,
        now: Uptime,
        input: device::Input,
    ) -> Result<Result<(), InputError>, String> {
        match self.device(now, input)? {
            Ok(()) => self.do_all(now).map(Ok),
            Err(why) => Ok(Err(why)),
        }
    }

    /// Looks at the line and at the time; called at least once a millisecond.
    ///
    /// # Errors
    /// A sentence that says why the device cannot go on.
    pub fn pass(&mut self, now: Uptime) -> Result<(), String> {
        let came = self.line.take(AT_ONCE);
        if !came.is_empty() {
            self.link(now, link::Input::Received(came))?;
        }
        if self.link.deadline().is_some_and(|at| at <= now) {
            self.link(now, link::Input::TimePassed)?;
        }
        if self.device.deadline().is_some_and(|at| at <= now) {
            self.todo.push_back(Todo::Device(device::Input::TimePassed));
        }
        self.do_all(now)
    }

    /// What people at the device are told.
    pub fn shown(&mut self) -> Vec<String> {
        core::mem::take(&mut self.shown)
    }

    /// Does what follows, until nothing follows any more.
    fn do_all(&mut self, now: Uptime) -> Result<(), String> {
        while let Some(todo) = self.todo.pop_front() {
            match todo {
                Todo::Device(input) => {
                    let taken = self.device(now, input)?;
                    taken.map_err(|why| why.to_string())?;
                }
                Todo::Carrier(input) => self.carrier(now, input)?,
                Todo::Link(input) => self.link(now, input)?,
            }
        }
        Ok(())
    }

    fn device(
        &mut self,
        now: Uptime,
        input: device::Input,
    ) -> Result<Result<(), InputError>, String> {
        let mut out = Vec::new();
        if let Err(why) = self.device.handle(now, &self.seeds.draw(), input, &mut out) {
            return Ok(Err(why));
        }
        for output in out {
            match output {
                device::Output::Keep(kept) => self.memory.keep_device(&kept)?,
                device::Output::Send {
                    exchange,
                    presented,
                    request,
                    ..
                } => self.todo.push_back(Todo::Carrier(carrier::Input::Send {
                    exchange,
                    presented,
                    request,
                })),
                device::Output::Show(notice) => self.shown.push(notice.to_string()),
                // This board has no network besides its line: nobody can be called on it.
                device::Output::CallPeer(call) => {
                    let called = device::Input::PeerCalled {
                        exchange: call.exchange,
                        answered: false,
                    };
                    self.todo.push_back(Todo::Device(called));
                }
                _ => {}
            }
        }
        Ok(Ok(()))
    }

    fn carrier(&mut self, now: Uptime, input: carrier::Input) -> Result<(), String> {
        let exchange = match &input {
            carrier::Input::Send { exchange, .. } => Some(*exchange),
            _ => None,
        };
        let mut out = Vec::new();
        if let Err(why) = self
            .carrier
            .handle(now, &self.seeds.draw(), input, &mut out)
        {
            // What came is nobody's reply; what cannot be sealed is not sent.
            self.shown.push(format!("on the line: {why}"));
            let failed = exchange.map(|exchange| device::Input::LinkFailed { exchange });
            self.todo.extend(failed.map(Todo::Device));
        }
        for output in out {
            let next = match output {
                carrier::Output::Keep(kept) => {
                    self.memory.keep_carrier(kept)?;
                    continue;
                }
                carrier::Output::Transmit { exchange, envelope } => {
                    self.next = Some((exchange, envelope));
                    self.send_next();
                    continue;
                }
                carrier::Output::Challenged(challenged) => device::Input::Challenged(challenged),
                carrier::Output::Replied { exchange, reply } => {
                    device::Input::Replied { exchange, reply }
                }
                carrier::Output::Refused { exchange, refusal } => {
                    device::Input::Refused { exchange, refusal }
                }
                carrier::Output::LinkFailed { exchange } => device::Input::LinkFailed { exchange },
                _ => continue,
            };
            self.todo.push_back(Todo::Device(next));
        }
        Ok(())
    }

    fn link(&mut self, now: Uptime, input: link::Input) -> Result<(), String> {
        let mut out = Vec::new();
        let done = self.link.handle(now, &self.seeds.draw(), input, &mut out);
        done.map_err(|why| why.to_string())?;
        for output in out {
            match output {
                link::Output::Write(bytes) => self.line.send(&bytes),
                link::Output::Arrived(envelope) => {
                    let received = carrier::Input::Received(envelope);
                    self.todo.push_back(Todo::Carrier(received));
                }
                link::Output::Delivered => {
                    self.under_way = None;
                    self.send_next();
                }
                link::Output::Failed(why) => {
                    self.shown.push(format!("on the line: {why}"));
                    if let Some(exchange) = self.under_way.take() {
                        let failed = device::Input::LinkFailed { exchange };
                        self.todo.push_back(Todo::Device(failed));
                    }
                    self.send_next();
                }
            }
        }
        Ok(())
    }

    /// Has the link send what is to go next, once it is free.
    fn send_next(&mut self) {
        if self.under_way.is_none()
            && let Some((exchange, envelope)) = self.next.take()
        {
            self.under_way = Some(exchange);
            self.todo.push_back(Todo::Link(link::Input::Send(envelope)));
        }
    }
}

/// The speed of the line.
const BITS_PER_SECOND: u32 = 115_200;
/// Bytes of the longest message that this board has room for.
const MAX_MESSAGE: u32 = 8 * 1024;
/// The same in its envelope: 47 bytes of header, 16 of tag.
const MAX_ENVELOPE: usize = 8 * 1024 + 63;
/// Bytes that are taken from the line at once.
const AT_ONCE: usize = 64;
