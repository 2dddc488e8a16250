//! Polls in a hurry: the intervals of a schedule cut down to what a trial has time for.
//!
//! Only what the center says about polling is cut; what it says about reports holds, and a wait
//! that it asks for in a refusal is kept.

use restante_core::Seconds;
use restante_core::wire::poll::PollReply;
use restante_core::wire::{DeviceReply, Schedule};

/// Has nobody wait longer than `most` for the next poll after this reply.
pub(super) fn hurry(reply: &mut DeviceReply, most: Seconds) {
    match reply {
        DeviceReply::Polled(PollReply::Unchanged(next)) => *next = (*next).min(most),
        DeviceReply::Polled(PollReply::Mailbox(mailbox)) => cut(&mut mailbox.schedule, most),
        DeviceReply::Enrolled(reply) => cut(&mut reply.schedule, most),
        DeviceReply::Acknowledged(reply) => cut(&mut reply.schedule, most),
        DeviceReply::StatusReported(reply) => cut(&mut reply.schedule, most),
        DeviceReply::Rotated(reply) => cut(&mut reply.schedule, most),
        DeviceReply::DevicesAdded(reply) => cut(&mut reply.schedule, most),
        DeviceReply::DevicesRemoved(reply) => cut(&mut reply.schedule, most),
        // Nobody polls again, or a later version says nothing of it here.
        _ => {}
    }
}

fn cut(schedule: &mut Schedule, most: Seconds) {
    schedule.poll = schedule.poll.min(most);
    schedule.window = None;
}
