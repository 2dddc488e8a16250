//! Telling whoever has to know: the log always, and a webhook where the operator has named one.
//!
//! ```text
//! decision ─▶ outbox ─▶ Notifier ─▶ log
//!               ▲          └─▶ queue ─▶ Webhook ─┬─ taken ────▶ out of the outbox
//!               │                                ├─ silent: again later, with longer pauses
//!               └── ticks hand over again ◀──────┴─ refused: rests, with longer pauses
//! ```
//!
//! What is in the queue is in the outbox too until the receiver has taken it, so that neither a
//! receiver that is down nor a center that is killed loses anything. A receiver may see an event
//! twice, with the same id. What a receiver refuses leaves its place in the queue to others.

mod letter;
mod round;
mod under_way;

use std::sync::Arc;

use restante_core::center::{Decide, Effect};
use restante_http::client::Webhook;
use restante_store::{Driver, Effects, LoggedEffects, Store, Taken};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use round::{Attempt, Round};
use under_way::{Place, UnderWay};

/// Takes effects for the webhook.
pub(crate) struct Notifier {
    queue: mpsc::Sender<Effect>,
    under_way: UnderWay,
}

/// The other end: what carries them there, once the driver runs.
pub(crate) struct Mail {
    queue: mpsc::Receiver<Effect>,
    under_way: UnderWay,
    webhook: Webhook,
    center: Option<String>,
}

/// The task that carries them. It ends when this is dropped; what it has not told stays in the
/// outbox.
pub(crate) struct Carrier(JoinHandle<()>);

/// A notifier, and the mail that it puts effects into. `center` is the center's own address, for
/// links.
pub(crate) fn notifier(webhook: Webhook, center: Option<String>) -> (Notifier, Mail) {
    let (sender, queue) = mpsc::channel(under_way::PLACES);
    let under_way = UnderWay::default();
    let notifier = Notifier {
        queue: sender,
        under_way: under_way.clone(),
    };
    let mail = Mail {
        queue,
        under_way,
        webhook,
        center,
    };
    (notifier, mail)
}

impl Effects for Notifier {
    fn take(&self, effect: Effect) -> Taken {
        let id = effect.id;
        let place = self.under_way.begin(id);
        if place == Place::First {
            LoggedEffects::log(&effect);
        }
        if place != Place::None && self.queue.try_send(effect).is_err() {
            self.under_way.end(id);
        }
        Taken::Later
    }
}

impl Mail {
    /// Begins to carry what comes.
    pub(crate) fn start<D, S>(mut self, driver: Arc<Driver<D, S>>) -> Carrier
    where
        D: Decide + 'static,
        S: Store + 'static,
    {
        Carrier(tokio::spawn(async move {
            let mut round = Round::new(self.webhook, self.center);
            loop {
                tokio::select! {
                    effect = self.queue.recv() => match effect {
                        Some(effect) => round.add(&effect),
                        None => return,
                    },
                    () = round.is_due() => {
                        match round.go().await {
                            Some(Attempt::Over(told)) => {
                                if let Err(error) = driver.told(&[told]).await {
                                    tracing::warn!(
                                        %error, "what was told stays in the outbox for now"
                                    );
                                }
                                self.under_way.end(told);
                            }
                            Some(Attempt::Refused(id, error)) => {
                                let again_in = self.under_way.rest(id).as_secs();
                                tracing::warn!(
                                    effect = %id, %error, again_in, "the webhook was not told"
                                );
                            }
                            None => {}
                        }
                    }
                }
            }
        }))
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.0.abort();
    }
}
