//! Sealed envelopes through their public interface: what opens and what does not, what a lane
//! accepts, and the two laws under every history of losses, repeats, restarts and restored
//! memories.

mod envelopes;
mod lanes;
mod laws;
mod model;
mod world;

use restante_core::Seed;
use restante_core::code::{FormalCode, ProvisionalCode};
use restante_core::id::{Epoch, RegistrationId};
use restante_core::seal::{Envelope, Lane, Request, SealingKey, Sender};
use restante_crypto::RingCrypto;

/// The formal code of an epoch; all are of one registration.
fn code(epoch: u32) -> FormalCode {
    let mut secret = [7; 32];
    secret[..4].copy_from_slice(&epoch.to_be_bytes());
    FormalCode::new(
        RegistrationId::from_bytes([1; 16]),
        Epoch::new(epoch),
        secret,
    )
}

/// What an enrolment of this provisional code is sealed under.
fn enrol_key(seed: u8) -> SealingKey {
    let code = ProvisionalCode::draw(&RingCrypto, &Seed::new([seed; 32]));
    SealingKey::enrolment(code.enrol_id(&RingCrypto), code.enrol_key(&RingCrypto))
}

fn seed(number: u8) -> Seed {
    Seed::new([number; 32])
}

/// A lane with counters to spend.
fn sender(lane: Lane) -> Sender {
    let mut sender = Sender::new(&code(1), lane);
    sender.reserved(sender.reserve().expect("counters"));
    sender
}

fn parse(bytes: &[u8]) -> Envelope<'_> {
    Envelope::parse(bytes).expect("an envelope")
}

/// What a center opens under the first formal code.
fn open(bytes: &[u8]) -> Request {
    let key = SealingKey::formal(&code(1));
    Request::open(&RingCrypto, &key, &parse(bytes)).expect("opens")
}
