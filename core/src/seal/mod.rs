//! The sealed envelope: one message on a line that nobody vouches for.
//!
//! A modem line, a serial line, a mail, somebody else's broker, HTTP without TLS: whoever sits
//! there can read, keep, alter, repeat and reorder. An envelope is a clear header and a message
//! under an AEAD whose key is good for this one header. Nothing is negotiated; both sides have the
//! formal code's secret, or, for an enrolment, the provisional code's enrol key. Chapter 14 of the
//! specification describes it byte for byte.
//!
//! Two laws hold whatever is lost, repeated, reordered, switched off or restored:
//!
//! 1. No key seals two messages.
//! 2. No envelope acts twice.
//!
//! The first rests on counters that are reserved before they are used ([`Sender`]) and, where a
//! memory has been restored, on salts that depend on the message ([`SealingKey`]). The second rests
//! on what a center remembers of a lane ([`Received`]), and on a challenge where its memory or the
//! device's went back.

mod enrolment;
mod envelope;
mod header;
mod key;
mod received;
mod request;
mod sender;
mod waiting;

pub use enrolment::{Enrolment, EnrolmentRequest};
pub use envelope::{Envelope, EnvelopeError, OVERHEAD, SealError};
pub use header::{HEADER_LEN, Header, Kind, Lane, VERSION};
pub use key::{OpenError, SealingKey};
pub use received::{Present, Received, Verdict};
pub use request::{Challenge, Nonce, Request};
pub use sender::{Answer, Kept, Sender, SenderError};
pub use waiting::{Response, Waiting};
