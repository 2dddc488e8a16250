//! A LAN in the world: real device machines that tell each other to poll (chapter POL), the real
//! center, and whoever else stands on that LAN.
//!
//! The line to the center is good here, and its store never fails: what other histories are about
//! is left to them. What can go wrong is what a LAN is made of: devices that are dead, poll
//! requests that are lost or come twice, and liars ([`history`]). Ten thousand devices are told by
//! one link in [`fan_out`].

mod center;
pub mod fan_out;
pub mod history;
mod peer;
mod picture;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use fastrand::Rng;
use restante_core::center::{Decide, Reply};
use restante_core::code::Presented;
use restante_core::device::{Exchange, Input, PeerCall, ServiceAnswer};
use restante_core::id::LanAddress;
use restante_core::limits::{POLL_REQUEST_BURST, POLL_REQUEST_EVERY};
use restante_core::wire::{
    DeviceReply, DeviceRequest, Mailbox, PollReply, PollRequest, PollTag, RefusalCode,
};

use crate::check::{Found, Invariant};
use crate::clock::{Moment, draw_seed};
use crate::coverage::Coverage;

use center::{Desk, Outcome};
use peer::{Life, Peer, Wants};

/// A LAN, its devices and the center.
pub struct Lan {
    /// What happened how often.
    pub coverage: Coverage,
    /// What the checks have found.
    pub found: Found,
    /// Polls that poll requests have caused, as they reached the center: when, and whose.
    pub arrivals: Vec<(Moment, usize)>,
    /// When a poll request was heard last.
    pub heard: Moment,
    now: Moment,
    rng: Rng,
    desk: Desk,
    peers: Vec<Peer>,
    places: HashMap<LanAddress, usize>,
    queue: BTreeMap<(Moment, u64), Event>,
    tickets: u64,
    steps: u64,
    /// Of a thousand poll requests, how many are lost, and how many come twice.
    faults: (u32, u32),
    /// Whom the center has named to a device for a tag.
    named: HashMap<(usize, PollTag), BTreeSet<LanAddress>>,
    polled: HashMap<(usize, PollTag), u32>,
    /// Where the devices of each plan truly are, by its tag.
    rosters: HashMap<PollTag, BTreeSet<LanAddress>>,
    trust: Trust,
}

/// What a test has this world believe, so that the checks can be seen to fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// That liars lie.
    #[default]
    Nobody,
    /// That a liar is a device like any other.
    Liars,
    /// That a device which takes each tag for a new one is a device like any other.
    Forgetful,
}

enum Event {
    Alarm {
        peer: usize,
        number: u64,
    },
    Ask {
        peer: usize,
        exchange: Exchange,
        presented: Presented,
        request: DeviceRequest,
    },
    Answer {
        peer: usize,
        exchange: Exchange,
        outcome: Outcome,
    },
    Served {
        peer: usize,
        exchange: Exchange,
        answer: ServiceAnswer,
    },
    Hear {
        peer: usize,
        request: PollRequest,
    },
    Called {
        peer: usize,
        exchange: Exchange,
    },
    Lie {
        peer: usize,
    },
}

impl Lan {
    /// So many devices with addresses, switched on, and nobody registered.
    #[must_use]
    pub fn new(devices: usize, seed: u64, decide: Arc<dyn Decide>) -> Self {
        let mut rng = Rng::with_seed(seed ^ LAN);
        let desk = Desk::new(seed, decide);
        let peers: Vec<Peer> = (0..devices).map(|it| Peer::new(it, &mut rng)).collect();
        let places = peers.iter().enumerate();
        let places = places.map(|(number, peer)| (peer.address.clone(), number));
        Self {
            coverage: Coverage::default(),
            found: Found::default(),
            arrivals: Vec::new(),
            heard: 0,
            now: 0,
            rng,
            desk,
            places: places.collect(),
            peers,
            queue: BTreeMap::new(),
            tickets: 0,
            steps: 0,
            faults: (0, 0),
            named: HashMap::new(),
            polled: HashMap::new(),
            rosters: HashMap::new(),
            trust: Trust::Nobody,
        }
    }

    /// What time it is.
    #[must_use]
    pub const fn now(&self) -> Moment {
        self.now
    }

    /// How many steps it took.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// Lets things happen until then, or until a check has found something.
    pub fn run(&mut self, until: Moment) {
        while self.found.violations.is_empty() {
            match self.queue.first_key_value() {
                Some(((at, _), _)) if *at <= until => {}
                _ => break,
            }
            let Some(((at, _), event)) = self.queue.pop_first() else {
                break;
            };
            self.now = self.now.max(at);
            self.steps += 1;
            self.happens(event);
        }
        self.now = self.now.max(until);
    }

    /// Somebody opens a link: the device at this address is asked.
    pub fn open(&mut self, link: &str) {
        let rest = link.trim_start_matches("https://");
        let (address, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let address: LanAddress = address.parse().expect("the address of a link");
        let request = PollRequest::read(target).expect("a link of the center's");
        self.send(&address, request);
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Alarm { peer, number } => {
                if self.peers[peer].alarm == number {
                    self.tell(peer, Input::TimePassed);
                }
            }
            Event::Ask {
                peer,
                exchange,
                presented,
                request,
            } => {
                self.ask(peer, exchange, &presented, request);
            }
            Event::Answer {
                peer,
                exchange,
                outcome,
            } => {
                let input = match *outcome {
                    Ok(Reply::Device(reply)) => Input::Replied { exchange, reply },
                    Ok(_) => Input::LinkFailed { exchange },
                    Err(refused) => Input::Refused {
                        exchange,
                        refusal: refused.refusal,
                    },
                };
                self.tell(peer, input);
            }
            Event::Served {
                peer,
                exchange,
                answer,
            } => {
                self.tell(peer, Input::ServiceAnswered { exchange, answer });
            }
            Event::Hear { peer, request } => self.hear(peer, request),
            Event::Called { peer, exchange } => {
                self.tell(
                    peer,
                    Input::PeerCalled {
                        exchange,
                        answered: true,
                    },
                );
            }
            Event::Lie { peer } => self.lie(peer),
        }
    }

    fn schedule(&mut self, after: Moment, event: Event) {
        self.tickets += 1;
        self.queue.insert((self.now + after, self.tickets), event);
    }

    /// Something happens to a device; what it wants is carried out.
    fn tell(&mut self, peer: usize, input: Input) {
        let seed = draw_seed(&mut self.rng);
        let wants = self.peers[peer].handle(self.now, &seed, input);
        self.carry_out(peer, wants);
    }

    fn carry_out(&mut self, peer: usize, wants: Wants) {
        for (exchange, presented, request) in wants.sends {
            let after = self.rng.u64(5..60);
            self.schedule(
                after,
                Event::Ask {
                    peer,
                    exchange,
                    presented,
                    request,
                },
            );
        }
        for errand in wants.errands {
            let answer = self.desk.register(self.now, &errand);
            let (after, exchange) = (self.rng.u64(20..120), errand.exchange);
            self.schedule(
                after,
                Event::Served {
                    peer,
                    exchange,
                    answer,
                },
            );
        }
        for call in wants.calls {
            self.call(peer, call);
        }
        self.peers[peer].alarm += 1;
        let number = self.peers[peer].alarm;
        if let Some(at) = self.peers[peer].deadline() {
            let after = at.saturating_sub(self.now);
            self.schedule(after, Event::Alarm { peer, number });
        }
    }

    /// A device's request reaches the center.
    fn ask(
        &mut self,
        peer: usize,
        exchange: Exchange,
        presented: &Presented,
        request: DeviceRequest,
    ) {
        let mut request = request;
        let mut tag = None;
        if let DeviceRequest::Poll(poll) = &mut request {
            poll.tag = poll.tag.take().map(|it| self.peers[peer].true_tag(it));
            tag.clone_from(&poll.tag);
            if self.peers[peer].is_in_use() {
                self.polls(peer, tag.as_ref());
            }
        }
        let outcome = self.desk.ask(self.now, presented, request);
        if let Ok(Reply::Device(DeviceReply::Polled(PollReply::Mailbox(told)))) = &*outcome {
            self.names(peer, tag, named(told));
        }
        let after = self.rng.u64(5..60);
        self.schedule(
            after,
            Event::Answer {
                peer,
                exchange,
                outcome,
            },
        );
    }

    /// 13: one trigger causes at most one poll per device, and all of them together a few.
    fn polls(&mut self, peer: usize, tag: Option<&PollTag>) {
        if let Some(tag) = tag {
            self.arrivals.push((self.now, peer));
            let times = self.polled.entry((peer, tag.clone())).or_default();
            *times += 1;
            let times = *times;
            self.found.that(Invariant::OnePoll, times == 1, || {
                format!("device {peer} polls {times} times for {}", tag.as_str())
            });
        }
        let every = POLL_REQUEST_EVERY.as_millis();
        let most = every * u64::from(POLL_REQUEST_BURST) + A_WHILE;
        let rested = &mut self.peers[peer].rested;
        *rested = (*rested).max(self.now) + every;
        let ahead = *rested - self.now;
        self.found.that(Invariant::OnePoll, ahead <= most, || {
            format!("device {peer} polls too often for poll requests")
        });
    }

    /// 13: what the center says reaches the devices of the plan alone: it names nobody else, and
    /// nobody to anybody else.
    fn names(&mut self, peer: usize, tag: Option<PollTag>, named: BTreeSet<LanAddress>) {
        let roster = tag.as_ref().and_then(|tag| self.rosters.get(tag));
        let is_told = roster.is_some_and(|it| it.contains(&self.peers[peer].address));
        let stranger = named
            .iter()
            .find(|it| !roster.is_some_and(|roster| roster.contains(*it)));
        let holds = named.is_empty() || (is_told && stranger.is_none());
        let stranger = stranger.cloned();
        self.found.that(Invariant::OnePoll, holds, || {
            format!("the center names {named:?} to device {peer}, {stranger:?} among them")
        });
        if let Some(tag) = tag {
            self.named.insert((peer, tag), named);
        }
    }

    /// A device calls a peer: one that the center has named to it for this tag.
    fn call(&mut self, peer: usize, call: PeerCall) {
        let mut request = call.request;
        request.tag = request.tag.map(|it| self.peers[peer].true_tag(it));
        self.may_call(peer, &call.address, &request);
        self.coverage.note("lan: a device calls a peer");
        let there = self.places.get(&call.address).copied();
        let alive = there.filter(|it| self.peers[*it].life != Life::Dead);
        let lost = self.rng.u32(0..1_000) < self.faults.0;
        if alive.is_some() && !lost {
            let exchange = call.exchange;
            let after = self.rng.u64(2..40);
            self.schedule(after, Event::Called { peer, exchange });
        } else {
            self.coverage.note("lan: a peer is silent");
        }
        self.send(&call.address, request);
    }

    /// 13: a poll request reaches only those whom the center has named for it.
    fn may_call(&mut self, peer: usize, address: &LanAddress, request: &PollRequest) {
        let tag = request.tag.clone();
        let named = tag.and_then(|tag| self.named.get(&(peer, tag)));
        let holds = named.is_some_and(|named| named.contains(address));
        self.found.that(Invariant::OnePoll, holds, || {
            format!("device {peer} calls {address}, whom nobody has named for {request:?}")
        });
    }

    /// A poll request goes to whoever is at this address; the LAN loses some and repeats some.
    fn send(&mut self, address: &LanAddress, request: PollRequest) {
        let Some(peer) = self.places.get(address).copied() else {
            return self.coverage.note("lan: a call to nobody");
        };
        let (lost, twice) = self.faults;
        if self.rng.u32(0..1_000) >= lost {
            let request = request.clone();
            let after = self.rng.u64(1..30);
            self.schedule(after, Event::Hear { peer, request });
        }
        if self.rng.u32(0..1_000) < twice {
            let after = self.rng.u64(1..90_000);
            self.schedule(after, Event::Hear { peer, request });
        }
    }

    fn hear(&mut self, peer: usize, request: PollRequest) {
        self.heard = self.now;
        match self.peers[peer].life {
            Life::Dead => {}
            Life::Liar(_) => {
                self.peers[peer].overheard(request);
                self.lie(peer);
            }
            Life::Honest => {
                let request = match self.trust {
                    Trust::Forgetful => self.peers[peer].takes_for_new(request, self.tickets),
                    _ => request,
                };
                self.tell(peer, Input::PollRequested(request));
            }
        }
    }
}

/// Whom a reply names, and those below them.
fn named(told: &Mailbox) -> BTreeSet<LanAddress> {
    let calls = told.calls.iter();
    let all = calls.flat_map(|call| {
        let below = call.below.iter().map(|below| below.address.clone());
        call.address.clone().into_iter().chain(below)
    });
    all.collect()
}

/// What a service's server has said.
fn of_service(outcome: &Outcome) -> ServiceAnswer {
    match &**outcome {
        Ok(Reply::Registered(registered)) => ServiceAnswer::Registered(registered.clone()),
        Err(refused) if refused.refusal.code == RefusalCode::RegistrationRefused => {
            let why = restante_core::id::Note::new("refused").expect("a note");
            ServiceAnswer::Refused(why)
        }
        _ => ServiceAnswer::Nothing,
    }
}

/// How long a poll may lie between being allowed and reaching the center.
const A_WHILE: Moment = 2_000;
/// Makes a LAN's chance another sequence than those of the other histories.
const LAN: u64 = 0x6c_616e;
