//! Whom a device calls next: its part of a plan, given with the reply to the poll that a poll
//! request caused.
//!
//! Whoever polls without a tag costs nothing here. Whoever polls with one is found in the plan's
//! list, and is told its children with their children, so that one that does not answer can be
//! stepped over. Nothing is written: the same poll is told the same, as long as the devices are
//! where they were and still wait.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::id::{DeviceId, LanAddress};
use crate::record::{Key, Plan, Target};
use crate::time::Seconds;
use crate::tree::Tree;
use crate::wire::{Below, Mailbox, PollCall, PollReply, PollTag, json};

use super::poll_links::{Numbered, address};
use super::work::{Stop, Work};

/// What is known of the devices that stand below one.
struct Around<'p> {
    plan: &'p Plan,
    tree: Tree,
    /// The device that polls.
    caller: u32,
    /// Where each can be called, if it can.
    places: BTreeMap<u32, Option<LanAddress>>,
    /// Those for which nothing waits any more.
    done: Vec<u32>,
}

impl<C: Crypto> Work<'_, C> {
    /// Whom the one device of a registration calls that polls with this tag.
    // spec: POL-021, POL-022, POL-023, POL-024, POL-027
    pub(super) fn calls(
        &mut self,
        tag: &PollTag,
        devices: &[DeviceId],
    ) -> Result<Vec<PollCall>, Stop> {
        let [device] = devices else {
            return Ok(Vec::new());
        };
        let Some(plan) = self.plan(tag)? else {
            return Ok(Vec::new());
        };
        let Some((tree, caller)) = plan.tree().zip(self.number(tag, &plan, *device)?) else {
            return Ok(Vec::new());
        };
        let children = tree.below(caller);
        if children.is_empty() {
            return Ok(Vec::new());
        }
        let below = tree.below_all(&children);
        let numbered = self.numbered(tag, &[children.clone(), below])?;
        let around = self.around(&plan, tree, caller, &numbered)?;
        Ok(children.filter_map(|child| around.call(child)).collect())
    }

    /// The number of a device that is called by a plan.
    fn number(
        &mut self,
        tag: &PollTag,
        plan: &Plan,
        device: DeviceId,
    ) -> Result<Option<u32>, Stop> {
        let part = |part: u32| {
            let end = Plan::first_of(part.saturating_add(1)).min(plan.devices);
            Plan::first_of(part)..end
        };
        // The roots stand in the first part, whatever their order.
        let parts = [part(0), part(plan.part_with(device))];
        let numbered = self.numbered(tag, &parts)?;
        let mut found = numbered.into_iter().filter(|(_, it)| *it == device);
        Ok(found.next().map(|(number, _)| number))
    }

    /// Loads, in one round, where these devices are and whether they still wait.
    fn around<'p>(
        &mut self,
        plan: &'p Plan,
        tree: Tree,
        caller: u32,
        numbered: &Numbered,
    ) -> Result<Around<'p>, Stop> {
        let customer = plan.customer;
        let target = |device: &DeviceId| {
            let application = plan.application?;
            Some(Target::key(customer, application, *device))
        };
        let targets: Vec<Option<Key>> = numbered.values().map(target).collect();
        let devices = numbered.values();
        let devices = devices.map(|it| crate::record::Device::key(customer, *it));
        let devices: Vec<Key> = devices.collect();
        self.load(devices.iter().chain(targets.iter().flatten()))?;
        let held = self.held(customer, numbered.values())?;
        let mut done = Vec::new();
        for (number, target) in numbered.keys().zip(&targets) {
            if let Some(key) = target
                && let Some(target) = self.desk.peek::<Target>(key)?
                && !target.state.is_open()
            {
                done.push(*number);
            }
        }
        let places = numbered.iter().map(|(number, device)| {
            let held = held.get(device).and_then(Option::as_ref);
            (*number, address(held))
        });
        let places = places.collect();
        Ok(Around {
            plan,
            tree,
            caller,
            places,
            done,
        })
    }
}

impl Around<'_> {
    /// The entry for a child. There is none for one that nobody needs to call: nothing waits for it
    /// and nobody stands below it, or it cannot be called and neither can those below it.
    fn call(&self, child: u32) -> Option<PollCall> {
        let below: Vec<Below> = self
            .tree
            .below(child)
            .filter_map(|it| self.below(it))
            .collect();
        let address = self.place(child);
        if below.is_empty() && (address.is_none() || self.done.contains(&child)) {
            return None;
        }
        Some(PollCall {
            address,
            after: self.wait(child),
            below,
        })
    }

    fn below(&self, number: u32) -> Option<Below> {
        let is_last = self.tree.below(number).is_empty();
        if is_last && self.done.contains(&number) {
            return None;
        }
        Some(Below {
            address: self.place(number)?,
            after: self.wait(number),
        })
    }

    fn wait(&self, number: u32) -> Seconds {
        let per_minute = self.plan.per_minute;
        self.tree.wait(self.caller, number, per_minute)
    }

    fn place(&self, number: u32) -> Option<LanAddress> {
        self.places.get(&number).cloned().flatten()
    }
}

/// Puts the calls into the reply, as far as there is room behind its instructions. First go those
/// who are called only where another does not answer, the last ones first, and then the last calls.
// spec: POL-025
pub(super) fn put(mut calls: Vec<PollCall>, mailbox: &mut Mailbox, most: usize) {
    if calls.is_empty() {
        return;
    }
    let without = json::to_bytes(&PollReply::Mailbox(mailbox.clone())).len();
    let room = most.saturating_sub(without.saturating_add(MEMBER.len()));
    while json::to_bytes(&calls).len() > room {
        let spare = |call: &&mut PollCall| call.address.is_some() && !call.below.is_empty();
        match calls.iter_mut().rev().find(spare) {
            Some(call) => call.below.clear(),
            None => {
                calls.pop();
                if calls.is_empty() {
                    return;
                }
            }
        }
    }
    mailbox.calls = calls;
}

/// What stands before the calls in a mailbox.
const MEMBER: &str = r#","calls":"#;
