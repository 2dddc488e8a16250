//! How a gateway carries out what its children's mailboxes ask for.
//!
//! What concerns the registration it does itself: reporting for a child, a new formal code for all
//! of them, and registering a child for a service, for the child knows neither its id at the center
//! nor where it may go, and its line to the gateway keeps no secret. Everything else is handed to
//! the child that it is for, by `carry-out`, as many acts at once as follow one another; the child
//! answers for each of them. Serves spec chapters GWY and SVC.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::duty::Order;
use crate::id::DeviceId;
use crate::limits::{CARRY_OUT_TRIES, CARRY_OUT_WAIT};
use crate::time::Uptime;
use crate::wire::site::{CarriedOut, CarryOut};
use crate::wire::{Act, ActResult, Outcome};

use super::{Gateway, News, Output};

impl<C: Crypto> Gateway<C> {
    /// Begins whatever has its turn, and asks the children that are to be reported.
    // spec: GWY-012, GWY-014
    pub(super) fn work(&mut self, now: Uptime, news: &mut News) {
        if let Some(duties) = self.registrant.duties_mut() {
            duties.pass(now, CARRY_OUT_TRIES);
        }
        while let Some(order) = self.registrant.order(now, &mut news.center) {
            self.begin(now, order, news);
        }
        self.registrant.announce(&mut news.center);
        self.registrant.begin_calls(now, &mut news.center);
        let told_to_report = match self.registrant.duties() {
            Some(duties) if !self.calling() => duties.here(&Act::ReportStatus).collect(),
            _ => Vec::new(),
        };
        let turn = self.round.begin_with(now, told_to_report);
        self.follow(now, turn, news);
    }

    // spec: GWY-013, GWY-015, SVC-059
    fn begin(&mut self, now: Uptime, order: Order, news: &mut News) {
        let key = order.key;
        match order.acts.first() {
            None => {}
            Some(Act::ReportStatus) => self.registrant.begin_here(now, key),
            Some(act @ (Act::RotateCode | Act::RegisterService(_))) => {
                let news = &mut news.center;
                self.registrant.begin_itself(now, key, act, news);
            }
            Some(Act::Notify(_) | Act::Unknown(_)) => self.hand(now, order, news),
        }
    }

    fn hand(&mut self, now: Uptime, order: Order, news: &mut News) {
        let key = order.key;
        let Some(handed) = handing(order) else {
            return self.registrant.over(key, &[ActResult::OMITTED]);
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
            self.registrant.over(key, &done.results);
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
}

/// What a child is handed of an order: all acts up to the next that the gateway does itself.
fn handing(order: Order) -> Option<CarryOut> {
    let child_s = |act: &Act| matches!(act, Act::Notify(_) | Act::Unknown(_));
    let acts = order.acts.into_iter().take_while(child_s);
    CarryOut::of(order.key.instruction, order.from, acts.collect())
}
