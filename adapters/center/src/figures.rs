//! The figures of a running center, for Prometheus.
//!
//! Every center has a recorder of its own: several can run in one process, as the conformance kit
//! does. Handles are made once and kept, so that counting costs a few nanoseconds. Labels come from
//! closed lists (operations, statuses, fixed reason words), never from what a peer has sent.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use restante_http::route::{Operation, Route};
use restante_store::driver::Effort;

/// What a store tells of itself beyond the port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// It takes nothing more until the center has been started anew.
    pub stopped: bool,
    /// Commits that were answered.
    pub commits: u64,
    /// Transactions that were synced; each holds one commit or many.
    pub groups: u64,
    /// Rows that the cache knew.
    pub hits: u64,
    /// Loads that went to the disk.
    pub misses: u64,
    /// Effects that nobody has taken yet; the driver counts them.
    pub waiting: u64,
}

/// Counters and the handle that writes them out.
pub(crate) struct Figures {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    requests: Labelled<(Option<Operation>, u16)>,
    refusals: Labelled<&'static str>,
    decision: Histogram,
    attempts: Counter,
    conflicts: Counter,
    loads: Counter,
    unknown: Counter,
    in_work: Gauge,
    uptime: Gauge,
    waiting: Gauge,
    begun: Instant,
    last_upkeep: Mutex<Instant>,
}

type Labelled<K> = RwLock<HashMap<K, Counter>>;

impl Figures {
    /// Figures of a center that starts now.
    pub(crate) fn new() -> Self {
        let recorder = PrometheusBuilder::new()
            .set_buckets(&DECISION_SECONDS)
            .expect("the list of bounds is not empty")
            .build_recorder();
        for (name, unit, what) in DESCRIPTIONS {
            let name = KeyName::from(*name);
            match unit {
                Kind::Counter => recorder.describe_counter(name, None, (*what).into()),
                Kind::Gauge => recorder.describe_gauge(name, None, (*what).into()),
                Kind::Seconds => {
                    recorder.describe_histogram(name, Some(Unit::Seconds), (*what).into());
                }
            }
        }
        let counter = |name| recorder.register_counter(&Key::from_static_name(name), &METADATA);
        let gauge = |name| recorder.register_gauge(&Key::from_static_name(name), &METADATA);
        let version = Label::new("version", env!("CARGO_PKG_VERSION"));
        let build = Key::from_parts("restante_build_info", vec![version]);
        recorder.register_gauge(&build, &METADATA).set(1.0);
        let decision = Key::from_static_name("restante_decision_seconds");
        Self {
            handle: recorder.handle(),
            requests: RwLock::default(),
            refusals: RwLock::default(),
            decision: recorder.register_histogram(&decision, &METADATA),
            attempts: counter("restante_attempts_total"),
            conflicts: counter("restante_conflicts_total"),
            loads: counter("restante_loads_total"),
            unknown: counter("restante_unknown_commits_total"),
            in_work: gauge("restante_calls_in_work"),
            uptime: gauge("restante_uptime_seconds"),
            waiting: gauge("restante_effects_waiting"),
            begun: Instant::now(),
            last_upkeep: Mutex::new(Instant::now()),
            recorder,
        }
    }

    /// A request was answered with this status; refused, if there is a reason.
    pub(crate) fn answered(
        &self,
        operation: Option<Operation>,
        status: u16,
        reason: Option<&'static str>,
    ) {
        self.count(&self.requests, (operation, status), || {
            let operation = operation.map_or("none".into(), |is| Route::of(is).id());
            let labels = vec![
                Label::new("operation", operation),
                Label::new("status", status.to_string()),
            ];
            Key::from_parts("restante_requests_total", labels)
        });
        if let Some(reason) = reason {
            self.refused(reason);
        }
    }

    /// Something was refused or passed over, for this reason.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.count(&self.refusals, reason, || {
            let label = Label::from_static_parts("reason", reason);
            Key::from_parts("restante_refusals_total", vec![label])
        });
    }

    /// Whether the center listens at its broker. Without a broker there is no such figure.
    pub(crate) fn listens_at_broker(&self, does: bool) {
        let key = Key::from_static_name("restante_mqtt_listening");
        let listening = self.recorder.register_gauge(&key, &METADATA);
        listening.set(f64::from(u8::from(does)));
    }

    /// A call begins.
    pub(crate) fn begins(&self) {
        self.in_work.increment(1.0);
    }

    /// A call has ended.
    pub(crate) fn ended(&self, took: Duration, effort: Effort) {
        self.in_work.decrement(1.0);
        self.decision.record(took);
        self.attempts.increment(effort.attempts.into());
        self.conflicts
            .increment(effort.attempts.saturating_sub(1).into());
        self.loads.increment(effort.loads.into());
        self.unknown.increment(effort.unknown.into());
        self.upkeep();
    }

    /// All of it, in Prometheus' text form.
    pub(crate) fn render(&self, vitals: Vitals) -> String {
        self.uptime.set(self.begun.elapsed().as_secs_f64());
        self.waiting.set(vitals.waiting as f64);
        for (name, value) in [
            ("restante_store_commits_total", vitals.commits),
            ("restante_store_syncs_total", vitals.groups),
            ("restante_store_cache_hits_total", vitals.hits),
            ("restante_store_cache_misses_total", vitals.misses),
        ] {
            let key = Key::from_static_name(name);
            self.recorder
                .register_counter(&key, &METADATA)
                .absolute(value);
        }
        self.handle.render()
    }

    /// Samples are kept one by one until they are sorted into their buckets; nobody may ever ask
    /// for the figures.
    fn upkeep(&self) {
        let Ok(mut last) = self.last_upkeep.try_lock() else {
            return;
        };
        if last.elapsed() > UPKEEP {
            *last = Instant::now();
            drop(last);
            self.handle.run_upkeep();
        }
    }

    fn count<K: Eq + Hash + Copy>(&self, counters: &Labelled<K>, of: K, key: impl Fn() -> Key) {
        let known = counters.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counter) = known.get(&of) {
            return counter.increment(1);
        }
        drop(known);
        let counter = self.recorder.register_counter(&key(), &METADATA);
        counter.increment(1);
        let mut known = counters.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(of, counter);
    }
}

/// What a figure is.
enum Kind {
    Counter,
    Gauge,
    Seconds,
}

const METADATA: Metadata<'static> = Metadata::new("restante", Level::INFO, None);

const DESCRIPTIONS: &[(&str, Kind, &str)] = &[
    (
        "restante_requests_total",
        Kind::Counter,
        "Requests that were answered, by operation and status.",
    ),
    (
        "restante_refusals_total",
        Kind::Counter,
        "Requests that were refused, by the true reason.",
    ),
    (
        "restante_decision_seconds",
        Kind::Seconds,
        "From the call to the durable answer.",
    ),
    (
        "restante_attempts_total",
        Kind::Counter,
        "Attempts at calls; each reads, decides and commits.",
    ),
    (
        "restante_conflicts_total",
        Kind::Counter,
        "Attempts that were repeated because others had moved what they had read.",
    ),
    (
        "restante_loads_total",
        Kind::Counter,
        "Loads that attempts asked of the store.",
    ),
    (
        "restante_unknown_commits_total",
        Kind::Counter,
        "Commits that were repeated because their end was unknown.",
    ),
    (
        "restante_calls_in_work",
        Kind::Gauge,
        "Calls that have begun and not ended.",
    ),
    (
        "restante_uptime_seconds",
        Kind::Gauge,
        "Since the center was started.",
    ),
    (
        "restante_effects_waiting",
        Kind::Gauge,
        "Events that nobody has taken for a minute or longer, as last counted.",
    ),
    (
        "restante_mqtt_listening",
        Kind::Gauge,
        "Whether the center listens at its MQTT broker: 1 or 0.",
    ),
    (
        "restante_build_info",
        Kind::Gauge,
        "Always 1; the label says which version runs.",
    ),
    (
        "restante_store_commits_total",
        Kind::Counter,
        "Commits that the store has answered.",
    ),
    (
        "restante_store_syncs_total",
        Kind::Counter,
        "Transactions that the store has synced; each holds one commit or many.",
    ),
    (
        "restante_store_cache_hits_total",
        Kind::Counter,
        "Loads that the store's cache answered.",
    ),
    (
        "restante_store_cache_misses_total",
        Kind::Counter,
        "Loads that went to the disk.",
    ),
];

/// Upper bounds of the decision times' buckets: reads take fractions of a millisecond, a durable
/// write as long as the disk's sync.
const DECISION_SECONDS: [f64; 12] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0,
];
/// How often samples are sorted into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);
