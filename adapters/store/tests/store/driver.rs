//! The driver: every call is carried out once, whatever the store does in between.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use restante_core::decision::{
    Call, Credential, Decide, Decision, Effect, EffectKind, Message, Reply, Source, Ticked,
};
use restante_core::id::{AttemptId, CorrelationId, EffectId};
use restante_core::record::{
    Desk, Key, Kind, Loaded, Need, Outbox, Pause, Record, Records, Written,
};
use restante_core::wire::RefusalCode;
use restante_core::{Seed, Timestamp};
use restante_store::crash::{Fate, Flaky, Operation};
use restante_store::driver::Effort;
use restante_store::sqlite::{Options, SqliteStore};
use restante_store::{
    Clock, Committed, Driver, DriverError, Effects, MemoryStore, Store, StoreError, Taken,
};

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Count {
    count: u64,
}

impl Record for Count {}

/// Counts its calls in one record of a kind.
struct Counting(Kind);

impl Counting {
    fn key(&self) -> Key {
        Key::unowned(self.0, b"count")
    }
}

impl Decide for Counting {
    fn decide(
        &self,
        _: Timestamp,
        _: &Seed,
        _: &Call,
        records: &Records,
    ) -> Result<Decision, Pause> {
        let mut desk = Desk::new(records);
        let count = desk.get::<Count>(&self.key())?.map_or(0, |it| it.count) + 1;
        desk.put(self.key(), &Count { count });
        Ok(decision(desk.into_written(), Vec::new()))
    }
}

pub(crate) fn decision(written: Written, effects: Vec<Effect>) -> Decision {
    Decision {
        outcome: Ok(Reply::Ticked(Ticked::default())),
        written,
        effects,
    }
}

pub(crate) fn call() -> Call {
    Call {
        source: Source {
            address: None,
            correlation: CorrelationId::from_bytes([7; 16]),
        },
        presented: Credential::None,
        message: Message::Tick,
    }
}

fn counted<S: Store>(driver: &Driver<Counting, S>, store: &MemoryStore) -> u64 {
    let needs = [Need::Record(driver.decides().key())];
    match store.load_now(&needs).as_slice() {
        [Loaded::Record(None)] => 0,
        [Loaded::Record(Some(row))] => Count::read(row.format, &row.body).expect("a count").count,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_callers_of_one_record_are_all_served_in_a_few_attempts() {
    let store = Arc::new(MemoryStore::new());
    // Between load and commit every other caller gets a chance to be in the way.
    let slow = Yielding(Arc::clone(&store));
    let driver = Arc::new(Driver::new(Counting(Kind::Token), slow));
    let callers = (0..500).map(|_| {
        let driver = Arc::clone(&driver);
        tokio::spawn(async move { driver.call(call()).await.expect("an answer") })
    });
    let mut most = 0;
    for caller in callers.collect::<Vec<_>>() {
        let answer = caller.await.expect("no panic");
        assert!(answer.outcome.is_ok());
        most = most.max(answer.effort.attempts);
    }
    assert_eq!(counted(&driver, &store), 500);
    assert!((2..=16).contains(&most), "{most} attempts");
}

/// Lets others run before each commit.
struct Yielding(Arc<MemoryStore>);

impl Store for Yielding {
    async fn load(&self, needs: &[Need]) -> Result<Vec<Loaded>, StoreError> {
        Ok(self.0.load_now(needs))
    }

    async fn commit(&self, attempt: AttemptId, written: Written) -> Result<Committed, StoreError> {
        tokio::task::yield_now().await;
        Ok(self.0.commit_now(attempt, written))
    }
}

#[tokio::test]
async fn an_unknown_commit_is_carried_out_once() {
    for fate in [Fate::ReplyLost, Fate::Lost, Fate::Delayed] {
        let store = Arc::new(MemoryStore::new());
        let commits = AtomicU32::new(0);
        let flaky = Flaky::new(Arc::clone(&store), |operation| match operation {
            Operation::Commit(..) if commits.fetch_add(1, Ordering::Relaxed) < 3 => fate.clone(),
            _ => Fate::Done,
        });
        let driver = Driver::new(Counting(Kind::Token), flaky);
        let answer = driver.call(call()).await.expect("an answer");
        let expected = Effort {
            loads: 1,
            attempts: 1,
            unknown: 3,
        };
        assert_eq!(answer.effort, expected, "{fate:?}");
        while driver.store().deliver(0).await.expect("arrives").is_some() {}
        assert_eq!(counted(&driver, &store), 1, "{fate:?}");
    }
}

#[tokio::test]
async fn what_stays_unknown_is_an_error_and_not_an_answer() {
    let flaky = Flaky::new(MemoryStore::new(), |_| Fate::Lost);
    let driver = Driver::new(Counting(Kind::Token), flaky);
    assert_eq!(driver.call(call()).await, Err(DriverError::Unknown));
}

#[tokio::test]
async fn a_failing_store_is_an_error_with_its_words() {
    let flaky = Flaky::new(MemoryStore::new(), |_| Fate::Failed(StoreError::Full));
    let driver = Driver::new(Counting(Kind::Token), flaky);
    let error = driver.call(call()).await.expect_err("full");
    let words = "the disk that holds the store is full; make room on it";
    assert_eq!(error.to_string(), words);
}

#[tokio::test]
async fn a_store_that_always_conflicts_makes_the_caller_come_again() {
    struct Conflicting;
    impl Store for Conflicting {
        async fn load(&self, needs: &[Need]) -> Result<Vec<Loaded>, StoreError> {
            Ok(MemoryStore::new().load_now(needs))
        }
        async fn commit(&self, _: AttemptId, _: Written) -> Result<Committed, StoreError> {
            Ok(Committed::Conflict)
        }
    }
    let driver = Driver::new(Counting(Kind::Token), Conflicting);
    let answer = driver.call(call()).await.expect("an answer");
    let refused = answer.outcome.expect_err("busy");
    assert_eq!(refused.refusal.code, RefusalCode::Busy);
    assert_eq!(refused.refusal.correlation, Some(call().source.correlation));
    assert_eq!(refused.reason.word, "busy");
    assert_eq!(answer.effort.attempts, 64);
}

#[tokio::test]
async fn a_damaged_record_is_named() {
    let store = MemoryStore::new();
    let mut written = Written::default();
    written.writes.push(restante_core::record::Write {
        key: Counting(Kind::Token).key(),
        change: restante_core::record::Change::Put {
            format: 9,
            body: b"{}".to_vec(),
        },
    });
    store.commit_now(AttemptId::from_bytes([1; 16]), written);
    let driver = Driver::new(Counting(Kind::Token), store);
    let error = driver.call(call()).await.expect_err("damaged");
    assert_eq!(
        error,
        DriverError::Damaged {
            key: driver.decides().key(),
            why: "form 9 is not known".to_owned()
        }
    );
}

#[tokio::test]
async fn volatile_records_count_and_never_reach_the_store() {
    let commits = AtomicU32::new(0);
    let flaky = Flaky::new(MemoryStore::new(), |_| {
        commits.fetch_add(1, Ordering::Relaxed);
        Fate::Done
    });
    let driver = Driver::new(Both, flaky);
    for _ in 0..3 {
        driver.call(call()).await.expect("an answer");
    }
    let held = driver.store().behind().held();
    let bodies: Vec<_> = held
        .rows()
        .map(|row| (row.key.kind, row.body.clone()))
        .collect();
    // The durable record holds what the volatile one counted.
    assert_eq!(bodies, [(Kind::Token, br#"{"count":3}"#.to_vec())]);

    let only = Driver::new(Counting(Kind::Throttle), MemoryStore::new());
    only.call(call()).await.expect("an answer");
    assert_eq!(only.store().held().rows().count(), 0);
}

#[tokio::test]
async fn what_is_at_hand_needs_no_load_and_is_counted_on_like_what_was_loaded() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("center.db");
    let store = SqliteStore::open(&file, "center-a", Options::default()).expect("a fresh store");
    let driver = Arc::new(Driver::new(Counting(Kind::Token), store));
    let first = driver.call(call()).await.expect("an answer");
    assert_eq!(first.effort.loads, 1);
    let second = driver.call(call()).await.expect("an answer");
    assert_eq!(second.effort.loads, 0);
    let callers = (0..100).map(|_| {
        let driver = Arc::clone(&driver);
        tokio::spawn(async move { driver.call(call()).await.expect("an answer") })
    });
    for caller in callers.collect::<Vec<_>>() {
        assert!(caller.await.expect("no panic").outcome.is_ok());
    }
    let needs = [Need::Record(driver.decides().key())];
    let found = driver.store().load(&needs).await.expect("works");
    let [Loaded::Record(Some(row))] = found.as_slice() else {
        panic!("{found:?}");
    };
    let counted = Count::read(row.format, &row.body).expect("a count");
    assert_eq!(counted, Count { count: 102 });
}

/// Counts in a volatile record and notes the count in a durable one.
struct Both;

impl Decide for Both {
    fn decide(
        &self,
        _: Timestamp,
        _: &Seed,
        _: &Call,
        records: &Records,
    ) -> Result<Decision, Pause> {
        let (volatile, durable) = (Counting(Kind::Throttle).key(), Counting(Kind::Token).key());
        let mut desk = Desk::new(records);
        desk.all([&volatile, &durable])?;
        let count = desk.get::<Count>(&volatile)?.map_or(0, |it| it.count) + 1;
        desk.get::<Count>(&durable)?;
        desk.put(volatile, &Count { count });
        desk.put(durable, &Count { count });
        Ok(decision(desk.into_written(), Vec::new()))
    }
}

#[tokio::test]
async fn a_decision_that_asks_for_the_same_again_is_a_defect_and_no_endless_loop() {
    struct Stuck;
    impl Decide for Stuck {
        fn decide(&self, _: Timestamp, _: &Seed, _: &Call, _: &Records) -> Result<Decision, Pause> {
            Err(Pause::Read(vec![Need::Record(Counting(Kind::Token).key())]))
        }
    }
    let driver = Driver::new(Stuck, MemoryStore::new());
    let error = driver.call(call()).await.expect_err("a defect");
    let words = "a decision cannot be reached: it asks for what it was given";
    assert_eq!(error.to_string(), words);
}

/// Puts an alarm into the outbox.
struct Alarming;

const ALARM: EffectId = EffectId::from_bytes([3; 16]);

impl Decide for Alarming {
    fn decide(
        &self,
        at: Timestamp,
        _: &Seed,
        _: &Call,
        records: &Records,
    ) -> Result<Decision, Pause> {
        let mut desk = Desk::new(records);
        let what = EffectKind::Alarm {
            word: "test".to_owned(),
            detail: "a test".to_owned(),
        };
        let outbox = Outbox {
            at,
            what: what.clone(),
        };
        desk.put(Outbox::<EffectKind>::key(ALARM), &outbox);
        let effect = Effect { id: ALARM, what };
        Ok(decision(desk.into_written(), vec![effect]))
    }
}

/// Notes which effects came, and what the store held at that moment.
#[derive(Clone)]
struct Noted(Arc<MemoryStore>, Arc<Mutex<Vec<(EffectId, usize)>>>, Taken);

impl Effects for Noted {
    fn take(&self, effect: Effect) -> Taken {
        let held = self.0.held().rows().count();
        self.1.lock().expect("no panic").push((effect.id, held));
        self.2
    }
}

#[tokio::test]
async fn an_effect_is_durable_before_it_is_handed_over_and_gone_afterwards() {
    let store = Arc::new(MemoryStore::new());
    let noted = Noted(Arc::clone(&store), Arc::default(), Taken::Told);
    let driver = Driver::new(Alarming, Arc::clone(&store)).effects(noted.clone());
    driver.call(call()).await.expect("an answer");
    assert_eq!(*noted.1.lock().expect("no panic"), [(ALARM, 1)]);
    assert_eq!(store.held().rows().count(), 0);
}

#[tokio::test]
async fn an_effect_that_is_not_told_yet_stays_in_the_outbox_until_it_is() {
    let store = Arc::new(MemoryStore::new());
    let noted = Noted(Arc::clone(&store), Arc::default(), Taken::Later);
    let driver = Driver::new(Alarming, Arc::clone(&store)).effects(noted);
    driver.call(call()).await.expect("an answer");
    assert_eq!(store.held().rows().count(), 1);
    driver.told(&[ALARM]).await.expect("kept");
    assert_eq!(store.held().rows().count(), 0);
}

#[tokio::test]
async fn an_effect_of_a_commit_that_failed_is_not_handed_over() {
    let store = Arc::new(MemoryStore::new());
    let noted = Noted(Arc::clone(&store), Arc::default(), Taken::Told);
    let flaky = Flaky::new(Arc::clone(&store), |_| Fate::Failed(StoreError::Full));
    let driver = Driver::new(Alarming, flaky).effects(noted.clone());
    driver.call(call()).await.expect_err("full");
    assert!(noted.1.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn one_attempt_has_one_time_and_one_seed_and_the_next_has_others() {
    #[derive(Default)]
    struct Witness(Mutex<Vec<(Timestamp, [u8; 4])>>);
    impl Decide for Witness {
        fn decide(
            &self,
            now: Timestamp,
            seed: &Seed,
            call: &Call,
            records: &Records,
        ) -> Result<Decision, Pause> {
            let drawn = seed.draw(&Plain, "test", 0);
            let first = [drawn[0], drawn[1], drawn[2], drawn[3]];
            self.0.lock().expect("no panic").push((now, first));
            Counting(Kind::Token).decide(now, seed, call, records)
        }
    }
    struct Rising(AtomicU64);
    impl Clock for Rising {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.fetch_add(1, Ordering::Relaxed))
        }
    }
    let driver = Driver::new(Witness::default(), MemoryStore::new()).clock(Rising(5.into()));
    driver.call(call()).await.expect("an answer");
    driver.call(call()).await.expect("an answer");
    let seen = driver.decides().0.lock().expect("no panic").clone();
    assert_eq!(seen.len(), 4, "each call is asked, paused and asked again");
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[2], seen[3]);
    assert_ne!(seen[0].1, seen[2].1);
    assert_eq!(seen.iter().map(|it| it.0).collect::<BTreeSet<_>>().len(), 2);
}

/// Enough of a cryptography to tell seeds apart.
struct Plain;

impl restante_core::Crypto for Plain {
    fn sha256(&self, _: &[&[u8]]) -> [u8; 32] {
        [0; 32]
    }
    fn hmac_sha256(&self, key: &[u8], _: &[&[u8]]) -> [u8; 32] {
        key.try_into().expect("a seed")
    }
    fn hmac_verify(&self, _: &[u8], _: &[&[u8]], _: &[u8]) -> bool {
        false
    }
    fn seal_in_place(&self, _: &[u8; 32], _: &[u8; 12], _: &[u8], _: &mut [u8]) -> [u8; 16] {
        [0; 16]
    }
    fn open_in_place(
        &self,
        _: &[u8; 32],
        _: &[u8; 12],
        _: &[u8],
        _: &mut [u8],
        _: &[u8; 16],
    ) -> Result<(), restante_core::crypto::OpenError> {
        Err(restante_core::crypto::OpenError)
    }
}
