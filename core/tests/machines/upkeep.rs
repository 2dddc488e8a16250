//! A device in use, the center that it polls, and the service that it registers for.

use restante_core::Seconds;
use restante_core::code::Presented;
use restante_core::device::{Errand, Input, ServiceAnswer};
use restante_core::id::InstructionId;
use restante_core::wire::{Act, DeviceReply, DeviceRequest, Outcome, Progress, Registered};

use crate::post::Post;
use crate::scripted::{World, device_id, reported, rotated};

/// A device in use and the center that it polls.
#[derive(Clone)]
pub(crate) struct Upkeep {
    pub(crate) world: World,
    pub(crate) post: Post,
}

impl Upkeep {
    /// One whose mailbox holds these instructions; it has not polled since.
    pub(crate) fn new(instructions: &[&[Act]]) -> (Self, Vec<InstructionId>) {
        let mut post = Post::default();
        let put = |acts: &&[Act]| post.put(device_id(0), acts.to_vec());
        let ids = instructions.iter().map(put).collect();
        let world = World::in_use();
        (Self { world, post }, ids)
    }

    /// One that has just taken them in.
    pub(crate) fn polled(instructions: &[&[Act]]) -> (Self, Vec<InstructionId>) {
        let (mut upkeep, ids) = Self::new(instructions);
        upkeep.poll();
        (upkeep, ids)
    }

    /// Lets time pass up to the next poll, and has it answered.
    pub(crate) fn poll(&mut self) {
        loop {
            self.world.sleep();
            let poll = matches!(self.world.last().request, DeviceRequest::Poll(_));
            self.answer();
            if poll {
                return;
            }
        }
    }

    /// The right answer to the last request, as the center gives it.
    pub(crate) fn right(&mut self) -> DeviceReply {
        let sent = self.world.last().clone();
        match &sent.request {
            DeviceRequest::Poll(poll) => self.post.polled(poll),
            DeviceRequest::Acknowledge(said) => self.post.acknowledged(said),
            DeviceRequest::ReportStatus(_) => reported(),
            DeviceRequest::Rotate(_) => match &sent.presented {
                Presented::Formal(code) => rotated(code.epoch().get() + 1),
                Presented::Provisional(_) => panic!("a rotation presents the formal code"),
            },
            other => panic!("unexpected {other:?}"),
        }
    }

    pub(crate) fn answer(&mut self) {
        let reply = self.right();
        self.world.reply(reply);
    }

    /// What the last message acknowledges.
    pub(crate) fn said(&self) -> Vec<(InstructionId, Progress)> {
        match &self.world.last().request {
            DeviceRequest::Acknowledge(said) => {
                let words = said.acknowledgements.iter();
                words.map(|it| (it.instruction, it.progress)).collect()
            }
            other => panic!("nothing is acknowledged: {other:?}"),
        }
    }

    /// The service's server has answered the latest errand.
    pub(crate) fn served(&mut self, outcome: Outcome) {
        let errand = self.world.errands.pop().expect("an errand is under way");
        let answer = match outcome {
            Outcome::Done => ServiceAnswer::Registered(Registered {
                device: errand.message.device,
                service: "service-x".parse().expect("an id"),
            }),
            _ => ServiceAnswer::Refused("as the server says".parse().expect("a note")),
        };
        self.tell(&errand, answer);
    }

    /// This came of an errand.
    pub(crate) fn tell(&mut self, errand: &Errand, answer: ServiceAnswer) {
        let exchange = errand.exchange;
        self.world.give(Input::ServiceAnswered { exchange, answer });
    }

    pub(crate) fn outcomes(&mut self, id: InstructionId) -> Vec<Outcome> {
        let results = &self.post.entry(id).results;
        results.iter().map(|it| it.outcome).collect()
    }
}

impl Upkeep {
    /// Answers whatever is outstanding; a late answer changes nothing.
    pub(crate) fn answer_if_asked(&mut self) {
        let reply = self.right();
        self.world.reply(reply);
    }

    /// Lets a month pass in which everything works.
    pub(crate) fn settle(&mut self) {
        let until = self.world.now.after(Seconds::WEEK).after(Seconds::WEEK);
        while self.world.now < until {
            self.answer_if_asked();
            while !self.world.errands.is_empty() {
                self.served(Outcome::Done);
            }
            self.world.sleep();
        }
        self.answer_if_asked();
    }
}
