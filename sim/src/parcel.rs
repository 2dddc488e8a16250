//! What travels: bytes with a header in front, as on HTTP, and how a transport reads them.
//!
//! Every message is written as JSON and read back by [`json`], so that what the world carries has
//! been through what a real line would put it through. What does not read right is answered here,
//! by the transport, and never reaches the center's decisions.

use std::net::IpAddr;

use restante_core::center::{Call, Credential, Message, Reply, Source};
use restante_core::code::Presented;
use restante_core::id::CorrelationId;
use restante_core::wire::json::{self, JsonError};
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::{DeviceReply, DeviceRequest, Refusal, RefusalCode, Register, Registered};
use serde::{Deserialize, Serialize};

use crate::catalogue;

/// A request on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Where it comes from.
    pub from: IpAddr,
    /// What opens the communication, as text.
    pub header: Header,
    /// Which of the two conversations it belongs to.
    pub desk: Desk,
    /// JSON, unless something has happened to it.
    pub body: Vec<u8>,
}

/// The credential as a line carries it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Header {
    /// Nothing.
    None,
    /// A provisional access code, or what is meant as one.
    Provisional(String),
    /// A formal access code, or what is meant as one.
    Formal(String),
    /// An access token, or what is meant as one.
    Token(String),
    /// The operator at the center itself.
    Console,
}

/// Who is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desk {
    /// The conversations of devices and gateways.
    Devices,
    /// The conversations of people and their programs.
    People,
    /// The server of the service with this number.
    Service(usize),
}

/// An answer on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Letter {
    /// To a device.
    Device(DeviceReply),
    /// To a person.
    People(PeopleReply),
    /// To a device that registered for a service.
    Registered(Registered),
    /// To anybody.
    Refused(Refusal),
}

impl Header {
    /// What a machine presents.
    #[must_use]
    pub fn of(presented: &Presented) -> Self {
        match presented {
            Presented::Provisional(code) => Self::Provisional(code.to_text()),
            Presented::Formal(code) => Self::Formal(code.to_text()),
        }
    }

    fn read(&self) -> Credential {
        match self {
            Self::None => Credential::None,
            Self::Provisional(text) => text
                .parse()
                .map_or(Credential::BadProvisional, Credential::Provisional),
            Self::Formal(text) => text
                .parse()
                .map_or(Credential::BadFormal, Credential::Formal),
            Self::Token(text) => text.parse().map_or(Credential::BadToken, Credential::Token),
            Self::Console => Credential::Console,
        }
    }
}

impl Parcel {
    /// A device's or a gateway's request.
    #[must_use]
    pub fn device(from: IpAddr, header: Header, request: &DeviceRequest) -> Self {
        Self {
            from,
            header,
            desk: Desk::Devices,
            body: json::to_bytes(request),
        }
    }

    /// A person's request.
    #[must_use]
    pub fn people(from: IpAddr, header: Header, request: &PeopleRequest) -> Self {
        Self {
            from,
            header,
            desk: Desk::People,
            body: json::to_bytes(request),
        }
    }

    /// A device at the server of a service, with nothing but its pair.
    #[must_use]
    pub fn register(from: IpAddr, service: usize, register: &Register) -> Self {
        Self {
            from,
            header: Header::None,
            desk: Desk::Service(service),
            body: json::to_bytes(register),
        }
    }

    /// Reads it as the center's transport does.
    ///
    /// # Errors
    /// The refusal that the transport answers with, without asking the center.
    pub fn open(&self, correlation: CorrelationId) -> Result<Call, Box<Refusal>> {
        let message = match self.desk {
            Desk::Devices => json::parse(&self.body).map(Message::Device),
            Desk::People => json::parse(&self.body).map(Message::People),
            Desk::Service(number) => json::parse(&self.body)
                .map(|register| Message::Register(catalogue::service(number), register)),
        };
        let message = message.map_err(|error| Box::new(unreadable(&error)))?;
        let source = Source {
            address: Some(self.from),
            correlation,
        };
        Ok(Call {
            source,
            presented: self.header.read(),
            message,
        })
    }
}

/// What the transport answers to bytes that are no message.
fn unreadable(error: &JsonError) -> Refusal {
    let code = match error {
        JsonError::TooLarge { .. } => RefusalCode::TooLarge,
        JsonError::Invalid { .. } => RefusalCode::Invalid,
        _ => RefusalCode::Malformed,
    };
    Refusal::new(code, error.to_string())
}

impl Letter {
    /// What the center has answered; `None` for an answer that nobody is told.
    #[must_use]
    pub fn of(outcome: Result<Reply, Refusal>) -> Option<Self> {
        match outcome {
            Ok(Reply::Device(reply)) => Some(Self::Device(reply)),
            Ok(Reply::People(reply)) => Some(Self::People(reply)),
            Ok(Reply::Registered(registered)) => Some(Self::Registered(registered)),
            Ok(_) => None,
            Err(refusal) => Some(Self::Refused(refusal)),
        }
    }

    /// The bytes on the line.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json::to_bytes(self)
    }

    /// Reads bytes from the line; `None` if they are no answer.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        json::parse_within(bytes, LETTER_BYTES).ok()
    }
}

/// Bytes of an answer that a receiver takes.
const LETTER_BYTES: usize = 1024 * 1024;
