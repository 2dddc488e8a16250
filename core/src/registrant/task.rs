//! What a registrant does itself of what its mailbox asks for, whether it is a device or a gateway.
//!
//! A new formal code and a registration for a service are the registration's own business. The rest
//! is begun by the machine around it, which says here how far it is. Serves spec chapters MBX and
//! SVC.

use crate::crypto::Crypto;
use crate::duty::{Key, Order};
use crate::time::Uptime;
use crate::wire::instruction::Kind;
use crate::wire::{Act, ActResult, Outcome};

use super::{News, Notice, Registrant};

impl<C: Crypto> Registrant<C> {
    /// The next act to begin, of which people are told.
    pub(crate) fn order(&mut self, now: Uptime, news: &mut News) -> Option<Order> {
        let order = self.duties_mut()?.order(now)?;
        if let Some(act) = order.acts.first() {
            news.tell(Notice::CarryingOut {
                instruction: order.key.instruction,
                act: Kind::new(act.kind()),
            });
        }
        Some(order)
    }

    /// Begins the ordered act itself, where that is a registrant's to do.
    // spec: MBX-059, GWY-013
    pub(crate) fn begin_itself(&mut self, now: Uptime, key: Key, act: &Act, news: &mut News) {
        let over = match act {
            Act::RotateCode => {
                let begun = self.rotate(news);
                begun
                    .err()
                    .map(|_| ActResult::new(Outcome::Failed, NOT_NOW))
            }
            Act::RegisterService(act) => self.judge(act),
            _ => None,
        };
        match over {
            Some(result) => self.over(key, &[result]),
            None => self.begin_here(now, key),
        }
    }

    /// The machine itself is at the ordered act.
    pub(crate) fn begin_here(&mut self, now: Uptime, key: Key) {
        if let Some(duties) = self.duties_mut() {
            duties.begin_here(now, key);
        }
    }

    /// The next acts of this instruction are over, with these results.
    pub(crate) fn over(&mut self, key: Key, results: &[ActResult]) {
        if let Some(duties) = self.duties_mut() {
            duties.over(key, results);
        }
    }
}

const NOT_NOW: &str = "it cannot be done now";
