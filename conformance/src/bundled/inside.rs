//! A center inside this process: a decision behind the driver, a store in memory, a router.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use restante_center::MailRoom;
use restante_core::Timestamp;
use restante_core::center::{Call, Center, Decide, Keys, Message, Policy, Reason, Refused, Reply};
use restante_core::id::CorrelationId;
use restante_core::provider::Provider;
use restante_core::wire::people::PeopleRequest;
use restante_core::wire::{Hosts, Refusal, RefusalCode, ServiceUrl};
use restante_crypto::RingCrypto;
use restante_http::server::{Answer, Bounds, router, services_router};
use restante_store::{Clock as _, Driver, Entropy, MemoryStore};

use crate::case::Control;
use crate::line::{InsideLine, Pending};
use crate::run::{MailServer, NotHanded, OperatorToken, ServerTarget, Time, Tokens, Unmoved};

use super::console::operator_token;
use super::mail::at_room;
use super::served::Served;
use super::world::{DrawnEntropy, MovedClock};

/// A center inside this process that begins a new world for each case: an empty store, the same
/// first moment, randomness of the case's own.
#[derive(Clone)]
pub struct InsideCenter<D> {
    standing: Arc<Standing<D>>,
    router: Router,
}

/// What stands behind the router: the driver, and whether expiry is suspended.
pub struct Standing<D> {
    driver: RwLock<Arc<Driver<Arc<D>, MemoryStore>>>,
    decide: Arc<D>,
    clock: Arc<MovedClock>,
    entropy: Arc<DrawnEntropy>,
    suspended: AtomicBool,
}

/// The core's center with keys of this seed.
#[must_use]
pub fn core_center(seed: u64) -> Center<RingCrypto> {
    Center::new(RingCrypto, keys(seed, "keys"), policy())
}

/// What the bundled center's operator has chosen: the hosts of the services that cases are about.
fn policy() -> Policy {
    let hosts = SERVICE_HOSTS.iter().filter_map(|host| host.parse().ok());
    Policy {
        service_hosts: Hosts::new(hosts).unwrap_or_default(),
        ..Policy::default()
    }
}

impl<D: Decide + 'static> InsideCenter<D> {
    /// A center that decides so.
    #[must_use]
    pub fn deciding(decide: D) -> Self {
        Self::serving(decide, |standing| router(standing, BODY_TIME))
    }

    /// A provider that decides so, at which devices register for its service.
    #[must_use]
    pub fn collating(decide: D) -> Self {
        let at = PROVIDED_AT.trim_start_matches("https://");
        let target = at.find('/').map_or("/", |path| &at[path..]).to_owned();
        let service = PROVIDED.parse().expect("a service's id");
        Self::serving(decide, |standing| {
            services_router(standing, [(target, service)].into(), BODY_TIME)
        })
    }

    fn serving(decide: D, routes: impl FnOnce(Arc<Standing<D>>) -> Router) -> Self {
        let standing = Arc::new(Standing::new(decide));
        let router = routes(Arc::clone(&standing));
        Self { standing, router }
    }

    /// The center as a target, in a new world.
    ///
    /// # Errors
    /// A sentence, if it does not answer its own operator.
    pub async fn target(&self, seed: u64, case: &str) -> Result<ServerTarget, String> {
        self.standing.begin_again(seed, case);
        self.standing.tick().await?;
        let operator = operator_token(&self.standing.driver()).await?;
        Ok(ServerTarget {
            line: Box::new(InsideLine::new(self.router.clone())),
            time: Some(Box::new(InsideTime(Arc::clone(&self.standing)))),
            mail: Some(Box::new(InsideMail(MailRoom::new(Arc::clone(
                &self.standing,
            ))))),
            tokens: Tokens {
                operator: OperatorToken::new(Some(operator)),
                ..Tokens::default()
            },
            control: Control::C2,
        })
    }

    /// What decides as a target that has no people of its own, in a new world.
    ///
    /// # Errors
    /// A sentence, if it cannot judge the time.
    pub async fn bare_target(&self, seed: u64, case: &str) -> Result<ServerTarget, String> {
        self.standing.begin_again(seed, case);
        self.standing.tick().await?;
        Ok(ServerTarget {
            line: Box::new(self.line()),
            time: Some(self.time()),
            mail: None,
            tokens: Tokens::default(),
            control: Control::C2,
        })
    }

    /// A line to the center, for a party that it stands behind.
    #[must_use]
    pub fn line(&self) -> InsideLine {
        InsideLine::new(self.router.clone())
    }

    /// The center on a port of this machine as well.
    ///
    /// # Errors
    /// A sentence, if no port or no certificate can be had.
    pub async fn serve(&self) -> Result<Served, String> {
        Served::start(self.router.clone(), Bounds::default()).await
    }

    /// What moves the center's time.
    #[must_use]
    pub fn time(&self) -> Box<dyn Time> {
        Box::new(InsideTime(Arc::clone(&self.standing)))
    }

    /// What stands behind the router.
    #[must_use]
    pub fn standing(&self) -> Arc<Standing<D>> {
        Arc::clone(&self.standing)
    }
}

impl<D: Decide> Standing<D> {
    fn new(decide: D) -> Self {
        let decide = Arc::new(decide);
        let clock = Arc::new(MovedClock::new(START));
        let entropy = Arc::new(DrawnEntropy::new(0, ""));
        let driver = driver(&decide, MemoryStore::new(), &clock, &entropy);
        Self {
            driver: RwLock::new(driver),
            decide,
            clock,
            entropy,
            suspended: AtomicBool::new(false),
        }
    }

    /// What time it is there.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn begin_again(&self, seed: u64, case: &str) {
        self.clock.begin_again(START);
        self.entropy.begin_again(seed, case);
        self.suspended.store(false, Ordering::SeqCst);
        self.put(MemoryStore::new());
    }

    /// A power cut that takes the store as well.
    pub(crate) fn forget(&self) {
        self.put(MemoryStore::new());
    }

    /// A power cut: what the store holds stays, everything else is gone.
    pub(crate) fn restart(&self) {
        let held = self.driver().store().held();
        self.put(MemoryStore::with(held));
    }

    fn put(&self, store: MemoryStore) {
        let new = driver(&self.decide, store, &self.clock, &self.entropy);
        *self.driver.write().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// What carries its decisions out.
    pub(crate) fn driver(&self) -> Arc<Driver<Arc<D>, MemoryStore>> {
        Arc::clone(&self.driver.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ticks until nothing more is due.
    async fn tick(&self) -> Result<(), String> {
        for _ in 0..TICKS {
            let ticked = self.driver().tick().await.map_err(|why| why.to_string())?;
            self.suspended.store(ticked.suspended, Ordering::SeqCst);
            if !ticked.more {
                return Ok(());
            }
        }
        Err(format!("the center had something due after {TICKS} ticks"))
    }
}

impl<D: Decide + 'static> Answer for Standing<D> {
    async fn answer(&self, call: Call) -> Result<Reply, Refused> {
        let accepts_clock = matches!(call.message, Message::People(PeopleRequest::AcceptClock(_)));
        let correlation = call.source.correlation;
        let outcome = match self.driver().call(call).await {
            Ok(answer) => answer.outcome,
            Err(why) => Err(internal(correlation, why.to_string())),
        };
        if accepts_clock && outcome.is_ok() {
            self.suspended.store(false, Ordering::SeqCst);
        }
        outcome
    }

    async fn unready(&self) -> Option<String> {
        let suspended = self.suspended.load(Ordering::SeqCst);
        suspended.then(|| "the clock has jumped ahead; an operator has to accept it".to_owned())
    }
}

fn driver<D: Decide>(
    decide: &Arc<D>,
    store: MemoryStore,
    clock: &Arc<MovedClock>,
    entropy: &Arc<DrawnEntropy>,
) -> Arc<Driver<Arc<D>, MemoryStore>> {
    let driver = Driver::new(Arc::clone(decide), store)
        .clock(Arc::clone(clock))
        .entropy(Arc::clone(entropy));
    Arc::new(driver)
}

fn internal(correlation: CorrelationId, detail: String) -> Refused {
    let mut refusal = Refusal::plain(RefusalCode::Internal);
    refusal.correlation = Some(correlation);
    let word = "driver";
    Refused {
        refusal,
        reason: Reason { word, detail },
    }
}

/// Time that passes at a center inside this process.
struct InsideTime<D>(Arc<Standing<D>>);

impl<D: Decide + 'static> InsideTime<D> {
    /// In steps that no center takes for a jump of its clock, with a tick after each.
    async fn pass(&self, seconds: u64) -> Result<(), Unmoved> {
        let mut left = seconds;
        while left > 0 {
            let step = left.min(STEP_SECONDS);
            let millis = i64::try_from(step.saturating_mul(1_000)).unwrap_or(i64::MAX);
            self.0.clock.move_by(millis);
            self.0.tick().await.map_err(Unmoved::Failed)?;
            left -= step;
        }
        Ok(())
    }
}

impl<D: Decide + 'static> Time for InsideTime<D> {
    fn advance(&self, seconds: u64) -> Pending<'_, Result<(), Unmoved>> {
        Box::pin(self.pass(seconds))
    }

    fn restart(&self) -> Pending<'_, Result<(), Unmoved>> {
        self.0.restart();
        Box::pin(async { self.0.tick().await.map_err(Unmoved::Failed) })
    }

    fn set_up_anew(&self) -> Pending<'_, Result<Option<String>, Unmoved>> {
        self.0.forget();
        Box::pin(async {
            self.0.tick().await.map_err(Unmoved::Failed)?;
            let token = operator_token(&self.0.driver()).await;
            token.map(Some).map_err(Unmoved::Failed)
        })
    }

    fn jump(&self, seconds: i64) -> Pending<'_, Result<(), Unmoved>> {
        self.0.clock.move_by(seconds.saturating_mul(1_000));
        Box::pin(async { self.0.tick().await.map_err(Unmoved::Failed) })
    }
}

/// The mail server of a center inside this process.
struct InsideMail<D>(MailRoom<Standing<D>>);

impl<D: Decide + 'static> MailServer for InsideMail<D> {
    fn hand_over<'a>(&'a self, mail: &'a [u8]) -> Pending<'a, Result<(), NotHanded>> {
        Box::pin(at_room(&self.0, mail))
    }
}

/// The core's provider with keys of this seed.
#[must_use]
pub fn core_provider(seed: u64) -> Provider<RingCrypto> {
    let service = PROVIDED.parse().expect("a service's id");
    let url = ServiceUrl::new(PROVIDED_AT).expect("a URL");
    Provider::new(RingCrypto, provider_keys(seed), [(service, url)].into())
}

/// A provider's keys of this seed.
pub(super) fn provider_keys(seed: u64) -> Keys {
    keys(seed, "provider's keys")
}

fn keys(seed: u64, purpose: &str) -> Keys {
    let keys = DrawnEntropy::new(seed, purpose);
    let draw = || keys.draw().unwrap_or_default();
    Keys::new(draw(), vec![(1, draw())]).expect("there is one master key")
}

/// The service of the bundled provider.
pub const PROVIDED: &str = "kit-x";
/// Where devices register for it inside this process: the query belongs to the URL.
pub const PROVIDED_AT: &str = "https://kit.services.example/start?of=kit-x";
/// The hosts of the services that cases are about.
const SERVICE_HOSTS: [&str; 5] = [
    "kit.services.example",
    "localhost",
    "service-x.a.com",
    "service-y.a.com",
    "service-z.a.com",
];
/// When a world begins: 2026-11-21T08:00:00Z.
pub(super) const START: Timestamp = Timestamp::from_millis(1_795_248_000_000);
/// Twelve hours: well below the day that counts as a jump.
pub(super) const STEP_SECONDS: u64 = 43_200;
/// More ticks than anything that a case leaves behind.
pub(super) const TICKS: u32 = 1_000;
/// Bodies are whole when they arrive inside a process.
const BODY_TIME: Duration = Duration::from_secs(5);
