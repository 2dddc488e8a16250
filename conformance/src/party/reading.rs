//! What a response of the center means to a unit: what a transport tells its machine.

use restante_core::limits::MESSAGE_BYTES;
use restante_core::time::Seconds;
use restante_core::wire::{DeviceReply, PollReply, Refusal, RefusalCode};
use restante_core::wire::{Left, json as wire};
use serde_json::Value;

use crate::line::Response;
use crate::line::render::{self, Outcome};

/// What a machine is told.
#[derive(Clone, Debug)]
pub enum Read {
    /// This reply came.
    Reply(DeviceReply),
    /// This refusal came.
    Refusal(Refusal),
    /// Nothing came that can be read.
    Nothing,
}

/// Reads a response to this conversation, of at most `max` bytes.
// spec: MSG-011, ERR-004
#[must_use]
pub fn read(conversation: &str, response: &Response, max: Option<usize>) -> Read {
    if response.body.len() > max.unwrap_or(MESSAGE_BYTES) {
        return Read::Nothing;
    }
    match render::outcome(conversation, response) {
        Outcome::Reply(_, reply) => match message(conversation, &reply) {
            Some(reply) => Read::Reply(reply),
            None => Read::Nothing,
        },
        Outcome::Refusal(refusal) => refused(&refusal, response.status),
        Outcome::Neither(_) if matches!(response.status, 429 | 503) => Read::Refusal(busy(None)),
        Outcome::Neither(_) => Read::Nothing,
    }
}

fn message(conversation: &str, reply: &Value) -> Option<DeviceReply> {
    let bytes = reply.to_string().into_bytes();
    let bytes = bytes.as_slice();
    Some(match conversation {
        "enrol" => DeviceReply::Enrolled(wire::parse(bytes).ok()?),
        "poll" => DeviceReply::Polled(wire::parse::<PollReply>(bytes).ok()?),
        "acknowledge" => DeviceReply::Acknowledged(wire::parse(bytes).ok()?),
        "reportStatus" => DeviceReply::StatusReported(wire::parse(bytes).ok()?),
        "rotate" => DeviceReply::Rotated(wire::parse(bytes).ok()?),
        "addDevices" => DeviceReply::DevicesAdded(wire::parse(bytes).ok()?),
        "removeDevices" => DeviceReply::DevicesRemoved(wire::parse(bytes).ok()?),
        "leave" => DeviceReply::Left(Left {}),
        _ => return None,
    })
}

/// A word that this version does not know is not temporary, unless the status says so.
fn refused(refusal: &Value, status: u16) -> Read {
    match wire::parse::<Refusal>(refusal.to_string().as_bytes()) {
        Ok(refusal) => Read::Refusal(refusal),
        Err(_) if status == 429 || status >= 500 => Read::Refusal(busy(seconds(refusal))),
        Err(_) => Read::Refusal(Refusal::plain(RefusalCode::Invalid)),
    }
}

fn busy(retry_after: Option<Seconds>) -> Refusal {
    let mut refusal = Refusal::plain(RefusalCode::Busy);
    refusal.retry_after = retry_after;
    refusal
}

fn seconds(refusal: &Value) -> Option<Seconds> {
    let seconds = refusal.get("retryAfter")?.as_u64()?;
    u32::try_from(seconds).ok().map(Seconds::new)
}
