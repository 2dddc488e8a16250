//! A LAN in the world: real device machines that tell each other to poll (chapter POL), the real
//! center, and whoever else stands on that LAN.
//!
//! The line to the center is good here, and its store never fails: what other histories are about
//! is left to them. What can go wrong is what a LAN is made of: devices that are dead or whose
//! power fails, gateways that are asked to poll, poll requests that are lost or come twice, and
//! liars ([`history`]). Ten thousand devices are told by one link in [`fan_out`].

mod center;
pub mod fan_out;
pub mod history;
mod peer;
mod picture;
mod power;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use fastrand::Rng;
use restante_core::center::{Decide, Reply};
use restante_core::code::Presented;
use restante_core::device::{Exchange, PeerCall, ServiceAnswer};
use restante_core::id::LanAddress;
use restante_core::limits::{POLL_REQUEST_BURST, POLL_REQUEST_EVERY};
use restante_core::wire::{
    DeviceReply, DeviceRequest, Mailbox, PollReply, PollRequest, PollTag, RefusalCode,
};

use crate::check::{Found, Invariant};
use crate::clock::{Moment, draw_seed};
use crate::coverage::Coverage;
use crate::machine::Event as Input;
use crate::unit::Deeds;

use center::{Desk, Outcome};
use peer::{Life, Peer};
use power::Failure;

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
    /// How often a device has polled for a tag since it was switched on.
    polled: HashMap<(usize, u64, PollTag), u32>,
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

/// Who waits for an answer, and since which switching on.
#[derive(Clone, Copy, Debug)]
struct Origin {
    peer: usize,
    boot: u64,
    exchange: Exchange,
}

enum Event {
    Alarm {
        peer: usize,
        number: u64,
    },
    Ask {
        origin: Origin,
        presented: Presented,
        request: DeviceRequest,
    },
    Answer {
        origin: Origin,
        outcome: Outcome,
    },
    Served {
        origin: Origin,
        answer: ServiceAnswer,
    },
    Hear {
        peer: usize,
        request: PollRequest,
    },
    Called {
        origin: Origin,
    },
    Lie {
        peer: usize,
    },
    /// What a gateway hears on its LAN.
    Child {
        peer: usize,
        boot: u64,
        input: Box<Input>,
    },
    PowerFails {
        peer: usize,
        failure: Failure,
    },
    PowerOn {
        peer: usize,
    },
}

impl Lan {
    /// So many devices with addresses, switched on, and nobody registered.
    #[must_use]
    pub fn new(devices: usize, seed: u64, decide: Arc<dyn Decide>) -> Self {
        let mut lan = Self {
            coverage: Coverage::default(),
            found: Found::default(),
            arrivals: Vec::new(),
            heard: 0,
            now: 0,
            rng: Rng::with_seed(seed ^ LAN),
            desk: Desk::new(seed, decide),
            places: HashMap::new(),
            peers: Vec::new(),
            queue: BTreeMap::new(),
            tickets: 0,
            steps: 0,
            faults: (0, 0),
            named: HashMap::new(),
            polled: HashMap::new(),
            rosters: HashMap::new(),
            trust: Trust::Nobody,
        };
        (0..devices).for_each(|number| lan.place(Peer::device(number)));
        lan
    }

    /// Somebody is put on the LAN and switched on.
    fn place(&mut self, peer: Peer) {
        let number = self.peers.len();
        self.places.insert(peer.address.clone(), number);
        self.peers.push(peer);
        self.switch_on(number);
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
                if self.peers[peer].unit.alarm == number {
                    self.tell(peer, Input::TimePassed);
                }
            }
            Event::Ask {
                origin,
                presented,
                request,
            } => {
                self.ask(origin, &presented, request);
            }
            Event::Answer { origin, outcome } => {
                let exchange = origin.exchange;
                let input = match *outcome {
                    Ok(Reply::Device(reply)) => Input::Replied(exchange, reply),
                    Ok(_) => Input::LinkFailed(exchange),
                    Err(refused) => Input::Refused(exchange, refused.refusal),
                };
                self.answer(origin, input);
            }
            Event::Served { origin, answer } => {
                self.answer(origin, Input::ServiceAnswered(origin.exchange, answer));
            }
            Event::Hear { peer, request } => self.hear(peer, request),
            Event::Called { origin } => self.answer(origin, Input::PeerCalled(origin.exchange)),
            Event::Lie { peer } => self.lie(peer),
            Event::Child { peer, boot, input } => {
                if self.peers[peer].unit.boots() == boot {
                    self.tell(peer, *input);
                }
            }
            Event::PowerFails { peer, failure } => self.power_fails(peer, failure),
            Event::PowerOn { peer } => self.switch_on(peer),
        }
    }

    fn schedule(&mut self, after: Moment, event: Event) {
        self.tickets += 1;
        self.queue.insert((self.now + after, self.tickets), event);
    }

    /// Something happens to a device; what it wants is carried out.
    fn tell(&mut self, peer: usize, input: Input) {
        let seed = draw_seed(&mut self.rng);
        let deeds = self.peers[peer].unit.handle(self.now, &seed, input);
        self.carry_out(peer, deeds);
    }

    /// An answer comes, to whoever has not forgotten the question.
    fn answer(&mut self, origin: Origin, input: Input) {
        if self.peers[origin.peer].unit.boots() == origin.boot {
            self.tell(origin.peer, input);
        }
    }

    fn carry_out(&mut self, peer: usize, deeds: Deeds) {
        let boot = self.peers[peer].unit.boots();
        let origin = |exchange| Origin {
            peer,
            boot,
            exchange,
        };
        for send in deeds.sends {
            let asks = Event::Ask {
                origin: origin(send.exchange),
                presented: send.presented,
                request: send.request,
            };
            self.soon(5..60, asks);
        }
        for errand in deeds.errands {
            let answer = self.desk.register(self.now, &errand);
            let origin = origin(errand.exchange);
            self.soon(20..120, Event::Served { origin, answer });
        }
        for call in deeds.calls {
            self.call(origin(call.exchange), call);
        }
        let mut heard = Vec::new();
        if deeds.call {
            let children = self.peers[peer].unit.present().into_iter();
            heard.extend(children.map(|child| Input::ChildThere(Box::new(child))));
        }
        let unit = &mut self.peers[peer].unit;
        heard.extend(deeds.asks.into_iter().map(|child| unit.ask(child)));
        let handed = deeds.handed.into_iter();
        heard.extend(handed.filter_map(|(child, order)| unit.hand(child, *order)));
        for input in heard {
            let input = Box::new(input);
            self.soon(1..900, Event::Child { peer, boot, input });
        }
        if let Some(word) = deeds.cut {
            self.coverage.note(word);
            self.comes_back(peer);
        }
        self.set_alarm(peer);
    }

    fn soon(&mut self, within: Range<Moment>, event: Event) {
        let after = self.rng.u64(within);
        self.schedule(after, event);
    }

    fn set_alarm(&mut self, peer: usize) {
        let unit = &mut self.peers[peer].unit;
        unit.alarm += 1;
        let (number, deadline) = (unit.alarm, unit.deadline());
        if let Some(at) = deadline {
            let after = at.saturating_sub(self.now);
            self.schedule(after, Event::Alarm { peer, number });
        }
    }

    /// A device's request reaches the center.
    fn ask(&mut self, origin: Origin, presented: &Presented, request: DeviceRequest) {
        let peer = origin.peer;
        let mut request = request;
        let mut tag = None;
        if let DeviceRequest::Poll(poll) = &mut request {
            poll.tag = poll.tag.take().map(|it| self.peers[peer].true_tag(it));
            tag.clone_from(&poll.tag);
            if self.peers[peer].unit.is_in_use() {
                self.polls(origin, tag.as_ref());
            }
        }
        let outcome = self.desk.ask(self.now, presented, request);
        if let Ok(Reply::Device(DeviceReply::Polled(PollReply::Mailbox(told)))) = &*outcome {
            self.names(peer, tag, named(told));
        }
        self.soon(5..60, Event::Answer { origin, outcome });
    }

    /// 13: one trigger causes at most one poll per device, and all of them together a few. A device
    /// that was switched off has forgotten for what it has polled, and polls once because it is on
    /// again.
    fn polls(&mut self, origin: Origin, tag: Option<&PollTag>) {
        let Origin { peer, boot, .. } = origin;
        if let Some(tag) = tag {
            self.arrivals.push((self.now, peer));
            let times = self.polled.entry((peer, boot, tag.clone())).or_default();
            *times += 1;
            let times = *times;
            self.found.that(Invariant::OnePoll, times == 1, || {
                format!("device {peer} polls {times} times for {}", tag.as_str())
            });
        }
        let asked = &mut self.peers[peer];
        let by_itself = tag.is_none() && asked.came_by_itself < boot;
        if by_itself {
            asked.came_by_itself = boot;
        }
        if by_itself || boot != asked.unit.boots() {
            return;
        }
        if asked.unit.is_gateway() {
            self.coverage.note("lan: a gateway polls for a request");
        }
        let every = POLL_REQUEST_EVERY.as_millis();
        let most = every * u64::from(POLL_REQUEST_BURST) + A_WHILE;
        asked.rested = asked.rested.max(self.now) + every;
        let ahead = asked.rested - self.now;
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
    fn call(&mut self, origin: Origin, call: PeerCall) {
        let peer = origin.peer;
        let mut request = call.request;
        request.tag = request.tag.map(|it| self.peers[peer].true_tag(it));
        self.may_call(peer, &call.address, &request);
        self.coverage.note("lan: a device calls a peer");
        let there = self.places.get(&call.address).copied();
        let is_there = there.is_some_and(|it| self.peers[it].is_there());
        let lost = self.rng.u32(0..1_000) < self.faults.0;
        if is_there && !lost {
            self.soon(2..40, Event::Called { origin });
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
                if self.peers[peer].unit.is_gateway() {
                    self.coverage.note("lan: a gateway is asked");
                }
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
