//! A unit behind the lines of a hook: the bundled device and gateway as parties that dial the kit.
//!
//! The unit's machine sends over real connections; its clock is moved by the kit alone. No time
//! passes while an exchange is under way.

use std::sync::Arc;

use restante_core::gateway::Input;
use restante_core::wire::PollRequest;
use restante_device::driver::Neighbours;
use restante_http::client::{PeerClient, ServiceClient, Trust};
use restante_http::server::{PollingListener, Tls};
use serde::Deserialize as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::bundled::DrawnEntropy;
use crate::case::Binding;
use crate::hook::{Outcome, Request, Response, Verb};

use super::kind::{Happening, Kind};
use super::lan::{Announced, happened};
use super::machine::{do_to, new_seat};
use super::outside::{ByMail, Carry, Outside, Post, dial_sealed};
use super::unit::{Unit, UnitError};

/// Why a hook cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("the bundled hook cannot go on: {0}")]
pub struct Stuck(String);

/// Serves a unit: lines come from `asks`, and each has its answer in `answers`.
///
/// # Errors
/// [`Stuck`] on a line that no kit writes, and where the unit cannot go on.
pub async fn serve<K: Kind>(
    mut asks: mpsc::Receiver<String>,
    says: mpsc::Sender<String>,
    outside: Outside,
) -> Result<(), Stuck> {
    let entropy = DrawnEntropy::new(u64::from(std::process::id()), "bundled hook");
    let (answers, mut answered) = mpsc::channel(1);
    let (polling, mut asked) = listen().await.map_err(stuck)?;
    let mut served = Served {
        unit: Unit::<K>::new(Arc::new(K::machine), new_seat(), entropy),
        outside,
        carrier: None,
        carries: 0,
        center: None,
        under_way: None,
        services: None,
        mail: None,
        registering: None,
        peers: PeerClient::new().map_err(stuck)?,
        calls: (0, 0),
        polling,
        lan: None,
        errands: (0, 0),
        answers,
    };
    loop {
        tokio::select! {
            biased;
            Some(request) = asked.recv() => served.asked_to_poll(request)?,
            Some((boot, event)) = answered.recv() => served.answered(boot, event)?,
            line = asks.recv() => {
                let Some(line) = line else { return Ok(()) };
                let answer = served.line(&line)?;
                if says.send(answer).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
}

/// A unit and its exchanges with the center.
struct Served<K: Kind> {
    unit: Unit<K>,
    outside: Outside,
    carrier: Option<Arc<dyn Carry>>,
    /// Of which boot its last message was.
    carries: u32,
    center: Option<String>,
    under_way: Option<JoinHandle<()>>,
    services: Option<ServiceClient>,
    /// By what it registers in the place of that, where a person has said so.
    mail: Option<Arc<dyn Post>>,
    registering: Option<JoinHandle<()>>,
    peers: PeerClient,
    /// Calls of peers that are under way, and of which boot.
    calls: (u32, u32),
    /// Where it takes poll requests.
    polling: String,
    lan: Option<Box<dyn Neighbours<Input> + Send>>,
    /// Errands on the LAN that are under way, and of which boot.
    errands: (u32, u32),
    answers: mpsc::Sender<(u32, Event)>,
}

/// What comes from outside.
enum Event {
    /// An exchange with the center is over.
    Over(Happening),
    /// A service's server has answered, or has not.
    Served(Happening),
    /// A peer has answered, or has not.
    Peer(Happening),
    /// A child has answered.
    Child(Happening),
    /// An errand on the LAN is over.
    ErrandOver,
}

impl<K: Kind> Served<K> {
    fn line(&mut self, line: &str) -> Result<String, Stuck> {
        let request: Request = serde_json::from_str(line).map_err(stuck)?;
        let outcome = match request.known_verb() {
            Err(outcome) => outcome,
            Ok(verb) => self.done(verb, request.with).unwrap_or_else(Outcome::Error),
        };
        self.send()?;
        self.run_errands();
        let id = request.id;
        serde_json::to_string(&Response { id, outcome }).map_err(stuck)
    }

    fn done(&mut self, verb: Verb, mut with: Value) -> Result<Outcome, String> {
        match verb {
            Verb::Advance => return self.advance(&with),
            Verb::Start => {
                let text = |name: &str| with.get(name).and_then(Value::as_str).unwrap_or_default();
                let sealed = text("transport") == Binding::HttpSealed.word();
                let (center, certificates) = (text("center"), text("certificates"));
                self.carrier = Some(match sealed {
                    true => dial_sealed(center, certificates)?,
                    false => (self.outside.dial)(center, certificates)?,
                });
                let trust = Trust::only(text("certificates").as_bytes());
                let services = trust.ok().and_then(|trust| ServiceClient::new(&trust).ok());
                self.services = services;
                self.center = Some(text("center").to_owned());
                self.mail = self.mail(&with)?;
            }
            Verb::EnterCode => {
                if let (Some(members), Some(center)) = (with.as_object_mut(), &self.center) {
                    members.entry("center").or_insert(json!(center));
                }
            }
            Verb::SetChildren if with.get("addresses").is_some() => {
                return self.children_on_lan(with);
            }
            _ => {}
        }
        let boots = self.unit.boots();
        let mut outcome = do_to(&mut self.unit, verb, with);
        if self.unit.boots() != boots || verb == Verb::Stop {
            self.hang_up();
        }
        if let (Verb::Start, Ok(Outcome::Ok(given))) = (verb, &mut outcome) {
            given["polling"] = json!(self.polling);
        }
        outcome
    }

    /// The way to the mail server by which it is told to register, if it is.
    fn mail(&self, with: &Value) -> Result<Option<Arc<dyn Post>>, String> {
        let Some(told) = with.get("mail") else {
            return Ok(None);
        };
        let by = ByMail::deserialize(told).map_err(|why| format!("`mail` is wrong: {why}"))?;
        (self.outside.post)(&by).map(Some)
    }

    /// Somebody on the LAN has asked for a poll; a unit that is switched off hears nothing.
    fn asked_to_poll(&mut self, request: PollRequest) -> Result<(), Stuck> {
        match self.unit.give(Happening::PollRequested(request)) {
            Ok(()) | Err(UnitError::Off) => self.send(),
            Err(why) => Err(stuck(why)),
        }
    }

    /// The children are where the kit plays them; it is told that the gateway will find them there.
    fn children_on_lan(&mut self, with: Value) -> Result<Outcome, String> {
        let announced = with.get("addresses").cloned().unwrap_or_default();
        let announced: Vec<Announced> = serde_json::from_value(announced)
            .map_err(|why| format!("`addresses` is wrong: {why}"))?;
        self.lan = Some((self.outside.lan)(announced)?);
        do_to(&mut self.unit, Verb::SetChildren, with)?;
        self.unit.on_lan = true;
        Ok(Outcome::Ok(json!({ "announced": true })))
    }

    fn advance(&mut self, with: &Value) -> Result<Outcome, String> {
        let seconds = with.get("seconds").and_then(Value::as_u64).unwrap_or(0);
        let began = self.unit.now();
        if !self.is_busy() {
            let until = began.saturating_add(seconds.saturating_mul(1_000));
            self.unit.pass(until).map_err(|error| error.to_string())?;
        }
        let passed = self.unit.now().saturating_sub(began) / 1_000;
        Ok(Outcome::Ok(
            json!({ "passed": passed, "busy": self.is_busy() }),
        ))
    }

    /// Whether something is under way, or about to be.
    fn is_busy(&self) -> bool {
        let (boot, errands) = self.errands;
        let on_lan = errands > 0 && boot == self.unit.boots();
        let (boot, calls) = self.calls;
        let calls = calls > 0 && boot == self.unit.boots();
        let wants = !self.unit.outgoing.is_empty()
            || !self.unit.errands.is_empty()
            || !self.unit.registrations.is_empty();
        self.under_way.is_some() || self.registering.is_some() || calls || on_lan || wants
    }

    /// Something came from outside. What belongs to an earlier boot is nobody's any more.
    fn answered(&mut self, boot: u32, event: Event) -> Result<(), Stuck> {
        if boot == self.unit.boots() {
            match event {
                Event::Over(happening) => {
                    self.under_way = None;
                    self.unit.give(happening).map_err(stuck)?;
                }
                Event::Served(happening) => {
                    self.registering = None;
                    self.unit.give(happening).map_err(stuck)?;
                }
                Event::Peer(happening) => {
                    self.calls.1 = self.calls.1.saturating_sub(1);
                    self.unit.give(happening).map_err(stuck)?;
                }
                Event::Child(happening) => self.unit.give(happening).map_err(stuck)?,
                Event::ErrandOver => self.errands.1 = self.errands.1.saturating_sub(1),
            }
        }
        self.send()?;
        self.run_errands();
        Ok(())
    }

    /// Has the LAN do what the unit wants of it. An errand is over when nobody holds its inbox.
    fn run_errands(&mut self) {
        let boot = self.unit.boots();
        if self.errands.0 != boot {
            self.errands = (boot, 0);
        }
        while let Some(errand) = self.unit.errands.pop_front() {
            let Some(lan) = &mut self.lan else { return };
            let (inbox, mut inputs) = mpsc::channel(1);
            lan.run(errand, &inbox);
            drop(inbox);
            self.errands.1 = self.errands.1.saturating_add(1);
            let answers = self.answers.clone();
            tokio::spawn(async move {
                // Nobody listens any more when the process ends.
                while let Some(input) = inputs.recv().await {
                    if let Some(happening) = happened(input) {
                        let _gone = answers.send((boot, Event::Child(happening))).await;
                    }
                }
                let _gone = answers.send((boot, Event::ErrandOver)).await;
            });
        }
    }

    fn send(&mut self) -> Result<(), Stuck> {
        while let Some((boot, outgoing)) = self.unit.outgoing.pop_front() {
            let carrier = self.carrier.clone();
            let carrier = carrier.ok_or_else(|| stuck("it was not started"))?;
            if self.carries != boot {
                self.carries = boot;
                carrier.booted();
            }
            let answers = self.answers.clone();
            self.under_way = Some(tokio::spawn(async move {
                // Nobody listens any more when the process ends.
                let over = Event::Over(carrier.carry(&outgoing).await);
                let _gone = answers.send((boot, over)).await;
            }));
        }
        while let Some((boot, errand)) = self.unit.registrations.pop_front() {
            let (mail, services) = (self.mail.clone(), self.services.clone());
            let services = services.ok_or_else(|| stuck("it trusts no service's server"))?;
            let answers = self.answers.clone();
            self.registering = Some(tokio::spawn(async move {
                let answer = match mail {
                    Some(mail) => mail.post(&errand).await,
                    None => services.register(&errand).await.answer,
                };
                let served = Happening::ServiceAnswered(errand.exchange, answer);
                // Nobody listens any more when the process ends.
                let _gone = answers.send((boot, Event::Served(served))).await;
            }));
        }
        self.call_peers();
        Ok(())
    }

    fn call_peers(&mut self) {
        let boot = self.unit.boots();
        if self.calls.0 != boot {
            self.calls = (boot, 0);
        }
        while let Some((_, call)) = self.unit.calls.pop_front() {
            self.calls.1 = self.calls.1.saturating_add(1);
            let (peers, answers) = (self.peers.clone(), self.answers.clone());
            tokio::spawn(async move {
                let answered = peers.call(&call).await;
                let called = Happening::PeerCalled(call.exchange, answered);
                // Nobody listens any more when the process ends.
                let _gone = answers.send((boot, Event::Peer(called))).await;
            });
        }
    }

    fn hang_up(&mut self) {
        for exchange in [self.under_way.take(), self.registering.take()] {
            exchange.inspect(JoinHandle::abort);
        }
    }
}

/// Where poll requests are taken, and those that have been answered.
async fn listen() -> Result<(String, mpsc::UnboundedReceiver<PollRequest>), String> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]);
    let made = made.map_err(|why| why.to_string())?;
    let key = made.signing_key.serialize_pem();
    let tls = Tls::from_pem(made.cert.pem().as_bytes(), key.as_bytes());
    let tls = tls.map_err(|why| why.to_string())?;
    let at = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = PollingListener::bind(at, &tls).await;
    let listener = listener.map_err(|why| why.to_string())?;
    let polling = format!("https://{}", listener.local_addr());
    let (hears, asked) = mpsc::unbounded_channel();
    // Nobody listens any more when the process ends.
    let heard = move |request| drop(hears.send(request));
    tokio::spawn(listener.serve(heard, std::future::pending()));
    Ok((polling, asked))
}

pub(super) fn stuck(why: impl ToString) -> Stuck {
    Stuck(why.to_string())
}
