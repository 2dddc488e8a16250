//! A device in use, the center that it polls, and the program around it.

use restante_core::Seconds;
use restante_core::code::Presented;
use restante_core::device::Input;
use restante_core::id::InstructionId;
use restante_core::wire::{Act, ActResult, DeviceReply, DeviceRequest, Outcome, Progress};

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

    /// The program around the device has done what it was handed.
    pub(crate) fn carried_out(&mut self, outcome: Outcome) {
        let (instruction, act, _) = self.world.handed.pop().expect("something was handed over");
        let result = ActResult::new(outcome, "as the program says");
        self.world.give(Input::CarriedOut {
            instruction,
            act,
            result,
        });
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
            while !self.world.handed.is_empty() {
                self.carried_out(Outcome::Done);
            }
            self.world.sleep();
        }
        self.answer_if_asked();
    }
}
