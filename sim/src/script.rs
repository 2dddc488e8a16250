//! Carries out the script: one line after the other, each turned into what it means here and now.

use restante_core::limits::CODE_VALIDITY_MIN;
use restante_core::time::Seconds;

use crate::disk::Fault;
use crate::machine::Event as Input;
use crate::party::{FIRST, OTHER};
use crate::scenario::Happening;
use crate::world::{Event, World};

impl World {
    /// Carries out one line and sets the time for the next.
    pub(crate) fn script(&mut self, number: usize) {
        let Some(line) = self.scenario.script.get(number).copied() else {
            return;
        };
        self.tell(|| format!("— {:?}", line.what));
        if line.party != OTHER || self.scenario.has_other() {
            self.happens(line.what);
        }
        if let Some(next) = self.scenario.script.get(number + 1) {
            self.schedule(next.after, Event::Script(number + 1));
        }
    }

    fn happens(&mut self, what: Happening) {
        match what {
            Happening::Issue {
                dealer,
                user,
                validity,
                limit,
            } => self.issue(dealer, user, validity, limit),
            Happening::Revoke { code } => self.revoke_code(code),
            Happening::Token { dealer } => self.change_token(dealer),
            Happening::Look { dealer } => self.look(dealer),
            Happening::Accept => self.accept_clock(),
            Happening::Jump { by } => self.clock_jumps(by),
            Happening::Store { node, skip, fault } => self.trouble(node, skip, fault),
            Happening::Kill { node } => self.kill(node),
            Happening::Stranger { attack, choice } => self.stranger(attack, choice),
            Happening::Instruct { choice, acts } => self.instruct(choice, acts),
            Happening::CallOff { choice } => self.call_off(choice),
            Happening::Apply { choice, service } => self.apply(choice, service),
            Happening::Withdraw { choice } => self.withdraw(choice),
            Happening::StopUse { choice, service } => self.stop_use(choice, service),
            Happening::Child { unit, .. } => {
                let gateways = self.scenario.gateways.len();
                let gateway = unit.checked_rem(gateways).filter(|_| self.party == FIRST);
                if let Some(gateway) = gateway {
                    self.at_unit(self.scenario.devices + gateway, what);
                }
            }
            Happening::Enter { unit, .. }
            | Happening::Rotate { unit }
            | Happening::Leave { unit }
            | Happening::Work { unit }
            | Happening::PowerCut { unit, .. }
            | Happening::PowerCutAtWrite { unit, .. } => {
                if let Some(unit) = self.own_unit(unit) {
                    self.at_unit(unit, what);
                }
            }
        }
    }

    fn at_unit(&mut self, unit: usize, what: Happening) {
        if !self.units[unit].is_on() {
            return self.coverage.note("site: nobody at home");
        }
        match what {
            Happening::Enter { code, .. } => {
                if let Some(known) = self.own.people.code(code) {
                    let code = known.code.clone();
                    self.coverage.note("site: code entered");
                    self.unit(unit, Input::CodeEntered(code));
                }
            }
            Happening::Rotate { .. } => self.unit(unit, Input::Rotate),
            Happening::Leave { .. } => self.unit(unit, Input::Leave),
            Happening::Work { .. } => {
                let worked = self.units[unit].work();
                self.unit(unit, worked);
            }
            Happening::Child { child, found, .. } => self.child(unit, child, found),
            Happening::PowerCut { off, .. } => {
                self.coverage.note("power: cut");
                self.units[unit].switch_off();
                self.schedule(off, Event::PowerOn(unit));
            }
            Happening::PowerCutAtWrite { skip, after, .. } => {
                self.units[unit].cut_at_write(skip, after);
            }
            _ => {}
        }
    }

    /// A child is switched on and announces itself, or goes; a person has one that went removed.
    fn child(&mut self, unit: usize, child: usize, found: bool) {
        let Some(entry) = self.units[unit].child(child, found) else {
            return;
        };
        if found {
            self.coverage.note("site: a child comes");
            self.unit(unit, Input::ChildThere(Box::new(entry)));
        } else if self.own.rng.bool() {
            self.coverage.note("site: a child is removed");
            self.unit(unit, Input::RemoveChild(entry.identification));
        } else {
            self.coverage.note("site: a child goes");
        }
    }

    fn issue(&mut self, dealer: usize, user: usize, validity: u64, limit: u32) {
        let millis = self.scenario.length / 1_000 * validity;
        let validity = Seconds::covering(millis).max(CODE_VALIDITY_MIN);
        let limit = (limit > 0).then(|| limit.min(self.scenario.ceiling));
        self.issue_code(dealer, user, Some(validity), limit);
    }

    fn clock_jumps(&mut self, by: i64) {
        self.coverage.note(match by {
            86_401.. => "clock: forward by more than a day",
            0.. => "clock: forward by less than a day",
            _ => "clock: back",
        });
        self.jump(by);
    }

    fn trouble(&mut self, node: usize, skip: u32, fault: Fault) {
        let node = node % self.nodes.len().max(1);
        self.nodes[node].expect(skip, fault);
    }

    fn kill(&mut self, node: usize) {
        let node = node % self.nodes.len().max(1);
        if self.nodes[node].is_up() {
            self.coverage.note("center: killed");
            self.crash(node);
        }
    }
}
