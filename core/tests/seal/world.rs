//! A device, a center, and a line between them that keeps everything it was ever given: whoever
//! sits there hands over what they like, in any order, as often as they like, or never. Power fails
//! and memories are restored on both sides. The random numbers are the same at every step, so that
//! nothing rests on them.
//!
//! The laws are checked where they could break: no header belongs to two envelopes, no envelope
//! acts twice, a reply is taken for its own request alone, and nobody is called a clone whose
//! device was never restored.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use restante_core::crypto::Tag;
use restante_core::seal::{
    Answer, Envelope, HEADER_LEN, Kept, Lane, Present, Received, Request, SealingKey, Sender,
    Verdict,
};
use restante_core::{Crypto, Seed};
use restante_crypto::RingCrypto;

use crate::code;

/// The same random numbers at every step.
const DEAD: Seed = Seed::new([0; 32]);

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The device seals a request, or once more the one that was challenged.
    Send,
    /// The device stops waiting.
    GiveUp,
    /// The line hands the center one of all envelopes that ever went up.
    Up(usize),
    /// The line hands the device one of all envelopes that ever went down.
    Down(usize),
    /// The device's power fails.
    Boot,
    /// A copy is made of the device's memory.
    CopyDevice,
    /// The device gets that copy back.
    RestoreDevice,
    /// A copy is made of the center's store.
    CopyCenter,
    /// The center gets that copy back.
    RestoreCenter,
    /// Both go on with a new formal code.
    Rotate,
}

/// What a center keeps of one epoch.
#[derive(Clone, Debug)]
struct Lanes {
    received: Received,
    /// The reply to the last request.
    reply: Option<Rc<[u8]>>,
}

/// Everything there is.
#[derive(Clone)]
pub(crate) struct World {
    lane: Lane,
    /// The device: its machine, its non-volatile memory, and a copy of that.
    sender: Sender,
    memory: (u32, Kept),
    device_copy: Option<(u32, Kept)>,
    /// What it says or waits for.
    saying: Option<u32>,
    /// The center: its generation, its store by epoch, and a copy of that.
    generation: u32,
    store: BTreeMap<u32, Lanes>,
    center_copy: Option<BTreeMap<u32, Lanes>>,
    /// The line.
    up: Vec<Rc<[u8]>>,
    down: Vec<Rc<[u8]>>,
    /// What the laws are checked with.
    said: u32,
    newest: u32,
    acted: BTreeSet<Tag>,
    sealed: BTreeMap<Rc<[u8]>, Rc<[u8]>>,
    pub(crate) device_went_back: bool,
    pub(crate) clones: u32,
    pub(crate) replies: u32,
}

impl World {
    pub(crate) fn new(lane: Lane) -> Self {
        let sender = Sender::new(&code(1), lane);
        let memory = Kept {
            until: 1,
            challenged: None,
        };
        let first = Lanes {
            received: Received::nothing(0),
            reply: None,
        };
        Self {
            lane,
            sender,
            memory: (1, memory),
            device_copy: None,
            saying: None,
            generation: 0,
            store: BTreeMap::from([(1, first)]),
            center_copy: None,
            up: Vec::new(),
            down: Vec::new(),
            said: 0,
            newest: 1,
            acted: BTreeSet::new(),
            sealed: BTreeMap::new(),
            device_went_back: false,
            clones: 0,
            replies: 0,
        }
    }

    /// How many envelopes there are on the line: upwards and downwards.
    pub(crate) fn line(&self) -> (usize, usize) {
        (self.up.len(), self.down.len())
    }

    /// Which copies there are: of the device, of the center.
    pub(crate) const fn copies(&self) -> (bool, bool) {
        (self.device_copy.is_some(), self.center_copy.is_some())
    }

    pub(crate) fn take(&mut self, step: Step) {
        match step {
            Step::Send => self.send(),
            Step::GiveUp => self.give_up(),
            Step::Up(place) => self.reach_center(place),
            Step::Down(place) => self.reach_device(place),
            Step::Boot => self.boot(),
            Step::CopyDevice => self.device_copy = Some(self.memory),
            Step::RestoreDevice => self.restore_device(),
            Step::CopyCenter => self.center_copy = Some(self.store.clone()),
            Step::RestoreCenter => self.restore_center(),
            Step::Rotate => self.rotate(),
        }
    }

    fn give_up(&mut self) {
        self.sender.give_up();
        self.saying = None;
    }

    fn send(&mut self) {
        let message = self.saying.unwrap_or(self.said + 1);
        let text = message.to_be_bytes();
        let kept = self.sender.reserve().expect("counters");
        if self.sender.clone().seal(&RingCrypto, &DEAD, &text).is_err() {
            self.memory.1 = kept;
            self.sender.reserved(kept);
        }
        // Nothing is sealed while a request waits.
        if let Ok(envelope) = self.sender.seal(&RingCrypto, &DEAD, &text) {
            self.said = self.said.max(message);
            self.saying = (self.lane == Lane::Conversation).then_some(message);
            let envelope = self.seen(envelope);
            self.up.push(envelope);
        }
    }

    /// Law 1: a header, and with it a key, belongs to one envelope.
    fn seen(&mut self, envelope: Vec<u8>) -> Rc<[u8]> {
        let envelope: Rc<[u8]> = envelope.into();
        let header = Rc::from(&envelope[..HEADER_LEN]);
        let first = self
            .sealed
            .entry(header)
            .or_insert_with(|| envelope.clone());
        assert_eq!(*first, envelope, "law 1: one key, two messages");
        envelope
    }

    fn reach_center(&mut self, place: usize) {
        let Some(bytes) = self.up.get(place).cloned() else {
            return;
        };
        let envelope = Envelope::parse(&bytes).expect("an envelope");
        let epoch = envelope.header().epoch.get();
        let key = SealingKey::formal(&code(epoch));
        let request = Request::open(&RingCrypto, &key, &envelope).expect("opens");
        let Some(lanes) = self.store.get_mut(&epoch) else {
            return;
        };
        let present = Present {
            generation: self.generation,
            secret: [5; 32],
        };
        let answer = match lanes.received.judge(&RingCrypto, &request, &present) {
            Verdict::Accept(after) => {
                assert!(self.acted.insert(*request.tag()), "law 2: it acted twice");
                let count = u32::try_from(self.acted.len()).expect("few");
                let text = [request.message(), &count.to_be_bytes()].concat();
                let reply = request.reply(&RingCrypto, &DEAD, &text).expect("short");
                lanes.received = after;
                lanes.reply = Some(reply.clone().into());
                // The first use of an epoch ends the ones before.
                self.store.retain(|of, _| *of >= epoch);
                Some(reply)
            }
            Verdict::Repeated => lanes.reply.as_ref().map(|reply| reply.to_vec()),
            Verdict::Challenge(challenge) => {
                Some(request.challenge(&RingCrypto, &DEAD, &challenge))
            }
            Verdict::Clone => {
                assert!(self.device_went_back, "a clone, and no memory was restored");
                self.clones += 1;
                None
            }
            Verdict::Late => None,
        };
        if let Some(answer) = answer.filter(|_| self.lane == Lane::Conversation) {
            let answer = self.seen(answer);
            if !self.down.contains(&answer) {
                self.down.push(answer);
            }
        }
    }

    fn reach_device(&mut self, place: usize) {
        let Some(bytes) = self.down.get(place).cloned() else {
            return;
        };
        let envelope = Envelope::parse(&bytes).expect("an envelope");
        let before = self.sender.clone();
        match self.sender.open(&RingCrypto, &envelope) {
            Ok(Answer::Reply(text)) => {
                let saying = self.saying.take().expect("it waits for this");
                assert_eq!(text[..4], saying.to_be_bytes(), "another request's reply");
                self.replies += 1;
            }
            Ok(Answer::Challenged) => assert!(self.sender.has_to_rotate()),
            Err(_) => assert_eq!(self.sender, before, "what is refused changes nothing"),
        }
    }

    fn boot(&mut self) {
        let (epoch, kept) = self.memory;
        self.sender = Sender::restore(&code(epoch), self.lane, kept);
        self.saying = None;
    }

    fn restore_device(&mut self) {
        if let Some(copy) = self.device_copy {
            self.device_went_back |= copy != self.memory;
            self.memory = copy;
            self.boot();
        }
    }

    fn restore_center(&mut self) {
        if let Some(copy) = &self.center_copy {
            self.store = copy.clone();
            self.generation += 1;
        }
    }

    /// A restored center hands out no epoch that it might have handed out before.
    fn rotate(&mut self) {
        self.newest += 1;
        let lanes = Lanes {
            received: Received::nothing(self.generation),
            reply: None,
        };
        self.store.insert(self.newest, lanes);
        self.memory.0 = self.newest;
        self.sender.go_on_with(&code(self.newest));
        self.saying = None;
    }

    /// Law 3: once the line is good, two exchanges bring a request through, unless a restored
    /// memory looks like a clone's, or the center knows nothing of the device's epoch.
    pub(crate) fn check_liveness(&self) {
        let mut world = self.clone();
        if !world.store.contains_key(&world.memory.0) || self.lane == Lane::Mail {
            return;
        }
        world.give_up();
        let (clones, replies) = (world.clones, world.replies);
        for _ in 0..2 {
            world.send();
            world.reach_center(world.up.len() - 1);
            if world.replies > replies || world.clones > clones {
                break;
            }
            for place in 0..world.down.len() {
                world.reach_device(place);
            }
        }
        assert!(
            world.replies > replies || world.clones > clones,
            "law 3: two exchanges and no reply"
        );
    }

    /// What tells two states apart, but for what can only have been checked already.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let text = format!(
            "{:?} {:?} {:?} {:?} {} {:?} {:?} {:?} {:?} {} {:?} {}",
            self.sender,
            self.memory,
            self.device_copy,
            self.saying,
            self.generation,
            self.store,
            self.center_copy,
            self.up,
            self.down,
            self.said,
            self.acted,
            self.device_went_back,
        );
        RingCrypto.sha256(&[text.as_bytes()])
    }
}
