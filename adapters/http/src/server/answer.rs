//! What stands behind the routes: the one thing that this adapter asks of the rest of a center.
//!
//! The program implements it for the driver that loads, decides and commits. The adapter knows
//! neither driver nor store, so that tests and the kit can put their own in its place.

use std::future::Future;

use restante_core::decision::{Call, Refused, Reply};

use crate::route::Operation;

/// Answers calls.
pub trait Answer: Send + Sync + 'static {
    /// Answers one call, after everything that it changed is durable. What goes wrong on this side
    /// is refused as `busy` or `internal`; the reason is for the operator's log.
    fn answer(&self, call: Call) -> impl Future<Output = Result<Reply, Refused>> + Send;

    /// Why the center cannot do its work at present, in a sentence that strangers may read; `None`
    /// where it can.
    fn unready(&self) -> impl Future<Output = Option<String>> + Send {
        async { None }
    }

    /// Every response that leaves, for whoever counts: what was asked (absent where no route was
    /// met), the status, and the true reason of a refusal in one fixed word.
    fn answered(&self, operation: Option<Operation>, status: u16, reason: Option<&'static str>) {
        let _ = (operation, status, reason);
    }
}
