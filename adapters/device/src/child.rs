//! A trial child: a device on the LAN that announces itself and serves `self` and `carry-out`.
//!
//! It dials nobody and holds no code; a gateway speaks for it. Its counters are what it was told.
//! Of what it is handed it carries out `notify` alone. Serves spec chapter SITE.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use mdns_sd::{ServiceDaemon, ServiceInfo};
use restante_core::limits::MESSAGE_BYTES;
use restante_core::wire::site::{CarriedOut, CarryOut, OwnStatus, SelfDescription};
use restante_core::wire::{Act, ActResult, Function, Identification, Status, json};
use tokio::net::TcpListener;

use crate::say;
use crate::site::{CARRY_OUT_PATH, SELF_PATH, SERVICE};

/// A trial child.
#[derive(Debug)]
pub struct Child {
    identification: Identification,
    status: Status,
    boot: u32,
    seq: AtomicU32,
    /// What it answered to its latest orders.
    answered: Mutex<VecDeque<CarriedOut>>,
}

/// Its place in multicast DNS; it is taken back when this is dropped.
pub struct Announcement {
    daemon: ServiceDaemon,
    name: String,
}

impl Child {
    /// A child with these readings, switched on for the `boot`-th time.
    #[must_use]
    pub const fn new(identification: Identification, status: Status, boot: u32) -> Self {
        Self {
            identification,
            status,
            boot,
            seq: AtomicU32::new(0),
            answered: Mutex::new(VecDeque::new()),
        }
    }

    /// Serves the site side's two operations.
    ///
    /// # Errors
    /// What the system says if the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let router = Router::new()
            .route(SELF_PATH, get(say_self))
            .route(CARRY_OUT_PATH, post(carry_out))
            .layer(DefaultBodyLimit::max(MESSAGE_BYTES))
            .with_state(Arc::new(self));
        axum::serve(listener, router)
            .with_graceful_shutdown(stop)
            .await
    }

    /// Answers general calls with the address and port of `at`; with every address of this host
    /// where that names none.
    ///
    /// # Errors
    /// [`mdns_sd::Error`] if multicast DNS cannot be used.
    // spec: SITE-001
    pub fn announce(&self, at: SocketAddr) -> Result<Announcement, mdns_sd::Error> {
        let it = &self.identification;
        let functions: Vec<&str> = it.functions.iter().map(word).collect();
        let properties = [
            ("txtvers", "1".to_owned()),
            ("vendor", it.vendor.to_string()),
            ("model", it.model.to_string()),
            ("serial", it.serial.to_string()),
            ("functions", functions.join(",")),
        ];
        let instance = instance_name(it);
        let host = format!("{}-{}.local.", host_label(it), at.port());
        let address = match at.ip() {
            ip if ip.is_unspecified() => String::new(),
            ip => ip.to_string(),
        };
        let service = ServiceInfo::new(
            SERVICE,
            &instance,
            &host,
            address,
            at.port(),
            &properties[..],
        )?;
        let service = if at.ip().is_unspecified() {
            service.enable_addr_auto()
        } else {
            service
        };
        let name = service.get_fullname().to_owned();
        let daemon = ServiceDaemon::new()?;
        daemon.register(service)?;
        Ok(Announcement { daemon, name })
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // A goodbye is a courtesy; others forget the record by its age.
        let _ = self.daemon.unregister(&self.name);
        let _ = self.daemon.shutdown();
    }
}

// spec: SITE-005
async fn say_self(State(child): State<Arc<Child>>) -> Json<SelfDescription> {
    let seq = child.seq.fetch_add(1, Ordering::Relaxed).saturating_add(1);
    Json(SelfDescription {
        identification: child.identification.clone(),
        status: OwnStatus::new(child.status.clone(), child.boot, seq),
    })
}

/// Carries out what the child can do; the same order again gets the same answer.
// spec: SITE-010, SITE-011
async fn carry_out(State(child): State<Arc<Child>>, body: Bytes) -> Response {
    match json::parse::<CarryOut>(&body) {
        Ok(order) => Json(child.carried_out(order)).into_response(),
        Err(error) => {
            let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
            (StatusCode::BAD_REQUEST, kind, error.to_string()).into_response()
        }
    }
}

impl Child {
    fn carried_out(&self, order: CarryOut) -> CarriedOut {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = answered.iter().find(|it| it.id == order.id) {
            return before.clone();
        }
        let results = order.acts.as_slice().iter().map(|act| match act {
            Act::Notify(notify) => {
                say::line(format!(
                    "a message for the people at this device: {}",
                    notify.text
                ));
                ActResult::DONE
            }
            other => {
                say::line(format!("{}: {} is rejected", order.id, other.kind()));
                ActResult::unknown_kind(other)
            }
        });
        let done = CarriedOut {
            results: results.collect(),
            id: order.id.clone(),
        };
        if answered.len() >= ANSWERED {
            answered.pop_front();
        }
        answered.push_back(done.clone());
        done
    }
}

/// A function's word.
const fn word(function: Function) -> &'static str {
    match function {
        Function::Scanner => "scanner",
        Function::Printer => "printer",
        _ => "fax",
    }
}

/// The instance's name, for people: a DNS label of at most 63 bytes.
fn instance_name(it: &Identification) -> String {
    let full = format!("{} {} {}", it.vendor, it.model, it.serial).replace('.', " ");
    let end = (0..=full.len().min(LABEL_BYTES))
        .rev()
        .find(|end| full.is_char_boundary(*end));
    full.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}

/// A host label from the serial number: letters, digits and hyphens.
fn host_label(it: &Identification) -> String {
    let symbol = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let serial: String = it.serial.as_str().chars().map(symbol).take(40).collect();
    format!("restante-{serial}").to_lowercase()
}

/// Bytes of a DNS label (RFC 1035).
const LABEL_BYTES: usize = 63;
/// Orders of which a child remembers what it answered: more than a gateway has under way for one.
const ANSWERED: usize = 64;
