//! The walk through the outbox: what nobody has taken is handed over again, all of it in turn.
//!
//! A tick hands over the oldest effects once more. Where those are refused for good, newer ones
//! that a crash has left behind would wait behind them until they are given up. So the ticker walks
//! through the whole outbox beside its ticks, a bounded stretch at each beat, and begins anew at
//! its end; on the way it counts what lies there.

use std::sync::atomic::Ordering;

use restante_core::decision::{Decide, Effect, EffectKind};
use restante_core::limits::{CLOCK_SAVE, DUE_PER_TICK};
use restante_core::record::{Desk, Kind, Need, Outbox, Owner, Range, Records};

use crate::driver::{Driver, DriverError, Effort, defect};
use crate::port::Store;

/// Where the walk is, and how many effects it has met since its beginning.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    behind: Vec<u8>,
    met: u64,
}

impl<D: Decide, S: Store> Driver<D, S> {
    /// How many effects nobody has taken for a minute or longer, as last counted: after a change
    /// the number is right once the ticker has walked through all of them.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Hands over the next stretch of what has lain in the outbox for a while. What is younger, its
    /// own call is still handing over.
    pub(crate) async fn walk(&self, walk: &mut Walk) -> Result<(), DriverError> {
        let old = self.now().as_millis();
        let old = old.saturating_sub(CLOCK_SAVE.as_millis());
        let range = Range {
            kind: Kind::Outbox,
            owner: Owner::NONE,
            after: std::mem::take(&mut walk.behind),
            through: old.to_be_bytes().into_iter().skip(2).collect(),
            limit: u32::try_from(DUE_PER_TICK).unwrap_or(u32::MAX),
        };
        let need = Need::Range(Box::new(range.clone()));
        let mut found = self.store().load(std::slice::from_ref(&need)).await?;
        let found = found
            .pop()
            .ok_or_else(|| defect("the store has not answered".to_owned()))?;
        let mut records = Records::new();
        records.add(need, found);
        let mut desk = Desk::new(&records);
        let met = desk.each::<Outbox<EffectKind>>(&range);
        let met = met.map_err(|pause| defect(pause.to_string()))?;
        walk.met += met.len() as u64;
        if let Some((last, _)) = met.last()
            && met.len() >= DUE_PER_TICK
        {
            walk.behind.clone_from(&last.key);
            self.waiting.fetch_max(walk.met, Ordering::Relaxed);
        } else {
            self.waiting.store(walk.met, Ordering::Relaxed);
            walk.met = 0;
        }
        // One that cannot be read is named by the tick that meets it.
        let readable = met.into_iter().filter_map(|(key, outbox)| {
            let id = Outbox::<EffectKind>::id(&key)?;
            let what = outbox.ok()?.what;
            Some(Effect { id, what })
        });
        let mut effort = Effort::default();
        self.hand_over(readable.collect(), &mut effort).await;
        Ok(())
    }
}
