//! The center's side: a router made from the route table, and the listener that serves it.
//!
//! A request goes through one short pipe: [`intake`] reads it into a call, whoever implements
//! [`Answer`] decides it, [`reply`] writes the outcome. Every response names its correlation id and
//! may not be cached; every refusal is a problem. The router knows no socket: [`Listener`] puts the
//! peer's address among a request's extensions as [`Peer`], and a test may do the same.

mod answer;
mod connection;
mod guests;
mod intake;
mod listen;
mod message;
mod metrics;
mod notices;
mod polling;
mod reply;
mod sealed;
mod services;
mod source;
mod tls;
mod wait;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::http::header::{ALLOW, AUTHORIZATION};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, any};
use restante_core::decision::{Call, Reason, Refused, Reply};
use restante_core::id::CorrelationId;
use restante_core::wire::{Refusal, RefusalCode};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::Semaphore;

pub use answer::Answer;
pub use listen::{Bounds, Drained, Line, ListenError, Listener};
pub use metrics::metrics_router;
pub use notices::Notices;
pub use polling::PollingListener;
pub use sealed::sealed_router;
pub use services::services_router;
pub use source::{Forwarding, Proxies};
pub use tls::{Tls, TlsError};

use crate::problem::Problem;
use crate::route::{ROUTES, Route};
use intake::{Intake, Seen};
use reply::Answered;
use wait::Wait;

/// The address that a request counts as coming from; among its extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// The router with every route of the table. A body that takes longer than `body_time` is given up.
pub fn router<A: Answer>(answer: Arc<A>, body_time: Duration) -> Router {
    let mut paths: BTreeMap<&'static str, Vec<&'static Route>> = BTreeMap::new();
    for route in ROUTES {
        paths.entry(route.path).or_default().push(route);
    }
    let server = Server::new(answer, body_time);
    let mut router = Router::new();
    for (path, routes) in paths {
        router = router.route(path, methods(&server, &routes));
    }
    let fallback = Arc::clone(&server);
    router.fallback_service(any(move |request| nothing_here(fallback, request)))
}

/// What all requests share.
struct Server<A> {
    answer: Arc<A>,
    body_time: Duration,
    random: SystemRandom,
    notices: Notices,
    /// A place for each poll that may wait at the same time.
    waiting: Semaphore,
    openapi: Arc<str>,
}

/// All methods of one path: its routes, OPTIONS, and a refusal that names what is allowed.
fn methods<A: Answer>(server: &Arc<Server<A>>, routes: &[&'static Route]) -> MethodRouter {
    let allowed = allowed(routes);
    let mut methods = MethodRouter::<(), Infallible>::new();
    for route in routes {
        let filter = MethodFilter::try_from(route.method.clone())
            .expect("the table has none but the usual methods");
        let (server, route) = (Arc::clone(server), *route);
        methods = methods.on(filter, move |request| handle(server, route, request));
    }
    let server = Arc::clone(server);
    methods.fallback(move |request| other_method(server, allowed, request))
}

/// The Allow header of a path; whatever answers GET answers HEAD.
fn allowed(routes: &[&'static Route]) -> HeaderValue {
    let mut words = vec![Method::OPTIONS.to_string()];
    for route in routes {
        words.push(route.method.to_string());
        if route.method == Method::GET {
            words.push(Method::HEAD.to_string());
        }
    }
    HeaderValue::try_from(words.join(", ")).expect("method names are header text")
}

async fn handle<A: Answer>(
    server: Arc<Server<A>>,
    route: &'static Route,
    mut request: Request,
) -> Response {
    let asked = server.begin(Some(route), &mut request);
    let correlation = asked.correlation;
    let answered = match intake::read(route, request, correlation, server.body_time).await {
        Ok(intake) => server.answer(route, intake).await,
        Err(answered) => answered,
    };
    asked.finish(&*server, answered)
}

// spec: HTTP-012
async fn other_method<A: Answer>(
    server: Arc<Server<A>>,
    allowed: HeaderValue,
    mut request: Request,
) -> Response {
    let asked = server.begin(None, &mut request);
    let mut answered = if request.method() == Method::OPTIONS {
        Answered::empty(StatusCode::NO_CONTENT)
    } else {
        let detail = format!("{} is not possible here", request.method());
        let problem = Problem::of_status(StatusCode::METHOD_NOT_ALLOWED, detail);
        Answered::problem(problem, "method-not-allowed")
    };
    answered.headers.insert(ALLOW, allowed);
    asked.finish(&*server, answered)
}

// spec: HTTP-012
async fn nothing_here<A: Answer>(server: Arc<Server<A>>, mut request: Request) -> Response {
    let asked = server.begin(None, &mut request);
    let answered = Answered::refusal(Refusal::plain(RefusalCode::NotFound), "no-such-route");
    asked.finish(&*server, answered)
}

/// Whatever prints this request's headers from here on prints `Sensitive` in the credential's
/// place.
fn hide_credential(request: &mut Request) {
    for (name, value) in request.headers_mut() {
        if name == AUTHORIZATION {
            value.set_sensitive(true);
        }
    }
}

impl<A: Answer> Server<A> {
    fn new(answer: Arc<A>, body_time: Duration) -> Arc<Self> {
        Arc::new(Self {
            answer,
            body_time,
            random: SystemRandom::new(),
            notices: Notices::default(),
            waiting: Semaphore::new(wait::WAITING),
            openapi: crate::openapi().to_string().into(),
        })
    }

    /// Hides the credential and notes what has to be known of a request once it is answered.
    fn begin(&self, route: Option<&'static Route>, request: &mut Request) -> Asked {
        hide_credential(request);
        Asked {
            route,
            source: request.extensions().get::<Peer>().map(|peer| peer.0),
            correlation: self.draw_correlation(),
            begun: Instant::now(),
        }
    }

    async fn answer(&self, route: &'static Route, intake: Intake) -> Answered {
        match intake {
            // spec: HTTP-020
            Intake::Health => Answered::condition("alive"),
            Intake::OpenApi => Answered::json_text(Arc::clone(&self.openapi)),
            Intake::Ready => match self.answer.unready().await {
                None => Answered::condition("ready"),
                Some(why) => Answered::refusal(Refusal::new(RefusalCode::Busy, why), "not-ready"),
            },
            Intake::Call {
                call,
                seen,
                wait: Some(wait),
                // In a box, so that who does not wait does not carry about the state of waiting.
            } => Box::pin(self.answer_later(route, *call, &seen, &wait)).await,
            Intake::Call { call, seen, .. } => {
                answered(route, self.answer.answer(*call).await, &seen)
            }
        }
    }

    /// Answers a poll that prefers to wait. Where too many wait already, it is answered at once and
    /// not told that it has waited.
    async fn answer_later(
        &self,
        route: &'static Route,
        call: Call,
        seen: &Seen,
        wait: &Wait,
    ) -> Answered {
        let Ok(_place) = self.waiting.try_acquire() else {
            return answered(route, self.answer.answer(call).await, seen);
        };
        loop {
            let outcome = self.answer.answer(call.clone()).await;
            let unchanged = outcome
                .as_ref()
                .is_ok_and(|reply| reply::is_unchanged(reply, seen));
            if !unchanged || !wait.goes_on().await {
                let mut answered = answered(route, outcome, seen);
                let (name, value) = wait.applied();
                answered.headers.insert(name, value);
                return answered;
            }
        }
    }

    /// A fresh id. Should the system's generator fail, requests share the id of zeros and go on.
    fn draw_correlation(&self) -> CorrelationId {
        DRAWN.with_borrow_mut(|drawn| {
            if drawn.is_empty() {
                drawn.resize(DRAWN_AT_ONCE, [0; 16]);
                if self.random.fill(drawn.as_flattened_mut()).is_err() {
                    drawn.clear();
                }
            }
            CorrelationId::from_bytes(drawn.pop().unwrap_or_default())
        })
    }
}

/// The response to what the center decided.
fn answered(route: &'static Route, outcome: Result<Reply, Refused>, seen: &Seen) -> Answered {
    match outcome {
        Ok(reply) => reply::success(route, reply, seen)
            .unwrap_or_else(|| Answered::refused(route, wrong_reply(route))),
        Err(refused) => Answered::refused(route, refused),
    }
}

/// The center answered something else than was asked: its defect, and the operator's log says so.
fn wrong_reply(route: &Route) -> Refused {
    Refused {
        refusal: Refusal::plain(RefusalCode::Internal),
        reason: Reason {
            word: "wrong-reply",
            detail: format!("to {:?}", route.operation),
        },
    }
}

/// A request that is being answered.
struct Asked {
    /// The route that it met.
    route: Option<&'static Route>,
    source: Option<IpAddr>,
    correlation: CorrelationId,
    begun: Instant,
}

impl Asked {
    /// Writes the response and the operator's line about it, which names the operation as the
    /// OpenAPI document does and is silent about it where no route was met.
    fn finish<A: Answer>(self, server: &Server<A>, answered: Answered) -> Response {
        let micros = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let operation = self.route.map(Route::id);
        let (status, correlation) = (answered.status.as_u16(), self.correlation);
        match &answered.reason {
            None => tracing::debug!(operation, status, %correlation, micros, "answered"),
            Some(Reason { word, detail }) if server.notices.may_tell(word, self.source) => {
                let source = self.source.map(tracing::field::display);
                if answered.status.is_server_error() {
                    tracing::error!(
                        operation, status, %correlation, source, micros, reason = word, detail,
                        "not answered"
                    );
                } else {
                    tracing::info!(
                        operation, status, %correlation, source, micros, reason = word, detail,
                        "refused"
                    );
                }
            }
            Some(_) => {}
        }
        let reason = answered.reason.as_ref().map(|reason| reason.word);
        let operation = self.route.map(|route| route.operation);
        server.answer.answered(operation, status, reason);
        answered.into_response(correlation)
    }
}

thread_local! {
    /// Ids that no request has yet: asking the system for each of them would cost every request.
    static DRAWN: RefCell<Vec<[u8; 16]>> = const { RefCell::new(Vec::new()) };
}

/// Ids that one thread draws at once: 4 KiB.
const DRAWN_AT_ONCE: usize = 256;
