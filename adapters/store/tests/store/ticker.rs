//! The ticker: time passes at its beat, and at once where something is due already.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use restante_core::decision::{Call, Decide, Decision, Effect, EffectKind, Message, Reply, Ticked};
use restante_core::id::{ApplicationId, AttemptId, CustomerId, EffectId};
use restante_core::record::{Change, Desk, Due, Kind, Outbox, Pause, Records, Write, Written};
use restante_core::time::Seconds;
use restante_core::wire::people::{AcceptClock, PeopleRequest};
use restante_core::{Seed, Timestamp};
use restante_store::{
    Clock, Driver, DriverError, Effects, MemoryStore, SystemClock, Taken, Ticker,
};
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

/// Takes nothing, and remembers what it was offered.
#[derive(Clone, Default)]
struct Refusing(Arc<Mutex<BTreeSet<EffectId>>>);

impl Effects for Refusing {
    fn take(&self, effect: Effect) -> Taken {
        self.0.lock().expect("no panic").insert(effect.id);
        Taken::Later
    }
}

/// A store in whose outbox so many alarms lie, two minutes old.
fn with_alarms(count: u64) -> MemoryStore {
    let at = Timestamp::from_millis(SystemClock.now().as_millis() - 120_000);
    let id = |number: u64| {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(at.as_millis() << 16).to_be_bytes());
        id[8..].copy_from_slice(&number.to_be_bytes());
        EffectId::from_bytes(id)
    };
    let what = EffectKind::Alarm {
        word: "test".into(),
        detail: "a test".into(),
    };
    let put = |number| Write {
        key: Outbox::<EffectKind>::key(id(number)),
        change: Change::Put {
            format: 1,
            body: serde_json::to_vec(&Outbox { at, what: &what }).expect("JSON"),
        },
    };
    let store = MemoryStore::new();
    let written = Written {
        expects: Vec::new(),
        writes: (0..count).map(put).collect(),
    };
    store.commit_now(AttemptId::from_bytes([1; 16]), written);
    store
}

#[tokio::test(start_paused = true)]
async fn effects_that_nobody_takes_hold_up_no_newer_ones_and_are_counted() {
    let offered = Refusing::default();
    let ticking = Ticking(0.into(), false.into());
    let driver = Driver::new(ticking, with_alarms(200)).effects(offered.clone());
    let driver = Arc::new(driver);
    let (told, mut last) = watch::channel(Err(DriverError::Unknown));
    let _ticker = Ticker::start(Arc::clone(&driver), Duration::from_secs(1), told);
    last.changed().await.expect("a tick");
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    assert_eq!(offered.0.lock().expect("no panic").len(), 200);
    assert_eq!(driver.waiting(), 200);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(driver.waiting(), 200, "each is counted once");
}

#[tokio::test(start_paused = true)]
async fn effects_that_are_taken_wait_no_longer() {
    let ticking = Ticking(0.into(), false.into());
    let driver = Arc::new(Driver::new(ticking, with_alarms(200)));
    let (told, mut last) = watch::channel(Err(DriverError::Unknown));
    let _ticker = Ticker::start(Arc::clone(&driver), Duration::from_secs(1), told);
    last.changed().await.expect("a tick");
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(driver.waiting(), 0);
    let held = driver.store().held();
    assert!(held.rows().all(|row| row.key.kind != Kind::Outbox));
}
