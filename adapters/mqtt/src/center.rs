//! A center's side: takes what devices send, has it decided about, answers.
//!
//! ```text
//! away ──connect, listen──▶ listening ──┐ up: judged ─▶ decided ─▶ said down ─▶ acknowledged
//!   ▲                          │        └─ in work: at most as many as the broker may send at once
//!   └──── pause ◀── lost ──────┘
//! ```
//!
//! What has come is acknowledged when its reply is with the broker, and in the order in which it
//! came: what a crash leaves without an answer comes again. Serves spec sections 16.2 to 16.5.

mod judge;

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use crate::client::{Client, Ear, Heard, Letter, RECEIVE_MAXIMUM, Receipt, Session, Voice};
use crate::error::BrokerError;
use crate::name::Name;
use crate::pause::Pause;
use crate::topic;

pub(crate) use judge::CORRELATION_BYTES;
pub use judge::Ignored;
use judge::{Taken, judge};

/// Who decides about envelopes.
pub trait Desk: Send + Sync + 'static {
    /// Decides about an envelope; the envelope that goes back, if any does. It may be asked about
    /// the same one again.
    fn decide(&self, envelope: Vec<u8>) -> impl Future<Output = Option<Vec<u8>>> + Send;

    /// Hears how the line is.
    fn note(&self, note: Note<'_>);
}

/// How the line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note<'a> {
    /// The broker has granted the subscription.
    Listening,
    /// Nothing comes, for this reason; it is tried again after so long.
    Away(&'a BrokerError, Duration),
    /// A message was ignored.
    Ignored(Ignored),
    /// A reply did not get through. The device asks again.
    Unsaid(&'a BrokerError),
}

/// A center at a broker.
pub struct Center<C> {
    client: C,
    share: Name,
    pause: Pause,
}

impl<C: Client> Center<C> {
    /// A center that listens together with all others of this share.
    #[must_use]
    pub fn new(client: C, share: Name) -> Self {
        Self {
            client,
            share,
            pause: Pause::default(),
        }
    }

    /// The same with other pauses between attempts.
    #[must_use]
    pub fn pause(mut self, pause: Pause) -> Self {
        self.pause = pause;
        self
    }

    /// Serves until `stop` is done: what is in work then is finished, and the session ended.
    pub async fn serve<D: Desk>(mut self, desk: Arc<D>, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        let places = Arc::new(Semaphore::new(RECEIVE_MAXIMUM));
        loop {
            let visit = self.visit(&desk, &places, stop.as_mut());
            let Err(error) = visit.await else { return };
            let again_in = self.pause.failed();
            desk.note(Note::Away(&error, again_in));
            tokio::select! {
                () = tokio::time::sleep(again_in) => {}
                () = stop.as_mut() => return,
            }
        }
    }

    /// One connection, until it is lost or the center stops.
    async fn visit<D: Desk>(
        &mut self,
        desk: &Arc<D>,
        places: &Arc<Semaphore>,
        mut stop: std::pin::Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Result<(), BrokerError> {
        // What a broker has forgotten of the session is listened to anew, and what it has kept too:
        // the share can be another than before.
        let arrive = async {
            let (voice, mut ear) = self.client.connect(Session::Kept(SESSION)).await?;
            let listening = voice.listen(&topic::shared(&self.share)).await;
            ear.explained(listening).await?;
            Ok::<_, BrokerError>((voice, ear))
        };
        let (voice, mut ear) = tokio::select! {
            arrived = arrive => arrived?,
            () = stop.as_mut() => return Ok(()),
        };
        self.pause.succeeded();
        desk.note(Note::Listening);
        let mut counter = Counter {
            voice,
            desk,
            places,
            work: VecDeque::new(),
        };
        // What comes while the last of it is finished is not heard any more, and is not lost: its
        // devices ask again.
        let served = counter.serve(&mut ear, stop).await;
        if served.is_ok() {
            counter.close().await;
        }
        served
    }
}

/// A connection that is served.
struct Counter<'a, V, D> {
    voice: V,
    desk: &'a Arc<D>,
    places: &'a Arc<Semaphore>,
    work: Work,
}

/// What is not acknowledged yet, in the order in which it came, and what is in work of it.
type Work = VecDeque<(Receipt, Option<JoinHandle<()>>)>;

impl<V: Voice, D: Desk> Counter<'_, V, D> {
    /// Takes what comes until the connection is lost or the center stops.
    async fn serve(
        &mut self,
        ear: &mut Ear,
        mut stop: std::pin::Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Result<(), BrokerError> {
        loop {
            let places = Arc::clone(self.places);
            let next = async {
                // Whoever is here keeps the semaphore open.
                let place = places.acquire_owned().await.ok();
                (place, ear.next().await)
            };
            tokio::select! {
                biased;
                () = stop.as_mut() => return Ok(()),
                receipt = first_done(&mut self.work) => self.voice.acknowledge(&receipt).await,
                (place, heard) = next => self.take(heard?, place),
            }
        }
    }

    fn take(&mut self, heard: Heard, place: Option<OwnedSemaphorePermit>) {
        let (receipt, judged) = match heard {
            Heard::Shed(receipt) => (receipt, Err(Ignored::Busy)),
            Heard::Delivery(delivery) => (delivery.receipt, judge(delivery)),
        };
        let work = match judged {
            Err(ignored) => {
                self.desk.note(Note::Ignored(ignored));
                None
            }
            Ok(taken) => {
                let (desk, voice) = (Arc::clone(self.desk), self.voice.clone());
                // It goes on to its end also where the connection is lost meanwhile.
                Some(tokio::spawn(async move {
                    answer(&*desk, &voice, taken).await;
                    drop(place);
                }))
            }
        };
        self.work.push_back((receipt, work));
    }

    /// Finishes what is in work, and leaves.
    async fn close(mut self) {
        while !self.work.is_empty() {
            let receipt = first_done(&mut self.work).await;
            self.voice.acknowledge(&receipt).await;
        }
        self.voice.leave().await;
    }
}

/// The receipt of what came first, when it is done.
async fn first_done(work: &mut Work) -> Receipt {
    let Some((receipt, first)) = work.front_mut() else {
        return std::future::pending().await;
    };
    let receipt = *receipt;
    if let Some(first) = first {
        // One that has panicked is not worth being brought again.
        let _ = first.await;
    }
    work.pop_front();
    receipt
}

/// Has an envelope decided about, and says the reply.
async fn answer<D: Desk>(desk: &D, voice: &impl Voice, taken: Taken) {
    let reply = desk.decide(taken.envelope).await;
    let (Some(payload), Some(topic)) = (reply, taken.down) else {
        return;
    };
    let letter = Letter {
        topic,
        payload,
        response_topic: None,
        correlation: taken.correlation,
        expiry: REPLY_EXPIRY,
    };
    // A broker that never takes it would hold a place for ever.
    match tokio::time::timeout(REPLY_EXPIRY, voice.say(letter)).await {
        Ok(Ok(()) | Err(BrokerError::Closed)) | Err(_) => {}
        Ok(Err(error)) => desk.note(Note::Unsaid(&error)),
    }
}

/// Seconds for which a broker keeps what a center that is away has not acknowledged: a restart
/// takes less, and devices say again what was not answered.
pub(crate) const SESSION: u32 = 300;
/// How long a reply is worth being delivered: a device waits no longer.
pub(crate) const REPLY_EXPIRY: Duration = Duration::from_secs(120);
