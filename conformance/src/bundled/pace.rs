//! What makes a loop wait where time is moved by hand: it wakes whoever has rested long enough, and
//! tells whether anybody rests at all.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use restante_center::provider::{Pace, Pending};

/// A time that stands still until it is moved.
#[derive(Clone, Debug, Default)]
pub struct MovedPace(Arc<Mutex<Resting>>);

#[derive(Debug, Default)]
struct Resting {
    /// In milliseconds.
    now: u64,
    /// The number of the next rest.
    next: u64,
    /// Until when each rests, and what wakes it. A loop rests once at a time.
    rests: BTreeMap<u64, (u64, Waker)>,
}

impl MovedPace {
    /// Whether nobody rests: something is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let resting = self.lock();
        let rests = |(until, _): &(u64, Waker)| *until > resting.now;
        !resting.rests.values().any(rests)
    }

    /// How far time can be moved, of at most so many milliseconds, until somebody has rested long
    /// enough; not at all where nobody rests.
    #[must_use]
    pub fn until_next(&self, millis: u64) -> u64 {
        let resting = self.lock();
        let ends = resting.rests.values().map(|(until, _)| *until);
        let next = ends.min().unwrap_or(resting.now);
        next.saturating_sub(resting.now).min(millis)
    }

    /// Moves time by so many milliseconds.
    pub fn move_by(&self, millis: u64) {
        let mut resting = self.lock();
        resting.now = resting.now.saturating_add(millis);
        let now = resting.now;
        let over = resting.rests.values().filter(|(until, _)| *until <= now);
        over.for_each(|(_, waker)| waker.wake_by_ref());
    }

    fn lock(&self) -> MutexGuard<'_, Resting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace for MovedPace {
    fn rest(&self, time: Duration) -> Pending<'_, ()> {
        let mut resting = self.lock();
        let number = resting.next;
        resting.next = resting.next.saturating_add(1);
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Box::pin(Rest {
            pace: self.clone(),
            number,
            until: resting.now.saturating_add(millis),
        })
    }
}

/// One rest. It counts from when it was asked for, and is known from when it is waited for.
struct Rest {
    pace: MovedPace,
    number: u64,
    until: u64,
}

impl Future for Rest {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut resting = self.pace.lock();
        if resting.now >= self.until {
            return Poll::Ready(());
        }
        let known = (self.until, context.waker().clone());
        resting.rests.insert(self.number, known);
        Poll::Pending
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        self.pace.lock().rests.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_rest_ends_when_the_time_has_been_moved_so_far() {
        let pace = MovedPace::default();
        assert!(pace.is_busy());
        let at = pace.clone();
        let rest = tokio::spawn(async move { at.rest(Duration::from_secs(10)).await });
        tokio::task::yield_now().await;
        assert!(!pace.is_busy());
        assert_eq!(pace.until_next(4_000), 4_000);
        pace.move_by(4_000);
        assert_eq!(pace.until_next(60_000), 6_000);
        pace.move_by(6_000);
        assert!(pace.is_busy());
        rest.await.expect("it ends");
        assert_eq!(pace.until_next(60_000), 0);
    }
}
