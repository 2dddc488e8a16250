//! The front desk: stands behind the HTTP routes and hands each call to the driver.
//!
//! What the driver cannot answer is refused here, with words that an outsider may read; the true
//! reason goes with the refusal to where it is logged, joined by the correlation id.

use std::sync::Arc;
use std::time::Instant;

use restante_core::center::{Call, Credential, Decide, Message, Reason, Refused, Reply};
use restante_core::id::CorrelationId;
use restante_core::wire::people::PeopleRequest;
use restante_core::wire::{Refusal, RefusalCode};
use restante_http::route::Operation;
use restante_http::server::Answer;
use restante_store::driver::Effort;
use restante_store::{Driver, DriverError, Store, StoreError};
use tokio::sync::Notify;

use crate::condition::Condition;
use crate::figures::Figures;

/// Driver, condition and figures behind the routes.
pub(crate) struct FrontDesk<D, S> {
    pub(crate) driver: Arc<Driver<D, S>>,
    pub(crate) condition: Arc<Condition>,
    pub(crate) figures: Arc<Figures>,
    /// Told when a device has registered for a service.
    pub(crate) registered: Option<Arc<Notify>>,
}

impl<D: Decide + 'static, S: Store + 'static> Answer for FrontDesk<D, S> {
    async fn answer(&self, call: Call) -> Result<Reply, Refused> {
        let correlation = call.source.correlation;
        let begun = Instant::now();
        let mut counted = Counted::begin(&self.figures, begun);
        let accepts_clock = matches!(call.message, Message::People(PeopleRequest::AcceptClock(_)));
        match self.driver.call(call).await {
            Ok(answer) => {
                counted.effort = answer.effort;
                if accepts_clock && answer.outcome.is_ok() {
                    // Whoever has accepted the clock finds the center ready.
                    let ticked = self.driver.tick().await;
                    self.condition.told.send_modify(|last| *last = ticked);
                }
                if let (Ok(Reply::Registered(_)), Some(told)) = (&answer.outcome, &self.registered)
                {
                    told.notify_one();
                }
                answer.outcome
            }
            Err(error) => Err(failed(correlation, &error)),
        }
    }

    async fn unready(&self) -> Option<String> {
        self.condition.unready(self.driver.store()).await
    }

    fn answered(&self, operation: Option<Operation>, status: u16, reason: Option<&'static str>) {
        self.figures.answered(operation, status, reason);
    }
}

/// The same desk, as the operator's console meets it behind its socket: whoever presents nothing
/// is the operator, because nobody else can open the socket.
pub(crate) struct ConsoleDesk<D, S>(pub(crate) Arc<FrontDesk<D, S>>);

impl<D: Decide + 'static, S: Store + 'static> Answer for ConsoleDesk<D, S> {
    async fn answer(&self, mut call: Call) -> Result<Reply, Refused> {
        if matches!(call.presented, Credential::None) {
            call.presented = Credential::Console;
        }
        let mut answered = self.0.answer(call).await;
        // The operator may know what strangers may not: that the disk is full, for instance.
        if let Err(refused) = &mut answered
            && matches!(
                refused.refusal.code,
                RefusalCode::Busy | RefusalCode::Internal
            )
        {
            refused.refusal.detail.clone_from(&refused.reason.detail);
        }
        answered
    }

    async fn unready(&self) -> Option<String> {
        self.0.unready().await
    }

    fn answered(&self, operation: Option<Operation>, status: u16, reason: Option<&'static str>) {
        self.0.answered(operation, status, reason);
    }
}

/// A call in work. It counts as ended however it ends, a peer that hangs up included.
struct Counted<'a> {
    figures: &'a Figures,
    begun: Instant,
    effort: Effort,
}

impl<'a> Counted<'a> {
    fn begin(figures: &'a Figures, begun: Instant) -> Self {
        figures.begins();
        Self {
            figures,
            begun,
            effort: Effort::default(),
        }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.figures.ended(self.begun.elapsed(), self.effort);
    }
}

/// What the driver could not answer: a full disk and an unknown end may pass, the rest is for a
/// person.
fn failed(correlation: CorrelationId, error: &DriverError) -> Refused {
    let (code, word) = match error {
        DriverError::Store(StoreError::Full) => (RefusalCode::Busy, "disk-full"),
        DriverError::Store(StoreError::Stopped { .. }) => (RefusalCode::Busy, "store-stopped"),
        DriverError::Unknown => (RefusalCode::Busy, "commit-unknown"),
        DriverError::Store(StoreError::Damaged { .. }) | DriverError::Damaged { .. } => {
            (RefusalCode::Internal, "record-damaged")
        }
        DriverError::Store(_) => (RefusalCode::Internal, "store-failed"),
        DriverError::Entropy(_) => (RefusalCode::Internal, "no-entropy"),
        _ => (RefusalCode::Internal, "defect"),
    };
    let mut refusal = Refusal::plain(code);
    refusal.correlation = Some(correlation);
    Refused {
        refusal,
        reason: Reason {
            word,
            detail: error.to_string(),
        },
    }
}
