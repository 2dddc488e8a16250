//! What is asked of a client library: one connection at a time, and three things to do over it.
//!
//! A library that reconnects by itself hides what has to be seen: that a broker has forgotten the
//! session, that it denies what it granted before. Here a connection that is gone is gone, and
//! whoever used it makes another. Serves spec chapter 16.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use restante_core::limits::SEALED_BYTES;
use tokio::sync::mpsc;

use crate::error::BrokerError;

/// What a broker keeps of a client whose connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {
    /// Nothing: whoever waits for something asks again.
    Forgotten,
    /// For so many seconds, subscriptions and what was not acknowledged.
    Kept(u32),
}

/// Makes connections to one broker.
pub trait Client: Send + Sync + 'static {
    /// How a connection is spoken over.
    type Voice: Voice;

    /// Connects once.
    ///
    /// # Errors
    /// [`BrokerError`] says why not.
    fn connect(&self, session: Session) -> impl Future<Output = Connected<Self::Voice>> + Send;
}

/// What comes of an attempt to connect.
pub type Connected<V> = Result<(V, Ear), BrokerError>;

/// One connection, as it is spoken over. The connection ends when all of its voices are dropped.
pub trait Voice: Clone + Send + Sync + 'static {
    /// Listens to a filter with quality of service 1, wants no message that is retained there
    /// already, and to be told of one that is meant to be; done when the broker has granted it.
    ///
    /// # Errors
    /// [`BrokerError`] if it is denied or the connection is lost.
    fn listen(&self, filter: &str) -> impl Future<Output = Result<(), BrokerError>> + Send;

    /// Says something with quality of service 1, not retained; done when the broker has taken it.
    ///
    /// # Errors
    /// [`BrokerError`] if it is denied or the connection is lost.
    fn say(&self, letter: Letter) -> impl Future<Output = Result<(), BrokerError>> + Send;

    /// Acknowledges what has come. Receipts are acknowledged in the order in which they came.
    fn acknowledge(&self, receipt: &Receipt) -> impl Future<Output = ()> + Send;

    /// Ends the connection, and the session with it.
    fn leave(&self) -> impl Future<Output = ()> + Send;
}

/// Something to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Where.
    pub topic: String,
    /// An envelope, or nothing for a nudge.
    pub payload: Vec<u8>,
    /// Where an answer is to go.
    pub response_topic: Option<String>,
    /// What an answer has to bear.
    pub correlation: Option<Vec<u8>>,
    /// How long it is worth being delivered.
    pub expiry: Duration,
}

/// Something that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Where it was sent to.
    pub topic: String,
    /// What it holds.
    pub payload: Vec<u8>,
    /// Where the sender wants the answer.
    pub response_topic: Option<String>,
    /// What the answer has to bear.
    pub correlation: Option<Vec<u8>>,
    /// Whether the broker was told to keep it for whoever comes later.
    pub is_retained: bool,
    /// What acknowledges it.
    pub receipt: Receipt,
}

impl Delivery {
    /// Bytes that it takes, whatever stands where.
    fn bytes(&self) -> usize {
        let response_topic = self.response_topic.as_ref().map_or(0, String::len);
        let correlation = self.correlation.as_ref().map_or(0, Vec::len);
        let named = self.topic.len().saturating_add(response_topic);
        let borne = self.payload.len().saturating_add(correlation);
        named.saturating_add(borne)
    }
}

/// What acknowledges a delivery at the connection that it came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt(pub u16);

/// What a connection brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Something that has come.
    Delivery(Delivery),
    /// Something had come for which there was no room: it is acknowledged in its turn, and whoever
    /// sent it asks again.
    Shed(Receipt),
}

/// One connection, as it is listened to.
pub struct Ear {
    queue: mpsc::Receiver<Result<Heard, BrokerError>>,
    bytes: Arc<AtomicUsize>,
}

/// Puts into an [`Ear`] what a connection brings.
pub struct Mouth {
    queue: mpsc::Sender<Result<Heard, BrokerError>>,
    bytes: Arc<AtomicUsize>,
}

/// The two ends of what a connection brings.
#[must_use]
pub fn ear() -> (Mouth, Ear) {
    // One place more, in which the end of the connection is always told.
    let (sender, receiver) = mpsc::channel(UNACKNOWLEDGED + 1);
    let bytes = Arc::new(AtomicUsize::new(0));
    let mouth = Mouth {
        queue: sender,
        bytes: Arc::clone(&bytes),
    };
    let queue = receiver;
    (mouth, Ear { queue, bytes })
}

impl Ear {
    /// What comes next.
    ///
    /// # Errors
    /// [`BrokerError`] when the connection has ended; nothing comes after it.
    pub async fn next(&mut self) -> Result<Heard, BrokerError> {
        let next = self.queue.recv().await;
        let heard = next.unwrap_or(Err(BrokerError::Closed))?;
        if let Heard::Delivery(delivery) = &heard {
            self.bytes.fetch_sub(delivery.bytes(), Ordering::Relaxed);
        }
        Ok(heard)
    }

    /// What came of something that was done over the connection: where the connection has ended
    /// meanwhile, why.
    pub(crate) async fn explained(
        &mut self,
        done: Result<(), BrokerError>,
    ) -> Result<(), BrokerError> {
        if done != Err(BrokerError::Closed) {
            return done;
        }
        loop {
            self.next().await?;
        }
    }
}

impl Mouth {
    /// Hands over what has come; whether anybody listens. Brokers do not all keep to the receive
    /// maximum, so that what there is no room for is shed.
    pub fn tell(&self, delivery: Delivery) -> bool {
        if self.queue.is_closed() || self.queue.capacity() <= 1 {
            return false;
        }
        let bytes = delivery.bytes();
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let heard = if before.saturating_add(bytes) <= WAITING_BYTES {
            Heard::Delivery(delivery)
        } else {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            Heard::Shed(delivery.receipt)
        };
        self.queue.try_send(Ok(heard)).is_ok()
    }

    /// Hands over why nothing comes any more.
    pub fn end(self, error: BrokerError) {
        // Nobody hears it where nobody listens any more.
        let _ = self.queue.try_send(Err(error));
    }
}

/// Deliveries that a broker is asked to have on their way to a client at once: what a center has in
/// work.
pub(crate) const RECEIVE_MAXIMUM: usize = 64;
/// Bytes of what has come and is not in work: as many envelopes of the greatest length as are.
const WAITING_BYTES: usize = RECEIVE_MAXIMUM * SEALED_BYTES;
/// Deliveries that a broker can have on their way at all: each has a packet identifier.
const UNACKNOWLEDGED: usize = 65_535;

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(number: u16, bytes: usize) -> Delivery {
        Delivery {
            topic: String::new(),
            payload: vec![0; bytes],
            response_topic: None,
            correlation: None,
            is_retained: false,
            receipt: Receipt(number),
        }
    }

    #[tokio::test]
    async fn what_there_is_no_room_for_is_shed_in_its_turn_until_there_is() {
        let (mouth, mut ear) = ear();
        for number in 0..66 {
            assert!(mouth.tell(delivery(number, SEALED_BYTES)));
        }
        assert!(matches!(ear.next().await, Ok(Heard::Delivery(_))));
        assert!(mouth.tell(delivery(66, SEALED_BYTES)));
        let mut shed = Vec::new();
        for number in 1..67 {
            match ear.next().await.expect("more") {
                Heard::Shed(receipt) => shed.push(receipt.0),
                Heard::Delivery(delivery) => assert_eq!(delivery.receipt.0, number),
            }
        }
        assert_eq!(shed, [64, 65]);
    }

    #[tokio::test]
    async fn what_stands_beside_a_payload_takes_room_too() {
        let (mouth, mut ear) = ear();
        let beside = |number| Delivery {
            correlation: Some(vec![0; SEALED_BYTES]),
            ..delivery(number, 0)
        };
        for number in 0..65 {
            assert!(mouth.tell(beside(number)));
        }
        let mut shed = Vec::new();
        for _ in 0..65 {
            if let Heard::Shed(receipt) = ear.next().await.expect("more") {
                shed.push(receipt.0);
            }
        }
        assert_eq!(shed, [64]);
    }

    #[tokio::test]
    async fn the_end_is_told_however_much_waits_and_nobody_is_told_who_has_gone() {
        let (mouth, mut ear) = ear();
        let mut told = 0;
        while mouth.tell(delivery(0, 0)) {
            told += 1;
        }
        assert_eq!(told, UNACKNOWLEDGED);
        mouth.end(BrokerError::NotShared);
        for _ in 0..told {
            ear.next().await.expect("more");
        }
        assert_eq!(ear.next().await, Err(BrokerError::NotShared));
        assert_eq!(ear.next().await, Err(BrokerError::Closed));
        let (mouth, ear) = super::ear();
        drop(ear);
        assert!(!mouth.tell(delivery(0, 0)));
    }
}
