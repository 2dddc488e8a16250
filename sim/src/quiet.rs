//! The quiet after the faults, and invariant 7: everybody with a valid code and a free slot is
//! active within three exchanges.
//!
//! First the line is mended, everything is switched on, and whoever is enrolling with a code that
//! still opens something has to get through by itself. Then every device that is not active is
//! given a fresh code, and has to get through with that. Waiting because strangers from the same
//! address were throttled is not an exchange: nothing was evaluated.

use std::collections::BTreeMap;

use restante_core::code::ProvisionalCode;
use restante_core::id::{DeviceId, GrantId};
use restante_core::record::{Instruction, State as Standing};
use restante_core::registrant::{Attempt, Phase};
use restante_core::time::{Seconds, Timestamp};

use crate::check::{Invariant, duties};
use crate::clock::Moment;
use crate::link::Weather;
use crate::machine::Event as Input;
use crate::unit::Unit;
use crate::world::{Event, World};

impl World {
    /// Plays the script to its end.
    pub fn run_script(&mut self) {
        let end = self.scenario.length * 2;
        while self.script_goes_on() && self.violations().is_empty() && self.step(end) {}
    }

    /// Ends all faults and sees whether everybody gets through.
    pub fn quiet(&mut self) {
        if !self.violations().is_empty() {
            return;
        }
        self.tell(|| "— quiet".to_owned());
        self.mend();
        let waiting = self.who_should_get_through();
        let watched = self.watch(waiting.iter().map(|(unit, _)| *unit));
        self.wait_for(&watched);
        for ((_, attempt), watched) in waiting.iter().zip(watched) {
            if !self.slots_went_to_others(attempt) {
                self.gets_through(watched, "with the code that it had");
            }
        }
        self.settle();
        let given = self.give_fresh_codes();
        self.wait_for(&given);
        for given in given {
            self.gets_through(given, "with a fresh code");
        }
        self.bring_to_an_end();
        self.look_at_disk();
    }

    fn watch(&mut self, units: impl Iterator<Item = usize>) -> Vec<(usize, u64)> {
        units
            .map(|unit| (unit, self.units[unit].watch_use()))
            .collect()
    }

    /// Lets time pass until all of these are active, for so long that nothing else can help.
    fn wait_for(&mut self, units: &[(usize, u64)]) {
        let until = self.now + PATIENCE;
        let waits = |world: &Self| {
            let mut units = units.iter();
            units.any(|(unit, before)| world.exchanges(*unit, *before).is_none())
        };
        while waits(self) && self.violations().is_empty() && self.step(until) {}
    }

    /// Lets time pass until whoever was enrolling is active or waits for a person.
    fn settle(&mut self) {
        let until = self.now + PATIENCE;
        let restless = [Phase::Enrolling, Phase::Enrolled, Phase::Leaving];
        let moves = |world: &Self| world.units.iter().any(|it| restless.contains(&it.phase()));
        while moves(self) && self.violations().is_empty() && self.step(until) {}
    }

    /// Invariant 8 in the end: whatever waits for a device that comes is brought to an end.
    fn bring_to_an_end(&mut self) {
        let every = Moment::from(self.scenario.interval) * 1_000;
        let until = self.now + 3 * every + LONGEST_ERRAND;
        let waits = |world: &Self| world.units.iter().any(|it| world.waits_for(it).is_some());
        while self.violations().is_empty() && waits(self) {
            // Looking at all mailboxes after every step would cost more than the steps.
            let next = (self.now + every / 8).min(until);
            self.run(next);
            if next == until {
                break;
            }
        }
        if !self.violations().is_empty() {
            return;
        }
        let waiting = self.units.iter().map(|unit| self.waits_for(unit));
        let waiting: Vec<_> = waiting
            .map(|it| it.map(|(device, it)| (device, it.id)))
            .collect();
        for waits in waiting {
            self.found
                .that(Invariant::Instructions, waits.is_none(), || {
                    format!("a device that comes was never rid of {waits:?}")
                });
        }
        self.coverage.note("quiet: nothing waits");
    }

    /// What waits for a unit that comes: it lies there for a device for which the unit and its
    /// registration speak.
    fn waits_for(&self, unit: &Unit) -> Option<(DeviceId, &Instruction)> {
        let holding = unit.holding().filter(|_| unit.is_in_use())?;
        let registration = self.state.registration(holding.code.registration())?;
        let members = holding.members.iter().map(|member| member.device);
        let mut spoken_for = members.filter(|it| duties::speaks_for(&registration.state, *it));
        // What has run out may lie there until somebody looks; and where the clock has gone back,
        // time stands still, and what is to be done later is not due yet.
        let now = self.judged();
        let due = |it: &&Instruction| it.not_before.is_none_or(|at| at <= now);
        let lies = |it: &&Instruction| it.expires > now && due(it);
        spoken_for.find_map(|device| Some((device, self.state.open(device).iter().find(lies)?)))
    }

    /// Mends the line, switches everything on, and has the operator accept the clock.
    fn mend(&mut self) {
        self.weather = Weather::FAIR;
        self.clear_line();
        for node in 0..self.nodes.len() {
            self.nodes[node].calm();
            self.schedule(0, Event::Restart(node));
        }
        for unit in 0..self.units.len() {
            self.units[unit].calm();
            self.schedule(0, Event::PowerOn(unit));
        }
        self.run(self.now + 1_000);
        for _ in 0..2 {
            self.accept_clock();
            self.run(self.now + 1_000);
        }
    }

    /// Units that are enrolling with a code that opens something for all of them, and what each of
    /// them has under way.
    fn who_should_get_through(&self) -> Vec<(usize, Attempt)> {
        let mut taken = BTreeMap::new();
        let mut waiting = Vec::new();
        for (number, unit) in self.units.iter().enumerate() {
            let enrolling = matches!(unit.phase(), Phase::Enrolling | Phase::Enrolled);
            let attempt = unit.attempt().filter(|_| enrolling);
            if let Some(attempt) = attempt
                && self.code_opens(&attempt, &mut taken)
            {
                waiting.push((number, attempt));
            }
        }
        waiting
    }

    /// Whether others with the same code were faster, so that too few slots are left for this one
    /// and nothing was registered for it: a gateway that was still calling its children, say.
    fn slots_went_to_others(&self, attempt: &Attempt) -> bool {
        let code = attempt.code.to_text();
        let issued = self.witness.codes.get(&code);
        let grant = issued.and_then(|issued| self.state.grant(issued.grant));
        let free = grant.map_or(0, |grant| usize_of(grant.slots.free()));
        let enrolments = &self.witness.enrolments;
        !enrolments.contains_key(&(code, attempt.request))
            && free < attempt.devices.as_slice().len()
    }

    /// Whether the code that a unit is enrolling with still opens something for it, besides those
    /// that were `taken` into account before.
    fn code_opens(&self, attempt: &Attempt, taken: &mut BTreeMap<GrantId, usize>) -> bool {
        let code = attempt.code.to_text();
        let Some(issued) = self.witness.codes.get(&code) else {
            return false;
        };
        let Some(grant) = self.state.grant(issued.grant) else {
            return false;
        };
        let until = |at: Timestamp| at > self.judged().after(LONG);
        let told = self.witness.enrolments.get(&(code, attempt.request));
        let registration = told.and_then(|told| self.state.registration(told.registration));
        let open = match registration.map(|it| &it.state) {
            Some(Standing::Pending(pending)) => until(pending.gives_back),
            Some(_) => false,
            None => {
                let taken = taken.entry(issued.grant).or_default();
                *taken += attempt.devices.as_slice().len();
                until(grant.expires) && usize_of(grant.slots.free()) >= *taken
            }
        };
        open && !grant.is_revoked()
    }

    /// A dealer has a fresh code issued for each unit that is not active, and a person enters it.
    fn give_fresh_codes(&mut self) -> Vec<(usize, u64)> {
        let mut given = Vec::new();
        for unit in 0..self.units.len() {
            let devices = self.units[unit].present().len();
            if self.units[unit].is_in_use() || devices > usize_of(self.scenario.ceiling) {
                continue;
            }
            let code = self.fresh_code();
            // It may have got through by itself meanwhile.
            let Some(code) = code.filter(|_| !self.units[unit].is_in_use()) else {
                continue;
            };
            given.push((unit, self.units[unit].watch_use()));
            self.unit(unit, Input::CodeEntered(code));
            self.run(self.now + 2_000);
        }
        given
    }

    fn fresh_code(&mut self) -> Option<ProvisionalCode> {
        let before = self.own.people.codes.len();
        // The dealer may find that its token is revoked, and then asks for another one.
        for _ in 0..3 {
            self.issue_code(0, 0, None, None);
            self.run(self.now + 2_000);
        }
        // An older code can still come in meanwhile, its letter having taken a slow way.
        let received = self.own.people.codes.get(before..)?;
        let newest = received.iter().max_by_key(|known| known.grant)?;
        Some(newest.code.clone())
    }

    /// After how many exchanges a unit has come into use, if it has. That another registration may
    /// take its device over afterwards does not matter.
    fn exchanges(&self, unit: usize, before: u64) -> Option<u64> {
        let came = self.units[unit].came_into_use()?;
        Some(came.saturating_sub(before))
    }

    fn gets_through(&mut self, (unit, before): (usize, u64), how: &str) {
        let it = &self.units[unit];
        let text = format!("{} is {} {how}", it.name, it.phase());
        let exchanges = self.exchanges(unit, before);
        let through = exchanges.is_some_and(|exchanges| exchanges <= 3);
        if self.violations().is_empty() {
            self.found.that(Invariant::GetsThrough, through, || {
                format!("{text} after {exchanges:?} exchanges")
            });
            self.coverage.note("quiet: got through");
        }
    }

    fn judged(&self) -> Timestamp {
        self.wall().max(self.state.highest().unwrap_or_default())
    }
}

fn usize_of(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The widest back-off, an hour's throttle, and some exchanges.
const PATIENCE: Moment = 4 * 3_600_000;
/// A registration for a service is given up after half a day; the delivery of what a power cut has
/// made a device forget is over a day after it was taken.
const LONGEST_ERRAND: Moment = 2 * 86_400_000;
/// A code that opens something for so long is surely good for the next attempt.
const LONG: Seconds = Seconds::new(6 * 3_600);
