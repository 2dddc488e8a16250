//! The ticker: time passes at its beat, and at once where something is due already.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use restante_core::center::{Call, Decide, Decision, Message, Reply, Ticked};
use restante_core::id::{ApplicationId, CustomerId};
use restante_core::record::{Desk, Due, Pause, Records, Written};
use restante_core::time::Seconds;
use restante_core::wire::people::{AcceptClock, PeopleRequest};
use restante_core::{Seed, Timestamp};
use restante_store::{Driver, DriverError, MemoryStore, Ticker};
use tokio::sync::watch;

use crate::driver::{call, decision};

/// Says that more is due so many times.
struct Ticking(AtomicU32, AtomicBool);

impl Decide for Ticking {
    fn decide(&self, _: Timestamp, _: &Seed, call: &Call, _: &Records) -> Result<Decision, Pause> {
        assert_eq!(call.message, Message::Tick);
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
        self.1.store(true, Ordering::Relaxed);
        let mut decision = decision(Written::default(), Vec::new());
        decision.outcome = Ok(Reply::Ticked(Ticked {
            more: left > 0,
            ..Ticked::default()
        }));
        Ok(decision)
    }
}

#[tokio::test(start_paused = true)]
async fn a_ticker_goes_on_while_more_is_due_and_then_waits() {
    let ticking = Ticking(5.into(), false.into());
    let driver = Arc::new(Driver::new(ticking, MemoryStore::new()));
    let (told, mut last) = watch::channel(Err(DriverError::Unknown));
    let ticker = Ticker::start(Arc::clone(&driver), Duration::from_secs(60), told);
    last.changed().await.expect("a tick");
    assert_eq!(*last.borrow(), Ok(Ticked::default()));
    assert_eq!(driver.decides().0.load(Ordering::Relaxed), 0);
    driver.decides().1.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert!(!driver.decides().1.load(Ordering::Relaxed), "too early");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(driver.decides().1.load(Ordering::Relaxed), "too late");
    drop(ticker);
    driver.decides().1.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(!driver.decides().1.load(Ordering::Relaxed), "it goes on");
}

/// Counts its ticks; whatever else it is asked makes a job that is due so much later.
struct Begun {
    ticks: AtomicU32,
    later: Seconds,
}

impl Decide for Begun {
    fn decide(
        &self,
        now: Timestamp,
        _: &Seed,
        call: &Call,
        records: &Records,
    ) -> Result<Decision, Pause> {
        let mut desk = Desk::new(records);
        if call.message == Message::Tick {
            self.ticks.fetch_add(1, Ordering::Relaxed);
        } else {
            let due = Due::Fill {
                customer: CustomerId::from_bytes([1; 16]),
                application: ApplicationId::from_bytes([2; 16]),
            };
            desk.put(due.key(now.after(self.later)), &due);
        }
        Ok(decision(desk.into_written(), Vec::new()))
    }
}

/// How many ticks there are within a second after a call has made a job.
async fn ticks_after_a_job_due_in(later: Seconds) -> u32 {
    let ticks = AtomicU32::new(0);
    let driver = Arc::new(Driver::new(Begun { ticks, later }, MemoryStore::new()));
    let (told, mut last) = watch::channel(Err(DriverError::Unknown));
    let _ticker = Ticker::start(Arc::clone(&driver), Duration::from_secs(3600), told);
    last.changed().await.expect("the first tick");
    let before = driver.decides().ticks.load(Ordering::Relaxed);
    let mut asks = call();
    asks.message = Message::People(PeopleRequest::AcceptClock(AcceptClock {}));
    driver.call(asks).await.expect("an answer");
    tokio::time::sleep(Duration::from_secs(1)).await;
    driver.decides().ticks.load(Ordering::Relaxed) - before
}

#[tokio::test(start_paused = true)]
async fn a_job_that_a_call_has_begun_does_not_wait_for_the_next_beat() {
    assert_eq!(ticks_after_a_job_due_in(Seconds::ZERO).await, 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_due_later_makes_no_tick_now() {
    assert_eq!(ticks_after_a_job_due_in(Seconds::HOUR).await, 0);
}
