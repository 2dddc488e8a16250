//! How a gateway carries out what its children's mailboxes ask for.
//!
//! What concerns the registration it does itself: reporting for a child, and a new formal code for
//! all of them. Everything else is handed to the child that it is for, by `carry-out`, as many acts
//! at once as follow one another; the child answers for each of them. Serves spec chapter GWY.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::duty::{Key, Order};
use crate::id::DeviceId;
use crate::limits::{CARRY_OUT_TRIES, CARRY_OUT_WAIT};
use crate::registrant;
use crate::time::Uptime;
use crate::wire::instruction::Kind;
use crate::wire::site::{CarriedOut, CarryOut};
use crate::wire::{Act, ActResult, Outcome};

use super::{Gateway, News, Notice, Output};

impl<C: Crypto> Gateway<C> {
    /// Begins whatever has its turn, and asks the children that are to be reported.
    // spec: GWY-012, GWY-014
    pub(super) fn work(&mut self, now: Uptime, news: &mut News) {
        if let Some(duties) = self.registrant.duties_mut() {
            duties.pass(now, CARRY_OUT_TRIES);
        }
        while let Some(order) = self.registrant.duties_mut().and_then(|it| it.order(now)) {
            self.begin(now, order, news);
        }
        self.registrant.announce(&mut news.center);
        let told_to_report = match self.registrant.duties() {
            Some(duties) if !self.calling() => duties.here(&Act::ReportStatus).collect(),
            _ => Vec::new(),
        };
        let turn = self.round.begin_with(now, told_to_report);
        self.follow(now, turn, news);
    }

    // spec: GWY-013, GWY-015
    fn begin(&mut self, now: Uptime, order: Order, news: &mut News) {
        let key = order.key;
        let Some(first) = order.acts.first() else {
            return;
        };
        news.tell(Notice::Center(registrant::Notice::CarryingOut {
            instruction: key.instruction,
            act: Kind::new(first.kind()),
        }));
        match first {
            Act::ReportStatus => self.begin_here(key),
            Act::RotateCode => match self.registrant.rotate(&mut news.center) {
                Ok(()) => self.begin_here(key),
                Err(_) => self.over(key, &[ActResult::new(Outcome::Failed, NOT_NOW)]),
            },
            Act::Notify(_) | Act::RegisterService(_) | Act::Unknown(_) => {
                self.hand(now, order, news);
            }
        }
    }

    fn hand(&mut self, now: Uptime, order: Order, news: &mut News) {
        let key = order.key;
        let Some(handed) = handing(order) else {
            return self.over(key, &[ActResult::new(Outcome::Rejected, NOT_NOW)]);
        };
        let acts = handed.acts.as_slice().len();
        news.acts.push(Output::CarryOut {
            child: self.reach(key.device),
            order: Box::new(handed),
        });
        if let Some(duties) = self.registrant.duties_mut() {
            duties.hand(key, now.after(CARRY_OUT_WAIT), acts);
        }
    }

    /// A child has answered: what it says counts if it is about what it was handed, act by act.
    // spec: GWY-011
    pub(super) fn carried_out(&mut self, device: DeviceId, done: &CarriedOut) {
        let handed = self.registrant.duties().and_then(|it| it.handed(device));
        let key = handed.as_ref().map(|it| it.key);
        let fits =
            |it: &CarryOut| it.id == done.id && it.acts.as_slice().len() == done.results.len();
        if let (Some(key), true) = (key, handed.and_then(handing).as_ref().is_some_and(fits)) {
            self.over(key, &done.results);
        }
    }

    /// The reports that instructions asked for are over, for these children.
    pub(super) fn reported(&mut self, devices: &[DeviceId], result: &ActResult) {
        if let Some(duties) = self.registrant.duties_mut() {
            duties.here_over(&Act::ReportStatus, &|it| devices.contains(&it), result);
        }
    }

    /// The center does not want the reports that instructions asked for.
    pub(super) fn not_reported(&mut self, why: &str) {
        if let Some(duties) = self.registrant.duties_mut() {
            let result = ActResult::new(Outcome::Failed, why);
            duties.here_over(&Act::ReportStatus, &|_| true, &result);
        }
    }

    fn begin_here(&mut self, key: Key) {
        if let Some(duties) = self.registrant.duties_mut() {
            duties.begin_here(key);
        }
    }

    fn over(&mut self, key: Key, results: &[ActResult]) {
        if let Some(duties) = self.registrant.duties_mut() {
            duties.over(key, results);
        }
    }
}

/// What a child is handed of an order: all acts up to the next that the gateway does itself.
fn handing(order: Order) -> Option<CarryOut> {
    let own = |act: &Act| matches!(act, Act::ReportStatus | Act::RotateCode);
    let acts = order.acts.into_iter().take_while(|act| !own(act));
    CarryOut::of(order.key.instruction, order.from, acts.collect())
}

const NOT_NOW: &str = "it cannot be done now";
