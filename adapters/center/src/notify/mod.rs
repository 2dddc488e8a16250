//! Telling whoever has to know: the log always, and a webhook where the operator has named one.
//!
//! ```text
//! decision ─▶ outbox ─▶ Notifier ─▶ log
//!               ▲          └─▶ queue ─▶ Webhook ─┬─ taken ────▶ out of the outbox
//!               └── ticks hand over again ◀──────┴─ not taken: again later, with longer pauses
//! ```
//!
//! What is in the queue is in the outbox too until the receiver has taken it, so that neither a
//! receiver that is down nor a center that is killed loses anything. A receiver may see an event
//! twice, with the same id.

mod letter;
mod round;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use restante_core::center::{Decide, Effect};
use restante_core::id::EffectId;
use restante_http::client::Webhook;
use restante_store::{Driver, Effects, LoggedEffects, Store, Taken};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use round::Round;

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

/// Which effects the queue and the carrier have.
#[derive(Clone, Default)]
struct UnderWay(Arc<Mutex<BTreeSet<EffectId>>>);

/// A notifier, and the mail that it puts effects into. `center` is the center's own address, for
/// links.
pub(crate) fn notifier(webhook: Webhook, center: Option<String>) -> (Notifier, Mail) {
    let (sender, queue) = mpsc::channel(UNDER_WAY);
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
        if self.under_way.begin(id) {
            LoggedEffects::log(&effect);
            if self.queue.try_send(effect).is_err() {
                self.under_way.end(id);
            }
        }
        Taken::Later
    }
}

impl UnderWay {
    /// Whether this effect is new and there is room for it.
    fn begin(&self, id: EffectId) -> bool {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ids.len() < UNDER_WAY && ids.insert(id)
    }

    fn end(&self, id: EffectId) {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ids.remove(&id);
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
                        if let Some(told) = round.go().await {
                            if let Err(error) = driver.told(&[told]).await {
                                tracing::warn!(%error, "what was told stays in the outbox for now");
                            }
                            self.under_way.end(told);
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

/// Effects that are held in memory at the same time; what is beyond waits in the outbox, and ticks
/// hand it over again.
const UNDER_WAY: usize = 256;
