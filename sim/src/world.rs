//! The world: everything in it, and the loop that lets one thing happen after the other.
//!
//! Nothing happens by itself: a queue in order of time holds what is to come, and each step takes
//! the first of it. A step is one input of a machine, one message on the line, or one store
//! operation of one call; after each the checks look at what is durable and at who was told what.

use std::collections::BTreeMap;
use std::sync::Arc;

use restante_core::Timestamp;
use restante_core::center::{Center, Decide, Keys, Policy};
use restante_core::record::Row;
use restante_core::time::Seconds;
use restante_crypto::RingCrypto;
use restante_store::memory::Held;

use crate::catalogue;
use crate::center::{Node, Running, Shared};
use crate::check::{Found, Violation};
use crate::clock::{BEGINNING, Dice, Moment, Wall};
use crate::coverage::Coverage;
use crate::disk::Disk;
use crate::link::Weather;
use crate::machine::Event as Input;
use crate::mail::{Mail, Origin};
use crate::party::{CENTER, FIRST, OTHER, Own};
use crate::scenario::Scenario;
use crate::state::State;
use crate::unit::Unit;
use crate::witness::Witness;

/// One simulated world.
pub struct World {
    /// What it is made of.
    pub scenario: Scenario,
    /// The devices and gateways.
    pub units: Vec<Unit>,
    /// What lies in the store.
    pub state: State,
    /// Who was told what.
    pub witness: Witness,
    /// What happened how often.
    pub coverage: Coverage,
    /// What the checks have found.
    pub found: Found,
    pub(crate) now: Moment,
    pub(crate) own: Own,
    pub(crate) waiting: Vec<Own>,
    pub(crate) party: usize,
    pub(crate) weather: Weather,
    pub(crate) mail: Vec<Mail>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) disk: Disk,
    pub(crate) wall: Wall,
    pub(crate) dice: Dice,
    pub(crate) shared: Shared,
    pub(crate) calls: BTreeMap<u64, Running>,
    pub(crate) tickets: u64,
    pub(crate) steps: u64,
    skew: i64,
    queue: BTreeMap<(Moment, u64), Event>,
    trace: bool,
}

/// What is to come.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The next line of the script.
    Script(usize),
    /// A unit's deadline.
    Alarm { unit: usize, number: u64 },
    /// A unit's power comes back.
    PowerOn(usize),
    /// What a child has said arrives at its gateway, if that was not switched off meanwhile.
    Child {
        unit: usize,
        boot: u64,
        input: Box<Input>,
    },
    /// A request arrives at the center.
    Arrive(usize),
    /// A call goes on.
    Go(u64),
    /// An answer arrives, or the news that none will.
    Reply { mail: usize, bytes: Option<Vec<u8>> },
    /// A node ticks.
    Tick(usize),
    /// A node ticks because there is something for it to do.
    Job(usize),
    /// A node comes back.
    Restart(usize),
    /// A commit that was on its way arrives.
    Deliver(usize),
}

impl World {
    /// The world of this scenario, with the real center.
    #[must_use]
    pub fn new(scenario: Scenario) -> Self {
        let center = center(&scenario);
        Self::deciding(scenario, Arc::new(center))
    }

    /// The world of this scenario, in which somebody else decides.
    #[must_use]
    pub fn deciding(scenario: Scenario, decide: Arc<dyn Decide>) -> Self {
        let (disk, wall) = (Disk::empty(), Wall::default());
        let parties = if scenario.beside.is_some() { 3 } else { 1 };
        let dice = Dice::new(scenario.seed ^ DICE, parties);
        let shared = Shared::new(decide);
        let node = |_| Node::start(&shared, &disk, &wall, &dice);
        let nodes = (0..scenario.nodes).map(node).collect();
        let mut world = Self {
            units: units(&scenario),
            state: State::default(),
            witness: Witness::default(),
            coverage: Coverage::default(),
            found: Found::default(),
            now: 0,
            own: Own::new(scenario.seed ^ CHANCE, scenario.dealers),
            waiting: waiting(&scenario),
            party: FIRST,
            weather: scenario.weather,
            mail: Vec::new(),
            nodes,
            disk,
            skew: 0,
            wall,
            dice,
            shared,
            calls: BTreeMap::new(),
            queue: BTreeMap::new(),
            tickets: 0,
            steps: 0,
            trace: false,
            scenario,
        };
        world.begin();
        world
    }

    /// Prints what happens from now on.
    #[must_use]
    pub fn traced(mut self, trace: bool) -> Self {
        self.trace = trace;
        self
    }

    fn begin(&mut self) {
        self.show_wall();
        if self.is_twin() {
            self.turn(CENTER);
        }
        self.define_services();
        self.turn(FIRST);
        self.hire();
        if self.scenario.has_other() {
            self.turn(OTHER);
            self.hire();
            self.turn(FIRST);
        }
        for unit in 0..self.units.len() {
            self.schedule(1, Event::PowerOn(unit));
        }
        for node in 0..self.nodes.len() {
            self.schedule(node as u64 + 1, Event::Tick(node));
        }
        let first = self.scenario.script.first().map_or(0, |line| line.after);
        self.schedule(FIRST_LINE + first, Event::Script(0));
    }

    /// Lets the next thing happen; `false` if nothing more is to come before `until`.
    pub fn step(&mut self, until: Moment) -> bool {
        match self.queue.first_key_value() {
            Some(((at, _), _)) if *at <= until => {}
            _ => {
                self.now = self.now.max(until);
                self.show_wall();
                return false;
            }
        }
        let Some(((at, _), event)) = self.queue.pop_first() else {
            return false;
        };
        self.now = self.now.max(at);
        self.steps += 1;
        self.show_wall();
        self.turn(self.whose(&event));
        match event {
            Event::Script(line) => self.script(line),
            Event::Alarm { unit, number } => self.alarm(unit, number),
            Event::PowerOn(unit) => self.power_on(unit),
            Event::Child { unit, boot, input } => self.child_says(unit, boot, *input),
            Event::Arrive(mail) => self.arrive(mail),
            Event::Go(call) => self.go(call),
            Event::Reply { mail, bytes } => self.reply(mail, bytes),
            Event::Tick(node) => self.tick(node),
            Event::Job(node) => self.job(node),
            Event::Restart(node) => self.restart(node),
            Event::Deliver(node) => self.deliver(node),
        }
        true
    }

    /// Whose turn an event is.
    fn whose(&self, event: &Event) -> usize {
        if !self.is_twin() {
            return FIRST;
        }
        match event {
            Event::Alarm { unit, .. } | Event::PowerOn(unit) | Event::Child { unit, .. } => {
                self.party_of(*unit)
            }
            Event::Arrive(mail) | Event::Reply { mail, .. } => self.mail[*mail].party,
            Event::Script(line) => {
                let line = self.scenario.script.get(*line);
                line.map_or(CENTER, |line| line.party)
            }
            Event::Go(_)
            | Event::Tick(_)
            | Event::Job(_)
            | Event::Restart(_)
            | Event::Deliver(_) => CENTER,
        }
    }

    /// After a script without quiet: what is on its way arrives, and devices go on for a while.
    pub(crate) fn run_on(&mut self) {
        self.run(self.now + self.scenario.length / 4);
    }

    /// Goes on until `until`, or until a check has found something.
    pub fn run(&mut self, until: Moment) {
        while self.found.violations.is_empty() && self.step(until) {}
    }

    /// What has been found wrong.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.found.violations
    }

    /// How many steps it has taken.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// What the center's wall clock shows.
    #[must_use]
    pub fn wall(&self) -> Timestamp {
        self.wall.read()
    }

    /// Something happens to the disk behind everybody's back; then it is looked at, as after a
    /// crash.
    pub fn damage(&mut self, damage: impl FnOnce(Vec<Row>) -> Vec<Row>) {
        let held = self.disk.held();
        let rows = held.rows().map(|row| row.as_ref().clone()).collect();
        self.disk
            .replace(Held::restored(damage(rows), held.floor()));
        self.look_at_disk();
    }

    /// The center's wall clock jumps by so many seconds.
    pub fn jump(&mut self, by: i64) {
        self.skew = self.skew.saturating_add(by.saturating_mul(1_000));
        self.show_wall();
    }

    fn show_wall(&mut self) {
        let millis = BEGINNING
            .saturating_add(self.now)
            .saturating_add_signed(self.skew);
        self.wall.show(Timestamp::from_millis(millis));
        self.witness.saw_wall(self.wall.read());
    }

    pub(crate) fn schedule(&mut self, after: Moment, event: Event) {
        self.tickets += 1;
        self.queue.insert((self.now + after, self.tickets), event);
    }

    /// What strangers and the line itself have under way gets lost.
    pub(crate) fn clear_line(&mut self) {
        let mail = &self.mail;
        self.queue.retain(|_, event| match event {
            Event::Arrive(number) => matches!(
                mail[*number].origin,
                Origin::Unit { .. } | Origin::Errand { .. }
            ),
            _ => true,
        });
    }

    /// Whether the script has lines left.
    pub(crate) fn script_goes_on(&self) -> bool {
        let mut queue = self.queue.values();
        queue.any(|event| matches!(event, Event::Script(_)))
    }

    pub(crate) fn tell(&self, text: impl FnOnce() -> String) {
        if self.trace {
            let (seconds, millis) = (self.now / 1_000, self.now % 1_000);
            println!("{:>7} {seconds:>8}.{millis:03}  {}", self.steps, text());
        }
    }
}

/// The devices and gateways of a scenario.
fn units(scenario: &Scenario) -> Vec<Unit> {
    let devices = (0..scenario.devices).map(Unit::device);
    let gateways = scenario.gateways.iter().enumerate();
    let gateways = gateways.map(|(number, children)| Unit::gateway(number, *children));
    let beside = scenario.beside.filter(|beside| beside.present);
    let others = (0..beside.map_or(0, |beside| beside.devices)).map(Unit::other_device);
    devices.chain(gateways).chain(others).collect()
}

/// The parties besides the first one.
fn waiting(scenario: &Scenario) -> Vec<Own> {
    let seed = |party: usize| (scenario.seed ^ CHANCE).rotate_left(8 * party as u32);
    scenario.beside.map_or_else(Vec::new, |beside| {
        vec![
            Own::new(seed(OTHER), beside.dealers),
            Own::new(seed(CENTER), 0),
        ]
    })
}

/// The real center of a scenario.
///
/// # Panics
/// Never: its keys are given here.
#[must_use]
pub fn center(scenario: &Scenario) -> Center<RingCrypto> {
    let keys = Keys::new([7; 32], vec![(1, [8; 32]), (2, [9; 32])]);
    let every = Seconds::new(scenario.interval.max(1));
    let policy = Policy {
        poll: every,
        report_status: every,
        devices_per_grant: scenario.ceiling,
        service_hosts: catalogue::hosts(),
        ..Policy::default()
    };
    Center::new(RingCrypto, keys.expect("two versions"), policy)
}

/// The script begins when everything is switched on and the people have their tokens.
const FIRST_LINE: Moment = 2_000;
/// Makes the center's randomness another sequence than the world's.
const DICE: u64 = 0x6469_6365;
/// Makes the world's randomness another sequence than the scenario's.
const CHANCE: u64 = 0x6368_616e;
