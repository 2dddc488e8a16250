//! What happens at the site: power, deadlines, and carrying out what machines answer.

use restante_core::id::DeviceId;
use restante_core::wire::{Act, Acts};

use crate::catalogue;
use crate::clock::draw_seed;
use crate::machine::Event as Input;
use crate::mail::Origin;
use crate::parcel::{Header, Parcel};
use crate::posted::Effect;
use crate::unit::Deeds;
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
        let seed = draw_seed(&mut self.own.rng);
        let deeds = self.units[unit].switch_on(self.now, &seed);
        self.carry_out(unit, deeds);
    }

    /// Something happens to a unit.
    pub(crate) fn unit(&mut self, unit: usize, input: Input) {
        let seed = draw_seed(&mut self.own.rng);
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
        for text in deeds.messages {
            self.effect(unit, None, text);
        }
        for errand in deeds.errands {
            self.coverage.note("site: errand to a service");
            let origin = Origin::Errand {
                unit,
                boot: self.units[unit].boots(),
                exchange: errand.exchange,
            };
            let from = self.units[unit].address;
            if let Some(service) = catalogue::number_at(errand.url.as_str()) {
                self.post(origin, Parcel::register(from, service, &errand.message));
            }
        }
        if deeds.call {
            self.call_children(unit);
        }
        for device in deeds.asks {
            let answer = self.units[unit].ask(device);
            self.child_answers(unit, answer);
        }
        for (device, order) in deeds.handed {
            self.coverage.note("site: carry-out");
            let texts = texts_of(&order.acts);
            if let Some(answer) = self.units[unit].hand(device, *order) {
                for text in texts {
                    self.effect(unit, Some(device), text);
                }
                self.child_answers(unit, answer);
            }
        }
        if let Some(word) = deeds.cut {
            self.coverage.note(word);
            self.tell(|| format!("{}: {word}", self.units[unit].name));
            let off = self.own.rng.u64(10..120_000);
            self.schedule(off, Event::PowerOn(unit));
        }
        self.set_alarm(unit);
    }

    /// An instruction has had an effect at a device: at this unit, or at a child of it.
    fn effect(&mut self, unit: usize, child: Option<DeviceId>, text: String) {
        let unit = &self.units[unit];
        let Some(holding) = unit.holding() else {
            return;
        };
        let own = holding.members.first().map(|member| member.device);
        let Some(device) = child.or(own) else { return };
        let effect = Effect {
            device,
            text,
            own: child
                .is_none()
                .then(|| (unit.forgets(), holding.code.registration())),
        };
        self.coverage.note("site: an instruction carried out");
        self.found.carried_out(&effect, &self.witness);
        self.witness.posted.carried_out(effect);
    }

    /// The general call goes out; whoever is there answers, twice sometimes.
    fn call_children(&mut self, unit: usize) {
        self.coverage.note("site: general call");
        for child in self.units[unit].present() {
            for _ in 0..self.own.rng.usize(1..3) {
                self.child_answers(unit, Input::ChildThere(Box::new(child.clone())));
            }
        }
    }

    /// What a child says travels over the network of the site, which loses some of it on bad days.
    fn child_answers(&mut self, unit: usize, input: Input) {
        if self.own.rng.u32(0..1_000) < self.weather.drop_reply {
            return self.coverage.note("site: a child's answer lost");
        }
        let boot = self.units[unit].boots();
        let after = self.own.rng.u64(1..900);
        let input = Box::new(input);
        self.schedule(after, Event::Child { unit, boot, input });
    }

    /// What a child has said arrives at its gateway.
    pub(crate) fn child_says(&mut self, unit: usize, boot: u64, input: Input) {
        if self.units[unit].boots() == boot {
            self.unit(unit, input);
        }
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

fn texts_of(acts: &Acts) -> Vec<String> {
    let texts = acts.as_slice().iter().filter_map(|act| match act {
        Act::Notify(notify) => Some(notify.text.as_str().to_owned()),
        _ => None,
    });
    texts.collect()
}
