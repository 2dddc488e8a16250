//! What tests about poll requests share: requests as links have them, and mailboxes that name whom
//! to call.

use restante_core::device::Input;
use restante_core::id::LanAddress;
use restante_core::machine::Machine;
use restante_core::wire::poll::{Below, Mailbox, PollCall, PollReply};
use restante_core::wire::{DeviceReply, DeviceRequest, ETag, Instruction, Poll, PollRequest};
use restante_core::{Seconds, Uptime};

use crate::scripted::{World, schedule};

/// A poll request, as its link has it.
pub(crate) fn request(target: &str) -> PollRequest {
    PollRequest::read(target).expect("a poll request")
}

/// Somebody asks for a poll with this link.
pub(crate) fn asked(target: &str) -> Input {
    Input::PollRequested(request(target))
}

pub(crate) fn address(text: &str) -> LanAddress {
    LanAddress::new(text).expect("an address")
}

/// A call, and those below it.
pub(crate) fn call(to: &str, after: u32, below: &[(&str, u32)]) -> PollCall {
    let below = below.iter().map(|(to, after)| Below {
        address: address(to),
        after: Seconds::new(*after),
    });
    PollCall {
        address: Some(address(to)),
        after: Seconds::new(after),
        below: below.collect(),
    }
}

/// A mailbox that holds these instructions and names whom to call.
pub(crate) fn naming(instructions: Vec<Instruction>, calls: Vec<PollCall>) -> DeviceReply {
    DeviceReply::Polled(PollReply::Mailbox(Mailbox {
        etag: ETag::from_bytes(&[4; 16]),
        instructions,
        more: false,
        schedule: schedule(),
        calls,
    }))
}

impl World {
    /// The last request, which is a poll.
    pub(crate) fn last_poll(&self) -> &Poll {
        match &self.last().request {
            DeviceRequest::Poll(poll) => poll,
            other => panic!("no poll: {other:?}"),
        }
    }

    /// A device that was asked with this link and has been told to call these.
    pub(crate) fn asked_to_call(target: &str, calls: Vec<PollCall>) -> Self {
        let mut world = Self::in_use();
        world.give(asked(target));
        world.reply(naming(Vec::new(), calls));
        world
    }

    /// Whom it has called so far, and how many milliseconds after this.
    pub(crate) fn called_since(&self, since: Uptime) -> Vec<(String, u64)> {
        let calls = self.calls.iter();
        let after = |at: &Uptime| at.as_millis() - since.as_millis();
        calls
            .map(|(at, it)| (it.address.to_string(), after(at)))
            .collect()
    }

    /// Lets so many seconds pass in which every peer but these answers at once, and nothing that
    /// the center is asked is answered.
    pub(crate) fn call_for(&mut self, seconds: u32, silent: &[&str]) {
        let until = self.now.after(Seconds::new(seconds));
        let mut heard = 0;
        loop {
            while let Some((_, call)) = self.calls.get(heard) {
                heard += 1;
                let exchange = call.exchange;
                let answered = !silent.contains(&call.address.as_str());
                self.give(Input::PeerCalled { exchange, answered });
            }
            match self.device.deadline() {
                Some(at) if at <= until => {
                    self.sleep();
                }
                _ => break,
            }
        }
        self.now = until;
    }
}
