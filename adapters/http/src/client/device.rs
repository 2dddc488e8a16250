//! What a device or a gateway sends, and what it gets back.

use reqwest::StatusCode;
use reqwest::header::{HeaderValue, IF_NONE_MATCH};
use restante_core::code::Presented;
use restante_core::wire::{DeviceReply, DeviceRequest, Left, Poll, PollReply};

use super::exchange::{Asked, Got};
use super::{Client, SendError};
use crate::authorization;
use crate::route::Operation;

impl Client {
    /// Sends one message and waits for the reply.
    ///
    /// # Errors
    /// [`SendError`]: refused by the center, or lost on the way.
    pub async fn send(
        &self,
        presented: &Presented,
        request: &DeviceRequest,
    ) -> Result<DeviceReply, SendError> {
        let credential = authorization::of_device(presented);
        let got = self.exchange(Some(credential), asked(request)?).await?;
        Ok(match request {
            DeviceRequest::Enrol(_) => DeviceReply::Enrolled(got.message()?),
            DeviceRequest::Poll(_) => DeviceReply::Polled(polled(&got)?),
            DeviceRequest::Acknowledge(_) => DeviceReply::Acknowledged(got.message()?),
            DeviceRequest::ReportStatus(_) => DeviceReply::StatusReported(got.message()?),
            DeviceRequest::Rotate(_) => DeviceReply::Rotated(got.message()?),
            DeviceRequest::AddDevices(_) => DeviceReply::DevicesAdded(got.message()?),
            DeviceRequest::RemoveDevices(_) => DeviceReply::DevicesRemoved(got.message()?),
            DeviceRequest::Leave(_) => DeviceReply::Left(Left {}),
            _ => return Err(SendError::no_route()),
        })
    }
}

// spec: HTTP-004
fn asked(request: &DeviceRequest) -> Result<Asked, SendError> {
    Ok(match request {
        DeviceRequest::Enrol(body) => Asked::new(Operation::Enrol).saying(body),
        DeviceRequest::Poll(poll) => self::poll(poll)?,
        DeviceRequest::Acknowledge(body) => Asked::new(Operation::Acknowledge).saying(body),
        DeviceRequest::ReportStatus(body) => Asked::new(Operation::ReportStatus).saying(body),
        DeviceRequest::Rotate(body) => Asked::new(Operation::Rotate).saying(body),
        DeviceRequest::AddDevices(body) => Asked::new(Operation::AddDevices).saying(body),
        DeviceRequest::RemoveDevices(body) => Asked::new(Operation::RemoveDevices).saying(body),
        DeviceRequest::Leave(_) => Asked::new(Operation::Leave),
        _ => return Err(SendError::no_route()),
    })
}

// spec: HTTP-005, HTTP-026
fn poll(poll: &Poll) -> Result<Asked, SendError> {
    let mut asked = Asked::new(Operation::Poll);
    if let Some(tag) = &poll.have {
        let value = HeaderValue::from_str(&format!("\"{}\"", tag.as_str()))
            .map_err(|_| SendError::link("the mailbox's tag is no header text"))?;
        asked = asked.with(IF_NONE_MATCH, value);
    }
    if let Some(max) = poll.max_message {
        asked = asked.with(crate::MAX_MESSAGE, max.get().into());
    }
    if let Some(tag) = &poll.tag {
        let value = HeaderValue::from_str(tag.as_str())
            .map_err(|_| SendError::link("the poll request's tag is no header text"))?;
        asked = asked.with(crate::POLL_TAG, value);
    }
    Ok(asked)
}

fn polled(got: &Got) -> Result<PollReply, SendError> {
    if got.status == StatusCode::NOT_MODIFIED {
        let next = got.seconds(crate::NEXT_POLL).ok_or_else(|| {
            SendError::link("the reply does not say when to poll again (Restante-Next-Poll)")
        })?;
        Ok(PollReply::Unchanged(next))
    } else {
        got.message().map(PollReply::Mailbox)
    }
}
