//! The center behind the LAN: the real one, on a store in memory that never fails.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use restante_core::center::{
    Call, Center, Credential, Decide, Effect, Keys, Message, Policy, Refused, Reply, Source,
};
use restante_core::code::Presented;
use restante_core::device::{Errand, ServiceAnswer};
use restante_core::id::CorrelationId;
use restante_core::time::Timestamp;
use restante_core::wire::DeviceRequest;
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_crypto::RingCrypto;
use restante_store::{Driver, Effects, MemoryStore, Taken};

use crate::catalogue;
use crate::clock::{BEGINNING, Dice, Moment, Wall};

use super::of_service;

/// The center.
pub(super) struct Desk {
    driver: Driver<Arc<dyn Decide>, MemoryStore>,
    wall: Wall,
}

/// What the center answers.
pub(super) type Outcome = Box<Result<Reply, Refused>>;

impl Desk {
    pub(super) fn new(seed: u64, decide: Arc<dyn Decide>) -> Self {
        let wall = Wall::default();
        let driver = Driver::new(decide, MemoryStore::default())
            .clock(wall.clone())
            .entropy(Dice::new(seed, 1))
            .effects(Nobody);
        Self { driver, wall }
    }

    /// A device asks.
    pub(super) fn ask(
        &self,
        now: Moment,
        presented: &Presented,
        request: DeviceRequest,
    ) -> Outcome {
        let presented = match presented {
            Presented::Provisional(code) => Credential::Provisional(code.clone()),
            Presented::Formal(code) => Credential::Formal(code.clone()),
        };
        self.call(now, presented, Message::Device(request))
    }

    /// A device registers for a service.
    pub(super) fn register(&self, now: Moment, errand: &Errand) -> ServiceAnswer {
        let number = catalogue::number_at(errand.url.as_str()).unwrap_or_default();
        let message = Message::Register(catalogue::service(number), errand.message.clone());
        of_service(&self.call(now, Credential::None, message))
    }

    /// The operator asks, at the center's own console.
    pub(super) fn console(&self, now: Moment, request: PeopleRequest) -> PeopleReply {
        self.people(now, Credential::Console, request)
    }

    /// A person asks for something that is not refused.
    pub(super) fn people(
        &self,
        now: Moment,
        presented: Credential,
        request: PeopleRequest,
    ) -> PeopleReply {
        match *self.call(now, presented, Message::People(request)) {
            Ok(Reply::People(reply)) => reply,
            other => panic!("the center answers {other:?}"),
        }
    }

    /// The center does everything that is due.
    pub(super) fn tick(&self, now: Moment) {
        loop {
            match *self.call(now, Credential::None, Message::Tick) {
                Ok(Reply::Ticked(ticked)) if ticked.more => {}
                _ => return,
            }
        }
    }

    fn call(&self, now: Moment, presented: Credential, message: Message) -> Outcome {
        self.wall.show(Timestamp::from_millis(BEGINNING + now));
        let source = Source {
            address: None,
            correlation: CorrelationId::from_bytes([0; 16]),
        };
        let call = Call {
            source,
            presented,
            message,
        };
        let mut answer = pin!(self.driver.call(call));
        match answer
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(answer) => Box::new(answer.expect("a store that never fails").outcome),
            Poll::Pending => panic!("a store in memory does not wait"),
        }
    }
}

/// The real center with these choices.
pub(super) fn center(policy: &Policy) -> Center<RingCrypto> {
    let keys = Keys::new([7; 32], vec![(1, [8; 32])]).expect("one version");
    Center::new(RingCrypto, keys, policy.clone())
}

/// Where effects go: nobody is told.
struct Nobody;

impl Effects for Nobody {
    fn take(&self, _: Effect) -> Taken {
        Taken::Told
    }
}
