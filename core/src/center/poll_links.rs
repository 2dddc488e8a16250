//! The links of a plan: those that people open, and the list of who calls whom.
//!
//! Addresses are read from the holdings each time, so that a device that has moved is shown, and
//! called, where it is now.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use core::ops::Range;
use core::slice;

use crate::crypto::Crypto;
use crate::id::{CustomerId, DeviceId, LanAddress};
use crate::limits::{ADDRESSES_PER_POLL_REQUEST, PAGE_ROWS, POLL_REQUEST_CHARS, ROOTS_PER_PLAN};
use crate::record::{Device, Key, Plan, PlanPart};
use crate::time::Seconds;
use crate::tree::Tree;
use crate::wire::people::{DateTime, Page};
use crate::wire::plan::{ListPollLinks, PollLink, PollLinkRow, PollLinkState, PollPlan};
use crate::wire::{Addresses, PollRequest, PollTag};

use super::apply::APPLICANTS;
use super::devices::not_found;
use super::work::{Stop, Work};

/// Devices of a plan by their numbers.
pub(super) type Numbered = BTreeMap<u32, DeviceId>;

impl<C: Crypto> Work<'_, C> {
    /// A plan as it is answered.
    // spec: POL-001, POL-004, POL-013
    pub(super) fn shown_plan(&mut self, tag: PollTag, plan: &Plan) -> Result<PollPlan, Stop> {
        let tree = plan.tree();
        let arrival = |number| arrival(tree.as_ref(), plan, number);
        let is_small = plan.devices <= SMALL_PLAN;
        let first = match is_small {
            true => plan.devices,
            false => plan.roots.min(ROOTS_PER_PLAN),
        };
        let numbered = self.numbered(&tag, slice::from_ref(&(0..first)))?;
        let held = self.held(plan.customer, numbered.values())?;
        let place = |number: &u32| address(held.get(numbered.get(number)?)?.as_ref());
        let mut links = Vec::new();
        for (number, device) in numbered.range(..plan.roots.min(ROOTS_PER_PLAN)) {
            let Some(at) = place(number) else { continue };
            let mut request = asked_of(&tag, plan, arrival(*number));
            if let (Some(tree), true, true) = (&tree, is_small, request.tag.is_some()) {
                request.addresses = told(tree, *number, &place);
            }
            let mut link = request.link(&at);
            if link.len() > POLL_REQUEST_CHARS {
                request.addresses = None;
                link = request.link(&at);
            }
            let device = *device;
            links.push(PollLink { device, link });
        }
        let depth = tree.as_ref().map_or(0, Tree::depth);
        Ok(PollPlan {
            tag,
            made: DateTime(plan.made),
            expires: DateTime(plan.expires),
            devices: plan.devices,
            left_out: plan.left_out.total(),
            layers: u32::try_from(depth).unwrap_or(u32::MAX),
            per_minute: plan.per_minute,
            lasts: arrival(plan.devices.saturating_sub(1)),
            links,
        })
    }

    /// A page of a plan's devices, in its order.
    // spec: POL-010, POL-011, POL-028
    pub(super) fn list_poll_links(
        &mut self,
        message: &ListPollLinks,
    ) -> Result<Page<PollLinkRow, u32>, Stop> {
        let person = self.person(&APPLICANTS)?;
        let customer = self.readable(&person, message.customer)?;
        let tag = &message.tag;
        let own = |plan: &Plan| plan.customer == customer;
        let Some(plan) = self.plan(tag)?.filter(own) else {
            return Err(not_found(format!("{customer} has no plan {tag}")));
        };
        let first = message.after.map_or(0, |after| after.saturating_add(1));
        let rows = u32::try_from(PAGE_ROWS).unwrap_or(u32::MAX);
        let end = first.saturating_add(rows).min(plan.listed());
        let tree = plan.tree();
        let above = |number: u32| tree.as_ref()?.above(number);
        let called = first..end.min(plan.devices);
        let callers = called.clone().filter_map(above);
        let callers = callers.clone().min().unwrap_or_default()
            ..callers.max().map_or(0, |last| last.saturating_add(1));
        let numbered = self.numbered(tag, &[first..end, callers])?;
        let ids = numbered.range(first..end.max(first)).map(|(_, id)| id);
        let held = self.held(customer, ids)?;
        let row = |number: u32| {
            let device = *numbered.get(&number)?;
            let held = held.get(&device)?.as_ref();
            let state = plan.state(number);
            let after = arrival(tree.as_ref(), &plan, number);
            let at = held.and_then(|it| it.contacts.address.clone());
            let opened = (state == PollLinkState::Root)
                .then(|| address(held))
                .flatten();
            Some(PollLinkRow {
                number,
                device,
                model: held.map(|it| it.identification.model.clone()),
                address: at,
                state,
                caller: above(number).and_then(|it| numbered.get(&it).copied()),
                after: (number < plan.devices).then_some(after),
                link: opened.map(|at| asked_of(tag, &plan, after).link(&at)),
            })
        };
        let next = (end < plan.listed()).then(|| end.saturating_sub(1));
        let rows = (first..end).filter_map(row).collect();
        Ok(Page { rows, next })
    }

    /// The plan with this tag, while its time lasts.
    pub(super) fn plan(&mut self, tag: &PollTag) -> Result<Option<Plan>, Stop> {
        let Some(key) = Plan::key(tag) else {
            return Ok(None);
        };
        let Some(plan) = self.desk.peek::<Plan>(&key)? else {
            return Ok(None);
        };
        let now = self.time()?;
        Ok((now < plan.expires).then_some(plan))
    }

    /// The devices with these numbers, as far as the plan has so many.
    pub(super) fn numbered(
        &mut self,
        tag: &PollTag,
        wanted: &[Range<u32>],
    ) -> Result<Numbered, Stop> {
        let Some(plan) = Plan::key(tag) else {
            return Ok(Numbered::new());
        };
        let wanted = wanted.iter().filter(|it| !it.is_empty());
        let parts = wanted.clone().flat_map(|range| {
            let last = range.end.saturating_sub(1);
            Plan::part_of(range.start)..=Plan::part_of(last)
        });
        let mut parts: Vec<u32> = parts.collect();
        parts.sort_unstable();
        parts.dedup();
        let key = |part: &u32| Plan::part_key(&plan, *part);
        let keys: Vec<Key> = parts.iter().map(key).collect();
        self.load(&keys)?;
        let mut numbered = Numbered::new();
        for (part, key) in parts.into_iter().zip(&keys) {
            let PlanPart(devices) = self.desk.peek(key)?.unwrap_or_default();
            let numbers = Plan::first_of(part)..;
            let all = numbers.zip(devices);
            numbered.extend(all.filter(|(it, _)| wanted.clone().any(|range| range.contains(it))));
        }
        Ok(numbered)
    }

    /// What the center knows of these devices, loaded in one round.
    pub(super) fn held<'d>(
        &mut self,
        customer: CustomerId,
        devices: impl Iterator<Item = &'d DeviceId>,
    ) -> Result<BTreeMap<DeviceId, Option<Device>>, Stop> {
        let devices: Vec<DeviceId> = devices.copied().collect();
        let key = |device: &DeviceId| Device::key(customer, *device);
        let keys: Vec<Key> = devices.iter().map(key).collect();
        self.load(&keys)?;
        let mut held = BTreeMap::new();
        for (device, key) in devices.into_iter().zip(&keys) {
            held.insert(device, self.desk.peek::<Device>(key)?);
        }
        Ok(held)
    }
}

/// Where a device can be called: it has told an address, and a registration speaks for it.
// spec: POL-022, POL-023
pub(super) fn address(device: Option<&Device>) -> Option<LanAddress> {
    let registered = device.filter(|it| it.registration.is_some())?;
    registered.contacts.address.clone()
}

/// When a device of a plan arrives.
fn arrival(tree: Option<&Tree>, plan: &Plan, number: u32) -> Seconds {
    tree.map_or(Seconds::ZERO, |it| it.arrival(number, plan.per_minute))
}

/// What a person asks of a root, whose time is this: with the plan's tag where it tells others.
// spec: POL-004, POL-005
fn asked_of(tag: &PollTag, plan: &Plan, after: Seconds) -> PollRequest {
    let tells = plan.roots < plan.devices;
    PollRequest {
        tag: tells.then(|| tag.clone()),
        addresses: None,
        after,
    }
}

/// The addresses of all that stand below a root, if each has one and a link holds them.
fn told(tree: &Tree, root: u32, place: &impl Fn(&u32) -> Option<LanAddress>) -> Option<Addresses> {
    let mut layer = tree.below(root);
    let mut addresses = Vec::new();
    while !layer.is_empty() && addresses.len() <= ADDRESSES_PER_POLL_REQUEST {
        for number in layer.clone() {
            addresses.push(place(&number)?);
        }
        layer = tree.below_all(&layer);
    }
    Addresses::new(addresses).ok()
}

/// Devices of a plan whose link names all of them.
const SMALL_PLAN: u32 = 65;
