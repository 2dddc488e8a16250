//! Sealed requests that do not open: counted by where they came from and by the sender that they
//! name, and refused with a time to wait once there are many.
//!
//! Whoever sends them may be anybody, so nothing of this closes a key: a request is opened first,
//! and one that opens acts whatever has been counted. The tables stay small. A source counts by the
//! senders that it has named, and one that has to wait counts against no sender any more; a sender
//! counts by its requests, and only where there is such a registration. Serves spec chapter 14.

use alloc::string::String;

use crate::crypto::Crypto;
use crate::decision::{Suspect, count_wrong, throttled};
use crate::id::RegistrationId;
use crate::record::{Bytes, RegistrationLocator};
use crate::seal::Envelope;

use super::Message;
use super::authenticate::formal;
use super::collate::mark;
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Counts a request that did not open, and refuses it.
    // spec: SEA-019, SEA-021
    pub(super) fn unopened(&mut self, envelope: &Envelope<'_>, detail: String) -> Stop {
        match self.count_unopened(envelope) {
            Ok(()) => formal("sealed-unopened", detail),
            Err(stop) => stop,
        }
    }

    fn count_unopened(&mut self, envelope: &Envelope<'_>) -> Result<(), Stop> {
        let sender = envelope.header().sender;
        let line = self.call.source.address.map(Suspect::Line);
        throttled(&mut self.desk, line, self.wall)?;
        count_wrong(&mut self.desk, line, self.wall, Bytes(sender))?;
        let id = RegistrationId::from_bytes(sender);
        let locator = RegistrationLocator::key(id);
        if self.desk.peek::<RegistrationLocator>(&locator)?.is_none() {
            return Ok(());
        }
        let sender = Some(Suspect::Sender(id));
        throttled(&mut self.desk, sender, self.wall)?;
        let mark = self.envelope_mark();
        count_wrong(&mut self.desk, sender, self.wall, mark)?;
        Ok(())
    }

    /// What tells the envelope of this call from others.
    fn envelope_mark(&self) -> Bytes<16> {
        let bytes = match &self.call.message {
            Message::Sealed(bytes) => bytes.as_slice(),
            _ => &[],
        };
        mark(&self.center.crypto.sha256(&[bytes]))
    }
}
