//! Invariant 13: one trigger causes at most one poll per device, reaches only the roster, and ends
//! on any graph.
//!
//! Some devices of a LAN are dead, and some are liars: they pass on what they overhear to anybody,
//! in circles, again and again, with tags that they invent and addresses that they add. The power
//! of others fails and comes back. Devices of another customer stand on the same LAN, and gateways
//! of both. People plan, open links, and open them twice.

use std::ops::Range;
use std::sync::Arc;

use fastrand::Rng;
use restante_core::center::{Credential, Decide, Policy};
use restante_core::id::{AccountName, CustomerId, DeviceId, RequestId, UserName};
use restante_core::time::Seconds;
use restante_core::wire::people::{IssueCode, IssueToken, PeopleReply, PeopleRequest, Role};
use restante_core::wire::plan::{PlanFirst, PlanOf, PlanPolls, PlanShape, PollPlan};
use restante_core::wire::services::Devices;
use restante_core::wire::{Addresses, PollTag};

use crate::check::Invariant;
use crate::clock::Moment;
use crate::history::{Outcome, Play};
use crate::scenario::Scenario;

use super::center::center;
use super::peer::{Life, Peer, address, enters};
use super::power::Failure;
use super::{Event, Lan, Trust};

/// Whether the history of this seed is followed by one on a LAN.
#[must_use]
pub const fn is_due(seed: u64) -> bool {
    seed.is_multiple_of(EVERY)
}

/// Plays the LAN of a seed in which somebody else decides; nobody does where `decide` is absent.
#[must_use]
pub fn play(seed: u64, how: Play, decide: impl Fn(&Scenario) -> Arc<dyn Decide>) -> Outcome {
    let scenario = Scenario {
        interval: 86_400,
        ceiling: 1_000,
        ..Scenario::draw(seed)
    };
    play_trusting(seed, how, decide(&scenario), Trust::Nobody)
}

/// Plays the LAN of a seed; the checks believe what they are told.
#[must_use]
pub fn play_trusting(seed: u64, how: Play, decide: Arc<dyn Decide>, trust: Trust) -> Outcome {
    let mut rng = Rng::with_seed(seed ^ SHAPE);
    let most = if seed.is_multiple_of(LARGE) { 201 } else { 16 };
    let devices = rng.usize(2..most);
    let mut lan = Lan::new(devices, seed, decide);
    lan.trust = trust;
    let own = rng.usize(1..=devices);
    let customer = lan.register(0..own, 0);
    lan.register(own..devices, 1);
    for _ in 0..rng.usize(0..3) {
        lan.gateway(&mut rng);
    }
    lan.spoil(&mut rng);
    let triggers = how.lines.unwrap_or(usize::MAX).min(rng.usize(1..4));
    for trigger in 0..triggers {
        lan.trigger(customer, own, trigger, &mut rng);
    }
    let until = lan.now + QUIET;
    lan.run(until);
    let silent = lan.heard + QUIET / 2 < lan.now || !lan.found.violations.is_empty();
    let heard = lan.heard;
    lan.found.that(Invariant::OnePoll, silent, || {
        format!("poll requests still travel at {heard}")
    });
    Outcome {
        steps: lan.steps(),
        found: lan.found,
        coverage: lan.coverage,
    }
}

impl Lan {
    /// A person enters a code of this user at each of these devices. Whose they are, if they are
    /// any.
    pub(super) fn register(&mut self, devices: Range<usize>, user: usize) -> CustomerId {
        let token = PeopleRequest::IssueToken(IssueToken {
            role: Role::Dealer,
            account: AccountName::new("dealer").expect("a name"),
            customer: None,
            validity: None,
        });
        let PeopleReply::TokenIssued(token) = self.desk.console(self.now, token) else {
            panic!("no token");
        };
        let mut holder = None;
        let mut next = devices.start;
        while holder.is_none() || next < devices.end {
            let code = PeopleRequest::IssueCode(IssueCode {
                user: UserName::new(format!("user {user}")).expect("a name"),
                validity: None,
                limit: None,
                note: None,
            });
            let presented = Credential::Token(token.token.clone());
            let PeopleReply::CodeIssued(code) = self.desk.people(self.now, presented, code) else {
                panic!("no code");
            };
            holder = Some(code.row.customer);
            let text: restante_core::code::ProvisionalCode = code.code.parse().expect("a code");
            let last = devices.end.min(next + code.row.limit as usize);
            for peer in next..last {
                self.tell(peer, enters(text.clone()));
            }
            next = last;
        }
        let until = self.now + 60_000;
        self.run(until);
        let holder = holder.expect("somebody has a code");
        for peer in &mut self.peers[devices] {
            peer.look();
            peer.customer = Some(holder);
        }
        holder
    }

    /// A gateway of either customer, with its children.
    fn gateway(&mut self, rng: &mut Rng) {
        let number = self.peers.len();
        self.place(Peer::gateway(number, rng.usize(2..5)));
        self.register(number..number + 1, rng.usize(0..2));
    }

    /// Some devices die, some of the addresses are liars', and the power of others fails.
    fn spoil(&mut self, rng: &mut Rng) {
        self.faults = (rng.u32(0..120), rng.u32(0..120));
        let (dead, liars) = (rng.u32(0..4), rng.u32(0..4));
        let cut = dead + liars + rng.u32(0..8);
        for number in 0..self.peers.len() {
            match rng.u32(0..20) {
                share if share < dead => self.peers[number].life = Life::Dead,
                share if share < dead + liars => {
                    self.peers[number].life = Life::Liar(LIES);
                    let after = rng.u64(1..600_000);
                    self.schedule(after, Event::Lie { peer: number });
                }
                share if share < cut => {
                    for _ in 0..rng.usize(1..4) {
                        self.cut(number, rng);
                    }
                }
                _ => {}
            }
        }
    }

    /// The power of somebody will fail.
    fn cut(&mut self, peer: usize, rng: &mut Rng) {
        let failure = match rng.u32(0..3) {
            0 => Failure::AtWrite {
                skip: rng.u32(0..4),
                after: rng.bool(),
            },
            _ => Failure::Now,
        };
        let after = rng.u64(1..900_000);
        self.schedule(after, Event::PowerFails { peer, failure });
    }

    /// People plan for some devices, and open the links, some of them twice.
    fn trigger(&mut self, customer: CustomerId, own: usize, number: usize, rng: &mut Rng) {
        let mut devices: Vec<DeviceId> = Vec::new();
        let some = rng.u32(1..5);
        for peer in &self.peers[..own] {
            if rng.u32(0..4) < some {
                devices.extend(peer.only());
            }
        }
        if devices.is_empty() {
            return;
        }
        let children = |peer: &&Peer| peer.unit.is_gateway() && peer.customer == Some(customer);
        for gateway in self.peers.iter().filter(children) {
            devices.extend(gateway.devices.iter().take(rng.usize(0..3)));
        }
        let width = rng.u8(1..=8);
        let roots = rng.u32(1..5);
        let widths = if devices.len() <= 6 {
            vec![width]
        } else {
            Vec::new()
        };
        let plan = self.plan(customer, PlanOf::Devices(Devices(devices)), |plan| {
            plan.request = RequestId::from_bytes([u8::try_from(number).unwrap_or(0); 16]);
            plan.shape = PlanShape::Roots(roots);
            plan.widths = widths;
        });
        self.coverage.note("lan: a plan");
        if plan.left_out > 0 {
            self.coverage
                .note("lan: a plan leaves a gateway's children out");
        }
        for link in &plan.links {
            for _ in 0..rng.usize(1..3) {
                self.open(&link.link);
            }
        }
        let until = self.now + rng.u64(1_000..600_000);
        self.run(until);
    }

    /// The operator plans. The roster is drawn from the devices themselves: who of them holds what
    /// the plan is about, and where it stands.
    pub(super) fn plan(
        &mut self,
        customer: CustomerId,
        of: PlanOf,
        choose: impl FnOnce(&mut PlanPolls),
    ) -> PollPlan {
        let mut plan = PlanPolls {
            request: RequestId::from_bytes([9; 16]),
            customer: Some(customer),
            of,
            shape: PlanShape::default(),
            first: PlanFirst::default(),
            widths: Vec::new(),
            per_minute: None,
        };
        choose(&mut plan);
        let is_meant = |peer: &&Peer| match &plan.of {
            PlanOf::Devices(Devices(devices)) => {
                peer.only().is_some_and(|id| devices.contains(&id))
            }
            PlanOf::Application(_) => peer.only().is_some(),
        };
        let roster = self.peers.iter().filter(is_meant);
        let roster = roster.map(|peer| peer.address.clone()).collect();
        let request = PeopleRequest::PlanPolls(plan);
        match self.desk.console(self.now, request) {
            PeopleReply::PollsPlanned(plan) => {
                self.rosters.insert(plan.tag.clone(), roster);
                plan
            }
            other => panic!("no plan but {other:?}"),
        }
    }

    /// A liar passes something on to somebody: what it has overheard, or what it invents.
    pub(super) fn lie(&mut self, peer: usize) {
        let Life::Liar(left) = self.peers[peer].life else {
            return;
        };
        let Some(left) = left.checked_sub(1) else {
            return;
        };
        self.peers[peer].life = Life::Liar(left);
        self.coverage.note("lan: a lie");
        let to = address(self.rng.usize(0..self.peers.len() + 2));
        let mut request = self.peers[peer].recalls(&mut self.rng).unwrap_or_default();
        if self.rng.u32(0..3) == 0 {
            let mut tag = [0; 16];
            self.rng.fill(&mut tag);
            request.tag = Some(PollTag::from_bytes(&tag));
        }
        if self.rng.u32(0..3) == 0 {
            let devices = self.peers.len() + 2;
            let rng = &mut self.rng;
            let some = (0..rng.usize(1..9)).map(|_| address(rng.usize(0..devices)));
            request.addresses = Addresses::new(some.collect()).ok();
        }
        request.after = Seconds::new(self.rng.u32(0..3) * 20);
        if self.trust == Trust::Liars {
            self.may_call(peer, &to, &request);
        }
        self.send(&to, request);
        let after = self.rng.u64(1..40_000);
        self.schedule(after, Event::Lie { peer });
    }
}

/// Nothing but poll requests has devices poll while a history lasts.
fn policy() -> Policy {
    Policy::default()
}

/// The real center of a LAN.
#[must_use]
pub fn real() -> Arc<dyn Decide> {
    Arc::new(center(&policy()))
}

/// Every so many histories one is followed by a LAN of up to 15 devices,
const EVERY: u64 = 10;
/// and every so many by one of up to 200.
const LARGE: u64 = 400;
/// How often each liar lies.
const LIES: u32 = 40;
/// By then everything has ended: a plan of 200 devices, and 40 lies at 40 seconds each.
const QUIET: Moment = 4 * 3_600_000;
/// Makes the shape of a LAN another sequence than its chance.
const SHAPE: u64 = 0x7368_6170;
