//! The ticker: lets time pass at the center.
//!
//! What is due lies in the store as records; a tick is an ordinary call that does a bounded part of
//! it. The ticker makes one at each interval, one as soon as a call has made work (an application
//! whose instructions are to be made, say), and again at once while more is due. At each interval
//! it also goes a stretch further through the outbox (`outbox`).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use restante_core::decision::{Call, Credential, Decide, Message, Reply, Source, Ticked};
use restante_core::id::CorrelationId;

use crate::driver::{Driver, DriverError};
use crate::outbox::Walk;
use crate::port::Store;

impl<D: Decide, S: Store> Driver<D, S> {
    /// Lets time pass once: does a bounded part of what is due.
    ///
    /// # Errors
    /// As [`Driver::call`]; a tick that is refused is a defect.
    pub async fn tick(&self) -> Result<Ticked, DriverError> {
        let correlation = CorrelationId::from_bytes(self.random().id()?);
        let answer = self
            .call(Call {
                source: Source {
                    address: None,
                    correlation,
                },
                presented: Credential::None,
                message: Message::Tick,
            })
            .await?;
        match answer.outcome {
            Ok(Reply::Ticked(ticked)) => Ok(ticked),
            Ok(_) => Err(DriverError::Defect {
                why: "a tick was answered with something else".to_owned(),
            }),
            Err(refused) => Err(DriverError::Defect {
                why: format!("a tick was refused: {}", refused.reason.word),
            }),
        }
    }
}

/// A task that lets time pass. It ends when this is dropped.
#[derive(Debug)]
pub struct Ticker {
    task: JoinHandle<()>,
}

impl Ticker {
    /// Ticks at once, then every `every` and whenever a call has made work, and tells how each tick
    /// ended.
    #[must_use]
    pub fn start<D, S>(
        driver: Arc<Driver<D, S>>,
        every: Duration,
        told: watch::Sender<Result<Ticked, DriverError>>,
    ) -> Self
    where
        D: Decide + 'static,
        S: Store + 'static,
    {
        let task = tokio::spawn(async move {
            let mut beat = interval(every);
            beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut walk = Walk::default();
            loop {
                let is_beat = tokio::select! {
                    _ = beat.tick() => true,
                    () = driver.has_work() => false,
                };
                let ended = catch_up(&driver).await;
                told.send_modify(|last| *last = ended);
                if is_beat && let Err(error) = driver.walk(&mut walk).await {
                    tracing::warn!(%error, "what lies in the outbox waits for the next beat");
                }
            }
        });
        Self { task }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        // A tick that is cut off here is a call without an answer: nothing half is kept.
        self.task.abort();
    }
}

/// Ticks until nothing more is due, or one fails.
async fn catch_up<D: Decide, S: Store>(driver: &Driver<D, S>) -> Result<Ticked, DriverError> {
    loop {
        match driver.tick().await {
            Ok(ticked) if ticked.more => tokio::task::yield_now().await,
            Ok(ticked) => {
                if let Some(damage) = &ticked.damage {
                    tracing::error!(%damage, "a tick met damaged records");
                }
                return Ok(ticked);
            }
            Err(error) => {
                tracing::error!(%error, "a tick failed");
                return Err(error);
            }
        }
    }
}
