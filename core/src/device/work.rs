//! How a device carries out what its mailbox asks for.
//!
//! A message is shown, a report is made as if it were due; a new formal code and services are the
//! registrant's. What this version does not know it says by name. Serves spec chapter MBX.

use crate::crypto::Crypto;
use crate::duty::Order;
use crate::registrant::News;
use crate::time::Uptime;
use crate::wire::{Act, ActResult, Outcome};

use super::{Device, Need, Notice};

impl<C: Crypto> Device<C> {
    /// Begins whatever has its turn.
    pub(super) fn work(&mut self, now: Uptime, news: &mut News) {
        while let Some(order) = self.registrant.order(now, news) {
            self.begin(now, order, news);
        }
        self.registrant.announce(news);
        self.registrant.begin_calls(now, news);
    }

    fn begin(&mut self, now: Uptime, order: Order, news: &mut News) {
        let Order { key, acts, .. } = order;
        let Some(act) = acts.into_iter().next() else {
            return;
        };
        let over = match act {
            // spec: MBX-060
            Act::Notify(notify) => {
                news.notices.push(Notice::Message { text: notify.text });
                ActResult::DONE
            }
            // spec: MBX-058
            Act::ReportStatus if self.reading.is_none() => {
                ActResult::new(Outcome::Failed, NO_READINGS)
            }
            Act::ReportStatus => return self.registrant.begin_here(now, key),
            // spec: MBX-013
            Act::Unknown(_) => ActResult::unknown_kind(&act),
            Act::RotateCode | Act::RegisterService(_) => {
                return self.registrant.begin_itself(now, key, &act, news);
            }
        };
        self.registrant.over(key, &[over]);
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

const NO_READINGS: &str = "this device has no readings yet";
