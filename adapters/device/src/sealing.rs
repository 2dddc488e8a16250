//! The line to the center in sealed envelopes: the core's carrier over HTTP, with or without TLS.
//!
//! What the carrier keeps lies in the state file beside what the machine keeps, and is written
//! before the envelope that rests on it leaves. An exchange that is cut short leaves the carrier as
//! it is: the same message goes out as the same envelope.

use std::sync::{Mutex, PoisonError};

use restante_core::Seed;
use restante_core::Uptime;
use restante_core::carrier::{Carrier, Input, Output};
use restante_core::code::Presented;
use restante_core::machine::Machine;
use restante_core::registrant::{Challenged, Exchange};
use restante_core::wire::DeviceRequest;
use restante_crypto::RingCrypto;
use restante_http::client::{SealedClient, SendError};
use ring::rand::{SecureRandom, SystemRandom};

use crate::line::{Answer, untrusted};
use crate::memory::{CarrierMemory, MemoryError};

/// A carrier and its memory.
#[derive(Debug)]
pub struct Sealing {
    carrier: Mutex<Carrier<RingCrypto>>,
    memory: CarrierMemory,
}

/// What comes of one step.
enum Next {
    /// This goes over the line.
    Transmit(Vec<u8>),
    /// The exchange is over.
    Over(Answer),
}

impl Sealing {
    /// A carrier that begins with what its memory holds.
    ///
    /// # Errors
    /// [`MemoryError`] if that cannot be used.
    pub fn new(memory: CarrierMemory) -> Result<Self, MemoryError> {
        let kept = memory.read()?;
        Ok(Self {
            carrier: Mutex::new(Carrier::new(RingCrypto, kept)),
            memory,
        })
    }

    /// The formal code under which the center has challenged.
    pub fn challenged(&self) -> Option<Challenged> {
        let carrier = self.carrier.lock();
        carrier.unwrap_or_else(PoisonError::into_inner).challenged()
    }

    /// Says a message in envelopes until it is answered, or nothing comes of it.
    pub async fn exchange(
        &self,
        client: &SealedClient,
        presented: &Presented,
        request: &DeviceRequest,
    ) -> Answer {
        let mut input = Input::Send {
            exchange: Exchange::default(),
            presented: presented.clone(),
            request: request.clone(),
        };
        loop {
            let envelope = match self.step(input) {
                Next::Transmit(envelope) => envelope,
                Next::Over(answer) => return answer,
            };
            input = match client.carry(envelope).await {
                Ok(bytes) => Input::Received(bytes),
                Err(error @ SendError::Untrusted { .. }) => return untrusted(&error),
                Err(error) => return Answer::Nothing(error.to_string()),
            };
        }
    }

    /// One step. What cannot be kept is as if it had never been: the carrier goes back to what is.
    // spec chapter 14.4
    fn step(&self, input: Input) -> Next {
        let nothing = |why: String| Next::Over(Answer::Nothing(why));
        let mut bytes = [0; 32];
        if SystemRandom::new().fill(&mut bytes).is_err() {
            return nothing("the system gives no random numbers".to_owned());
        }
        let mut carrier = self.carrier.lock().unwrap_or_else(PoisonError::into_inner);
        let before = carrier.kept();
        let mut out = Vec::new();
        let taken = carrier.handle(Uptime::BOOT, &Seed::new(bytes), input, &mut out);
        if let Err(why) = taken {
            return nothing(format!("what came is no answer: {why}"));
        }
        for output in out {
            match output {
                Output::Keep(kept) => {
                    if let Err(why) = self.memory.keep(&kept) {
                        *carrier = Carrier::new(RingCrypto, Some(before));
                        return nothing(why.to_string());
                    }
                }
                Output::Transmit { envelope, .. } => return Next::Transmit(envelope),
                Output::Replied { reply, .. } => return Next::Over(Answer::Reply(reply)),
                Output::Refused { refusal, .. } => return Next::Over(Answer::Refusal(refusal)),
                // Whoever drives the machine asks for it before it hears the reply.
                _ => {}
            }
        }
        nothing("the center's reply says nothing that is known here".to_owned())
    }
}
