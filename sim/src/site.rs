//! What happens at the site: power, deadlines, and carrying out what machines answer.

use crate::clock::draw_seed;
use crate::mail::Origin;
use crate::parcel::{Header, Parcel};
use crate::unit::{Deeds, Event as Input};
use crate::world::{Event, World};

impl World {
    pub(crate) fn alarm(&mut self, unit: usize, number: u64) {
        if self.units[unit].alarm == number {
            self.unit(unit, Input::TimePassed);
        }
    }

    pub(crate) fn power_on(&mut self, unit: usize) {
        if self.units[unit].is_on() {
            return;
        }
        self.tell(|| format!("{} is switched on", self.units[unit].name));
        let seed = draw_seed(&mut self.rng);
        let deeds = self.units[unit].switch_on(self.now, &seed);
        self.carry_out(unit, deeds);
    }

    /// Something happens to a unit.
    pub(crate) fn unit(&mut self, unit: usize, input: Input) {
        let seed = draw_seed(&mut self.rng);
        let deeds = self.units[unit].handle(self.now, &seed, input);
        self.carry_out(unit, deeds);
    }

    fn carry_out(&mut self, unit: usize, deeds: Deeds) {
        self.coverage
            .add("machine: write to memory", deeds.writes.into());
        if deeds.declined {
            self.coverage.note("machine: input declined");
        }
        for shown in &deeds.shown {
            self.tell(|| format!("{} shows: {shown}", self.units[unit].name));
        }
        for send in deeds.sends {
            self.found.kept_before_use(&self.units[unit], &send);
            let origin = Origin::Unit {
                unit,
                boot: self.units[unit].boots(),
                exchange: send.exchange,
            };
            let from = self.units[unit].address;
            let header = Header::of(&send.presented);
            self.post(origin, Parcel::device(from, header, &send.request));
        }
        if let Some(word) = deeds.cut {
            self.coverage.note(word);
            self.tell(|| format!("{}: {word}", self.units[unit].name));
            let off = self.rng.u64(10..120_000);
            self.schedule(off, Event::PowerOn(unit));
        }
        self.set_alarm(unit);
    }

    fn set_alarm(&mut self, unit: usize) {
        self.units[unit].alarm += 1;
        let number = self.units[unit].alarm;
        if let Some(at) = self.units[unit].deadline() {
            let after = at.saturating_sub(self.now);
            self.schedule(after, Event::Alarm { unit, number });
        }
    }
}
