//! Planning poll requests: which devices, in which order, and who calls whom.
//!
//! A plan is made at once and whole, and never changed. It holds ids alone: where a device is, the
//! center reads when it tells another one whom to call. The same request makes one plan, whose tag
//! nobody can compute who lacks the center's pepper.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::crypto::Crypto;
use crate::id::{ApplicationId, CustomerId, DeviceId, RegistrationId};
use crate::limits::{
    DEVICES_PER_PART, DEVICES_PER_PLAN, HOLDINGS_PER_PLAN, PLAN_TIME, POLL_REQUEST_AFTER,
    ROOTS_PER_PLAN,
};
use crate::record::{
    Application, Bytes, Device, Due, Key, Kind, LeftOut, Owner, Plan, PlanPart, Range,
    Registration, State, Target,
};
use crate::tree::Tree;
use crate::wire::plan::{PlanFirst, PlanOf, PlanPolls, PlanShape, PollPlan};
use crate::wire::services::{ApplicationState, Devices};
use crate::wire::{RefusalCode, json};

use super::apply::APPLICANTS;
use super::codes::page_of;
use super::devices::not_found;
use super::work::{Stop, Work};

/// The devices that a plan is about, in the order of the holdings.
#[derive(Default)]
struct Wanted {
    /// Those that can be called, with how much each of them can do.
    called: Vec<(DeviceId, Capability)>,
    no_address: Vec<DeviceId>,
    behind_gateway: Vec<DeviceId>,
    unregistered: Vec<DeviceId>,
}

/// How much a device can do, the most capable first: its model's place in the operator's order,
/// then how many functions it has.
type Capability = (usize, Reverse<usize>);

impl<C: Crypto> Work<'_, C> {
    /// Makes a plan, or shows the one that this request made.
    // spec: POL-001, POL-009, POL-010, POL-014
    pub(super) fn plan_polls(&mut self, message: &PlanPolls) -> Result<PollPlan, Stop> {
        let person = self.person(&APPLICANTS)?;
        let customer = self.readable(&person, message.customer)?;
        let center = self.center;
        let tag = center
            .keys
            .poll_tag(&center.crypto, customer, message.request);
        let Some(bytes) = tag.to_bytes() else {
            return Err(not_found(format!("{tag}")));
        };
        let key = Plan::at(&bytes);
        let asked = self.asked(message);
        if let Some(made) = self.desk.get::<Plan>(&key)? {
            if made.asked != asked {
                let code = RefusalCode::RequestMismatch;
                let detail = format!("{}, of which {tag} was made", message.request);
                return Err(Stop::plain(code, code.word(), detail));
            }
            return self.shown_plan(tag, &made);
        }
        let per_minute = self.per_minute(message.per_minute)?;
        let (application, wanted) = match &message.of {
            PlanOf::Application(id) => (Some(*id), self.waited_for(customer, *id)?),
            PlanOf::Devices(devices) => (None, self.named(customer, devices)?),
        };
        let made = self.time()?;
        let ordered = ordered(wanted, message)?;
        if ordered.tree.lasts(per_minute) > POLL_REQUEST_AFTER {
            return Err(Stop::invalid(format!(
                "with {per_minute} in a minute the last of {} devices comes after more than a \
                 day; name fewer devices or a higher rate",
                ordered.devices
            )));
        }
        let plan = Plan {
            customer,
            asked,
            application,
            made,
            expires: made.after(PLAN_TIME),
            per_minute,
            roots: ordered.roots,
            widths: message.widths.clone(),
            devices: ordered.devices,
            left_out: ordered.left_out,
            firsts: Vec::new(),
        };
        let plan = self.keep_plan(bytes, plan, &ordered.list);
        self.shown_plan(tag, &plan)
    }

    /// What a repetition has to have in common with the first message.
    fn asked(&self, message: &PlanPolls) -> Bytes<32> {
        let asked = PlanPolls {
            customer: None,
            ..message.clone()
        };
        let crypto = &self.center.crypto;
        Bytes(crypto.sha256(&[b"restante poll plan 1", &json::to_bytes(&asked)]))
    }

    /// How many devices arrive in a minute.
    // spec: POL-008
    fn per_minute(&self, wanted: Option<u32>) -> Result<u32, Stop> {
        let most = self.center.policy.poll_requests_per_minute;
        let wanted = wanted.unwrap_or(most);
        if (1..=most).contains(&wanted) {
            return Ok(wanted);
        }
        Err(Stop::invalid(format!(
            "perMinute is {wanted}; it is 1 at least and {most} at most"
        )))
    }

    /// The devices of an application for which its instruction waits.
    // spec: POL-002, POL-011
    fn waited_for(&mut self, customer: CustomerId, id: ApplicationId) -> Result<Wanted, Stop> {
        let key = Application::key(customer, id);
        let Some(made) = self.desk.peek::<Application>(&key)? else {
            return Err(not_found(format!("{customer} has no {id}")));
        };
        let limit = u32::try_from(HOLDINGS_PER_PLAN).unwrap_or(u32::MAX);
        let targets = Target::of(customer, id, None, limit);
        let holdings = Range {
            limit,
            ..page_of(Kind::Device, Owner::customer(customer), Vec::new())
        };
        self.desk.ranges([&targets, &holdings])?;
        let targets = self.desk.look::<Target>(&targets)?;
        let holdings = self.desk.look::<Device>(&holdings)?;
        if holdings.len() >= HOLDINGS_PER_PLAN || targets.len() >= HOLDINGS_PER_PLAN {
            return Err(Stop::invalid(format!(
                "the customer holds {HOLDINGS_PER_PLAN} devices or more; name the devices"
            )));
        }
        let mut speaks_for: BTreeMap<RegistrationId, usize> = BTreeMap::new();
        for id in holdings.iter().filter_map(|(_, held)| held.registration) {
            let devices = speaks_for.entry(id).or_default();
            *devices = devices.saturating_add(1);
        }
        let open = targets.into_iter().filter(|(_, it)| it.state.is_open());
        let mut open = open.filter_map(|(key, _)| Target::device(&key)).peekable();
        let mut wanted = Wanted::default();
        for (key, held) in &holdings {
            let Some(device) = Device::id(key) else {
                continue;
            };
            while open.next_if(|waiting| *waiting < device).is_some() {}
            if open.next_if_eq(&device).is_some() {
                let alone = |id| speaks_for.get(&id).is_none_or(|devices| *devices == 1);
                wanted.add(device, held, self.capability(held), alone);
            }
        }
        if wanted.is_nobody() {
            return Err(nothing_waits(id, made.phase.state()));
        }
        Ok(wanted)
    }

    /// The devices that are named.
    // spec: POL-002, POL-011
    fn named(&mut self, customer: CustomerId, named: &Devices) -> Result<Wanted, Stop> {
        let mut devices = named.0.clone();
        devices.sort_unstable();
        devices.dedup();
        let held = self.all_held(customer, &devices, &[])?;
        let speakers = held.iter().filter_map(|it| it.registration);
        let mut speakers: Vec<RegistrationId> = speakers.collect();
        speakers.sort_unstable();
        speakers.dedup();
        let key = |id: &RegistrationId| Registration::key(customer, *id);
        let keys: Vec<Key> = speakers.iter().map(key).collect();
        self.load(&keys)?;
        let mut gateways = Vec::new();
        for (id, key) in speakers.into_iter().zip(&keys) {
            let kept = self.desk.peek::<Registration>(key)?;
            if kept.is_some_and(|it| speaks_for_several(&it)) {
                gateways.push(id);
            }
        }
        let mut wanted = Wanted::default();
        for (device, held) in devices.into_iter().zip(&held) {
            let alone = |id| !gateways.contains(&id);
            wanted.add(device, held, self.capability(held), alone);
        }
        Ok(wanted)
    }

    // spec: POL-006, POL-031
    fn capability(&self, held: &Device) -> Capability {
        let who = &held.identification;
        let place = self.center.policy.place_of(&who.model);
        (place, Reverse(who.functions.iter().count()))
    }

    /// Keeps a plan with its list, and has it go when its time is over.
    fn keep_plan(&mut self, tag: [u8; 16], mut plan: Plan, list: &[DeviceId]) -> Plan {
        let key = Plan::at(&tag);
        let parts = list.chunks(DEVICES_PER_PART);
        for (part, number) in parts.zip(0_u32..) {
            plan.firsts.extend(part.first());
            let part = PlanPart(part.to_vec());
            self.desk.put(Plan::part_key(&key, number), &part);
        }
        self.desk.put(key, &plan);
        let due = Due::EndPlan { tag: Bytes(tag) };
        self.desk.put(due.key(plan.expires), &due);
        plan
    }

    /// Removes a plan whose time is over, with its list.
    pub(super) fn end_plan(&mut self, tag: &[u8; 16]) -> Result<(), Stop> {
        let key = Plan::at(tag);
        if let Some(plan) = self.desk.get::<Plan>(&key)? {
            for (_, part) in plan.firsts.iter().zip(0_u32..) {
                self.desk.delete(Plan::part_key(&key, part));
            }
            self.desk.delete(key);
        }
        Ok(())
    }
}

fn speaks_for_several(registration: &Registration) -> bool {
    match &registration.state {
        State::Active(active) => active.devices.len() > 1,
        _ => false,
    }
}

impl Wanted {
    fn is_nobody(&self) -> bool {
        let left_out = [&self.no_address, &self.behind_gateway, &self.unregistered];
        self.called.is_empty() && left_out.iter().all(|devices| devices.is_empty())
    }

    /// Why none of them can be called: how many for which reason.
    fn why_nobody(&self) -> String {
        let reasons = [
            (&self.no_address, "without an address"),
            (&self.behind_gateway, "behind a gateway"),
            (&self.unregistered, "not registered any more"),
        ];
        let some = reasons.iter().filter(|(devices, _)| !devices.is_empty());
        let words = some.map(|(devices, why)| format!("{} {why}", devices.len()));
        let words: Vec<String> = words.collect();
        format!("none of these devices can be called: {}", words.join(", "))
    }

    /// Adds a device, to those that are called or to those that are left out.
    // spec: POL-003
    fn add(
        &mut self,
        id: DeviceId,
        device: &Device,
        capability: Capability,
        speaks_alone: impl FnOnce(RegistrationId) -> bool,
    ) {
        match device.registration {
            None => self.unregistered.push(id),
            Some(registration) if !speaks_alone(registration) => self.behind_gateway.push(id),
            Some(_) if device.contacts.address.is_none() => self.no_address.push(id),
            Some(_) => self.called.push((id, capability)),
        }
    }
}

/// Nobody can be planned for: why no instruction of the application waits.
// spec: POL-012
fn nothing_waits(id: ApplicationId, state: ApplicationState) -> Stop {
    let why = match state {
        ApplicationState::Choosing => "its devices have yet to be chosen",
        ApplicationState::Filling => "its instructions are being made",
        ApplicationState::Cancelled => "it was called off",
        ApplicationState::Open | ApplicationState::Complete => {
            "something has become of each of its devices"
        }
    };
    let detail = format!("nothing of {id} waits for a device: {why}");
    Stop::openly(RefusalCode::NoEligibleDevice, detail)
}

/// A plan's list, and which of its devices are what.
struct Ordered {
    list: Vec<DeviceId>,
    tree: Tree,
    devices: u32,
    roots: u32,
    left_out: LeftOut,
}

/// Puts the devices in the order in which they are called, if there is a tree of that form.
// spec: POL-005, POL-006, POL-007, POL-008, POL-012
fn ordered(wanted: Wanted, message: &PlanPolls) -> Result<Ordered, Stop> {
    let devices = count(&wanted.called);
    if wanted.called.is_empty() {
        return Err(Stop::openly(
            RefusalCode::NoEligibleDevice,
            wanted.why_nobody(),
        ));
    }
    if wanted.called.len() > DEVICES_PER_PLAN {
        return Err(Stop::invalid(format!(
            "{devices} devices wait; a plan has at most {DEVICES_PER_PLAN}: name the devices"
        )));
    }
    let roots = match message.shape {
        PlanShape::Each => devices,
        PlanShape::Roots(roots @ 1..=ROOTS_PER_PLAN) => roots.min(devices),
        PlanShape::Roots(roots) => {
            return Err(Stop::invalid(format!(
                "{roots} roots are asked for; a plan has 1 at least and {ROOTS_PER_PLAN} at most"
            )));
        }
    };
    let tree = Tree::new(devices, roots, &message.widths);
    let tree = tree.map_err(|why| Stop::invalid(format!("{why}")))?;
    let mut called = wanted.called;
    let most_capable = message.first == PlanFirst::MostCapable;
    if let (PlanShape::Roots(_), true) = (message.shape, most_capable) {
        let ahead = usize::try_from(roots).unwrap_or(usize::MAX);
        called.sort_by_key(|(_, capability)| *capability);
        if let Some(rest) = called.get_mut(ahead..) {
            rest.sort_unstable_by_key(|(device, _)| *device);
        }
    }
    let left_out = LeftOut {
        no_address: count(&wanted.no_address),
        behind_gateway: count(&wanted.behind_gateway),
        unregistered: count(&wanted.unregistered),
    };
    let mut list: Vec<DeviceId> = called.into_iter().map(|(device, _)| device).collect();
    list.extend(wanted.no_address);
    list.extend(wanted.behind_gateway);
    list.extend(wanted.unregistered);
    Ok(Ordered {
        list,
        tree,
        devices,
        roots,
        left_out,
    })
}

fn count<T>(of: &[T]) -> u32 {
    u32::try_from(of.len()).unwrap_or(u32::MAX)
}
