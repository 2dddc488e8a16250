//! A center inside the test's own process: whatever decides, stores and tells the time can be
//! handed over, and readiness, refusals and a stop behave as they do in the program.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use restante_center::{Running, Setup, Vitals};
use restante_core::center::{Call, Center, Decide, Decision, Keys, Policy};
use restante_core::id::AttemptId;
use restante_core::record::{Loaded, Need, Pause, Records, Written};
use restante_core::wire::people::{AcceptClock, PeopleReply, PeopleRequest};
use restante_core::{Seed, Timestamp};
use restante_crypto::RingCrypto;
use restante_http::client::Client;
use restante_http::server::Line;
use restante_store::{Clock, Committed, Driver, MemoryStore, Store, StoreError};

use crate::serving::get;

/// Stands before the center and counts what it is asked.
struct Counting<D> {
    inner: D,
    asked: Arc<AtomicUsize>,
}

impl<D: Decide> Decide for Counting<D> {
    fn decide(
        &self,
        now: Timestamp,
        seed: &Seed,
        call: &Call,
        records: &Records,
    ) -> Result<Decision, Pause> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.inner.decide(now, seed, call, records)
    }
}

/// A clock that the test moves.
#[derive(Clone, Default)]
struct ByHand(Arc<AtomicU64>);

impl Clock for ByHand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// A store in memory that fails, or takes its time, when the test says so.
#[derive(Default)]
struct Moody {
    inner: MemoryStore,
    fails: Arc<AtomicBool>,
    millis: Arc<AtomicU64>,
    loads: Arc<AtomicUsize>,
}

impl Store for Moody {
    async fn load(&self, needs: &[Need]) -> Result<Vec<Loaded>, StoreError> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(self.millis.load(Ordering::Relaxed))).await;
        if self.fails.load(Ordering::Relaxed) {
            return Err(StoreError::Full);
        }
        self.inner.load(needs).await
    }

    async fn commit(&self, attempt: AttemptId, written: Written) -> Result<Committed, StoreError> {
        self.inner.commit(attempt, written).await
    }
}

/// What the test holds of a center that it has started.
struct Stand {
    running: Running<Counting<Center<RingCrypto>>, Moody>,
    asked: Arc<AtomicUsize>,
    clock: ByHand,
    fails: Arc<AtomicBool>,
    millis: Arc<AtomicU64>,
    loads: Arc<AtomicUsize>,
}

impl Stand {
    async fn start() -> Self {
        Self::start_in(None).await
    }

    /// With the operator's console in this folder.
    async fn start_in(data: Option<&Path>) -> Self {
        let keys = Keys::new([1; 32], vec![(1, [2; 32])]).expect("one master key");
        let asked = Arc::new(AtomicUsize::new(0));
        let decide = Counting {
            inner: Center::new(RingCrypto, keys, Policy::default()),
            asked: Arc::clone(&asked),
        };
        let clock = ByHand::default();
        clock.0.store(1_795_000_000_000, Ordering::Relaxed);
        let store = Moody::default();
        let (fails, millis) = (Arc::clone(&store.fails), Arc::clone(&store.millis));
        let loads = Arc::clone(&store.loads);
        let driver = Driver::new(decide, store).clock(clock.clone());
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut setup = Setup::new(driver).listen(loopback, Line::Plain).ticks(None);
        if let Some(data) = data {
            setup = setup.console(data);
        }
        let running = setup
            .vitals(|_| Vitals::default())
            .start()
            .await
            .expect("started");
        Self {
            running,
            asked,
            clock,
            fails,
            millis,
            loads,
        }
    }

    fn get(&self, path: &str) -> String {
        get(&self.running.addresses()[0].url(), path)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_decides_is_asked() {
    let stand = Stand::start().await;
    let before = stand.asked.load(Ordering::Relaxed);
    let refused = stand.get("/v1/codes");
    assert!(
        refused.contains("urn:restante:refusal:credential-missing"),
        "{refused}"
    );
    assert!(stand.asked.load(Ordering::Relaxed) > before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_ahead_makes_the_center_unready_until_it_is_right() {
    let stand = Stand::start().await;
    assert!(stand.get("/readyz").starts_with("HTTP/1.1 200 "));
    let days = 2 * 86_400_000;
    stand.clock.0.fetch_add(days, Ordering::Relaxed);
    assert!(stand.running.tick().await.expect("a tick").suspended);
    let unready = stand.get("/readyz");
    assert!(unready.starts_with("HTTP/1.1 503 "), "{unready}");
    assert!(unready.contains("clock: it jumped ahead"), "{unready}");
    stand.clock.0.fetch_sub(days, Ordering::Relaxed);
    assert!(!stand.running.tick().await.expect("a tick").suspended);
    assert!(stand.get("/readyz").starts_with("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_was_accepted_makes_the_center_ready_at_once() {
    let data = tempfile::tempdir().expect("a folder");
    let stand = Stand::start_in(Some(data.path())).await;
    stand.clock.0.fetch_add(2 * 86_400_000, Ordering::Relaxed);
    assert!(stand.running.tick().await.expect("a tick").suspended);
    let console = Client::at_socket(&data.path().join("console/socket")).expect("a client");
    let accept = PeopleRequest::AcceptClock(AcceptClock {});
    let accepted = console.ask_as_operator(&accept).await;
    assert!(
        matches!(accepted, Ok(PeopleReply::ClockAccepted(_))),
        "{accepted:?}"
    );
    // No tick was made by hand since.
    assert!(stand.get("/readyz").starts_with("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_fails_is_named_to_probes_and_a_call_is_told_to_come_again() {
    let stand = Stand::start().await;
    stand.fails.store(true, Ordering::Relaxed);
    let unready = stand.get("/readyz");
    assert!(unready.contains("store: it does not answer"), "{unready}");
    let token = "rtk1.AaH8c4wCBeXWaHyLiE6AzrbT99X-STWs48iO3lRi6n7tAvVMNNHvEhRg3L2R7FaaKi5fBA";
    let url = stand.running.addresses()[0].url();
    let refused = crate::serving::get_as(&url, "/v1/tokens", &format!("Bearer {token}"));
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.contains("urn:restante:refusal:busy"), "{refused}");
    stand.fails.store(false, Ordering::Relaxed);
    assert!(stand.get("/readyz").starts_with("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_in_work_is_finished_before_the_center_stops() {
    let stand = Stand::start().await;
    stand.millis.store(300, Ordering::Relaxed);
    let before = stand.loads.load(Ordering::Relaxed);
    let url = stand.running.addresses()[0].url();
    let asked = tokio::task::spawn_blocking({
        let url = url.clone();
        move || get(&url, "/readyz")
    });
    let in_work = async {
        while stand.loads.load(Ordering::Relaxed) == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let minute = Duration::from_secs(60);
    let in_work = tokio::time::timeout(minute, in_work).await;
    in_work.expect("the request asks the store");
    let drained = stand.running.stop().await;
    assert_eq!(drained.cut, 0);
    let answered = asked.await.expect("no panic");
    assert!(answered.starts_with("HTTP/1.1 200 "), "{answered}");
    let address = url.strip_prefix("http://").expect("plain HTTP");
    assert!(
        std::net::TcpStream::connect(address).is_err(),
        "it listens no more"
    );
}
