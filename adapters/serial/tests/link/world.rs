//! Two ends, the line between them, and one virtual clock.
//!
//! Whoever stands above an end sends numbered messages one after the other and writes down what
//! becomes of each. [`World::judge`] holds the books of both sides against each other.

use std::collections::VecDeque;

use fastrand::Rng;
use restante_core::Uptime;
use restante_core::entropy::Seed;
use restante_core::limits::{FRAME_BYTES, SEALED_BYTES};
use restante_core::machine::Machine;
use restante_serial::{Failure, Input, Link, Output, Pace};

/// What a line does to bytes, as one chance in so many; zero is never.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Noise {
    /// That a bit is wrong.
    pub(crate) bit: u32,
    /// That a byte is lost.
    pub(crate) loss: u32,
    /// That a byte comes twice.
    pub(crate) twice: u32,
    /// That a write is cut somewhere.
    pub(crate) cut: u32,
    /// That garbage stands before a write.
    pub(crate) garbage: u32,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Delivered,
    Failed(Failure),
    /// Its sender restarted before it knew.
    Forgotten,
}

/// One end, and whoever stands above it.
pub(crate) struct End {
    pub(crate) link: Link,
    to_send: VecDeque<Vec<u8>>,
    under_way: Option<Vec<u8>>,
    pub(crate) fates: Vec<(Vec<u8>, Fate)>,
    pub(crate) arrived: Vec<Vec<u8>>,
    /// Until when the line is busy with what this end has written.
    busy_until: u64,
}

pub(crate) struct World {
    pub(crate) now: u64,
    pub(crate) noise: Noise,
    pub(crate) ends: [End; 2],
    bits_per_second: u64,
    rng: Rng,
    /// When, to which end, what.
    on_line: VecDeque<(u64, usize, Vec<u8>)>,
    /// All bytes that were ever written, for what must never stand there.
    pub(crate) written: Vec<u8>,
}

const BITS_PER_BYTE: u64 = 10;
const SEED: Seed = Seed::new([0; 32]);

impl World {
    pub(crate) fn new(seed: u64, bits_per_second: u32, noise: Noise) -> Self {
        let mut rng = Rng::with_seed(seed);
        let pace = Pace::new(bits_per_second, 50);
        let mut end = || End {
            link: Link::new(rng.u32(..), pace, SEALED_BYTES),
            to_send: VecDeque::new(),
            under_way: None,
            fates: Vec::new(),
            arrived: Vec::new(),
            busy_until: 0,
        };
        let ends = [end(), end()];
        let mut world = Self {
            now: 0,
            noise,
            ends,
            bits_per_second: u64::from(bits_per_second),
            rng,
            on_line: VecDeque::new(),
            written: Vec::new(),
        };
        world.tell(0, Input::Opened);
        world.tell(1, Input::Opened);
        world
    }

    /// Has an end send this message when those before it are done with.
    pub(crate) fn send(&mut self, end: usize, message: Vec<u8>) {
        self.ends[end].to_send.push_back(message);
        self.next_message(end);
    }

    /// Has an end send messages that differ, of random lengths.
    pub(crate) fn send_some(&mut self, end: usize, count: u8, longest: usize) {
        for number in 0..count {
            let length = self.rng.usize(2..=longest);
            let mut message: Vec<u8> = (0..length).map(|_| self.rng.u8(..)).collect();
            message[..2].copy_from_slice(&[u8::try_from(end).expect("two ends"), number]);
            self.send(end, message);
        }
    }

    /// An end restarts: it forgets everything, and whoever stands above it knows no more of the
    /// message that was under way.
    pub(crate) fn restart(&mut self, end: usize) {
        let pace = Pace::new(u32::try_from(self.bits_per_second).expect("slow"), 50);
        let drawn = self.rng.u32(..);
        let it = &mut self.ends[end];
        it.link = Link::new(drawn, pace, SEALED_BYTES);
        if let Some(message) = it.under_way.take() {
            it.fates.push((message, Fate::Forgotten));
        }
        self.tell(end, Input::Opened);
        self.next_message(end);
    }

    /// The line is lost, with what is on it, and there again at once.
    pub(crate) fn reconnect(&mut self) {
        self.on_line.clear();
        for end in 0..2 {
            self.ends[end].busy_until = self.now;
            self.tell(end, Input::Lost);
            self.tell(end, Input::Opened);
        }
    }

    /// Does the next thing that happens; `false` if nothing ever does.
    pub(crate) fn step(&mut self) -> bool {
        let arrival = self.on_line.front().map(|(at, ..)| *at);
        let deadline = |end: &End| end.link.deadline().map(Uptime::as_millis);
        let alarm = self.ends.iter().filter_map(deadline).min();
        let Some(next) = arrival.into_iter().chain(alarm).min() else {
            return false;
        };
        self.now = self.now.max(next);
        if arrival == Some(next) {
            let (_, to, bytes) = self.on_line.pop_front().expect("it is there");
            self.tell(to, Input::Received(bytes));
        } else {
            for end in 0..2 {
                self.tell(end, Input::TimePassed);
            }
        }
        true
    }

    /// Goes on until nothing is left to do.
    pub(crate) fn run(&mut self) {
        let mut steps = 0;
        while self.step() {
            steps += 1;
            assert!(steps < 1_000_000, "it never ends");
        }
    }

    fn tell(&mut self, end: usize, input: Input) {
        let mut out = Vec::new();
        let now = Uptime::from_millis(self.now);
        let told = self.ends[end].link.handle(now, &SEED, input, &mut out);
        told.expect("it fits");
        for output in out {
            match output {
                Output::Write(bytes) => self.write(end, bytes),
                Output::Arrived(message) => self.ends[end].arrived.push(message),
                Output::Delivered => self.done(end, Fate::Delivered),
                Output::Failed(failure) => self.done(end, Fate::Failed(failure)),
            }
        }
    }

    fn done(&mut self, end: usize, fate: Fate) {
        let it = &mut self.ends[end];
        let message = it.under_way.take().expect("a message was under way");
        it.fates.push((message, fate));
        self.next_message(end);
    }

    fn next_message(&mut self, end: usize) {
        let it = &mut self.ends[end];
        if !it.link.is_free() {
            return;
        }
        if let Some(message) = it.to_send.pop_front() {
            it.under_way = Some(message.clone());
            self.tell(end, Input::Send(message));
        }
    }

    /// Puts bytes on the line: they come when those before them have come, in pieces.
    fn write(&mut self, from: usize, bytes: Vec<u8>) {
        assert!(bytes.len() <= FRAME_BYTES, "{} bytes", bytes.len());
        self.written.extend(&bytes);
        let mut at = self.ends[from].busy_until.max(self.now);
        let mut rest = self.spoiled(bytes).into_iter().peekable();
        while rest.peek().is_some() {
            let piece: Vec<u8> = rest.by_ref().take(self.rng.usize(1..200)).collect();
            let bits = piece.len() as u64 * BITS_PER_BYTE * 1_000;
            at += bits.div_ceil(self.bits_per_second);
            let after = |(other, ..): &(u64, usize, Vec<u8>)| *other <= at;
            let place = self.on_line.partition_point(after);
            self.on_line.insert(place, (at, 1 - from, piece));
        }
        self.ends[from].busy_until = at;
    }

    fn spoiled(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let noise = self.noise;
        let mut out = Vec::new();
        if self.happens(noise.garbage) {
            out.extend((0..self.rng.usize(1..200)).map(|_| self.rng.u8(..)));
        }
        for byte in bytes {
            if self.happens(noise.loss) {
                continue;
            }
            let bit = |bit: u8| u8::from(noise.bit > 0 && self.rng.u32(0..noise.bit) == 0) << bit;
            let wrong = (0..8).map(bit).fold(0, |all, bit| all | bit);
            out.push(byte ^ wrong);
            if self.happens(noise.twice) {
                out.push(byte);
            }
        }
        if self.happens(noise.cut) {
            out.truncate(self.rng.usize(0..=out.len()));
        }
        out
    }

    fn happens(&mut self, one_in: u32) -> bool {
        one_in > 0 && self.rng.u32(0..one_in) == 0
    }

    /// What was delivered has arrived, what cannot have arrived has not, nothing arrives twice, in
    /// another order or altered, and nothing is left over.
    pub(crate) fn judge(&self) {
        for (sender, receiver) in [(0, 1), (1, 0)] {
            let (sender, receiver) = (&self.ends[sender], &self.ends[receiver]);
            assert!(sender.under_way.is_none() && sender.to_send.is_empty());
            let mut arrived = receiver.arrived.iter().peekable();
            for (message, fate) in &sender.fates {
                let has_arrived = arrived.next_if_eq(&message).is_some();
                let (must, may) = match fate {
                    Fate::Delivered => (true, true),
                    Fate::Forgotten | Fate::Failed(Failure::Restarted) => (false, true),
                    Fate::Failed(
                        Failure::NoAnswer { may_have_arrived }
                        | Failure::LineLost { may_have_arrived },
                    ) => (false, *may_have_arrived),
                    Fate::Failed(_) => (false, false),
                };
                let name = &message[..2];
                assert!(has_arrived || !must, "{name:?} is lost: {fate:?}");
                assert!(!has_arrived || may, "{name:?} has arrived: {fate:?}");
            }
            assert_eq!(arrived.next(), None, "twice, altered, or in another order");
        }
    }
}
