//! A unit: a machine with a memory that outlives its power, and a clock that only cases move.
//!
//! A write to the memory is whole or does not happen. The power can fail right before or right
//! after a write; what the machine wanted to do afterwards is then lost, and a new machine begins
//! with what the memory holds. Time passes in whole steps to the next thing that is due.

use std::collections::VecDeque;
use std::sync::Arc;

use restante_core::machine::Machine;
use restante_core::registrant::{self, InputError, KeptError, Standing};
use restante_core::wire::DeviceEntry;
use restante_core::wire::enrol::MaxMessage;
use restante_core::wire::site::CarryOut;
use restante_core::{Seed, Uptime};
use restante_device::act::Errand;
use restante_store::Entropy as _;
use serde_json::{Value, json};

use crate::bundled::DrawnEntropy;

use super::children::Child;
use super::kind::{Deed, Happening, Kind, Outgoing};

/// A machine of this kind, of whatever make.
pub type Boxed<K> = Box<
    dyn Machine<Input = <K as Kind>::Input, Output = <K as Kind>::Output, Error = InputError>
        + Send,
>;

/// Makes a machine whenever the power comes on.
pub type Make<K> = Arc<dyn Fn(&Seat) -> Boxed<K> + Send + Sync>;

/// What a machine is told about where it sits.
#[derive(Clone, Debug)]
pub struct Seat {
    /// Which device it is; a gateway is none.
    pub entry: DeviceEntry,
    /// The largest message that it can take.
    pub max_message: Option<MaxMessage>,
}

/// A machine, its memory and its power.
pub struct Unit<K: Kind> {
    make: Make<K>,
    entropy: DrawnEntropy,
    machine: Option<Boxed<K>>,
    memory: Option<Vec<u8>>,
    now: u64,
    switched_on: u64,
    boots: u32,
    cut: Option<Cut>,
    agenda: Vec<(u64, Happening)>,
    shown: Vec<String>,
    /// Where it sits.
    pub seat: Seat,
    /// Who answers its general call.
    pub children: Vec<Child>,
    /// Whether its children are on a LAN instead, so that whoever drives it runs its errands.
    pub on_lan: bool,
    /// What it wants of its LAN and nobody has fetched.
    pub errands: VecDeque<Errand>,
    /// What it has sent and nobody has fetched, and in which boot: what was sent before the power
    /// failed is on its way.
    pub outgoing: VecDeque<(u32, Outgoing)>,
    /// The same of what goes to services' servers.
    pub registrations: VecDeque<(u32, registrant::Errand)>,
    /// The same of what goes to peers.
    pub calls: VecDeque<(u32, registrant::PeerCall)>,
}

/// When the power fails next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Right before the next write to the memory.
    Keeping,
    /// Right after it.
    Kept,
}

/// Why a unit does not do what it is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnitError {
    /// It is switched off.
    #[error("it is switched off")]
    Off,
    /// This kind of machine does not know that.
    #[error("this kind of machine knows nothing of that")]
    Foreign,
    /// The machine does not take it now.
    #[error(transparent)]
    Input(#[from] InputError),
    /// What the memory holds cannot be used.
    #[error(transparent)]
    Kept(#[from] KeptError),
    /// Its deadline stays in the past.
    #[error("the machine's deadline has passed, and it does nothing about it")]
    Stuck,
}

impl<K: Kind> Unit<K> {
    /// A unit as it left the factory, switched off.
    #[must_use]
    pub fn new(make: Make<K>, seat: Seat, entropy: DrawnEntropy) -> Self {
        Self {
            make,
            entropy,
            machine: None,
            memory: None,
            now: 0,
            switched_on: 0,
            boots: 0,
            cut: None,
            agenda: Vec::new(),
            shown: Vec::new(),
            seat,
            children: Vec::new(),
            on_lan: false,
            errands: VecDeque::new(),
            outgoing: VecDeque::new(),
            registrations: VecDeque::new(),
            calls: VecDeque::new(),
        }
    }

    /// Milliseconds since the unit was made, across its boots.
    #[must_use]
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// How often it was switched on.
    #[must_use]
    pub const fn boots(&self) -> u32 {
        self.boots
    }

    /// Switches it on with what its memory holds.
    ///
    /// # Errors
    /// [`UnitError`] if that cannot be used.
    pub fn switch_on(&mut self) -> Result<(), UnitError> {
        self.machine = Some((self.make)(&self.seat));
        self.switched_on = self.now;
        self.boots += 1;
        let input = K::booted(self.memory.as_deref())?;
        self.take(input)
    }

    /// The power fails: what is not in the memory is gone.
    pub fn switch_off(&mut self) {
        self.machine = None;
        self.cut = None;
        self.agenda.clear();
        self.errands.clear();
        self.outgoing.clear();
        self.registrations.clear();
        self.calls.clear();
    }

    /// Clears the memory.
    pub fn forget(&mut self) {
        self.memory = None;
    }

    /// The power will fail at the next write and come back at once.
    pub const fn cut_at_write(&mut self, cut: Cut) {
        self.cut = Some(cut);
    }

    /// Tells the machine what happened.
    ///
    /// # Errors
    /// [`UnitError`] if it does not take it.
    pub fn give(&mut self, happening: Happening) -> Result<(), UnitError> {
        let input = K::input(happening).ok_or(UnitError::Foreign)?;
        self.take(input)
    }

    /// When the next thing is due, if anything is.
    #[must_use]
    pub fn due(&self) -> Option<u64> {
        let machine = self.machine.as_ref()?;
        let deadline = machine.deadline().map(|at| self.absolute(at));
        let agenda = self.agenda.iter().map(|(at, _)| *at).min();
        deadline.into_iter().chain(agenda).min()
    }

    /// Lets time pass until `until`, or until it has sent something or wants something of its LAN.
    ///
    /// # Errors
    /// [`UnitError`] if the machine is stuck.
    pub fn pass(&mut self, until: u64) -> Result<(), UnitError> {
        for _ in 0..STEPS {
            let idle = self.outgoing.is_empty() && self.errands.is_empty();
            if !(idle && self.registrations.is_empty() && self.calls.is_empty()) {
                return Ok(());
            }
            match self.due().filter(|at| *at <= until) {
                None => {
                    self.now = self.now.max(until);
                    return Ok(());
                }
                Some(at) => {
                    self.now = self.now.max(at);
                    self.act_on_time()?;
                }
            }
        }
        Err(UnitError::Stuck)
    }

    /// What its display and its memory say.
    #[must_use]
    pub fn state(&self) -> Value {
        let mut state = json!({ "on": self.machine.is_some(), "shown": self.shown });
        let Some((standing, boot)) = self.memory.as_deref().and_then(K::memory) else {
            state["phase"] = json!("blank");
            return state;
        };
        state["phase"] = json!(phase(&standing));
        state["devices"] = json!(devices(&standing));
        if let Standing::NeedsPerson { need, .. } = &standing {
            state["need"] = json!(need.code.word());
        }
        if let Some(boot) = boot {
            state["boot"] = json!(boot);
        }
        state
    }

    fn take(&mut self, input: K::Input) -> Result<(), UnitError> {
        let seed = Seed::new(self.entropy.draw().unwrap_or_default());
        let now = Uptime::from_millis(self.now - self.switched_on);
        let machine = self.machine.as_mut().ok_or(UnitError::Off)?;
        let mut out = Vec::new();
        machine.handle(now, &seed, input, &mut out)?;
        for output in out {
            match self.carry_out(K::deed(output)) {
                Power::Stays => {}
                Power::Fails => {
                    let sent = core::mem::take(&mut self.outgoing);
                    self.switch_off();
                    self.outgoing = sent;
                    return self.switch_on();
                }
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, deed: Deed) -> Power {
        match deed {
            Deed::Keep(bytes) => {
                let cut = self.cut.take();
                if cut != Some(Cut::Keeping) {
                    self.memory = Some(bytes);
                }
                if cut.is_some() {
                    return Power::Fails;
                }
            }
            Deed::Send(outgoing) => self.outgoing.push_back((self.boots, *outgoing)),
            Deed::Register(errand) => self.registrations.push_back((self.boots, *errand)),
            Deed::CallPeer(call) => self.calls.push_back((self.boots, *call)),
            Deed::Show(text) => self.shown.push(text),
            Deed::Call if self.on_lan => self.errands.push_back(Errand::Call),
            Deed::Ask(asked) if self.on_lan => self.errands.push_back(Errand::Ask(asked)),
            Deed::Hand(child, order) if self.on_lan => {
                self.errands.push_back(Errand::Hand(child, order));
            }
            Deed::Call => self.call(),
            Deed::Ask(asked) => asked.iter().for_each(|ask| self.ask(ask)),
            Deed::Hand(child, order) => self.hand(&child, *order),
        }
        Power::Stays
    }

    fn call(&mut self) {
        let hearing = self.children.iter().filter(|child| !child.silent);
        let answers = hearing.map(|child| {
            let answer = Happening::CallAnswered(Box::new(child.entry()));
            (self.now + child.answers_after, answer)
        });
        self.agenda.extend(answers);
    }

    fn ask(&mut self, ask: &restante_core::gateway::Ask) {
        let there = |child: &&Child| ask.address.is_some() && child.contacts.address == ask.address;
        let Some(child) = self.children.iter().find(there) else {
            return;
        };
        if let Some(own) = child.own() {
            let answer = Happening::ChildAnswered(ask.device, Box::new(own));
            self.agenda.push((self.now + child.self_after, answer));
        }
    }

    fn hand(&mut self, ask: &restante_core::gateway::Ask, order: CarryOut) {
        let there = |child: &&Child| ask.address.is_some() && child.contacts.address == ask.address;
        let Some(child) = self.children.iter().find(there) else {
            return;
        };
        if let Some(done) = child.carried_out(order) {
            let answer = Happening::ChildDone(ask.device, Box::new(done));
            self.agenda.push((self.now + child.carry_out_after, answer));
        }
    }

    /// Does what is due now: first what was awaited, then what the machine's own deadline asks for.
    fn act_on_time(&mut self) -> Result<(), UnitError> {
        let due = self.agenda.iter().position(|(at, _)| *at <= self.now);
        match due {
            Some(at) => {
                let (_, happening) = self.agenda.remove(at);
                self.give(happening)
            }
            None => self.give(Happening::TimePassed),
        }
    }

    fn absolute(&self, at: Uptime) -> u64 {
        self.switched_on.saturating_add(at.as_millis())
    }
}

/// Whether the power outlives a deed.
enum Power {
    Stays,
    Fails,
}

/// Where a unit stands, in one word.
fn phase(standing: &Standing) -> &'static str {
    match standing {
        Standing::Blank {} => "blank",
        Standing::Enrolling { .. } => "enrolling",
        Standing::Enrolled { holding } if holding.unused.is_some() => "enrolled",
        Standing::Enrolled { .. } => "in-use",
        Standing::Rotating { .. } => "rotating",
        Standing::Leaving { .. } => "leaving",
        Standing::NeedsPerson { .. } => "needs-person",
        _ => "unknown",
    }
}

/// How many devices it speaks for.
fn devices(standing: &Standing) -> usize {
    match standing {
        Standing::Enrolled { holding }
        | Standing::Rotating { holding, .. }
        | Standing::Leaving { holding } => holding.members.len(),
        _ => 0,
    }
}

/// Steps without a request before a machine counts as stuck: a month of silent minutes.
const STEPS: u32 = 50_000;
