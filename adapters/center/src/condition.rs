//! Whether the center can do its work: what `/readyz` answers.
//!
//! Four things are looked at, and the first that fails is named: the center is not stopping, the
//! store takes what is to be kept, it answers, and time passes. Strangers may read the answer, so
//! that it says no more than they need; the log says the rest.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use restante_core::center::Ticked;
use restante_core::record::{Clock, Need};
use restante_store::{DriverError, Store};
use tokio::sync::watch;

use crate::figures::Vitals;

/// How the last tick ended.
pub(crate) type Told = watch::Sender<Result<Ticked, DriverError>>;

/// What is looked at.
pub(crate) struct Condition {
    pub(crate) stopping: AtomicBool,
    pub(crate) told: Told,
    pub(crate) vitals: Box<dyn Fn() -> Vitals + Send + Sync>,
}

impl Condition {
    /// Why the center cannot do its work at present.
    pub(crate) async fn unready(&self, store: &impl Store) -> Option<String> {
        let why = if self.stopping.load(Ordering::Relaxed) {
            STOPPING
        } else if (self.vitals)().stopped {
            STORE_STOPPED
        } else if !answers(store).await {
            STORE_SILENT
        } else {
            match &*self.told.borrow() {
                Ok(ticked) if ticked.suspended => CLOCK,
                Ok(ticked) if ticked.damage.is_some() => DAMAGED,
                Ok(_) => return None,
                Err(_) => TICK_FAILED,
            }
        };
        Some(why.to_owned())
    }
}

/// Whether the store yields a record within a reasonable time.
async fn answers(store: &impl Store) -> bool {
    let needs = [Need::Record(Clock::key())];
    let load = tokio::time::timeout(PATIENCE, store.load(&needs));
    matches!(load.await, Ok(Ok(_)))
}

const STOPPING: &str = "stopping: the center is shutting down";
const STORE_STOPPED: &str = "store: it takes nothing more; the operator has to look at the disk";
const STORE_SILENT: &str = "store: it does not answer";
const DAMAGED: &str = "store: it holds damaged records; the operator has to look at the log";
const TICK_FAILED: &str = "time: the last tick failed";
const CLOCK: &str = "clock: it jumped ahead by more than a day, so that expiry stands still until \
                     the operator accepts it (restante-center clock accept, or \
                     restante-provider serve --accept-clock)";

/// How long the store may take to yield one record.
const PATIENCE: Duration = Duration::from_secs(2);
