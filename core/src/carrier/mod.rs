//! Between a machine and a line without TLS: seals what the machine wants said, and opens what
//! comes back (chapter 14.4).
//!
//! A device and a gateway know nothing of envelopes, and a line knows nothing else. The carrier
//! stands between the two and is driven like any machine, but has no deadline. Who drives it:
//!
//! 1. When the power comes: [`Carrier::new`] with what was kept. Where [`Carrier::challenged`]
//!    names an epoch, the machine is told so (`Input::Challenged`) before it is told that it was
//!    switched on.
//! 2. The machine's `Output::Send` becomes [`Input::Send`]; the address of the center is the line's
//!    business. Whatever comes over the line becomes [`Input::Received`]; what is refused there
//!    has changed nothing, and the carrier goes on waiting.
//! 3. Outputs are carried out in order. [`Output::Keep`] has to be durable before the next one; if
//!    it cannot be written, the rest is dropped, and the carrier with it: a new one begins with
//!    what was kept before. [`Output::Transmit`] goes out as it is. All others become the machine's
//!    input of the same name.
//! 4. Where the line says that nothing will come, the machine is told `LinkFailed`, and the carrier
//!    nothing: who says the same once more sends the same envelope.
//!
//! What is kept belongs beside what the machine keeps, so that neither can be lost or brought back
//! alone.

mod kept;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::code::{FormalCode, Presented, ProvisionalCode};
use crate::crypto::Crypto;
use crate::entropy::Seed;
use crate::limits::CHALLENGES;
use crate::machine::Machine;
use crate::registrant::{Challenged, Exchange};
use crate::seal::{
    self, Enrolment, Envelope, EnvelopeError, Lane, OpenError, SealError, SealingKey, Sender,
    SenderError,
};
use crate::time::Uptime;
use crate::wire::{Answer, DeviceReply, DeviceRequest, Refusal, json};

pub use kept::Kept;

/// What carries a machine's messages over a line that nobody vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carrier<C> {
    crypto: C,
    kept: Kept,
    sender: Option<Sender>,
    waits: Waits,
}

/// What can happen to a carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// The machine wants this said. What was said before is given up, unless this is the same.
    Send {
        /// The number of the request.
        exchange: Exchange,
        /// The code that opens the communication: it seals, and does not travel.
        presented: Presented,
        /// The message.
        request: DeviceRequest,
    },
    /// This has come over the line.
    Received(Vec<u8>),
}

/// What a carrier wants done, to be carried out in order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// Write this to non-volatile memory, durably, before the outputs that follow.
    Keep(Kept),
    /// Send this envelope to the center.
    Transmit {
        /// Of which request it is.
        exchange: Exchange,
        /// Its bytes.
        envelope: Vec<u8>,
    },
    /// The center has challenged: the machine has to rotate its formal code.
    Challenged(Challenged),
    /// A reply has come.
    Replied {
        /// To which request.
        exchange: Exchange,
        /// What it says.
        reply: DeviceReply,
    },
    /// A refusal has come.
    Refused {
        /// Of which request.
        exchange: Exchange,
        /// What it says.
        refusal: Refusal,
    },
    /// What came is the reply to this request, and says nothing that this protocol knows.
    LinkFailed {
        /// To which request.
        exchange: Exchange,
    },
}

/// Why a carrier does not take an input. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CarrierError {
    /// What came is no envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// What came is not the reply to what waits.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The message cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SenderError),
}

/// ```text
///             send                  reply, challenged too often
///  Nothing ─────────▶ Enrolment ───────────────────────────────▶ Nothing
///                     Request ◀──┐
///                        └───────┘ challenge, the same once more: another envelope, the same
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
enum Waits {
    Nothing,
    Enrolment {
        exchange: Exchange,
        enrolment: Box<Enrolment>,
    },
    Request {
        exchange: Exchange,
        message: Vec<u8>,
        envelope: Vec<u8>,
        challenges: u8,
    },
}

impl<C: Crypto> Carrier<C> {
    /// A carrier that begins with what was kept, if anything ever was.
    #[must_use]
    pub fn new(crypto: C, kept: Option<Kept>) -> Self {
        Self {
            crypto,
            kept: kept.unwrap_or_default(),
            sender: None,
            waits: Waits::Nothing,
        }
    }

    /// The formal code under which the center has challenged last: the machine rotates it before
    /// its next poll, if it is still in use.
    // spec chapter 14.4
    #[must_use]
    pub const fn challenged(&self) -> Option<Challenged> {
        self.kept.challenged
    }

    /// What has been kept last.
    #[must_use]
    pub const fn kept(&self) -> Kept {
        self.kept
    }

    /// Seals an enrolment. It is the same envelope however often it is said, also after a boot.
    // spec chapter 14.4
    fn enrol(
        &mut self,
        code: &ProvisionalCode,
        (exchange, message): (Exchange, &[u8]),
        out: &mut Vec<Output>,
    ) -> Result<(), CarrierError> {
        let id = code.enrol_id(&self.crypto);
        let key = SealingKey::enrolment(id, code.enrol_key(&self.crypto));
        let (enrolment, envelope) =
            Enrolment::seal(&self.crypto, key, message).map_err(too_long)?;
        let enrolment = Box::new(enrolment);
        self.waits = Waits::Enrolment {
            exchange,
            enrolment,
        };
        out.push(Output::Transmit { exchange, envelope });
        Ok(())
    }

    /// Seals a request, or says the one that waits once more, bit for bit.
    // spec chapter 14.4
    fn request(
        &mut self,
        seed: &Seed,
        code: &FormalCode,
        (exchange, message): (Exchange, Vec<u8>),
        out: &mut Vec<Output>,
    ) -> Result<(), CarrierError> {
        let key = SealingKey::formal(code);
        let former = self.sender.as_ref().map(Sender::key);
        if let Waits::Request {
            exchange: waits,
            message: said,
            envelope,
            challenges,
        } = &mut self.waits
            && former == Some(&key)
            && *said == message
        {
            *waits = exchange;
            *challenges = 0;
            let envelope = envelope.clone();
            out.push(Output::Transmit { exchange, envelope });
            return Ok(());
        }
        let sender = match &self.sender {
            Some(sender) if sender.key().sender() == key.sender() => {
                let mut sender = sender.clone();
                sender.go_on_with(code);
                sender
            }
            _ => Sender::restore(code, Lane::Conversation, self.kept.under(code)),
        };
        self.seal(seed, sender, (exchange, message, 0), out)
    }

    /// Reserves counters where there are none, and seals.
    // spec chapter 14.4
    fn seal(
        &mut self,
        seed: &Seed,
        mut sender: Sender,
        (exchange, message, challenges): (Exchange, Vec<u8>, u8),
        out: &mut Vec<Output>,
    ) -> Result<(), CarrierError> {
        let mut keep = None;
        let envelope = match sender.seal(&self.crypto, seed, &message) {
            Err(SenderError::Unreserved) => {
                let reserved = sender.reserve()?;
                sender.reserved(reserved);
                keep = Some(self.kept.with(sender.key(), reserved));
                sender.seal(&self.crypto, seed, &message)?
            }
            sealed => sealed?,
        };
        if let Some(kept) = keep {
            self.kept = kept;
            out.push(Output::Keep(kept));
        }
        if challenges > 0 {
            out.extend(self.kept.challenged.map(Output::Challenged));
        }
        self.sender = Some(sender);
        self.waits = Waits::Request {
            exchange,
            message,
            envelope: envelope.clone(),
            challenges,
        };
        out.push(Output::Transmit { exchange, envelope });
        Ok(())
    }

    /// Opens what came. Only the reply to what waits, or a challenge of it, changes anything.
    // spec chapter 14.4
    fn received(
        &mut self,
        seed: &Seed,
        bytes: &[u8],
        out: &mut Vec<Output>,
    ) -> Result<(), CarrierError> {
        let envelope = Envelope::parse(bytes)?;
        match (&self.waits, &self.sender) {
            (
                Waits::Enrolment {
                    exchange,
                    enrolment,
                },
                _,
            ) => {
                let reply = enrolment.open(&self.crypto, &envelope)?;
                out.push(answered(*exchange, &reply));
            }
            (
                Waits::Request {
                    exchange,
                    message,
                    challenges,
                    ..
                },
                Some(sender),
            ) => {
                let exchange = *exchange;
                let mut sender = sender.clone();
                match sender.open(&self.crypto, &envelope)? {
                    seal::Answer::Reply(reply) => out.push(answered(exchange, &reply)),
                    // spec chapter 14.4
                    seal::Answer::Challenged if *challenges < CHALLENGES => {
                        let again = (exchange, message.clone(), challenges.saturating_add(1));
                        return self.seal(seed, sender, again, out);
                    }
                    seal::Answer::Challenged => out.push(Output::LinkFailed { exchange }),
                }
                self.sender = Some(sender);
            }
            _ => return Err(OpenError::Unexpected.into()),
        }
        self.waits = Waits::Nothing;
        Ok(())
    }
}

impl<C: Crypto> Machine for Carrier<C> {
    type Input = Input;
    type Output = Output;
    type Error = CarrierError;

    fn handle(
        &mut self,
        _: Uptime,
        seed: &Seed,
        input: Input,
        out: &mut Vec<Output>,
    ) -> Result<(), CarrierError> {
        match input {
            Input::Send {
                exchange,
                presented,
                request,
            } => {
                let message = json::to_bytes(&request);
                match presented {
                    Presented::Provisional(code) => self.enrol(&code, (exchange, &message), out),
                    Presented::Formal(code) => self.request(seed, &code, (exchange, message), out),
                }
            }
            Input::Received(bytes) => self.received(seed, &bytes, out),
        }
    }

    fn deadline(&self) -> Option<Uptime> {
        None
    }
}

/// What a reply that has opened means for the machine.
fn answered(exchange: Exchange, reply: &[u8]) -> Output {
    match Answer::parse(reply) {
        Ok(Answer::Reply(reply)) => Output::Replied { exchange, reply },
        Ok(Answer::Refusal(refusal)) => Output::Refused { exchange, refusal },
        Err(_) => Output::LinkFailed { exchange },
    }
}

fn too_long(error: SealError) -> CarrierError {
    SenderError::from(error).into()
}
