//! A device's side: sends an envelope, waits for the one that answers it, and hears nudges.
//!
//! What is waited for is known by its correlation data, the tag of the envelope that was sent; so
//! the reply to the same envelope, sent before over a connection that was lost, counts as well.
//! Whether it is the center's shows when it opens, which is not done here. Serves spec sections
//! 16.2 to 16.6.

use std::time::Duration;

use restante_core::seal::{Envelope, EnvelopeError, Lane};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::client::{Client, Delivery, Ear, Heard, Letter, Session, Voice};
use crate::error::BrokerError;
use crate::pause::Pause;
use crate::topic::{Direction, topic_of};

/// A device at a broker.
pub struct Device<C: Client> {
    client: C,
    pause: Pause,
    here: Option<Here<C::Voice>>,
    /// Whether a nudge has come that nobody has heard of yet.
    is_nudged: bool,
    /// Before this no nudge is waited for.
    not_before: Option<Instant>,
}

/// A connection, and where it listens.
struct Here<V> {
    voice: V,
    ear: Ear,
    down: String,
}

/// Why an envelope has no answer. It can be sent again, the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// What was to be sent is no envelope.
    #[error("what was to be sent is no envelope: {0}")]
    Envelope(#[from] EnvelopeError),
    /// The broker.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// Nothing came back in time. The center may have acted all the same.
    #[error("no answer has come within {} s", .0.as_secs())]
    Silent(Duration),
}

impl<C: Client> Device<C> {
    /// A device that is not connected yet.
    #[must_use]
    pub fn new(client: C) -> Self {
        Self {
            client,
            pause: Pause::default(),
            here: None,
            is_nudged: false,
            not_before: None,
        }
    }

    /// The same with other pauses between attempts.
    #[must_use]
    pub fn pause(mut self, pause: Pause) -> Self {
        self.pause = pause;
        self
    }

    /// Sends an envelope and waits for what answers it, connecting first where that has to be; a
    /// mail is answered by nothing, and done when the broker has it. One attempt is made.
    ///
    /// # Errors
    /// [`ExchangeError`] if there is no answer.
    pub async fn exchange(
        &mut self,
        envelope: &[u8],
        within: Duration,
    ) -> Result<Option<Vec<u8>>, ExchangeError> {
        let read = Envelope::parse(envelope)?;
        let (sender, lane, tag) = (
            read.header().sender,
            read.header().lane,
            read.tag().to_vec(),
        );
        let until = Instant::now() + within;
        let said = async {
            self.arrive(&sender).await?;
            self.say(envelope, &sender, &tag, within).await?;
            match lane {
                Lane::Mail => Ok(None),
                Lane::Conversation => self.reply(&tag).await.map(Some),
            }
        };
        match timeout_at(until, said).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => {
                self.here = None;
                Err(error.into())
            }
            Err(_) => Err(ExchangeError::Silent(within)),
        }
    }

    /// Waits until somebody says that this sender should poll now; anybody whom the broker lets
    /// write there can say so. It connects where that has to be. After an error the next call waits
    /// for a while before it tries again.
    ///
    /// # Errors
    /// [`BrokerError`] if no nudge can be heard at present.
    pub async fn nudged(&mut self, sender: &[u8; 16]) -> Result<(), BrokerError> {
        if let Some(until) = self.not_before {
            sleep_until(until).await;
            self.not_before = None;
        }
        while !std::mem::take(&mut self.is_nudged) {
            if let Err(error) = self.hear(sender).await {
                self.here = None;
                self.not_before = Some(Instant::now() + self.pause.failed());
                return Err(error);
            }
        }
        Ok(())
    }

    /// Waits for one message, which may be a nudge.
    async fn hear(&mut self, sender: &[u8; 16]) -> Result<(), BrokerError> {
        self.arrive(sender).await?;
        let delivery = self.next().await?;
        self.is_nudged |= is_nudge(&delivery);
        Ok(())
    }

    /// Connects and listens to this sender's topic, where it does not do so already.
    async fn arrive(&mut self, sender: &[u8; 16]) -> Result<(), BrokerError> {
        let down = topic_of(sender, Direction::Down);
        if self.here.as_ref().is_none_or(|here| here.down != down) {
            // Another sender is another user of the broker as far as its access list goes: the
            // former connection has nothing to hear any more.
            self.here = None;
            let (voice, mut ear) = self.client.connect(Session::Forgotten).await?;
            let listening = voice.listen(&down).await;
            ear.explained(listening).await?;
            self.pause.succeeded();
            self.here = Some(Here { voice, ear, down });
        }
        Ok(())
    }

    async fn say(
        &mut self,
        envelope: &[u8],
        sender: &[u8; 16],
        tag: &[u8],
        within: Duration,
    ) -> Result<(), BrokerError> {
        let here = self.here.as_mut().ok_or(BrokerError::Closed)?;
        let letter = Letter {
            topic: topic_of(sender, Direction::Up),
            payload: envelope.to_vec(),
            response_topic: Some(here.down.clone()),
            correlation: Some(tag.to_vec()),
            expiry: within,
        };
        let said = here.voice.say(letter).await;
        here.ear.explained(said).await
    }

    /// Waits for the reply that bears this correlation data; all else but nudges is passed over.
    async fn reply(&mut self, tag: &[u8]) -> Result<Vec<u8>, BrokerError> {
        loop {
            let delivery = self.next().await?;
            if is_nudge(&delivery) {
                self.is_nudged = true;
            } else if !delivery.is_retained && delivery.correlation.as_deref() == Some(tag) {
                return Ok(delivery.payload);
            }
        }
    }

    /// The next message on the topic that is listened to, acknowledged: what it says can be asked
    /// for again.
    async fn next(&mut self) -> Result<Delivery, BrokerError> {
        loop {
            let here = self.here.as_mut().ok_or(BrokerError::Closed)?;
            let (receipt, delivery) = match here.ear.next().await? {
                Heard::Shed(receipt) => (receipt, None),
                Heard::Delivery(delivery) => (delivery.receipt, Some(delivery)),
            };
            here.voice.acknowledge(&receipt).await;
            if let Some(delivery) = delivery.filter(|it| it.topic == here.down) {
                return Ok(delivery);
            }
        }
    }
}

/// Whether a message says that the device should poll now.
fn is_nudge(delivery: &Delivery) -> bool {
    delivery.payload.is_empty() && !delivery.is_retained
}
