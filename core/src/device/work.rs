//! How a device carries out what its mailbox asks for.
//!
//! Acts that the machine itself knows how to do end here: a message is shown, a report and a new
//! formal code are asked for as if they were due. What only the product around it can do is handed
//! over. Serves spec chapter MBX.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::duty::{Key, Order};
use crate::id::InstructionId;
use crate::limits::CARRY_OUT_WAIT;
use crate::registrant::News;
use crate::time::Uptime;
use crate::wire::instruction::Kind;
use crate::wire::{Act, ActResult, Outcome};

use super::{Device, Need, Notice, Output};

impl<C: Crypto> Device<C> {
    /// Begins whatever has its turn; what has to be handed over.
    pub(super) fn work(&mut self, now: Uptime, news: &mut News) -> Vec<Output> {
        let mut handed = Vec::new();
        if let Some(duties) = self.registrant.duties_mut() {
            duties.pass(now, ONCE);
        }
        while let Some(order) = self.registrant.duties_mut().and_then(|it| it.order(now)) {
            self.begin(now, order, news, &mut handed);
        }
        self.registrant.announce(news);
        handed
    }

    fn begin(&mut self, now: Uptime, order: Order, news: &mut News, handed: &mut Vec<Output>) {
        let Order { key, from, acts } = order;
        let Some(act) = acts.into_iter().next() else {
            return;
        };
        let instruction = key.instruction;
        news.notices.push(Notice::CarryingOut {
            instruction,
            act: Kind::new(act.kind()),
        });
        let over = match act {
            // spec: MBX-060
            Act::Notify(notify) => {
                news.notices.push(Notice::Message { text: notify.text });
                Some(ActResult::DONE)
            }
            // spec: MBX-058
            Act::ReportStatus if self.reading.is_none() => {
                Some(ActResult::new(Outcome::Failed, NO_READINGS))
            }
            Act::ReportStatus => None,
            // spec: MBX-059
            Act::RotateCode => match self.registrant.rotate(news) {
                Ok(()) => None,
                Err(_) => Some(ActResult::new(Outcome::Failed, NOT_NOW)),
            },
            // spec: MBX-013
            Act::Unknown(_) => Some(ActResult::unknown_kind(&act)),
            Act::RegisterService(_) => {
                handed.push(Output::CarryOut {
                    instruction,
                    index: from,
                    act: Box::new(act),
                });
                return self.hand(now, key);
            }
        };
        let Some(duties) = self.registrant.duties_mut() else {
            return;
        };
        match over {
            Some(result) => duties.over(key, &[result]),
            None => duties.begin_here(key),
        }
    }

    fn hand(&mut self, now: Uptime, key: Key) {
        if let Some(duties) = self.registrant.duties_mut() {
            duties.hand(key, now.after(CARRY_OUT_WAIT), 1);
        }
    }

    /// What was handed over is over, if somebody still waits for it.
    pub(super) fn carried_out(&mut self, which: InstructionId, act: usize, result: &ActResult) {
        let (Some(me), Some(duties)) = (self.id(), self.registrant.duties_mut()) else {
            return;
        };
        let waits = |it: &Order| it.key.instruction == which && it.from == act;
        if let Some(order) = duties.handed(me).filter(waits) {
            duties.over(order.key, core::slice::from_ref(result));
        }
    }

    /// Whether an instruction asks for a report now.
    pub(super) fn is_told_to_report(&self) -> bool {
        let duties = self.registrant.duties();
        duties.is_some_and(|duties| duties.here(&Act::ReportStatus).next().is_some())
    }

    /// The report that an instruction asked for is over.
    pub(super) fn reported(&mut self, result: &ActResult) {
        if let Some(duties) = self.registrant.duties_mut() {
            duties.here_over(&Act::ReportStatus, &|_| true, result);
        }
    }

    pub(super) fn not_reported(&mut self, need: Need) {
        self.reported(&ActResult::new(Outcome::Failed, need.code.title()));
    }
}

/// What is handed over is not done twice: the product may be at it still.
const ONCE: u8 = 1;
const NO_READINGS: &str = "this device has no readings yet";
const NOT_NOW: &str = "it cannot be done now";
