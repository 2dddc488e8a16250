//! The fan-out: one link makes a whole fleet poll, device by device, at the center's own rate.
//!
//! Real machines, the real center and its plan: a service is applied for on all devices, a plan is
//! made for those that wait, and somebody opens its one link. Some devices are dead, inner nodes of
//! the tree among them. What is measured is what the center sees: when each device arrives.

use std::collections::BTreeSet;

use restante_core::center::Policy;
use restante_core::id::{CustomerId, DeviceId, RequestId};
use restante_core::time::Seconds;
use restante_core::wire::PollTag;
use restante_core::wire::people::PeopleReply;
use restante_core::wire::people::PeopleRequest;
use restante_core::wire::plan::{ListPollLinks, PlanOf};
use restante_core::wire::services::{
    Apply, Collator, DefineService, Selection, ServicesReply, ServicesRequest,
};

use crate::catalogue;
use crate::clock::Moment;

use super::Lan;
use super::center::center;
use super::peer::{Life, Peer};
pub use super::picture::svg;

/// What to simulate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many devices.
    pub devices: usize,
    /// Of a thousand devices, how many are dead when the link is opened.
    pub dead: u32,
    /// Of those whom the first device calls, how many are dead besides: all below them hang on
    /// finding that out in time.
    pub dead_below_root: usize,
    /// The set rate: devices that arrive in a minute.
    pub per_minute: u32,
    /// What chance follows from.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// What was simulated.
    pub settings: Settings,
    /// Layers of devices that others call.
    pub layers: u32,
    /// How many devices were dead.
    pub dead: usize,
    /// When each device arrived, in milliseconds after the link was opened.
    pub arrivals: Vec<Moment>,
    /// How many of those that are alive never arrived: nobody was left to call them.
    pub missed: usize,
    /// When the plan says that the last one arrives.
    pub planned: Seconds,
}

impl Figures {
    /// When the last device arrived.
    #[must_use]
    pub fn longest_wait(&self) -> Moment {
        self.arrivals.last().copied().unwrap_or_default()
    }

    /// The most arrivals within any time of this length.
    #[must_use]
    pub fn most_within(&self, span: Moment) -> usize {
        let from = |(first, at): (usize, &Moment)| {
            let rest = self.arrivals[first..].iter();
            rest.take_while(|it| **it < at + span).count()
        };
        self.arrivals
            .iter()
            .enumerate()
            .map(from)
            .max()
            .unwrap_or(0)
    }
}

/// Simulates it.
///
/// # Panics
/// If the center refuses what no center refuses, or a check of the LAN has found something.
#[must_use]
pub fn run(settings: Settings) -> Figures {
    let policy = Policy {
        poll_requests_per_minute: settings.per_minute,
        service_hosts: catalogue::hosts(),
        ..Policy::default()
    };
    let decide = std::sync::Arc::new(center(&policy));
    let mut lan = Lan::new(settings.devices, settings.seed, decide);
    let customer = lan.register(0..settings.devices, 0);
    let application = lan.apply(customer);
    let plan = lan.plan(customer, PlanOf::Application(application), |_| {});
    let link = plan.links.first().expect("a link");
    lan.kill(settings.dead, link.device);
    lan.kill_below_root(settings.dead_below_root, customer, &plan.tag);
    let dead = lan.peers.iter().filter(|it| it.life == Life::Dead).count();
    let opened = lan.now;
    lan.open(&link.link);
    lan.run(opened + plan.lasts.as_millis() + LATE);
    assert_eq!(lan.found.violations, [], "a check has found something");
    let reached: BTreeSet<usize> = lan.arrivals.iter().map(|(_, peer)| *peer).collect();
    Figures {
        settings,
        layers: plan.layers,
        dead,
        missed: settings.devices - dead - reached.len(),
        arrivals: lan.arrivals.iter().map(|(at, _)| at - opened).collect(),
        planned: plan.lasts,
    }
}

impl Lan {
    /// The administrator applies for a service on all devices, and the center makes its
    /// instructions.
    fn apply(&mut self, customer: CustomerId) -> restante_core::id::ApplicationId {
        let define = ServicesRequest::Define(DefineService {
            service: catalogue::service(0),
            title: None,
            url: catalogue::url(0),
            models: Vec::new(),
            collator: Collator::default(),
        });
        self.desk.console(self.now, PeopleRequest::Services(define));
        let apply = ServicesRequest::Apply(Apply {
            request: RequestId::from_bytes([1; 16]),
            customer: Some(customer),
            services: Vec::new(),
            on: Selection::All,
            validity: None,
        });
        let reply = self.desk.console(self.now, PeopleRequest::Services(apply));
        let PeopleReply::Services(ServicesReply::Applied(made)) = reply else {
            panic!("no application but {reply:?}");
        };
        self.desk.tick(self.now);
        made.applications[0].application
    }

    /// So many of a thousand devices die; the one whose link is opened does not.
    fn kill(&mut self, share: u32, root: DeviceId) {
        for peer in 0..self.peers.len() {
            let is_root = self.peers[peer].only() == Some(root);
            if !is_root && self.rng.u32(0..1_000) < share {
                self.peers[peer].life = Life::Dead;
            }
        }
    }

    /// The first so many of those die whom the plan's root calls.
    fn kill_below_root(&mut self, devices: usize, customer: CustomerId, tag: &PollTag) {
        let list = PeopleRequest::ListPollLinks(ListPollLinks {
            tag: tag.clone(),
            customer: Some(customer),
            after: None,
        });
        let PeopleReply::PollLinks(page) = self.desk.console(self.now, list) else {
            panic!("no list of the plan");
        };
        for row in page.rows.iter().skip(1).take(devices) {
            let same = |it: &&mut Peer| it.only() == Some(row.device);
            if let Some(peer) = self.peers.iter_mut().find(same) {
                peer.life = Life::Dead;
            }
        }
    }
}

/// How much later than planned a device may come and still be waited for.
const LATE: Moment = 3_600_000;
