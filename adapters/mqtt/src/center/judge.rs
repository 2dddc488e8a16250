//! What a message is before anybody is asked about it: an envelope that may be decided about, or
//! nothing.
//!
//! A broker's access list rests on topics, so that an envelope counts only at the topic of the
//! sender that stands in it, and its reply goes to that sender's own topic and nowhere else: a
//! center can be made to write to no other. Serves spec section 16.2.

use restante_core::seal::{Envelope, Kind, Lane};

use crate::client::Delivery;
use crate::topic::{Direction, sender_of, topic_of};

/// Something that may be decided about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) envelope: Vec<u8>,
    /// Where the reply goes; nowhere for a mail, which has none.
    pub(super) down: Option<String>,
    pub(super) correlation: Option<Vec<u8>>,
}

/// Why a message was ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ignored {
    /// The broker was to keep it for whoever comes later: it is from no device.
    Retained,
    /// No device sends to that topic.
    Topic,
    /// It is no envelope.
    NoEnvelope,
    /// It travels down, not up.
    Downward,
    /// The envelope bears another sender than its topic.
    Sender,
    /// It wants its reply elsewhere than at its sender's own topic, or nowhere.
    ResponseTopic,
    /// Its correlation data is longer than anybody needs.
    Correlation,
    /// There was no room for it.
    Busy,
}

impl Ignored {
    /// A word for logs and figures.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Retained => "mqtt-retained",
            Self::Topic => "mqtt-topic",
            Self::NoEnvelope => "mqtt-no-envelope",
            Self::Downward => "mqtt-downward",
            Self::Sender => "mqtt-sender",
            Self::ResponseTopic => "mqtt-response-topic",
            Self::Correlation => "mqtt-correlation",
            Self::Busy => "mqtt-busy",
        }
    }
}

/// What a message is.
pub(super) fn judge(delivery: Delivery) -> Result<Taken, Ignored> {
    if delivery.is_retained {
        return Err(Ignored::Retained);
    }
    let sender = sender_of(&delivery.topic, Direction::Up).ok_or(Ignored::Topic)?;
    let envelope = Envelope::parse(&delivery.payload).map_err(|_| Ignored::NoEnvelope)?;
    let header = *envelope.header();
    match header.kind {
        Kind::Request | Kind::Answer | Kind::Enrolment => {}
        Kind::Reply | Kind::Challenge | Kind::Enrolled => return Err(Ignored::Downward),
    }
    if header.sender != sender {
        return Err(Ignored::Sender);
    }
    let correlation = delivery.correlation;
    let is_long = |data: &Vec<u8>| data.len() > CORRELATION_BYTES;
    if correlation.as_ref().is_some_and(is_long) {
        return Err(Ignored::Correlation);
    }
    let down = match header.lane {
        Lane::Mail => None,
        Lane::Conversation => {
            let down = topic_of(&sender, Direction::Down);
            let is_own = delivery.response_topic.as_deref() == Some(&down);
            Some(is_own.then_some(down).ok_or(Ignored::ResponseTopic)?)
        }
    };
    Ok(Taken {
        envelope: delivery.payload,
        down,
        correlation,
    })
}

/// Bytes of correlation data: a device sends its envelope's tag, 16 bytes; another program may have
/// its own.
pub(crate) const CORRELATION_BYTES: usize = 64;
