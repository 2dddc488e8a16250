//! What a history is made of: the shape of its world, and what happens in it.
//!
//! Both are drawn from one seed before anything runs. What happens is a list, so that a failing
//! history can be cut short and still be the same up to where it ends; what the line does to each
//! message is drawn as it is sent.

use std::ops::RangeInclusive;

use fastrand::Rng;

use crate::disk::Fault;
use crate::link::Weather;
use crate::party::FIRST;

/// One seed of so many makes a fleet. With more, fleets would take most of the time.
const FLEET_EVERY: u64 = 499;
/// How many devices a fleet has: up to a large office's on one floor.
const FLEET_DEVICES: RangeInclusive<usize> = 20..=200;
/// What the shape of a fleet is drawn from, beside its seed.
const FLEET: u64 = 0x666c_6565_7400_0000;

/// The shape of one world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// What everything follows from.
    pub seed: u64,
    /// How long it takes until faults end, in milliseconds.
    pub length: u64,
    /// Single devices.
    pub devices: usize,
    /// The number of children of each gateway.
    pub gateways: Vec<usize>,
    /// Dealers, each with two users.
    pub dealers: usize,
    /// Nodes of the center on one store.
    pub nodes: usize,
    /// How often a device polls and reports, in seconds.
    pub interval: u32,
    /// How often the center ticks, in milliseconds.
    pub tick: u64,
    /// How many devices a code may register where the dealer does not narrow it.
    pub ceiling: u32,
    /// How bad the line is.
    pub weather: Weather,
    /// Whether strangers come from the address of the site.
    pub stranger_on_site: bool,
    /// The other customer, in a world of twins.
    pub beside: Option<Beside>,
    /// What happens, in order.
    pub script: Vec<Line>,
}

/// The other customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Its devices.
    pub devices: usize,
    /// Its dealers, each with two users.
    pub dealers: usize,
    /// Whether it exists. Its lines are in the script in any case.
    pub present: bool,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// So many milliseconds after the one before.
    pub after: u64,
    /// Who does it: the first party, but for twins.
    pub party: usize,
    /// What it is.
    pub what: Happening,
}

/// Something that happens. Numbers choose among what there is, modulo how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A dealer has a code issued.
    Issue {
        /// Which dealer.
        dealer: usize,
        /// For which of the two users.
        user: usize,
        /// Valid for so many thousandths of the history's length.
        validity: u64,
        /// For so many devices; the operator's ceiling at 0.
        limit: u32,
    },
    /// A dealer revokes a code.
    Revoke {
        /// Which code.
        code: usize,
    },
    /// A person enters a code at a device or gateway.
    Enter {
        /// Where.
        unit: usize,
        /// Which code.
        code: usize,
    },
    /// A person wants a new formal code.
    Rotate {
        /// Where.
        unit: usize,
    },
    /// A person wants the registration to end.
    Leave {
        /// Where.
        unit: usize,
    },
    /// A device's readings change.
    Work {
        /// Which one.
        unit: usize,
    },
    /// A gateway finds or loses a child.
    Child {
        /// Which gateway.
        unit: usize,
        /// Which child.
        child: usize,
        /// Found rather than lost.
        found: bool,
    },
    /// The power fails.
    PowerCut {
        /// Where.
        unit: usize,
        /// For so many milliseconds.
        off: u64,
    },
    /// The power fails at one of the next writes to non-volatile memory.
    PowerCutAtWrite {
        /// Where.
        unit: usize,
        /// After so many writes that go well.
        skip: u32,
        /// Right after the write rather than right before it.
        after: bool,
    },
    /// Something goes wrong at one of a node's next store operations.
    Store {
        /// Which node.
        node: usize,
        /// After so many that go well.
        skip: u32,
        /// What.
        fault: Fault,
    },
    /// A node is switched off and on.
    Kill {
        /// Which node.
        node: usize,
    },
    /// The center's wall clock jumps by so many seconds.
    Jump {
        /// Forward or back.
        by: i64,
    },
    /// The operator accepts the clock.
    Accept,
    /// The operator revokes a dealer's token and hands out another one.
    Token {
        /// Which dealer.
        dealer: usize,
    },
    /// A dealer looks at codes, devices and readings.
    Look {
        /// Which dealer.
        dealer: usize,
    },
    /// People have devices do something.
    Instruct {
        /// Which device.
        choice: usize,
        /// What, when, and whether all devices of its customer, bit by bit.
        acts: u32,
    },
    /// People call an instruction off.
    CallOff {
        /// Which one.
        choice: usize,
    },
    /// People apply for a service.
    Apply {
        /// On which device.
        choice: usize,
        /// For which service, and whether on all devices.
        service: usize,
    },
    /// People call an application off.
    Withdraw {
        /// Which one.
        choice: usize,
    },
    /// People have a device stop using a service.
    StopUse {
        /// Which device.
        choice: usize,
        /// Which service.
        service: usize,
    },
    /// A stranger tries something.
    Stranger {
        /// What.
        attack: Attack,
        /// Chooses among what there is.
        choice: usize,
    },
}

/// What a stranger can try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// A code that nobody issued.
    WrongCode,
    /// A dozen different codes that nobody issued.
    ManyWrongCodes,
    /// The same wrong code over and over.
    StaleCode,
    /// A code that it knows, with a request id of its own.
    KnownCode,
    /// A code that it knows, with a victim's request id and other content.
    KnownRequest,
    /// A formal code with a made-up secret for a registration that exists.
    ForgedFormal,
    /// A formal code that was in use once.
    OldFormal,
    /// A message that was on the line once, again.
    Replay,
    /// Bytes that are no message, or nearly one.
    Garbage,
    /// A good message with a credential of another kind, or none.
    WrongDesk,
    /// A registration code with another device, for another service, altered or left out.
    WrongPair,
    /// A registration code that was shown to its device, once more.
    KnownPair,
}

impl Attack {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::WrongCode,
        Self::ManyWrongCodes,
        Self::StaleCode,
        Self::KnownCode,
        Self::KnownRequest,
        Self::ForgedFormal,
        Self::OldFormal,
        Self::Replay,
        Self::Garbage,
        Self::WrongDesk,
        Self::WrongPair,
        Self::KnownPair,
    ];

    /// The word under which it is counted.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::WrongCode => "stranger: wrong code",
            Self::ManyWrongCodes => "stranger: many wrong codes",
            Self::StaleCode => "stranger: one wrong code often",
            Self::KnownCode => "stranger: known code",
            Self::KnownRequest => "stranger: known code and request id",
            Self::ForgedFormal => "stranger: forged formal code",
            Self::OldFormal => "stranger: old formal code",
            Self::Replay => "stranger: replay",
            Self::Garbage => "stranger: garbage",
            Self::WrongDesk => "stranger: credential of another kind",
            Self::WrongPair => "stranger: wrong pair",
            Self::KnownPair => "stranger: known pair",
        }
    }
}

impl Happening {
    /// Lets what happens at one of the first devices happen at any of so many.
    fn spread(&mut self, rng: &mut Rng, units: usize) {
        match self {
            Self::Rotate { unit }
            | Self::Leave { unit }
            | Self::Work { unit }
            | Self::PowerCut { unit, .. }
            | Self::PowerCutAtWrite { unit, .. } => *unit = rng.usize(0..units),
            _ => {}
        }
    }
}

impl Scenario {
    /// The scenario of a seed.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let length = [1_800_000, 14_400_000, 172_800_000, 864_000_000][rng.usize(0..4)];
        let happenings = rng.usize(8..48);
        let gateways = if rng.u32(0..3) == 0 {
            vec![rng.usize(1..5)]
        } else {
            Vec::new()
        };
        let mut scenario = Self {
            seed,
            length,
            devices: rng.usize(1..5),
            gateways,
            dealers: rng.usize(1..3),
            nodes: rng.usize(1..3),
            interval: u32::try_from(length / 1_000 / rng.u64(2..9)).unwrap_or(1),
            tick: (length / rng.u64(4..24)).min(21_600_000),
            ceiling: rng.u32(1..9),
            weather: Weather::draw(&mut rng),
            stranger_on_site: rng.u32(0..4) == 0,
            beside: None,
            script: Vec::new(),
        };
        let units = scenario.own_units();
        scenario.script = opening(&mut rng, scenario.dealers, units);
        let pause = length / happenings as u64;
        for _ in 0..happenings {
            let after = if rng.u32(0..3) == 0 {
                rng.u64(0..300)
            } else {
                rng.u64(0..pause * 2)
            };
            let what = ordinary(&mut rng);
            scenario.script.push(line(after, what));
        }
        if !scenario.gateways.is_empty() && rng.bool() {
            let site = comings_and_goings(&mut rng, scenario.devices);
            scenario.script.extend(site);
        }
        if seed % FLEET_EVERY == FLEET_EVERY - 1 {
            scenario.become_fleet();
        }
        scenario
    }

    /// Makes a fleet of it: dozens of devices under one code, applications for all of them, and the
    /// ordinary happenings spread over everybody. Drawn apart, so that other seeds stay what they
    /// are.
    fn become_fleet(&mut self) {
        let mut rng = Rng::with_seed(self.seed ^ FLEET);
        self.devices = rng.usize(FLEET_DEVICES);
        self.ceiling = 1_000;
        let rest = self.script.split_off(self.dealers.min(self.script.len()));
        for line in &mut self.script {
            if let Happening::Issue { limit, .. } = &mut line.what {
                *limit = 0;
            }
        }
        let units = self.own_units();
        for unit in 0..units {
            let code = rng.usize(0..self.dealers);
            let what = Happening::Enter { unit, code };
            self.script.push(line(rng.u64(0..200), what));
        }
        for _ in 0..rng.usize(2..6) {
            let (choice, service) = (rng.usize(0..64), rng.usize(0..64));
            let what = Happening::Apply { choice, service };
            self.script.push(line(rng.u64(0..self.length / 16), what));
        }
        self.script.extend(rest);
        for line in &mut self.script {
            line.what.spread(&mut rng, units);
        }
    }

    /// Whether it is one of the few with a fleet.
    #[must_use]
    pub fn is_fleet(&self) -> bool {
        FLEET_DEVICES.contains(&self.devices)
    }

    /// How many units the first party has.
    #[must_use]
    pub const fn own_units(&self) -> usize {
        self.devices + self.gateways.len()
    }

    /// Whether there is another customer.
    #[must_use]
    pub fn has_other(&self) -> bool {
        self.beside.is_some_and(|beside| beside.present)
    }
}

/// Every history begins with codes that are entered somewhere; otherwise little would happen.
pub(crate) fn opening(rng: &mut Rng, dealers: usize, units: usize) -> Vec<Line> {
    let mut script = Vec::new();
    for dealer in 0..dealers {
        script.push(line(200, issue(rng, dealer)));
    }
    for unit in 0..units {
        let code = rng.usize(0..dealers);
        let what = Happening::Enter { unit, code };
        let after = rng.u64(100..2_000);
        script.push(line(after, what));
    }
    script
}

/// A gateway's site that grows and shrinks, while what was said of it comes once more.
fn comings_and_goings(rng: &mut Rng, gateway: usize) -> Vec<Line> {
    let mut script = Vec::new();
    for place in 0..rng.usize(4..12) {
        let found = place % 2 == 0;
        let unit = gateway;
        let child = Happening::Child {
            unit: 0,
            child: rng.usize(0..8),
            found,
        };
        // A child that somebody has removed is added again once a code has been entered.
        if found {
            let code = rng.usize(0..64);
            script.push(line(rng.u64(0..120_000), Happening::Enter { unit, code }));
        }
        script.push(line(rng.u64(0..120_000), child));
        let attack = Attack::Replay;
        let choice = rng.usize(0..64);
        script.push(line(
            rng.u64(0..120_000),
            Happening::Stranger { attack, choice },
        ));
    }
    script
}

fn line(after: u64, what: Happening) -> Line {
    Line {
        after,
        party: FIRST,
        what,
    }
}

fn issue(rng: &mut Rng, dealer: usize) -> Happening {
    Happening::Issue {
        dealer,
        user: rng.usize(0..2),
        validity: [60, 250, 500, 1_500][rng.usize(0..4)],
        limit: if rng.bool() { 0 } else { rng.u32(1..6) },
    }
}

/// One happening; the more ordinary, the likelier.
pub(crate) fn ordinary(rng: &mut Rng) -> Happening {
    let unit = rng.usize(0..64);
    let code = rng.usize(0..64);
    match rng.u32(0..122) {
        0..16 => Happening::Enter { unit, code },
        16..23 => issue(rng, unit),
        23..27 => Happening::Revoke { code },
        27..34 => Happening::Rotate { unit },
        34..37 => Happening::Leave { unit },
        37..43 => Happening::Work { unit },
        43..50 => {
            let (child, found) = (code, rng.u32(0..3) > 0);
            Happening::Child { unit, child, found }
        }
        50..54 => {
            let off = rng.u64(1..600_000);
            Happening::PowerCut { unit, off }
        }
        54..62 => {
            let (skip, after) = (rng.u32(0..3), rng.bool());
            Happening::PowerCutAtWrite { unit, skip, after }
        }
        62..73 => {
            let fault = Fault::ALL[rng.usize(0..Fault::ALL.len())];
            let (node, skip) = (unit, rng.u32(0..6));
            Happening::Store { node, skip, fault }
        }
        73..75 => Happening::Kill { node: unit },
        75..79 => Happening::Jump { by: jump(rng) },
        79..81 => Happening::Accept,
        81..83 => Happening::Token { dealer: unit },
        83..85 => Happening::Look { dealer: unit },
        100..109 => {
            let acts = rng.u32(0..256);
            Happening::Instruct { choice: unit, acts }
        }
        109..111 => Happening::CallOff { choice: unit },
        111..118 => Happening::Apply {
            choice: unit,
            service: code,
        },
        118..120 => Happening::Withdraw { choice: unit },
        120..122 => Happening::StopUse {
            choice: unit,
            service: code,
        },
        _ => {
            let attack = Attack::ALL[rng.usize(0..Attack::ALL.len())];
            let choice = code;
            Happening::Stranger { attack, choice }
        }
    }
}

/// A little or a lot, forward or back; more than a day forward is what the center must not believe.
fn jump(rng: &mut Rng) -> i64 {
    let most = [60, 3_600, 80_000, 400_000, 2_000_000][rng.usize(0..5)];
    let by = rng.i64(1..=most);
    if rng.bool() { by } else { -by }
}
