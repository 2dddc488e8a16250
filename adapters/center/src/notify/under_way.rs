//! Which effects the queue and its carrier have, and which rest because the receiver refused them.
//!
//! Places are few, and what rests has none: messages that a receiver refuses for good hold up no
//! others. Ticks hand them over again and again; once one has rested long enough it gets a place.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use restante_core::id::EffectId;
use tokio::time::Instant;

use super::round::{AFTER_REFUSAL, pause};

/// The effects that have a place, and those that rest.
#[derive(Clone, Default)]
pub(super) struct UnderWay(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    places: BTreeSet<EffectId>,
    resting: BTreeMap<EffectId, Rest>,
}

#[derive(Clone, Copy)]
struct Rest {
    refused: u32,
    until: Instant,
}

/// What an effect gets that is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A place, for the first time.
    First,
    /// A place, after a rest.
    Again,
    /// None: it has one, it rests, or all are taken.
    None,
}

impl UnderWay {
    /// Gives this effect a place, if there is one for it now.
    pub(super) fn begin(&self, id: EffectId) -> Place {
        let mut held = self.held();
        let rest = held.resting.get(&id).copied();
        let is_resting = rest.is_some_and(|rest| rest.until > Instant::now());
        if is_resting || held.places.len() >= PLACES || !held.places.insert(id) {
            return Place::None;
        }
        match rest {
            Some(_) => Place::Again,
            None => Place::First,
        }
    }

    /// It needs no place any more.
    pub(super) fn end(&self, id: EffectId) {
        let mut held = self.held();
        held.places.remove(&id);
        held.resting.remove(&id);
    }

    /// The receiver has refused it: for how long it rests now.
    pub(super) fn rest(&self, id: EffectId) -> Duration {
        let mut held = self.held();
        held.places.remove(&id);
        let refused = held.resting.get(&id).map_or(0, |rest| rest.refused);
        let wait = pause(refused, AFTER_REFUSAL);
        let rest = Rest {
            refused: refused.saturating_add(1),
            until: Instant::now() + wait,
        };
        if held.resting.len() >= RESTING {
            let soonest = held.resting.iter().min_by_key(|(_, rest)| rest.until);
            if let Some(soonest) = soonest.map(|(id, _)| *id) {
                held.resting.remove(&soonest);
            }
        }
        held.resting.insert(id, rest);
        wait
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Effects that are held in memory at the same time; what is beyond waits in the outbox, and ticks
/// hand it over again.
pub(super) const PLACES: usize = 256;
/// Effects of which is remembered that they rest. Of one more the soonest is forgotten, and is
/// attempted a little too often.
const RESTING: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(number: u64) -> EffectId {
        EffectId::from_bytes((u128::from(number) << 64).to_be_bytes())
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_leaves_its_place_to_others_and_comes_again_after_its_rest() {
        let under_way = UnderWay::default();
        for number in 0..PLACES as u64 {
            assert_eq!(under_way.begin(effect(number)), Place::First);
        }
        let newer = effect(1_000);
        assert_eq!(under_way.begin(newer), Place::None, "all places are taken");
        assert_eq!(under_way.rest(effect(0)).as_secs(), 60);
        assert_eq!(under_way.begin(newer), Place::First);
        under_way.end(newer);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(under_way.begin(effect(0)), Place::None, "it rests");
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(under_way.begin(effect(0)), Place::Again);
        assert_eq!(under_way.begin(effect(0)), Place::None, "it has a place");
        assert_eq!(under_way.rest(effect(0)).as_secs(), 120);
    }

    #[tokio::test(start_paused = true)]
    async fn memory_of_what_rests_is_bounded() {
        let under_way = UnderWay::default();
        for number in 0..=RESTING as u64 {
            assert_eq!(under_way.begin(effect(number)), Place::First);
            under_way.rest(effect(number));
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert_eq!(under_way.held().resting.len(), RESTING);
        assert_eq!(under_way.begin(effect(0)), Place::First, "it was forgotten");
        assert_eq!(under_way.begin(effect(1)), Place::None);
    }
}
