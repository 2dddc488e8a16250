//! A fault of the power: a center that keeps everything in memory, and has nothing after a cut.

use crate::bundled::InsideCenter;
use crate::case::CaseId;
use crate::line::Pending;
use crate::run::{Time, Unmoved};

use super::Faulty;

/// The time of a center whose world begins again with each power cut.
pub(super) struct Forgetful {
    center: InsideCenter<Faulty>,
    inner: Option<Box<dyn Time>>,
    seed: u64,
    case: CaseId,
}

impl Forgetful {
    /// The same time, but for power cuts.
    pub(super) fn new(
        center: &InsideCenter<Faulty>,
        inner: Option<Box<dyn Time>>,
        seed: u64,
        case: &CaseId,
    ) -> Self {
        Self {
            center: center.clone(),
            inner,
            seed,
            case: case.clone(),
        }
    }

    fn inner(&self) -> Result<&dyn Time, Unmoved> {
        let none = || Unmoved::Failed("there is no time to move".to_owned());
        self.inner.as_deref().ok_or_else(none)
    }
}

impl Time for Forgetful {
    fn advance(&self, seconds: u64) -> Pending<'_, Result<(), Unmoved>> {
        Box::pin(async move { self.inner()?.advance(seconds).await })
    }

    fn restart(&self) -> Pending<'_, Result<(), Unmoved>> {
        Box::pin(async move {
            let again = self.center.target(self.seed, self.case.as_str()).await;
            again.map(|_| ()).map_err(Unmoved::Failed)
        })
    }

    fn set_up_anew(&self) -> Pending<'_, Result<Option<String>, Unmoved>> {
        Box::pin(async move { self.inner()?.set_up_anew().await })
    }

    fn jump(&self, seconds: i64) -> Pending<'_, Result<(), Unmoved>> {
        Box::pin(async move { self.inner()?.jump(seconds).await })
    }
}
