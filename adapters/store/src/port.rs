//! The port: all that a center asks of whatever keeps its records.
//!
//! Two operations are enough, because decisions are pure: load what one needs, and commit what it
//! wrote if nothing that it had read has moved. Absent is revision 0 and can be expected. Revisions
//! of one key only ever rise, across deletions too, so that an expectation that has failed once
//! never holds again and a commit that arrives late cannot do harm.

use std::sync::Arc;

use restante_core::id::AttemptId;
use restante_core::record::{AtHand, Loaded, Need, Written};

/// What keeps the center's records.
pub trait Store: Send + Sync {
    /// Loads what is needed, in the order of `needs`, all of it from one consistent snapshot that
    /// holds everything acknowledged before the call.
    ///
    /// # Errors
    /// [`StoreError`] if something cannot be read.
    fn load(&self, needs: &[Need]) -> impl Future<Output = Result<Vec<Loaded>, StoreError>> + Send;

    /// What can be had without a load, where the store knows such a thing. It holds everything
    /// acknowledged before the call, as a load does.
    fn at_hand(&self) -> Option<&dyn AtHand> {
        None
    }

    /// Applies all writes if every expectation holds, and none of them otherwise; durable before it
    /// answers [`Committed::Applied`]. An attempt that has been applied already is answered
    /// [`Committed::Applied`] and not applied again, so that repeating one is always safe.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be done; nothing was acknowledged.
    fn commit(
        &self,
        attempt: AttemptId,
        written: Written,
    ) -> impl Future<Output = Result<Committed, StoreError>> + Send;
}

/// How a commit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// All of it is kept.
    Applied,
    /// Something that was expected has moved; nothing was applied, and with these expectations
    /// nothing ever will be.
    Conflict,
    /// The connection to the store was lost in between: it may or may not be kept, now or later.
    /// Commit the same attempt again to find out.
    Unknown,
}

/// Why a store could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// What lies in the store is not what was put there.
    #[error("the store is damaged: {what}; restore it from an export or a backup")]
    Damaged {
        /// What is wrong, and where.
        what: String,
    },
    /// There is no room for what was to be kept.
    #[error("the disk that holds the store is full; make room on it")]
    Full,
    /// The disk failed while something was made durable. What came before is kept; nothing further
    /// is taken until the center has been started anew and has looked at the disk again.
    #[error("the store takes nothing more: {why}; look at the disk, then start the center anew")]
    Stopped {
        /// What the disk answered.
        why: String,
    },
    /// Anything else that the engine could not do.
    #[error("the store failed: {why}")]
    Failed {
        /// What the engine answered.
        why: String,
    },
}

impl<S: Store + ?Sized> Store for Arc<S> {
    fn load(&self, needs: &[Need]) -> impl Future<Output = Result<Vec<Loaded>, StoreError>> + Send {
        (**self).load(needs)
    }

    fn at_hand(&self) -> Option<&dyn AtHand> {
        (**self).at_hand()
    }

    fn commit(
        &self,
        attempt: AttemptId,
        written: Written,
    ) -> impl Future<Output = Result<Committed, StoreError>> + Send {
        (**self).commit(attempt, written)
    }
}
